// SPDX-License-Identifier: Apache-2.0
//! Manifest lists in a cluster: the digest that is expected of an instance may be that of its list.

use serde_json::Value;

use crate::cluster::line;
use crate::support::api::Fault;
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::images::{image, D1};
use crate::support::lists::list_object;
use crate::support::program::Outcome;

const REPOSITORY: &str = "registry.local:5000/foo/bar";

fn verify(scene: &Scene, digest: &str, more: &[&str]) -> Outcome {
    let key = scene.key_file.to_str().unwrap();
    let request = format!("{D1}={REPOSITORY}@{digest}");
    let own = ["verify", "-o", "json", "--public-key", key, &request];
    scene.run(&[&own[..], more].concat())
}

#[test]
fn the_digest_of_a_list_that_names_the_image() {
    let scene = Scene::new();
    let (object, digest) = list_object(&[D1], &[D1]);
    scene.server.image(image(D1, &[&scene.sign(D1, IDENTITY)]));
    let outcome = verify(&scene, &digest, &["--confirm"]).expect(1);
    assert_eq!(
        outcome.item()["verdict"],
        "Rejected",
        "there is no such list: {outcome:?}"
    );
    scene.server.image(object.clone());
    scene.server.forget_requests();
    verify(&scene, &digest, &["--confirm"]).expect_verdict(0, "Verified/Verified");
    let lines = scene.server.lines();
    assert_eq!(
        lines.iter().filter(|own| **own == line("GET", &digest)).count(),
        1,
        "{lines:?}"
    );
    let entry = scene.server.stored(D1)["signatures"][0].clone();
    assert_eq!(entry["conditions"][0]["status"], "True", "{entry}");
    // Its bytes are those of another one.
    let mut other = object;
    let text = format!("{} ", other["dockerImageManifest"].as_str().unwrap());
    other["dockerImageManifest"] = text.into();
    scene.server.image(other);
    let outcome = verify(&scene, &digest, &[]).expect(1);
    assert_eq!(outcome.item()["verdict"], "Rejected", "{outcome:?}");
    // An identity without a digest asks for no list.
    scene.server.forget_requests();
    scene
        .run_verify(D1, &["-o", "json"])
        .expect_verdict(0, "Verified/Verified");
    assert!(!scene.server.lines().contains(&line("GET", &digest)));
}

/// A server that does not say whether there is such a list leaves the image open, and its record alone.
#[test]
fn a_list_that_cannot_be_read() {
    let scene = Scene::new();
    let (object, digest) = list_object(&[D1], &[D1]);
    scene.server.image(image(D1, &[&scene.sign(D1, IDENTITY)]));
    scene.server.image(object);
    verify(&scene, &digest, &["--confirm"]).expect(0);
    let before: Value = scene.server.stored(D1);
    for status in [403, 500] {
        let path = format!("{}/{digest}", crate::cluster::IMAGES);
        scene.server.fault(Fault::status(status).on("GET", &path));
        let outcome = verify(&scene, &digest, &["--confirm"]).expect(3);
        assert_eq!(outcome.item()["verdict"], "Unchecked", "{outcome:?}");
        scene.server.heal();
    }
    assert_eq!(scene.server.stored(D1), before);
}
