// SPDX-License-Identifier: Apache-2.0
//! How it is written: one patch of what was asked for, in an order that the server takes, leaving all else alone.

use serde_json::{json, Value};

use crate::cluster::recording::{patches, steps, with_record, LONG_AGO};
use crate::cluster::{statuses, stored};
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::images::{image, signature, D1, D2};

#[test]
fn an_unsigned_image_has_nothing_to_record_and_nobody_is_asked_who_you_are() {
    let scene = Scene::new();
    scene.server.image(image(D1, &[]));
    let outcome = scene
        .run_verify(D1, &["-o", "json", "--confirm"])
        .expect_verdict(1, "Unsigned/NoSignature");
    assert_eq!(outcome.item()["recorded"], "no");
    assert_eq!(
        scene.server.lines(),
        [crate::cluster::RIGHT.to_owned(), crate::cluster::line("GET", D1)]
    );
    for part in ["no signature in the cluster", "more than 10"] {
        assert!(outcome.stdout.contains(part), "{part}: {outcome:?}");
    }
}

#[test]
fn the_transition_time_stays_while_the_status_does() {
    let scene = Scene::signed();
    with_record(&scene, IDENTITY, &scene.key);
    scene.run_verify(D1, &["--confirm"]).expect(0);
    for condition in stored(&scene.server)["conditions"].as_array().unwrap() {
        assert_eq!(condition["lastTransitionTime"], LONG_AGO);
        assert_ne!(condition["lastProbeTime"], LONG_AGO);
    }
}

#[test]
fn several_signatures_are_written_at_once_and_the_one_not_named_is_spared() {
    let scene = Scene::new();
    let [good, bad] = [scene.sign(D1, IDENTITY), scene.sign(D2, IDENTITY)];
    scene.server.image(image(D1, &[&good, &bad]));
    scene.run_verify(D1, &["--confirm"]).expect(0);
    assert_eq!(patches(&scene).len(), 1);
    let found = scene.server.stored(D1)["signatures"].clone();
    assert_eq!(statuses(&found[0]), ["Trusted=True", "ForImage=True"]);
    assert_eq!(statuses(&found[1]), ["Trusted=False", "ForImage=False"]);

    scene.server.image(image(D1, &[&good, &bad]));
    scene.server.forget_requests();
    let outcome = scene
        .run_verify(D1, &["-o", "json", "--confirm", "--signature", "s2"])
        .expect_verdict(1, "Rejected/DigestMismatch");
    assert_eq!(outcome.item()["signatures"].as_array().unwrap().len(), 1);
    let found = scene.server.stored(D1)["signatures"].clone();
    assert_eq!(found[0]["conditions"], Value::Null);
    assert_eq!(statuses(&found[1]), ["Trusted=False", "ForImage=False"]);
    assert!(steps(&patches(&scene)[0])
        .iter()
        .all(|step| !step.contains("/signatures/0/")));
}

#[test]
fn a_signature_that_no_image_carries_is_not_found() {
    let scene = Scene::signed();
    let outcome = scene.run_verify(D1, &["-o", "json", "--confirm", "--signature", "nobody"]);
    let outcome = outcome.expect_verdict(3, "Unchecked/NotFound");
    assert_eq!(outcome.item()["source"], "cluster");
    let outcome = scene.run_verify(D1, &["-o", "json", "--signature", "s1", "--signature", "nobody"]);
    assert_eq!(outcome.status, 3, "{outcome:?}");
    let items = outcome.json()["items"].clone();
    assert_eq!(items[0]["verdict"], "Verified");
    assert_eq!(items[1]["reason"], "NotFound");
    assert_eq!(items[1]["source"], "cluster");
}

#[test]
fn members_that_this_version_does_not_know_survive() {
    let scene = Scene::signed();
    scene.server.with_newer_schema();
    scene.server.objects(|objects| {
        objects.edit_image(D1, |image| {
            image["signatures"][0]["futureMember"] = json!({"deep": [1, 2.50, "x"]});
            image["metadata"]["labels"] = json!({"keep": "me"});
        });
    });
    let before = scene.server.stored(D1);
    scene.run_verify(D1, &["--confirm"]).expect(0);
    let after = scene.server.stored(D1);
    assert_eq!(statuses(&after["signatures"][0]), ["Trusted=True", "ForImage=True"]);
    assert_eq!(
        after["signatures"][0]["futureMember"],
        before["signatures"][0]["futureMember"]
    );
    assert_eq!(after["metadata"]["labels"], before["metadata"]["labels"]);
}

