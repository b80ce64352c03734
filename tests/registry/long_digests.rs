// SPDX-License-Identifier: Apache-2.0
//! Digests of other algorithms than SHA-256 in references and lists: registries have manifests by them, and signatures name
//! an image by its sha256 digest.

use serde_json::{json, Value};
use sha2::{Digest as _, Sha384, Sha512};

use super::lists::{Scene, LIST, REPOSITORY};
use crate::support::hub::{Answer, MANIFEST};

const NAMES: [&str; 2] = ["sha384", "sha512"];

/// The digest of some bytes by an algorithm.
fn long(name: &str, bytes: &[u8]) -> String {
    let hash = match name {
        "sha384" => Sha384::digest(bytes).to_vec(),
        _ => Sha512::digest(bytes).to_vec(),
    };
    format!("{name}:{}", image_signature::text::hex(&hash).to_lowercase())
}

/// Lets the registry have a manifest by a digest of an algorithm too.
fn by(scene: &Scene, name: &str, digest: &str) -> String {
    let (kind, bytes) = scene.hub.store(|store| store.repository(REPOSITORY).manifest(digest));
    let other = long(name, &bytes);
    let path = format!("/v2/{REPOSITORY}/manifests/{other}");
    scene.hub.answer(&path, Answer::ok(&kind, bytes));
    other
}

fn repository(scene: &Scene) -> String {
    format!("{}/{REPOSITORY}", scene.hub.host())
}

#[test]
fn an_image_by_its_digest_of_another_algorithm() {
    for name in NAMES {
        let scene = Scene::new(&[]);
        let [digest, stranger] = [&scene.instances[0], &scene.instances[1]];
        let (own, other) = (by(&scene, name, digest), by(&scene, name, stranger));
        let repository = repository(&scene);
        let image = format!("docker://{repository}@{own}");
        let judged = |signed: &str| {
            scene.sign(digest, signed);
            scene.town.verify_json(&[&image])
        };
        for signed in [
            format!("{repository}:v1"),
            format!("{repository}@{digest}"),
            format!("{repository}@{own}"),
        ] {
            let item = judged(&signed).expect_verdict(0, "Verified/Verified").item();
            assert_eq!(item["image"], **digest, "{signed}");
            assert_eq!(item["pinned"], format!("{repository}@{digest}"), "{signed}");
        }
        for signed in [format!("{repository}@{stranger}"), format!("{repository}@{other}")] {
            judged(&signed).expect_verdict(1, "Rejected/IdentityMismatch");
        }
        // Nothing else than the image has its digest.
        scene.sign(digest, &format!("{repository}:v1"));
        let expected = format!("{repository}@{other}");
        let by_name = format!("docker://{repository}@{digest}");
        let outcome = scene.town.verify_json(&["--expected-identity", &expected, &by_name]);
        outcome.expect_verdict(1, "Rejected/IdentityMismatch");
        let path = format!("/v2/{REPOSITORY}/manifests/{own}");
        let (kind, bytes) = scene.hub.store(|store| store.repository(REPOSITORY).manifest(stranger));
        scene.hub.answer(&path, Answer::ok(&kind, bytes));
        let outcome = scene.town.verify_json(&[&image]);
        outcome.expect_verdict(1, "Rejected/ManifestMismatch");
    }
}

/// The list by its own digest of either algorithm, and its entries by one of another.
#[test]
fn a_list_with_entries_by_another_algorithm_pinned_by_its_digest() {
    for name in NAMES {
        let scene = Scene::new(&[]);
        let repository = repository(&scene);
        let entries: Vec<Value> = scene
            .instances
            .iter()
            .map(|digest| {
                json!({"mediaType": MANIFEST, "size": 1, "digest": by(&scene, name, digest),
                "platform": {"os": "linux", "architecture": "amd64"}})
            })
            .collect();
        let list = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": entries}).to_string();
        let digest = scene
            .hub
            .store(|store| store.repository(REPOSITORY).push("v2", LIST, list.as_bytes()));
        let own = by(&scene, name, &digest);
        let [first, second] = [&scene.instances[0], &scene.instances[1]];
        let judged = |pinned: &str| scene.town.verify_json(&[&format!("docker://{repository}@{pinned}")]);
        scene.sign(first, &format!("{repository}@{first}"));
        for signed in [second, &digest, &own] {
            scene.sign(second, &format!("{repository}@{signed}"));
            for pinned in [&digest, &own] {
                judged(pinned).expect_verdict(0, "Verified/Verified");
            }
        }
        // The digest of another instance or list is that of neither.
        for other in [first, &scene.digest, &by(&scene, name, &scene.digest)] {
            scene.sign(second, &format!("{repository}@{other}"));
            for pinned in [&digest, &own] {
                judged(pinned).expect_verdict(1, "Rejected/IdentityMismatch");
            }
        }
        // The list itself, signed.
        scene.sign(&digest, &format!("{repository}@{own}"));
        for pinned in [&digest, &own] {
            judged(pinned).expect_verdict(0, "Verified/Verified");
        }
    }
}
