// SPDX-License-Identifier: Apache-2.0
//! Views of tags in files beside the streams that the tags are in.

use serde_json::{json, Value};

use super::bench::{digest, Bench, Report};
use crate::support::images::{image, list};

const GROUP: &str = "image.openshift.io/v1";
const FROM: &str = "quay.example/x/web:1";
const OWN: &str = "registry.example:5000/shop/web:v1";

fn tag(from: &str) -> Value {
    json!({"name": "v1", "from": {"kind": "DockerImage", "name": from}})
}

fn event(own: &str) -> Value {
    json!({"tag": "v1", "items": [{"created": "2026-02-02T00:00:00Z", "generation": 1, "image": own,
        "dockerImageReference": format!("quay.example/x/web@{own}")}]})
}

fn stream(from: &str, own: &str) -> Value {
    json!({"apiVersion": GROUP, "kind": "ImageStream", "metadata": {"namespace": "shop", "name": "web"},
        "spec": {"tags": [tag(from)]},
        "status": {"dockerImageRepository": "registry.example:5000/shop/web", "tags": [event(own)]}})
}

fn image_stream_tag(from: &str, object: &Value) -> Value {
    json!({"apiVersion": GROUP, "kind": "ImageStreamTag", "metadata": {"namespace": "shop", "name": "web:v1"},
        "tag": tag(from), "image": object})
}

fn image_tag(from: &str, own: &str, object: &Value) -> Value {
    json!({"apiVersion": GROUP, "kind": "ImageTag", "metadata": {"namespace": "shop", "name": "web:v1"},
        "spec": tag(from), "status": event(own), "image": object})
}

#[test]
fn a_tag_that_its_stream_and_a_view_show_is_one_use() {
    let bench = Bench::new();
    let own = digest(1);
    // Signed as what the stream offers it as; of that the view does not know.
    for signed in [OWN, FROM] {
        let object = image(&own, &[&bench.desk.sign(&own, signed)]);
        let views = [
            image_stream_tag(FROM, &object),
            image_tag(FROM, &own, &object),
            image_tag(FROM, &own, &Value::Null),
        ];
        for view in views {
            let mut all = [stream(FROM, &own), view, object.clone()];
            for _ in 0..all.len() {
                all.rotate_left(1);
                bench.desk.put("dump.json", list(&all).to_string());
                let report = bench.lines(&["-f", "dump.json"], 0);
                assert_eq!(report.words(), ["Verified/Verified"], "{all:?}");
                assert_eq!(
                    report.entry()["uses"],
                    json!([{"kind": "tag", "namespace": "shop", "name": "web:v1"}])
                );
            }
        }
    }
}

#[test]
fn a_view_and_a_stream_that_contradict_each_other_leave_the_tag_unknown() {
    let bench = Bench::new();
    let own = digest(1);
    let object = image(&own, &[&bench.desk.sign(&own, FROM)]);
    bench.desk.put(
        "map",
        "quay.example quay.example\nregistry.example:5000 registry.example:5000\n",
    );
    let other = "quay.example/x/web:2";
    for (view, stream) in [
        (image_stream_tag(FROM, &object), stream(FROM, &digest(2))),
        (image_stream_tag(FROM, &object), stream(other, &own)),
        (image_tag(FROM, &own, &object), stream(FROM, &digest(2))),
        (image_tag(other, &own, &object), stream(FROM, &own)),
    ] {
        let text = list(&[view, stream, object.clone()]).to_string();
        bench.desk.put("dump.json", &text);
        let outcome = bench.run(&["-f", "dump.json", "--confirm"]).expect(3);
        assert!(
            outcome
                .stderr
                .contains("tag shop/web:v1 differs from the one in its ImageStream"),
            "{outcome:#?}"
        );
        let after = std::fs::read_to_string(bench.desk.sandbox.path("dump.json")).unwrap();
        assert_eq!(after, text);
    }
    // By itself an ImageTag is not read, and the message says what to add.
    bench
        .desk
        .put("dump.json", list(&[image_tag(FROM, &own, &object), object]).to_string());
    let outcome = bench.run(&["-f", "dump.json", "-o", "jsonl"]).expect(3);
    assert!(outcome.stderr.contains("add its ImageStream"), "{outcome:#?}");
    assert_eq!(Report::read(&outcome.stdout).words().len(), 1);
}