#[test]
fn conditions_that_make_the_server_panic_are_written_in_an_order_that_it_takes() {
    let scene = Scene::signed();
    let custom = json!({"type": "Scanned", "status": "True", "lastProbeTime": LONG_AGO, "lastTransitionTime": LONG_AGO,
                        "reason": "Clean", "message": "by a scanner"});
    let trusted =
        |time: &str| json!({"type": "Trusted", "status": "True", "lastProbeTime": time, "lastTransitionTime": time});
    for conditions in [
        json!([custom]),
        json!([custom, trusted(LONG_AGO), trusted("2026-03-01T00:00:00Z")]),
        json!([trusted("2026-03-01T00:00:00Z"), trusted(LONG_AGO)]),
    ] {
        let has_custom = conditions.to_string().contains("Scanned");
        scene.server.objects(|objects| {
            objects.edit_image(D1, |image| image["signatures"][0]["conditions"] = conditions.clone());
        });
        let outcome = scene.run_verify(D1, &["-o", "json", "--confirm"]);
        outcome.expect_verdict(0, "Verified/Verified");
        let found = stored(&scene.server);
        let expected: &[&str] = if has_custom {
            &["Trusted=True", "ForImage=True", "Scanned=True"]
        } else {
            &["Trusted=True", "ForImage=True"]
        };
        assert_eq!(statuses(&found), expected);
        if has_custom {
            assert_eq!(found["conditions"][2], custom);
        }
        // Forgotten in a shape that it takes, too.
        scene.run(&["remove", D1, "--confirm"]).expect(0);
        let found = stored(&scene.server);
        if has_custom {
            assert_eq!(
                statuses(&found),
                ["Trusted=Unknown", "ForImage=Unknown", "Scanned=True"]
            );
        } else {
            assert_eq!(found["conditions"], Value::Null);
        }
    }
}

#[test]
fn a_server_dry_run_is_checked_by_the_server_and_stores_nothing() {
    let scene = Scene::signed();
    let before = scene.server.stored(D1);
    let outcome = scene
        .run_verify(D1, &["-o", "json", "--dry-run=server"])
        .expect_verdict(0, "Verified/Verified");
    assert_eq!(outcome.item()["recorded"], "no");
    let requests = scene.server.requests();
    let sent = requests.last().unwrap();
    assert_eq!((sent.method.as_str(), sent.parameter("dryRun")), ("PATCH", Some("All")));
    assert_eq!(scene.server.stored(D1), before);
    assert!(
        outcome.stderr.contains("nothing was stored (server dry run)")
            && outcome.stderr.contains("accepted by the server (dry run)")
            && outcome
                .stderr
                .contains("would record: Trusted: none -> True (Verified)"),
        "{outcome:?}"
    );
    // It wins over --confirm, and what the server would refuse is told.
    scene.server.objects(|objects| {
        objects.edit_image(D1, |image| {
            let damaged = signature(D1, "s2", b"");
            image["signatures"].as_array_mut().unwrap().push(damaged);
        });
    });
    let before = scene.server.stored(D1);
    let outcome = scene.run_verify(D1, &["-o", "json", "--confirm", "--dry-run=server"]);
    assert_eq!(outcome.status, 3, "{outcome:?}");
    assert_eq!(outcome.item()["recorded"], "failed");
    assert!(!outcome.stderr.contains("would record"), "{outcome:?}");
    assert_eq!(scene.server.stored(D1), before);
}

#[test]
fn a_name_that_whoever_may_sign_can_choose_blocks_neither_record_nor_removal() {
    for name in [
        "<script>",
        "a&b",
        "a\u{2028}b",
        "a\u{2029}b",
        "a\u{8}b\u{c}c",
        "a\u{1}\u{7f}\u{9b}b",
        "\"\\\"",
        "l\nm\tn",
        "é😀\u{202e}",
        "~0~1 ",
    ] {
        let scene = Scene::signed();
        let full = format!("{D1}@{name}");
        scene.server.objects(|objects| {
            objects.edit_image(D1, |image| {
                image["signatures"][0]["metadata"]["name"] = full.clone().into();
            });
        });
        let outcome = scene.run_verify(D1, &["-o", "json", "--confirm"]);
        let outcome = outcome.expect_verdict(0, "Verified/Verified");
        assert_eq!(outcome.item()["recorded"], "yes", "{name:?}");
        assert_eq!(statuses(&stored(&scene.server)), ["Trusted=True", "ForImage=True"]);
        // A key that is trusted no longer: the record must not stand.
        let other = scene.signer.simple_key("Somebody Else <else@example.com>");
        let other = scene.signer.export(&[&other], &scene.sandbox.path("other.gpg"));
        let args = [
            "verify",
            D1,
            "--expected-identity",
            IDENTITY,
            "--public-key",
            other.to_str().unwrap(),
            "--confirm",
        ];
        scene.run(&args).expect(1);
        assert_eq!(statuses(&stored(&scene.server))[0], "Trusted=False", "{name:?}");
        scene.run(&["remove", D1, "--confirm"]).expect(0);
        assert_eq!(stored(&scene.server)["conditions"], Value::Null, "{name:?}");
        assert_eq!(stored(&scene.server)["metadata"]["name"], full);
    }
}
