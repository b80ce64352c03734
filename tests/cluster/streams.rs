// SPDX-License-Identifier: Apache-2.0
//! Images through image streams: the namespace, the object that is judged and written, and what a stream's owner must
//! not be able to do.

use serde_json::{json, Value};

use crate::cluster::{line, statuses, RIGHT, USER};
use crate::support::api::rbac::Rule;
use crate::support::api::Fault;
use crate::support::cluster::{Scene, TOKEN};
use crate::support::images::{image, D1, D2};

/// A stream with one tag.
pub fn stream(tag: &str, digest: &str) -> Value {
    json!({
        "spec": {"tags": [{"name": tag, "annotations": {"of-the-tag": "yes"}, "referencePolicy": {"type": "Local"}}]},
        "status": {"dockerImageRepository": "registry.local:5000/team/app", "tags": [{"tag": tag, "items": [
            {"created": "2026-02-02T00:00:00Z", "dockerImageReference": "quay.io/a/b:v1", "image": digest, "generation": 1},
        ]}]},
    })
}

/// The signed image as `v1` of the stream `app` in a namespace, and the right to read streams.
pub(super) fn scene(namespace: &str) -> Scene {
    let scene = Scene::signed();
    scene.server.stream(namespace, "app", stream("v1", D1));
    for resource in ["imagestreamtags", "imagestreamimages"] {
        scene.server.grant("alice", &["get"], resource);
    }
    scene
}

fn tag(namespace: &str, name: &str) -> String {
    format!("GET /apis/image.openshift.io/v1/namespaces/{namespace}/imagestreamtags/{name}")
}

fn stream_image(namespace: &str, name: &str) -> String {
    format!("GET /apis/image.openshift.io/v1/namespaces/{namespace}/imagestreamimages/{name}")
}

#[test]
fn a_tag_is_judged_and_recorded_on_the_image_itself() {
    let scene = scene("team");
    let outcome = scene
        .run_verify("team/app:v1", &["-o", "json", "--confirm"])
        .expect_verdict(0, "Verified/Verified");
    assert_eq!(outcome.item()["image"], D1);
    assert_eq!(outcome.item()["recorded"], "yes");
    let expected = [
        RIGHT.to_owned(),
        tag("team", "app:v1"),
        line("GET", D1),
        USER.to_owned(),
        line("PATCH", D1),
    ];
    assert_eq!(scene.server.lines(), expected);
    let object = scene.server.stored(D1);
    assert_eq!(statuses(&object["signatures"][0]), ["Trusted=True", "ForImage=True"]);
    // What the view adds has not become a part of the image.
    assert_eq!(object["metadata"]["annotations"], Value::Null);
    assert_eq!(object["dockerImageReference"], image(D1, &[])["dockerImageReference"]);
}

#[test]
fn an_image_of_a_stream_likewise() {
    let scene = scene("team");
    let name = format!("team/app@{D1}");
    let outcome = scene
        .run_verify(&name, &["-o", "json", "--confirm"])
        .expect_verdict(0, "Verified/Verified");
    assert_eq!(outcome.item()["image"], D1);
    let expected = [
        RIGHT.to_owned(),
        stream_image("team", &format!("app@{D1}")),
        line("GET", D1),
        USER.to_owned(),
        line("PATCH", D1),
    ];
    assert_eq!(scene.server.lines(), expected);
}

#[test]
fn the_namespace_is_that_of_the_name_then_of_the_flag_then_of_the_context_then_default() {
    let scene = scene("team");
    for namespace in ["myproject", "default", "flagged"] {
        scene.server.stream(namespace, "app", stream("v1", D1));
    }
    let mut bare = crate::support::cluster::config(scene.cluster(), json!({"token": TOKEN}));
    bare["contexts"][0]["context"]
        .as_object_mut()
        .unwrap()
        .remove("namespace");
    let bare = scene.sandbox.file("bare", bare.to_string());
    let bare = bare.to_str().unwrap();
    for (name, more, expected) in [
        ("team/app:v1", &["-n", "flagged"][..], "team"),
        ("app:v1", &["-n", "flagged"], "flagged"),
        ("app:v1", &["-n", "flagged/whatever"], "flagged"),
        ("app:v1", &[], "myproject"),
        ("app:v1", &["--kubeconfig", bare], "default"),
        ("app:v1", &["--kubeconfig", bare, "-n", "team"], "team"),
    ] {
        scene.server.forget_requests();
        scene.run_verify(name, more).expect(0);
        assert_eq!(scene.server.lines()[0], tag(expected, "app:v1"), "{name} {more:?}");
    }
    scene
        .run_verify("app:v1", &["-n", "../x"])
        .expect_usage("not a valid namespace name");
}

