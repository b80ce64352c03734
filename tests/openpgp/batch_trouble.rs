// SPDX-License-Identifier: Apache-2.0
//! gpg workers that die, hang, lie or talk nonsense: nothing is accepted for it, nothing is lost and nothing is left behind.

use std::process::Stdio;
use std::time::Instant;

use rustix::process::{kill_process, Pid, Signal};

use super::batch::{all_verified, possible, Scene};
use super::trial::signed_payload;
use crate::support::program::{end_all, processes_like, wait_until};
use crate::support::system::System;

/// Whatever is missing, doubled, added or about something else, the worker is not believed; gpgme is.
#[test]
fn nothing_is_accepted_on_doubt() {
    if !possible("nothing_is_accepted_on_doubt") {
        return;
    }
    let s = Scene::new();
    let other = "0123456789ABCDEF0123456789ABCDEF01234567";
    for (program, workers) in [
        // Said of another key, time, algorithm or class.
        (format!("s/VALIDSIG [0-9A-F]*/VALIDSIG {other}/"), 1),
        (
            "s/\\(VALIDSIG [0-9A-F]* [-0-9]*\\) [0-9]*/\\1 1700000000/".to_owned(),
            1,
        ),
        ("s/\\(VALIDSIG .*\\) 00 /\\1 01 /".to_owned(), 1),
        ("s/GOODSIG [0-9A-F]*/GOODSIG 0123456789ABCDEF/".to_owned(), 1),
        // Missing or doubled.
        ("/NEWSIG/d".to_owned(), 1),
        ("/GOODSIG/d".to_owned(), 1),
        ("/VALIDSIG/d".to_owned(), 1),
        ("/NEWSIG/p".to_owned(), 1),
        ("/GOODSIG/p".to_owned(), 1),
        ("/VALIDSIG/p".to_owned(), 1),
        // Another verdict, or words that a good signature does not come with.
        ("s/GOODSIG/EXPKEYSIG/".to_owned(), 1),
        ("s/GOODSIG/REVKEYSIG/".to_owned(), 1),
        ("s/VALIDSIG.*/&\\n[GNUPG:] TRUST_NEVER 0 pgp/".to_owned(), 1),
        ("s/NEWSIG.*/&\\n[GNUPG:] ERROR verify 1/".to_owned(), 1),
        ("s/NEWSIG.*/&\\n[GNUPG:] WHO_KNOWS/".to_owned(), 1),
        // Another file, a file amid the answer, more than was asked, and what is no status line: this worker is of no
        // more use.
        ("s/FILE_START 1 /&x/".to_owned(), 2),
        ("/FILE_START/d".to_owned(), 2),
        ("/FILE_START/p".to_owned(), 2),
        ("s/NEWSIG/FILE_DONE\\n[GNUPG:] &/".to_owned(), 2),
        ("s/FILE_DONE/&\\n[GNUPG:] FILE_START 1 message-1/".to_owned(), 2),
        ("s/FILE_DONE/&\\n[GNUPG:]/".to_owned(), 2),
        ("s/FILE_START/GOODSIG\\n[GNUPG:] &/".to_owned(), 2),
        ("s/FILE_DONE/FILE_ERROR/".to_owned(), 2),
        ("s/.GNUPG:. NEWSIG/gpg: NEWSIG/".to_owned(), 2),
        ("s/NEWSIG/&\\r/".to_owned(), 1),
    ] {
        let outcome = s.run(&format!("$REAL \"$@\" | sed -u '{program}'"), &[&s.good, &s.good]);
        assert_eq!(outcome.workers(), [workers, 0, 2], "{program}: {}", outcome.stderr);
        all_verified(&outcome, 2);
    }
    // The same without a change: it is the change that is doubted.
    let outcome = s.run("$REAL \"$@\" | sed -u 's/x/x/'", &[&s.good, &s.good]);
    assert_eq!(outcome.workers(), [1, 2, 0]);
}

