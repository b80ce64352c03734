// SPDX-License-Identifier: Apache-2.0
//! Limits of minutes, on a clock that the program sees run fifty times as fast (libfaketime).

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::support::api::Fault;
use crate::support::cluster::Scene;
use crate::support::images::D1;
use crate::support::program::{binary, has};
use crate::support::skipped;

/// `verify D1 -v -o json` in a hurry; `None` where that cannot be done.
fn hurried(scene: &Scene, test: &str) -> Option<Command> {
    if !has("faketime") {
        skipped(test, "faketime is not installed");
        return None;
    }
    let mut command = scene.sandbox.command_of(Path::new("/usr/bin/faketime"));
    command.args(["-f", "+0 x50"]).arg(binary());
    command.args(scene.verify(D1)).args(["-v", "-o", "json"]);
    Some(command)
}

fn reads(scene: &Scene) -> usize {
    scene.server.requests().iter().filter(|r| r.method == "GET").count()
}

#[test]
fn a_server_that_asks_for_hours_gets_a_minute() {
    let scene = Scene::signed();
    let Some(mut command) = hurried(&scene, "a_server_that_asks_for_hours_gets_a_minute") else {
        return;
    };
    let fault = Fault::status(429).retry_after(7200).on("GET", "/images/").once();
    scene.server.fault(fault);
    let outcome = scene.finish(&mut command);
    assert!(outcome.stderr.contains("once more in 60000 ms"), "{outcome:#?}");
    assert_eq!(reads(&scene), 2, "{outcome:#?}");
}

#[test]
fn a_server_that_asks_for_a_minute_each_time_gets_five_in_all() {
    let scene = Scene::signed();
    let Some(mut command) = hurried(&scene, "a_server_that_asks_for_a_minute_each_time_gets_five_in_all") else {
        return;
    };
    scene
        .server
        .fault(Fault::status(503).retry_after(60).on("GET", "/images/"));
    let outcome = scene.finish(&mut command).expect(3);
    // Four minutes have passed after the fifth read; the count of retries alone would allow eleven.
    assert!((2..=5).contains(&reads(&scene)), "{}: {outcome:#?}", reads(&scene));
    assert_eq!(outcome.item()["reason"], "SourceUnavailable");
}

#[test]
fn a_plugin_that_hangs_is_ended() {
    for script in [
        // Neither prints nor ends.
        "exec tail -f /dev/null",
        // Prints nothing more, and does not end.
        "exec tail -f /dev/null >&-",
    ] {
        let scene = Scene::signed();
        let Some(mut command) = hurried(&scene, "a_plugin_that_hangs_is_ended") else {
            return;
        };
        let script = format!("echo $$ >process; {script}");
        scene.kubeconfig(json!({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
            "command": "/bin/sh", "args": ["-c", script],
        }}));
        let outcome = scene.finish(&mut command).expect(3);
        assert!(outcome.words().contains("took longer than 300 s"), "{outcome:#?}");
        assert_eq!(scene.server.connections(), 0);
        let process = std::fs::read_to_string(scene.sandbox.path("process")).unwrap();
        assert!(!Path::new("/proc").join(process.trim()).exists(), "it still runs");
    }
}

#[test]
fn a_slow_answer_after_retries_ends_with_the_five_minutes_of_all_of_them() {
    let scene = Scene::signed();
    let Some(mut command) = hurried(
        &scene,
        "a_slow_answer_after_retries_ends_with_the_five_minutes_of_all_of_them",
    ) else {
        return;
    };
    let busy = Fault::status(503).retry_after(60).on("GET", "/images/").times(4);
    scene.server.fault(busy);
    // Never so slow that a part of it is late, and far from done after another minute.
    let slow = Fault::trickle(1, Duration::from_millis(50));
    scene.server.fault(slow.on("GET", "/images/"));
    let outcome = scene.finish(&mut command).expect(3);
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("the request took longer than "), "{outcome:#?}");
    assert_eq!(reads(&scene), 5, "{outcome:#?}");
    scene.server.hang_up();
}
