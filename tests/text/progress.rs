// SPDX-License-Identifier: Apache-2.0
//! What a run says of itself while it runs, and when it is interrupted.

use std::process::Stdio;
use std::time::Duration;

use crate::support::api::Fault;
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::images::{image, D1, D2};
use crate::support::program::{has, wait_until, Sandbox};
use crate::support::skipped;
use crate::support::terminal::Terminal;

/// Two images, the second of which takes its time.
fn scene(delay: Duration) -> (Scene, std::process::Command) {
    let scene = Scene::signed();
    scene.server.image(image(D2, &[]));
    scene.server.fault(Fault::delay(delay).on("GET", D2));
    let mut command = scene.sandbox.command();
    command.args(["verify", D1, D2, "--expected-identity", IDENTITY, "--public-key"]);
    command.arg(&scene.key_file).env("TERM", "xterm");
    (scene, command)
}

#[test]
fn shown_on_a_terminal_after_two_seconds() {
    if !has("setsid") {
        return skipped("progress on a terminal", "setsid is not installed");
    }
    let (scene, command) = scene(Duration::from_secs(4));
    let (status, shown) = Terminal::run(&command, 200).end();
    assert_eq!(status, 1, "{shown}");
    let begin = "[##########----------] judged 1 of 2 images: 1 Verified";
    assert!(shown.contains(begin), "{shown:?}");
    // It is taken away before something else is printed.
    let last = shown.rfind(begin).unwrap();
    let line = shown[last..].split('\r').next().unwrap();
    assert!(
        shown[last + line.len()..].starts_with(&format!("\r{:width$}\r", "", width = line.len())),
        "{shown:?}"
    );
    assert!(shown.contains("\r\n2 images: 1 Verified, 1 Unsigned\r\n"), "{shown:?}");
    scene.sandbox.assert_clean();
}

/// A line that goes on in the next row cannot be taken away again.
#[test]
fn no_wider_than_the_terminal() {
    if !has("setsid") {
        return skipped("progress on a narrow terminal", "setsid is not installed");
    }
    let (scene, command) = scene(Duration::from_secs(4));
    let (_, shown) = Terminal::run(&command, 40).end();
    let line = shown.split('\r').find(|line| line.starts_with("[#")).unwrap();
    assert_eq!(line, "[##########----------] judged 1 of 2 im", "{shown:?}");
    scene.sandbox.assert_clean();
}

#[test]
fn not_shown_in_short_runs_and_elsewhere() {
    let (scene, mut command) = scene(Duration::from_secs(3));
    let outcome = scene.finish(&mut command).expect(1);
    assert!(!outcome.stderr.contains("judged"), "{outcome:?}");
    if has("setsid") {
        let (_scene, command) = self::scene(Duration::ZERO);
        let (_, shown) = Terminal::run(&command, 200).end();
        assert!(!shown.contains("judged 1 of"), "{shown:?}");
    }
}

#[test]
fn an_interrupted_run_says_what_is_done_and_recorded() {
    for (more, recorded) in [(None, ""), (Some("--confirm"), "; recorded on 1 image")] {
        let (scene, mut command) = scene(Duration::from_secs(60));
        command.args(more);
        let output = scene.sandbox.path("output");
        let child = command
            .stdout(std::fs::File::create(&output).unwrap())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let read = || std::fs::read_to_string(&output).unwrap();
        wait_until("the first image is judged", || read().contains(D1));
        let process = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
        let outcome = child.wait_with_output().unwrap();
        assert_eq!(outcome.status.code(), Some(130));
        let stderr = String::from_utf8_lossy(&outcome.stderr);
        let last = stderr.lines().last().unwrap();
        assert_eq!(
            last,
            format!("interrupted; judged 1 of 2 images: 1 Verified{recorded}"),
            "{stderr}"
        );
        scene.sandbox.assert_clean();
    }
}

/// Advice on what to do next is in one format only, which a person who reads another one is told of.
#[test]
fn a_person_is_told_where_the_advice_is() {
    let note = "note: --explain shows each check with the values compared, and what to do next";
    if !has("setsid") {
        return skipped("a note on a terminal", "setsid is not installed");
    }
    for (named, more, is_told) in [
        (D2, &[][..], true),
        (D2, &["-o", "wide"], true),
        (D2, &["--explain"], false),
        (D2, &["-o", "json"], false),
        (D1, &[], false),
    ] {
        let scene = Scene::signed();
        scene.server.image(image(D2, &[]));
        let mut command = scene.sandbox.command();
        command.args(["verify", named, "--expected-identity", IDENTITY, "--public-key"]);
        command.arg(&scene.key_file).args(more).env("TERM", "xterm");
        let (_, shown) = Terminal::run(&command, 200).end();
        assert_eq!(shown.contains(note), is_told, "{named} {more:?}: {shown}");
        let outcome = scene.finish(&mut command);
        assert!(!outcome.stderr.contains("--explain"), "{outcome:?}");
    }
}

/// Whoever looks on would take the program for one that hangs. Elsewhere nobody wonders.
#[test]
fn a_server_that_takes_its_time_is_told_on_a_terminal() {
    if !has("setsid") {
        return skipped("a slow server on a terminal", "setsid is not installed");
    }
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = silent.local_addr().unwrap();
    let sandbox = Sandbox::new();
    let image = format!("docker://{host}/ns/app:v1");
    let mut command = sandbox.command();
    command.args(["verify", &image, "--request-timeout", "7s", "--public-key"]);
    command.arg(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/example/release-key.asc"
    ));
    command.env("TERM", "xterm");
    let told = format!("https://{host} has not answered for 5 s; waiting");
    let (status, shown) = Terminal::run(&command, 200).end();
    assert_eq!((status, shown.matches(&told).count()), (3, 1), "{shown}");
    let outcome = sandbox.finish(&mut command, b"").expect(3);
    assert!(!outcome.stderr.contains("has not answered"), "{outcome:?}");
}
