// SPDX-License-Identifier: Apache-2.0
//! Sigstore signatures at the `.sig` tag of Debian's docker-registry, pushed by Debian's skopeo as cosign lays them out.

use openssl::nid::Nid;
use serde_json::{json, Value};

use crate::registry::town::{answers, hex, image, list, sha256, Town};
use crate::support::cosign::{payload, Cosign, SIGNATURE_TYPE};
use crate::support::docker_registry::{Kind, Registry};
use crate::support::images::base64;
use crate::support::skipped;

/// A registry over plain http with nothing in it, and the name of a repository there.
fn empty() -> Option<(Town, Registry, String)> {
    let town = Town::new();
    let Some(registry) = Registry::start(&town.sandbox, "registry", &Kind::default()) else {
        skipped("docker-registry", "it is not installed");
        return None;
    };
    town.insecure(&[&registry.address]);
    town.store_on_disk();
    let name = format!("{}/ns/app", registry.address);
    Some((town, registry, name))
}

/// Pushes payloads and their signatures to the tag of an image.
fn attach(town: &Town, name: &str, digest: &str, signed: &[(&[u8], Vec<u8>)]) -> Option<()> {
    let directory = town.sandbox.path(&format!("attached-{}", hex(digest.as_bytes())));
    std::fs::create_dir_all(&directory).unwrap();
    let blob = |media: &str, content: &[u8]| {
        std::fs::write(directory.join(hex(content)), content).unwrap();
        json!({"mediaType": media, "size": content.len(), "digest": sha256(content)})
    };
    let layers = signed.iter().map(|(payload, signature)| {
        let mut layer = blob(SIGNATURE_TYPE, payload);
        layer["annotations"] = json!({"dev.cosignproject.cosign/signature": base64(signature)});
        layer
    });
    let layers: Vec<Value> = layers.collect();
    let digests: Vec<&Value> = layers.iter().map(|layer| &layer["digest"]).collect();
    let config = json!({"architecture": "", "os": "", "config": {}, "rootfs": {"type": "layers", "diff_ids": digests}});
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes()),
        "layers": layers,
    });
    std::fs::write(directory.join("version"), "Directory Transport Version: 1.1\n").unwrap();
    std::fs::write(directory.join("manifest.json"), manifest.to_string()).unwrap();
    let tag = digest.replace(':', "-");
    town.push(
        &format!("dir:{}", directory.display()),
        &format!("{name}:{tag}.sig"),
        false,
        &[],
    )
}

/// Files with the public keys, as options.
fn options(town: &Town, keys: &[&Cosign]) -> Vec<String> {
    let files = keys
        .iter()
        .map(|key| town.sandbox.file(&format!("{}.pub", key.id()), key.pem()));
    files
        .flat_map(|file| ["--sigstore-key".to_owned(), file.to_str().unwrap().to_owned()])
        .collect()
}

#[test]
fn by_tag_and_digest_with_each_kind_of_key() {
    let Some((town, _registry, name)) = empty() else {
        return;
    };
    let digest = sha256(&image(&town.sandbox.path("unsigned"), "amd64"));
    let reference = format!("{name}:v1");
    let keys = [
        Cosign::rsa(2048),
        Cosign::new(),
        Cosign::ecdsa(Nid::SECP384R1),
        Cosign::ecdsa(Nid::SECP521R1),
        Cosign::ed25519(),
    ];
    // One payload that several sign: as many layers with one digest.
    let signed = payload(&digest, &reference);
    let layers: Vec<(&[u8], Vec<u8>)> = keys.iter().map(|key| (&signed[..], key.sign(&signed))).collect();
    let pushed = town.push("dir:unsigned", &reference, false, &[]);
    if pushed.and_then(|()| attach(&town, &name, &digest, &layers)).is_none() {
        return;
    }
    let (by_tag, by_digest) = (format!("docker://{name}:v1"), format!("docker://{name}@{digest}"));
    let judged = |image: &str, keys: &[&Cosign], more: &[&str]| {
        let options = options(&town, keys);
        let mut args = vec![image];
        args.extend(options.iter().map(String::as_str));
        args.extend(more);
        town.verify_json(&args)
    };
    for key in &keys {
        for image in [&by_tag, &by_digest] {
            let item = judged(image, &[key], &[]).expect_verdict(0, "Verified/Verified").item();
            let asked = answers(&item);
            assert!(asked.contains(&"attachment found 5".to_owned()), "{asked:?}");
            assert_eq!(item["pinned"], format!("{name}@{digest}"));
        }
    }
    let item = judged(&by_tag, &[&keys[0], &keys[1]], &["--require", "2"]).expect_verdict(0, "Verified/Verified");
    let good = item.item()["signatures"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["verdict"] == "Verified")
        .count();
    assert_eq!(good, 2, "{item:#?}");
    judged(&by_tag, &[&keys[0]], &["--require", "2"]).expect_verdict(1, "Rejected/ThresholdNotReached");
    let stranger = Cosign::new();
    let outcome = judged(&by_tag, &[&stranger], &[]).expect(1);
    assert!(outcome.verdict().starts_with("Rejected/"), "{outcome:#?}");
    // As what it is not signed as.
    let other = format!("{name}:v2");
    judged(&by_tag, &[&keys[0]], &["--expected-identity", &other]).expect_verdict(1, "Rejected/IdentityMismatch");
}

/// Publishers sign the instances of a list, each at its own tag.
#[test]
fn of_the_instances_of_a_list() {
    let Some((town, _registry, name)) = empty() else {
        return;
    };
    let key = Cosign::new();
    let (_, digests) = list(&town.sandbox.path("unsigned"));
    let reference = format!("{name}:v1");
    if town.push("dir:unsigned", &reference, false, &["--all"]).is_none() {
        return;
    }
    let options = options(&town, &[&key]);
    let image = format!("docker://{reference}");
    let judged = || town.verify_json(&[&image, &options[0], &options[1]]);
    for (digest, is_last) in digests.iter().zip([false, true]) {
        let signed = payload(digest, &reference);
        attach(&town, &name, digest, &[(&signed, key.sign(&signed))]).unwrap();
        let outcome = judged();
        if is_last {
            outcome.expect(0);
        } else {
            outcome.expect(1);
        }
    }
}
