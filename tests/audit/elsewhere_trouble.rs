// SPDX-License-Identifier: Apache-2.0
//! Registries that are asked for signatures of a cluster's images and give none: trouble is never "no signature", and what is
//! asked is bounded.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::bench::Report;
use super::elsewhere::Town;
use super::fleet::stored;
use crate::support::cosign::{self, Cosign};
use crate::support::hub::{Answer, Hub};
use crate::support::images::payload;

#[test]
fn a_registry_in_trouble_is_never_no_signature() {
    let town = Town::new();
    let own = town.image("v1", true);
    town.stream(&[("v1", &own)]);
    let manifest = format!("/v2/ns/app/manifests/{own}");
    for answer in [
        Answer::status(500),
        Answer::status(403),
        Answer::status(404),
        Answer::page(),
    ] {
        town.hub.answer(&manifest, answer.clone());
        let report = town.lines(&["--registry-url", "auto"], 1);
        assert_eq!(report.entry()["verdict"], "Unchecked", "{answer:?}");
    }
    // A signature on the object is enough by itself.
    let blob = town.fleet.sign(&own, &format!("{}/ns/app:v1", town.hub.host()));
    town.fleet.server().objects(|objects| {
        objects.edit_image(&own, |image| {
            image["signatures"] = stored(&own, &[&blob])["signatures"].clone()
        });
    });
    let report = town.lines(&["--registry-url", "auto"], 0);
    assert_eq!(report.words(), ["Verified/Verified"]);
}

/// Mirror sets that cannot be read might forbid the source: then nobody is asked.
#[test]
fn mirrors_that_cannot_be_read_keep_registries_from_being_asked() {
    let town = Town::new();
    let own = town.image("v1", true);
    town.sign(&own, "v1");
    town.stream(&[("v1", &own)]);
    town.fleet.server().revoke_all();
    for resource in ["images", "imagestreams", "pods", "clusterversions", "configmaps"] {
        town.fleet.server().grant("alice", &["get", "list"], resource);
    }
    let report = town.lines(&["--registry-url", "auto"], 1);
    assert_eq!(report.entry()["verdict"], "Unchecked", "{report:#?}");
    assert_eq!(town.hub.connections(), 0);
}

/// The requests of an image are few, and connections do not grow with images or threads.
#[test]
fn requests_and_connections_are_bounded() {
    let town = Town::new();
    let images: Vec<(String, String)> = (0..40)
        .map(|n| (format!("v{n}"), town.image(&format!("v{n}"), true)))
        .collect();
    let named: Vec<(&str, &str)> = images.iter().map(|(tag, own)| (tag.as_str(), own.as_str())).collect();
    town.stream(&named);
    let report = town.lines(&["--registry-url", "auto", "--workers", "8"], 1);
    assert_eq!(report.entries.len(), 40);
    // Two clients of one host, each with one connection, whatever the number of threads.
    assert!(town.hub.connections() <= 2, "{}", town.hub.connections());
    let most = AtomicUsize::new(0);
    for (_, own) in &images {
        let asked = town
            .hub
            .lines()
            .iter()
            .filter(|line| line.contains(own.as_str()))
            .count();
        most.fetch_max(asked, Ordering::Relaxed);
    }
    // Manifest, signature extension, and what refers to an image without signatures.
    assert!(most.into_inner() <= 4, "{:#?}", town.hub.lines());
}

