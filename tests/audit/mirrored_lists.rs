// SPDX-License-Identifier: Apache-2.0
//! `audit --mirrors` of a manifest list: its instances have signatures of their own, which are lost on their own.

use std::path::Path;

use image_signature::digest::Digest;
use serde_json::{json, Value};

use super::fleet::Fleet;
use super::mirror_scene::{write_image, Scene};
use crate::support::hub::{Answer, Hub, MANIFEST};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn entry(digest: &str, size: usize, architecture: &str) -> Value {
    json!({"mediaType": MANIFEST, "size": size, "digest": digest,
        "platform": {"os": "linux", "architecture": architecture}})
}

fn index(entries: &[Value]) -> String {
    json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).to_string()
}

/// Writes a list with an instance for each architecture, as skopeo does, and gives its digest and theirs.
fn write_list(directory: &Path, architectures: &[&str]) -> (String, Vec<String>) {
    let (mut entries, mut digests) = (Vec::new(), Vec::new());
    for architecture in architectures {
        let digest = write_image(directory, architecture, &[]);
        let manifest = std::fs::read(directory.join("manifest.json")).unwrap();
        let hex = digest.trim_start_matches("sha256:");
        std::fs::write(directory.join(format!("{hex}.manifest.json")), &manifest).unwrap();
        entries.push(entry(&digest, manifest.len(), architecture));
        digests.push(digest);
    }
    let list = index(&entries);
    std::fs::write(directory.join("manifest.json"), &list).unwrap();
    (Digest::of_bytes(list.as_bytes()).to_string(), digests)
}

/// Has this machine know a place as the mirror of another one, both over plain http, and gives the option that says so.
fn mirrored(fleet: &Fleet, [source, mirror]: [&str; 2]) -> [String; 2] {
    let conf = format!("[[registry]]\nlocation = \"{source}\"\ninsecure = true\n[[registry.mirror]]\nlocation = \"{mirror}\"\ninsecure = true\n");
    let file = fleet.scene.sandbox.file("registries.conf", conf);
    ["--registries-conf".to_owned(), file.display().to_string()]
}

/// An audit of one image in a registry, and its findings about mirrors.
#[track_caller]
fn audit(fleet: &Fleet, image: &str, more: &[String]) -> Vec<Value> {
    let stores = fleet.scene.sandbox.path("registries.d").display().to_string();
    let mut args = vec!["-o", "jsonl", image, "--mirrors", "--registries.d", &stores];
    args.extend(more.iter().map(String::as_str));
    let outcome = fleet.run(&args);
    let report = super::bench::Report::read(&outcome.stdout);
    let findings = report.entry()["findings"].as_array().cloned().unwrap_or_default();
    let about = |finding: &Value| finding["kind"] == "gap" || finding["kind"] == "unreachable";
    findings.into_iter().filter(about).collect()
}

fn messages(found: &[Value]) -> Vec<&str> {
    found.iter().map(|own| own["message"].as_str().unwrap()).collect()
}

#[test]
fn signatures_of_instances_that_are_lost_are_told_and_the_commands_fill_the_gaps() {
    let Some(scene) = Scene::empty() else { return };
    let [source, mirror] = scene.addresses();
    let places = [format!("{source}/ns/app"), format!("{mirror}/m/app")];
    let conf = mirrored(&scene.fleet, [&places[0], &places[1]]);
    let directory = scene.path("list");
    let (list, instances) = write_list(&directory, &["amd64", "arm64", "s390x"]);
    for place in &places {
        scene.push(&directory, &format!("{place}:v1"));
    }
    let stores = ["source-store/ns/app", "mirror-store/m/app"];
    let keep = |at: usize, digest: &str| {
        let blob = scene.fleet.sign(digest, &format!("{}:v1", places[0]));
        let file = format!("{}@{}/signature-1", stores[at], digest.replace(':', "="));
        scene.fleet.scene.sandbox.file(&file, blob);
    };
    let attach = |at: usize, digest: &str| {
        let directory = scene.path(&format!("attached-{at}-{}", &digest[7..15]));
        write_image(&directory, "", &["a"]);
        scene.push(&directory, &format!("{}:{}.sig", places[at], digest.replace(':', "-")));
    };
    // The first has all at both, the second lost both kinds, the third has none at all.
    for at in [0, 1] {
        keep(at, &instances[0]);
        attach(at, &instances[0]);
    }
    keep(0, &instances[1]);
    attach(0, &instances[1]);
    let image = format!("docker://{}:v1", places[0]);
    let found = audit(&scene.fleet, &image, &conf);
    let told = messages(&found);
    assert_eq!(told.len(), 2, "{found:#?}");
    for (message, kind) in told
        .iter()
        .zip(["signatures in the lookaside store", "sigstore signatures"])
    {
        assert!(
            message.starts_with(&format!("instance for linux/arm64: {kind} are at the source only")),
            "{message}"
        );
    }
    // Where the list is signed too, and nobody judges its instances, the same is lost.
    keep(0, &list);
    keep(1, &list);
    assert_eq!(messages(&audit(&scene.fleet, &image, &conf)), told);
    for finding in &found {
        assert_eq!(finding["kind"], "gap");
        let command = finding["command"].as_str().unwrap();
        assert!(
            command.contains(&instances[1]) || command.contains(&instances[1].replace(':', "-")),
            "{command}"
        );
        scene.skopeo(command);
    }
    assert_eq!(audit(&scene.fleet, &image, &conf), [] as [Value; 0]);
}

