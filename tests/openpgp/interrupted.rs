// SPDX-License-Identifier: Apache-2.0
//! Runs that a signal ends leave nothing; signals that were ignored at the start stay ignored.

use std::process::Stdio;

use rustix::process::{kill_process, Pid, Signal};

use super::trial::{Trial, REFERENCE};
use super::waiting::{homes, signed, Waiting};
use crate::support::images::payload;
use crate::support::program::{binary, end_all, processes_like, wait_until, Sandbox};
use crate::support::signals::ignored;
use crate::support::skipped;
use crate::support::system::{can_be_had, System};

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
        // The others end it all the same.
        let waiting = Waiting::started_by(&trial, &blob, start(&trial.sandbox));
        waiting.signal(signal);
        waiting.signal(other);
        assert_eq!(waiting.end(), (130, None), "{name} ignored, {other:?} sent");
        trial.sandbox.assert_clean();
    }
}

/// Else the tests here would fail, or hold nothing, for whoever starts them with nohup(1) or in the background.
#[test]
fn programs_that_tests_start_ignore_no_signal() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command_of("/bin/cat".as_ref());
    command.arg("/proc/self/status");
    let status = sandbox.finish(&mut command, b"").expect(0).stdout;
    assert_eq!(ignored(&status), Vec::<i32>::new());
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
    let slow = trial.sandbox.program(
        "slow",
        format!(
            "#!/bin/sh\ncase \"$*\" in *--version*) echo 'gpg (GnuPG) 2.2.40';; *) sleep {duration}; exit;; esac\n"
        ),
    );
    let line = format!("sleep\u{0}{duration}\u{0}");
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
