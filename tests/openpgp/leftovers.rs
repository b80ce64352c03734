// SPDX-License-Identifier: Apache-2.0
//! Temporary keyrings: gone after every end but SIGKILL, swept by the next run after that, never taken from a living one.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use image_signature::openpgp::gnupg::home::Home;
use rustix::fs::FlockOperation;
use rustix::process::{kill_process, Pid, Signal};

use super::trial::{signed_payload, Trial, REFERENCE};
use crate::support::images::payload;
use crate::support::program::{binary, end_all, has, processes_like, stop, wait_until, Outcome, Sandbox};
use crate::support::skipped;
use crate::support::system::{can_be_had, System};

/// A run that waits for its manifest, with the temporary keyring already made.
struct Waiting {
    child: Child,
    pipe: PathBuf,
}

fn mkfifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn arguments(trial: &Trial, manifest: &Path, blob: &Path) -> Vec<PathBuf> {
    ["verify", "-o", "json", "--expected-identity", REFERENCE, "--public-key"]
        .iter()
        .map(PathBuf::from)
        .chain([trial.key_files[0].clone(), "--manifest".into(), manifest.to_owned()])
        .chain(["--signature-file".into(), blob.to_owned()])
        .collect()
}

impl Waiting {
    fn new(trial: &Trial, blob: &[u8]) -> Self {
        Self::started_by(trial, blob, trial.sandbox.command())
    }

    fn started_by(trial: &Trial, blob: &[u8], mut command: Command) -> Self {
        let pipe = trial.sandbox.path("manifest.pipe");
        if !pipe.exists() {
            mkfifo(&pipe);
        }
        let blob = trial.sandbox.file("waiting.sig", blob);
        let before = homes(&trial.sandbox).len();
        let child = command
            .args(arguments(trial, &pipe, &blob))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The keys are in once gpg has written a keybox with something in it.
        wait_until("the keyring is there", || {
            let homes = homes(&trial.sandbox);
            homes.len() > before
                && homes.iter().any(|home| {
                    home.join("in-use").exists()
                        && fs::metadata(home.join("pubring.kbx")).is_ok_and(|meta| meta.len() > 32)
                })
        });
        Self { child, pipe }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn end(self) -> (i32, Option<i32>) {
        let output = self.child.wait_with_output().unwrap();
        (output.status.code().unwrap_or(-1), output.status.signal())
    }

    /// Hands the manifest over and waits.
    fn go_on(self, manifest: &[u8]) -> Outcome {
        fs::write(&self.pipe, manifest).unwrap();
        let output = self.child.wait_with_output().unwrap();
        Outcome {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Temporary keyrings in the runtime directory.
fn homes(sandbox: &Sandbox) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(sandbox.path("run"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

fn signed() -> (Trial, Vec<u8>) {
    let (trial, signer, key) = Trial::with_signer();
    let blob = signer.sign(&key, &signed_payload());
    (trial, blob)
}

/// Whether the tests themselves were started with a signal ignored, as a shell does in the background.
fn is_ignored(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    u64::from_str_radix(set.trim(), 16).unwrap() >> (signal.as_raw() - 1) & 1 == 1
}

#[test]
fn interrupted_runs_leave_nothing_and_end_with_130() {
    let (trial, blob) = signed();
    for signal in [
        Signal::INT,
        Signal::TERM,
        Signal::HUP,
        Signal::QUIT,
        Signal::USR1,
        Signal::USR2,
        Signal::ALARM,
        Signal::VTALARM,
        Signal::PROF,
        Signal::XCPU,
        Signal::IO,
    ] {
        if is_ignored(signal) {
            skipped("interrupted_runs", &format!("{signal:?} is ignored here"));
            continue;
        }
        let waiting = Waiting::new(&trial, &blob);
        assert_eq!(homes(&trial.sandbox).len(), 1);
        waiting.signal(signal);
        assert_eq!(waiting.end(), (130, None), "{signal:?}");
        trial.sandbox.assert_clean();
    }
}

/// As nohup(1) starts it, and a shell without job control what it puts into the background.
#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let manifest = br#"{"schemaVersion":2}"#;
    let digest = image_signature::digest::Digest::of_manifest(manifest).unwrap();
    let (trial, signer, key) = Trial::with_signer();
    let blob = signer.sign(&key, &payload(digest.as_str(), REFERENCE));
    for (signal, name, other) in [
        (Signal::HUP, "HUP", Signal::TERM),
        (Signal::INT, "INT", Signal::HUP),
        (Signal::QUIT, "QUIT", Signal::HUP),
        (Signal::TERM, "TERM", Signal::INT),
        (Signal::USR1, "USR1", Signal::INT),
    ] {
        let script = format!("trap '' {name}; exec \"$@\"");
        let start = |sandbox: &Sandbox| {
            let mut command = sandbox.command_of("/bin/sh".as_ref());
            command.args(["-c", &script, "sh"]).arg(binary());
            command
        };
        let waiting = Waiting::started_by(&trial, &blob, start(&trial.sandbox));
        for _ in 0..3 {
            waiting.signal(signal);
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        waiting.go_on(manifest).expect_verdict(0, "Verified/Verified");
        trial.sandbox.assert_clean();
        if is_ignored(other) {
            continue;
        }
        // The others end it all the same.
        let waiting = Waiting::started_by(&trial, &blob, start(&trial.sandbox));
        waiting.signal(signal);
        waiting.signal(other);
        assert_eq!(waiting.end(), (130, None), "{name} ignored, {other:?} sent");
        trial.sandbox.assert_clean();
    }
}

#[test]
fn a_run_interrupted_while_gpg_works_leaves_nothing() {
    if !can_be_had() {
        skipped("a_run_interrupted_while_gpg_works", crate::support::system::why_not());
        return;
    }
    let (trial, blob) = signed();
    // It answers, and then takes its time: as long as no other run of this test does at the moment.
    let duration = format!("61.{}", std::process::id());
    let slow = trial.sandbox.file(
        "slow",
        format!(
            "#!/bin/sh\ncase \"$*\" in *--version*) echo 'gpg (GnuPG) 2.2.40';; *) sleep {duration}; exit;; esac\n"
        ),
    );
    let line = format!("sleep\u{0}{duration}\u{0}");
    fs::set_permissions(&slow, fs::Permissions::from_mode(0o755)).unwrap();
    let system = System::new().replace("/usr/bin/gpg", &slow);
    let mut command = trial.command_of(system.command(&trial.sandbox), &[&blob]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("gpg is at work", || processes_like(&line).len() == 1);
    assert_eq!(homes(&trial.sandbox).len(), 1);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    let left = processes_like(&line);
    end_all(&left);
    assert!(left.is_empty(), "gpg was left behind");
    assert_eq!(output.status.code(), Some(130));
    trial.sandbox.assert_clean();
}

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
