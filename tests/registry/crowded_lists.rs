// SPDX-License-Identifier: Apache-2.0
//! Manifest lists whose instances have very many signatures: what they take of time and memory has a bound for the whole list.

use std::path::Path;

use serde_json::{json, Value};

use super::lists::{LIST, REPOSITORY};
use crate::registry::town::Town;
use crate::support::cosign::{self, Cosign};
use crate::support::forge::{then, Draft, Key};
use crate::support::hub::{Hub, MANIFEST};
use crate::support::images::{base64, payload};
use crate::support::program::{binary, has};
use crate::support::skipped;

/// A registry with a list `v1` of so many images, and a store for signatures by a key that is not gpg's.
struct Crowd {
    town: Town,
    hub: Hub,
    key: Key,
    instances: Vec<String>,
}

impl Crowd {
    fn new(count: usize) -> Self {
        let (mut town, hub, key) = (Town::new(), Hub::plain(), Key::new());
        town.insecure(&[&hub.host()]);
        town.store_on_disk();
        town.key_file = town.sandbox.file("crowd.gpg", key.certificate("crowd"));
        let instances: Vec<String> = (0..count)
            .map(|n| hub.store(|store| store.repository(REPOSITORY).image("", &n.to_string())))
            .collect();
        let entries = instances.iter().enumerate().map(|(n, digest)| {
            json!({
                "mediaType": MANIFEST, "size": 1, "digest": digest,
                "platform": {"os": "linux", "architecture": format!("a{n}")},
            })
        });
        let list = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": entries.collect::<Vec<_>>()}).to_string();
        hub.store(|store| store.repository(REPOSITORY).push("v1", LIST, list.as_bytes()));
        Self {
            town,
            hub,
            key,
            instances,
        }
    }

    fn image(&self, tag: &str) -> String {
        format!("docker://{}/{REPOSITORY}{tag}", self.hub.host())
    }

    /// A good signature of an image.
    fn sign(&self, digest: &str) -> Vec<u8> {
        let reference = format!("{}/{REPOSITORY}:v1", self.hub.host());
        self.key.message(&Draft::new(then()), &payload(digest, &reference))
    }

    /// Good signatures of other images.
    fn of_others(&self, count: usize) -> Vec<Vec<u8>> {
        (0..count).map(|n| self.sign(&format!("sha256:{n:064x}"))).collect()
    }

    fn keep(&self, instance: usize, blobs: &[Vec<u8>]) {
        for (n, blob) in blobs.iter().enumerate() {
            self.town.keep(REPOSITORY, &self.instances[instance], n + 1, blob);
        }
    }
}

/// The reasons of the instances of a list.
fn reasons(item: &Value) -> Vec<&str> {
    let instances = item["instances"].as_array().unwrap().iter();
    instances.map(|own| own["reason"].as_str().unwrap()).collect()
}

/// As many as gpg is asked about, at the instances before one that is signed: that one is unknown, neither Rejected for its
/// place nor Verified unseen. By itself it is judged.
#[test]
fn signatures_of_the_instances_of_a_list_that_gpg_checks_are_bounded() {
    let crowd = Crowd::new(9);
    for (instance, blobs) in crowd.of_others(8 * 128).chunks(128).enumerate() {
        crowd.keep(instance, blobs);
    }
    crowd.keep(8, &[crowd.sign(&crowd.instances[8])]);
    let outcome = crowd.town.verify_json(&[&crowd.image(":v1")]);
    let item = outcome.expect_verdict(3, "Unchecked/SourceUnavailable").item();
    let mut expected = vec!["DigestMismatch"; 8];
    expected.push("SourceUnavailable");
    assert_eq!(reasons(&item), expected);
    let message = item["message"].as_str().unwrap();
    assert!(
        message.contains("gpg was asked about 1024 other signatures"),
        "{message}"
    );
    // Also where each of them has a line of its own.
    let outcome = crowd
        .town
        .verify_json(&[&crowd.image(":v1"), "--all-platforms"])
        .expect(3);
    let items = outcome.json()["items"].as_array().unwrap().clone();
    assert_eq!(items.last().unwrap()["reason"], "SourceUnavailable", "{items:#?}");
    let alone = crowd.image(&format!("@{}", crowd.instances[8]));
    let identity = crowd.image(":v1").replace("docker://", "");
    crowd
        .town
        .verify_json(&[&alone, "--expected-identity", &identity])
        .expect_verdict(0, "Verified/Verified");
}

