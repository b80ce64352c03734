// SPDX-License-Identifier: Apache-2.0
//! Manifest lists that pods run: the map is asked for the place of a list for each of its instances too. Container runtimes
//! tell the digest of the list.

use std::fs;

use serde_json::{json, Value};

use super::bench::{digest, Bench, Report, PLACE, SIGNED};
use super::fleet::{pod, stored, Fleet, SOURCE};
use crate::support::images::list;

const KIND: &str = "application/vnd.oci.image.manifest.v1+json";

fn entries(instances: &[&str]) -> Value {
    let entry = |digest: &&str| {
        json!({"digest": digest, "mediaType": KIND, "manifestSize": 1,
        "architecture": "amd64", "os": "linux"})
    };
    instances.iter().map(entry).collect()
}

/// A stream whose tag v1 is imported from there and stands for an image.
fn stream(from: &str, own: &str) -> Value {
    json!({"spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": from}}]},
        "status": {"dockerImageRepository": "registry.local:5000/shop/app",
                   "tags": [{"tag": "v1", "items": [{"image": own}]}]}})
}

/// Image 2, signed as this, is an instance of list 1, or of list 3 in it. Another namespace's tag says that it is this.
fn fleet(signed: &str, is_nested: bool) -> Fleet {
    let fleet = Fleet::empty();
    let map = format!("{SOURCE} {SOURCE}\nregistry.local:5000 registry.local:5000\n");
    fleet.scene.sandbox.file("map", map);
    let own = digest(2);
    let mut whole = stored(&digest(1), &[]);
    whole["dockerImageManifests"] = entries(&[&digest(if is_nested { 3 } else { 2 })]);
    fleet.server().image(whole);
    if is_nested {
        let mut inner = stored(&digest(3), &[]);
        inner["dockerImageManifests"] = entries(&[&own]);
        fleet.server().image(inner);
    }
    fleet.server().image(stored(&own, &[&fleet.sign(&own, signed)]));
    fleet.server().stream("evil", "x", stream(signed, &own));
    fleet
}

const CONFIRM: [&str; 3] = ["--expected-identity-map", "map", "--confirm"];

/// Verdict and record of image 2.
fn judged(fleet: &Fleet, args: &[&str]) -> (String, Value) {
    let outcome = fleet.run(&[&CONFIRM[..], &["-o", "jsonl"], args].concat());
    let report = Report::read(&outcome.stdout);
    let mut own = report.entries.iter().zip(report.words());
    let word = own.find(|(entry, _)| entry["image"] == digest(2).as_str()).unwrap().1;
    let record = &fleet.server().stored(&digest(2))["signatures"][0]["conditions"][0]["status"];
    (word, record.clone())
}

#[test]
fn a_tag_of_an_instance_does_not_silence_what_the_map_says_of_the_pod_that_runs_its_list() {
    let list = format!("{SOURCE}/app@{}", digest(1));
    let evil = format!("{SOURCE}/evil:v1");
    for is_nested in [false, true] {
        for asked in [format!("{SOURCE}/app:v1"), list.clone()] {
            let fleet = fleet(&evil, is_nested);
            let alone = judged(&fleet, &[]);
            assert_eq!(alone, ("Verified/Verified".to_owned(), json!("True")));
            fleet.server().objects(|objects| {
                objects.edit_image(&digest(2), |image| {
                    image["signatures"][0].as_object_mut().unwrap().remove("conditions");
                });
            });
            fleet.server().pod("shop", "web", pod("Running", &asked, &list));
            for range in [&[][..], &["-A"]] {
                let found = judged(&fleet, range);
                let wanted = ("Rejected/IdentityMismatch".to_owned(), Value::Null);
                assert_eq!(found, wanted, "{asked} {is_nested} {range:?}");
            }
        }
    }
}

#[test]
fn an_instance_that_is_signed_as_the_place_of_its_list_is_verified() {
    let list = format!("{SOURCE}/app@{}", digest(1));
    let signed = format!("{SOURCE}/app:v1");
    for is_nested in [false, true] {
        for asked in [&signed, &list] {
            let fleet = fleet(&signed, is_nested);
            fleet.server().pod("shop", "web", pod("Running", asked, &list));
            let wanted = ("Verified/Verified".to_owned(), json!("True"));
            assert_eq!(judged(&fleet, &[]), wanted, "{asked} {is_nested}");
            // Nothing else names it.
            fleet.server().stream("evil", "x", json!({}));
            assert_eq!(judged(&fleet, &[]), wanted, "{asked} {is_nested}");
        }
    }
}

