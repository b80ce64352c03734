// SPDX-License-Identifier: Apache-2.0
//! Manifest lists that are not what they seem: attestations, lists in lists, instances that nodes read otherwise.

use serde_json::{json, Value};

use super::lists::{words, Scene, LIST, REPOSITORY};
use crate::registry::town::{list, sha256, Town};
use crate::support::docker_registry::{Kind, Registry};
use crate::support::hub::MANIFEST;
use crate::support::skipped;

#[test]
fn attestations_are_left_out_and_named_and_nothing_else_is() {
    let attestation = sha256(b"attestation");
    let unknown = json!({"os": "unknown", "architecture": "unknown"});
    let scene = Scene::new(&[json!({
        "mediaType": MANIFEST, "size": 1, "digest": attestation, "platform": unknown,
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    })]);
    for instance in &scene.instances {
        scene.sign(instance, &scene.reference());
    }
    let item = scene
        .town
        .verify_json(&[&scene.image()])
        .expect_verdict(0, "Verified/Verified")
        .item();
    assert_eq!(item["leftOut"], json!([attestation]));
    let text = scene.town.verify(&[&scene.image()]).expect(0).stdout;
    assert!(text.contains(&format!("{attestation} (attestation)")), "{text}");
    // Of an unknown platform, and without one: images like others.
    for platform in [json!({"platform": unknown}), json!({})] {
        let other = Scene::new(&[]);
        let digest = other.hub.store(|store| store.repository(REPOSITORY).image("", "other"));
        let mut entry = json!({"mediaType": MANIFEST, "size": 1, "digest": digest});
        entry
            .as_object_mut()
            .unwrap()
            .extend(platform.as_object().unwrap().clone());
        let list = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": [entry]}).to_string();
        other
            .hub
            .store(|store| store.repository(REPOSITORY).push("v1", LIST, list.as_bytes()));
        other
            .town
            .verify_json(&[&other.image()])
            .expect_verdict(1, "Unsigned/NoSignature");
        other.sign(&digest, &other.reference());
        other
            .town
            .verify_json(&[&other.image()])
            .expect_verdict(0, "Verified/Verified");
    }
}

#[test]
fn lists_without_instances_and_lists_in_lists() {
    let scene = Scene::new(&[]);
    let push = |tag: &str, digests: &[&str]| {
        let entries: Vec<Value> = digests.iter().map(|digest| json!({"digest": digest})).collect();
        let list = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": entries}).to_string();
        scene
            .hub
            .store(|store| store.repository(REPOSITORY).push(tag, LIST, list.as_bytes()))
    };
    let image = |tag: &str| format!("docker://{}/{REPOSITORY}:{tag}", scene.hub.host());
    push("empty", &[]);
    scene
        .town
        .verify_json(&[&image("empty")])
        .expect_verdict(1, "Unsigned/NoSignature");
    scene.town.verify_json(&[&image("empty"), "--all-platforms"]).expect(1);
    let reference = format!("{}/{REPOSITORY}:outer", scene.hub.host());
    let inner = push("", &[&scene.instances[0]]);
    let outer = push("outer", &[&inner]);
    scene
        .town
        .verify_json(&[&image("outer")])
        .expect_verdict(1, "Unsigned/NoSignature");
    scene.sign(&scene.instances[0], &reference);
    scene
        .town
        .verify_json(&[&image("outer")])
        .expect_verdict(0, "Verified/Verified");
    push("deep", &[&outer]);
    let deep = scene.town.verify_json(&[&image("deep")]).expect(1);
    assert_eq!(deep.item()["verdict"], "Unsupported", "{deep:?}");
    scene.hub.store(|store| {
        store.repository(REPOSITORY).push(
            "bad",
            LIST,
            b"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[{}]}",
        )
    });
    scene
        .town
        .verify_json(&[&image("bad")])
        .expect_verdict(3, "Unchecked/ManifestUnavailable");
}

/// skopeo signs the list and every instance that it copies.
#[test]
fn a_list_that_skopeo_signed() {
    let town = Town::new();
    let Some(registry) = Registry::start(&town.sandbox, "registry", &Kind::default()) else {
        return skipped("docker-registry", "it is not installed");
    };
    town.store_on_disk();
    let (manifest, digests) = list(&town.sandbox.path("multi"));
    let reference = format!("{}/ns/multi:v1", registry.address);
    if town.push("dir:multi", &reference, true, &["--all"]).is_none() {
        return;
    }
    town.insecure(&[&registry.address]);
    let image = format!("docker://{reference}");
    let outcome = town
        .verify_json(&[&image, "--all-platforms", "--require-list"])
        .expect(0);
    assert_eq!(
        words(&outcome.json()),
        ["list Verified", "linux/amd64 Verified", "linux/arm64 Verified"]
    );
    assert_eq!(outcome.json()["items"][0]["image"], sha256(&manifest));
    assert_eq!(outcome.json()["items"][2]["image"], digests[1]);
}

