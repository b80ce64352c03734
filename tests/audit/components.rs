// SPDX-License-Identifier: Apache-2.0
//! The components of the release payload that a cluster runs: what a payload that is Verified itself names by digest is
//! expected to be of that repository.

use serde_json::{json, Value};

use super::bench::Report;
use super::components_scene::{archive, entry, gzip, references, word, Scene};
use crate::support::cluster::allow_configuration;
use crate::support::hub::{Answer, LIST, MANIFEST};

const AUTO: [&str; 2] = ["--registry-url", "auto"];

#[test]
fn components_of_a_verified_payload_are_expected_as_it_names_them() {
    let scene = Scene::new("ocp/art", "ocp/art");
    let payload = scene.runs_layer(&gzip(&archive(&scene.references())));
    let host = scene.town.hub.host();
    for url in ["auto", &host] {
        let (report, outcome) = scene.audit(&["--registry-url", url], 0);
        assert_eq!(report.words(), ["Verified/Verified"; 3], "{outcome:#?}");
        let etcd = entry(&report, &scene.image).unwrap();
        assert_eq!(etcd["identitySource"], "named");
        assert_eq!(etcd["expected"], json!([scene.of_art(&scene.image)]));
        assert_eq!(etcd["uses"], json!([{"kind": "release", "name": "4.21.3/etcd"}]));
        assert_eq!(entry(&report, &payload).unwrap()["findings"], Value::Null);
        // What is neither an Image nor run is no image of the cluster.
        assert_eq!(entry(&report, &scene.nowhere), None);
        let note = format!(
            "note: release payload 4.21.3: as the cluster names it, {host}/ocp/release@{payload}, it is Verified; what it names is expected to be signed as it names it: components: 3\n"
        );
        assert_eq!(outcome.stderr.matches(&note).count(), 1, "{outcome:#?}");
    }
    // Without the payload nothing says what these are.
    let (report, outcome) = scene.town.fleet.lines(&[], 1);
    assert_eq!(word(&report, &scene.image), "Unchecked/NoExpectedIdentity");
    let note = "release payload: which components it has is not read without";
    assert!(!outcome.stderr.contains(note), "{outcome:#?}");
    let told = scene.town.fleet.run(&["-v", "-o", "jsonl"]);
    assert_eq!(told.stderr.matches(note).count(), 1, "{told:#?}");
    assert_eq!(word(&report, &payload), "Unchecked/NotFound");
}

#[test]
fn a_component_that_is_signed_as_another_repository_is_rejected() {
    let scene = Scene::new("ocp/art", "ocp/other");
    scene.runs_layer(&gzip(&archive(&scene.references())));
    let (report, _) = scene.audit(&AUTO, 1);
    assert_eq!(word(&report, &scene.image), "Verified/Verified");
    assert_eq!(word(&report, &scene.running), "Rejected/IdentityMismatch");
}

#[test]
fn a_payload_that_is_not_verified_says_nothing_of_its_components() {
    for (signed, is) in [
        (None, "Unsigned (NoSignature)"),
        (Some("ocp/other"), "Rejected (IdentityMismatch)"),
    ] {
        let scene = Scene::new("ocp/art", "ocp/art");
        let layer = gzip(&archive(&scene.references()));
        let payload = scene.with_layer(&layer, &|_| {});
        scene.run(&payload, signed);
        let (report, outcome) = scene.audit(&AUTO, 1);
        assert_eq!(word(&report, &scene.image), "Unchecked/NoExpectedIdentity");
        let note = format!("it is {is}; its components are not read, and expected to be signed as what uses them says");
        assert_eq!(outcome.stderr.matches(&note).count(), 1, "{outcome:#?}");
        let blobs = scene.town.hub.lines();
        assert!(!blobs.iter().any(|line| line.contains("/blobs/")), "{blobs:#?}");
    }
}

