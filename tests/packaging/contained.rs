// SPDX-License-Identifier: Apache-2.0
//! `packaging/contained.sh`, in which every Debian in a directory runs: nothing outlives it, however it ends.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{kill_process, Pid, Signal};

use crate::support::program::{end_all, output_of, processes_like, wait_until, Sandbox};
use crate::support::signals::ignored;
use crate::support::skipped;
use crate::support::system::{cannot_become_another, mounts_are_permitted, why_not};

/// The script in a sandbox, where it can do anything at all.
fn script(sandbox: &Sandbox, test: &str) -> Option<Command> {
    if let Some(why) = cannot_become_another() {
        skipped(test, why);
        return None;
    }
    if !mounts_are_permitted() {
        skipped(test, why_not());
        return None;
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("packaging/contained.sh");
    Some(sandbox.command_of(&path))
}

/// Two processes, one of which nobody waits for, and a mount; the command line of both.
fn at_work(sandbox: &Sandbox, mut command: Command, duration: &str) -> (Child, String) {
    let line = format!("sleep\u{0}{duration}\u{0}");
    let place = sandbox.path("place");
    std::fs::create_dir_all(&place).unwrap();
    // Whoever asks those inside to end is not heard.
    let work = format!(
        "mount -t tmpfs tmpfs '{}'; trap '' HUP INT TERM; sleep {duration} & sleep {duration}",
        place.display()
    );
    command.args(["sh", "-c", &work]).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    wait_until("both are at work", || processes_like(&line).len() == 2);
    (child, line)
}

#[test]
fn what_runs_contained_ends_with_a_signal_to_the_script() {
    let sandbox = Sandbox::new();
    for (signal, status) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        let Some(command) = script(&sandbox, "what_runs_contained_ends_with_a_signal") else {
            return;
        };
        let duration = format!("93.{}{}", std::process::id(), signal.as_raw());
        let (mut child, line) = at_work(&sandbox, command, &duration);
        kill_process(Pid::from_child(&child), signal).unwrap();
        let found = child.wait().unwrap().code();
        // At its end, not some time after it.
        let left = processes_like(&line);
        end_all(&left);
        assert!(left.is_empty(), "{signal:?}: {} processes were left behind", left.len());
        assert_eq!(found, Some(status), "{signal:?}");
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains(sandbox.root().to_str().unwrap()), "{mounts}");
    }
}

#[test]
fn what_runs_contained_ends_when_the_script_is_killed() {
    let sandbox = Sandbox::new();
    let Some(command) = script(&sandbox, "what_runs_contained_ends_when_the_script_is_killed") else {
        return;
    };
    let duration = format!("93.{}9", std::process::id());
    let (mut child, line) = at_work(&sandbox, command, &duration);
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    wait_until("nothing is left", || processes_like(&line).is_empty());
}

#[test]
fn what_runs_contained_has_the_input_the_signals_and_the_status_of_any_command() {
    let sandbox = Sandbox::new();
    let Some(mut command) = script(&sandbox, "what_runs_contained_has_the_input") else {
        return;
    };
    command.args(["sh", "-c", "cat; grep SigIgn /proc/self/status; exit 77"]);
    let run = output_of(&mut command, b"typed\n");
    let shown = String::from_utf8_lossy(&run.stdout);
    assert!(shown.starts_with("typed\n"), "{shown}");
    assert_eq!(ignored(&shown), Vec::<i32>::new());
    assert_eq!(run.status.code(), Some(77));
}
