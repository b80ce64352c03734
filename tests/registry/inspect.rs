// SPDX-License-Identifier: Apache-2.0
//! `inspect docker://`: what is there at every place, every line marked as unverified.

use serde_json::{json, Value};

use crate::registry::town::Town;
use crate::support::hub::{Answer, Hub, MANIFEST};
use crate::support::program::Outcome;

fn inspect(town: &Town, args: &[&str]) -> Outcome {
    let args = [&["inspect"], args].concat();
    town.sandbox.finish(&mut town.command(&args), b"")
}

#[test]
fn every_place_of_an_image_and_of_the_instances_of_a_list() {
    let (town, hub) = (Town::new(), Hub::plain());
    town.insecure(&[&hub.host()]);
    town.store_on_disk();
    let reference = format!("{}/ns/app:v1", hub.host());
    let instance = hub.store(|store| store.repository("ns/app").image("", "instance"));
    let list = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"mediaType": MANIFEST, "size": 1, "digest": instance,
            "platform": {"os": "linux", "architecture": "amd64"}}],
    });
    let list = list.to_string();
    let digest = hub.store(|store| {
        let repository = store.repository("ns/app");
        repository.push("v1", "application/vnd.oci.image.index.v1+json", list.as_bytes())
    });
    let other = "registry.example.com/claimed:v1";
    town.keep("ns/app", &digest, 1, &town.sign(&digest, other));
    hub.store(|store| {
        store.has_extension = true;
        store
            .repository("ns/app")
            .sign(&instance, "one", &town.sign(&instance, &reference));
    });
    let image = format!("docker://{reference}");
    let text = inspect(&town, &[&image]).expect(0).stdout;
    for line in text.lines() {
        assert!(line.starts_with("UNVERIFIED docker://"), "{line}");
    }
    let name = format!("docker://{}/ns/app", hub.host());
    for part in [
        format!("{name}@{digest}: source lookaside "),
        format!("{name}@{digest} signature-1: claims that key"),
        format!("as {other}"),
        format!("{name}@{instance} [linux/amd64]: source extension "),
        format!("{name}@{instance} [linux/amd64] {instance}@one: claims that key"),
        format!("{name}@{instance} [linux/amd64]: source attachment "),
    ] {
        assert!(text.contains(&part), "{part}: {text}");
    }
    let document = inspect(&town, &[&image, "-o", "json"]).expect(0).json();
    let items = document["items"].as_array().unwrap();
    assert!(items.iter().all(|item| item["unverified"] == true));
    let sources = items.iter().filter(|item| item["source"].is_object()).count();
    assert_eq!((items.len(), sources), (10, 8), "{document}");
    let of_instance = |item: &&Value| item["platform"] == "linux/amd64";
    let instances: Vec<&Value> = items.iter().filter(of_instance).collect();
    assert_eq!(instances.len(), 5, "{document}");
    for item in items {
        let digest = if of_instance(&item) { &instance } else { &digest };
        assert_eq!(item["image"], format!("{name}@{digest}"), "{item}");
    }
    // Names are those by which `verify` takes the images.
    let names = inspect(&town, &[&image, "-o", "name"]).expect(0).stdout;
    let expected = format!("UNVERIFIED {name}@{digest}\nUNVERIFIED {name}@{instance}\n");
    assert_eq!(names, expected);
    // A place that does not say is trouble, and the others are shown all the same.
    let path = format!("/extensions/v2/ns/app/signatures/{instance}");
    hub.answer(&path, Answer::status(403));
    let text = inspect(&town, &[&image]).expect(3).stdout;
    assert!(
        text.contains("forbidden or not there (403)") && text.contains(other),
        "{text}"
    );
    hub.answer("/v2/ns/app/manifests/v1", Answer::status(404));
    inspect(&town, &[&image]).expect(3);
}

#[test]
fn what_is_refused_before_anybody_is_contacted() {
    let (town, hub) = (Town::new(), Hub::plain());
    let name = format!("docker://{}/ns/app", hub.host());
    inspect(&town, &[&name]).expect_usage(":latest");
    town.sandbox.file("x", "");
    inspect(&town, &["x"]).expect_usage("add docker://REFERENCE");
    assert_eq!(hub.connections(), 0);
}

#[test]
fn a_malformed_list_is_said_to_be_one() {
    let (town, hub) = (Town::new(), Hub::plain());
    town.insecure(&[&hub.host()]);
    let index = "application/vnd.oci.image.index.v1+json";
    let list = json!({"schemaVersion": 2, "mediaType": index, "manifests": [], "Manifests": []}).to_string();
    hub.store(|store| store.repository("ns/app").push("v1", index, list.as_bytes()));
    let outcome = inspect(&town, &[&format!("docker://{}/ns/app:v1", hub.host())]).expect(3);
    assert!(
        outcome.stdout.contains("the manifest list is malformed"),
        "{}",
        outcome.stdout
    );
}
