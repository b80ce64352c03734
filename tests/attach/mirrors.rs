// SPDX-License-Identifier: Apache-2.0
//! Signatures at the mirrors of a cluster.

use serde_json::json;

use crate::attach::{mirror_sets, Town};
use crate::support::cluster::IDENTITY;
use crate::support::hub::{Answer, Hub};
use crate::support::images::payload;

#[test]
fn mirrors_of_the_cluster_are_asked_and_a_source_that_must_not_be_is_not() {
    let town = Town::founded();
    town.offer("a", &town.sign());
    let source = Hub::tls();
    town.store(&[], &source.host(), false);
    let set =
        json!([{"source": source.host(), "mirrors": [town.hub.host()], "mirrorSourcePolicy": "NeverContactSource"}]);
    mirror_sets(&town.scene.server, "ImageDigestMirrorSet", &[("a", set)]);
    town.verify(&["--registry-url", "auto", "-o", "json"])
        .expect_verdict(0, "Verified/Verified");
    town.hub.store(|store| *store = crate::support::hub::Store::default());
    town.verify(&["--registry-url", "auto", "-o", "json"]).expect(3);
    assert_eq!(source.connections(), 0);
}

/// What is signed at a mirror is not known where the mirror does not answer, and no record is taken back for that.
#[test]
fn a_mirror_without_an_answer_takes_no_record_back() {
    let town = Town::founded();
    let signer = &town.scene.signer;
    let second = signer.simple_key("Second <second@example.com>");
    let file = signer.export(&[&second], &town.scene.sandbox.path("second.gpg"));
    town.offer("a", &signer.sign(&second, &payload(&town.digest, IDENTITY)));
    let source = Hub::tls();
    source.store(|store| assert_eq!(store.repository("ns/app").image("v1", "attached"), town.digest));
    let authorities = [town.hub.ca_pem(), source.ca_pem()].concat();
    town.scene.sandbox.file("ca.pem", authorities);
    town.store(&[&town.sign()], &source.host(), false);
    let set = json!([{"source": source.host(), "mirrors": [town.hub.host()]}]);
    mirror_sets(&town.scene.server, "ImageDigestMirrorSet", &[("a", set)]);
    let file = file.to_str().unwrap();
    let both = [
        "--registry-url",
        "auto",
        "-o",
        "json",
        "--confirm",
        "--public-key",
        file,
        "--require",
        "2",
    ];
    town.verify(&both).expect_verdict(0, "Verified/Verified");
    let record = town.scene.server.stored(&town.digest)["signatures"].clone();
    assert_eq!(record[0]["conditions"][0]["status"], "True", "{record}");
    let manifest = format!("/v2/ns/app/manifests/{}", town.digest);
    town.hub.answer(&manifest, Answer::status(500));
    let item = town
        .verify(&both)
        .expect_verdict(3, "Unchecked/SourceUnavailable")
        .item();
    assert_eq!(item["sources"][1]["kind"], "registry", "{item}");
    assert_eq!(item["sources"][1]["location"], format!("{}/ns/app", town.hub.host()));
    assert_eq!(town.scene.server.stored(&town.digest)["signatures"], record);
    // Nothing is there: then nothing is signed there.
    town.hub.answer(&manifest, Answer::status(404));
    town.verify(&both).expect_verdict(1, "Rejected/ThresholdNotReached");
}

/// As on a node, signatures count from where the manifest was taken; those at other mirrors are named.
#[test]
fn signatures_at_other_mirrors_are_named_and_do_not_count() {
    let town = Town::founded();
    let source = Hub::tls();
    source.store(|store| {
        store.has_extension = true;
        let repository = store.repository("ns/app");
        repository.image("v1", "attached");
        repository.sign(&town.digest, "a", &town.sign());
    });
    let authorities = [town.hub.ca_pem(), source.ca_pem()].concat();
    town.scene.sandbox.file("ca.pem", authorities);
    town.store(&[], &source.host(), false);
    let set = json!([{"source": source.host(), "mirrors": [town.hub.host()]}]);
    mirror_sets(&town.scene.server, "ImageDigestMirrorSet", &[("a", set)]);
    let auto = ["--registry-url", "auto", "-o", "json", "--confirm", "--attach"];
    let named = |item: &serde_json::Value| {
        let last = item["sources"].as_array().unwrap().last().unwrap().clone();
        assert!(last["location"].as_str().unwrap().contains(&source.host()), "{item}");
        assert_eq!(
            (&last["kind"], &last["signatures"]),
            (&json!("extension"), &json!(1)),
            "{item}"
        );
        let note = last["note"].as_str().unwrap();
        let taken = format!(
            "not counted, because the manifest was taken from {}/ns/app",
            town.hub.host()
        );
        assert_eq!(note, taken);
    };
    let item = town.verify(&auto).expect_verdict(1, "Unsigned/NoSignature").item();
    named(&item);
    let message = item["message"].as_str().unwrap();
    assert!(message.contains(": 1 signature; not counted"), "{message}");
    // They are named where others are not enough, once, and without those that were counted.
    town.offer("garbage", b"garbage");
    source.store(|store| store.repository("ns/app").sign(&town.digest, "garbage", b"garbage"));
    let item = town.verify(&auto).expect_verdict(1, "Rejected/NotASignature").item();
    named(&item);
    assert!(town
        .verify(&auto[..2])
        .expect(1)
        .words()
        .contains("; not counted, because"));
    town.store(&[b"other garbage"], &source.host(), false);
    named(&town.verify(&auto).expect(1).item());
    assert!(
        town.names().len() == 1 && town.writes() > 0,
        "only the record was written"
    );
    // Where they are enough, nobody else is asked.
    town.offer("b", &town.sign());
    source.take_seen();
    let item = town.verify(&auto[..4]).expect_verdict(0, "Verified/Verified").item();
    assert!(!item.to_string().contains("not counted"), "{item}");
    assert_eq!(source.lines(), [""; 0]);
}

/// Lists that cannot be read might forbid it: then nobody is asked.
#[test]
fn mirrors_that_cannot_be_read() {
    let town = Town::founded();
    town.offer("a", &town.sign());
    town.scene.server.revoke_all();
    town.scene.server.allow_auditor("alice");
    let outcome = town.verify(&["--registry-url", "auto", "-o", "json"]).expect(3);
    assert!(
        outcome.item()["message"]
            .as_str()
            .unwrap()
            .contains("ImageDigestMirrorSet"),
        "{outcome:#?}"
    );
    assert_eq!(town.hub.connections(), 0);
    // A registry that the user names needs none of it.
    town.verify(&["--registry-url", &town.hub.host(), "-o", "json"])
        .expect_verdict(0, "Verified/Verified");
}