#[test]
fn a_tag_that_is_not_there() {
    let scene = scene("team");
    for (name, what) in [
        ("team/app:v2", "imagestreamtags.image.openshift.io \"app:v2\" not found"),
        ("team/other:v1", "imagestreams.image.openshift.io \"other\" not found"),
        (
            &format!("team/app@{D2}"),
            &format!("imagestreamimage.image.openshift.io \"app@{D2}\" not found"),
        ),
    ] {
        let outcome = scene
            .run_verify(name, &["-o", "json"])
            .expect_verdict(3, "Unchecked/NotFound");
        let item = outcome.item();
        assert!(item["message"].as_str().unwrap().contains(what), "{item}");
        assert_eq!(item["image"], name);
    }
}

#[test]
fn a_tag_that_was_never_imported_is_named_as_such() {
    let scene = scene("team");
    scene.server.grant("alice", &["get"], "imagestreams");
    let failed = json!({"tag": "v2", "items": null, "conditions": [{"type": "ImportSuccess", "status": "False",
        "reason": "Unauthorized", "message": "you may not have access\u{1b}[2J", "generation": 2}]});
    let mut object = stream("v1", D1);
    let from = json!({"kind": "DockerImage", "name": "quay.io/team/app:v2"});
    object["spec"]["tags"].as_array_mut().unwrap().extend([
        json!({"name": "v2", "from": from}),
        json!({"name": "v3", "from": {"kind": "DockerImage", "name": "quay.io/team/app:v3"}}),
    ]);
    object["status"]["tags"].as_array_mut().unwrap().push(failed);
    scene.server.stream("team", "app", object);
    for (name, words) in [
        (
            "team/app:v2",
            &[
                "never imported",
                "from quay.io/team/app:v2: Unauthorized: you may not",
                "oc import-image app:v2 -n team",
            ][..],
        ),
        (
            "team/app:v3",
            &["no image was ever imported for it from quay.io/team/app:v3; import it"],
        ),
        ("team/app:v9", &["not found; the stream has the tags v1, v2, v3"]),
        (
            "team/other:v1",
            &["imagestreams.image.openshift.io \"other\" not found"],
        ),
    ] {
        let outcome = scene.run_verify(name, &["-o", "json"]);
        let outcome = outcome.expect_verdict(3, "Unchecked/NotFound");
        let message = outcome.item()["message"].as_str().unwrap().to_owned();
        for word in words {
            let word = word.replace("never imported", "no image was ever imported");
            assert!(message.contains(&word), "{word}: {message}");
        }
        assert!(!message.contains('\u{1b}'), "{message:?}");
    }
    // Without the right to read the stream there is no more to say.
    scene.server.revoke_all();
    scene.server.grant("alice", &["get"], "imagestreamtags");
    let outcome = scene.run_verify("team/app:v2", &["-o", "json"]);
    let outcome = outcome.expect_verdict(3, "Unchecked/NotFound");
    assert!(!outcome.stdout.contains("imported"), "{outcome:?}");
}