/// Whatever is in the way, the components stay without an expectation, and that is said.
#[track_caller]
fn assert_unknown(scene: &Scene, why: &str) {
    let (report, outcome) = scene.audit(&AUTO, 3);
    assert_eq!(word(&report, &scene.image), "Unchecked/NoExpectedIdentity", "{why}");
    let said = outcome
        .stderr
        .lines()
        .filter(|line| line.contains("release payload 4.21.3: ") && line.contains("is not known"));
    let said: Vec<&str> = said.collect();
    assert_eq!(said.len(), 1, "{why}: {outcome:#?}");
    assert!(said[0].contains(why), "{why}: {}", said[0]);
}

#[test]
fn a_layer_that_does_not_hash_to_its_digest_is_not_believed() {
    let scene = Scene::new("ocp/art", "ocp/art");
    let honest = gzip(&archive(&scene.references()));
    scene.runs_layer(&honest);
    let forged = gzip(&archive(&references(&[("etcd", &scene.of_art(&scene.image))])));
    let path = format!("/v2/ocp/release/blobs/{}", crate::support::hub::sha256(&honest));
    scene
        .town
        .hub
        .answer(&path, Answer::ok("application/octet-stream", forged));
    assert_unknown(&scene, "does not hash to its digest");
    scene.town.hub.answer(&path, Answer::status(404));
    assert_unknown(&scene, "not found (404)");
}

#[test]
fn layers_that_are_damaged_or_too_large_say_nothing() {
    let scene = Scene::new("ocp/art", "ocp/art");
    let whole = archive(&scene.references());
    let packed = gzip(&whole);
    let large = [scene.references(), vec![b' '; 4 << 20]].concat();
    // Many bytes that take few, after the last entry.
    let bomb = [packed.clone(), gzip(&vec![0; 8 << 20]).repeat(33)].concat();
    let of_art = scene.of_art(&scene.image);
    for (layer, why) in [
        (&packed[..packed.len() - 9], "its last layer cannot be read"),
        (
            &gzip(&whole[..700]),
            "its last layer ends within release-manifests/image-references",
        ),
        (&whole, "its last layer cannot be read"),
        (&gzip(&archive(&large)), "more than 4194304"),
        (&bomb, "more than 268435456 bytes"),
        (&gzip(&archive(b"{}")), "not an ImageStream"),
        (&gzip(&archive(&references(&[]))), "no spec.tags"),
        (
            &gzip(&archive(&[references(&[("etcd", &of_art)]), b"{}".to_vec()].concat())),
            "image-references: ",
        ),
        (&gzip(&[0; 1024]), "has no release-manifests/image-references"),
    ] as [(&[u8], &str); 9]
    {
        scene.runs_layer(layer);
        assert_unknown(&scene, why);
    }
    for (name, value, why) in [
        ("size", json!((64 << 20) + 1), "more than 67108864"),
        ("size", json!(packed.len() + 1), "and its manifest says"),
        (
            "mediaType",
            json!("application/vnd.oci.image.layer.v1.tar+zstd"),
            "which is not read",
        ),
    ] {
        let payload = scene.with_layer(&packed, &|layer| layer[name] = value.clone());
        scene.run(&payload, Some("ocp/release"));
        assert_unknown(&scene, why);
    }
}

#[test]
fn a_component_without_a_digest_is_told_and_the_others_count() {
    let scene = Scene::new("ocp/art", "ocp/art");
    let (one, host) = (scene.of_art(&scene.image), scene.town.hub.host());
    let tag = format!("{host}/ocp/art:latest");
    scene.runs_layer(&gzip(&archive(&references(&[("etcd", &one), ("cli", &tag)]))));
    let (report, outcome) = scene.audit(&AUTO, 3);
    assert_eq!(word(&report, &scene.image), "Verified/Verified");
    // Nothing expects anything of it, so that nobody is asked for it.
    assert_eq!(word(&report, &scene.running), "Unchecked/NotFound");
    assert!(
        outcome.stderr.contains("spec.tags[1]: the component \"cli\" is")
            && outcome.stderr.contains("no SHA-256 digest"),
        "{outcome:#?}"
    );
}

