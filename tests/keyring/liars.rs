// SPDX-License-Identifier: Apache-2.0
//! A gpg that is missing, too old, killed, hangs, talks nonsense, or knows nothing of a key that is there. The verdict is the
//! true one or none, whatever the source of keys, and a true record stands.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::keyring::{Desk, IDENTITY};
use crate::support::calls::record_file_json;
use crate::support::program::{end_all, processes_like};
use crate::support::skipped;
use crate::support::system::{can_be_had, why_not, System};

/// A gpg in the place of the real one, which scripts call `$REAL`.
fn liar(desk: &Desk, script: &str) -> System {
    let real = desk.sandbox.copy_of("/usr/bin/gpg", "real-gpg");
    let text = format!("#!/bin/sh\nREAL={}\n{script}\n", real.display());
    let gpg = desk.sandbox.program("gpg", text);
    System::new().replace("/usr/bin/gpg", &gpg)
}

/// What the program is asked with: a key file, the keyring where validity decides, and there by the key's name.
fn sources(desk: &Desk) -> [Vec<String>; 3] {
    let home = desk.home("judging").display().to_string();
    let file = desk.publisher.export(&[&desk.key], &desk.sandbox.path("key.gpg"));
    [
        vec!["--public-key".into(), file.display().to_string()],
        vec!["--homedir".into(), home.clone()],
        vec!["--homedir".into(), home, "--signed-by".into(), desk.key.clone()],
    ]
}

/// An image whose record is true, and its file.
fn recorded(desk: &Desk) -> (PathBuf, Vec<u8>) {
    desk.judged(&["--confirm"]).expect_verdict(0, "Verified/Verified");
    let path = desk.sandbox.path("image.json");
    let text = fs::read(&path).unwrap();
    (path, text)
}

/// Runs with this gpg and every source of keys: the verdict is the true one, or Unchecked and nothing is recorded. How
/// many gave the true one.
#[track_caller]
fn tried(desk: &Desk, script: &str) -> usize {
    tried_each(desk, script, &mut |_| {})
}

/// The same; `around` is called before each run (`false`) and after it.
#[track_caller]
fn tried_each(desk: &Desk, script: &str, around: &mut dyn FnMut(bool)) -> usize {
    let system = liar(desk, script);
    let (path, before) = recorded_anew(desk);
    let mut known = 0;
    for keys in sources(desk) {
        for engine in ["gpgme", "batch"] {
            let mut command = system.command(&desk.sandbox);
            command
                .args(record_file_json(IDENTITY))
                .arg(&path)
                .args(["--engine", engine])
                .args(&keys);
            around(false);
            let outcome = desk.sandbox.finish(&mut command, b"");
            around(true);
            let now: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let trusted = &now["signatures"][0]["conditions"][0];
            assert_eq!(
                trusted["status"], "True",
                "{script}, {keys:?}, {engine}: {now:#}\n{outcome:#?}"
            );
            match outcome.status {
                0 => {
                    known += 1;
                    assert_eq!(outcome.verdict(), "Verified/Verified", "{script}, {keys:?}, {engine}");
                }
                3 => {
                    assert_eq!(
                        outcome.verdict(),
                        "Unchecked/EngineFailed",
                        "{script}, {keys:?}, {engine}: {outcome:#?}"
                    );
                    assert_eq!(fs::read(&path).unwrap(), before, "{script}, {keys:?}, {engine}");
                }
                // A key file of which nothing can be read.
                2 => assert_eq!(fs::read(&path).unwrap(), before, "{script}, {keys:?}, {engine}"),
                other => panic!("{script}, {keys:?}, {engine}: exit status {other}: {outcome:#?}"),
            }
            fs::write(&path, &before).unwrap();
        }
    }
    known
}

/// The object as it was first recorded.
fn recorded_anew(desk: &Desk) -> (PathBuf, Vec<u8>) {
    let first = desk.sandbox.path("recorded.json");
    let path = desk.sandbox.path("image.json");
    if !first.exists() {
        let (_, text) = recorded(desk);
        fs::write(&first, text).unwrap();
    }
    fs::copy(&first, &path).unwrap();
    (path, fs::read(first).unwrap())
}

fn possible(test: &str) -> bool {
    let possible = can_be_had();
    if !possible {
        skipped(test, why_not());
    }
    possible
}

#[test]
fn a_gpg_that_is_missing_too_old_or_talks_nonsense_takes_no_record_back() {
    if !possible("a gpg that talks nonsense") {
        return;
    }
    let desk = Desk::certified();
    for script in [
        // What remains of a package that is gone.
        "echo 'gpg: not found' >&2; exit 127",
        "exit 2",
        "exit 0",
        "echo 'gpg (GnuPG) 1.4.23'",
        "echo 'gpg (GnuPG) 2.0.22'",
        "echo hello",
        "head -c 100000 /dev/zero",
        "yes | head -c 10000000",
        "yes '[GNUPG:] NEWSIG' | head -c 1000000",
    ] {
        assert_eq!(tried(&desk, script), 0, "{script}");
    }
    // The real one: all of them see the signature.
    assert_eq!(tried(&desk, "exec $REAL \"$@\""), 6);
}

