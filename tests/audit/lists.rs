// SPDX-License-Identifier: Apache-2.0
//! Lists in files, as kubectl and the API print them: elements that do not say what they are, lists in lists.

use serde_json::{json, Value};

use super::bench::{digest, Bench, Report, SIGNED};
use crate::support::images::{image, list};

const GROUP: &str = "image.openshift.io/v1";

/// An object without what a list says of its elements.
fn bare(mut object: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    members.remove("kind");
    members.remove("apiVersion");
    object
}

fn typed(version: &str, kind: &str, items: &[Value]) -> Value {
    json!({"kind": kind, "apiVersion": version, "metadata": {}, "items": items})
}

/// A stream in whose tag image 1 is.
fn stream(from: &str) -> Value {
    json!({
        "apiVersion": GROUP, "kind": "ImageStream", "metadata": {"name": "app", "namespace": "ns"},
        "spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": from}}]},
        "status": {"tags": [{"tag": "v1", "items": [{"image": digest(1)}]}]},
    })
}

/// A pod that names image 1 by its digest.
fn pod(repository: &str) -> Value {
    let name = format!("{repository}@{}", digest(1));
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "ns"},
        "spec": {"containers": [{"name": "c", "image": name}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "c", "imageID": name}]},
    })
}

fn audit(bench: &Bench, objects: &Value, status: i32) -> Report {
    bench.desk.put("inventory/other.json", objects.to_string());
    bench.lines(&["-f", "inventory"], status)
}

#[test]
fn elements_are_what_their_list_is_a_list_of() {
    let bench = Bench::new();
    bench.desk.put("inventory/images.json", bench.good(1).to_string());
    for (objects, kind) in [
        (
            typed(GROUP, "ImageStreamList", &[bare(stream("elsewhere.local/app:v1"))]),
            "tag",
        ),
        (typed("v1", "PodList", &[bare(pod("elsewhere.local/app"))]), "pod"),
        // Before OpenShift 3.6.
        (
            typed("v1", "ImageStreamList", &[bare(stream("elsewhere.local/app:v1"))]),
            "tag",
        ),
    ] {
        let report = audit(&bench, &objects, 1);
        assert_eq!(report.words(), ["Rejected/IdentityMismatch"], "{objects}");
        assert_eq!(report.entry()["uses"][0]["kind"], kind, "{objects}");
    }
    for objects in [
        typed(GROUP, "ImageStreamList", &[bare(stream(&format!("{SIGNED}:v1")))]),
        typed("v1", "PodList", &[bare(pod(SIGNED))]),
        // Pods of another API are none, nor are images of the configuration; other kinds name no image.
        typed("metrics.k8s.io/v1beta1", "PodList", &[bare(pod("elsewhere.local/app"))]),
        typed(
            "config.openshift.io/v1",
            "ImageList",
            &[json!({"metadata": {"name": "cluster"}})],
        ),
        typed("v1", "ConfigMapList", &[json!({"metadata": {"name": "a"}})]),
    ] {
        let report = audit(&bench, &objects, 0);
        assert_eq!(report.words(), ["Verified/Verified"], "{objects}");
    }
    // Images likewise, which is what the API itself prints.
    bench.desk.put(
        "inventory/images.json",
        typed(GROUP, "ImageList", &[bare(bench.good(1))]).to_string(),
    );
    assert_eq!(audit(&bench, &list(&[]), 0).words(), ["Verified/Verified"]);
}

