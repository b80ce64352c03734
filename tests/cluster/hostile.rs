// SPDX-License-Identifier: Apache-2.0
//! Servers that answer with what nobody asked for, too much of it, or something to trip over.

use serde_json::{json, Value};

use crate::cluster::line;
use crate::support::api::Fault;
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::images::{base64, image, D1, D2};

/// Judges D1 with `--confirm`, which must come to nothing: no verdict, no write. Gives the message.
#[track_caller]
fn unavailable(scene: &Scene) -> String {
    let outcome = scene
        .run_verify(D1, &["-o", "json", "--confirm"])
        .expect_verdict(3, "Unchecked/SourceUnavailable");
    assert_eq!(outcome.item()["signatures"], json!([]));
    assert!(!scene.server.lines().contains(&line("PATCH", D1)));
    assert!(
        !outcome.stdout.contains('\u{1b}') && !outcome.stderr.contains('\u{1b}'),
        "{outcome:?}"
    );
    outcome.item()["message"].as_str().unwrap().to_owned()
}

/// The same where the server answers reads of images with this.
#[track_caller]
fn unavailable_for(scene: &Scene, body: impl Into<Vec<u8>>) -> String {
    scene.server.heal();
    let fault = Fault::body("application/json", body);
    scene.server.fault(fault.on("GET", "/images/"));
    unavailable(scene)
}

#[test]
fn another_image_than_the_one_asked_for() {
    let scene = Scene::signed();
    // Signed as what is expected, so that everything else fits.
    let blob = scene.sign(D2, IDENTITY);
    scene.server.image(image(D2, &[&blob]));
    scene.server.fault(Fault::other_image(D2).on("GET", "/images/"));
    let message = unavailable(&scene);
    assert!(message.contains(D2), "{message}");
    // Nor is it described as the one asked for.
    let outcome = scene.run(&["describe", D1, "-o", "json"]).expect(3);
    assert_eq!(outcome.item()["reason"], "SourceUnavailable");
}

#[test]
fn another_kind_of_object() {
    let scene = Scene::signed();
    let good = scene.server.stored(D1);
    for kind in [json!("ImageStreamTag"), json!("Image\u{1b}[2J"), json!(7), Value::Null] {
        let mut object = good.clone();
        object["kind"] = kind;
        let message = unavailable_for(&scene, object.to_string());
        assert!(message.contains("expected an object of kind Image"), "{message}");
    }
    for body in ["[]", "null", "\"x\"", "{}"] {
        unavailable_for(&scene, body);
    }
}

#[test]
fn damage_in_the_form_of_the_object() {
    let scene = Scene::signed();
    let good = scene.server.stored(D1);
    for (place, value) in [
        ("/metadata", json!([])),
        ("/metadata/name", json!(7)),
        ("/signatures", json!({"0": {}})),
        ("/signatures", json!("x")),
    ] {
        let mut object = good.clone();
        *object.pointer_mut(place).unwrap() = value;
        unavailable_for(&scene, object.to_string());
    }
}

#[test]
fn text_that_two_programs_would_read_differently() {
    let scene = Scene::signed();
    let good = scene.server.stored(D1).to_string();
    let twice = good.replacen(
        "\"metadata\":",
        &format!("\"metadata\":{{\"name\":\"{D2}\"}},\"metadata\":"),
        1,
    );
    let deep = good.replacen(
        "\"metadata\":",
        &format!("\"deep\":{}{},\"metadata\":", "[".repeat(100_000), "]".repeat(100_000)),
        1,
    );
    for (body, what) in [
        (twice.into_bytes(), "repeated"),
        (deep.into_bytes(), "nest"),
        (format!("{good}{{}}").into_bytes(), ""),
        (good.as_bytes()[..good.len() - 1].to_vec(), ""),
        ([good.as_bytes(), b"\xff"].concat(), ""),
        (b"<html>login</html>".to_vec(), ""),
        (Vec::new(), ""),
    ] {
        let message = unavailable_for(&scene, body);
        assert!(
            message.contains("unexpected response") && message.contains(what),
            "{message}"
        );
    }
}

