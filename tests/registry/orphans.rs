// SPDX-License-Identifier: Apache-2.0
//! Credential helpers that end and leave a process which keeps their standard output open.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{kill_process, Pid, Signal};

use super::helpers::{answer, Place};
use crate::support::program::wait_until;

/// What leaves a process at each call, whose number is in the file, and then goes on.
fn leaving(rest: &str) -> (Place, PathBuf) {
    let place = Place::new("");
    let pid = place.town.sandbox.path("orphan");
    let script = format!(
        "#!/bin/sh\necho asked >>{}\nsleep 300 &\necho $! >>{1}\n{rest}\n",
        place.town.sandbox.path("asked").display(),
        pid.display()
    );
    place.town.sandbox.program("bin/docker-credential-test", script);
    (place, pid)
}

fn pids(file: &Path) -> Vec<Pid> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines()
        .map(|line| Pid::from_raw(line.parse().unwrap()).unwrap())
        .collect()
}

/// A daemon that keeps passwords is often started so: it lives on.
#[test]
fn a_helper_is_not_waited_for_once_it_has_answered_and_ended() {
    for (rest, status) in [(answer(), 1), ("exit 1".to_owned(), 3)] {
        let (place, orphan) = leaving(&rest);
        let begun = Instant::now();
        place.asked(status);
        let took = begun.elapsed();
        let lives = |pid: &Pid| kill_process(*pid, Signal::KILL).is_ok();
        assert!(pids(&orphan).iter().all(lives));
        assert!(took < Duration::from_secs(40), "{took:?}");
    }
}

/// What a helper has begun another one may end.
#[test]
fn the_rest_of_an_answer_that_comes_after_the_helper_has_ended_belongs_to_it() {
    let answer = answer();
    let (begin, end) = answer.split_once(",\"Secret").unwrap();
    let place = Place::new(&format!("{begin}'\n(sleep 3; echo ',\"Secret{end}) &"));
    assert_eq!(place.asked(1), 1);
    assert!(place.hub.seen().iter().any(|seen| seen.target.contains("ns/other")));
}

#[test]
fn what_a_helper_has_left_to_answer_does_not_outlive_a_run_that_a_signal_ends() {
    let (place, orphan) = leaving("echo '{'");
    let mut command = place.command();
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("the helper has left a process", || {
        std::fs::read_to_string(&orphan).is_ok_and(|text| text.ends_with('\n'))
    });
    // The helper itself ends meanwhile.
    std::thread::sleep(Duration::from_secs(2));
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let stat = format!("/proc/{}/stat", pids(&orphan)[0].as_raw_nonzero());
    wait_until("it has ended", || {
        std::fs::read_to_string(&stat).map_or(true, |text| text.contains(") Z "))
    });
}
