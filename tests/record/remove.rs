// SPDX-License-Identifier: Apache-2.0
//! `remove`: forgets verdicts, keeps signatures.

use std::fs;

use serde_json::json;

use crate::record::{assert_server_takes, facts, record_trusted, Desk, Records, IDENTITY, LONG_AGO, OTHER};
use crate::support::images::{image, D1, D2};

fn recorded(desk: &Desk) -> serde_json::Value {
    let mut object = image(D1, &[&desk.sign(D1, IDENTITY), &desk.sign(D1, OTHER)]);
    record_trusted(&mut object["signatures"][0], IDENTITY, &desk.key);
    record_trusted(&mut object["signatures"][1], OTHER, &desk.key);
    object
}

#[test]
fn without_confirm_it_says_what_it_would_do() {
    let desk = Desk::new();
    let path = desk.store(&recorded(&desk));
    let before = fs::read(&path).unwrap();
    let outcome = desk.sandbox.run(["remove", "-f", "image.json"]).expect(0);
    assert_eq!(
        outcome.stdout,
        format!("{D1}: the records of 2 signatures would be removed (dry run)\n")
    );
    assert!(
        outcome
            .stderr
            .contains(&format!("{D1}@s1: would remove: Trusted: True -> none")),
        "{outcome:?}"
    );
    assert!(
        outcome.stderr.lines().last().unwrap().contains("--confirm"),
        "{outcome:?}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn every_member_of_the_record_goes_and_nothing_else() {
    let desk = Desk::new();
    let before = recorded(&desk);
    desk.store(&before);
    let outcome = desk
        .sandbox
        .run(["remove", "-f", "image.json", "--confirm", "-o", "json"])
        .expect(0);
    assert_eq!(outcome.item()["recorded"], "yes");
    let after = desk.read();
    assert_server_takes(&after, &before);
    for n in 0..2 {
        let entry = &after["signatures"][n];
        assert!(entry.get("conditions").is_none() && facts(entry).is_empty(), "{entry}");
        assert_eq!(entry["content"], before["signatures"][n]["content"]);
        assert_eq!(entry["metadata"], before["signatures"][n]["metadata"]);
    }
    let again = desk.sandbox.run(["remove", "-f", "image.json", "--confirm"]).expect(0);
    assert_eq!(again.stdout, format!("{D1}: there is no record to remove\n"));
}

#[test]
fn signature_limits_it() {
    let desk = Desk::new();
    let before = recorded(&desk);
    desk.store(&before);
    desk.sandbox
        .run(["remove", "-f", "image.json", "--signature", "s2", "--confirm"])
        .expect(0);
    let after = desk.read();
    assert_eq!(after["signatures"][0], before["signatures"][0]);
    assert!(after["signatures"][1].get("conditions").is_none());
    let missing = desk
        .sandbox
        .run(["remove", "-f", "image.json", "--signature", "s9", "--confirm"]);
    assert_eq!(missing.status, 3, "{missing:?}");
    assert!(missing.stdout.contains("NotFound"), "{missing:?}");
}

#[test]
fn conditions_of_others_stay_in_an_order_that_the_server_takes() {
    let desk = Desk::new();
    let mut before = recorded(&desk);
    let custom = json!({"type": "Scanned", "status": "True", "lastProbeTime": LONG_AGO, "lastTransitionTime": null});
    before["signatures"][0]["conditions"]
        .as_array_mut()
        .unwrap()
        .push(custom.clone());
    desk.store(&before);
    desk.sandbox.run(["remove", "-f", "image.json", "--confirm"]).expect(0);
    let after = desk.read();
    assert_server_takes(&after, &before);
    let entry = &after["signatures"][0];
    assert!(facts(entry).is_empty(), "{entry}");
    let kept = entry["conditions"].as_array().unwrap();
    assert_eq!(kept.last().unwrap(), &custom);
    assert!(
        kept.iter().all(|c| c["type"] == "Scanned" || c["status"] == "Unknown"),
        "{entry}"
    );
    // Done is done: a second run changes nothing.
    desk.sandbox.run(["remove", "-f", "image.json", "--confirm"]).expect(0);
    assert_eq!(desk.read(), after);
}

#[test]
fn what_judges_has_no_meaning_here() {
    let desk = Desk::new();
    desk.store(&recorded(&desk));
    for flag in [
        &["--public-key", "key.gpg"][..],
        &["--signed-by", &desk.key],
        &["--expected-identity", IDENTITY],
        &["--policy", "policy.json"],
    ] {
        let outcome = desk
            .sandbox
            .run([&["remove", "-f", "image.json", "--confirm"][..], flag].concat());
        assert_eq!(
            (outcome.status, outcome.stdout.as_str()),
            (2, ""),
            "{flag:?}: {outcome:?}"
        );
    }
    assert_eq!(desk.read(), recorded_again(&desk.read()));
}

/// Both signatures are still recorded as trusted.
fn recorded_again(object: &serde_json::Value) -> serde_json::Value {
    assert!((0..2).all(|n| object["signatures"][n]["conditions"][0]["status"] == "True"));
    object.clone()
}

#[test]
fn an_image_that_is_not_there_is_trouble() {
    let desk = Desk::new();
    desk.store(&recorded(&desk));
    let outcome = desk
        .sandbox
        .run(["remove", "-f", "image.json", "--confirm", D2])
        .expect(3);
    assert!(outcome.stdout.contains("NotFound"), "{outcome:?}");
    assert_eq!(desk.read()["signatures"][0]["conditions"][0]["status"], "True");
}

/// A view of an image is for reading; with and without `--confirm` nothing else is said of it.
#[test]
fn a_record_on_a_view_cannot_be_removed() {
    let desk = Desk::new();
    let view = json!({
        "apiVersion": "image.openshift.io/v1", "kind": "ImageStreamTag",
        "metadata": {"name": "app:v1", "namespace": "ns"},
        "image": recorded(&desk),
    });
    desk.store(&view);
    for more in [&[][..], &["--confirm"]] {
        let args = ["remove", "-f", "image.json"];
        let outcome = desk.sandbox.run([&args[..], more].concat()).expect(3);
        assert!(
            outcome.stderr.starts_with("error: ") && outcome.stderr.contains("only a view"),
            "{outcome:?}"
        );
        assert_eq!(outcome.stderr.lines().count(), 1, "nothing is promised: {outcome:?}");
        assert!(outcome.words().contains("could not be removed"), "{outcome:?}");
        let json = desk.sandbox.run([&args[..], more, &["-o", "json"]].concat()).expect(3);
        assert_eq!(json.item()["recorded"], "failed");
        assert_eq!(json.item()["signatures"][0]["recorded"], "failed");
    }
    assert_eq!(desk.read(), view);
    // Without a record there is nothing to remove, and no trouble.
    desk.store(&json!({
        "apiVersion": "image.openshift.io/v1", "kind": "ImageStreamTag",
        "metadata": {"name": "app:v1", "namespace": "ns"},
        "image": desk.signed(),
    }));
    desk.sandbox.run(["remove", "-f", "image.json", "--confirm"]).expect(0);
}