/// A store that says something else under 200 has no bad signature, and not too few: no record is taken back for it.
#[test]
fn no_record_is_taken_back_for_what_is_no_signature() {
    let (town, store) = (Town::new(), Hub::tls());
    let host = town.hub.host();
    let own = town.image("v1", true);
    town.stream(&[("v1", &own)]);
    town.hub.store(|store| store.has_extension = false);
    let reference = format!("{host}/ns/app:v1");
    let blob = town.fleet.sign(&own, &reference);
    let signatures = stored(&own, &[&blob])["signatures"].clone();
    let server = town.fleet.server();
    server.objects(|objects| objects.edit_image(&own, |image| image["signatures"] = signatures));
    let (sandbox, signer) = (&town.fleet.scene.sandbox, &town.fleet.scene.signer);
    let second = signer.simple_key("Second <second@example.com>");
    let file = signer.export(&[&second], &sandbox.path("second.gpg"));
    let rule = |file: &Path| json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": file});
    let both = json!({"default": [rule(Path::new(&town.fleet.key_file)), rule(&file)]});
    sandbox.file("policy.json", both.to_string());
    sandbox.file("map", format!("{host} {host}\n"));
    sandbox.file("ca.pem", [town.hub.ca_pem(), store.ca_pem()].concat());
    let text = format!("default-docker:\n  lookaside: {}/store\n", store.url());
    sandbox.file("registries.d/none.yaml", text);
    let path = format!("/store/ns/app@{}/signature-1", own.replace(':', "="));
    let audit = |answer: Answer, status: i32| {
        store.answer(&path, answer);
        let mut command = sandbox.command();
        command.args(["audit", "--policy", "policy.json", "--expected-identity-map", "map"]);
        command.args(["--confirm", "--registry-url", "auto", "-o", "jsonl"]);
        command.args(["--registries.d", "registries.d", "--registries-conf", "registries.conf"]);
        let outcome = town.fleet.scene.finish(command.args(["--registry-ca", "ca.pem"]));
        let entry = Report::read(&outcome.expect(status).stdout).entry().clone();
        let trusted = server.stored(&own)["signatures"][0]["conditions"][0]["status"].clone();
        (entry["verdict"].clone(), trusted)
    };
    let octets = |bytes: &[u8]| Answer::ok("application/octet-stream", bytes);
    let good = signer.sign(&second, &payload(&own, &reference));
    assert_eq!(audit(octets(&good), 0), (json!("Verified"), json!("True")));
    for body in [&b"upstream connect error"[..], b"", &good[..good.len() / 2]] {
        let found = audit(octets(body), 1);
        assert_eq!(
            found,
            (json!("Unchecked"), json!("True")),
            "{}",
            String::from_utf8_lossy(body)
        );
    }
    assert_eq!(audit(Answer::status(404), 1), (json!("Rejected"), json!("False")));
}

/// Nodes have a registries.d of their own: that the one of this machine does not have sigstore signatures asked for says
/// nothing about an image.
#[test]
fn no_record_is_taken_back_for_sigstore_signatures_that_nobody_was_asked_for() {
    let (town, cosign) = (Town::new(), Cosign::new());
    let host = town.hub.host();
    let own = town.image("v1", true);
    town.stream(&[("v1", &own)]);
    let reference = format!("{host}/ns/app:v1");
    let blob = town.fleet.sign(&own, &reference);
    let signatures = stored(&own, &[&blob])["signatures"].clone();
    let server = town.fleet.server();
    server.objects(|objects| objects.edit_image(&own, |image| image["signatures"] = signatures));
    let payload = cosign::payload(&own, &reference);
    let layers: [(&[u8], &[u8]); 1] = [(&payload, &cosign.sign(&payload))];
    town.hub.store(|store| store.repository("ns/app").attach(&own, &layers));
    let sandbox = &town.fleet.scene.sandbox;
    sandbox.file("cosign.pub", cosign.pem());
    sandbox.file("map", format!("{host} {host}\n"));
    let gpg = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": town.fleet.key_file});
    let both = json!({"default": [gpg, {"type": "sigstoreSigned", "keyPath": sandbox.path("cosign.pub")}]});
    sandbox.file("policy.json", both.to_string());
    let audit = |attachments: &str, status: i32| {
        sandbox.file(
            "registries.d/none.yaml",
            format!("default-docker:\n  lookaside: file:///usr\n{attachments}"),
        );
        let mut command = sandbox.command();
        command.args([
            "audit",
            "--policy",
            "policy.json",
            "--expected-identity-map",
            "map",
            "--confirm",
        ]);
        command.args([
            "--registry-url",
            "auto",
            "--registries.d",
            "registries.d",
            "-o",
            "jsonl",
        ]);
        command.args(["--registries-conf", "registries.conf", "--registry-ca", "ca.pem"]);
        let outcome = town.fleet.scene.finish(&mut command).expect(status);
        let entry = Report::read(&outcome.stdout).entry().clone();
        let trusted = server.stored(&own)["signatures"][0]["conditions"][0]["status"].clone();
        (entry, trusted)
    };
    let (entry, trusted) = audit("  use-sigstore-attachments: true\n", 0);
    assert_eq!((&entry["verdict"], &trusted), (&json!("Verified"), &json!("True")));
    let (entry, trusted) = audit("", 1);
    assert_eq!(
        (&entry["verdict"], &trusted),
        (&json!("Unchecked"), &json!("True")),
        "{entry:#}"
    );
    let message = entry["message"].as_str().unwrap();
    assert!(
        message.contains("no place was asked for the sigstore signatures that the policy requires"),
        "{message}"
    );
}
