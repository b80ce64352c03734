// SPDX-License-Identifier: Apache-2.0
//! `policy why --mirrors`: what is printed for a mirror accepts under its names no more than the policy does under the source's.

use serde_json::{json, Value};

use crate::support::desk::Desk;
use crate::support::images::{image, D1};

/// A desk with a registries.conf in which m.example is a mirror of quay.io.
pub(super) fn desk() -> Desk {
    let desk = Desk::new();
    let conf = "[[registry]]\nlocation = \"quay.io\"\n[[registry.mirror]]\nlocation = \"m.example\"\n";
    desk.put("registries.conf", conf);
    std::fs::create_dir(desk.sandbox.path("registries.d")).unwrap();
    desk
}

pub(super) fn signed_by(identity: &Value) -> Value {
    let mut requirement = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": "key.gpg"});
    if !identity.is_null() {
        requirement["signedIdentity"] = identity.clone();
    }
    requirement
}

/// The stanza for the mirror of an image.
pub(super) fn stanza(desk: &Desk, file: &str, reference: &str) -> Value {
    let conf = ["--registries-conf", "registries.conf", "--registries.d", "registries.d"];
    let args = ["policy", "why", reference, file, "--mirrors", "-o", "json"];
    let outcome = desk.sandbox.run([&args[..], &conf].concat()).expect(0);
    let mirrors = outcome.item()["mirrors"].as_array().unwrap().clone();
    assert_eq!(mirrors.len(), 1, "{outcome:?}");
    mirrors[0].clone()
}

/// The verdict of `verify` on an image that is signed as `signed` and asked for as `asked`, by `scopes`.
fn verdict(desk: &Desk, scopes: &Value, signed: &str, asked: &str) -> String {
    let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": scopes}});
    desk.put("new.json", policy.to_string());
    desk.put("image.json", image(D1, &[&desk.sign(D1, signed)]).to_string());
    let args = [
        "verify",
        "-f",
        "image.json",
        "--policy",
        "new.json",
        "-o",
        "json",
        "--expected-identity",
        asked,
    ];
    let outcome = desk.sandbox.run(args);
    outcome.item()["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn a_stanza_is_no_wider_than_the_scope_that_it_is_made_of() {
    let desk = desk();
    for (scope, inside, outside) in [
        ("quay.io/ns", "ns/app:v1", "other/app:v1"),
        ("quay.io/ns/app", "ns/app:v1", "ns/app2:v1"),
        ("quay.io/ns/app:v1", "ns/app:v1", "ns/app:v2"),
    ] {
        let scopes = json!({scope: [signed_by(&Value::Null)]});
        let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": scopes}});
        desk.put("policy.json", policy.to_string());
        let (quay, mirror) = (
            |name: &str| format!("quay.io/{name}"),
            |name: &str| format!("m.example/{name}"),
        );
        let found = stanza(&desk, "policy.json", &quay(inside));
        assert_eq!(found["accepted"], true, "{found}");
        let notes = found["notes"].to_string();
        assert!(notes.contains("this stanza is for names in m.example/ns"), "{found}");
        let text = format!("{{{}}}", found["stanza"].as_str().unwrap());
        let mut both: Value = serde_json::from_str(&text).unwrap();
        both[scope] = scopes[scope].clone();
        for (name, expected) in [(inside, "Verified"), (outside, "Rejected")] {
            assert_eq!(
                verdict(&desk, &both, &quay(name), &quay(name)),
                expected,
                "{scope} {name}"
            );
            assert_eq!(
                verdict(&desk, &both, &quay(name), &mirror(name)),
                expected,
                "{scope} {name}"
            );
        }
    }
}

/// The policy's own prefix may be narrower than the source; what lies outside of it is signed under another name.
#[test]
fn a_stanza_follows_the_prefix_that_the_policy_replaces_itself() {
    let desk = desk();
    let remap = json!({"type": "remapIdentity", "prefix": "quay.io/ns", "signedPrefix": "up.example/ns"});
    for scope in ["quay.io", "quay.io/ns"] {
        let scopes = json!({scope: [signed_by(&remap)]});
        let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": scopes}});
        desk.put("policy.json", policy.to_string());
        let found = stanza(&desk, "policy.json", "quay.io/ns/app:v1");
        assert_eq!(found["accepted"], true, "{found}");
        let text = format!("{{{}}}", found["stanza"].as_str().unwrap());
        let new: Value = serde_json::from_str(&text).unwrap();
        let own = verdict(&desk, &new, "up.example/ns/app:v1", "m.example/ns/app:v1");
        assert_eq!(own, "Verified", "{found}");
        let other = verdict(&desk, &new, "quay.io/other/app:v1", "m.example/other/app:v1");
        assert_eq!(other, "Rejected", "{found}");
    }
    // An image outside of the prefix is told of it.
    let scopes = json!({"quay.io": [signed_by(&remap)]});
    let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": scopes}});
    desk.put("policy.json", policy.to_string());
    let found = stanza(&desk, "policy.json", "quay.io/other/app:v1");
    assert!(
        found["notes"].to_string().contains("inside quay.io: quay.io/ns;"),
        "{found}"
    );
}

/// Narrower scopes decide alone, under the mirror's name too once it has them.
#[test]
fn scopes_inside_of_a_stanza_are_named() {
    let desk = desk();
    let scopes = json!({"quay.io": [signed_by(&Value::Null)], "quay.io/secret": [{"type": "reject"}], "a.example": [{"type": "reject"}]});
    let policy = json!({"default": [signed_by(&Value::Null)], "transports": {"docker": scopes}});
    desk.put("policy.json", policy.to_string());
    let found = stanza(&desk, "policy.json", "quay.io/ns/app:v1");
    let notes = found["notes"].to_string();
    assert!(
        notes.contains("narrower scopes or prefixes inside quay.io: quay.io/secret;"),
        "{found}"
    );
    // The default as well.
    let policy = json!({"default": [signed_by(&Value::Null)], "transports": {"docker": {"quay.io/secret": [{"type": "reject"}]}}});
    desk.put("policy.json", policy.to_string());
    let found = stanza(&desk, "policy.json", "quay.io/ns/app:v1");
    assert!(
        found["notes"].to_string().contains("inside quay.io: quay.io/secret;"),
        "{found}"
    );
}

#[test]
fn a_stanza_for_an_object_is_no_wider_than_its_scope() {
    let desk = desk();
    let object = json!({
        "apiVersion": "config.openshift.io/v1", "kind": "ClusterImagePolicy", "metadata": {"name": "own"},
        "spec": crate::support::cosign::Cosign::new().policy_spec(&["quay.io/ns"]),
    });
    desk.put("object.json", object.to_string());
    let found = stanza(&desk, "object.json", "quay.io/ns/app:v1");
    let text = found["stanza"].as_str().unwrap();
    assert!(text.contains("  scopes:\n  - m.example/ns\n"), "{text}");
    assert!(text.contains("prefix: m.example/ns\n"), "{text}");
    assert!(text.contains("signedPrefix: quay.io/ns"), "{text}");
}