#[test]
fn a_gpg_that_knows_nothing_of_a_key_that_is_there_makes_no_key_unknown() {
    if !possible("a gpg that denies a key") {
        return;
    }
    let desk = Desk::certified();
    for script in [
        // Nothing is listed, with and without an error.
        "case \"$*\" in *--list-keys*|*--list-public-keys*) exit 0;; esac; exec $REAL \"$@\"",
        "case \"$*\" in *--list-keys*|*--list-public-keys*) echo 'gpg: error reading key: No public key' >&2; exit 2;; esac; exec $REAL \"$@\"",
        // Nothing is exported, or something else.
        "case \"$*\" in *--export*) exit 0;; esac; exec $REAL \"$@\"",
        "case \"$*\" in *--export*) echo nonsense; exit 0;; esac; exec $REAL \"$@\"",
        // It is said to be taken, and is not.
        "case \"$*\" in *--import*) echo '[GNUPG:] IMPORT_RES 1 0 1 0 0 0 0 0 0 0 0 0 0 0 0' >&2; cat >/dev/null; exit 0;; esac; exec $REAL \"$@\"",
        // The signature is by nobody that it knows, or there is none.
        "case \"$*\" in *--verify*) exec $REAL \"$@\" | sed -u 's/GOODSIG.*/ERRSIG 0123456789ABCDEF 22 10 00 1700000000 9 -/; /VALIDSIG/d';; esac; exec $REAL \"$@\"",
        "case \"$*\" in *--verify*) cat >/dev/null; exit 0;; esac; exec $REAL \"$@\"",
        "case \"$*\" in *--verify*) cat >/dev/null; exit 2;; esac; exec $REAL \"$@\"",
    ] {
        tried(&desk, script);
    }
}

#[test]
fn a_gpg_that_is_killed_at_any_call_takes_no_record_back() {
    if !possible("a gpg that is killed") {
        return;
    }
    let desk = Desk::certified();
    let count = desk.sandbox.path("count");
    // The nth call dies at once, or in the midst of its answer: for every n that a run comes to.
    for end in ["kill -9 $$", "$REAL \"$@\" | head -c 200; kill -9 $$"] {
        for nth in 1.. {
            let script = format!(
                "n=$(cat {0} 2>/dev/null || echo 0); n=$((n+1)); echo $n >{0}; [ $n -ne {nth} ] || {{ {end}; }}; exec $REAL \"$@\"",
                count.display()
            );
            let mut reached = 0;
            let known = tried_each(&desk, &script, &mut |is_over| {
                if is_over {
                    let calls = fs::read_to_string(&count).unwrap_or_default();
                    reached += usize::from(calls.trim().parse().unwrap_or(0) >= nth);
                }
                let _ = fs::remove_file(&count);
            });
            if reached == 0 {
                assert_eq!(known, 6, "nothing was killed");
                // How many there are depends on the version of gpg.
                assert!(nth > 4, "{nth}: a run makes more calls than that");
                break;
            }
        }
    }
}

/// Half a minute each, at the same time. (Where gpg goes through keys the program waits five.)
#[test]
fn a_gpg_that_hangs_takes_no_record_back() {
    if !possible("a gpg that hangs") {
        return;
    }
    let calls = ["--version", "--verify"];
    thread::scope(|scope| {
        for (nth, call) in calls.into_iter().enumerate() {
            scope.spawn(move || {
                let desk = Desk::certified();
                // A duration that no other run of this test has at the moment.
                let duration = format!("{}.{}", 900 + nth, std::process::id());
                let script = format!("case \"$*\" in *{call}*) sleep {duration}; exit;; esac; exec $REAL \"$@\"");
                let system = liar(&desk, &script);
                let (path, before) = recorded_anew(&desk);
                let keys = &sources(&desk)[1];
                let mut command = system.command(&desk.sandbox);
                command.args(record_file_json(IDENTITY));
                let outcome = desk.sandbox.finish(command.arg(&path).args(keys), b"");
                // What was killed may take a moment to be gone, and would sleep for a quarter of an hour.
                let line = format!("sleep\u{0}{duration}\u{0}");
                let deadline = Instant::now() + Duration::from_secs(10);
                let mut sleepers = processes_like(&line);
                while !sleepers.is_empty() && Instant::now() < deadline {
                    thread::sleep(Duration::from_millis(50));
                    sleepers = processes_like(&line);
                }
                end_all(&sleepers);
                assert!(
                    sleepers.is_empty(),
                    "{call}: {} processes were left behind",
                    sleepers.len()
                );
                // A call that the program does not make hangs nobody.
                if outcome.status != 0 {
                    outcome.expect_verdict(3, "Unchecked/EngineFailed");
                    assert_eq!(fs::read(&path).unwrap(), before, "{call}");
                }
            });
        }
    });
}