#[test]
fn a_list_that_nodes_read_otherwise() {
    let scene = Scene::new(&[]);
    scene.sign(&scene.instances[0], &scene.reference());
    let entry = |digest: &str| {
        let platform = json!({"os": "linux", "architecture": "amd64"});
        json!({"mediaType": MANIFEST, "size": 1, "digest": digest, "platform": platform})
    };
    let (signed, unsigned) = (entry(&scene.instances[0]), entry(&scene.instances[1]));
    let push = |members: &str| {
        let list = format!("{{\"schemaVersion\":2,\"mediaType\":\"{LIST}\",{members}}}");
        scene
            .hub
            .store(|store| store.repository(REPOSITORY).push("v1", LIST, list.as_bytes()));
    };
    push(&format!("\"manifests\":[{signed}]"));
    scene
        .town
        .verify_json(&[&scene.image()])
        .expect_verdict(0, "Verified/Verified");
    for members in [
        format!("\"manifests\":[{signed}],\"Manifests\":[{unsigned}]"),
        format!("\"manifests\":[{signed}],\"config\":{{\"digest\":\"x\"}},\"layers\":[]"),
    ] {
        push(&members);
        for more in [&[][..], &["--platform", "linux/amd64"]] {
            let mut args = vec![scene.image()];
            args.extend(more.iter().map(ToString::to_string));
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            scene
                .town
                .verify_json(&args)
                .expect_verdict(3, "Unchecked/ManifestUnavailable");
        }
    }
}

#[test]
fn the_digest_of_an_instance_is_not_that_of_its_list() {
    let scene = Scene::new(&[]);
    let digest = scene.instances[0].clone();
    scene.sign(&digest, &scene.reference());
    let list = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": [{
        "mediaType": MANIFEST, "size": 1, "digest": digest,
        "platform": {"os": "linux", "architecture": "amd64"},
    }]});
    scene.hub.store(|store| {
        store
            .repository(REPOSITORY)
            .push("v1", LIST, list.to_string().as_bytes())
    });
    scene
        .town
        .verify_json(&[&scene.image(), "--expected-digest", &digest])
        .expect_verdict(1, "Rejected/DigestMismatch");
    let identity = format!("{}@{digest}", scene.reference().strip_suffix(":v1").unwrap());
    scene
        .town
        .verify_json(&[&scene.image(), "--expected-identity", &identity])
        .expect_verdict(1, "Rejected/DigestMismatch");
    // One of several is enough, and it is not that one.
    let item = scene
        .town
        .verify_json(&[
            &scene.image(),
            "--expected-identity",
            &identity,
            "--expected-identity",
            &scene.reference(),
        ])
        .expect_verdict(0, "Verified/Verified")
        .item();
    assert_eq!(item["matchedIdentities"], json!([scene.reference()]));
    // The instance itself is that image.
    let args = [
        &scene.image(),
        "--expected-identity",
        &identity,
        "--platform",
        "linux/amd64",
    ];
    scene.town.verify_json(&args.map(|arg| arg as &str)).expect(0);
}

/// A list that is not signed itself is Verified by the keys of its instances: they are named wherever keys are.
#[test]
fn the_keys_of_a_list_that_is_verified_by_its_instances() {
    let scene = Scene::new(&[]);
    let town = &scene.town;
    let second = town.signer.simple_key("Second <second@example.com>");
    let file = town.signer.export(&[&second], &town.sandbox.path("second.gpg"));
    scene.sign(&scene.instances[0], &scene.reference());
    let payload = crate::support::images::payload(&scene.instances[1], &scene.reference());
    town.keep(REPOSITORY, &scene.instances[1], 1, &town.signer.sign(&second, &payload));
    let image = scene.image();
    let args = ["--public-key", file.to_str().unwrap(), image.as_str()];
    let text = town.verify(&args).expect(0).stdout;
    for (owner, key) in [
        ("Example Release <release@example.com>", &town.key),
        ("Second <second@example.com>", &second),
    ] {
        let said = format!("  signed by  {owner}\n             {key}\n");
        assert!(text.contains(&said), "{text}");
    }
    let table = town.verify(&[&args[..], &["docker://registry.invalid/ns/app:v1"]].concat());
    let row = table.stdout.split_once("\nVerified ").unwrap().1;
    let row = row.split_once("\nUn").unwrap().0;
    assert!(row.contains(&town.key[24..]), "{row}");
    assert!(row.contains(&second[24..]), "{row}");
    let item = town.verify_json(&args).expect(0).item();
    assert_eq!(item["signatures"], json!([]), "{item}");
    let keys = item["instances"].as_array().unwrap().iter();
    let keys = keys.map(|instance| instance["signers"][0]["primaryFingerprint"].as_str().unwrap());
    assert_eq!(keys.collect::<Vec<_>>(), [&town.key, &second]);
}
