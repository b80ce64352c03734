// SPDX-License-Identifier: Apache-2.0
//! Writes that the server refuses, in its own words.

use serde_json::Value;

use super::trouble::{count, fails};
use crate::cluster::stored;
use crate::support::api::Fault;
use crate::support::cluster::Scene;
use crate::support::images::{signature, D1};

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
fn a_patch_too_large_for_the_server_is_told() {
    let scene = Scene::signed();
    let junk = vec![b'x'; 900 << 10];
    scene.server.objects(|objects| {
        objects.edit_image(D1, |image| {
            let entries = image["signatures"].as_array_mut().unwrap();
            entries.extend(["s2", "s3", "s4"].map(|name| signature(D1, name, &junk)));
        });
    });
    let error = fails(&scene);
    for part in ["RequestEntityTooLarge", "limit is 3145728"] {
        assert!(error.contains(part), "{part}: {error}");
    }
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