/// The same signatures at every instance are checked once, and leave room for others; what they are worth is judged at each.
#[test]
fn signatures_that_come_again_at_each_instance_are_checked_once() {
    let crowd = Crowd::new(12);
    // Those of all instances are at each of them, with others.
    let mut blobs: Vec<Vec<u8>> = crowd.instances[..10].iter().map(|own| crowd.sign(own)).collect();
    blobs.extend(crowd.of_others(118));
    (0..10).for_each(|instance| crowd.keep(instance, &blobs));
    crowd.keep(10, &blobs[10..]);
    crowd.keep(11, &[crowd.sign(&crowd.instances[11])]);
    let outcome = crowd.town.verify_json(&[&crowd.image(":v1")]);
    let item = outcome.expect_verdict(1, "Rejected/DigestMismatch").item();
    let mut expected = vec!["Verified"; 12];
    expected[10] = "DigestMismatch";
    assert_eq!(reasons(&item), expected);
}

/// What was found out with the keys of one requirement is not said of those of another.
#[test]
fn a_signature_that_comes_again_is_judged_by_each_set_of_keys() {
    let crowd = Crowd::new(2);
    let other = Key::new();
    crowd.town.sandbox.file("other.gpg", other.certificate("other"));
    let by = |file: &str| {
        let path = crowd.town.sandbox.path(file);
        json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": path})
    };
    let policy = json!({"default": [by("crowd.gpg"), by("other.gpg")]});
    let policy = crowd.town.sandbox.file("policy.json", policy.to_string());
    let image = crowd.image(":v1");
    let run = || {
        let mut command = crowd.town.sandbox.command();
        command.args(["verify", "-o", "json", &image, "--policy"]).arg(&policy);
        for name in ["registries.d", "registries.conf"] {
            let flag = format!("--{}", name.replace(".conf", "-conf"));
            command.arg(flag).arg(crowd.town.sandbox.path(name));
        }
        crowd.town.sandbox.finish(&mut command, b"")
    };
    let both: Vec<Vec<u8>> = crowd.instances.iter().map(|own| crowd.sign(own)).collect();
    (0..2).for_each(|instance| crowd.keep(instance, &both));
    run().expect_verdict(1, "Rejected/PolicyRejected");
    let reference = image.replace("docker://", "");
    let signed = crowd.instances.iter().map(|own| {
        let payload = payload(own, &reference);
        other.message(&Draft::new(then()), &payload)
    });
    let all: Vec<Vec<u8>> = both.iter().cloned().chain(signed).collect();
    (0..2).for_each(|instance| crowd.keep(instance, &all));
    run().expect_verdict(0, "Verified/Verified");
}

