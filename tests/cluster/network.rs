// SPDX-License-Identifier: Apache-2.0
//! Whom the program contacts, as the kernel sees it; and runs that are interrupted while a server is slow.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::cluster::{line, statuses, stored, USER};
use crate::support::api::Fault;
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::images::{image, D1};
use crate::support::program::{binary, has, wait_until};
use crate::support::skipped;

/// Internet addresses that the program and what it starts connected to, as `ADDRESS:PORT`.
fn contacted(scene: &Scene, args: &[String]) -> BTreeSet<String> {
    let log = scene.sandbox.path("connects");
    let mut command = scene.sandbox.command_of("/usr/bin/strace".as_ref());
    command
        .args(["-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o"])
        .arg(&log)
        .arg(binary())
        .args(args);
    scene.finish(&mut command).expect(0);
    let log = fs::read_to_string(log).unwrap();
    let between = |line: &str, begin: &str, end: &str| {
        let (_, rest) = line.split_once(begin)?;
        Some(rest.split_once(end)?.0.to_owned())
    };
    let lines = log.lines().filter(|line| line.contains("AF_INET"));
    lines
        .map(|line| {
            let port = between(line, "_port=htons(", ")").unwrap();
            let address = between(line, "inet_addr(\"", "\"").unwrap_or_else(|| line.to_owned());
            format!("{address}:{port}")
        })
        .collect()
}

#[test]
fn the_kernel_sees_connections_to_the_api_server_and_to_nobody_else() {
    if !has("strace") {
        return skipped("connections as strace sees them", "strace is not installed");
    }
    let traces = Command::new("strace")
        .args(["-qq", "-e", "trace=none", "true"])
        .status();
    if !traces.is_ok_and(|status| status.success()) {
        return skipped("connections as strace sees them", "tracing is not allowed here");
    }
    let scene = Scene::new();
    let blob = scene.sign(D1, IDENTITY);
    let mut object = image(D1, &[&blob]);
    // Names and addresses of a registry, none of which is anybody's business.
    object["dockerImageReference"] = format!("registry.example.com:5000/foo/bar@{D1}").into();
    scene.server.image(object);
    scene.server.grant("alice", &["get"], "imagestreamtags");
    scene
        .server
        .stream("team", "app", crate::cluster::streams::stream("v1", D1));
    let server = scene.server.address().to_string();
    for (name, command) in [
        (D1, "verify"),
        ("team/app:v1", "verify"),
        (D1, "describe"),
        (D1, "remove"),
    ] {
        let mut args = match command {
            "verify" => scene.verify(name),
            command => vec![command.to_owned(), name.to_owned()],
        };
        if command != "describe" {
            args.push("--confirm".to_owned());
        }
        let found = contacted(&scene, &args);
        assert_eq!(found, BTreeSet::from([server.clone()]), "{command} {name}");
    }
}

/// Starts `verify --confirm`, interrupts it when the server has got that far, and gives the exit status.
fn interrupted(scene: &Scene, signal: &str, what: &str, has_come: impl FnMut() -> bool) -> Option<i32> {
    let mut command = scene.sandbox.command();
    command.args(scene.verify(D1)).arg("--confirm");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until(what, has_come);
    let kill = format!("kill {signal} {}", child.id());
    let sent = Command::new("sh").args(["-c", &kill]).status().unwrap();
    assert!(sent.success());
    let status = child.wait().unwrap();
    scene.sandbox.assert_clean();
    status.code()
}

#[test]
fn interrupted_while_the_image_arrives() {
    for signal in ["-INT", "-TERM"] {
        let scene = Scene::signed();
        scene
            .server
            .fault(Fault::trickle(1, Duration::from_secs(1)).on("GET", "/images/"));
        let read = line("GET", D1);
        let status = interrupted(&scene, signal, "the image is asked for", || {
            scene.server.lines().contains(&read)
        });
        assert_eq!(status, Some(130));
        assert_eq!(stored(&scene.server)["conditions"], Value::Null);
    }
}

#[test]
fn interrupted_before_the_write_is_done() {
    let scene = Scene::signed();
    scene
        .server
        .fault(Fault::trickle(1, Duration::from_secs(1)).on("POST", "/selfsubjectreviews"));
    let status = interrupted(&scene, "-INT", "the user is asked for", || {
        scene.server.lines().contains(&USER.to_owned())
    });
    assert_eq!(status, Some(130));
    assert_eq!(stored(&scene.server)["conditions"], Value::Null);
}

#[test]
fn interrupted_while_the_answer_to_the_write_arrives() {
    let scene = Scene::signed();
    scene
        .server
        .fault(Fault::trickle(1, Duration::from_secs(1)).on("PATCH", "/images/"));
    let write = line("PATCH", D1);
    let status = interrupted(&scene, "-INT", "the write is done", || {
        scene.server.lines().contains(&write)
    });
    assert_eq!(status, Some(130));
    // One write an image: it is whole or not there.
    assert_eq!(statuses(&stored(&scene.server)), ["Trusted=True", "ForImage=True"]);
}
