// SPDX-License-Identifier: Apache-2.0
//! What uses images, and what lists expect of their instances, is not all known: nothing is recorded by it, and a run that is
//! resumed when it is known records it.

use std::fs;

use serde_json::{json, Value};

use super::bench::{digest, Bench, Report, SIGNED};
use super::fleet::{pod, stored, tag, Fleet, SOURCE};
use crate::support::api::Fault;
use crate::support::images::list;

/// A list of which image 2 is an instance.
fn whole() -> Value {
    let mut object = stored(&digest(1), &[]);
    object["dockerImageManifests"] = json!([
        {"digest": digest(2), "mediaType": "application/vnd.oci.image.manifest.v1+json",
         "manifestSize": 1, "architecture": "amd64", "os": "linux"}
    ]);
    object
}

/// A stream whose tag stands for an image, and is imported from there.
fn stream(name: &str, from: &str, own: &str) -> Value {
    json!({"apiVersion": "image.openshift.io/v1", "kind": "ImageStream", "metadata": {"namespace": "shop", "name": name},
        "spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": from}}]},
        "status": {"tags": [{"tag": "v1", "items": [{"image": own}]}]}})
}

/// The report without its end.
fn begun(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.pop();
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A list that cannot be read may expect of its instance what that is not signed as.
#[test]
fn an_image_that_cannot_be_read_may_be_a_list_of_others() {
    let fleet = Fleet::empty();
    let own = digest(2);
    fleet.server().image(whole());
    fleet.server().image(stored(&own, &[&fleet.sign(&own, &tag(2))]));
    fleet.server().stream("shop", "a", stream("a", &tag(2), &own));
    fleet.server().stream("shop", "b", stream("b", &tag(1), &digest(1)));
    fleet.scene.sandbox.file("map", format!("{SOURCE} {SOURCE}\n"));
    let args = [
        "-A",
        "--expected-identity-map",
        "map",
        "--fail-on",
        "rejected",
        "--confirm",
    ];
    let verdict = |report: &Report| {
        let entry = report
            .entries
            .iter()
            .find(|entry| entry["image"] == own.as_str())
            .unwrap();
        (entry["verdict"].clone(), entry["recorded"].clone())
    };
    let conditions = || fleet.server().stored(&own)["signatures"][0]["conditions"].clone();
    fleet
        .server()
        .fault(Fault::status(500).on("GET", &format!("/images/{}$", digest(1))));
    let (report, outcome) = fleet.lines(&args, 3);
    assert_eq!((verdict(&report).1, conditions()), (json!("no"), Value::Null));
    assert!(outcome.stderr.contains("if it is a manifest list"), "{outcome:#?}");
    fleet.server().heal();
    let (report, _) = fleet.lines(&args, 1);
    assert_eq!(verdict(&report).0, "Rejected");
}

/// The same in files, of a list that is damaged, and of what a file may have beside that.
#[test]
fn nothing_is_recorded_by_files_of_which_a_part_is_not_known() {
    let bench = Bench::new();
    bench.desk.put("map", format!("{SIGNED} {SIGNED}\n"));
    let image = bench.good(2);
    let used = [image, stream("a", &format!("{SIGNED}:v1"), &digest(2))];
    let mut damaged = whole();
    (damaged["apiVersion"], damaged["kind"]) = (json!("image.openshift.io/v1"), json!("Image"));
    damaged["signatures"] = json!(7);
    let part = json!({"apiVersion": "v1", "kind": "List", "items": [], "metadata": {"continue": "more"}});
    let other = stream("b", &format!("{SIGNED}:v2"), &digest(1));
    for beside in [
        list(&[damaged, other]).to_string(),
        part.to_string(),
        "{\"kind\":".to_owned(),
    ] {
        bench.desk.put("in/used.json", list(&used).to_string());
        bench.desk.put("in/beside.json", &beside);
        let before = fs::read_to_string(bench.desk.sandbox.path("in/used.json")).unwrap();
        let outcome = bench.run(&["-f", "in", "--fail-on", "rejected", "--confirm"]).expect(3);
        assert!(
            outcome.stderr.contains("uses of images are not all known"),
            "{beside}: {outcome:#?}"
        );
        let after = fs::read_to_string(bench.desk.sandbox.path("in/used.json")).unwrap();
        assert_eq!(after, before, "{beside}");
    }
    fs::remove_file(bench.desk.sandbox.path("in/beside.json")).unwrap();
    bench.run(&["-f", "in", "--confirm"]).expect(0);
    let after = fs::read_to_string(bench.desk.sandbox.path("in/used.json")).unwrap();
    assert!(after.contains("\"Trusted\""), "{after}");
}

#[test]
fn what_was_not_recorded_for_that_is_when_the_run_is_resumed() {
    let fleet = Fleet::empty();
    let own = digest(2);
    fleet.server().image(stored(&own, &[&fleet.sign(&own, &tag(2))]));
    fleet.server().stream("shop", "a", stream("a", &tag(2), &own));
    fleet
        .server()
        .pod("shop", "web", pod("Running", &tag(2), &format!("{SOURCE}/app@{own}")));
    fleet.scene.sandbox.file("map", format!("{SOURCE} {SOURCE}\n"));
    let args = |more: &str| {
        let mut all = vec!["-A", "--expected-identity-map", "map", "--confirm"];
        all.extend(more.split(' '));
        fleet.run(&all)
    };
    let trusted = || fleet.server().stored(&own)["signatures"][0]["conditions"][0]["status"].clone();
    let file = fleet.scene.sandbox.path("audit.jsonl");
    fleet.server().fault(Fault::status(403).on("GET", "/pods$"));
    args("--report jsonl=audit.jsonl").expect(3);
    assert_eq!(trusted(), Value::Null);
    let report = fs::read_to_string(&file).unwrap();
    fs::write(&file, begun(&report)).unwrap();
    fleet.server().heal();
    args("--resume audit.jsonl").expect(0);
    assert_eq!(trusted(), "True");
    // The record is taken away by somebody.
    let report = fs::read_to_string(&file).unwrap();
    fs::write(&file, begun(&report)).unwrap();
    fleet.server().objects(|objects| {
        objects.edit_image(&own, |image| {
            image["signatures"][0].as_object_mut().unwrap().remove("conditions");
        });
    });
    args("--resume audit.jsonl").expect(0);
    assert_eq!(trusted(), "True");
}

/// Where nothing is recorded, a record that somebody has made since is looked at.
#[test]
fn a_record_that_somebody_has_made_since_is_found_stale_when_the_run_is_resumed() {
    let bench = Bench::new();
    let mut image = bench.image(1, &[&bench.desk.sign(&digest(1), &format!("{SIGNED}:v2"))]);
    bench.desk.put("all.json", image.to_string());
    let common = ["-f", "all.json", "--fail-on", "stale"];
    bench
        .run(&[&common[..], &["--report", "jsonl=audit.jsonl"]].concat())
        .expect(0);
    let file = bench.desk.sandbox.path("audit.jsonl");
    let report = fs::read_to_string(&file).unwrap();
    fs::write(&file, begun(&report)).unwrap();
    let time = "2026-01-01T00:00:00Z";
    let condition =
        |kind: &str| json!({"type": kind, "status": "True", "lastProbeTime": time, "lastTransitionTime": time});
    image["signatures"][0]["conditions"] = json!([condition("Trusted"), condition("ForImage")]);
    bench.desk.put("all.json", image.to_string());
    bench
        .run(&[&common[..], &["--resume", "audit.jsonl"]].concat())
        .expect(1);
}
