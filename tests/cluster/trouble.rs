// SPDX-License-Identifier: Apache-2.0
//! Writes that the server refuses, answers wrongly or not at all, and signatures that block every write.

use serde_json::{json, Value};

use crate::cluster::{statuses, stored};
use crate::support::api::Fault;
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::images::{image, signature, D1};
use crate::support::program::Outcome;

/// Runs `verify --confirm`, whose record fails, and gives the error on standard error.
#[track_caller]
pub(super) fn fails(scene: &Scene) -> String {
    let outcome = scene
        .run_verify(D1, &["-o", "json", "--confirm"])
        .expect_verdict(3, "Verified/Verified");
    assert_eq!(outcome.item()["recorded"], "failed");
    assert_eq!(outcome.item()["signatures"][0]["recorded"], "failed");
    error(&outcome)
}

pub fn error(outcome: &Outcome) -> String {
    let line = outcome.stderr.lines().find(|l| l.starts_with("error: "));
    let line = line.unwrap_or_else(|| panic!("no error: {outcome:?}"));
    assert!(line.contains(&format!("recording on Image {D1}")), "{line}");
    line.to_owned()
}

pub(super) fn count(scene: &Scene, method: &str) -> usize {
    scene.server.requests().iter().filter(|r| r.method == method).count()
}

#[test]
fn an_answer_lost_after_the_write_is_found_out_by_reading_again() {
    for fault in [
        Fault::cut(0),
        Fault::cut(40),
        Fault::reset(10),
        Fault::content_type("text/html"),
        Fault::huge(17),
    ] {
        let scene = Scene::signed();
        scene.server.fault(fault.on("PATCH", "/images/"));
        let outcome = scene
            .run_verify(D1, &["-o", "json", "--confirm"])
            .expect_verdict(0, "Verified/Verified");
        assert_eq!(outcome.item()["recorded"], "yes");
        assert_eq!(statuses(&stored(&scene.server)), ["Trusted=True", "ForImage=True"]);
        assert_eq!((count(&scene, "PATCH"), count(&scene, "GET")), (1, 2));
    }
}

#[test]
fn a_lost_removal_likewise() {
    let scene = Scene::signed();
    scene.run_verify(D1, &["--confirm"]).expect(0);
    scene.server.fault(Fault::cut(0).on("PATCH", "/images/"));
    scene.server.forget_requests();
    let outcome = scene.run(&["remove", D1, "--confirm", "-o", "json"]).expect(0);
    assert_eq!(outcome.item()["recorded"], "yes");
    assert_eq!(count(&scene, "PATCH"), 1);
    assert_eq!(stored(&scene.server)["conditions"], Value::Null);
}

#[test]
fn a_removal_that_was_lost_on_its_way_is_not_taken_for_done() {
    let scene = Scene::signed();
    scene.run_verify(D1, &["--confirm"]).expect(0);
    let before = scene.server.stored(D1);
    scene.server.fault(Fault::lost().on("PATCH", "/images/"));
    let outcome = scene.run(&["remove", D1, "--confirm", "-o", "json"]).expect(3);
    assert_eq!(outcome.item()["recorded"], "failed");
    assert!(error(&outcome).contains("after 5 tries"), "{outcome:?}");
    assert_eq!(scene.server.stored(D1), before);
}

#[test]
fn a_failed_removal_is_not_taken_for_done_where_another_signature_stands_in_the_place() {
    let scene = Scene::signed();
    scene.run_verify(D1, &["--confirm"]).expect(0);
    let mut moved = scene.server.stored(D1);
    let added = signature(D1, "added", &scene.sign(D1, IDENTITY));
    moved["signatures"].as_array_mut().unwrap().insert(0, added);
    moved["metadata"]["resourceVersion"] = "999999".into();
    scene.server.fault(Fault::status(500).on("PATCH", "/images/"));
    let moved = Fault::body("application/json", moved.to_string());
    scene.server.fault(moved.on("GET", "/images/").after(1));
    let outcome = scene.run(&["remove", D1, "--confirm", "-o", "json"]).expect(3);
    assert_eq!(outcome.item()["recorded"], "failed");
}

