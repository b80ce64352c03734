// SPDX-License-Identifier: Apache-2.0
//! Manifest lists: the list and its instances, each by itself.

use serde_json::{json, Value};

use crate::registry::town::Town;
use crate::support::hub::{Hub, MANIFEST};

pub(super) const LIST: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const REPOSITORY: &str = "ns/app";

/// A registry with a list `v1`.
pub(super) struct Scene {
    pub(super) town: Town,
    pub(super) hub: Hub,
    pub(super) digest: String,
    pub(super) instances: Vec<String>,
}

impl Scene {
    /// `entries` are added to those of two images.
    pub(super) fn new(entries: &[Value]) -> Self {
        let (town, hub) = (Town::new(), Hub::plain());
        town.insecure(&[&hub.host()]);
        town.store_on_disk();
        let mut all = Vec::new();
        let mut instances = Vec::new();
        for architecture in ["amd64", "arm64"] {
            let digest = hub.store(|store| store.repository(REPOSITORY).image("", architecture));
            all.push(json!({
                "mediaType": MANIFEST, "size": 1, "digest": digest,
                "platform": {"os": "linux", "architecture": architecture},
            }));
            instances.push(digest);
        }
        all.extend(entries.iter().cloned());
        let list = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": all}).to_string();
        let digest = hub.store(|store| store.repository(REPOSITORY).push("v1", LIST, list.as_bytes()));
        Self {
            town,
            hub,
            digest,
            instances,
        }
    }

    pub(super) fn reference(&self) -> String {
        format!("{}/{REPOSITORY}:v1", self.hub.host())
    }

    pub(super) fn image(&self) -> String {
        format!("docker://{}", self.reference())
    }

    pub(super) fn sign(&self, digest: &str, reference: &str) {
        let blob = self.town.sign(digest, reference);
        self.town.keep(REPOSITORY, digest, 1, &blob);
    }
}

pub(super) fn words(document: &Value) -> Vec<String> {
    let items = document["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| {
            format!(
                "{} {}{}",
                item["platform"].as_str().unwrap_or("list"),
                item["verdict"].as_str().unwrap(),
                if item["forInformation"] == true {
                    " (for information)"
                } else {
                    ""
                }
            )
        })
        .collect()
}

#[test]
fn a_list_that_is_signed_itself() {
    let scene = Scene::new(&[]);
    scene.sign(&scene.digest, &scene.reference());
    let item = scene
        .town
        .verify_json(&[&scene.image()])
        .expect_verdict(0, "Verified/Verified")
        .item();
    assert_eq!(item["image"], scene.digest);
    assert_eq!(item.get("instances"), None, "nobody asks for them");
    // A node takes an instance, which is not signed.
    let outcome = scene.town.verify_json(&[&scene.image(), "--all-platforms"]).expect(1);
    assert_eq!(
        words(&outcome.json()),
        [
            "list Verified (for information)",
            "linux/amd64 Unsigned",
            "linux/arm64 Unsigned"
        ]
    );
}

/// Each instance is Verified, and no expected reference holds for the whole list: that is said, and for which part each holds.
#[test]
fn a_list_whose_instances_are_signed_as_different_references() {
    let scene = Scene::new(&[]);
    let other = scene.reference().replace(":v1", ":v2");
    scene.sign(&scene.instances[0], &scene.reference());
    scene.sign(&scene.instances[1], &other);
    let first = scene.reference();
    let flag = "--expected-identity";
    let identities = [flag, first.as_str(), flag, other.as_str()];
    let image = scene.image();
    let note = format!(
        "note: {image}: no expected reference is one that every instance is signed as: linux/amd64 as {first}, linux/arm64 as {other}"
    );
    let both = [&identities[..], &[image.as_str()]].concat();
    let outcome = scene.town.verify(&both).expect(0);
    assert!(outcome.stderr.contains(&note), "{outcome:?}");
    assert!(
        outcome
            .stdout
            .starts_with("Verified: the manifest list is not signed itself"),
        "{outcome:?}"
    );
    let item = scene.town.verify_json(&both).expect(0).item();
    assert_eq!(item["matchedIdentities"], serde_json::json!([]), "{item}");
    scene
        .town
        .verify_json(&[&identities[..2], &[image.as_str()]].concat())
        .expect_verdict(1, "Rejected/IdentityMismatch");
    // Where one reference holds for every instance there is nothing to say.
    let both_signed = scene.town.sign(&scene.instances[1], &first);
    scene.town.keep(REPOSITORY, &scene.instances[1], 2, &both_signed);
    let outcome = scene.town.verify(&both).expect(0);
    assert!(!outcome.stderr.contains("no expected reference"), "{outcome:?}");
}

