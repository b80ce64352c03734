// SPDX-License-Identifier: Apache-2.0
//! Verdicts recorded in files: what is written, how, and what is left alone.

#[path = "record/ancestor.rs"]
mod ancestor;
#[path = "record/attributes.rs"]
mod attributes;
#[path = "record/crowd.rs"]
mod crowd;
#[path = "record/describe.rs"]
mod describe;
#[path = "record/dry.rs"]
mod dry;
#[path = "record/fields.rs"]
mod fields;
#[path = "record/judging.rs"]
mod judging;
#[path = "record/kept.rs"]
mod kept;
#[path = "record/plan.rs"]
mod plan;
#[path = "record/remove.rs"]
mod remove;
#[path = "record/rewrite.rs"]
mod rewrite;
#[path = "record/rows.rs"]
mod rows;
#[path = "record/several.rs"]
mod several;
#[path = "record/shapes.rs"]
mod shapes;
#[path = "record/stream.rs"]
mod stream;
#[path = "record/text.rs"]
mod text;
#[path = "record/threshold.rs"]
mod threshold;
#[path = "record/told.rs"]
mod told;
#[path = "record/untouched.rs"]
mod untouched;

use std::path::PathBuf;

pub use crate::support::desk::{Desk, IDENTITY, OTHER, OWNER};
use crate::support::images::{image, D1};
pub use crate::support::program::Outcome;
use serde_json::{json, Value};

/// When records that the tests lay down are said to have been made.
pub const LONG_AGO: &str = "2026-01-01T00:00:00Z";

/// What tests of records do with the one file `image.json`.
pub trait Records {
    /// Writes an object as `oc get -o json` does.
    fn store(&self, object: &Value) -> PathBuf;

    fn read(&self) -> Value;

    /// `verify -f image.json` with the key file and [`IDENTITY`].
    fn verify(&self, more: &[&str]) -> Outcome {
        self.verify_as(&["--expected-identity", IDENTITY], more)
    }

    fn verify_as(&self, identities: &[&str], more: &[&str]) -> Outcome;

    /// `verify -o json --confirm` of a file for [`IDENTITY`].
    fn record_file(&self, name: &str) -> Outcome;

    /// Records, and gives the entry of the first signature; the whole must be one that the server takes.
    fn record(&self, before: &Value, more: &[&str], status: i32) -> Value {
        self.store(before);
        self.verify(&[more, &["--confirm"]].concat()).expect(status);
        let after = self.read();
        assert_server_takes(&after, before);
        after["signatures"][0].clone()
    }
}

impl Records for Desk {
    fn store(&self, object: &Value) -> PathBuf {
        self.put(
            "image.json",
            format!("{}\n", serde_json::to_string_pretty(object).unwrap()),
        )
    }

    fn read(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.sandbox.path("image.json")).unwrap()).unwrap()
    }

    fn verify_as(&self, identities: &[&str], more: &[&str]) -> Outcome {
        self.run(&[&["-f", "image.json"], identities, more].concat())
    }

    fn record_file(&self, name: &str) -> Outcome {
        self.run(&["-o", "json", "--confirm", "--expected-identity", IDENTITY, "-f", name])
    }
}

/// The server's own rules, as far as the object can fulfil them.
#[track_caller]
pub fn assert_server_takes(after: &Value, before: &Value) {
    let errors = crate::support::api::validation::image_update(after, before).expect("the server panics on it");
    let ours: Vec<_> = errors.iter().map(|error| format!("{error:?}")).collect();
    assert!(ours.is_empty(), "the server refuses it: {ours:#?}\n{after:#}");
}

/// Lays down what a run in the past has recorded.
pub fn record_trusted(entry: &mut Value, identity: &str, fingerprint: &str) {
    let condition = |kind: &str| {
        json!({"type": kind, "status": "True", "lastProbeTime": LONG_AGO, "lastTransitionTime": LONG_AGO,
               "reason": "Verified", "message": "verified by alice: signed"})
    };
    entry["conditions"] = json!([condition("Trusted"), condition("ForImage")]);
    entry["imageIdentity"] = identity.into();
    entry["signedClaims"] = json!({"critical.identity.docker-reference": identity});
    entry["created"] = LONG_AGO.into();
    entry["issuedBy"] = json!({"commonName": OWNER});
    entry["issuedTo"] = json!({"publicKeyID": fingerprint});
}

/// D1 with one signature, and with what a run in the past has recorded of it.
pub fn recorded(blob: &[u8], identity: &str, fingerprint: &str) -> Value {
    let mut object = image(D1, &[blob]);
    record_trusted(&mut object["signatures"][0], identity, fingerprint);
    object
}

/// The view of a stream's tag that has the desk's signed image in it.
pub fn view_of(desk: &Desk) -> Value {
    json!({
        "apiVersion": "image.openshift.io/v1", "kind": "ImageStreamTag",
        "metadata": {"name": "app:v1", "namespace": "ns"},
        "image": desk.signed(),
    })
}

/// `Type=Status(Reason)` of each condition.
pub fn conditions(entry: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    entry["conditions"].as_array().map_or(Vec::new(), |all| {
        all.iter()
            .map(|c| format!("{}={}({})", text(&c["type"]), text(&c["status"]), text(&c["reason"])))
            .collect()
    })
}

/// The members that say who signed what, as far as they are there.
pub fn facts(entry: &Value) -> Vec<&'static str> {
    ["imageIdentity", "signedClaims", "created", "issuedBy", "issuedTo"]
        .into_iter()
        .filter(|name| entry.get(*name).is_some())
        .collect()
}
