// SPDX-License-Identifier: Apache-2.0
//! `make bench`: how much one verification costs, as ratios against skopeo in the same run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod measure;

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use measure::{mean, median, rounds, Case};

/// How many pairs of runs are compared.
const PAIRS: usize = 40;
/// One verification may take this part of skopeo's wall and CPU time at most.
const BAR: f64 = 0.6;
/// Peak resident memory of one verification, in KiB.
const MEMORY_BAR: u64 = 15 * 1024;
const REFERENCE: &str = "registry.local:5000/foo/bar:v1";

fn main() -> ExitCode {
    if !measure::is_wanted() {
        return ExitCode::SUCCESS;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let example = root.join("tests/data/example");
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let home = tempfile::tempdir_in("/dev/shm").unwrap();
    let key = example.join("release-key.asc");
    let fingerprint = import(home.path(), &key);
    let program = env!("CARGO_BIN_EXE_image-signature").to_owned();
    let verify = |extra: &[String]| {
        let mut command = vec![
            program.clone(),
            "verify".into(),
            "-f".into(),
            text(&example.join("image.json")),
        ];
        command.extend(["--expected-identity".into(), REFERENCE.into()]);
        command.extend(extra.iter().cloned());
        command
    };
    let peer = Case {
        name: "skopeo standalone-verify",
        command: vec![
            "skopeo".into(),
            "standalone-verify".into(),
            text(&example.join("image/manifest.json")),
            REFERENCE.into(),
            fingerprint.clone(),
            text(&example.join("image/signature-1")),
        ],
        home: Some(home.path().to_owned()),
    };
    let cases = [
        Case {
            name: "verify -f --public-key",
            command: verify(&["--public-key".into(), text(&key)]),
            home: None,
        },
        Case {
            name: "verify -f, user's keyring",
            command: verify(&["--signed-by".into(), fingerprint]),
            home: Some(home.path().to_owned()),
        },
    ];
    if Command::new("skopeo").arg("--version").output().is_err() {
        println!("SKIPPED: skopeo is not installed: there is nothing to compare with");
        return ExitCode::SUCCESS;
    }
    let mut met = true;
    for case in &cases {
        met &= compare(case, &peer);
        list_processes(case);
        println!();
    }
    met &= memory(&cases[0]);
    if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn import(home: &Path, key: &Path) -> String {
    let gpg = |args: &[&str]| {
        let output = Command::new("gpg")
            .arg("--homedir")
            .arg(home)
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    gpg(&["--batch", "--no-autostart", "--import", key.to_str().unwrap()]);
    let listing = gpg(&["--batch", "--with-colons", "--list-keys"]);
    let line = listing.lines().find(|line| line.starts_with("fpr:")).unwrap();
    line.split(':').nth(9).unwrap().to_owned()
}

fn compare(case: &Case, peer: &Case) -> bool {
    let [ours, theirs] = rounds([case, peer], PAIRS);
    println!("\n{} against {}, {PAIRS} pairs", case.name, peer.name);
    // Single CPU times are coarser than a run: their sums are not.
    let cpu = ours.cpu.iter().sum::<f64>() / theirs.cpu.iter().sum::<f64>();
    let mut ratios: Vec<f64> = ours.wall.iter().zip(&theirs.wall).map(|(a, b)| a / b).collect();
    ratios.sort_by(f64::total_cmp);
    let wall = ratios[ratios.len() / 2];
    println!(
        "  wall  {:5.1} ms against {:5.1} ms (medians); ratio {wall:.2}, {:.2} to {:.2}",
        median(&ours.wall) * 1e3,
        median(&theirs.wall) * 1e3,
        ratios[0],
        ratios[ratios.len() - 1],
    );
    println!(
        "  CPU   {:5.1} ms against {:5.1} ms (means, all processes); ratio {cpu:.2}",
        mean(&ours.cpu) * 1e3,
        mean(&theirs.cpu) * 1e3
    );
    verdict("wall", wall <= BAR) & verdict("CPU", cpu <= BAR)
}

fn verdict(what: &str, met: bool) -> bool {
    println!("  bar: {what} at most {BAR}: {}", if met { "met" } else { "NOT MET" });
    met
}

/// The processes that one run starts; why each of them is needed stands beside it.
fn list_processes(case: &Case) {
    let why = [
        ("--version", "gpgme asks gpg for its version before it uses it"),
        ("--import", "only GnuPG may decide what of a key is valid"),
        (
            "--list-keys",
            "key flags, expiry, strength and owner, which gpgme drops from its result",
        ),
        ("--verify", "the signature itself"),
    ];
    let Ok(output) = Command::new("strace")
        .args(["-f", "-qq", "-s", "4096", "-e", "trace=execve", "-e", "signal=none"])
        .args(&case.command)
        .env_remove("GNUPGHOME")
        .envs(case.home.iter().map(|home| ("GNUPGHOME", home)))
        .output()
    else {
        println!("  SKIPPED: strace is not installed: the processes are not listed");
        return;
    };
    let trace = String::from_utf8_lossy(&output.stderr).into_owned();
    let starts: Vec<&str> = trace
        .lines()
        .filter(|line| line.contains("execve(\"") && line.contains("gpg"))
        .collect();
    for line in starts.iter().filter(|line| !line.contains(&case.command[0])) {
        let known = why.iter().find(|(flag, _)| line.contains(&format!("\"{flag}\"")));
        let (flag, reason) = known.copied().unwrap_or(("?", line));
        println!("  gpg {flag}: {reason}");
    }
}

fn memory(case: &Case) -> bool {
    let mut timed = Command::new("/usr/bin/time");
    timed.args(["-f", "%M"]).args(&case.command).stdout(Stdio::null());
    let Ok(output) = timed.output() else {
        println!("SKIPPED: GNU time is not installed: peak memory is not measured");
        return true;
    };
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let peak: u64 = text.lines().last().unwrap().trim().parse().unwrap();
    let met = peak <= MEMORY_BAR;
    println!(
        "\npeak memory of {}: {:.1} MiB; bar {} MiB: {}",
        case.name,
        peak as f64 / 1024.0,
        MEMORY_BAR / 1024,
        if met { "met" } else { "NOT MET" }
    );
    met
}
