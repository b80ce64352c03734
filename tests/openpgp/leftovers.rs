// SPDX-License-Identifier: Apache-2.0
//! Temporary keyrings: gone after every end but SIGKILL, swept by the next run after that, never taken from a living one.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use image_signature::openpgp::gnupg::home::Home;
use rustix::fs::FlockOperation;
use rustix::process::Signal;

use super::trial::{Trial, REFERENCE};
use super::waiting::{homes, signed, Waiting};
use crate::support::images::payload;
use crate::support::program::{binary, has, stop, Sandbox};
use crate::support::skipped;

#[test]
fn what_a_killed_run_leaves_is_swept_by_the_next_one() {
    let (trial, blob) = signed();
    let waiting = Waiting::new(&trial, &blob);
    waiting.signal(Signal::KILL);
    assert_eq!(waiting.end(), (-1, Some(9)));
    assert_eq!(homes(&trial.sandbox).len(), 1, "it cannot have been removed");
    // Even a run that has no use for keys of its own.
    trial.run(&[&blob], &[]).expect_verdict(0, "Verified/Verified");
    trial.sandbox.assert_clean();
}

#[test]
fn the_keyring_of_a_living_run_is_not_swept() {
    let manifest = br#"{"schemaVersion":2}"#;
    let digest = image_signature::digest::Digest::of_manifest(manifest).unwrap();
    let (trial, signer, key) = Trial::with_signer();
    let blob = signer.sign(&key, &payload(digest.as_str(), REFERENCE));
    let waiting = Waiting::new(&trial, &blob);
    let mine = homes(&trial.sandbox);
    // Not through `run`: the sandbox is not clean meanwhile.
    for _ in 0..3 {
        let output = trial.command(&[&blob]).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(homes(&trial.sandbox), mine);
    }
    waiting.go_on(manifest).expect_verdict(0, "Verified/Verified");
    trial.sandbox.assert_clean();
}

/// A directory like one of ours, with its lock.
fn leftover(sandbox: &Sandbox, name: &str) -> PathBuf {
    let path = sandbox.path("run").join(name);
    fs::create_dir(&path).unwrap();
    fs::write(path.join("in-use"), "").unwrap();
    fs::write(path.join("pubring.kbx"), "x").unwrap();
    path
}

fn make_old(path: &Path) {
    let touch = Command::new("touch").args(["-d", "2 hours ago"]).arg(path).status();
    assert!(touch.unwrap().success());
}

