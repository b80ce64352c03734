// SPDX-License-Identifier: Apache-2.0
//! Manifest lists of which it is not known what they have: what their tags expect may be expected of any image.

use std::fs;

use serde_json::{json, Value};

use super::bench::{digest, Bench, SIGNED};
use super::fleet::{stored, tag, Fleet, SOURCE};
use crate::support::images::list;
use crate::support::lists::{index, list_object};

const LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const SCHEMA2: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// The entries by which an Image object names its instances.
fn entries(instances: &[usize]) -> Value {
    let entry = |n: &usize| json!({"digest": digest(*n), "mediaType": SCHEMA2, "manifestSize": 1, "os": "linux", "architecture": "amd64"});
    instances.iter().map(entry).collect()
}

/// A stream whose tag v1 is imported from there, and stands for an image.
fn stream(name: &str, from: &str, own: &str) -> Value {
    json!({"apiVersion": "image.openshift.io/v1", "kind": "ImageStream", "metadata": {"namespace": "shop", "name": name},
        "spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": from}}]},
        "status": {"tags": [{"tag": "v1", "items": [{"image": own}]}]}})
}

fn with(mut object: Value, members: &Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

/// Members of Image 1 that may have image 2 and do not say so, each with what is said of it.
fn hiding() -> Vec<(&'static str, Value)> {
    let bytes = index(&[&digest(2)]);
    let altered = "dockerImageManifest does not hash to its name";
    vec![
        // Bytes of another list, beside a member that names another instance.
        (
            altered,
            json!({"dockerImageManifest": bytes, "dockerImageManifests": entries(&[3]), "dockerImageManifestMediaType": LIST}),
        ),
        (
            altered,
            json!({"dockerImageManifest": bytes, "dockerImageManifests": entries(&[3])}),
        ),
        // Bytes that are no list any more.
        (
            altered,
            json!({"dockerImageManifest": "{\"schemaVersion\":2}", "dockerImageManifests": entries(&[3])}),
        ),
        (
            altered,
            json!({"dockerImageManifest": "{}", "dockerImageManifestMediaType": LIST}),
        ),
        (
            altered,
            json!({"dockerImageManifest": "{\"schemaVersion\":2,\"config\":{}}"}),
        ),
        (
            "dockerImageManifestMediaType is \"application/vnd.example.list.v3+json\"",
            json!({"dockerImageManifestMediaType": "application/vnd.example.list.v3+json"}),
        ),
    ]
}

/// Image 2 is signed as its own tag, and Image 1 has another one.
fn fleet() -> Fleet {
    let fleet = Fleet::empty();
    fleet.scene.sandbox.file("map", format!("{SOURCE} {SOURCE}\n"));
    let own = digest(2);
    fleet.server().image(stored(&own, &[&fleet.sign(&own, &tag(2))]));
    fleet.server().stream("shop", "a", stream("a", &tag(2), &own));
    fleet
}

const CONFIRM: [&str; 3] = ["--expected-identity-map", "map", "--confirm"];

fn record(fleet: &Fleet) -> Value {
    fleet.server().stored(&digest(2))["signatures"][0]["conditions"][0]["status"].clone()
}

#[test]
fn only_bytes_that_hash_to_the_name_of_a_list_say_what_it_has() {
    let fleet = fleet();
    fleet.server().stream("shop", "b", stream("b", &tag(1), &digest(1)));
    let bench = Bench::new();
    bench.desk.put("map", format!("{SIGNED} {SIGNED}\n"));
    let own = [bench.good(2), stream("a", &format!("{SIGNED}:v1"), &digest(2))];
    for (why, members) in hiding() {
        let whole = with(stored(&digest(1), &[]), &members);
        fleet.server().objects(|objects| objects.put_image(whole));
        for range in [&[][..], &["-A"]] {
            let outcome = fleet.run(&[&CONFIRM[..], range].concat()).expect(3);
            assert!(outcome.stderr.contains(why), "{members} {range:?}: {outcome:#?}");
            assert_eq!(record(&fleet), Value::Null, "{members} {range:?}");
        }
        let whole = with(bench.image(1, &[]), &members);
        let other = stream("b", &format!("{SIGNED}:v2"), &digest(1));
        let text = list(&[&own[..], &[whole, other]].concat()).to_string();
        bench.desk.put("all.json", &text);
        let outcome = bench.run(&["-f", "all.json", "--confirm"]).expect(3);
        assert!(outcome.stderr.contains(why), "{members}: {outcome:#?}");
        let after = fs::read_to_string(bench.desk.sandbox.path("all.json")).unwrap();
        assert_eq!(after, text, "{members}");
    }
    // Bytes that hash to it decide, whatever a member of the object says.
    let (whole, name) = list_object(&[&digest(3)], &[&digest(2)]);
    let mut bytes_alone = whole.clone();
    bytes_alone.as_object_mut().unwrap().remove("dockerImageManifests");
    fleet.server().objects(|objects| objects.remove_image(&digest(1)));
    fleet.server().stream("shop", "b", stream("b", &tag(1), &name));
    for object in [whole, bytes_alone] {
        fleet.server().objects(|objects| {
            objects.put_image(object);
            objects.edit_image(&digest(2), |image| {
                image["signatures"][0].as_object_mut().unwrap().remove("conditions");
            });
        });
        fleet.run(&CONFIRM).expect(1);
        assert_eq!(record(&fleet), "True");
    }
}

#[test]
fn an_image_of_a_kind_that_is_known_is_no_list() {
    let fleet = fleet();
    fleet.server().stream("shop", "b", stream("b", &tag(1), &digest(1)));
    for kind in [
        "",
        SCHEMA2,
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "Application/vnd.oci.image.manifest.v1+json; charset=utf-8",
    ] {
        let mut whole = stored(&digest(1), &[]);
        whole["dockerImageManifestMediaType"] = json!(kind);
        fleet.server().objects(|objects| {
            objects.put_image(whole);
            objects.edit_image(&digest(2), |image| {
                image["signatures"][0].as_object_mut().unwrap().remove("conditions");
            });
        });
        fleet.run(&CONFIRM).expect(1);
        assert_eq!(record(&fleet), "True", "{kind}");
    }
}

/// A list hands down what tags expect of it, and nothing else.
#[test]
fn a_list_of_which_no_tag_expects_anything_keeps_no_record_from_being_made() {
    let fleet = fleet();
    let mut whole = stored(&digest(1), &[]);
    whole["dockerImageManifestMediaType"] = json!(LIST);
    fleet.server().image(whole.clone());
    let outcome = fleet.run(&CONFIRM).expect(3);
    assert!(outcome.stderr.contains("its instances are unknown"), "{outcome:#?}");
    assert!(
        !outcome.stderr.contains("uses of images are not all known"),
        "{outcome:#?}"
    );
    assert_eq!(record(&fleet), "True");
    // Once a tag stands for it, or for a list that has it, any image may be expected to be signed as that.
    for (n, named) in [(1, digest(1)), (4, digest(4))] {
        if n == 4 {
            let mut outer = stored(&digest(4), &[]);
            outer["dockerImageManifests"] = entries(&[1]);
            fleet.server().image(outer);
        }
        fleet.server().stream("shop", "b", stream("b", &tag(1), &named));
        fleet.server().objects(|objects| {
            objects.edit_image(&digest(2), |image| {
                image["signatures"][0].as_object_mut().unwrap().remove("conditions");
            });
        });
        for range in [&[][..], &["-A"]] {
            let outcome = fleet.run(&[&CONFIRM[..], range].concat()).expect(3);
            assert!(
                outcome.stderr.contains("uses of images are not all known"),
                "{outcome:#?}"
            );
            let who = match n {
                1 => "tag shop/b:v1 stands for it".to_owned(),
                _ => format!("manifest list {} names it", digest(4)),
            };
            assert!(outcome.stderr.contains(&who), "{outcome:#?}");
            assert_eq!(record(&fleet), Value::Null, "{range:?}");
        }
    }
}

/// Views of one list that say different things of it, and none of them is the list.
#[test]
fn of_views_of_a_list_that_differ_none_is_believed() {
    let bench = Bench::new();
    bench.desk.put("map", format!("{SIGNED} {SIGNED}\n"));
    let view = |namespace: &str, members: Value| {
        let mut image = with(bench.image(1, &[]), &members);
        for member in ["apiVersion", "kind"] {
            image.as_object_mut().unwrap().remove(member);
        }
        json!({"apiVersion": "image.openshift.io/v1", "kind": "ImageStreamTag",
            "metadata": {"name": "b:v1", "namespace": namespace},
            "tag": {"name": "v1", "from": {"kind": "DockerImage", "name": format!("{SIGNED}:v2")}}, "image": image})
    };
    let names = |instances: &[usize]| json!({"dockerImageManifests": entries(instances)});
    let own = [bench.good(2), stream("a", &format!("{SIGNED}:v1"), &digest(2))];
    let run = |views: [Value; 2], status: i32| {
        for order in [[0, 1], [1, 0]] {
            let text = list(&own).to_string();
            bench.desk.put("in/used.json", &text);
            for (place, view) in order.into_iter().zip(&views) {
                bench.desk.put(&format!("in/view{place}.json"), view.to_string());
            }
            let outcome = bench.run(&["-f", "in", "--confirm"]).expect(status);
            let after = fs::read_to_string(bench.desk.sandbox.path("in/used.json")).unwrap();
            assert_eq!(after == text, status == 3, "{views:?} {outcome:#?}");
        }
    };
    run([view("a", names(&[3])), view("b", names(&[3, 2]))], 3);
    run([view("a", names(&[3])), view("b", names(&[4]))], 3);
    run(
        [
            view("a", json!({})),
            view("b", json!({"dockerImageManifestMediaType": LIST})),
        ],
        3,
    );
    run(
        [
            view("a", names(&[3])),
            view("b", json!({"dockerImageManifestMediaType": LIST})),
        ],
        3,
    );
    run(
        [
            view("a", names(&[3])),
            view("b", json!({"dockerImageManifestMediaType": SCHEMA2})),
        ],
        3,
    );
    // Views that say the same, or one of which says nothing.
    run([view("a", names(&[3, 4])), view("b", names(&[4, 3]))], 1);
    run([view("a", names(&[3])), view("b", json!({}))], 1);
}
