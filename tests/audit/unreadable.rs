// SPDX-License-Identifier: Apache-2.0
//! Streams and pods with members of another type than their API has: what cannot be read makes the audit incomplete, by name,
//! in a cluster and in files.

use serde_json::{json, Value};

use super::bench::{digest, Bench};
use super::fleet::{name, pod, stored, tag, Fleet};
use crate::support::images::list;

/// An object with another value at a JSON pointer; nothing at all there where the value is `None`.
fn with(object: &Value, pointer: &str, value: Option<Value>) -> Value {
    let mut object = object.clone();
    let (above, last) = pointer.rsplit_once('/').unwrap();
    let above = object.pointer_mut(above).unwrap();
    match (above, value) {
        (Value::Array(elements), Some(value)) => elements[last.parse::<usize>().unwrap()] = value,
        (above, Some(value)) => above[last] = value,
        (above, None) => drop(above.as_object_mut().unwrap().remove(last)),
    }
    object
}

/// A pod that runs image 1, named by digest.
fn running() -> Value {
    pod("Running", &name(1), &name(1))
}

/// A stream with a tag that stands for image 1.
fn stream() -> Value {
    json!({
        "spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": tag(1)}}]},
        "status": {"dockerImageRepository": "registry.local:5000/shop/app",
                   "tags": [{"tag": "v1", "items": [{"image": digest(1)}]}]},
    })
}

/// What is wrong with pods, and what is said of it.
fn pods() -> Vec<(Value, &'static str)> {
    let at = |pointer: &str, value: Value| with(&running(), pointer, Some(value));
    vec![
        (at("/spec", Value::Null), "spec: expected an object, found null"),
        (at("/spec", json!("x")), "spec: expected an object, found a string"),
        (with(&running(), "/spec", None), "spec.containers: expected an array"),
        (
            at("/spec/containers", Value::Null),
            "spec.containers: expected an array",
        ),
        (
            at("/spec/containers", json!({"0": {}})),
            "spec.containers: expected an array, found an object",
        ),
        (
            at("/spec/initContainers", json!(1)),
            "spec.initContainers: expected an array, found a number",
        ),
        (
            at("/spec/containers/0", json!("main")),
            "expected an object, found a string",
        ),
        (
            at("/spec/containers/0/name", json!([])),
            "name: expected a string, found an array",
        ),
        (
            at("/spec/containers/0/image", json!({"name": name(1)})),
            "image: expected a string, found an object",
        ),
        (
            at("/spec/containers/0/image", Value::Null),
            "image: expected a string, found null",
        ),
        (with(&running(), "/spec/containers/0/image", None), "it names no image"),
        (
            at("/status/containerStatuses", json!({})),
            "status.containerStatuses: expected an array, found an object",
        ),
        (
            at("/status/containerStatuses/0", Value::Null),
            "expected an object, found null",
        ),
        (
            at("/status/containerStatuses/0/imageID", json!(7)),
            "imageID: expected a string, found a number",
        ),
        (
            with(
                &pod("Running", &tag(1), ""),
                "/status/containerStatuses/0/state",
                Some(json!({"running": {}})),
            ),
            "imageID \"\" names no manifest",
        ),
        (at("/status", json!([])), "its phase is"),
        (
            at("/spec/volumes", json!({})),
            "spec.volumes: expected an array, found an object",
        ),
        (
            at("/spec/volumes", json!([{"name": "data", "image": []}])),
            "image: expected an object, found an array",
        ),
    ]
}

/// The same of streams.
fn streams() -> Vec<(Value, &'static str)> {
    let at = |pointer: &str, value: Value| with(&stream(), pointer, Some(value));
    vec![
        (at("/spec", Value::Null), "spec: expected an object, found null"),
        (
            at("/spec/tags", json!({})),
            "spec.tags: expected an array, found an object",
        ),
        (
            at("/spec/tags/0", json!("v1")),
            "spec.tags: it: expected an object, found a string",
        ),
        (
            at("/spec/tags/0/name", json!(1)),
            "name: expected a string, found a number",
        ),
        (
            at("/spec/tags/0/from", json!(tag(1))),
            "from: expected an object, found a string",
        ),
        (
            at("/spec/tags/0/from/kind", Value::Null),
            "from.kind: expected a string, found null",
        ),
        (
            at("/spec/tags/0/from/name", json!(7)),
            "from.name: expected a string, found a number",
        ),
        (
            at("/spec/tags/0/from/name", json!("Not A Reference")),
            "\"Not A Reference\", which is not a valid reference",
        ),
        (
            with(&stream(), "/spec/tags/0/from/name", None),
            "\"\", which is not a valid reference",
        ),
        (at("/status", json!("x")), "status: expected an object, found a string"),
        (
            at("/status/tags", json!({"v1": {}})),
            "status.tags: expected an array, found an object",
        ),
        (at("/status/tags/0", json!([])), "expected an object, found an array"),
        (
            at("/status/tags/0/tag", json!(1)),
            "tag: expected a string, found a number",
        ),
        (
            at("/status/tags/0/items", json!({"image": digest(1)})),
            "items: expected an array, found an object",
        ),
        (
            at("/status/tags/0/items/0", json!(digest(1))),
            "expected an object, found a string",
        ),
        (
            at("/status/tags/0/items/0/image", json!({})),
            "image: expected a string, found an object",
        ),
        (
            at("/status/dockerImageRepository", json!(5)),
            "status.dockerImageRepository: expected a string",
        ),
        (
            at("/status/dockerImageRepository", json!("A B")),
            "\"A B\", which is not a valid repository",
        ),
    ]
}