/// As many keys as are tried, at the instances before one that is signed: that one is unknown. By itself it is judged.
#[test]
fn keys_that_are_tried_for_sigstore_signatures_of_the_instances_of_a_list_are_bounded() {
    let crowd = Crowd::new(65);
    let (own, other) = (Cosign::new(), Cosign::new());
    let key = crowd.town.sandbox.file("own.pub", own.pem()).display().to_string();
    let reference = format!("{}/{REPOSITORY}:v1", crowd.hub.host());
    let attach = |instance: usize, key: &Cosign, count: usize| {
        let image = &crowd.instances[instance];
        let payload = cosign::payload(image, &reference);
        let layers = (0..count).map(|_| {
            json!({
                "mediaType": cosign::SIGNATURE_TYPE, "size": payload.len(),
                "digest": crate::registry::town::sha256(&payload),
                "annotations": {"dev.cosignproject.cosign/signature": base64(&key.sign(&payload))},
            })
        });
        let layers: Vec<_> = layers.collect();
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers}).to_string();
        crowd.hub.store(|store| {
            let repository = store.repository(REPOSITORY);
            repository.blob(&payload);
            repository.push(
                &format!("{}.sig", image.replace(':', "-")),
                MANIFEST,
                manifest.as_bytes(),
            );
        });
    };
    (0..64).for_each(|instance| attach(instance, &other, 128));
    attach(64, &own, 1);
    let run = |image: &str, more: &[&str]| {
        let mut command = crowd.town.sandbox.command();
        command
            .args(["verify", "-o", "json", image, "--sigstore-key", &key])
            .args(more);
        for name in ["registries.d", "registries.conf"] {
            let flag = format!("--{}", name.replace(".conf", "-conf"));
            command.arg(flag).arg(crowd.town.sandbox.path(name));
        }
        crowd.town.sandbox.finish(&mut command, b"")
    };
    let outcome = run(&crowd.image(":v1"), &[]);
    let item = outcome.expect_verdict(3, "Unchecked/SourceUnavailable").item();
    let mut expected = vec!["BadSignature"; 64];
    expected.push("SourceUnavailable");
    assert_eq!(reasons(&item), expected);
    let message = item["message"].as_str().unwrap();
    assert!(message.contains("sigstore keys were tried 8192 times"), "{message}");
    let alone = crowd.image(&format!("@{}", crowd.instances[64]));
    run(&alone, &["--expected-identity", &reference]).expect_verdict(0, "Verified/Verified");
    // One fewer leaves room for it.
    attach(63, &other, 127);
    let item = run(&crowd.image(":v1"), &[]).item();
    assert_eq!(reasons(&item)[64], "Verified");
}

/// What is not judged, because an instance has too many, is named for so many of a whole list only.
#[test]
fn signatures_beyond_the_limit_at_each_instance_cost_little_memory() {
    if !has("prlimit") {
        return skipped("memory for crowded lists", "prlimit is not installed");
    }
    let crowd = Crowd::new(128);
    let key = crowd.town.sandbox.file("cosign.pub", Cosign::new().pem());
    let payload = b"{}";
    let layers = (0..1128).map(|n| {
        json!({
            "mediaType": cosign::SIGNATURE_TYPE, "size": payload.len(), "digest": crate::registry::town::sha256(payload),
            "annotations": {"dev.cosignproject.cosign/signature": base64(format!("{n:064}").as_bytes())},
        })
    });
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers.collect::<Vec<_>>()}).to_string();
    crowd.hub.store(|store| {
        let repository = store.repository(REPOSITORY);
        repository.blob(payload);
        for own in &crowd.instances {
            repository.push(&format!("{}.sig", own.replace(':', "-")), MANIFEST, manifest.as_bytes());
        }
    });
    let image = crowd.image(":v1");
    let run = |limited: &[&str]| {
        let mut command = crowd.town.sandbox.command_of(Path::new("/usr/bin/prlimit"));
        command.arg(format!("--data={}", 96 << 20)).arg(binary()).args(limited);
        command.args(["--sigstore-key"]).arg(&key);
        for name in ["registries.d", "registries.conf"] {
            let flag = format!("--{}", name.replace(".conf", "-conf"));
            command.arg(flag).arg(crowd.town.sandbox.path(name));
        }
        crowd.town.sandbox.finish(&mut command, b"")
    };
    let outcome = run(&["verify", "-o", "json", &image]);
    let item = outcome.expect_verdict(1, "Rejected/BadSignature").item();
    assert_eq!(reasons(&item), vec!["BadSignature"; 128]);
}
