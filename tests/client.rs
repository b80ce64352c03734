// SPDX-License-Identifier: Apache-2.0
//! Reaching a cluster as oc and kubectl do: configuration files, flags, logins, proxies, and trouble on the wire.

#[path = "client/advice.rs"]
mod advice;
#[path = "client/again.rs"]
mod again;
#[path = "client/certificates.rs"]
mod certificates;
#[path = "client/contents.rs"]
mod contents;
#[path = "client/exec.rs"]
mod exec;
#[path = "client/exposed.rs"]
mod exposed;
#[path = "client/files.rs"]
mod files;
#[path = "client/flags.rs"]
mod flags;
#[path = "client/hurry.rs"]
mod hurry;
#[path = "client/impersonation.rs"]
mod impersonation;
#[path = "client/nobody.rs"]
mod nobody;
#[path = "client/panics.rs"]
mod panics;
#[path = "client/pod.rs"]
mod pod;
#[path = "client/proxies.rs"]
mod proxies;
#[path = "client/refusals.rs"]
mod refusals;
#[path = "client/secrets.rs"]
mod secrets;
#[path = "client/terminal.rs"]
mod terminal;
#[path = "client/tokens.rs"]
mod tokens;
#[path = "client/wire.rs"]
mod wire;

use crate::support::api::Request;
use crate::support::cluster::Scene;
use crate::support::images::D1;
use crate::support::program::Outcome;
use serde_json::Value;

/// `verify D1 -o json` with more arguments, which must succeed.
#[track_caller]
pub fn works(scene: &Scene, more: &[&str]) -> Outcome {
    scene
        .run_verify(D1, &[&["-o", "json"], more].concat())
        .expect_verdict(0, "Verified/Verified")
}

/// It must be a usage error with these words, and nobody is contacted.
#[track_caller]
pub fn misconfigured(scene: &Scene, more: &[&str], words: &[&str]) {
    let outcome = scene.run_verify(D1, more);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (2, ""), "{outcome:#?}");
    for word in words {
        assert!(outcome.stderr.contains(word), "{word:?} is not in {:?}", outcome.stderr);
    }
    assert_eq!(scene.server.connections(), 0, "the server was contacted");
}

/// The image is Unchecked for this reason; the message comes back.
#[track_caller]
pub fn unchecked(scene: &Scene, more: &[&str], reason: &str) -> String {
    let outcome = scene
        .run_verify(D1, &[&["-o", "json"], more].concat())
        .expect_verdict(3, &format!("Unchecked/{reason}"));
    outcome.item()["message"].as_str().unwrap().to_owned()
}

/// The only request that the server got.
#[track_caller]
pub fn only_request(scene: &Scene) -> Request {
    let requests = scene.server.requests();
    assert_eq!(requests.len(), 1, "{requests:#?}");
    requests[0].clone()
}

/// A kubeconfig as YAML, which most of them are.
pub fn yaml(config: &Value) -> String {
    let mut text = String::new();
    write_yaml(config, 0, &mut text);
    text
}

fn write_yaml(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                out.push_str(&format!("\n{indent}{name}:"));
                write_yaml(value, depth + 1, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                out.push_str(&format!("\n{indent}-"));
                write_yaml(item, depth + 1, out);
            }
        }
        scalar => out.push_str(&format!(" {scalar}")),
    }
}
