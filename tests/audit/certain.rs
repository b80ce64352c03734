// SPDX-License-Identifier: Apache-2.0
//! What is certain of a signature is recorded, whoever else may say something of its image; what is not waits.

use serde_json::{json, Value};

use super::bench::digest;
use super::fleet::{stored, tag, Fleet, SOURCE};
use crate::support::api::Fault;
use crate::support::forge::Draft;
use crate::support::program::Outcome;

const OWNER: &str = "Example Release <release@example.com>";

fn stream(from: &str) -> Value {
    json!({"spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": from}}]},
        "status": {"tags": [{"tag": "v1", "items": [{"image": digest(1)}]}]}})
}

fn trusted(fleet: &Fleet) -> Value {
    fleet.server().stored(&digest(1))["signatures"][0]["conditions"][0]["status"].clone()
}

/// A file with the fleet's key and its revocation.
fn revoked(fleet: &Fleet) -> String {
    let revoked = fleet.key.revoked(OWNER, 0, fleet.key.created + 1);
    fleet.scene.sandbox.file("revoked.gpg", revoked).display().to_string()
}

fn audit(fleet: &Fleet, criteria: [&str; 2]) -> Outcome {
    let mut command = fleet.scene.sandbox.command();
    command.arg("audit").args(criteria);
    command.args(["--expected-identity-map", "map", "--confirm", "-o", "jsonl"]);
    fleet.scene.finish(&mut command)
}

#[test]
fn a_name_that_the_map_does_not_have_keeps_no_revoked_key_in_force() {
    let fleet = Fleet::empty();
    fleet.scene.sandbox.file("map", format!("{SOURCE} {SOURCE}\n"));
    fleet.signed_in_a_stream();
    audit(&fleet, ["--public-key", &fleet.key_file]).expect(0);
    assert_eq!(trusted(&fleet), "True");
    fleet.server().stream("evil", "x", stream("unmapped.example/x:v1"));
    // Others may record by other keys what this map does not have.
    fleet.other_key("other.gpg");
    audit(&fleet, ["--public-key", "other.gpg"]).expect(1);
    assert_eq!(trusted(&fleet), "True");
    let outcome = audit(&fleet, ["--public-key", &revoked(&fleet)]).expect(1);
    assert_eq!(trusted(&fleet), "False", "{outcome:#?}");
    assert!(!outcome.stderr.contains("nothing is recorded"), "{outcome:#?}");
    assert!(
        outcome.stderr.contains("so no image is recorded as trusted"),
        "{outcome:#?}"
    );
    // Nothing is recorded anew.
    let (own, blob) = (digest(1), fleet.sign(&digest(1), &tag(1)));
    fleet.server().image(stored(&own, &[&blob]));
    audit(&fleet, ["--public-key", &revoked(&fleet)]).expect(1);
    assert!(trusted(&fleet).is_null());
}

fn scope(keys: &str) -> Value {
    json!([{"type": "signedBy", "keyType": "GPGKeys", "keyPath": keys}])
}

fn policy(fleet: &Fleet, own: &Value, evil: &Value) {
    let scopes = json!({SOURCE: own, "registry.example/evil": evil});
    let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": scopes}});
    fleet.scene.sandbox.file("policy.json", policy.to_string());
    let map = format!("{SOURCE} {SOURCE}\nregistry.example registry.example\n");
    fleet.scene.sandbox.file("map", map);
}

/// Pods cannot be listed, so that other uses of the image may be.
fn hide_pods(fleet: &Fleet) {
    fleet.server().fault(Fault::status(403).on("GET", "/pods$"));
}

#[test]
fn what_the_scope_of_a_record_refuses_is_taken_back_though_not_all_uses_are_known() {
    let reject = json!([{"type": "reject"}]);
    let fleet = Fleet::empty();
    fleet.other_key("other.gpg");
    let other = fleet.scene.sandbox.path("other.gpg").display().to_string();
    for own in [scope(&other), reject.clone()] {
        fleet.server().heal();
        fleet.signed_in_a_stream();
        policy(&fleet, &scope(&fleet.key_file), &reject);
        audit(&fleet, ["--policy", "policy.json"]).expect(0);
        assert_eq!(trusted(&fleet), "True");
        hide_pods(&fleet);
        audit(&fleet, ["--policy", "policy.json"]).expect(3);
        assert_eq!(trusted(&fleet), "True");
        policy(&fleet, &own, &reject);
        let outcome = audit(&fleet, ["--policy", "policy.json"]).expect(3);
        assert_eq!(trusted(&fleet), "False", "{own}: {outcome:#?}");
    }
}

/// In the scope of the image there may be a copy that is renewed.
#[test]
fn an_old_copy_of_a_key_in_one_scope_decides_nothing_where_not_all_uses_are_known() {
    let fleet = Fleet::empty();
    let lifetime = Draft::certification(&fleet.key).expires_after(9, 60);
    let expired = fleet.key.certificate_with(OWNER, &lifetime);
    let expired = fleet.scene.sandbox.file("expired.gpg", expired).display().to_string();
    fleet.signed_in_a_stream();
    fleet
        .server()
        .stream("shop", "app", stream("registry.example/evil/x:v1"));
    policy(&fleet, &scope(&fleet.key_file), &scope(&expired));
    hide_pods(&fleet);
    let outcome = audit(&fleet, ["--policy", "policy.json"]).expect(3);
    assert!(outcome.stdout.contains("KeyExpired"), "{outcome:#?}");
    assert!(trusted(&fleet).is_null(), "{outcome:#?}");
    // A revocation counts in all scopes.
    policy(&fleet, &scope(&fleet.key_file), &scope(&revoked(&fleet)));
    audit(&fleet, ["--policy", "policy.json"]).expect(3);
    assert_eq!(trusted(&fleet), "False");
}
