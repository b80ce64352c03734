// SPDX-License-Identifier: Apache-2.0
//! A digest that is expected of an image may be that of a list which names it: an audit says of it what `verify` says.

use serde_json::{json, Value};

use super::bench::{Bench, Report};
use super::fleet::{stored, tag, Fleet, SOURCE};
use crate::support::api::Fault;
use crate::support::images::{image, list, D1, D2, D3};
use crate::support::lists::{index, list_object};
use crate::support::program::word;

/// What both commands call D1 in a file with these objects, where D1 is expected to be this.
fn both(bench: &Bench, objects: &[Value], reference: &str) -> String {
    bench.desk.put("objects.json", list(objects).to_string());
    let request = format!("{D1}={reference}");
    let outcome = bench.run(&["-o", "jsonl", "-f", "objects.json", &request]);
    let audited = Report::read(&outcome.stdout).words().remove(0);
    let key = bench.desk.key_file.to_str().unwrap();
    let args = [
        "verify",
        "-o",
        "json",
        "-f",
        "objects.json",
        "--public-key",
        key,
        &request,
    ];
    let document = bench.desk.sandbox.run(args).json();
    assert_eq!(word(&document["items"][0]), audited, "{reference}");
    audited
}

#[test]
fn an_instance_gets_the_verdict_that_verify_gives_it() {
    let bench = Bench::new();
    let (object, digest) = list_object(&[D2, D1], &[D2, D1]);
    let (stranger, other) = list_object(&[D3], &[D3]);
    let named = |digest: &str| format!("{SOURCE}/app@{digest}");
    for (signed, expected, wanted) in [
        (tag(1), named(&digest), "Verified"),
        (named(D1), named(&digest), "Verified"),
        (named(&digest), named(&digest), "Verified"),
        (named(&digest), named(D1), "Rejected"),
        (named(&digest), tag(1), "Rejected"),
        (named(&other), named(&digest), "Rejected"),
        (tag(1), named(&other), "Rejected"),
    ] {
        let instance = image(D1, &[&bench.desk.sign(D1, &signed)]);
        let found = both(&bench, &[instance.clone(), object.clone(), stranger.clone()], &expected);
        assert!(found.starts_with(wanted), "{signed}, {expected}: {found}");
        // Without the list nobody knows of it.
        if expected == named(&digest) {
            let found = both(&bench, &[instance], &expected);
            assert!(found.starts_with("Rejected"), "{signed}, {expected}: {found}");
        }
    }
    // What cannot be read may be the list.
    let mut twin = object.clone();
    twin["dockerImageReference"] = json!("elsewhere.example/x:1");
    let instance = image(D1, &[&bench.desk.sign(D1, &tag(1))]);
    let found = both(&bench, &[instance, object, twin], &named(&digest));
    assert!(found.starts_with("Unchecked"), "{found}");
}

/// Who names an image in two ways expects of it what each says, and each may be another list.
#[test]
fn lists_of_a_cluster_stand_for_their_instances_each_where_it_is_expected() {
    let fleet = Fleet::empty();
    let (first, one) = list_object(&[D1], &[D1]);
    let (second, two) = list_object(&[D1, D2], &[D1, D2]);
    let (stranger, three) = list_object(&[D2], &[D2]);
    for object in [first, second, stranger] {
        fleet.server().image(object);
    }
    fleet.server().image(stored(D1, &[&fleet.sign(D1, &tag(1))]));
    fleet.server().stream(
        "shop",
        "app",
        json!({"status": {"tags": [{"tag": "v1", "items": [{"image": D1}]}]}}),
    );
    let named = |digest: &str| format!("{SOURCE}/app@{digest}");
    let lines = |both: [&str; 2]| {
        let text = format!("{D1} {}\nshop/app@{D1} {}\n", named(both[0]), named(both[1]));
        fleet.scene.sandbox.file("list", text);
    };
    lines([&one, &two]);
    let args = ["--images-from", "list"];
    let (report, _) = fleet.lines(&args, 0);
    assert_eq!(report.words(), ["Verified/Verified"]);
    // What is recorded is judged in the same way, also when it is judged again.
    fleet.server().before_write(|objects| {
        objects.edit_image(D1, |image| image["metadata"]["labels"] = json!({"a": "b"}));
    });
    let (report, _) = fleet.lines(&["--images-from", "list", "--confirm"], 0);
    assert_eq!(report.entry()["recorded"], "yes");
    assert_eq!(
        fleet.server().stored(D1)["signatures"][0]["conditions"][0]["status"],
        "True"
    );
    lines([&one, &three]);
    let (report, _) = fleet.lines(&args, 1);
    assert_eq!(report.words(), ["Rejected/IdentityMismatch"]);
    // A server that does not say whether there is such a list leaves the image open.
    lines([&one, &two]);
    let path = format!("/apis/image.openshift.io/v1/images/{two}");
    fleet.server().fault(Fault::status(500).on("GET", &path));
    let (report, _) = fleet.lines(&args, 1);
    assert_eq!(report.entry()["verdict"], "Unchecked", "{report:#?}");
}

