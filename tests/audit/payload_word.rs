// SPDX-License-Identifier: Apache-2.0
//! What a release payload expects of its components where something that was asked for it gave no answer, and where others call
//! it something else: no record is made that it would keep from being made, and honest clusters are recorded as ever.

use serde_json::{json, Value};

use super::components_scene::{archive, entry, gzip, references, stands_for, store, word, Dispute, Scene};
use super::fleet::{pod, stored};
use crate::support::api::Fault;
use crate::support::hub::{Answer, LIST, MANIFEST};

const AUTO: [&str; 2] = ["--registry-url", "auto"];
const REJECTED: (&str, Value) = ("Rejected/IdentityMismatch", Value::Null);

fn is_true() -> Value {
    json!("True")
}

/// As where no registry is asked: the payload's word does not count.
fn unheard() -> (&'static str, Value) {
    ("Verified/Verified", is_true())
}

/// Nothing that could be a component is recorded.
#[track_caller]
fn assert_unknown(scene: &Dispute, what: &str) {
    let outcome = scene.assert(&AUTO, 3, ("Verified/Verified", Value::Null), Value::Null);
    let said = "which components it has, and what these are to be signed as, is not known";
    assert!(
        outcome
            .stderr
            .contains("release payload 4.21.3: as the cluster names it, "),
        "{what}: {outcome:#?}"
    );
    assert_eq!(outcome.stderr.matches(said).count(), 1, "{what}: {outcome:#?}");
}

#[test]
fn trouble_with_a_payload_does_not_lose_what_it_expects() {
    let scene = Dispute::new();
    let (hub, server) = (&scene.town.hub, scene.town.fleet.server());
    server.grant("alice", &["list"], "configmaps");
    scene.sign_in("ocp/release");
    scene.assert(&AUTO, 1, REJECTED, is_true());
    let manifest = format!("/v2/ocp/release/manifests/{}", scene.payload);
    let signatures = format!("/extensions/v2/ocp/release/signatures/{}", scene.payload);
    let layer = format!("/v2/ocp/release/blobs/{}", scene.layer);
    for (path, status) in [
        (&manifest, 500),
        (&manifest, 403),
        (&signatures, 500),
        (&layer, 500),
        (&layer, 404),
    ] {
        hub.answer(path, Answer::status(status));
        assert_unknown(&scene, path);
        hub.answers(path, []);
    }
    hub.answer(&signatures, Answer::ok("application/json", "{\"signatures\":[]}"));
    scene.keep();
    scene.assert(&AUTO, 1, REJECTED, is_true());
    for status in [500, 403] {
        server.fault(Fault::status(status).on("GET", "/configmaps"));
        assert_unknown(&scene, "ConfigMaps");
        server.heal();
    }
    // It is Verified, and where the cluster says that it is, it is not.
    hub.answer(&manifest, Answer::status(404));
    assert_unknown(&scene, "not found");
    hub.answers(&manifest, []);
    scene.assert(&AUTO, 1, REJECTED, is_true());
}

#[test]
fn a_payload_that_nobody_is_asked_for_keeps_no_record_from_being_made() {
    let scene = Dispute::new();
    let host = scene.town.hub.host();
    scene.keep();
    let outcome = scene.assert(&[], 0, unheard(), is_true());
    let note = "note: release payload: which components it has is not read without --registry-url";
    assert_eq!(outcome.stderr.matches(note).count(), 1, "{outcome:#?}");
    // A registry of the user's choice need not have it, nor all of it, and may say whatever it likes.
    let asked = ["--registry-url", &host];
    scene.assert(&asked, 1, REJECTED, is_true());
    let manifest = format!("/v2/ocp/release/manifests/{}", scene.payload);
    let layer = format!("/v2/ocp/release/blobs/{}", scene.layer);
    for path in [&manifest, &layer] {
        for answer in [404, 401, 403, 500]
            .map(Answer::status)
            .into_iter()
            .chain([Answer::page()])
        {
            scene.town.hub.answer(path, answer);
            let outcome = scene.assert(&asked, 0, unheard(), is_true());
            let note = "it is Verified, and cannot be read: ";
            assert_eq!(outcome.stderr.matches(note).count(), 1, "{outcome:#?}");
            assert!(outcome.stderr.contains("its components are not read"), "{outcome:#?}");
        }
        scene.town.hub.answers(path, []);
    }
}

/// It is not signed, as those of continuous integration are not.
#[test]
fn a_payload_of_which_nobody_has_a_signature_keeps_no_record_from_being_made() {
    let scene = Dispute::new();
    scene.town.fleet.server().grant("alice", &["list"], "configmaps");
    let outcome = scene.assert(&AUTO, 1, unheard(), is_true());
    let note = "it is Unsigned (NoSignature); its components are not read";
    assert_eq!(outcome.stderr.matches(note).count(), 1, "{outcome:#?}");
}

