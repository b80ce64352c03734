// SPDX-License-Identifier: Apache-2.0
//! What `make check` shows: tests while they run, failures whole, and at the end what was left out and why,
//! also where some failed.

use std::io::Write;
use std::process::{Command, Stdio};

const OUTPUT: &str = "
     Running tests/example.rs (target/debug/deps/example-1234)

running 3 tests
test good ... ok
test without ... ok
test bad ... FAILED

successes:

---- good stdout ----
digest.json: 48 cases ran, 2 skipped (files of ../shared absent), 0 differ on purpose
lookaside.json: 14 cases left out: stores are only read

---- without stdout ----
SKIPPED: without: faketime is not installed


successes:
    good
    without

failures:

---- bad stdout ----
SKIPPED: a part of bad: strace is not installed
thread 'bad' panicked at tests/example.rs:1:1:
seven is not eight


failures:
    bad

test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s
";

fn script(name: &str) -> Command {
    Command::new(format!("{}/packaging/{name}", env!("CARGO_MANIFEST_DIR")))
}

#[test]
fn progress_shows_failures_whole_and_keeps_everything() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a file");
    let mut child = script("progress.sh")
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(OUTPUT.as_bytes()).unwrap();
    let run = child.wait_with_output().unwrap();
    assert!(run.status.success(), "{run:?}");
    assert_eq!(std::fs::read_to_string(file).unwrap(), OUTPUT);
    let shown = String::from_utf8(run.stdout).unwrap();
    for line in [
        "     Running tests/example.rs",
        "test bad ... FAILED",
        "seven is not eight",
        "test result: FAILED. 2 passed; 1 failed",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    for line in ["test good", "48 cases ran", "faketime"] {
        assert!(!shown.contains(line), "{line}: {shown}");
    }
}

#[test]
fn what_was_left_out_is_said_whatever_failed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("output");
    let told = || {
        let run = script("left-out.sh").arg(&file).output().unwrap();
        assert!(run.status.success(), "{run:?}");
        String::from_utf8(run.stdout).unwrap()
    };
    assert_eq!(told(), "no test has run\n");
    std::fs::write(&file, OUTPUT).unwrap();
    let text = told();
    for line in [
        "SKIPPED: without: faketime is not installed",
        "SKIPPED: a part of bad: strace is not installed",
        "digest.json: 48 cases ran, 2 skipped",
        "lookaside.json: 14 cases left out: stores are only read",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    std::fs::write(&file, "running 1 test\ntest good ... ok\n").unwrap();
    assert_eq!(told(), "nothing was left out\n");
}
