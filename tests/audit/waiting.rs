// SPDX-License-Identifier: Apache-2.0
//! Records that wait because not all is known that uses an image, and those that do not: what is certain whatever is expected
//! is recorded, so that nobody keeps a revoked key in force by what he may write.

use std::fs;

use serde_json::{json, Value};

use super::bench::{digest, Bench, SIGNED};
use super::fleet::{stored, tag, Fleet, SOURCE};
use crate::support::api::Fault;
use crate::support::images::{base64, list};

/// A stream whose tags are imported from one place each and stand for an image.
fn stream(froms: &[String], own: &str) -> Value {
    let tags = froms.iter().enumerate();
    let spec = tags.map(|(n, from)| json!({"name": format!("v{n}"), "from": {"kind": "DockerImage", "name": from}}));
    let status = (0..froms.len()).map(|n| json!({"tag": format!("v{n}"), "items": [{"image": own}]}));
    json!({"spec": {"tags": spec.collect::<Value>()}, "status": {"tags": status.collect::<Value>()}})
}

/// Image 1 of `shop`, recorded as trusted.
struct Scene {
    fleet: Fleet,
    revoked: String,
}

const CONFIRM: [&str; 3] = ["--confirm", "--expected-identity-map", "map"];

impl Scene {
    fn new() -> Self {
        let fleet = Fleet::empty();
        let map = format!("{SOURCE} {SOURCE}\nregistry.local:5000 registry.local:5000\n");
        fleet.scene.sandbox.file("map", map);
        fleet.signed_in_a_stream();
        fleet.run(&CONFIRM).expect(0);
        let key = &fleet.key;
        let revoked = key.revoked("Example Release <release@example.com>", 0, key.created + 1);
        let revoked = fleet.scene.sandbox.file("revoked.gpg", revoked).display().to_string();
        let scene = Self { fleet, revoked };
        assert_eq!(scene.trusted(), "True");
        scene
    }

    fn trusted(&self) -> Value {
        let image = self.fleet.server().stored(&digest(1));
        image["signatures"][0]["conditions"][0]["status"].clone()
    }

    /// Makes the record true again.
    fn trust(&self) {
        self.fleet.server().objects(|objects| {
            objects.edit_image(&digest(1), |image| {
                image["signatures"][0].as_object_mut().unwrap().remove("conditions");
            });
        });
        let own = format!("{}={}", digest(1), tag(1));
        self.fleet.run(&["--confirm", &own]).expect(0);
        assert_eq!(self.trusted(), "True");
    }

    /// Audits with the key revoked; the record and the exit status.
    fn audit_revoked(&self) -> (Value, i32) {
        let outcome = self
            .fleet
            .run(&[&CONFIRM[..], &["--public-key", &self.revoked]].concat());
        assert!(outcome.stdout.contains("KeyRevoked"), "{outcome:#?}");
        (self.trusted(), outcome.status)
    }
}

/// A list whose bytes are altered, and one with more instances than are looked at.
#[test]
fn a_tagged_list_that_does_not_say_what_it_has_keeps_no_revoked_key_in_force() {
    let scene = Scene::new();
    let mut altered = stored(&digest(2), &[]);
    altered["dockerImageManifest"] = json!("{\"schemaVersion\":2,\"config\":{}}");
    let mut unknown = stored(&digest(2), &[]);
    unknown["dockerImageManifestMediaType"] = json!("application/vnd.example.list.v3+json");
    for list in [altered, unknown] {
        scene.trust();
        scene.fleet.server().objects(|objects| objects.put_image(list));
        scene.fleet.server().stream("evil", "x", stream(&[tag(7)], &digest(2)));
        // What an expectation may change waits, and that is told.
        let before = scene.trusted();
        scene.fleet.run(&CONFIRM).expect(3);
        assert_eq!(scene.trusted(), before);
        assert_eq!(scene.audit_revoked(), (json!("False"), 3));
    }
}

#[test]
fn streams_that_cannot_be_listed_keep_no_revoked_key_in_force() {
    let scene = Scene::new();
    scene.fleet.server().fault(Fault::status(403).on("GET", "/pods$"));
    assert_eq!(scene.audit_revoked(), (json!("False"), 3));
}

/// More is expected of the image than is looked at.
#[test]
fn very_many_tags_of_an_image_keep_no_revoked_key_in_force_and_what_waits_is_told() {
    let scene = Scene::new();
    for n in 0..5 {
        let froms: Vec<String> = (0..1000).map(|own| format!("{SOURCE}/many:{n}-{own}")).collect();
        scene
            .fleet
            .server()
            .stream("many", &format!("app-{n}"), stream(&froms, &digest(1)));
    }
    assert_eq!(scene.audit_revoked(), (json!("False"), 1));
    // Signed for another reference: that may be one of those that are left out.
    let other = scene.fleet.sign(&digest(1), &format!("{SOURCE}/other:v1"));
    scene.fleet.server().objects(|objects| {
        objects.edit_image(&digest(1), |image| {
            image["signatures"][0]["content"] = base64(&other).into();
            image["signatures"][0]["conditions"][0]["status"] = "True".into();
        });
    });
    let outcome = scene.fleet.run(&CONFIRM).expect(3);
    assert!(outcome.stdout.contains("IdentityMismatch"), "{outcome:#?}");
    let told = "its record is not changed";
    assert!(outcome.stderr.contains(told), "{outcome:#?}");
    assert_eq!(scene.trusted(), "True");
}

