// SPDX-License-Identifier: Apache-2.0
//! Policies and images of a cluster: the scope in the record, and identities that a stream names.

use serde_json::{json, Value};

use crate::cluster::statuses;
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::images::{image, D1};

/// A server with D1 signed as what its stream is imported from, and a policy that accepts the key for that.
fn scene(signed_as: &str) -> Scene {
    let scene = Scene::new();
    let blob = scene.sign(D1, signed_as);
    scene.server.image(image(D1, &[&blob]));
    let rule = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": scene.key_file.to_str().unwrap()});
    let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": {"registry.local:5000": [rule]}}});
    scene.sandbox.file("policy.json", policy.to_string());
    stream(
        &scene,
        json!({"kind": "DockerImage", "name": "registry.local:5000/foo/bar:v1"}),
    );
    for resource in ["imagestreamtags", "imagestreams"] {
        scene.server.grant("alice", &["get"], resource);
    }
    scene
}

fn stream(scene: &Scene, from: Value) {
    let stream = json!({
        "spec": {"tags": [{"name": "v1", "from": from, "referencePolicy": {"type": "Source"}}]},
        "status": {"dockerImageRepository": "registry.local:5000/team/app", "tags": [{"tag": "v1", "items": [
            {"created": "2026-02-02T00:00:00Z", "dockerImageReference": "quay.io/a/b:v1", "image": D1, "generation": 1},
        ]}]},
    });
    scene.server.stream("team", "app", stream);
}

fn run(scene: &Scene, args: &[&str]) -> crate::support::program::Outcome {
    let own = ["verify", "--policy", "policy.json", "-o", "json"];
    scene.sandbox.run([&own[..], args].concat())
}

#[test]
fn the_scope_is_recorded() {
    let scene = scene(IDENTITY);
    let args = ["team/app:v1", "--expected-identity", IDENTITY, "--confirm"];
    let outcome = run(&scene, &args).expect_verdict(0, "Verified/Verified");
    assert_eq!(outcome.item()["identitySource"], "user");
    let entry = scene.server.stored(D1)["signatures"][0].clone();
    assert_eq!(statuses(&entry), ["Trusted=True", "ForImage=True"]);
    let message = entry["conditions"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("required by scope \"registry.local:5000\" of policy policy.json"),
        "{message}"
    );
}

#[test]
fn what_a_stream_is_imported_from_is_judged_and_not_recorded() {
    for signed_as in [IDENTITY, "registry.local:5000/team/app:v1"] {
        let scene = scene(signed_as);
        let before = scene.server.stored(D1);
        let outcome = run(&scene, &["team/app:v1", "--confirm"]).expect_verdict(0, "Verified/Verified");
        let item = outcome.item();
        assert_eq!(item["identitySource"], "stream");
        assert_eq!(item["matchedIdentities"], json!([signed_as]));
        assert_eq!(
            item["expectedIdentities"],
            json!([IDENTITY, "registry.local:5000/team/app:v1"])
        );
        assert_eq!(item["recorded"], "no");
        assert!(
            outcome
                .stderr
                .contains("the image stream, not you, named what is expected"),
            "{outcome:?}"
        );
        assert_eq!(scene.server.stored(D1), before);
        let own = ["verify", "--policy", "policy.json", "team/app:v1"];
        let text = scene.sandbox.run(own).expect(0);
        assert!(
            text.stdout.contains("named by   the image stream, not the user"),
            "{text:?}"
        );
        assert!(!text.stderr.contains("would record"), "{text:?}");
    }
}

/// The names that a stream offers its images under are those of its status.
#[test]
fn the_public_name_of_a_stream_is_one_of_its_own() {
    let public = "registry.local:5000/public/app";
    let scene = scene(&format!("{public}:v1"));
    run(&scene, &["team/app:v1"]).expect_verdict(1, "Rejected/IdentityMismatch");
    let items = json!([{"created": "2026-02-02T00:00:00Z", "dockerImageReference": "quay.io/a/b:v1", "image": D1, "generation": 1}]);
    let stream = json!({
        "spec": {"tags": [{"name": "v1"}]},
        "status": {"dockerImageRepository": "registry.local:5000/team/app", "publicDockerImageRepository": public,
                   "tags": [{"tag": "v1", "items": items}]},
    });
    scene.server.stream("team", "app", stream);
    let item = run(&scene, &["team/app:v1"])
        .expect_verdict(0, "Verified/Verified")
        .item();
    assert_eq!(item["matchedIdentities"], json!([format!("{public}:v1")]));
    let own = ["registry.local:5000/team/app:v1".to_owned(), format!("{public}:v1")];
    assert_eq!(item["expectedIdentities"], json!(own));
}

#[test]
fn a_digest_that_a_stream_names_is_no_expectation() {
    let scene = scene(IDENTITY);
    stream(
        &scene,
        json!({"kind": "DockerImage", "name": format!("registry.local:5000/foo/bar@{D1}")}),
    );
    run(&scene, &["team/app:v1"]).expect_verdict(1, "Rejected/IdentityMismatch");
    stream(&scene, json!({"kind": "ImageStreamTag", "name": "bar:v1"}));
    run(&scene, &["team/app:v1"]).expect_verdict(1, "Rejected/IdentityMismatch");
}

/// The user has to say what is expected, also where other images could be judged.
#[test]
fn a_stream_that_names_no_reference_with_a_tag_is_a_usage_error() {
    let scene = scene(IDENTITY);
    let nameless = json!({
        "spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": format!("registry.local:5000/foo/bar@{D1}")}}]},
        "status": {"tags": [{"tag": "v1", "items": [
            {"created": "2026-02-02T00:00:00Z", "dockerImageReference": "quay.io/a/b:v1", "image": D1, "generation": 1},
        ]}]},
    });
    scene.server.stream("team", "nameless", nameless);
    let text = "names no reference with a tag for team/nameless:v1: give --expected-identity REF";
    run(&scene, &["team/nameless:v1"]).expect_usage(text);
    run(&scene, &["team/app:v1", "team/nameless:v1", "--confirm"]).expect_usage(text);
    run(&scene, &["team/app:v1"]).expect(0);
}

#[test]
fn without_the_stream_nothing_is_decided() {
    let scene = scene(IDENTITY);
    let names = [format!("team/app@{D1}"), D1.to_owned()];
    for name in &names {
        run(&scene, &[name]).expect_usage("no expected identity");
    }
    scene
        .sandbox
        .run(["verify", "team/app:v1"])
        .expect_usage("no expected identity");
    run(&scene, &["team/other:v1"]).expect(3);
    let outcome = run(&scene, &["team/app:v1", &format!("{D1}={IDENTITY}")]).expect(0);
    let asked: Vec<Value> = outcome.json()["items"].as_array().unwrap().clone();
    assert_eq!(asked[0]["identitySource"], "stream");
    assert_eq!(asked[1]["identitySource"], "user");
}
