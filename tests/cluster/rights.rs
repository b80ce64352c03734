// SPDX-License-Identifier: Apache-2.0
//! The right to record: asked before work, missing or limited, and servers that answer no such questions.

use serde_json::{json, Value};

use crate::cluster::{line, stored, RIGHT};
use crate::support::api::rbac::Rule;
use crate::support::api::Fault;
use crate::support::cluster::Scene;
use crate::support::images::{image, D1, D2, D3};

/// An auditor's rights without that to write.
fn reader() -> Scene {
    let scene = Scene::signed();
    scene.server.revoke_all();
    scene.server.grant("alice", &["get", "list", "watch"], "images");
    scene
}

#[test]
fn the_question_is_about_patching_this_image() {
    let scene = Scene::signed();
    scene.run_verify(D1, &["--confirm"]).expect(0);
    let expected = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"group": "image.openshift.io", "resource": "images", "verb": "patch", "name": D1}},
    });
    assert_eq!(scene.server.requests()[0].body, expected);
}

#[test]
fn a_missing_right_is_reported_before_any_work_with_the_role_that_has_it() {
    let scene = reader();
    for more in [&["--confirm"][..], &["--dry-run=server"]] {
        scene.server.forget_requests();
        let outcome = scene.run_verify(D1, &[more, &["-o", "json"]].concat());
        let outcome = outcome.expect_verdict(3, "Unchecked/Forbidden");
        let message = outcome.item()["message"].as_str().unwrap().to_owned();
        for part in [D1, "system:image-auditor", "nothing was done"] {
            assert!(message.contains(part), "{part}: {message}");
        }
        assert_eq!(scene.server.lines(), [RIGHT], "{more:?}");
    }
    scene.server.forget_requests();
    let outcome = scene.run(&["remove", D1, "--confirm"]).expect(3);
    assert!(outcome.stdout.contains("system:image-auditor"), "{outcome:?}");
    assert_eq!(scene.server.lines(), [RIGHT]);
    // Looking needs no such right.
    scene.run_verify(D1, &[]).expect(0);
    scene.run(&["remove", D1]).expect(0);
    scene.run(&["describe", D1]).expect(0);
}

#[test]
fn a_right_limited_to_one_image_suffices_for_it_alone_and_among_others() {
    let scene = reader();
    scene.server.allow(Rule::new("alice", &["patch"], "images").named(D1));
    scene.server.image(image(D2, &[]));
    scene.run_verify(D1, &["--confirm"]).expect(0);
    let mut args = scene.verify(D2);
    args.extend([D1, "--confirm", "-o", "json"].map(str::to_owned));
    scene.server.forget_requests();
    let outcome = scene.run(&args).expect(3);
    let items = outcome.json()["items"].clone();
    assert_eq!(
        (&items[0]["reason"], &items[1]["reason"]),
        (&json!("Forbidden"), &json!("Verified"))
    );
    assert_eq!(items[1]["recorded"], "yes");
    // About all images once, then about each by its name.
    let asked: Vec<Value> = scene
        .server
        .requests()
        .iter()
        .filter(|r| r.line() == RIGHT)
        .map(|r| r.body["spec"]["resourceAttributes"]["name"].clone())
        .collect();
    assert_eq!(asked, [Value::Null, json!(D2), json!(D1)]);
}

#[test]
fn for_many_images_one_question_is_enough() {
    let scene = Scene::signed();
    for digest in [D2, D3] {
        scene.server.image(image(digest, &[]));
    }
    let mut args = scene.verify(D1);
    args.extend([D2, D3, "--confirm"].map(str::to_owned));
    scene.run(&args).expect(1);
    let lines = scene.server.lines();
    assert_eq!(lines.iter().filter(|l| *l == RIGHT).count(), 1, "{lines:?}");
}

#[test]
fn a_server_that_answers_no_such_questions_decides_by_taking_the_write() {
    for code in [403, 404, 405] {
        let scene = Scene::signed();
        scene
            .server
            .fault(Fault::status(code).on("POST", "/selfsubjectaccessreviews"));
        let outcome = scene.run_verify(D1, &["-o", "json", "--confirm"]);
        assert_eq!(outcome.expect_verdict(0, "Verified/Verified").item()["recorded"], "yes");
    }
    let scene = reader();
    scene
        .server
        .fault(Fault::status(404).on("POST", "/selfsubjectaccessreviews"));
    let outcome = scene.run_verify(D1, &["-o", "json", "--confirm"]);
    let outcome = outcome.expect_verdict(3, "Verified/Verified");
    assert_eq!(outcome.item()["recorded"], "failed");
    assert!(
        outcome.stderr.contains("cannot patch resource \"images\""),
        "{outcome:?}"
    );
    assert!(outcome.stderr.contains("system:image-auditor"), "{outcome:?}");
    assert_eq!(stored(&scene.server)["conditions"], Value::Null);
}

#[test]
fn a_question_without_a_plain_answer_is_no_permission() {
    let question = |name: &str, verb: &str| json!({"group": "image.openshift.io", "resource": "images", "verb": verb, "name": name});
    let yes = |kind: &str, attributes: Value| json!({"kind": kind, "spec": {"resourceAttributes": attributes}, "status": {"allowed": true}});
    for answer in [
        json!({"status": {}}),
        json!({"status": {"allowed": "true"}}),
        json!({}),
        // To another question.
        json!({"status": {"allowed": true}}),
        yes("SelfSubjectReview", question(D1, "patch")),
        yes("SelfSubjectAccessReview", question(D2, "patch")),
        yes("SelfSubjectAccessReview", question(D1, "get")),
    ] {
        let scene = Scene::signed();
        let fault = Fault::body("application/json", answer.to_string());
        scene.server.fault(fault.on("POST", "/selfsubjectaccessreviews"));
        let outcome = scene.run_verify(D1, &["-o", "json", "--confirm"]);
        outcome.expect_verdict(3, "Unchecked/SourceUnavailable");
        assert!(!scene.server.lines().contains(&line("GET", D1)));
    }
}

#[test]
fn a_login_that_is_refused_is_reported_before_any_work() {
    let scene = Scene::signed();
    scene.server.revoke(crate::support::cluster::TOKEN);
    let outcome = scene.run_verify(D1, &["-o", "json", "--confirm"]);
    let outcome = outcome.expect_verdict(3, "Unchecked/Forbidden");
    assert!(outcome.words().contains("You must be logged in"), "{outcome:?}");
    assert_eq!(scene.server.lines(), [RIGHT]);
}