#[test]
fn lists_in_lists_are_read_and_not_written() {
    let bench = Bench::new();
    bench.desk.put("inventory/images.json", bench.good(1).to_string());
    let other = "elsewhere.local/app:v1";
    for objects in [
        list(&[list(&[stream(other)])]),
        list(&[typed(GROUP, "ImageStreamList", &[bare(stream(other))]), bench.good(2)]),
        list(&[bench.good(2), list(&[list(&[stream(other)]), bench.good(3)])]),
        // In whatever order the members stand.
        json!({"items": [{"items": [stream(other)], "kind": "List", "apiVersion": "v1"}], "apiVersion": "v1", "kind": "List"}),
    ] {
        let report = audit(&bench, &objects, 1);
        let words = report.words();
        assert_eq!(words[0], "Rejected/IdentityMismatch", "{objects}");
        assert!(words[1..].iter().all(|word| word == "Verified/Verified"), "{words:?}");
        let yaml = yaml_of(&objects);
        bench.desk.put("inventory/other.json", &yaml);
        assert_eq!(bench.lines(&["-f", "inventory"], 1).words(), words, "{yaml}");
    }
    // What is no list has no elements, whatever it calls a member.
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "items": [stream(other)]});
    assert_eq!(audit(&bench, &list(&[config]), 0).words(), ["Verified/Verified"]);
    // A record in a list of lists is refused, and the file stays as it was.
    let nested = list(&[list(&[bench.good(4)])]).to_string();
    let file = bench.desk.put("nested.json", &nested);
    let outcome = bench.run(&["-f", "nested.json", "--confirm"]).expect(3);
    assert!(outcome.stderr.contains("it has lists in lists"), "{outcome:#?}");
    assert_eq!(std::fs::read_to_string(file).unwrap(), nested);
}

/// JSON as a YAML document.
fn yaml_of(objects: &Value) -> String {
    format!("---\n{objects}\n")
}

#[test]
fn a_view_of_a_tag_says_what_the_tag_is_imported_from() {
    let bench = Bench::new();
    let view = |from: Value, object: Value| {
        json!({"apiVersion": GROUP, "kind": "ImageStreamTag", "metadata": {"name": "app:v1", "namespace": "ns"},
               "tag": {"name": "v1", "from": from}, "image": object})
    };
    let imported = |name: &str| json!({"kind": "DockerImage", "name": name});
    // The view by itself, and beside the image.
    let mut own = bench.good(1);
    own["dockerImageReference"] = json!(format!("{SIGNED}@{}", digest(1)));
    for beside in [false, true] {
        let run = |from: Value| {
            let mut all = vec![view(from, own.clone())];
            all.extend(beside.then(|| own.clone()));
            bench.desk.put("dump.json", list(&all).to_string());
            let outcome = bench.run(&["-f", "dump.json", "-o", "jsonl"]);
            Report::read(&outcome.stdout)
        };
        let report = run(imported(&format!("{SIGNED}:v1")));
        assert_eq!(report.words(), ["Verified/Verified"], "{report:#?}");
        assert_eq!(
            report.entry()["uses"],
            json!([{"kind": "tag", "namespace": "ns", "name": "app:v1"}])
        );
        assert_eq!(report.entry()["identitySource"], "stream");
        assert_eq!(
            run(imported(&format!("{SIGNED}:v2"))).words(),
            ["Rejected/IdentityMismatch"]
        );
        // A digest that a tag was resolved to is no expectation, nor is another tag of the cluster.
        for from in [
            imported(&format!("{SIGNED}@{}", digest(1))),
            json!({"kind": "ImageStreamTag", "name": "app:v0"}),
        ] {
            assert_eq!(run(from).words(), ["Unchecked/NoExpectedIdentity"]);
        }
    }
}

#[test]
fn verify_finds_images_in_lists_of_every_kind() {
    let bench = Bench::new();
    let object = image(&digest(1), &[&bench.desk.sign(&digest(1), &format!("{SIGNED}:v1"))]);
    let key = bench.desk.key_file.to_str().unwrap().to_owned();
    for objects in [
        typed(GROUP, "ImageList", &[bare(object.clone())]),
        list(&[typed(GROUP, "ImageList", &[bare(object.clone())])]),
    ] {
        bench.desk.put("dump.json", objects.to_string());
        let identity = format!("{SIGNED}:v1");
        let args = [
            "verify",
            "-f",
            "dump.json",
            "--public-key",
            &key,
            "--expected-identity",
            &identity,
        ];
        bench.desk.sandbox.run(args).expect(0);
    }
}
