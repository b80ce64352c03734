// SPDX-License-Identifier: Apache-2.0
//! `--registry-url`: signatures of a cluster's images that are in registries, and not on the Image objects.

use serde_json::{json, Value};

use super::bench::Report;
use super::fleet::{both_with, pod, stored, Fleet};
use crate::support::cluster::allow_configuration;
use crate::support::cosign::{self, Cosign};
use crate::support::forge::{Draft, Key};
use crate::support::hub::{Answer, Hub};
use crate::support::images::{base64, payload, D1};
use crate::support::program::Outcome;

/// A cluster, and the registry that its images come from.
pub(super) struct Town {
    pub(super) fleet: Fleet,
    pub(super) hub: Hub,
}

impl Town {
    pub(super) fn new() -> Self {
        let (fleet, hub) = (Fleet::empty(), Hub::tls());
        hub.store(|store| store.has_extension = true);
        allow_configuration(fleet.server(), "alice");
        let sandbox = &fleet.scene.sandbox;
        let none = "default-docker:\n  lookaside: file:///usr\n";
        sandbox.file("registries.d/none.yaml", none);
        sandbox.file("registries.conf", "");
        sandbox.file("ca.pem", hub.ca_pem());
        Self { fleet, hub }
    }

    /// An image of the registry by a tag, with an object that has no signatures, or none.
    pub(super) fn image(&self, tag: &str, has_object: bool) -> String {
        let own = self.hub.store(|store| store.repository("ns/app").image(tag, tag));
        if has_object {
            let mut object = stored(&own, &[]);
            object["dockerImageReference"] = json!(format!("{}/ns/app@{own}", self.hub.host()));
            self.fleet.server().image(object);
        }
        own
    }

    /// What an image is signed as in the registry.
    pub(super) fn sign(&self, own: &str, tag: &str) {
        let blob = self.fleet.sign(own, &format!("{}/ns/app:{tag}", self.hub.host()));
        self.hub.store(|store| store.repository("ns/app").sign(own, "s", &blob));
    }

    /// A stream whose tags are imported from the registry's.
    pub(super) fn stream(&self, images: &[(&str, &str)]) {
        let from = |tag: &str| json!({"kind": "DockerImage", "name": format!("{}/ns/app:{tag}", self.hub.host())});
        let spec: Vec<Value> = images
            .iter()
            .map(|(tag, _)| json!({"name": tag, "from": from(tag)}))
            .collect();
        let status = images
            .iter()
            .map(|(tag, own)| json!({"tag": tag, "items": [{"image": own}]}));
        let status: Vec<Value> = status.collect();
        let stream = json!({"spec": {"tags": spec}, "status": {"tags": status}});
        self.fleet.server().stream("shop", "app", stream);
    }

    pub(super) fn run(&self, args: &[&str]) -> Outcome {
        let common = [
            "-o",
            "jsonl",
            "--registries.d",
            "registries.d",
            "--registries-conf",
            "registries.conf",
        ];
        self.fleet
            .run(&[&common[..], &["--registry-ca", "ca.pem"], args].concat())
    }

    pub(super) fn lines(&self, args: &[&str], status: i32) -> Report {
        Report::read(&self.run(args).expect(status).stdout)
    }
}