/// What the policy asked for, and in which scope, is told of a list that an instance decides about too.
#[test]
fn a_list_that_is_refused_for_an_instance_tells_the_scope() {
    let scene = Scene::new(&[]);
    scene.sign(&scene.instances[0], &scene.reference());
    let rule = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": scene.town.key_file.to_str().unwrap()});
    let scopes = json!({scene.hub.host(): [rule]});
    let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": scopes}});
    scene.town.sandbox.file("policy.json", policy.to_string());
    let places = ["registries.d", "registries.conf"].map(|name| scene.town.sandbox.path(name));
    let mut command = scene.town.sandbox.command();
    command
        .args(["verify", "-o", "json", "--policy", "policy.json", &scene.image()])
        .arg("--registries.d")
        .arg(&places[0])
        .arg("--registries-conf")
        .arg(&places[1]);
    let item = scene.town.sandbox.finish(&mut command, b"").expect(1).item();
    assert!(
        item["message"].as_str().unwrap().contains("instance linux/arm64"),
        "{item}"
    );
    let scope = format!("scope \"{}\" of policy policy.json", scene.hub.host());
    assert_eq!(item["policy"][0]["scope"], scope.as_str(), "{item}");
}

/// Lists in lists multiply: what a registry makes of them must not keep us for ever, and what was not seen is not knowledge.
#[test]
fn more_instances_than_are_looked_at() {
    let scene = Scene::new(&[]);
    for (count, status, verdict) in [
        (256, 1, "Unsigned/NoSignature"),
        (257, 3, "Unchecked/ManifestUnavailable"),
    ] {
        let entries: Vec<Value> = (0..count)
            .map(|number| {
                let digest = scene
                    .hub
                    .store(|store| store.repository(REPOSITORY).image("", &format!("number {number}")));
                json!({"mediaType": MANIFEST, "size": 1, "digest": digest,
                    "platform": {"os": "linux", "architecture": "amd64"}})
            })
            .collect();
        let list = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": entries}).to_string();
        scene
            .hub
            .store(|store| store.repository(REPOSITORY).push("v1", LIST, list.as_bytes()));
        let outcome = scene
            .town
            .verify_json(&[&scene.image()])
            .expect_verdict(status, verdict);
        let said = outcome.item()["message"]
            .to_string()
            .contains("more than 256 instances");
        assert_eq!(said, count > 256, "{}", outcome.item()["message"]);
    }
}

#[test]
fn a_list_whose_instances_are_signed() {
    let scene = Scene::new(&[]);
    scene.sign(&scene.instances[0], &scene.reference());
    let outcome = scene
        .town
        .verify_json(&[&scene.image()])
        .expect_verdict(1, "Unsigned/NoSignature");
    let item = outcome.item();
    assert_eq!(item["instances"][0]["verdict"], "Verified");
    assert_eq!(item["instances"][1]["verdict"], "Unsigned");
    assert!(item["message"].as_str().unwrap().contains("linux/arm64"), "{item}");
    scene.sign(&scene.instances[1], &scene.reference());
    let outcome = scene
        .town
        .verify_json(&[&scene.image()])
        .expect_verdict(0, "Verified/Verified");
    assert_eq!(outcome.item()["matchedIdentities"], json!([scene.reference()]));
    let text = scene.town.verify(&[&scene.image()]).expect(0).stdout;
    for instance in &scene.instances {
        assert!(text.contains(&format!("{instance}: Verified")), "{text}");
    }
    let all = scene.town.verify_json(&[&scene.image(), "--all-platforms"]).expect(0);
    assert_eq!(
        words(&all.json()),
        [
            "list Unsigned (for information)",
            "linux/amd64 Verified",
            "linux/arm64 Verified"
        ]
    );
    assert_eq!(all.json()["summary"]["unsigned"], 0);
    let with_list = scene
        .town
        .verify_json(&[&scene.image(), "--all-platforms", "--require-list"])
        .expect(1);
    assert_eq!(words(&with_list.json())[0], "list Unsigned");
    // One that cannot be had is one of which nothing is known.
    let path = format!("/v2/{REPOSITORY}/manifests/{}", scene.instances[1]);
    scene.hub.answer(&path, crate::support::hub::Answer::status(404));
    scene
        .town
        .verify_json(&[&scene.image()])
        .expect_verdict(3, "Unchecked/NotFound");
    scene.hub.answer(
        &path,
        crate::support::hub::Answer::ok(MANIFEST, "{\"schemaVersion\":2,\"layers\":[]}"),
    );
    scene
        .town
        .verify_json(&[&scene.image()])
        .expect_verdict(1, "Rejected/ManifestMismatch");
}

