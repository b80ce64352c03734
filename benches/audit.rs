// SPDX-License-Identifier: Apache-2.0
//! `make bench`: what an audit of many images costs, as ratios in one run against one process a signature (gpgv, gpgme,
//! skopeo) and against what gpg itself needs for the signatures alone; and what an audit of a cluster costs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod fleet;
mod measure;
mod signer;
#[path = "../tests/support/mod.rs"]
mod support;

use std::fs::{self, DirBuilder, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use base64::Engine as _;
use measure::{mean, median, rounds, Case, Figures};
use serde_json::json;
use signer::{gpg, Signer};

/// Signed images, each with a signature of its own.
const SIGNED: usize = 2_000;
/// Images of the large run: the first are the signed ones, the others carry their signatures again, which are then for
/// another image. gpg has the same work with them.
const MANY: usize = 50_000;
/// Images that those are shown which start a process for each: the first of the signed ones. They are told by image.
const FEW: usize = 200;
/// Measured runs of each kind.
const ROUNDS: usize = 3;
/// An audit may take this part of the CPU time of a gpgv process for each signature.
const BAR_OF_CPU: f64 = 0.1;
/// An audit may take so many times as long as gpg workers need for the signatures alone.
const BAR_OF_TIME: f64 = 2.0;
/// How much faster than a process of skopeo for each image an audit must be.
const FASTER: f64 = 50.0;
const REFERENCE: &str = "registry.local:5000/foo/bar:v1";

fn main() -> ExitCode {
    if !measure::is_wanted() {
        return ExitCode::SUCCESS;
    }
    let directory = tempfile::tempdir_in("/dev/shm").unwrap();
    let root = directory.path();
    let signer = Signer(root.join("signer"));
    let key = signer.make_key();
    let blobs: Vec<Vec<u8>> = (0..SIGNED).map(|n| signer.sign(&payload(n))).collect();
    for (n, blob) in blobs.iter().enumerate() {
        fs::write(root.join(format!("{n}.sig")), blob).unwrap();
    }
    let files = [FEW, SIGNED, MANY].map(|count| write(root, &blobs, count));
    let [few, signed, many] = files.each_ref();
    let mut met = true;

    println!("\naudit of {SIGNED} signed images in files, RSA-2048, {ROUNDS} runs each, CPU of all processes");
    let cases = [
        audit("1 worker", &key, signed, &["--workers", "1"]),
        audit("2 workers", &key, signed, &["--workers", "2"]),
        audit("gpgme", &key, few, &["--engine", "gpgme", "--workers", "1"]),
        shell(
            "gpgv",
            format!(
                "for n in $(seq 0 {}); do gpgv -q --keyring {} {}/$n.sig || exit 1; done",
                FEW - 1,
                key.display(),
                root.display()
            ),
        ),
    ];
    let measured = rounds(cases.each_ref(), ROUNDS);
    let [one, two, gpgme, gpgv] = measured.each_ref();
    for (case, figures, count) in [
        (&cases[0], one, SIGNED),
        (&cases[1], two, SIGNED),
        (&cases[2], gpgme, FEW),
        (&cases[3], gpgv, FEW),
    ] {
        tell(case.name, figures, count);
    }
    for (name, figures) in [("1 worker", one), ("2 workers", two)] {
        met &= bar(
            &format!("CPU of a signature with {name} against that of a gpgv process"),
            BAR_OF_CPU,
            mean(&figures.cpu) / SIGNED as f64 / (mean(&gpgv.cpu) / FEW as f64),
        );
    }
    if let Some(skopeo) = skopeo(root, &signer) {
        tell("skopeo", &skopeo, FEW);
        met &= is_faster("an audit with 2 workers", two, &skopeo);
        let cluster = cluster(&key, &blobs);
        println!("\naudit of the same {SIGNED} images in a cluster on loopback, with a tag each");
        tell("cluster", &cluster, SIGNED);
        met &= is_faster("an audit of a cluster with 2 workers", &cluster, &skopeo);
    }

    println!("\naudit of {MANY} images in files against gpg --multifile for their signatures alone, wall time");
    for workers in [1_usize, 2] {
        let number = workers.to_string();
        let report = format!("jsonl={}", root.join("audit.jsonl").display());
        let cases = [
            audit("audit", &key, many, &["--workers", &number]),
            audit(
                "audit with report",
                &key,
                many,
                &["--workers", &number, "--report", &report],
            ),
            multifile(root, &key, workers),
        ];
        let measured = rounds(cases.each_ref(), 1);
        let [audit, reported, gpg] = measured.each_ref();
        println!("  workers: {workers}");
        for (case, figures) in cases.iter().zip([audit, reported, gpg]) {
            tell(case.name, figures, MANY);
        }
        let time = |figures: &Figures| median(&figures.wall);
        met &= bar("time", BAR_OF_TIME, time(audit) / time(gpg));
        met &= bar(
            "time with a report of JSON lines",
            BAR_OF_TIME,
            time(reported) / time(gpg),
        );
    }
    if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn each(values: &[f64], count: usize) -> f64 {
    median(values) / count as f64
}

fn tell(name: &str, figures: &Figures, count: usize) {
    println!(
        "  {name:18} {:8.3} ms CPU, {:8.3} ms wall a signature, {:7.0} a second",
        mean(&figures.cpu) / count as f64 * 1e3,
        each(&figures.wall, count) * 1e3,
        1.0 / each(&figures.wall, count)
    );
}

fn bar(what: &str, bar: f64, ratio: f64) -> bool {
    let is_met = ratio <= bar;
    println!(
        "  bar: {what} at most {bar}: {ratio:.3}, {}",
        if is_met { "met" } else { "NOT MET" }
    );
    is_met
}

/// An audit whose images need not be verified for it to succeed.
fn audit(name: &'static str, key: &Path, objects: &Path, more: &[&str]) -> Case {
    let mut command = vec![env!("CARGO_BIN_EXE_image-signature"), "audit", "--fail-on", "gap"];
    command.extend(["--public-key", key.to_str().unwrap(), "-f", objects.to_str().unwrap()]);
    command.extend(more);
    Case {
        name,
        command: command.into_iter().map(str::to_owned).collect(),
        home: None,
    }
}

fn shell(name: &'static str, script: String) -> Case {
    Case {
        name,
        command: vec!["sh".to_owned(), "-c".to_owned(), script],
        home: None,
    }
}

/// So many gpg processes that verify the signatures of [`MANY`] images.
fn multifile(root: &Path, key: &Path, workers: usize) -> Case {
    let homes: Vec<PathBuf> = (0..workers).map(|n| root.join(format!("home{workers}{n}"))).collect();
    for (n, home) in homes.iter().enumerate() {
        DirBuilder::new().mode(0o700).create(home).unwrap();
        gpg(home, &["--import", key.to_str().unwrap()], b"");
        fs::write(
            home.join("gpg.conf"),
            "trust-model always\nno-auto-check-trustdb\nlock-never\n",
        )
        .unwrap();
        let mut names = BufWriter::new(File::create(home.join("names")).unwrap());
        for number in (0..MANY).filter(|number| number % workers == n) {
            writeln!(names, "{}", root.join(format!("{}.sig", number % SIGNED)).display()).unwrap();
        }
        names.flush().unwrap();
    }
    let runs: Vec<String> = homes
        .iter()
        .map(|home| {
            let home = home.display();
            format!("gpg --homedir {home} --no-tty -q --status-fd 1 --multifile --verify <{home}/names >/dev/null &")
        })
        .collect();
    shell("gpg --multifile", format!("{} wait", runs.join(" ")))
}

/// What skopeo needs for [`FEW`] images, where it is installed.
fn skopeo(root: &Path, signer: &Signer) -> Option<Figures> {
    if Command::new("skopeo").arg("--version").output().is_err() {
        println!("  SKIPPED: skopeo is not installed");
        return None;
    }
    let fingerprint = signer.fingerprint();
    let mut script = String::new();
    for n in 0..FEW {
        let manifest = root.join(format!("{n}.manifest"));
        fs::write(&manifest, manifest_of(n)).unwrap();
        let (manifest, root) = (manifest.display(), root.display());
        let verify = "skopeo standalone-verify";
        script.push_str(&format!(
            "{verify} {manifest} {REFERENCE} {fingerprint} {root}/{n}.sig || exit 1\n"
        ));
    }
    let case = Case {
        home: Some(signer.0.clone()),
        ..shell("skopeo", script)
    };
    let [figures] = rounds([&case], 1);
    Some(figures)
}

/// Whether an audit of [`SIGNED`] images is as much faster as it must be.
fn is_faster(what: &str, audit: &Figures, skopeo: &Figures) -> bool {
    let faster = each(&skopeo.wall, FEW) / each(&audit.wall, SIGNED);
    let is_met = faster >= FASTER;
    println!(
        "  bar: {what} at least {FASTER} times as fast as skopeo standalone-verify: {faster:.0} times, {}",
        if is_met { "met" } else { "NOT MET" }
    );
    is_met
}

/// What an audit of a cluster with the signed images needs, all of which are Verified.
fn cluster(key: &Path, blobs: &[Vec<u8>]) -> Figures {
    let images: Vec<fleet::Signed> = blobs
        .iter()
        .enumerate()
        .map(|(n, blob)| (digest(n), REFERENCE.to_owned(), blob.clone()))
        .collect();
    let scene = fleet::cluster(&images);
    let kubeconfig = scene.sandbox.path("home/.kube/config");
    let mut command = vec![env!("CARGO_BIN_EXE_image-signature"), "audit", "--workers", "2"];
    command.extend(["--kubeconfig", kubeconfig.to_str().unwrap()]);
    command.extend(["--public-key", key.to_str().unwrap()]);
    let case = Case {
        name: "cluster",
        command: command.into_iter().map(str::to_owned).collect(),
        home: None,
    };
    let [figures] = rounds([&case], ROUNDS);
    figures
}

fn manifest_of(n: usize) -> String {
    format!("{{\"schemaVersion\": 2, \"number\": {n}}}\n")
}

fn digest(n: usize) -> String {
    if n < SIGNED {
        image_signature::digest::Digest::of_bytes(manifest_of(n).as_bytes()).to_string()
    } else {
        format!("sha256:{n:064x}")
    }
}

fn payload(n: usize) -> Vec<u8> {
    let payload = json!({
        "critical": {
            "type": "atomic container signature",
            "image": {"docker-manifest-digest": digest(n)},
            "identity": {"docker-reference": REFERENCE},
        },
        "optional": {},
    });
    payload.to_string().into_bytes()
}

/// A list of so many images, of about the size that objects of clusters have.
fn write(root: &Path, blobs: &[Vec<u8>], count: usize) -> PathBuf {
    let path = root.join(format!("{count}.json"));
    let mut out = BufWriter::new(File::create(&path).unwrap());
    write!(out, "{{\"kind\": \"List\", \"apiVersion\": \"v1\", \"items\": [").unwrap();
    let labels: serde_json::Map<String, serde_json::Value> = (0..30)
        .map(|n| {
            (
                format!("io.example.label-{n}"),
                json!("a value of some length, as labels have"),
            )
        })
        .collect();
    for n in 0..count {
        let (name, comma) = (digest(n), if n == 0 { "" } else { "," });
        let content = base64::engine::general_purpose::STANDARD.encode(&blobs[n % SIGNED]);
        let image = json!({
            "apiVersion": "image.openshift.io/v1", "kind": "Image", "metadata": {"name": name, "uid": format!("u{n}")},
            "dockerImageReference": REFERENCE, "dockerImageMetadata": {"Config": {"Labels": labels}},
            "signatures": [{"metadata": {"name": format!("{name}@s")}, "type": "atomic", "content": content}],
        });
        writeln!(out, "{comma}{image}").unwrap();
    }
    writeln!(out, "]}}").unwrap();
    out.flush().unwrap();
    path
}