#[test]
fn an_error_told_after_the_write_was_done_is_found_out_by_reading_again() {
    let scene = Scene::signed();
    let bare = Fault::body("application/json", scene.server.stored(D1).to_string());
    scene.run_verify(D1, &["--confirm"]).expect(0);
    // A gateway that has lost patience says so, though the server behind it did what it was asked to.
    scene.server.fault(Fault::status(504).on("PATCH", "/images/"));
    scene.server.fault(bare.on("GET", "/images/").after(1));
    let outcome = scene.run(&["remove", D1, "--confirm", "-o", "json"]).expect(0);
    assert_eq!(outcome.item()["recorded"], "yes");
}

#[test]
fn a_status_with_a_code_that_is_no_refusal_leaves_open_what_became_of_the_write() {
    let refusal = json!({"kind": "Status", "status": "Failure", "reason": "AlreadyExists", "message": "no",
                         "details": {"name": D1, "kind": "images"}});
    let success = json!({"kind": "Status", "status": "Success"});
    for (code, body) in [(202, &refusal), (301, &refusal), (202, &success), (400, &success)] {
        let scene = Scene::signed();
        let fault = Fault::status(code).text("application/json", &body.to_string());
        scene.server.fault(fault.on("PATCH", "/images/"));
        let error = fails(&scene);
        assert!(
            error.contains("the image was read again and is unchanged"),
            "{code}: {error}"
        );
    }
}

#[test]
fn a_lost_trial_is_neither_repeated_nor_looked_for() {
    let scene = Scene::signed();
    scene.server.fault(Fault::lost().on("PATCH", "/images/"));
    let outcome = scene.run_verify(D1, &["-o", "json", "--dry-run=server"]);
    let outcome = outcome.expect_verdict(3, "Verified/Verified");
    assert_eq!(outcome.item()["recorded"], "failed");
    assert!(error(&outcome).contains("connection was lost"), "{outcome:?}");
    assert_eq!((count(&scene, "PATCH"), count(&scene, "GET")), (1, 1));
}

#[test]
fn a_refusal_of_what_is_written_itself_blames_no_stored_signature() {
    let scene = Scene::signed();
    let status = json!({"kind": "Status", "reason": "Invalid", "message": "invalid", "details": {"name": D1, "kind": "Image",
        "causes": [{"field": "signatures[0].imageIdentity", "message": "must be unset"}]}});
    let fault = Fault::status(422).text("application/json", &status.to_string());
    scene.server.fault(fault.on("PATCH", "/images/"));
    let error = fails(&scene);
    let said = format!("The Image \"{D1}\" is invalid: signatures[0].imageIdentity: must be unset");
    assert!(error.contains(&said), "{error}");
    assert!(!error.contains("every update"), "{error}");
}

#[test]
fn a_write_that_was_lost_on_its_way_is_sent_again() {
    let scene = Scene::signed();
    scene.server.fault(Fault::lost().on("PATCH", "/images/").once());
    let outcome = scene.run_verify(D1, &["-o", "json", "--confirm"]);
    assert_eq!(outcome.expect_verdict(0, "Verified/Verified").item()["recorded"], "yes");
    assert_eq!(count(&scene, "PATCH"), 2);
    // What is stored already would count as recorded.
    let scene = Scene::signed();
    scene.server.fault(Fault::lost().on("PATCH", "/images/"));
    let error = fails(&scene);
    assert!(error.contains("after 5 tries"), "{error}");
    assert!(error.contains("connection was lost"), "{error}");
    assert_eq!(count(&scene, "PATCH"), 5);
}

#[test]
fn a_connection_that_was_closed_while_signatures_were_checked_is_opened_anew() {
    let scene = Scene::new();
    let blob = scene.sign(D1, IDENTITY);
    scene.server.image(image(D1, &[&blob[..]; 24]));
    // The whole of the answer arrives; then the connection ends, as idle ones do.
    scene.server.fault(Fault::cut(usize::MAX).on("GET", "/images/"));
    let outcome = scene.run_verify(D1, &["-o", "json", "--confirm"]);
    assert_eq!(outcome.expect_verdict(0, "Verified/Verified").item()["recorded"], "yes");
    assert_eq!((count(&scene, "GET"), scene.server.connections()), (1, 2));
}

#[test]
fn where_nobody_knows_whether_it_was_recorded_that_is_said() {
    let scene = Scene::signed();
    scene.server.fault(Fault::cut(0).on("PATCH", "/images/"));
    scene.server.fault(Fault::status(500).on("GET", "/images/").after(1));
    let error = fails(&scene);
    assert!(error.contains("it is unknown whether it was recorded"), "{error}");
}

