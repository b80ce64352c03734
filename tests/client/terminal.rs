// SPDX-License-Identifier: Apache-2.0
//! Credential plugins that ask their user something, on a terminal of script(1) (docs/openshift-api.md 5.5).

use std::path::Path;

use serde_json::{json, Value};

use crate::support::cluster::{Scene, IDENTITY, TOKEN};
use crate::support::images::D1;
use crate::support::program::{binary, has};
use crate::support::skipped;

const V1: &str = "client.authentication.k8s.io/v1";

/// A plugin that writes down what it is told and a line that it reads, if it is given a terminal.
fn scene(mode: &str) -> Scene {
    let scene = Scene::signed();
    let answer = json!({"apiVersion": V1, "kind": "ExecCredential", "status": {"token": TOKEN}});
    let script = format!(
        "printf %s \"$KUBERNETES_EXEC_INFO\" >info; [ -t 0 ] && read -r line && echo \"$line\" >line; echo '{answer}'"
    );
    let exec = json!({"apiVersion": V1, "interactiveMode": mode, "command": "/bin/sh", "args": ["-c", script]});
    scene.kubeconfig(json!({"exec": exec}));
    scene
}

/// Whether the plugin was told that it may ask, and what it read.
fn asked(mode: &str) -> (Value, Option<String>) {
    let scene = scene(mode);
    let words: Vec<String> = scene.verify(D1).iter().map(|word| format!("'{word}'")).collect();
    let line = format!("'{}' {}", binary().display(), words.join(" "));
    let mut command = scene.sandbox.command_of(Path::new("/usr/bin/script"));
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    scene.sandbox.finish(&mut command, b"my answer\n").expect(0);
    let read = |name: &str| std::fs::read_to_string(scene.sandbox.path(name)).ok();
    let info: Value = serde_json::from_str(&read("info").unwrap()).unwrap();
    (info["spec"]["interactive"].clone(), read("line"))
}

#[test]
fn a_plugin_may_ask_on_a_terminal_unless_it_says_never() {
    if !has("script") {
        skipped(
            "a_plugin_may_ask_on_a_terminal_unless_it_says_never",
            "script is not installed",
        );
        return;
    }
    for (mode, interactive) in [("Never", false), ("IfAvailable", true), ("Always", true)] {
        let (told, line) = asked(mode);
        assert_eq!(told, json!(interactive), "{mode}");
        let expected = interactive.then(|| "my answer\n".to_owned());
        assert_eq!(line, expected, "{mode}");
    }
}

#[test]
fn standard_input_that_is_a_list_of_images_is_not_for_plugins() {
    let list = format!("{D1} {IDENTITY}\n");
    for (mode, status) in [("IfAvailable", 0), ("Always", 3)] {
        let scene = scene(mode);
        let mut command = scene.sandbox.command();
        command.args(["verify", "--images-from", "-", "-o", "json", "--public-key"]);
        command.arg(&scene.key_file);
        let outcome = scene.sandbox.finish(&mut command, list.as_bytes()).expect(status);
        if mode == "Always" {
            assert!(outcome.words().contains("standard input is in use"), "{outcome:#?}");
        } else {
            assert_eq!(outcome.verdict(), "Verified/Verified");
        }
        assert!(!scene.sandbox.path("line").exists(), "{mode}");
    }
}
