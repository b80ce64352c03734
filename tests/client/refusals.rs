// SPDX-License-Identifier: Apache-2.0
//! Answers that are no image: the words in which they are told (docs/openshift-api.md 5.8), and what kind of trouble they are.

use serde_json::{json, Value};

use crate::client::{unchecked, works};
use crate::support::api::Fault;
use crate::support::cluster::Scene;
use crate::support::images::D1;

fn status(code: u16, body: &Value) -> Fault {
    Fault::status(code).text("application/json", &body.to_string())
}

/// What is said of a failed read, by its reason.
fn told(fault: Fault, reason: &str) -> String {
    let scene = Scene::signed();
    scene.server.fault(fault.on("GET", "/images/"));
    let message = unchecked(&scene, &[], reason);
    assert!(!message.chars().any(image_signature::text::is_unsafe), "{message:?}");
    message
}

#[test]
fn reasons_and_messages_of_the_server_stand_in_the_words_of_oc() {
    let not_found = format!("images.image.openshift.io \"{D1}\" not found");
    for (code, body, reason, words) in [
        (
            404,
            json!({"kind": "Status", "reason": "NotFound", "message": not_found, "details": {"name": D1}}),
            "NotFound",
            format!("Error from server (NotFound): {not_found}"),
        ),
        // Of the whole resource: that there is no image API says nothing about the image.
        (
            404,
            json!({"kind": "Status", "reason": "NotFound", "message": "no such resource"}),
            "SourceUnavailable",
            "Error from server (NotFound): no such resource".to_owned(),
        ),
        (
            403,
            json!({"kind": "Status", "reason": "Forbidden", "message": "User cannot get"}),
            "Forbidden",
            "Error from server (Forbidden): User cannot get".to_owned(),
        ),
        (
            400,
            json!({"kind": "Status", "message": "no reason at all"}),
            "SourceUnavailable",
            "Error from server: no reason at all".to_owned(),
        ),
        // The code on the wire counts, and a member of a wrong type is none.
        (
            401,
            json!({"kind": "Status", "code": 200, "reason": 7}),
            "Forbidden",
            "You must be logged in to the server (Unauthorized)".to_owned(),
        ),
    ] {
        let message = told(status(code, &body), reason);
        assert!(message.contains(&words), "{words:?}: {message:?}");
    }
}

#[test]
fn what_is_invalid_is_told_with_each_cause_once() {
    let cause = |field: &str, message: &str| json!({"field": field, "message": message, "reason": "FieldValueInvalid"});
    let invalid = |causes: &[Value]| {
        json!({"kind": "Status", "reason": "Invalid", "message": "all at once",
               "details": {"kind": "Image", "name": "x", "causes": causes}})
    };
    for (causes, words) in [
        (
            vec![cause("a.b", "must be c")],
            "The Image \"x\" is invalid: a.b: must be c",
        ),
        (
            vec![cause("a", "one"), cause("b", "two"), cause("a", "one")],
            "The Image \"x\" is invalid: * a: one * b: two",
        ),
        (vec![], "Error from server (Invalid): all at once"),
    ] {
        let message = told(status(422, &invalid(&causes)), "SourceUnavailable");
        assert!(message.contains(words), "{words:?}: {message:?}");
        assert!(message.matches("a: one").count() < 2, "{message:?}");
    }
}

#[test]
fn words_of_a_server_are_bounded_and_harmless() {
    let nasty = format!("\u{1b}]0;title\u{7}\u{202e}{}", "x".repeat(100_000));
    let body = json!({"kind": "Status", "reason": nasty, "message": nasty,
                      "details": {"kind": nasty, "name": nasty,
                                  "causes": vec![json!({"field": nasty, "message": nasty}); 1000]}});
    for fault in [
        status(400, &body),
        Fault::status(400).text("text/html", &nasty),
        Fault::status(500).text("text/html", &nasty),
        Fault::status(413).text("text/html", &nasty),
        Fault::body(&"t".repeat(10_000), "{}"),
    ] {
        let message = told(fault, "SourceUnavailable");
        assert!(message.len() < 16_000, "{}", message.len());
    }
}

#[test]
fn an_answer_that_is_no_json_asks_whether_it_is_the_right_server() {
    let message = told(
        Fault::body("text/html; charset=utf-8", "<html>log in here"),
        "SourceUnavailable",
    );
    assert!(
        message.contains("text/html") && message.contains("is it an API server?"),
        "{message}"
    );
    for body in ["", "{", "{\"a\":1,\"a\":2}", "[]", "null", "{} {}"] {
        let message = told(Fault::body("application/json", body), "SourceUnavailable");
        assert!(message.contains("unexpected response"), "{body}: {message}");
    }
}

#[test]
fn a_login_that_ends_in_the_middle_is_told_and_nothing_is_recorded() {
    let scene = Scene::signed();
    scene.server.fault(Fault::unauthorized().on("PATCH", "/images/"));
    let before = scene.server.stored(D1);
    let outcome = scene.run_verify(D1, &["--confirm", "-o", "json"]).expect(3);
    assert_eq!(outcome.item()["verdict"], "Verified");
    assert_eq!(outcome.item()["recorded"], "failed");
    assert!(
        outcome
            .stderr
            .contains("You must be logged in to the server (Unauthorized)")
            || outcome
                .stdout
                .contains("You must be logged in to the server (Unauthorized)"),
        "{outcome:#?}"
    );
    assert_eq!(scene.server.stored(D1), before);
    let writes = scene.server.requests().iter().filter(|r| r.method == "PATCH").count();
    assert_eq!(writes, 1, "a token that is refused is not shown again");
}

#[test]
fn warnings_are_harmless_to_a_terminal_and_there_is_an_end_to_them() {
    let scene = Scene::signed();
    let many: Vec<String> = (0..1000).map(|n| format!("299 - \"number {n} \\\u{9}[31m\"")).collect();
    scene.server.fault(Fault::warning(&many.join(", ")));
    let outcome = works(&scene, &["--confirm"]);
    let told: Vec<&str> = outcome.stderr.lines().filter(|l| l.starts_with("Warning: ")).collect();
    assert_eq!(told.len(), 64, "{outcome:#?}");
    assert!(told[1].starts_with("Warning: number 1 "), "{told:?}");
    assert!(!outcome.stderr.contains('\t'), "{outcome:#?}");
}