#[test]
fn each_instance_is_asked_for_once_and_only_where_its_list_is() {
    let fleet = Fleet::empty();
    fleet.scene.sandbox.file("registries.d/own.yaml", "docker: {}\n");
    let (source, mirror) = (Hub::plain(), Hub::plain());
    let attestation = format!("sha256:{}", "e".repeat(64));
    let mut digests = Vec::new();
    let mut text = String::new();
    source.store(|store| {
        let repository = store.repository("ns/app");
        digests = ["amd64", "arm64"].map(|own| repository.image("", own)).to_vec();
        let [one, two] = [(0, "amd64"), (1, "arm64")].map(|(n, own)| entry(&digests[n], 1, own));
        let mut other = entry(&attestation, 1, "unknown");
        other["platform"]["os"] = "unknown".into();
        other["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
        // A list in it has one of them once more.
        let inner = index(std::slice::from_ref(&two));
        let inner = entry(&repository.push("", INDEX, inner.as_bytes()), 1, "arm64");
        text = index(&[one, two, other, inner]);
        repository.push("v1", INDEX, text.as_bytes());
    });
    let image = format!("docker://{}/ns/app:v1", source.host());
    let places = [format!("{}/ns/app", source.host()), format!("{}/m/app", mirror.host())];
    let conf = mirrored(&fleet, [&places[0], &places[1]]);
    // Where the whole is missing, nothing is said of its parts.
    let found = audit(&fleet, &image, &conf);
    let missing = format!("the mirror {}", places[1]);
    let is_whole = |own: &&str| own.starts_with(&missing) && own.ends_with("does not have the image");
    assert!(messages(&found).iter().all(is_whole) && !found.is_empty(), "{found:#?}");
    mirror.store(|store| {
        let repository = store.repository("m/app");
        repository.image("", "amd64");
        repository.push("v1", INDEX, text.as_bytes());
        let (_, inner) = source.store(|store| {
            let inner = serde_json::from_str::<Value>(&text).unwrap()["manifests"][3]["digest"].clone();
            store.repository("ns/app").manifest(inner.as_str().unwrap())
        });
        repository.push("", INDEX, &inner);
    });
    source.take_seen();
    let found = audit(&fleet, &image, &conf);
    let [only] = messages(&found)[..] else {
        panic!("{found:#?}")
    };
    let begin = format!("instance for linux/arm64: the mirror {}@{} ", places[1], digests[1]);
    assert!(only.starts_with(&begin), "{only}");
    assert!(
        found[0]["command"].as_str().unwrap().contains(&digests[1]),
        "{found:#?}"
    );
    let asked = source.lines();
    let times = |digest: &str| {
        asked
            .iter()
            .filter(|line| line.contains(&format!("/manifests/{digest}")))
            .count()
    };
    assert_eq!(
        [&digests[0], &digests[1], &attestation].map(|own| times(own)),
        [1, 1, 0],
        "{asked:#?}"
    );
    // What a registry that does not answer has of an instance is not known.
    source.answer(&format!("/v2/ns/app/manifests/{}", digests[1]), Answer::status(500));
    let found = audit(&fleet, &image, &conf);
    assert!(
        found.iter().all(|own| own["kind"] == "unreachable") && !found.is_empty(),
        "{found:#?}"
    );
}

#[test]
fn of_a_list_with_more_instances_than_are_compared_that_is_told() {
    let fleet = Fleet::empty();
    fleet.scene.sandbox.file("registries.d/own.yaml", "docker: {}\n");
    let (source, mirror) = (Hub::plain(), Hub::plain());
    let digests: Vec<String> = (0..300).map(|n| format!("sha256:{n:064x}")).collect();
    let entries: Vec<Value> = digests.iter().map(|own| entry(own, 1, "amd64")).collect();
    for (hub, repository) in [(&source, "ns/app"), (&mirror, "m/app")] {
        hub.store(|store| {
            store
                .repository(repository)
                .push("v1", INDEX, index(&entries).as_bytes())
        });
    }
    let image = format!("docker://{}/ns/app:v1", source.host());
    let places = [format!("{}/ns/app", source.host()), format!("{}/m/app", mirror.host())];
    let conf = mirrored(&fleet, [&places[0], &places[1]]);
    let found = audit(&fleet, &image, &conf);
    // Neither has them, so that nothing is missing at the mirror.
    let [only] = messages(&found)[..] else {
        panic!("{found:#?}")
    };
    assert!(only.ends_with("after the first 256"), "{only}");
    assert_eq!(found[0]["kind"], "unreachable");
    let asked = source.lines();
    let count = digests
        .iter()
        .filter(|own| asked.iter().any(|line| line.ends_with(own.as_str())));
    assert_eq!(count.count(), 256, "{asked:#?}");
}