/// The image is signed as one use expects it, and not as another: the record of another signature of it is taken back.
#[test]
fn a_use_that_expects_something_else_keeps_no_revoked_key_in_force() {
    let fleet = Fleet::empty();
    let other = fleet.other_key("other.gpg");
    let revoked = other.revoked("Other <other@example.com>", 0, other.created + 1);
    let revoked = fleet.scene.sandbox.file("revoked.gpg", revoked).display().to_string();
    fleet.scene.sandbox.file("map", format!("{SOURCE} {SOURCE}\n"));
    let own = digest(1);
    let draft = crate::support::forge::Draft::new(other.created);
    let second = other.message(&draft, &crate::support::images::payload(&own, &tag(1)));
    fleet
        .server()
        .image(stored(&own, &[&fleet.sign(&own, &tag(1)), &second]));
    fleet.server().stream("shop", "app", stream(&[tag(1)], &own));
    let status = |n: usize| fleet.server().stored(&own)["signatures"][n]["conditions"][0]["status"].clone();
    fleet
        .run(&[&CONFIRM[..], &["--public-key", "other.gpg"]].concat())
        .expect(0);
    assert_eq!((status(0), status(1)), (json!("True"), json!("True")));
    fleet.server().stream("evil", "x", stream(&[tag(7)], &own));
    let (report, _) = fleet.lines(&[&CONFIRM[..], &["--public-key", &revoked]].concat(), 1);
    assert_eq!(report.words(), ["Rejected/IdentityMismatch"]);
    assert_eq!((status(0), status(1)), (json!("True"), json!("False")));
}

/// The same in files.
#[test]
fn in_files_a_list_that_is_altered_keeps_no_bad_signature_trusted() {
    let bench = Bench::new();
    bench.desk.put("map", format!("{SIGNED} {SIGNED}\n"));
    let used = |image: Value| {
        let mut own = stream(&[format!("{SIGNED}:v1")], &digest(1));
        (own["apiVersion"], own["kind"]) = ("image.openshift.io/v1".into(), "ImageStream".into());
        own["metadata"] = json!({"namespace": "shop", "name": "app"});
        list(&[image, own]).to_string()
    };
    bench.desk.put("in/used.json", used(bench.good(1)));
    bench.run(&["-f", "in", "--confirm"]).expect(0);
    let path = bench.desk.sandbox.path("in/used.json");
    let read = || -> Value { serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap() };
    let trusted = |all: &Value| all["items"][0]["signatures"][0]["conditions"][0]["status"].clone();
    let mut all = read();
    assert_eq!(trusted(&all), "True");
    let bad = bench.desk.sign(&digest(9), &format!("{SIGNED}:v1"));
    all["items"][0]["signatures"][0]["content"] = base64(&bad).into();
    bench.desk.put("in/used.json", all.to_string());
    bench.desk.put("in/torn.json", "{\"kind\":");
    bench.run(&["-f", "in", "--confirm"]).expect(3);
    assert_eq!(trusted(&read()), "False");
}

/// A pod that waits and mounts what is not a reference runs nothing and mounts nothing.
#[test]
fn a_pod_that_never_begins_keeps_no_record_of_what_it_names_from_being_made() {
    let fleet = Fleet::empty();
    fleet.scene.sandbox.file("map", format!("{SOURCE} {SOURCE}\n"));
    let own = fleet.signed_in_a_stream();
    let mut waiting = super::fleet::pod("Pending", "app:1", "");
    waiting["spec"]["volumes"] = json!([{"name": "v", "image": {"reference": format!("A B@{own}")}}]);
    fleet.server().pod("evil", "x", waiting.clone());
    fleet.run(&CONFIRM).expect(0);
    let status = || fleet.server().stored(&own)["signatures"][0]["conditions"][0]["status"].clone();
    assert_eq!(status(), "True");
    // One that runs may have mounted it.
    fleet.server().objects(|objects| {
        objects.edit_image(&own, |image| {
            image["signatures"][0].as_object_mut().unwrap().remove("conditions");
        });
    });
    waiting["status"]["phase"] = "Running".into();
    waiting["status"]["containerStatuses"][0]["imageID"] = format!("quay.example/y@{}", digest(8)).into();
    fleet.server().pod("evil", "x", waiting);
    fleet.run(&CONFIRM).expect(3);
    assert_eq!(status(), Value::Null);
}

/// Whoever imported the image first chose where its object says that it comes from.
#[test]
fn nothing_is_recorded_of_an_image_that_is_named_by_digest_alone() {
    let fleet = Fleet::empty();
    fleet.scene.sandbox.file("map", format!("{SOURCE} {SOURCE}\n"));
    let own = fleet.signed_in_a_stream();
    fleet.server().stream("other", "app", stream(&[tag(9)], &own));
    let status = || fleet.server().stored(&own)["signatures"][0]["conditions"][0]["status"].clone();
    let outcome = fleet.run(&[&CONFIRM[..], &[&own]].concat()).expect(3);
    assert!(outcome.stderr.contains("what uses it was not asked"), "{outcome:#?}");
    assert_eq!(status(), Value::Null);
    fleet.run(&["--expected-identity-map", "map", &own]).expect(0);
    fleet
        .run(&[&CONFIRM[..], &[&format!("{own}={}", tag(1))]].concat())
        .expect(0);
    assert_eq!(status(), "True");
    // Nothing is to be changed then.
    fleet.run(&[&CONFIRM[..], &[&own]].concat()).expect(0);
}