#[test]
fn members_of_another_type_make_the_audit_of_a_cluster_incomplete() {
    let fleet = Fleet::empty();
    let image = || stored(&digest(1), &[&fleet.sign(&digest(1), &tag(1))]);
    fleet.server().image(image());
    fleet.server().stream("shop", "app", stream());
    fleet.server().pod("shop", "web", running());
    fleet.lines(&[], 0);
    let check = |what: &str| {
        for range in [&[][..], &["-n", "shop"]] {
            let (report, outcome) = fleet.lines(range, 3);
            let told = report.tail["incomplete"].to_string().replace("\\\"", "\"");
            assert!(told.contains(what) && told.contains("shop/"), "{what}: {told}");
            assert!(outcome.stderr.contains(what), "{what}: {outcome:#?}");
        }
    };
    for (object, what) in pods() {
        fleet.server().pod("shop", "web", object);
        check(what);
    }
    fleet.server().pod("shop", "web", running());
    for (object, what) in streams() {
        fleet.server().stream("shop", "app", object);
        check(what);
    }
}

#[test]
fn members_of_another_type_make_the_audit_of_files_incomplete() {
    let bench = Bench::new();
    let typed = |version: &str, kind: &str, own: &str, object: &Value| {
        let mut object = object.clone();
        object["apiVersion"] = json!(version);
        object["kind"] = json!(kind);
        object["metadata"] = json!({"namespace": "shop", "name": own});
        object
    };
    let as_pod = |object: &Value| typed("v1", "Pod", "web", object);
    let as_stream = |object: &Value| typed("image.openshift.io/v1", "ImageStream", "app", object);
    let mut image = bench.image(1, &[&bench.desk.sign(&digest(1), &tag(1))]);
    image["dockerImageReference"] = json!(name(1));
    let audit = |objects: &[Value], status: i32| {
        bench
            .desk
            .put("dump.json", list(&[&[image.clone()][..], objects].concat()).to_string());
        bench.lines(&["-f", "dump.json"], status)
    };
    audit(&[as_pod(&running()), as_stream(&stream())], 0);
    let mut objects: Vec<(Value, &str)> = Vec::new();
    objects.extend(pods().iter().map(|(object, what)| (as_pod(object), *what)));
    objects.extend(streams().iter().map(|(object, what)| (as_stream(object), *what)));
    let view = json!({"metadata": {"namespace": "shop", "name": "app:v1"}, "tag": {"name": "v1", "from": "x"},
        "image": image});
    objects.push((
        typed("image.openshift.io/v1", "ImageStreamTag", "app:v1", &view),
        "from: expected an object, found a string",
    ));
    for (object, what) in objects {
        let report = audit(std::slice::from_ref(&object), 3);
        let told = report.tail["incomplete"].to_string().replace("\\\"", "\"");
        assert!(told.contains(what) && told.contains("shop/"), "{what}: {told}");
    }
}

/// What the specification does not have, or has twice, runs all the same.
#[test]
fn what_a_status_says_beyond_the_specification_is_in_use() {
    let fleet = Fleet::empty();
    for n in [1, 2, 3] {
        fleet.server().image(stored(&digest(n), &[]));
    }
    let mut object = running();
    object["status"]["containerStatuses"] = json!([
        {"name": "main", "imageID": name(1)}, {"name": "main", "imageID": name(2)}, {"name": "other", "imageID": name(3)},
    ]);
    fleet.server().pod("shop", "web", object);
    let (report, _) = fleet.lines(&["-n", "shop"], 1);
    let images: Vec<&Value> = report.entries.iter().map(|entry| &entry["image"]).collect();
    assert_eq!(images, [&json!(digest(1)), &json!(digest(2)), &json!(digest(3))]);
}

/// A volume may be an image: what is mounted is in use as what runs is.
#[test]
fn images_that_pods_mount_are_in_use() {
    let fleet = Fleet::empty();
    fleet
        .server()
        .image(stored(&digest(1), &[&fleet.sign(&digest(1), &tag(1))]));
    fleet.server().image(stored(&digest(2), &[]));
    let mounting = |reference: &str| {
        let mut object = running();
        object["spec"]["volumes"] = json!([
            {"name": "tmp", "emptyDir": {}}, {"name": "data", "image": {"reference": reference, "pullPolicy": "Always"}},
        ]);
        object
    };
    fleet.server().pod("shop", "web", mounting(&name(2)));
    for range in [&[][..], &["-n", "shop"]] {
        let (report, _) = fleet.lines(range, 1);
        assert_eq!(report.words(), ["Verified/Verified", "Unsigned/NoSignature"]);
        let used = json!([{"kind": "pod", "namespace": "shop", "name": "web/volume data"}]);
        assert_eq!(report.entries[1]["uses"], used);
        assert_eq!(report.entries[1]["expected"], json!([name(2)]));
    }
    // Which image a tag was when it was mounted is nowhere.
    fleet.server().pod("shop", "web", mounting(&tag(2)));
    let (report, _) = fleet.lines(&["-n", "shop"], 3);
    assert_eq!(report.words(), ["Verified/Verified"]);
    let told = report.tail["incomplete"].to_string();
    assert!(told.contains("which image is mounted is unknown"), "{told}");
    let mut begins = mounting(&tag(2));
    begins["status"]["phase"] = json!("Pending");
    fleet.server().pod("shop", "web", begins);
    fleet.lines(&["-n", "shop"], 0);
}
