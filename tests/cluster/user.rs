// SPDX-License-Identifier: Apache-2.0
//! Who recorded: as the server names the user, else as the configuration does, with a note that nobody confirmed it.

use base64::Engine as _;
use serde_json::{json, Value};

use crate::cluster::{line, statuses, stored, RIGHT, USER};
use crate::support::api::{Fault, KeyKind, User};
use crate::support::cluster::{config, Scene, TOKEN};
use crate::support::images::D1;

const OWN_USER: &str = "GET /apis/user.openshift.io/v1/users/~";

/// Records and gives who it was, out of the message.
#[track_caller]
fn recorder(scene: &Scene, more: &[&str]) -> String {
    let more = [&["--confirm"], more].concat();
    scene.run_verify(D1, &more).expect(0);
    let found = stored(&scene.server);
    assert_eq!(statuses(&found), ["Trusted=True", "ForImage=True"]);
    let message = found["conditions"][0]["message"].as_str().unwrap();
    let rest = message.strip_prefix("verified by ").unwrap();
    rest.split_once(": signed by").unwrap().0.to_owned()
}

/// A scene whose server cannot say who the user is.
fn mute() -> Scene {
    let scene = Scene::signed();
    scene.server.without_self_subject_review();
    scene.server.without_user_api();
    scene
}

#[test]
fn the_server_says_it_by_a_review() {
    let scene = Scene::signed();
    assert_eq!(recorder(&scene, &[]), "alice");
    let requests = scene.server.requests();
    let review = requests.iter().find(|r| r.line() == USER).unwrap();
    let expected = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    assert_eq!(review.body, expected);
    assert!(!scene.server.lines().contains(&OWN_USER.to_owned()));
}

#[test]
fn an_older_server_says_it_by_its_own_user() {
    let scene = Scene::signed();
    scene.server.without_self_subject_review();
    assert_eq!(recorder(&scene, &[]), "alice");
    let expected = [
        RIGHT.to_owned(),
        line("GET", D1),
        USER.to_owned(),
        OWN_USER.to_owned(),
        line("PATCH", D1),
    ];
    assert_eq!(scene.server.lines(), expected);
}

#[test]
fn a_resource_that_is_absent_or_forbidden_in_any_way_leads_to_the_next_one() {
    for code in [403, 404, 405, 406] {
        let scene = Scene::signed();
        scene
            .server
            .fault(Fault::status(code).on("POST", "/selfsubjectreviews"));
        assert_eq!(recorder(&scene, &[]), "alice");
        scene.server.fault(Fault::status(code).on("GET", "/users/~"));
        assert_eq!(recorder(&scene, &[]), "u (unconfirmed)", "{code}");
    }
}

#[test]
fn a_login_that_is_refused_or_trouble_is_final_and_nothing_is_recorded() {
    for (code, what) in [(401, "You must be logged in"), (500, "InternalError")] {
        let scene = Scene::signed();
        scene
            .server
            .fault(Fault::status(code).on("POST", "/selfsubjectreviews"));
        let outcome = scene
            .run_verify(D1, &["-o", "json", "--confirm"])
            .expect_verdict(3, "Verified/Verified");
        assert_eq!(outcome.item()["recorded"], "failed");
        let error = outcome.stderr.lines().find(|l| l.starts_with("error: ")).unwrap();
        for part in ["recording on Image", "asking the server who you are", what] {
            assert!(error.contains(part), "{part}: {error}");
        }
        let lines = scene.server.lines();
        assert!(
            !lines.contains(&OWN_USER.to_owned()) && !lines.contains(&line("PATCH", D1)),
            "{lines:?}"
        );
        assert_eq!(stored(&scene.server)["conditions"], Value::Null);
    }
}

