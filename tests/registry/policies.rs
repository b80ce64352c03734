// SPDX-License-Identifier: Apache-2.0
//! Policies and images in registries: the reference that is asked for decides on the scope.

use serde_json::{json, Value};

use crate::registry::town::Town;
use crate::support::cosign::{self, Cosign};
use crate::support::hub::Hub;

const REPOSITORY: &str = "ns/app";

#[test]
fn the_reference_asked_for_decides_on_the_scope() {
    let (town, hub) = (Town::new(), Hub::plain());
    let digest = hub.store(|store| store.repository(REPOSITORY).image("v1", "policies"));
    town.insecure(&[&hub.host()]);
    town.store_on_disk();
    let reference = format!("{}/{REPOSITORY}:v1", hub.host());
    town.keep(REPOSITORY, &digest, 1, &town.sign(&digest, &reference));
    let rule = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": town.key_file.to_str().unwrap()});
    let run = |requirements: Value| {
        let scopes = json!({hub.host(): requirements});
        let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": scopes}});
        town.sandbox.file("policy.json", policy.to_string());
        let image = format!("docker://{reference}");
        let own = ["verify", "-o", "json", "--policy", "policy.json", &image];
        let places = ["registries.d", "registries.conf"].map(|name| town.sandbox.path(name));
        let mut command = town.sandbox.command();
        command.args(own);
        command
            .arg("--registries.d")
            .arg(&places[0])
            .arg("--registries-conf")
            .arg(&places[1]);
        town.sandbox.finish(&mut command, b"")
    };
    let outcome = run(json!([rule])).expect_verdict(0, "Verified/Verified");
    let item = outcome.item();
    assert_eq!(item["identitySource"], "reference");
    let scope = format!("scope \"{}\" of policy policy.json", hub.host());
    assert_eq!(item["policy"][0]["scope"], scope.as_str());
    run(json!([rule, {"type": "reject"}])).expect_verdict(1, "Rejected/PolicyRejected");
    run(json!([{"type": "insecureAcceptAnything"}])).expect_verdict(1, "Allowed/Allowed");
}

/// A GPG signature in the lookaside store and a sigstore signature in the registry, each by its own requirement.
#[test]
fn both_kinds_are_required_of_an_image_in_a_registry() {
    let (town, hub) = (Town::new(), Hub::plain());
    let digest = hub.store(|store| store.repository(REPOSITORY).image("v1", "policies"));
    let plain = hub.store(|store| store.repository(REPOSITORY).image("v2", "without sigstore"));
    town.insecure(&[&hub.host()]);
    let store = town.store_on_disk();
    let url = format!("file://{}", store.display());
    town.stores(&format!(
        "default-docker:\n  lookaside: {url}\n  use-sigstore-attachments: true\n"
    ));
    let (cosign, other) = (Cosign::new(), Cosign::new());
    town.sandbox.file("cosign.pub", cosign.pem());
    town.sandbox.file("other.pub", other.pem());
    let named = |tag: &str| format!("{}/{REPOSITORY}:{tag}", hub.host());
    town.keep(REPOSITORY, &digest, 1, &town.sign(&digest, &named("v1")));
    town.keep(REPOSITORY, &plain, 1, &town.sign(&plain, &named("v2")));
    let payload = cosign::payload(&digest, &named("v1"));
    let layers = [(&payload[..], &cosign.sign(&payload)[..])];
    hub.store(|store| store.repository(REPOSITORY).attach(&digest, &layers));
    let gpg = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": town.key_file.to_str().unwrap()});
    let sigstore = |key: &str| json!({"type": "sigstoreSigned", "keyPath": town.sandbox.path(key)});
    let run = |tag: &str, requirements: Value| {
        town.sandbox
            .file("policy.json", json!({"default": requirements}).to_string());
        let image = format!("docker://{}", named(tag));
        let mut command = town.sandbox.command();
        command.args(["verify", "-o", "json", "--policy", "policy.json", &image]);
        for name in ["registries.d", "registries.conf"] {
            let option = name.replace(".conf", "-conf");
            command.arg(format!("--{option}")).arg(town.sandbox.path(name));
        }
        town.sandbox.finish(&mut command, b"")
    };
    run("v1", json!([gpg, sigstore("cosign.pub")])).expect_verdict(0, "Verified/Verified");
    run("v1", json!([sigstore("cosign.pub")])).expect_verdict(0, "Verified/Verified");
    // One of the two is there, or by another key.
    run("v1", json!([gpg, sigstore("other.pub")])).expect_verdict(1, "Rejected/PolicyRejected");
    run("v2", json!([gpg, sigstore("cosign.pub")])).expect_verdict(1, "Rejected/PolicyRejected");
    run("v2", json!([gpg])).expect_verdict(0, "Verified/Verified");
    std::fs::remove_dir_all(store.join("ns")).unwrap();
    run("v1", json!([gpg, sigstore("cosign.pub")])).expect_verdict(1, "Rejected/PolicyRejected");
    // Without the store nobody knows what was in it.
    std::fs::remove_dir_all(store).unwrap();
    run("v1", json!([gpg, sigstore("cosign.pub")])).expect_verdict(3, "Unchecked/SourceUnavailable");
    run("v1", json!([sigstore("cosign.pub")])).expect_verdict(0, "Verified/Verified");
}

/// Whoever has no word about sigstore signatures in registries.d learns that they were not asked for.
#[test]
fn what_to_do_where_sigstore_signatures_are_not_asked_for_is_told() {
    let (town, hub) = (Town::new(), Hub::plain());
    hub.store(|store| store.repository(REPOSITORY).image("v1", "policies"));
    town.insecure(&[&hub.host()]);
    town.store_on_disk();
    town.sandbox.file("cosign.pub", Cosign::new().pem());
    let image = format!("docker://{}/{REPOSITORY}:v1", hub.host());
    let next = |requirement: Value| {
        town.sandbox
            .file("policy.json", json!({"default": [requirement]}).to_string());
        let mut command = town.sandbox.command();
        command.args(["verify", "--explain", "--policy", "policy.json", &image]);
        for name in ["registries.d", "registries.conf"] {
            let option = name.replace(".conf", "-conf");
            command.arg(format!("--{option}")).arg(town.sandbox.path(name));
        }
        let outcome = town.sandbox.finish(&mut command, b"").expect(1);
        outcome.next().unwrap()
    };
    let asked = "If it has sigstore signatures, let them be asked for: use-sigstore-attachments is not set for";
    let told = next(json!({"type": "sigstoreSigned", "keyPath": town.sandbox.path("cosign.pub")}));
    assert!(told.starts_with("Next: ") && told.contains(asked), "{told}");
    let told = next(json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": town.key_file}));
    assert!(told.starts_with("Next: ") && !told.contains(asked), "{told}");
}
