// SPDX-License-Identifier: Apache-2.0
//! Images through image streams: the namespace, the object that is judged and written, and what a stream's owner must
//! not be able to do.

use serde_json::{json, Value};

use crate::cluster::{line, statuses, stored, RIGHT, USER};
use crate::support::api::rbac::Rule;
use crate::support::api::Fault;
use crate::support::cluster::{Scene, IDENTITY, TOKEN};
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
fn scene(namespace: &str) -> Scene {
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