#[test]
fn what_others_call_a_payload_does_not_take_back_what_it_expects() {
    for what in ["pod", "tag", "object", "list"] {
        let scene = Dispute::new();
        scene.sign_in("ocp/release");
        let (hub, server, payload) = (&scene.town.hub, scene.town.fleet.server(), &scene.payload);
        server.grant("alice", &["list"], "configmaps");
        let evil = format!("{}/evil/x@{payload}", hub.host());
        hub.store(|store| {
            let (kind, bytes) = store.repository("ocp/release").manifest(payload);
            store.repository("evil/x").push("", &kind, &bytes);
        });
        match what {
            "pod" => server.pod("evil", "p", pod("Running", &evil, &evil)),
            "tag" => stands_for(&scene.town, "evil", "x", payload),
            "list" => {
                let entry = json!({"digest": payload, "mediaType": MANIFEST, "manifestSize": 1,
                    "architecture": "amd64", "os": "linux"});
                let list = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": [
                    {"digest": payload, "mediaType": MANIFEST, "size": 1,
                     "platform": {"os": "linux", "architecture": "amd64"}}]});
                let bytes = list.to_string();
                let list = hub.store(|store| store.repository("evil/x").push("", LIST, bytes.as_bytes()));
                let mut object = stored(&list, &[]);
                object["dockerImageReference"] = json!(format!("{}/evil/x@{list}", hub.host()));
                object["dockerImageManifests"] = json!([entry]);
                server.image(object);
                stands_for(&scene.town, "evil", "x", &list);
            }
            _ => {
                // More than are judged.
                let blobs: Vec<Vec<u8>> = (0..130).map(|n| format!("garbage {n}").into_bytes()).collect();
                let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
                let mut object = stored(payload, &blobs);
                object["dockerImageReference"] = json!(format!("{}/evil/gone@{payload}", hub.host()));
                server.image(object);
            }
        }
        let outcome = scene.assert(&AUTO, 1, REJECTED, is_true());
        let note = format!(
            "release payload 4.21.3: as the cluster names it, {}/ocp/release@{payload}, it is Verified; ",
            hub.host()
        );
        assert!(outcome.stderr.contains(&note), "{what}: {outcome:#?}");
    }
}

/// Nobody runs it, and what the payload says is about the list.
#[test]
fn a_component_that_is_a_list_says_nothing_of_its_instances() {
    let scene = Dispute::new();
    let (town, host) = (&scene.town, scene.town.hub.host());
    town.fleet.server().grant("alice", &["list"], "configmaps");
    let instance = &scene.component;
    let list = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": [
        {"digest": instance, "mediaType": MANIFEST, "size": 1, "platform": {"os": "linux", "architecture": "amd64"}}]});
    let bytes = list.to_string();
    let list = town
        .hub
        .store(|store| store.repository("ocp/art").push("", LIST, bytes.as_bytes()));
    let mut object = stored(&list, &[&town.fleet.sign(&list, &format!("{host}/ocp/other:v1"))]);
    object["dockerImageReference"] = json!(format!("{host}/ocp/art@{list}"));
    object["dockerImageManifests"] = json!([{"digest": instance, "mediaType": MANIFEST, "manifestSize": 1,
        "architecture": "amd64", "os": "linux"}]);
    town.fleet.server().image(object);
    let of_list = gzip(&archive(&references(&[("etcd", &format!("{host}/ocp/art@{list}"))])));
    let payload = store(&town.hub, ("ocp/release", ""), &of_list, &|_| {});
    let blob = town.fleet.sign(&payload, &format!("{host}/ocp/release:4.21.3-x86_64"));
    town.hub
        .store(|store| store.repository("ocp/release").sign(&payload, "s", &blob));
    scene.runs(&format!("{host}/ocp/release@{payload}"));
    let outcome = scene.assert(&AUTO, 1, unheard(), is_true());
    let report = super::bench::Report::read(&outcome.stdout);
    assert_eq!(word(&report, &list), "Rejected/IdentityMismatch");
}

#[test]
fn a_component_that_nothing_runs_is_not_in_use() {
    let scene = Scene::new("ocp/art", "ocp/art");
    let host = scene.town.hub.host();
    let bare = scene
        .town
        .hub
        .store(|store| store.repository("ocp/art").image("", "bare"));
    let mut object = stored(&bare, &[]);
    object["dockerImageReference"] = json!(format!("{host}/ocp/art@{bare}"));
    scene.town.fleet.server().image(object);
    scene.runs_layer(&gzip(&archive(&references(&[("etcd", &scene.of_art(&bare))]))));
    let findings = |status| {
        let (report, _) = scene.audit(&AUTO, status);
        assert_eq!(word(&report, &bare), "Unsigned/NoSignature");
        entry(&report, &bare).unwrap()["findings"].clone()
    };
    assert_eq!(findings(1), Value::Null);
    let runs = scene.of_art(&bare);
    scene
        .town
        .fleet
        .server()
        .pod("shop", "bare", pod("Running", &runs, &runs));
    assert_eq!(findings(1)[0]["kind"], "unsignedInUse");
}