/// Where the namespace of the pod has a tag of the list, or the pod runs what the cluster's registry calls a tag of it, the tag
/// says what to expect.
#[test]
fn a_tag_of_the_list_says_what_is_expected_of_the_instances_that_its_pods_run() {
    let signed = format!("{SOURCE}/app:v1");
    let internal = "registry.local:5000/shop/app";
    let map = format!("{SOURCE} {SOURCE}\nregistry.local:5000 registry.local:5000\nmirror.example mirror.example\n");
    let runs = format!("{internal}@{}", digest(1));
    for (namespace, asked) in [
        ("shop", "mirror.example/app:v1".to_owned()),
        ("shop", runs.clone()),
        ("team", format!("{internal}:v1")),
        ("team", runs.clone()),
    ] {
        let fleet = fleet(&signed, false);
        fleet.scene.sandbox.file("map", &map);
        fleet.server().stream("evil", "x", json!({}));
        fleet.server().stream("shop", "app", stream(&signed, &digest(1)));
        fleet.server().pod(namespace, "web", pod("Running", &asked, &runs));
        let wanted = ("Verified/Verified".to_owned(), json!("True"));
        assert_eq!(judged(&fleet, &[]), wanted, "{namespace} {asked}");
    }
    // In another namespace a name that the tag does not have is asked for.
    let fleet = fleet(&signed, false);
    fleet.scene.sandbox.file("map", &map);
    fleet.server().stream("shop", "app", stream(&signed, &digest(1)));
    fleet
        .server()
        .pod("team", "web", pod("Running", "mirror.example/app:v1", &runs));
    assert_eq!(judged(&fleet, &[]).0, "Rejected/IdentityMismatch");
}

/// In files, also where no tag is among them.
#[test]
fn in_files_the_place_of_a_list_is_that_of_its_instances() {
    let bench = Bench::new();
    bench.desk.put(
        "map",
        format!("{PLACE} {SIGNED}\nelsewhere.example elsewhere.example\n"),
    );
    let mut whole = bench.image(1, &[]);
    whole.as_object_mut().unwrap().remove("dockerImageReference");
    whole["dockerImageManifests"] = entries(&[&digest(2)]);
    let run = |place: &str, status: i32| {
        let mut object = pod("Running", &format!("{place}:v1"), &format!("{place}@{}", digest(1)));
        (object["apiVersion"], object["kind"]) = ("v1".into(), "Pod".into());
        object["metadata"] = json!({"namespace": "shop", "name": "web"});
        let text = list(&[whole.clone(), bench.good(2), object]).to_string();
        bench.desk.put("all.json", text);
        let outcome = bench
            .run(&["-f", "all.json", "--confirm", "-o", "jsonl"])
            .expect(status);
        let after = fs::read_to_string(bench.desk.sandbox.path("all.json")).unwrap();
        (
            Report::read(&outcome.stdout).words()[1].clone(),
            after.contains("\"Trusted\""),
        )
    };
    assert_eq!(run(PLACE, 1), ("Verified/Verified".to_owned(), true));
    assert_eq!(run("other.example/x", 1), ("Verified/Verified".to_owned(), true));
    assert_eq!(run("elsewhere.example/x", 1).0, "Rejected/IdentityMismatch");
}

/// Any image may be an instance of a list that does not say which it has.
#[test]
fn a_list_that_a_pod_runs_from_a_place_of_the_map_and_that_is_altered_keeps_records_from_being_made() {
    let signed = format!("{SOURCE}/evil:v1");
    let fleet = fleet(&signed, false);
    let mut altered = stored(&digest(4), &[]);
    altered["dockerImageManifest"] = json!("{\"schemaVersion\":2,\"config\":{}}");
    fleet.server().image(altered);
    let place = |name: &str| format!("{name}/app@{}", digest(4));
    let run = |place: &str| fleet.server().pod("shop", "web", pod("Running", place, place));
    run(&place(SOURCE));
    assert_eq!(judged(&fleet, &[]).1, Value::Null);
    run(&place("elsewhere.example"));
    assert_eq!(judged(&fleet, &[]).1, "True");
}