#[test]
fn an_answer_that_names_nobody_is_no_name() {
    for body in [
        json!({"status": {"userInfo": {}}}),
        json!({"kind": "SelfSubjectReview", "status": {"userInfo": {"username": ""}}}),
        // Of whom it speaks is not said.
        json!({"kind": "TokenReview", "status": {"userInfo": {"username": "mallory"}}}),
        json!({"status": {"userInfo": {"username": "mallory"}}}),
        json!([]),
    ] {
        let scene = Scene::signed();
        let fault = Fault::body("application/json", body.to_string());
        scene.server.fault(fault.on("POST", "/selfsubjectreviews"));
        let outcome = scene.run_verify(D1, &["-o", "json", "--confirm"]).expect(3);
        assert!(outcome.stderr.contains("names no user"), "{outcome:?}");
        assert_eq!(stored(&scene.server)["conditions"], Value::Null);
    }
}

#[test]
fn impersonation_records_whom_the_request_acted_as() {
    let scene = Scene::signed();
    scene.server.grant("alice", &["impersonate"], "users");
    scene.server.allow_auditor("carol");
    assert_eq!(recorder(&scene, &["--as", "carol"]), "carol");
    scene.server.without_self_subject_review();
    assert_eq!(recorder(&scene, &["--as", "carol"]), "carol");
    scene.server.without_user_api();
    assert_eq!(recorder(&scene, &["--as", "carol"]), "carol (unconfirmed)");
}

#[test]
fn the_common_name_of_a_certificate_is_a_hint() {
    let scene = mute();
    let certificate = scene.server.client_certificate("dora", &["team"], KeyKind::EcPkcs8);
    scene.server.allow_auditor("dora");
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    scene.kubeconfig(json!({
        "client-certificate-data": encode(&certificate.certificate),
        "client-key-data": encode(&certificate.key),
    }));
    assert_eq!(recorder(&scene, &[]), "dora (unconfirmed)");
}

#[test]
fn the_subject_of_a_web_token_is_a_hint() {
    let scene = mute();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .encode(json!({"sub": "system:serviceaccount:ci:auditor"}).to_string());
    let token = format!("eyJhbGciOiJub25lIn0.{payload}.c2ln");
    scene.server.user(&token, User::new("alice"));
    scene.kubeconfig(json!({"token": token}));
    assert_eq!(recorder(&scene, &[]), "system:serviceaccount:ci:auditor (unconfirmed)");
}

#[test]
fn the_entry_of_the_kubeconfig_is_the_last_hint() {
    let scene = mute();
    // As `oc login` names entries.
    let mut login = config(scene.cluster(), json!({"token": TOKEN}));
    login["users"][0]["name"] = "erin/api-example-com:6443".into();
    login["contexts"][0]["context"]["user"] = "erin/api-example-com:6443".into();
    scene.sandbox.file("home/.kube/config", login.to_string());
    assert_eq!(recorder(&scene, &[]), "erin (unconfirmed)");
}

#[test]
fn a_name_with_escapes_in_it_moves_no_terminal_of_whoever_reads_the_record() {
    let scene = Scene::signed();
    let token = "another-token";
    scene
        .server
        .user(token, User::new("mallory\u{1b}]0;x\u{7}\u{202e}\r\n: signed by root"));
    scene
        .server
        .allow_auditor("mallory\u{1b}]0;x\u{7}\u{202e}\r\n: signed by root");
    scene.kubeconfig(json!({"token": token}));
    scene.run_verify(D1, &["--confirm"]).expect(0);
    let message = stored(&scene.server)["conditions"][0]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        message.contains("mallory\\u{1b}]0;x\\u{7}\\u{202e}\\u{d}\\u{a}"),
        "{message}"
    );
    assert!(
        !message.contains(|c: char| c.is_control() || c == '\u{202e}'),
        "{message:?}"
    );
    let outcome = scene.run(&["describe", D1]).expect(0);
    assert!(
        !outcome.stdout.contains(['\u{1b}', '\u{7}', '\u{202e}', '\r']),
        "{outcome:?}"
    );
}