#[test]
fn a_payload_is_asked_for_once() {
    let scene = Dispute::new();
    scene.town.fleet.server().grant("alice", &["list"], "configmaps");
    scene.sign_in("ocp/release");
    scene.assert(&AUTO, 1, REJECTED, is_true());
    let asked = |path: String| {
        let lines = scene.town.hub.lines();
        lines.iter().filter(|line| line.ends_with(&path)).count()
    };
    assert_eq!(asked(format!("GET /v2/ocp/release/manifests/{}", scene.payload)), 1);
    assert_eq!(asked(format!("/ocp/release/signatures/{}", scene.payload)), 1);
    assert_eq!(asked(format!("GET /v2/ocp/release/blobs/{}", scene.layer)), 1);
}

/// Has a mirror have the manifest of the payload, and nothing else.
fn mirror(scene: &Dispute) {
    let (hub, server, host) = (&scene.town.hub, scene.town.fleet.server(), scene.town.hub.host());
    hub.store(|store| {
        let (kind, bytes) = store.repository("ocp/release").manifest(&scene.payload);
        store.repository("m/release").push("", &kind, &bytes);
    });
    let sets = json!({"kind": "ImageDigestMirrorSetList", "apiVersion": "config.openshift.io/v1", "metadata": {}, "items": [
        {"apiVersion": "config.openshift.io/v1", "kind": "ImageDigestMirrorSet", "metadata": {"name": "own", "uid": "1"},
         "spec": {"imageDigestMirrors": [{"source": format!("{host}/ocp/release"), "mirrors": [format!("{host}/m/release")]}]}}]});
    server.document("/apis/config.openshift.io/v1/imagedigestmirrorsets", sets);
}

/// Who runs a mirror decides what counts of images, and not what the cluster's release expects.
#[test]
fn a_mirror_without_signatures_takes_back_nothing_that_a_payload_expects() {
    let scene = Dispute::new();
    scene.town.fleet.server().grant("alice", &["list"], "configmaps");
    mirror(&scene);
    let note = "it is Unsigned (NoSignature); its components are not read";
    let outcome = scene.assert(&AUTO, 1, unheard(), is_true());
    assert_eq!(outcome.stderr.matches(note).count(), 1, "{outcome:#?}");
    scene.sign_in("ocp/release");
    let outcome = scene.assert(&AUTO, 1, REJECTED, is_true());
    let note = "it is Verified by a signature of a further location; ";
    assert_eq!(outcome.stderr.matches(note).count(), 1, "{outcome:#?}");
    let report = super::bench::Report::read(&outcome.stdout);
    assert_eq!(word(&report, &scene.payload), "Unsigned/NoSignature");
    // One that is not reached keeps no record from being made: the mirror is enough for nodes.
    let signatures = format!("/extensions/v2/ocp/release/signatures/{}", scene.payload);
    scene.town.hub.answer(&signatures, Answer::status(500));
    let outcome = scene.assert(&AUTO, 1, unheard(), is_true());
    let note = "it is Unsigned (NoSignature) as far as it was looked at: ";
    assert_eq!(outcome.stderr.matches(note).count(), 1, "{outcome:#?}");
}

#[test]
fn a_layer_that_a_mirror_lacks_is_taken_from_the_next_one() {
    let scene = Dispute::new();
    let hub = &scene.town.hub;
    scene.keep();
    mirror(&scene);
    scene.assert(&AUTO, 1, REJECTED, is_true());
    let lines = hub.lines();
    let layer = |repository: &str| format!("GET /v2/{repository}/blobs/{}", scene.layer);
    assert!(
        lines.contains(&layer("m/release")) && lines.contains(&layer("ocp/release")),
        "{lines:#?}"
    );
}

#[test]
fn a_payload_has_a_bounded_number_of_components() {
    let scene = Dispute::new();
    let host = scene.town.hub.host();
    scene.town.fleet.server().grant("alice", &["list"], "configmaps");
    let instances = ["amd64", "arm64"].map(|architecture| {
        let names: Vec<(String, String)> = (0..5001)
            .map(|n| (format!("c{n}"), format!("{host}/ocp/art-{architecture}@{}", scene.component)))
            .collect();
        let tags: Vec<(&str, &str)> = names.iter().map(|(name, image)| (name.as_str(), image.as_str())).collect();
        let own = store(&scene.town.hub, ("ocp/release", ""), &gzip(&archive(&references(&tags))), &|_| {});
        json!({"mediaType": MANIFEST, "digest": own, "size": 1, "platform": {"os": "linux", "architecture": architecture}})
    });
    let list = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": instances}).to_string();
    let hub = &scene.town.hub;
    let payload = hub.store(|store| store.repository("ocp/release").push("", LIST, list.as_bytes()));
    let blob = scene
        .town
        .fleet
        .sign(&payload, &format!("{host}/ocp/release:4.21.3-x86_64"));
    hub.store(|store| store.repository("ocp/release").sign(&payload, "s", &blob));
    scene.runs(&format!("{host}/ocp/release@{payload}"));
    // Those of the first instance count.
    let outcome = scene.assert(&AUTO, 3, REJECTED, Value::Null);
    assert!(
        outcome.stderr.contains("it has more than 10000 components"),
        "{outcome:#?}"
    );
}
