// SPDX-License-Identifier: Apache-2.0
//! What a run that a signal ends says of its changes in the cluster: what was stored, and what nobody knows.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{kill_process, Pid, Signal};

use crate::attach::Town;
use crate::support::api::Server;
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::images::D1;
use crate::support::program::wait_until;

const POSTS: &str = "/apis/image.openshift.io/v1/imagesignatures";

/// How long the server takes for a request that is under way when the signal comes.
const LONG: Duration = Duration::from_secs(5);

/// Lets a request of a method wait, the one of this number from 1 on; the flag says that it has come.
fn hold(server: &Server, method: &'static str, path: &str, number: usize) -> Arc<AtomicBool> {
    let (has_come, mut count) = (Arc::new(AtomicBool::new(false)), 0);
    let flag = Arc::clone(&has_come);
    server.before_every(method, path, move |_| {
        count += 1;
        if count == number {
            flag.store(true, Ordering::SeqCst);
            std::thread::sleep(LONG);
        }
    });
    has_come
}

/// Runs a command until the request has come, ends it by a signal, and gives what it said.
#[track_caller]
fn interrupt(has_come: &AtomicBool, command: &mut Command, signal: Signal) -> String {
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the request is under way", || has_come.load(Ordering::SeqCst));
    let process = Pid::from_child(&child);
    kill_process(process, signal).unwrap();
    // An audit finishes what it has begun; the second signal ends it at once.
    std::thread::sleep(Duration::from_millis(300));
    let _ = kill_process(process, signal);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    stderr
}

#[test]
fn what_was_added_is_named_and_what_is_under_way_is_not_known() {
    for signal in [Signal::INT, Signal::TERM] {
        let town = Town::founded();
        let server = &town.scene.server;
        server.grant("alice", &["create"], "imagesignatures");
        let (first, second) = town.offer_two();
        let name = |blob: &[u8]| town.name(blob);
        let mut attach = town.command(&["--registry-url", "auto", "--confirm", "--attach"]);
        let held = hold(server, "POST", POSTS, 2);
        let stderr = interrupt(&held, &mut attach, signal);
        let added = format!("{}: added to the Image", name(&first));
        assert!(stderr.lines().any(|line| line == added), "{stderr}");
        let open = format!("{}: it is unknown whether it was added to the Image", name(&second));
        assert!(stderr.contains(&open), "{stderr}");
        assert!(
            stderr.contains("interrupted; judged 0 of 1 images; nothing was recorded"),
            "{stderr}"
        );
        // A record under way: both are there, and of it nothing is known.
        server.heal();
        let held = hold(server, "PATCH", "/images/", 1);
        town.store(&[], &town.hub.host(), false);
        let mut attach = town.command(&["--registry-url", "auto", "--confirm", "--attach"]);
        let stderr = interrupt(&held, &mut attach, signal);
        for blob in [&first, &second] {
            assert!(
                stderr.contains(&format!("{}: added to the Image", name(blob))),
                "{stderr}"
            );
        }
        let open = format!("{}: it is unknown whether the Image was changed", town.digest);
        assert!(stderr.contains(&open), "{stderr}");
        assert!(!stderr.contains("nothing was recorded"), "{stderr}");
    }
}

#[test]
fn a_record_under_way_is_not_known() {
    let scene = Scene::signed();
    let expected = format!("{D1}={IDENTITY}");
    let key = scene.key_file.to_str().unwrap();
    scene.run_verify(D1, &["--confirm"]).expect(0);
    let run = |args: &[&str]| {
        scene.server.heal();
        let held = hold(&scene.server, "PATCH", D1, 1);
        let mut command = scene.sandbox.command();
        command.args(args);
        interrupt(&held, &mut command, Signal::INT)
    };
    let open = format!("{D1}: it is unknown whether the Image was changed: the request was under way");
    let verify = ["verify", &expected, "--public-key", key, "--confirm"];
    let stderr = run(&verify);
    assert!(stderr.contains("interrupted; judged 0 of 1 images\n"), "{stderr}");
    assert!(stderr.contains(&open), "{stderr}");
    let stderr = run(&["remove", D1, "--confirm"]);
    assert!(stderr.contains(&format!("interrupted\n{open}")), "{stderr}");
    // An audit writes only what changes something.
    scene
        .server
        .image(crate::support::images::image(D1, &[&scene.sign(D1, IDENTITY)]));
    let stderr = run(&["audit", &expected, "--public-key", key, "--confirm"]);
    assert!(stderr.contains("interrupted; judged"), "{stderr}");
    assert!(stderr.contains(&open), "{stderr}");
}

/// Images that were done before are counted.
#[test]
fn records_that_were_removed_before_are_told() {
    let scene = Scene::signed();
    let other = crate::support::images::D2;
    let blob = scene.sign(other, IDENTITY);
    scene.server.image(crate::support::images::image(other, &[&blob]));
    scene.run_verify(D1, &["--confirm"]).expect(0);
    scene.run_verify(other, &["--confirm"]).expect(0);
    let held = hold(&scene.server, "PATCH", other, 1);
    let mut command = scene.sandbox.command();
    command.args(["remove", D1, other, "--confirm"]);
    let stderr = interrupt(&held, &mut command, Signal::TERM);
    assert!(
        stderr.contains("interrupted; records were removed from 1 image\n"),
        "{stderr}"
    );
    assert!(stderr.contains(&format!("{other}: it is unknown")), "{stderr}");
}
