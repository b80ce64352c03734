// SPDX-License-Identifier: Apache-2.0
//! The processes that a run starts: they are reaped, fit into a small limit, and where they cannot be started that is said.

use std::fs;
use std::os::unix::fs::{chown, PermissionsExt};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use super::trial::{signed_payload, Trial, REFERENCE};
use crate::support::gpg::Signer;
use crate::support::images::{image, D1};
use crate::support::program::{binary, has, Outcome};
use crate::support::skipped;
use crate::support::system::cannot_become_another;

/// Most zombies that there may be at a time: the one that has just ended, and some slack for a busy machine.
const MAX_ZOMBIES: usize = 5;

/// A list of so many images, each with one signature; the first is signed for its own digest.
fn many(trial: &Trial, signer: &Signer, key: &str, count: usize) {
    let blob = signer.sign(key, &signed_payload());
    let digest = |n: usize| match n {
        0 => D1.to_owned(),
        _ => format!("sha256:{n:064x}"),
    };
    let items: Vec<Value> = (0..count).map(|n| image(&digest(n), &[&blob])).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    trial.sandbox.file("list.json", list.to_string());
}

fn arguments(keys: &[&str]) -> Vec<String> {
    ["verify", "-f", "list.json", "--expected-identity", REFERENCE]
        .iter()
        .chain(keys)
        .map(|word| (*word).to_owned())
        .collect()
}

/// The parent and the state of a process.
fn stat(pid: u32) -> Option<(u32, String)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?.to_owned();
    Some((fields.next()?.parse().ok()?, state))
}

fn children(parent: u32) -> Vec<u32> {
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
        .filter(|pid| stat(*pid).is_some_and(|(own, _)| own == parent))
        .collect()
}

/// As the first process of a container, which nobody else reaps for.
#[test]
fn as_process_1_a_run_leaves_no_zombies() {
    let namespace = ["--pid", "--fork", "--kill-child", "--mount-proc"];
    let possible = Command::new("unshare")
        .args(namespace)
        .arg("true")
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !possible {
        return skipped("as_process_1", "a process namespace is not permitted here");
    }
    let (trial, signer, key) = Trial::with_signer();
    let key_file = trial.key_files[0].to_str().unwrap().to_owned();
    let home = signer.home().to_str().unwrap().to_owned();
    for (count, keys) in [
        (1000, ["--engine", "gpgme", "--public-key", &key_file].to_vec()),
        (1000, ["--engine", "batch", "--public-key", &key_file].to_vec()),
        (
            100,
            ["--engine", "gpgme", "--homedir", &home, "--trust-model", "always"].to_vec(),
        ),
    ] {
        many(&trial, &signer, &key, count);
        let mut command = trial.sandbox.command_of("/usr/bin/unshare".as_ref());
        let mut run = command
            .args(namespace)
            .arg(binary())
            .args(arguments(&keys))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (mut most, mut samples) = (0, 0);
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = run.try_wait().unwrap() {
                break status;
            }
            assert!(begin.elapsed() < Duration::from_secs(300));
            for first in children(run.id()) {
                let is_zombie = |pid: &u32| stat(*pid).is_some_and(|(_, state)| state == "Z");
                most = most.max(children(first).iter().filter(|pid| is_zombie(pid)).count());
                samples += 1;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        assert_eq!(status.code(), Some(1), "all but the first are signed for another image");
        assert!(samples > 5, "it was too fast to be watched");
        assert!(
            most <= MAX_ZOMBIES,
            "{count} images, {keys:?}: {most} zombies at a time"
        );
        trial.sandbox.assert_clean();
    }
}

/// Runs as a user who may have so many processes.
fn limited(trial: &Trial, limit: u32, args: &[String]) -> Option<Outcome> {
    let no_prlimit = (!has("prlimit")).then_some("prlimit is not installed");
    if let Some(why) = cannot_become_another().or(no_prlimit) {
        skipped("a limit of processes", why);
        return None;
    }
    // Root is above such limits. A user whom nothing else of this machine belongs to.
    let uid = 0x7000_0000 + std::process::id() % 0x10_0000;
    let sandbox = &trial.sandbox;
    fs::set_permissions(sandbox.root(), fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["run", "tmp"] {
        chown(sandbox.path(name), Some(uid), Some(uid)).unwrap();
    }
    let program = sandbox.copy_of(binary(), "program");
    let mut command = sandbox.command_of("/usr/bin/setpriv".as_ref());
    command
        .args([
            format!("--reuid={uid}"),
            format!("--regid={uid}"),
            "--clear-groups".into(),
        ])
        .args(["prlimit", &format!("--nproc={limit}")])
        .arg(program)
        .args(args);
    Some(sandbox.finish(&mut command, b""))
}

#[test]
fn a_hundred_images_fit_into_a_small_limit_of_processes() {
    let (trial, signer, key) = Trial::with_signer();
    many(&trial, &signer, &key, 100);
    let key_file = trial.key_files[0].to_str().unwrap().to_owned();
    let args = [
        arguments(&["--public-key", &key_file]),
        vec!["-o".into(), "json".into()],
    ]
    .concat();
    let Some(outcome) = limited(&trial, 20, &args) else {
        return;
    };
    assert_eq!(outcome.json()["summary"]["unchecked"], 0, "{}", outcome.stderr);
    assert_eq!(outcome.json()["summary"]["verified"], 1);
    outcome.expect(1);
}

#[test]
fn that_no_process_can_be_started_is_said() {
    let (trial, signer, key) = Trial::with_signer();
    many(&trial, &signer, &key, 1);
    let key_file = trial.key_files[0].to_str().unwrap().to_owned();
    let args = [
        arguments(&["--public-key", &key_file]),
        vec!["-o".into(), "json".into()],
    ]
    .concat();
    // Fewer threads than the program has itself, and room for them but for no gpg.
    for limit in [1, 3] {
        let Some(outcome) = limited(&trial, limit, &args) else {
            return;
        };
        let message = outcome.item()["message"].as_str().unwrap().to_owned();
        assert!(
            message.contains("limit of processes") && message.contains("pids.max"),
            "{limit}: {message}"
        );
        assert!(!message.contains("install GnuPG"), "{message}");
        outcome.expect_verdict(3, "Unchecked/EngineFailed");
    }
}