#[test]
fn signatures_in_the_registry_count_where_they_are_asked_for_and_nothing_is_written() {
    let town = Town::new();
    let [good, bad, bare] = ["v1", "v2", "v3"].map(|tag| town.image(tag, true));
    town.sign(&good, "v1");
    town.sign(&bad, "v1");
    town.stream(&[("v1", &good), ("v2", &bad), ("v3", &bare)]);
    let sorted = |report: &Report| {
        let words = report
            .entries
            .iter()
            .map(|entry| entry["image"].clone())
            .zip(report.words());
        let mut found: Vec<String> = words.map(|(image, word)| format!("{image} {word}")).collect();
        found.sort();
        found
    };
    let outcome = town.fleet.run(&["-o", "jsonl"]).expect(1);
    let words = Report::read(&outcome.stdout).words();
    assert!(words.iter().all(|word| word == "Unsigned/NoSignature"), "{words:?}");
    assert_eq!(town.hub.connections(), 0, "nobody asked for it");
    let mut wanted: Vec<String> = [
        (&good, "Verified/Verified"),
        (&bad, "Rejected/IdentityMismatch"),
        (&bare, "Unsigned/NoSignature"),
    ]
    .map(|(own, word)| format!("\"{own}\" {word}"))
    .into();
    wanted.sort();
    let host = town.hub.host();
    for url in ["auto", &host] {
        for scope in [&[][..], &["-n", "shop"], &["--workers", "5"]] {
            let report = town.lines(&[&["--registry-url", url], scope].concat(), 1);
            assert_eq!(sorted(&report), wanted, "{url} {scope:?}");
        }
    }
    let report = town.lines(&["--registry-url", "auto"], 1);
    let unsigned = report
        .entries
        .iter()
        .find(|entry| entry["verdict"] == "Unsigned")
        .unwrap();
    let message = unsigned["message"].as_str().unwrap();
    assert!(
        message.contains("cluster and in extension https://") && message.contains("lookaside"),
        "{message}"
    );
    // What is not on an object is not recorded.
    town.fleet.scene.sandbox.file("map", format!("{host} {host}\n"));
    let args = ["--registry-url", "auto", "--confirm", "--expected-identity-map", "map"];
    let report = town.lines(&args, 1);
    assert!(
        report.entries.iter().all(|entry| entry["recorded"] == "no"),
        "{report:#?}"
    );
    let writes = town.fleet.server().requests();
    assert_eq!(
        writes
            .iter()
            .filter(|request| request.is_write() && request.method == "PATCH")
            .count(),
        0
    );
}