/// A payload for several architectures is a list of payloads.
#[test]
fn the_instances_of_a_payload_have_its_components() {
    let scene = Scene::new("ocp/art", "ocp/art");
    let own = [("amd64", &scene.image), ("arm64", &scene.running)].map(|(architecture, component)| {
        let layer = gzip(&archive(&references(&[("etcd", &scene.of_art(component))])));
        let digest = scene.with_layer(&layer, &|_| {});
        json!({"mediaType": MANIFEST, "digest": digest, "size": 1,
            "platform": {"os": "linux", "architecture": architecture}})
    });
    let list = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": own}).to_string();
    let payload = scene
        .town
        .hub
        .store(|store| store.repository("ocp/release").push("", LIST, list.as_bytes()));
    scene.run(&payload, Some("ocp/release"));
    let (report, outcome) = scene.audit(&AUTO, 0);
    assert_eq!(report.words(), ["Verified/Verified"; 3], "{outcome:#?}");
    let arm = own[1]["digest"].as_str().unwrap();
    let path = format!("/v2/ocp/release/manifests/{arm}");
    scene.town.hub.answer(&path, Answer::status(500));
    let (report, outcome) = scene.audit(&AUTO, 3);
    let words = [&scene.image, &scene.running].map(|own| word(&report, own));
    assert_eq!(words, ["Verified/Verified", "Unchecked/NotFound"], "{outcome:#?}");
    let why = format!("it is Verified, and cannot be read as a whole: instance {arm}: ");
    assert!(
        outcome.stderr.contains(&why) && outcome.stderr.contains("unexpected status 500"),
        "{outcome:#?}"
    );
}

/// What a payload expects of images is one of their uses: where it is not known, no record is made by uses.
#[test]
fn nothing_is_recorded_by_uses_where_a_payload_cannot_be_read() {
    let scene = Scene::new("ocp/art", "ocp/art");
    let own = scene.town.fleet.signed_in_a_stream();
    let source = super::fleet::SOURCE;
    let map = format!("{source} {source}\n");
    scene.town.fleet.scene.sandbox.file("map", map);
    let whole = gzip(&archive(&scene.references()));
    let confirm = [&AUTO[..], &["--confirm", "--expected-identity-map", "map"]].concat();
    for (layer, recorded) in [(&whole[..whole.len() - 9], "no"), (&whole, "yes")] {
        scene.runs_layer(layer);
        let outcome = scene.town.run(&confirm);
        let report = Report::read(&outcome.stdout);
        assert_eq!(entry(&report, &own).unwrap()["recorded"], recorded, "{outcome:#?}");
    }
}

/// Who may list Images need not be allowed to read one of them: what the registry has is enough, and if it has nothing, the
/// object may have it.
#[test]
fn a_payload_whose_object_may_not_be_read_may_be_a_verified_one() {
    let scene = Scene::new("ocp/art", "ocp/art");
    let whole = gzip(&archive(&scene.references()));
    scene.runs_layer(&whole);
    let server = scene.town.fleet.server();
    server.revoke_all();
    for resource in ["images", "imagestreams", "pods", "configmaps"] {
        server.grant("alice", &["list"], resource);
    }
    server.grant("alice", &["get"], "clusterversions");
    allow_configuration(server, "alice");
    let (report, outcome) = scene.audit(&AUTO, 0);
    assert_eq!(report.words(), ["Verified/Verified"; 3], "{outcome:#?}");
    let unsigned = scene.with_layer(&gzip(&[whole, gzip(b"more")].concat()), &|_| {});
    scene.run(&unsigned, None);
    assert_unknown(&scene, "forbidden");
}
