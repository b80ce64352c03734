// SPDX-License-Identifier: Apache-2.0
//! What the owner of an image stream must not be able to have verified.

use serde_json::{json, Value};

use super::streams::{scene, stream};
use crate::cluster::{statuses, stored};
use crate::support::api::Fault;
use crate::support::cluster::IDENTITY;
use crate::support::images::{image, D1, D2};

#[test]
fn a_tag_that_resolves_to_another_signed_image_of_the_repository_is_not_the_image_asked_for() {
    let scene = scene("team");
    // An older release, properly signed: whoever may write the stream points the new tag to it.
    let older = scene.sign(D2, "registry.local:5000/foo/bar:v0");
    scene.server.image(image(D2, &[&older]));
    scene.server.stream("team", "app", stream("v1", D2));
    let outcome = scene
        .run_verify("team/app:v1", &["-o", "json", "--confirm"])
        .expect_verdict(1, "Rejected/IdentityMismatch");
    let item = outcome.item();
    assert_eq!(item["image"], D2);
    assert_eq!(item["expectedIdentities"], json!([IDENTITY]));
    assert_eq!(item["matchedIdentities"], json!([]));
    let signature = scene.server.stored(D2)["signatures"][0].clone();
    assert_eq!(statuses(&signature), ["Trusted=False", "ForImage=True"]);
    assert_eq!(stored(&scene.server)["conditions"], Value::Null);
}

#[test]
fn an_identity_with_a_digest_is_not_met_by_another_image_that_a_tag_resolves_to() {
    let scene = scene("team");
    let older = scene.sign(D2, "registry.local:5000/foo/bar:v0");
    scene.server.image(image(D2, &[&older]));
    scene.server.stream("team", "app", stream("v1", D2));
    let key = scene.key_file.to_str().unwrap();
    let expected = format!("registry.local:5000/foo/bar@{D1}");
    let ask = |name: &str| {
        scene.run(&[
            "verify",
            name,
            "--expected-identity",
            &expected,
            "--public-key",
            key,
            "-o",
            "json",
        ])
    };
    let outcome = ask("team/app:v1");
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert_eq!(outcome.item()["verdict"], "Rejected", "{outcome:?}");
    // The image of that digest is the one asked for.
    ask(D1).expect_verdict(0, "Verified/Verified");
}

#[test]
fn a_view_with_another_image_than_the_one_asked_for_is_refused() {
    let scene = scene("team");
    let blob = scene.sign(D2, IDENTITY);
    scene.server.image(image(D2, &[&blob]));
    scene
        .server
        .fault(Fault::other_image(D2).on("GET", "/imagestreamimages/"));
    let outcome = scene
        .run_verify(&format!("team/app@{D1}"), &["-o", "json", "--confirm"])
        .expect_verdict(3, "Unchecked/SourceUnavailable");
    assert!(outcome.stdout.contains(D2), "{outcome:?}");
    assert_eq!(scene.server.stored(D2)["signatures"][0]["conditions"], Value::Null);
}

#[test]
fn a_view_of_another_tag_stream_or_namespace_is_refused() {
    let scene = scene("team");
    let good = json!({
        "kind": "ImageStreamTag", "apiVersion": "image.openshift.io/v1",
        "metadata": {"name": "app:v1", "namespace": "team"}, "image": scene.server.stored(D1),
    });
    let answer = |change: &dyn Fn(&mut Value)| {
        let mut view = good.clone();
        change(&mut view);
        scene.server.heal();
        let fault = Fault::body("application/json", view.to_string());
        scene.server.fault(fault.on("GET", "/imagestreamtags/"));
        scene.run_verify("team/app:v1", &["-o", "json"])
    };
    answer(&|_| {}).expect_verdict(0, "Verified/Verified");
    let wrong: [&dyn Fn(&mut Value); 8] = [
        // A stub, which says nothing about signatures.
        &|view| view["image"] = json!({"metadata": {"name": D1}, "dockerImageReference": "a/b:c"}),
        &|view| view["metadata"]["name"] = "app:v2".into(),
        &|view| view["metadata"]["name"] = "other:v1".into(),
        &|view| view["metadata"]["namespace"] = "elsewhere".into(),
        &|view| view["kind"] = "ImageStreamImage".into(),
        &|view| *view = json!([]),
        &|view| view["image"] = Value::Null,
        &|view| view["image"]["signatures"] = "none".into(),
    ];
    for change in wrong {
        answer(change).expect_verdict(3, "Unchecked/SourceUnavailable");
    }
}

#[test]
fn a_tag_of_something_that_is_no_image_is_malformed() {
    let scene = scene("team");
    let mut object = scene.server.stored(D1);
    object["metadata"]["name"] = "../../secrets".into();
    let view = json!({
        "kind": "ImageStreamTag", "apiVersion": "image.openshift.io/v1",
        "metadata": {"name": "app:v1", "namespace": "team"}, "image": object,
    });
    scene
        .server
        .fault(Fault::body("application/json", view.to_string()).on("GET", "/imagestreamtags/"));
    scene
        .run_verify("team/app:v1", &["-o", "json", "--confirm"])
        .expect_verdict(1, "Rejected/MalformedImage");
    let paths: Vec<String> = scene.server.requests().iter().map(|r| r.target.clone()).collect();
    assert!(paths.iter().all(|path| !path.contains("secrets")), "{paths:?}");
}