/// As the documents of `verify` do.
#[test]
fn the_places_that_were_asked_are_told_with_their_answers() {
    let town = Town::new();
    let own = town.image("v1", true);
    town.sign(&own, "v1");
    town.stream(&[("v1", &own)]);
    let report = town.lines(&["--registry-url", "auto"], 0);
    let sources = report.entry()["sources"].as_array().unwrap().clone();
    let told: Vec<(&str, &str, u64)> = sources
        .iter()
        .map(|own| {
            let word = |name: &str| own[name].as_str().unwrap();
            (word("kind"), word("answer"), own["signatures"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(told[0], ("object", "absent", 0), "{sources:#?}");
    assert!(told.contains(&("extension", "found", 1)), "{sources:#?}");
    let location = sources[1]["location"].as_str().unwrap();
    assert!(location.contains(&town.hub.host()), "{location}");
    let path = format!("/extensions/v2/ns/app/signatures/{own}");
    town.hub.answer(&path, Answer::status(500));
    let report = town.lines(&["--registry-url", "auto"], 1);
    let sources = report.entry()["sources"].as_array().unwrap().clone();
    let extension = sources.iter().find(|own| own["kind"] == "extension").unwrap();
    assert_eq!(extension["answer"], "unreachable", "{sources:#?}");
    assert!(extension["message"].is_string(), "{sources:#?}");
    // The object alone is told by the source.
    let report = Report::read(&town.fleet.run(&["-o", "jsonl"]).expect(1).stdout);
    assert_eq!(report.entry().get("sources"), None);
}

/// What pods run need not have an Image object: on a stock cluster most of it has none.
#[test]
fn what_runs_without_an_object_is_asked_for_where_it_was_had_from() {
    let town = Town::new();
    let [good, bare, gone] = ["v1", "v2", "v3"].map(|tag| town.image(tag, false));
    town.sign(&good, "v1");
    town.hub
        .answer(&format!("/v2/ns/app/manifests/{gone}"), Answer::status(500));
    for (n, own) in [&good, &bare, &gone].iter().enumerate() {
        let name = format!("{}/ns/app@{own}", town.hub.host());
        town.fleet
            .server()
            .pod("shop", &format!("p{n}"), pod("Running", &name, &name));
    }
    let words = |report: &Report| {
        let all = report.entries.iter().zip(report.words());
        let of = |own: &String| {
            let found = all.clone().find(|(entry, _)| entry["image"] == own.as_str());
            found.map(|(_, word)| word).unwrap_or_default()
        };
        [&good, &bare, &gone].map(of)
    };
    let report = Report::read(&town.fleet.run(&["-o", "jsonl"]).expect(1).stdout);
    assert_eq!(words(&report), ["Unchecked/NotFound"; 3]);
    assert_eq!(town.hub.connections(), 0);
    let report = town.lines(&["--registry-url", "auto"], 1);
    assert_eq!(
        words(&report),
        [
            "Verified/Verified",
            "Unsigned/NoSignature",
            "Unchecked/SourceUnavailable"
        ]
    );
}

#[test]
fn sigstore_signatures_in_the_registry_count_where_their_key_is_named() {
    let town = Town::new();
    let own = town.image("v1", true);
    town.stream(&[("v1", &own)]);
    let cosign = Cosign::new();
    let payload = cosign::payload(&own, &format!("{}/ns/app:v1", town.hub.host()));
    town.hub.store(|store| {
        store
            .repository("ns/app")
            .attach(&own, &[(&payload, &cosign.sign(&payload))])
    });
    town.fleet.scene.sandbox.file("cosign.pub", cosign.pem());
    let report = town.lines(&["--registry-url", "auto", "--sigstore-key", "cosign.pub"], 0);
    assert_eq!(report.words(), ["Verified/Verified"], "{report:#?}");
    assert_eq!(report.entry()["signatures"][0]["kind"], "sigstore");
}

/// The image is Verified by one signature of its object and one in the registry, and trust in a third one is to be taken back.
/// When the image is judged again for that, the one in the registry is gone: what would be lost then was never announced.
#[test]
fn a_record_that_was_not_announced_is_not_taken_back_where_other_signatures_are_gone() {
    let town = Town::new();
    let host = town.hub.host();
    let own = town.image("v1", true);
    town.stream(&[("v1", &own)]);
    let sandbox = &town.fleet.scene.sandbox;
    sandbox.file("map", format!("{host} {host}\n"));
    let identity = format!("{host}/ns/app:v1");
    let [there, gone] = ["there.gpg", "gone.gpg"].map(|file| town.fleet.other_key(file));
    let by = |key: &Key| key.message(&Draft::new(key.created), &payload(&own, &identity));
    let blobs = [town.fleet.sign(&own, &identity), by(&gone)];
    town.fleet.server().objects(|objects| {
        objects.edit_image(&own, |image| {
            image["signatures"] = stored(&own, &[&blobs[0], &blobs[1]])["signatures"].clone();
        });
    });
    let (report, _) = town.fleet.lines(&both_with("gone.gpg"), 0);
    assert_eq!(report.entry()["recorded"], "yes");
    let records = || {
        let stored = town.fleet.server().stored(&own);
        [0, 1].map(|n| stored["signatures"][n]["conditions"][0]["status"].clone())
    };
    assert_eq!(records(), ["True", "True"]);
    let extension = |signatures: Value| Answer::ok("application/json", json!({ "signatures": signatures }).to_string());
    let signature =
        json!({"schemaVersion": 2, "name": format!("{own}@s"), "type": "atomic", "content": base64(&by(&there))});
    let path = format!("/extensions/v2/ns/app/signatures/{own}");
    town.hub
        .answers(&path, [extension(json!([signature])), extension(json!([]))]);
    let more = ["--registry-url", "auto"];
    let outcome = town.run(&[&both_with("there.gpg")[..], &more].concat()).expect(3);
    let report = Report::read(&outcome.stdout);
    assert_eq!(report.words(), ["Verified/Verified"]);
    assert_eq!(report.entry()["recorded"], "failed");
    let told = "would withdraw other records of trust than those counted";
    assert!(outcome.stderr.contains(told), "{outcome:#?}");
    assert_eq!(records(), ["True", "True"]);
    // As long as it is there, only what was announced is taken back.
    town.hub.answer(&path, extension(json!([signature])));
    let report = town.lines(&[&both_with("there.gpg")[..], &more].concat(), 0);
    assert_eq!(report.entry()["recorded"], "yes");
    assert_eq!(records(), ["True", "False"]);
}

#[test]
fn options_that_do_not_fit_are_usage_errors() {
    let town = Town::new();
    let file = town.fleet.scene.sandbox.file("image.json", stored(D1, &[]).to_string());
    let file = file.to_str().unwrap();
    for (args, message) in [
        (
            &["-f", file, "--registry-url", "auto"][..],
            "--registry-url cannot be used with --filename",
        ),
        (
            &["dir:x=r.example/x:1", "--registry-url", "auto"],
            "images of a cluster",
        ),
        (&["--registry-url", "r.example/ns"], "expected HOST[:PORT]"),
        (
            &["--registry-url", "auto", "--registry-login", "cluster"],
            "needs --registry-url HOST",
        ),
        (&["--registry-url", "auto", "--creds", "a:b"], "--creds cannot be used"),
        (&["--registry-login", "cluster"], "--registry-url"),
    ] {
        town.fleet.run(args).expect_usage(message);
    }
    assert_eq!(town.fleet.server().connections(), 0);
}
