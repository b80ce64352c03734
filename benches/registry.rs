// SPDX-License-Identifier: Apache-2.0
//! `make bench`: what verifying an image in a registry costs, as ratios against skopeo copying it under a policy in the same
//! run. Everything is on the loopback interface: Debian's docker-registry, filled by skopeo.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod measure;
mod relay;

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use measure::{mean, median, rounds, run, Case};
use relay::Relay;
use sha2::{Digest as _, Sha256};

/// Pairs of runs with one image.
const PAIRS: usize = 5;
/// One image may take this part of skopeo's wall and CPU time at most.
const BAR: f64 = 0.5;
/// Images that are verified in one call.
const IMAGES: usize = 200;
/// How much faster that must be than as many runs of skopeo.
const FASTER: f64 = 10.0;
/// Layers of an image, and bytes of each.
const LAYERS: usize = 3;
const LAYER: usize = 10 << 20;
/// More bytes than all answers have that are no layers.
const MANIFESTS: u64 = 16 << 10;

/// Ends the registry, however the benchmark ends.
struct Registry(rustix::process::Pid);

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = rustix::process::kill_process(self.0, rustix::process::Signal::KILL);
    }
}

fn main() -> ExitCode {
    if !std::env::args().any(|arg| arg == "--bench") {
        return ExitCode::SUCCESS;
    }
    for program in ["/usr/bin/docker-registry", "/usr/bin/skopeo"] {
        if !Path::new(program).exists() {
            println!("SKIPPED: {program} is not installed: there is nothing to compare with");
            return ExitCode::SUCCESS;
        }
    }
    // What stays must not become a child of the benchmark, which waits for all of them: so this comes first.
    let scene = Scene::new();
    if !measure::is_wanted() {
        return ExitCode::SUCCESS;
    }
    let met = scene.one() & scene.many();
    if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

struct Scene {
    directory: tempfile::TempDir,
    home: tempfile::TempDir,
    address: String,
    _registry: Registry,
}

impl Scene {
    fn new() -> Self {
        let directory = tempfile::tempdir_in("/dev/shm").unwrap();
        let home = tempfile::tempdir_in("/dev/shm").unwrap();
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .to_string();
        let registry = start(directory.path(), &address);
        let scene = Self {
            directory,
            home,
            address,
            _registry: registry,
        };
        scene.configure();
        scene.image();
        scene.fill();
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn gpg(&self, args: &[&str]) -> Vec<u8> {
        let output = Command::new("gpg")
            .arg("--homedir")
            .arg(self.home.path())
            .args(["--batch", "-q", "--pinentry-mode", "loopback", "--passphrase", ""])
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    }

    /// A key, a policy that wants its signature, and a lookaside store on disk.
    fn configure(&self) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(self.home.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        self.gpg(&[
            "--quick-generate-key",
            "bench@example.com",
            "rsa2048",
            "sign,cert",
            "never",
        ]);
        std::fs::write(self.path("key.gpg"), self.gpg(&["--export"])).unwrap();
        let policy = format!(
            "{{\"default\":[{{\"type\":\"signedBy\",\"keyType\":\"GPGKeys\",\"keyPath\":\"{}\"}}]}}",
            self.text("key.gpg")
        );
        std::fs::write(self.path("policy.json"), policy).unwrap();
        std::fs::create_dir(self.path("registries.d")).unwrap();
        let store = format!("file://{}", self.text("lookaside"));
        std::fs::write(
            self.path("registries.d/bench.yaml"),
            format!("default-docker:\n  lookaside: {store}\n  lookaside-staging: {store}\n"),
        )
        .unwrap();
        std::fs::write(
            self.path("registries.conf"),
            format!("[[registry]]\nlocation = \"{}\"\ninsecure = true\n", self.address),
        )
        .unwrap();
    }

    /// Layers that do not compress, as real ones do not once more.
    fn image(&self) {
        let directory = self.path("image");
        std::fs::create_dir(&directory).unwrap();
        let put = |media: &str, content: &[u8]| {
            let digest = hex(content);
            std::fs::write(directory.join(&digest), content).unwrap();
            format!(
                "{{\"mediaType\":\"{media}\",\"size\":{},\"digest\":\"sha256:{digest}\"}}",
                content.len()
            )
        };
        let layers: Vec<String> = (0..LAYERS)
            .map(|n| {
                put(
                    "application/vnd.docker.image.rootfs.diff.tar.gzip",
                    &noise(n as u64 + 1),
                )
            })
            .collect();
        let diffs: Vec<String> = (0..LAYERS)
            .map(|n| format!("\"sha256:{}\"", hex(&[u8::try_from(n).unwrap()])))
            .collect();
        let config = format!(
            "{{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{{}},\"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[{}]}}}}",
            diffs.join(",")
        );
        let config = put("application/vnd.docker.container.image.v1+json", config.as_bytes());
        let manifest = format!(
            "{{\"schemaVersion\":2,\"mediaType\":\"application/vnd.docker.distribution.manifest.v2+json\",\"config\":{config},\"layers\":[{}]}}",
            layers.join(",")
        );
        std::fs::write(directory.join("manifest.json"), manifest).unwrap();
        std::fs::write(directory.join("version"), "Directory Transport Version: 1.1\n").unwrap();
    }

    fn skopeo(&self, args: &[&str]) -> Vec<String> {
        let mut command = vec![
            "skopeo".to_owned(),
            "--registries.d".to_owned(),
            self.text("registries.d"),
            "--policy".to_owned(),
            self.text("policy.json"),
        ];
        command.extend(args.iter().map(|arg| (*arg).to_owned()));
        command
    }

    /// One image, signed by skopeo; the same in many repositories, each with a signature for its name.
    fn fill(&self) {
        let command = self.skopeo(&["--insecure-policy", "copy", "-q", "--dest-tls-verify=false"]);
        let output = Command::new(&command[0])
            .args(&command[1..])
            .args(["--sign-by", "bench@example.com"])
            .arg(format!("dir:{}", self.text("image")))
            .arg(format!("docker://{}/ns/app-0:v1", self.address))
            .env("GNUPGHOME", self.home.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let digest = self.digest();
        let repositories = self.path("storage/docker/registry/v2/repositories/ns");
        for n in 1..IMAGES {
            let copied = Command::new("cp")
                .arg("-r")
                .arg(repositories.join("app-0"))
                .arg(repositories.join(format!("app-{n}")))
                .status()
                .unwrap();
            assert!(copied.success());
            let payload = format!(
                "{{\"critical\":{{\"type\":\"atomic container signature\",\"image\":{{\"docker-manifest-digest\":\"sha256:{digest}\"}},\"identity\":{{\"docker-reference\":\"{}/ns/app-{n}:v1\"}}}},\"optional\":{{}}}}",
                self.address
            );
            std::fs::write(self.path("payload"), payload).unwrap();
            let store = self.path(&format!("lookaside/ns/app-{n}@sha256={digest}"));
            std::fs::create_dir_all(&store).unwrap();
            let signature = store.join("signature-1");
            self.gpg(&[
                "--yes",
                "-o",
                signature.to_str().unwrap(),
                "--sign",
                &self.text("payload"),
            ]);
        }
        // Its daemons are not needed any more.
        let ended = Command::new("gpgconf")
            .arg("--homedir")
            .arg(self.home.path())
            .args(["--kill", "all"])
            .status();
        assert!(ended.unwrap().success());
    }

    /// The manifest's digest, by the signature: skopeo changes a manifest whose layers it compresses.
    fn digest(&self) -> String {
        let entries = std::fs::read_dir(self.path("lookaside/ns")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut digests = names.filter_map(|name| Some(name.strip_prefix("app-0@sha256=")?.to_owned()));
        digests.next().unwrap()
    }

    fn verify(&self, images: usize) -> Vec<String> {
        let mut command = vec![env!("CARGO_BIN_EXE_image-signature").to_owned(), "verify".to_owned()];
        command.extend((0..images).map(|n| format!("docker://{}/ns/app-{n}:v1", self.address)));
        for (option, file) in [
            ("--public-key", "key.gpg"),
            ("--registries.d", "registries.d"),
            ("--registries-conf", "registries.conf"),
        ] {
            command.extend([option.to_owned(), self.text(file)]);
        }
        command
    }

    /// A copy of the image, into a directory that is new each time.
    fn copy(&self) -> Case {
        let copy = self.skopeo(&["copy", "-q", "--src-tls-verify=false"]).join(" ");
        let out = self.text("out");
        let script = format!(
            "rm -rf {out} && exec {copy} docker://{}/ns/app-0:v1 dir:{out}",
            self.address
        );
        Case {
            name: "skopeo copy docker:// dir:",
            command: vec!["/bin/sh".to_owned(), "-c".to_owned(), script],
            home: Some(self.home.path().to_owned()),
        }
    }

    fn one(&self) -> bool {
        let ours = Case {
            name: "verify docker://",
            command: self.verify(1),
            home: None,
        };
        let peer = self.copy();
        let [own, theirs] = rounds([&ours, &peer], PAIRS);
        let wall = median(&own.wall) / median(&theirs.wall);
        let cpu = own.cpu.iter().sum::<f64>() / theirs.cpu.iter().sum::<f64>();
        println!(
            "\n{} against {}, an image of {LAYERS} layers of {} MB, {PAIRS} pairs",
            ours.name,
            peer.name,
            LAYER >> 20
        );
        println!(
            "  wall  {:6.1} ms against {:6.1} ms (medians); ratio {wall:.2}",
            median(&own.wall) * 1e3,
            median(&theirs.wall) * 1e3
        );
        println!(
            "  CPU   {:6.1} ms against {:6.1} ms (means, all processes); ratio {cpu:.2}",
            mean(&own.cpu) * 1e3,
            mean(&theirs.cpu) * 1e3
        );
        verdict("wall", wall <= BAR, BAR) & verdict("CPU", cpu <= BAR, BAR) & self.received()
    }

    /// What the registry sends to each, counted on the way. These runs are not timed.
    fn received(&self) -> bool {
        let relay = Relay::to(&self.address);
        // The images keep their names.
        let configuration = format!(
            "[[registry]]\nprefix = \"{}\"\nlocation = \"{}\"\ninsecure = true\n",
            self.address, relay.address
        );
        std::fs::write(self.path("relayed.conf"), configuration).unwrap();
        let mut ours = Case {
            name: "verify docker://",
            command: self.verify(1),
            home: None,
        };
        *ours.command.last_mut().unwrap() = self.text("relayed.conf");
        let mut peer = self.copy();
        let option = format!("skopeo --registries-conf {} ", self.text("relayed.conf"));
        let script = peer.command.last_mut().unwrap();
        *script = script.replacen("skopeo ", &option, 1);
        let [own, theirs] = [&ours, &peer].map(|case| {
            run(case);
            relay.take_received()
        });
        println!("  bytes received from the registry: {own} against {theirs}");
        assert!(theirs > (LAYERS * LAYER) as u64, "the relay was passed by");
        let met = own > 0 && own < MANIFESTS;
        println!(
            "  bar: fewer than {MANIFESTS} bytes, no layer among them: {}",
            if met { "met" } else { "NOT MET" }
        );
        met
    }

    fn many(&self) -> bool {
        let ours = Case {
            name: "verify docker:// of many",
            command: self.verify(IMAGES),
            home: None,
        };
        // What is not verified costs less, and is no figure.
        let output = Command::new(&ours.command[0])
            .args(&ours.command[1..])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        let (own, _) = run(&ours);
        let peer = self.copy();
        let begin = Instant::now();
        for _ in 0..IMAGES {
            run(&peer);
        }
        let theirs = begin.elapsed().as_secs_f64();
        let faster = theirs / own;
        println!("\n{IMAGES} images in one call against {IMAGES} runs of skopeo: {own:.2} s against {theirs:.2} s, {faster:.1} times faster");
        let met = faster >= FASTER;
        println!(
            "  bar: at least {FASTER} times faster: {}",
            if met { "met" } else { "NOT MET" }
        );
        met
    }
}

fn verdict(what: &str, met: bool, bar: f64) -> bool {
    println!("  bar: {what} at most {bar}: {}", if met { "met" } else { "NOT MET" });
    met
}

fn start(directory: &Path, address: &str) -> Registry {
    let config = directory.join("config.yml");
    let storage = directory.join("storage");
    std::fs::write(
        &config,
        format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: {address}}}\n",
            storage.display()
        ),
    )
    .unwrap();
    let script = format!("docker-registry serve {} >/dev/null 2>&1 & echo $!", config.display());
    let output = Command::new("/bin/sh").args(["-c", &script]).output().unwrap();
    let pid: i32 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    let registry = Registry(rustix::process::Pid::from_raw(pid).unwrap());
    let begin = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(
            begin.elapsed() < Duration::from_secs(10),
            "the registry does not listen"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    registry
}

fn hex(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Bytes without a pattern (xorshift).
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(LAYER);
    while bytes.len() < LAYER {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes
}