#[test]
fn a_gateway_that_fails_at_the_write_is_told_with_what_became_of_the_image() {
    for (fault, done) in [
        (Fault::status(500), false),
        (Fault::status(502).text("text/html", "<html>Bad Gateway"), false),
        (Fault::status(504), false),
        (Fault::status(504).text("text/html", "<html>"), false),
        (Fault::status(403).text("text/html", "<html>log in"), false),
        (Fault::status(302).text("text/html", ""), false),
        (Fault::status(504), true),
    ] {
        let scene = Scene::signed();
        if done {
            // Another client writes in between.
            scene.server.before("POST", "selfsubjectreviews", |objects| {
                objects.edit_image(D1, |image| image["metadata"]["labels"] = json!({"a": "b"}));
            });
        }
        scene.server.fault(fault.on("PATCH", "/images/"));
        let error = fails(&scene);
        let words = if done {
            "another client has changed the image"
        } else {
            "is unchanged: nothing is recorded"
        };
        assert!(error.contains(words), "{words}: {error}");
        assert_eq!((count(&scene, "PATCH"), count(&scene, "GET")), (1, 2));
        assert_eq!(stored(&scene.server)["conditions"], Value::Null);
    }
}

#[test]
fn an_answer_that_does_not_show_the_whole_image_is_no_record() {
    // What the server would answer to the write.
    let scene = Scene::signed();
    scene.run_verify(D1, &["--confirm"]).expect(0);
    let whole = scene.server.stored(D1);
    let changes: [&dyn Fn(&mut Value); 7] = [
        &|image| image["kind"] = "Status".into(),
        &|image| image["metadata"]["name"] = crate::support::images::D2.into(),
        &|image| image["metadata"]["uid"] = "another".into(),
        &|image| image["metadata"]["resourceVersion"] = Value::Null,
        &|image| image["signatures"] = json!([]),
        &|image| {
            let first = image["signatures"][0].clone();
            image["signatures"].as_array_mut().unwrap().push(first);
        },
        &|image| image["signatures"][0]["conditions"] = json!([{"type": "Trusted", "status": "True"}]),
    ];
    for change in changes {
        // The record of a removal is the same each time.
        scene.server.image(whole.clone());
        let mut answer = scene.server.stored(D1);
        let entry = answer["signatures"][0].as_object_mut().unwrap();
        entry.retain(|name, _| ["metadata", "type", "content"].contains(&name.as_str()));
        change(&mut answer);
        scene.server.heal();
        scene
            .server
            .fault(Fault::body("application/json", answer.to_string()).on("PATCH", "/images/"));
        let outcome = scene.run(&["remove", D1, "--confirm", "-o", "json"]).expect(3);
        assert_eq!(outcome.item()["recorded"], "failed");
        assert!(error(&outcome).contains("not what was to be written"), "{outcome:?}");
    }
}

#[test]
fn success_without_content_or_with_a_part_of_it_is_no_success() {
    for code in [202, 204, 205, 206, 226] {
        let scene = Scene::signed();
        scene.run_verify(D1, &["--confirm"]).expect(0);
        let whole = scene.server.stored(D1).to_string();
        scene.server.fault(
            Fault::status(code)
                .text("application/json", &whole)
                .on("GET", "/images/"),
        );
        let outcome = scene.run_verify(D1, &["-o", "json"]).expect(3);
        assert_eq!(outcome.item()["verdict"], "Unchecked", "{code}");
        let scene = Scene::signed();
        scene
            .server
            .fault(Fault::status(code).text("text/plain", "").on("PATCH", "/images/"));
        let error = fails(&scene);
        assert!(error.contains("unchanged"), "{code}: {error}");
    }
}

#[test]
fn an_answer_that_says_yes_about_something_else_is_no_record() {
    let scene = Scene::signed();
    let untouched = scene.server.stored(D1);
    let other = json!({"kind": "Status", "apiVersion": "v1", "status": "Success"});
    for answer in [untouched.to_string(), other.to_string(), "{}".into(), "[]".into()] {
        scene.server.heal();
        scene
            .server
            .fault(Fault::body("application/json", answer).on("PATCH", "/images/"));
        let error = fails(&scene);
        assert!(error.contains("not what was to be written"), "{error}");
        assert_eq!(scene.server.stored(D1), untouched);
    }
}