/// Under one name either list may be expected; what is expected under another name is a demand of its own.
#[test]
fn signatures_for_each_of_several_lists_are_confirmed() {
    let fleet = Fleet::empty();
    let (first, one) = list_object(&[D1], &[D1]);
    let (second, two) = list_object(&[D1, D2], &[D1, D2]);
    for object in [first, second] {
        fleet.server().image(object);
    }
    fleet.server().stream(
        "shop",
        "app",
        json!({"status": {"tags": [{"tag": "v1", "items": [{"image": D1}]}]}}),
    );
    let named = |digest: &str| format!("{SOURCE}/app@{digest}");
    fleet.server().image(stored(D1, &[&fleet.sign(D1, &named(&two))]));
    for [expected, other] in [[&one, &two], [&two, &one]] {
        let under = |name: &str| {
            let text = format!("{D1} {}\n{name} {}\n", named(expected), named(other));
            fleet.scene.sandbox.file("list", text);
        };
        under(D1);
        let (report, _) = fleet.lines(&["--images-from", "list"], 0);
        assert_eq!(report.words(), ["Verified/Verified"]);
        under(&format!("shop/app@{D1}"));
        let (report, _) = fleet.lines(&["--images-from", "list"], 1);
        assert_eq!(report.words(), ["Rejected/IdentityMismatch"]);
    }
    let signatures = [&fleet.sign(D1, &named(&one))[..], &fleet.sign(D1, &named(&two))];
    fleet.server().image(stored(D1, &signatures));
    fleet
        .scene
        .sandbox
        .file("list", format!("{D1} {}\n{D1} {}\n", named(&one), named(&two)));
    fleet.lines(&["--images-from", "list", "--confirm"], 0);
    for signature in fleet.server().stored(D1)["signatures"].as_array().unwrap() {
        assert_eq!(signature["conditions"][0]["status"], "True", "{signature}");
    }
}

/// A list may name its instances by the bytes of its manifest alone.
#[test]
fn instances_that_only_the_manifest_of_a_list_names_are_expected_to_be_signed_as_its_tags() {
    let (mut object, digest) = list_object(&[D1], &[D1]);
    object.as_object_mut().unwrap().remove("dockerImageManifests");
    let stream = json!({
        "spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": tag(1)}}]},
        "status": {"tags": [{"tag": "v1", "items": [{"image": digest}]}]},
    });
    let bench = Bench::new();
    let mut own = stream.clone();
    own["apiVersion"] = json!("image.openshift.io/v1");
    own["kind"] = json!("ImageStream");
    own["metadata"] = json!({"namespace": "shop", "name": "app"});
    let fleet = Fleet::empty();
    fleet.server().stream("shop", "app", stream);
    fleet.server().image(object.clone());
    for (reference, wanted) in [(tag(1), "Verified/Verified"), (tag(2), "Rejected/IdentityMismatch")] {
        let instance = image(D1, &[&bench.desk.sign(D1, &reference)]);
        bench
            .desk
            .put("dump.json", list(&[instance, object.clone(), own.clone()]).to_string());
        let report = bench.lines(&["-f", "dump.json"], 1);
        assert_eq!(report.words()[0], wanted);
        fleet.server().objects(|objects| objects.remove_image(D1));
        fleet.server().image(stored(D1, &[&fleet.sign(D1, &reference)]));
        for range in [&[][..], &["-n", "shop"]] {
            let (report, _) = fleet.lines(range, 1);
            let words = report.entries.iter().zip(report.words());
            let found = words.filter(|(entry, _)| entry["image"] == D1).map(|(_, word)| word);
            assert_eq!(found.collect::<Vec<_>>(), [wanted], "{range:?}");
        }
    }
    // Bytes that are not the list's say nothing, so that what it has is not known.
    object["dockerImageManifest"] = json!(index(&[D1, D2]));
    let instance = image(D1, &[&bench.desk.sign(D1, &tag(1))]);
    bench.desk.put("dump.json", list(&[instance, object, own]).to_string());
    let report = bench.lines(&["-f", "dump.json"], 3);
    assert_eq!(report.words()[0], "Unchecked/NoExpectedIdentity");
}