#[test]
fn a_stream_that_may_not_be_read_names_the_role_that_may() {
    let scene = scene("team");
    scene.server.revoke_all();
    let outcome = scene
        .run_verify("team/app:v1", &["-o", "json"])
        .expect_verdict(3, "Unchecked/Forbidden");
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    for part in ["cannot get", "the role view in namespace team", "by its digest"] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn whoever_may_read_the_stream_only_gets_a_verdict() {
    let scene = scene("team");
    scene.server.revoke_all();
    scene.server.grant("alice", &["get"], "imagestreamtags");
    scene
        .run_verify("team/app:v1", &["-o", "json"])
        .expect_verdict(0, "Verified/Verified");
    assert_eq!(scene.server.lines(), [tag("team", "app:v1"), line("GET", D1)]);
    // The same with --confirm is refused: nothing is promised.
    let outcome = scene.run_verify("team/app:v1", &[]).expect(0);
    assert!(outcome.stderr.starts_with("note: recording on Image "), "{outcome:?}");
    for promise in ["would record", "run the command again"] {
        assert!(!outcome.stderr.contains(promise), "{outcome:?}");
    }
}

#[test]
fn what_can_be_read_through_the_stream_only_is_judged_and_its_record_failed() {
    let scene = scene("team");
    scene.server.revoke_all();
    scene.server.grant("alice", &["get"], "imagestreamtags");
    let before = scene.server.stored(D1);
    // With and without the right to write: the image itself cannot be read.
    for verbs in [&["patch"][..], &[]] {
        scene.server.grant("alice", verbs, "images");
        let outcome = scene.run_verify("team/app:v1", &["-o", "json", "--confirm"]);
        let outcome = outcome.expect_verdict(3, "Verified/Verified");
        assert_eq!(outcome.item()["recorded"], "failed");
        assert_eq!(outcome.item()["signatures"][0]["recorded"], "failed");
        let message = outcome.stderr.lines().find(|l| l.starts_with("error: ")).unwrap();
        for part in ["recording on Image", "cannot get", "system:image-auditor"] {
            assert!(message.contains(part), "{part}: {message}");
        }
        scene.server.revoke_all();
        scene.server.grant("alice", &["get"], "imagestreamtags");
    }
    assert_eq!(scene.server.stored(D1), before);
}

#[test]
fn a_login_that_ends_after_the_stream_was_read_gives_no_verdict() {
    let scene = scene("team");
    scene.server.fault(Fault::unauthorized().on("GET", "/images/"));
    let outcome = scene
        .run_verify("team/app:v1", &["-o", "json"])
        .expect_verdict(3, "Unchecked/Forbidden");
    assert!(outcome.words().contains("You must be logged in"), "{outcome:?}");
}

#[test]
fn a_right_that_is_limited_to_one_image_holds_for_the_tag_of_it() {
    let scene = scene("team");
    scene.server.image(image(D2, &[]));
    scene.server.stream("team", "other", stream("v1", D2));
    scene.server.revoke_all();
    scene.server.grant("alice", &["get"], "imagestreamtags");
    scene.server.grant("alice", &["get"], "images");
    scene.server.allow(Rule::new("alice", &["patch"], "images").named(D1));
    let outcome = scene
        .run_verify("team/app:v1", &["-o", "json", "--confirm"])
        .expect_verdict(0, "Verified/Verified");
    assert_eq!(outcome.item()["recorded"], "yes");
    scene.server.forget_requests();
    let outcome = scene.run_verify("team/other:v1", &["-o", "json", "--confirm"]);
    let outcome = outcome.expect_verdict(3, "Unchecked/Forbidden");
    assert!(outcome.stdout.contains("system:image-auditor"), "{outcome:?}");
    assert!(!scene.server.lines().contains(&USER.to_owned()));
}

/// What `oc get istag -o name` and our own `-o name` print; a type before the name wins over a namespace of that name.
#[test]
fn a_type_before_the_name_says_which_object_is_meant() {
    let scene = scene("istag");
    let stream_image_name = format!("app@{D1}");
    for (name, request) in [
        ("istag/app:v1".to_owned(), tag("istag", "app:v1")),
        (
            "imagestreamtag.image.openshift.io/app:v1".to_owned(),
            tag("istag", "app:v1"),
        ),
        (
            format!("isimage/{stream_image_name}"),
            stream_image("istag", &stream_image_name),
        ),
        (
            format!("imagestreamimages.image.openshift.io/{stream_image_name}"),
            stream_image("istag", &stream_image_name),
        ),
        (format!("image/{D1}"), line("GET", D1)),
        (format!("images.image.openshift.io/{D1}"), line("GET", D1)),
    ] {
        scene.server.forget_requests();
        scene
            .run_verify(&name, &["-o", "json", "-n", "istag"])
            .expect_verdict(0, "Verified/Verified");
        assert!(
            scene.server.lines().contains(&request),
            "{name}: {:?}",
            scene.server.lines()
        );
    }
    // Without -n it is the namespace of the context, where there is none.
    scene
        .run_verify("istag/app:v1", &["-o", "json", "-n", "team"])
        .expect_verdict(3, "Unchecked/NotFound");
    scene.server.forget_requests();
    scene
        .run_verify("image/app:v1", &[])
        .expect_usage("write app:v1 -n image");
    assert!(scene.server.lines().is_empty());
}