#[test]
fn the_death_of_a_worker_loses_nothing() {
    if !possible("the_death_of_a_worker") {
        return;
    }
    let s = Scene::new();
    let blobs = s.several(40);
    let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
    // Each ends after seven messages; gpgme has the eighth.
    let script = "n=0; while [ $n -lt 7 ] && read -r name; do echo $name; n=$((n+1)); done | $REAL \"$@\"";
    let outcome = s.run(script, &blobs);
    assert_eq!(outcome.workers(), [5, 35, 5], "{}", outcome.stderr);
    all_verified(&outcome, 40);
    // One that dies at once, or that says nothing to the point, is not started for ever.
    for script in [
        "exit 1",
        "kill -9 $$",
        "yes",
        "yes '[GNUPG:] NEWSIG'",
        "head -c 1000000 /dev/zero",
        "read -r name; exec $REAL --version",
        // All that makes a signature good, but not the end of the answer.
        "$REAL \"$@\" | { sed -u '/VALIDSIG/q'; kill -9 $$; }",
        // It is told no name, and begins nevertheless.
        "echo '[GNUPG:] FILE_START 1 message'; sleep 1; exec $REAL \"$@\"",
    ] {
        let outcome = s.run(script, &blobs[..10]);
        assert_eq!(outcome.workers(), [3, 0, 10], "{script}: {}", outcome.stderr);
        all_verified(&outcome, 10);
    }
}

/// With `batch` in the system's configuration gpg would end at the first signature that is not good.
#[test]
fn batch_in_the_systems_configuration_does_not_end_a_worker() {
    if !possible("batch_in_the_systems_configuration") {
        return;
    }
    let s = Scene::new();
    let mut altered = s.signer.sign_with(&s.key, &["-z", "0"], &signed_payload());
    let last = altered.len() - 1;
    altered[last] ^= 1;
    let system = System::with_gpg_conf("batch");
    let blobs = [&altered[..], &s.good, &altered, &s.good];
    let mut command = s.trial.command_of(system.command(&s.trial.sandbox), &blobs);
    command.args(["-v", "--engine", "batch"]);
    let outcome = s.trial.sandbox.finish(&mut command, b"");
    assert_eq!(outcome.workers(), [1, 2, 2], "{}", outcome.stderr);
}

/// The worker and what it has started are killed, another one goes on. (This test takes the half minute that the program
/// gives a worker for a message.)
#[test]
fn a_worker_that_hangs_is_replaced() {
    if !possible("a_worker_that_hangs") {
        return;
    }
    let s = Scene::new();
    let duration = format!("96.{}", std::process::id());
    let script = format!(
        "if [ -e $HERE/hung ]; then exec $REAL \"$@\"; fi; echo >$HERE/hung; sleep {duration} & sleep {duration}"
    );
    let begin = Instant::now();
    let outcome = s.run(&script, &[&s.good[..]; 20]);
    let taken = begin.elapsed();
    let left = processes_like(&format!("sleep\u{0}{duration}\u{0}"));
    end_all(&left);
    assert!(left.is_empty(), "{} processes were left behind", left.len());
    assert_eq!(outcome.workers(), [2, 19, 1], "{}", outcome.stderr);
    all_verified(&outcome, 20);
    assert!((30..60).contains(&taken.as_secs()), "{taken:?}");
}

#[test]
fn a_run_interrupted_while_a_worker_works_leaves_nothing() {
    if !possible("a_run_interrupted_while_a_worker_works") {
        return;
    }
    let s = Scene::new();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let duration = format!("95.{}{}", std::process::id(), signal.as_raw());
        let line = format!("sleep\u{0}{duration}\u{0}");
        let fake = s.gpg(&format!("sleep {duration} & exec sleep {duration}"));
        let system = System::new().replace("/usr/bin/gpg", &fake);
        let mut command = s.trial.command_of(system.command(&s.trial.sandbox), &[&s.good]);
        command.args(["--engine", "batch"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait_until("the worker is at work", || processes_like(&line).len() == 2);
        kill_process(Pid::from_child(&child), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        let left = processes_like(&line);
        end_all(&left);
        assert!(left.is_empty(), "{signal:?}: {} processes were left behind", left.len());
        assert_eq!(output.status.code(), Some(130), "{signal:?}");
        s.trial.sandbox.assert_clean();
    }
}
