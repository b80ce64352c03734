// SPDX-License-Identifier: Apache-2.0
//! Writes that the server refuses, answers wrongly or not at all, and signatures that block every write.

use serde_json::{json, Value};

use crate::support::api::Fault;
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::images::{image, signature, D1};
use crate::support::program::Outcome;
use crate::{record_trusted, statuses, stored};

/// What is done to an entry, and what the server says of it.
type Damage<'d> = (&'d dyn Fn(&mut Value), &'d str);

/// Runs `verify --confirm`, whose record fails, and gives the error on standard error.
#[track_caller]
fn fails(scene: &Scene) -> String {
    let outcome = scene
        .run_verify(D1, &["-o", "json", "--confirm"])
        .expect_verdict(3, "Verified/Verified");
    assert_eq!(outcome.item()["recorded"], "failed");
    assert_eq!(outcome.item()["signatures"][0]["recorded"], "failed");
    error(&outcome)
}

fn error(outcome: &Outcome) -> String {
    let line = outcome.stderr.lines().find(|l| l.starts_with("error: "));
    let line = line.unwrap_or_else(|| panic!("no error: {outcome:?}"));
    assert!(line.contains(&format!("recording on Image {D1}")), "{line}");
    line.to_owned()
}

fn count(scene: &Scene, method: &str) -> usize {
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
fn where_nobody_knows_whether_it_was_recorded_that_is_said() {
    let scene = Scene::signed();
    scene.server.fault(Fault::cut(0).on("PATCH", "/images/"));
    scene.server.fault(Fault::status(500).on("GET", "/images/").after(1));
    let error = fails(&scene);
    assert!(error.contains("it is not known whether it was recorded"), "{error}");
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

#[test]
fn errors_of_the_server_are_told_in_its_own_words() {
    let scene = Scene::signed();
    for (fault, parts) in [
        (
            Fault::status(500).text("text/plain", "rpc error: code = ResourceExhausted"),
            &["ResourceExhausted"][..],
        ),
        (
            Fault::status(413).text("text/plain", "Request entity too large: limit is 3145728"),
            &["RequestEntityTooLarge", "limit is 3145728"],
        ),
        (Fault::status(403), &["Error from server (Forbidden)"]),
        (Fault::status(504), &["Timeout"]),
        (Fault::status(422), &["the image is as it was"]),
        (
            Fault::status(400).text(
                "application/json",
                r#"{"kind":"Status","message":"a\u001b[2Jb\u202e","reason":"\u009bX"}"#,
            ),
            &["\\u{1b}[2J", "\\u{202e}", "\\u{9b}X"],
        ),
    ] {
        scene.server.heal();
        scene.server.fault(fault.on("PATCH", "/images/"));
        let error = fails(&scene);
        for part in parts {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(!error.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{error:?}");
    }
    assert_eq!(stored(&scene.server)["conditions"], Value::Null);
}

#[test]
fn an_image_too_large_for_the_server_is_told() {
    let scene = Scene::signed();
    scene.server.objects(|objects| {
        objects.edit_image(D1, |image| image["dockerImageConfig"] = "x".repeat(2 << 20).into());
    });
    let error = fails(&scene);
    assert!(error.contains("larger than max"), "{error}");
}

#[test]
fn a_login_that_ends_before_the_write() {
    let scene = Scene::signed();
    scene.server.fault(Fault::unauthorized().on("PATCH", "/images/"));
    let error = fails(&scene);
    assert!(
        error.contains("You must be logged in to the server (Unauthorized)"),
        "{error}"
    );
    assert_eq!(count(&scene, "PATCH"), 1);
}

#[test]
fn an_empty_signature_that_blocks_every_write_is_named_with_a_remedy_that_works() {
    let scene = Scene::signed();
    scene.server.objects(|objects| {
        objects.edit_image(D1, |image| {
            let entries = image["signatures"].as_array_mut().unwrap();
            // As oc of version 3.6 left them behind.
            entries.insert(0, json!({"metadata": {}, "type": "", "content": null}));
            entries.push(json!({"metadata": {}, "type": "", "content": null}));
        });
    });
    let before = scene.server.stored(D1);
    let outcome = scene.run_verify(D1, &["-o", "json", "--confirm"]);
    let outcome = outcome.expect_verdict(3, "Verified/Verified");
    let error = error(&outcome);
    for part in [
        "the server refuses every update of this image",
        "entry 1 of its signatures",
        "entry 3 of its signatures",
        "metadata.name: Required value",
        "an administrator can take them away",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(scene.server.stored(D1), before, "nothing is dropped silently");
    // The remedy, word by word.
    let patch = error.split_once("-p '").unwrap().1.strip_suffix('\'').unwrap();
    let operations: Vec<Value> = serde_json::from_str(patch).unwrap();
    assert_eq!(operations[0]["op"], "test");
    assert!(error.contains(&format!("oc patch image {D1} --type=json")), "{error}");
    let client = crate::support::api::client::Client::new(&scene.server).token(crate::support::cluster::TOKEN);
    let path = format!("{}/{D1}", crate::IMAGES);
    client.json_patch(&path, &json!(operations)).expect(200);
    let left = scene.server.stored(D1)["signatures"].clone();
    assert_eq!(left, json!([before["signatures"][1]]));
    scene.run_verify(D1, &["--confirm"]).expect(0);
}

#[test]
fn other_damage_that_blocks_every_write_is_named_too() {
    let scene = Scene::signed();
    let blob = scene.sign(D1, IDENTITY);
    let damages: [Damage<'_>; 3] = [
        (
            &|entry| entry["metadata"]["annotations"] = json!({"a": "b"}),
            "annotations",
        ),
        (&|entry| entry["type"] = "".into(), "type: Required value"),
        (
            &|entry| entry["metadata"]["name"] = "nameless".into(),
            "must be of format",
        ),
    ];
    for (damage, what) in damages {
        let mut entry = signature(D1, "s2", &blob);
        damage(&mut entry);
        let mut object = image(D1, &[&blob]);
        object["signatures"].as_array_mut().unwrap().push(entry);
        scene.server.image(object);
        let outcome = scene.run_verify(D1, &["-o", "json", "--confirm"]).expect(3);
        assert_eq!(outcome.item()["recorded"], "failed");
        let error = error(&outcome);
        for part in [what, "signatures"] {
            assert!(error.contains(part), "{part}: {error}");
        }
        // There is a signature in it: nobody is told to throw it away.
        assert!(!error.contains("take it away"), "{error}");
    }
}

#[test]
fn conditions_that_make_the_server_panic_and_are_not_ours_to_change_are_named() {
    let scene = Scene::signed();
    let blob = scene.sign(D1, IDENTITY);
    scene.server.image(image(D1, &[&blob, &blob]));
    scene.server.objects(|objects| {
        objects.edit_image(D1, |image| {
            image["signatures"][1]["conditions"] = json!([{"type": "Scanned", "status": "True"}]);
        });
    });
    let outcome = scene.run_verify(D1, &["-o", "json", "--confirm", "--signature", "s1"]);
    let outcome = outcome.expect_verdict(3, "Verified/Verified");
    let told = error(&outcome);
    for part in ["entry 2 of its signatures", "panic", "oc edit image"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // Judged as well, it gets conditions that the server takes.
    scene.run_verify(D1, &["--confirm"]).expect(0);
}

#[test]
fn a_record_never_changes_type_content_or_name() {
    let scene = Scene::signed();
    let [good, foreign] = [scene.sign(D1, IDENTITY), b"no signature".to_vec()];
    let mut object = image(D1, &[&good, &foreign, &good]);
    object["signatures"][1]["type"] = "AtomicImageV1".into();
    object["signatures"][2]["type"] = "something else".into();
    record_trusted(&mut object["signatures"][1], IDENTITY, &scene.key);
    record_trusted(&mut object["signatures"][2], IDENTITY, &scene.key);
    scene.server.image(object);
    let essence = || {
        let stored = scene.server.stored(D1);
        let entries = stored["signatures"].as_array().unwrap();
        let essence = entries.iter().map(|e| json!([e["metadata"], e["type"], e["content"]]));
        essence.collect::<Vec<Value>>()
    };
    let before = essence();
    scene.run_verify(D1, &["--confirm"]).expect(0);
    assert_eq!(essence(), before);
    let now = scene.server.stored(D1)["signatures"].clone();
    assert_eq!(statuses(&now[0]), ["Trusted=True", "ForImage=True"]);
    assert_eq!(statuses(&now[1]), ["Trusted=False", "ForImage=Unknown"]);
    assert_eq!(statuses(&now[2]), ["Trusted=False", "ForImage=Unknown"]);
    scene.run(&["remove", D1, "--confirm"]).expect(0);
    assert_eq!(essence(), before);
}