#[test]
fn one_platform() {
    let scene = Scene::new(&[]);
    scene.sign(&scene.instances[1], &scene.reference());
    let run = |platform: &str| scene.town.verify_json(&[&scene.image(), "--platform", platform]);
    assert_eq!(
        words(&run("linux/arm64").expect(0).json()),
        ["list Unsigned (for information)", "linux/arm64 Verified"]
    );
    assert_eq!(
        words(&run("linux/arm64/v8").expect(0).json())[1],
        "linux/arm64 Verified"
    );
    assert_eq!(words(&run("linux/amd64").expect(1).json())[1], "linux/amd64 Unsigned");
    let none = run("linux/s390x").expect(3).json();
    assert_eq!(none["items"][1]["reason"], "NotFound");
    let message = none["items"][1]["message"].as_str().unwrap();
    assert!(message.contains("linux/amd64, linux/arm64"), "{message}");
    let table = scene
        .town
        .verify(&[&scene.image(), "--platform", "linux/arm64"])
        .expect(0)
        .stdout;
    assert!(table.contains("[linux/arm64]"), "{table}");
    run("linux").expect_usage("expected OS/ARCH");
}

/// Nodes that know a better compression take the second one.
#[test]
fn of_two_instances_for_a_platform_each_is_judged() {
    let image = |hub: &Hub| hub.store(|store| store.repository(REPOSITORY).image("", "zstd"));
    let twin = image(&Hub::plain());
    let platform = json!({"os": "linux", "architecture": "amd64"});
    let entry = json!({
        "mediaType": MANIFEST, "size": 1, "digest": twin, "platform": platform,
        "annotations": {"io.github.containers.compression.zstd": "true"},
    });
    let scene = Scene::new(&[entry]);
    assert_eq!(image(&scene.hub), twin);
    scene.sign(&scene.instances[0], &scene.reference());
    let run = || scene.town.verify_json(&[&scene.image(), "--platform", "linux/amd64"]);
    let expected = [
        "list Unsigned (for information)",
        "linux/amd64 Verified",
        "linux/amd64 Unsigned",
    ];
    assert_eq!(words(&run().expect(1).json()), expected);
    scene.sign(&twin, &scene.reference());
    assert_eq!(words(&run().expect(0).json())[2], "linux/amd64 Verified");
}

#[test]
fn a_platform_of_a_single_manifest_is_said_to_choose_nothing() {
    let scene = Scene::new(&[]);
    let digest = scene
        .hub
        .store(|store| store.repository(REPOSITORY).image("single", "x"));
    let reference = format!("{}/{REPOSITORY}:single", scene.hub.host());
    scene.sign(&digest, &reference);
    let outcome = scene
        .town
        .verify_json(&[&format!("docker://{reference}"), "--platform", "linux/amd64"])
        .expect_verdict(0, "Verified/Verified");
    assert!(outcome.stderr.contains("is a single manifest"), "{}", outcome.stderr);
}

/// A digest that is asked for may be that of the list, and so may a signed one; and no other.
#[test]
fn digests_of_the_list() {
    let scene = Scene::new(&[]);
    let name = scene.reference().strip_suffix(":v1").unwrap().to_owned();
    let by_list = format!("docker://{name}@{}", scene.digest);
    let [first, second] = [&scene.instances[0], &scene.instances[1]];
    // Publishers sign each instance by its own digest.
    scene.sign(first, &format!("{name}@{first}"));
    scene.sign(second, &format!("{name}@{}", scene.digest));
    let item = scene
        .town
        .verify_json(&[&by_list])
        .expect_verdict(0, "Verified/Verified")
        .item();
    assert_eq!(item["matchedIdentities"], json!([format!("{name}@{}", scene.digest)]));
    // The digest of another instance is that of neither.
    scene.sign(second, &format!("{name}@{first}"));
    scene
        .town
        .verify_json(&[&by_list])
        .expect_verdict(1, "Rejected/IdentityMismatch");
    // Another list that does not name the instance says nothing about it.
    let other = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": []}).to_string();
    let other = scene
        .hub
        .store(|store| store.repository(REPOSITORY).push("other", LIST, other.as_bytes()));
    scene.sign(first, &format!("{name}@{other}"));
    scene
        .town
        .verify_json(&[&by_list, "--platform", "linux/amd64"])
        .expect(1);
}