#[test]
fn only_directories_of_dead_runs_of_ones_own_are_swept() {
    let (trial, blob) = signed();
    let sandbox = &trial.sandbox;
    let dead = leftover(sandbox, "image-signature-0123456789abcdef");
    let locked = leftover(sandbox, "image-signature-locked");
    let lock = File::open(locked.join("in-use")).unwrap();
    rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
    let foreign = leftover(sandbox, "somebody-elses");
    // Without a lock it may be one that is just being made, unless it is old.
    let young = leftover(sandbox, "image-signature-young");
    fs::remove_file(young.join("in-use")).unwrap();
    let old = leftover(sandbox, "image-signature-old");
    fs::remove_file(old.join("in-use")).unwrap();
    make_old(&old);
    let file = sandbox.path("run/image-signature-file");
    fs::write(&file, "x").unwrap();
    let target = sandbox.path("target");
    fs::create_dir(&target).unwrap();
    fs::write(target.join("in-use"), "").unwrap();
    let link = sandbox.path("run/image-signature-link");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    // A lock that is a link leads nowhere.
    let odd = leftover(sandbox, "image-signature-odd");
    fs::remove_file(odd.join("in-use")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", odd.join("in-use")).unwrap();
    // In a directory of ours a link is removed, not what it points to.
    std::os::unix::fs::symlink(&target, dead.join("link")).unwrap();
    let mut expected = vec![locked.clone(), foreign, young, file, link, odd];
    let another = leftover(sandbox, "image-signature-another-user");
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&another, Some(65534), Some(65534)).unwrap();
        expected.push(another);
    } else {
        skipped("a directory of another user", "only root can give directories away");
    }
    let output = trial.command(&[&blob]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    expected.sort();
    assert_eq!(homes(sandbox), expected);
    assert!(target.join("in-use").exists());
    // When the one who holds the lock has ended, whatever its process number, the directory goes.
    drop(lock);
    let output = trial.command(&[&blob]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(!locked.exists());
}

#[test]
fn a_panic_removes_the_keyring() {
    let sandbox = Sandbox::new();
    let places = [sandbox.path("run")];
    let path = std::panic::catch_unwind(|| {
        let home = Home::isolated(&places).unwrap();
        let path = home.path().to_owned();
        assert!(path.join("gpg.conf").exists());
        std::panic::panic_any(path);
    })
    .unwrap_err()
    .downcast::<PathBuf>()
    .unwrap();
    assert!(path.starts_with(sandbox.path("run")));
    sandbox.assert_clean();
}

#[test]
fn the_keyring_is_for_its_owner_alone() {
    let (trial, blob) = signed();
    let waiting = Waiting::new(&trial, &blob);
    let home = &homes(&trial.sandbox)[0];
    assert_eq!(fs::metadata(home).unwrap().permissions().mode() & 0o7777, 0o700);
    for entry in fs::read_dir(home).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        assert!(!name.to_string_lossy().contains("S."), "a socket: {name:?}");
    }
    assert!(!home.join("private-keys-v1.d").exists());
    stop(waiting.child);
}

#[test]
fn a_run_starts_gpg_alone_writes_in_its_keyring_alone_and_contacts_nobody() {
    if !has("strace") {
        skipped("a_run_starts_gpg_alone", "strace is not installed");
        return;
    }
    let (trial, blob) = signed();
    let log = trial.sandbox.path("trace");
    let mut starter = trial.sandbox.command_of("/usr/bin/strace".as_ref());
    starter
        .args([
            "-f",
            "-qq",
            "-s",
            "300",
            "-e",
            "trace=execve,open,openat,creat,mkdir,rename,unlink,socket,connect",
        ])
        .arg("-o")
        .arg(&log)
        .arg(binary());
    let mut command = trial.command_of(starter, &[&blob]);
    let outcome = trial.sandbox.finish(&mut command, b"");
    if outcome.stderr.contains("ptrace") {
        skipped("a_run_starts_gpg_alone", "tracing is not permitted here");
        return;
    }
    outcome.expect_verdict(0, "Verified/Verified");
    let log = fs::read_to_string(log).unwrap();
    let run = trial.sandbox.path("run/image-signature-").display().to_string();
    let mut started = 0;
    for line in log
        .lines()
        .filter(|line| line.contains(" = ") && !line.contains("= -1 ENOENT"))
    {
        let quoted = line.split('"').nth(1).unwrap_or_default();
        if line.contains("execve(") {
            started += 1;
            assert!(started == 1 || quoted == "/usr/bin/gpg", "{line}");
        } else if line.contains("socket(") || line.contains("connect(") {
            assert!(line.contains("AF_UNIX"), "{line}");
        } else if line.contains("O_WRONLY") || line.contains("O_RDWR") || line.contains("O_CREAT") {
            let harmless = ["/dev/null", "/dev/tty"].contains(&quoted);
            // The sweep asks others' runs, those of tests at the same time among them, whether they still live.
            let asked =
                quoted.contains("/image-signature-") && quoted.ends_with("/in-use") && !line.contains("O_CREAT");
            assert!(harmless || asked || quoted.starts_with(&run), "{line}");
        } else if line.contains("mkdir(") || line.contains("rename(") || line.contains("creat(") {
            assert!(quoted.starts_with(&run), "{line}");
        }
    }
    // Ourselves; gpg for its version, once more with the home, the import, the list of what was taken, the verification.
    assert!((4..=6).contains(&started), "{started} programs were started");
}