#[test]
fn more_than_an_object_may_have() {
    let scene = Scene::signed();
    // What the fault has packed is not packed twice.
    scene.server.gzip_over(usize::MAX);
    // One answer of 16 MiB and more is refused while it is read, sent plain or packed.
    for fault in [Fault::huge(17), Fault::huge(65), Fault::garbage(200), Fault::bomb(400)] {
        scene.server.heal();
        scene.server.fault(fault.on("GET", "/images/"));
        let message = unavailable(&scene);
        assert!(message.contains("more than 16777216 bytes"), "{message}");
    }
}

#[test]
fn a_large_object_within_the_bound_is_judged() {
    let scene = Scene::signed();
    scene.server.fault(Fault::huge(12).on("GET", "/images/"));
    scene
        .run_verify(D1, &["-o", "json"])
        .expect_verdict(0, "Verified/Verified");
}

#[test]
fn more_signatures_than_are_looked_at() {
    let scene = Scene::new();
    let good = scene.sign(D1, IDENTITY);
    let blobs: Vec<&[u8]> = (0..130).map(|n| if n == 129 { &good[..] } else { b"x" }).collect();
    scene.server.image(image(D1, &blobs));
    let outcome = scene.run_verify(D1, &["-o", "json", "--confirm"]).expect(1);
    let item = outcome.item();
    assert_eq!(item["verdict"], "Rejected");
    let reasons: Vec<&str> = item["signatures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["reason"].as_str().unwrap())
        .collect();
    assert_eq!(
        &reasons[126..],
        ["NotASignature", "NotASignature", "LimitExceeded", "LimitExceeded"]
    );
    let signatures = scene.server.stored(D1)["signatures"].clone();
    assert_eq!(signatures[127]["conditions"][0]["status"], "False");
    assert_eq!(signatures[128]["conditions"], Value::Null);
}

#[test]
fn a_signature_larger_than_any_is_refused_and_the_others_are_judged() {
    let scene = Scene::signed();
    let mut object = scene.server.stored(D1);
    let mut large = object["signatures"][0].clone();
    large["metadata"]["name"] = format!("{D1}@large").into();
    large["content"] = base64(&vec![0x90; (1 << 20) + 1]).into();
    object["signatures"].as_array_mut().unwrap().insert(0, large);
    scene.server.image(object);
    let outcome = scene
        .run_verify(D1, &["-o", "json"])
        .expect_verdict(0, "Verified/Verified");
    assert_eq!(outcome.item()["signatures"][0]["reason"], "LimitExceeded");
}

#[test]
fn a_redirect_is_not_followed() {
    let scene = Scene::signed();
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let target = format!("https://{}/x", elsewhere.local_addr().unwrap());
    let fault = Fault::status(302)
        .text("text/html", "moved")
        .header("Location", &target);
    scene.server.fault(fault.on("GET", "/images/"));
    let message = unavailable(&scene);
    assert!(message.contains("not followed"), "{message}");
    assert!(elsewhere.accept().is_err());
}

#[test]
fn an_answer_of_another_type_than_json() {
    let scene = Scene::signed();
    scene
        .server
        .fault(Fault::content_type("text/html").on("GET", "/images/"));
    let message = unavailable(&scene);
    assert!(message.contains("is it an API server?"), "{message}");
}

#[test]
fn a_login_that_ends_in_the_middle_of_many_images() {
    let scene = Scene::signed();
    let blob = scene.sign(D2, IDENTITY);
    scene.server.image(image(D2, &[&blob]));
    scene.server.fault(Fault::unauthorized().on("GET", "/images/").after(1));
    let mut args = scene.verify(D1);
    args.extend([D2, "--confirm", "-o", "json"].map(str::to_owned));
    let outcome = scene.run(&args).expect(3);
    let items = outcome.json()["items"].clone();
    assert_eq!(
        (&items[0]["verdict"], &items[0]["recorded"]),
        (&json!("Verified"), &json!("yes"))
    );
    assert_eq!(
        (&items[1]["verdict"], &items[1]["reason"]),
        (&json!("Unchecked"), &json!("Forbidden"))
    );
    assert_eq!(scene.server.stored(D2)["signatures"][0]["conditions"], Value::Null);
}

#[test]
fn words_of_the_server_move_no_terminal_and_are_bounded() {
    let scene = Scene::signed();
    let evil = "\u{1b}[2J\u{202e}\u{9b}31m\r\nVerified";
    let status = json!({"kind": "Status", "reason": evil, "message": evil.repeat(5000),
        "details": {"name": evil, "kind": evil, "causes": [{"field": evil, "message": evil}]}});
    for code in [400, 403, 404, 409, 422, 500] {
        scene.server.heal();
        let fault = Fault::status(code).text("application/json", &status.to_string());
        scene
            .server
            .fault(fault.header("Warning", "299 - \"a\u{9b}2Jb\"").on("GET", "/images/"));
        for more in [&["-o", "json"][..], &[], &["--explain"]] {
            let outcome = scene.run_verify(D1, more).expect(3);
            for text in [&outcome.stdout, &outcome.stderr] {
                assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{9b}', '\r']), "{text:?}");
                assert!(!text.lines().any(|line| line.starts_with("Verified")), "{text}");
                assert!(text.len() < 20_000, "{}", text.len());
            }
        }
    }
}

#[test]
fn warnings_of_the_server_are_passed_on_once() {
    let scene = Scene::signed();
    scene.server.fault(Fault::warning("299 - \"this API is going away\""));
    let outcome = scene.run_verify(D1, &["--confirm"]).expect(0);
    assert_eq!(
        outcome.stderr.matches("Warning: this API is going away").count(),
        1,
        "{outcome:?}"
    );
}

#[test]
fn an_object_without_a_resource_version_is_not_written() {
    let scene = Scene::signed();
    let before = scene.server.stored(D1);
    for version in [Value::Null, json!(""), json!(7)] {
        let mut object = before.clone();
        object["metadata"]["resourceVersion"] = version;
        scene.server.heal();
        let fault = Fault::body("application/json", object.to_string());
        scene.server.fault(fault.on("GET", "/images/"));
        let outcome = scene.run_verify(D1, &["-o", "json", "--confirm"]).expect(3);
        assert_eq!(outcome.item()["recorded"], "failed");
        assert!(outcome.stderr.contains("resourceVersion"), "{outcome:?}");
    }
    assert!(!scene.server.lines().contains(&line("PATCH", D1)));
    assert_eq!(scene.server.stored(D1), before);
}

#[test]
fn a_resource_version_that_would_leave_the_quotes_of_a_remedy() {
    let scene = Scene::signed();
    let mut object = scene.server.stored(D1);
    object["metadata"]["resourceVersion"] = "1';touch${IFS}x;'".into();
    object["signatures"]
        .as_array_mut()
        .unwrap()
        .push(json!({"metadata": {}, "type": "", "content": null}));
    scene
        .server
        .fault(Fault::body("application/json", object.to_string()).on("GET", "/images/"));
    let status = json!({"kind": "Status", "reason": "Invalid", "message": "invalid", "details": {"name": D1, "kind": "Image",
        "causes": [{"field": "signatures[1].type", "message": "Required value"}]}});
    let fault = Fault::status(422).text("application/json", &status.to_string());
    scene.server.fault(fault.on("PATCH", "/images/"));
    let outcome = scene.run_verify(D1, &["--confirm"]).expect(3);
    assert!(outcome.stderr.contains("refuses every update"), "{outcome:?}");
    assert!(!outcome.stderr.contains("touch"), "{outcome:?}");
}
