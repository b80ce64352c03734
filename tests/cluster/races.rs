// SPDX-License-Identifier: Apache-2.0
//! Other writers between reading and writing: nothing of theirs is lost, and nothing is recorded that was not judged.

use serde_json::{json, Value};

use crate::cluster::{line, record_trusted, statuses, stored, RIGHT, USER};
use crate::support::api::objects::Objects;
use crate::support::api::Fault;
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::images::{base64, image, payload, signature, D1, D2};

/// What the program did with the image, in order.
fn steps(scene: &Scene) -> String {
    let requests = scene.server.requests();
    let own = requests.iter().filter(|request| request.path.contains("/images/"));
    let steps: Vec<String> = own.map(|r| format!("{} {}", r.method, r.status)).collect();
    steps.join(", ")
}

fn label(objects: &mut Objects, text: &str) {
    objects.edit_image(D1, |image| image["metadata"]["labels"] = json!({"written": text}));
}

#[test]
fn somebody_else_changes_the_image_once_and_both_changes_stand() {
    let scene = Scene::signed();
    scene.server.before_write(|objects| label(objects, "in between"));
    let outcome = scene
        .run_verify(D1, &["-o", "json", "--confirm"])
        .expect_verdict(0, "Verified/Verified");
    assert_eq!(outcome.item()["recorded"], "yes");
    assert_eq!(steps(&scene), "GET 200, PATCH 409, GET 200, PATCH 200");
    // Who the user is does not change.
    let lines = scene.server.lines();
    assert_eq!(lines.iter().filter(|l| *l == USER).count(), 1);
    assert_eq!(lines.iter().filter(|l| *l == RIGHT).count(), 1);
    let object = scene.server.stored(D1);
    assert_eq!(object["metadata"]["labels"]["written"], "in between");
    assert_eq!(statuses(&object["signatures"][0]), ["Trusted=True", "ForImage=True"]);
}

#[test]
fn somebody_else_changes_the_image_each_time_and_that_is_said_after_five_tries() {
    let scene = Scene::signed();
    let mut n = 0;
    scene.server.before_every_write(move |objects| {
        n += 1;
        label(objects, &n.to_string());
    });
    for arguments in [scene.verify(D1), vec!["remove".to_owned(), D1.to_owned()]] {
        scene.server.objects(|objects| {
            objects.edit_image(D1, |image| {
                record_trusted(&mut image["signatures"][0], "somewhere.example.com/else:v9", "B");
            });
        });
        scene.server.forget_requests();
        let command = [arguments, ["-o", "json", "--confirm"].map(str::to_owned).to_vec()].concat();
        let outcome = scene.run(&command).expect(3);
        assert_eq!(outcome.item()["recorded"], "failed");
        assert_eq!(outcome.item()["signatures"][0]["recorded"], "failed");
        let error = outcome.stderr.lines().find(|l| l.starts_with("error: ")).unwrap();
        for part in [D1, "after 5 tries", "modified by another client"] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert_eq!(steps(&scene), ["GET 200, PATCH 409"; 5].join(", "));
        assert_eq!(stored(&scene.server)["imageIdentity"], "somewhere.example.com/else:v9");
    }
}

#[test]
fn a_signature_added_in_between_is_judged_and_kept() {
    let scene = Scene::signed();
    // As the import controller does it, in front, so that places move.
    let wrong = scene.sign(D2, IDENTITY);
    scene.server.before_write(move |objects| {
        let added = signature(D1, "added", &wrong);
        objects.edit_image(D1, |image| {
            image["signatures"].as_array_mut().unwrap().insert(0, added.clone())
        });
    });
    let outcome = scene
        .run_verify(D1, &["-o", "json", "--confirm"])
        .expect_verdict(0, "Verified/Verified");
    let names: Vec<Value> = outcome.item()["signatures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| json!([s["name"], s["reason"], s["recorded"]]))
        .collect();
    let expected = [
        json!([format!("{D1}@added"), "DigestMismatch", "yes"]),
        json!([format!("{D1}@s1"), "Verified", "yes"]),
    ];
    assert_eq!(names, expected);
    let found = scene.server.stored(D1)["signatures"].clone();
    assert_eq!(statuses(&found[0]), ["Trusted=False", "ForImage=False"]);
    assert_eq!(statuses(&found[1]), ["Trusted=True", "ForImage=True"]);
    assert_eq!(steps(&scene), "GET 200, PATCH 422, GET 200, GET 200, PATCH 200");
}

#[test]
fn a_good_signature_added_in_between_makes_the_image_verified() {
    let scene = Scene::new();
    scene.server.image(image(D1, &[&scene.sign(D2, IDENTITY)]));
    let good = scene.sign(D1, IDENTITY);
    scene.server.before_write(move |objects| {
        let added = signature(D1, "added", &good);
        objects.edit_image(D1, |image| {
            image["signatures"].as_array_mut().unwrap().push(added.clone())
        });
    });
    let outcome = scene.run_verify(D1, &["-o", "json", "--confirm"]);
    outcome.expect_verdict(0, "Verified/Verified");
    let found = scene.server.stored(D1)["signatures"].clone();
    assert_eq!(statuses(&found[0]), ["Trusted=False", "ForImage=False"]);
    assert_eq!(statuses(&found[1]), ["Trusted=True", "ForImage=True"]);
}

#[test]
fn the_only_signature_removed_in_between_leaves_the_image_unsigned() {
    let scene = Scene::signed();
    scene
        .server
        .before_write(|objects| objects.edit_image(D1, |image| image["signatures"] = Value::Null));
    let outcome = scene
        .run_verify(D1, &["-o", "json", "--confirm"])
        .expect_verdict(1, "Unsigned/NoSignature");
    assert_eq!(outcome.item()["recorded"], "no");
}

#[test]
fn the_signature_asked_for_removed_in_between_is_not_found() {
    let scene = Scene::new();
    let [good, bad] = [scene.sign(D1, IDENTITY), scene.sign(D2, IDENTITY)];
    scene.server.image(image(D1, &[&good, &bad]));
    scene.server.before_write(|objects| {
        objects.edit_image(D1, |image| drop(image["signatures"].as_array_mut().unwrap().remove(0)));
    });
    scene
        .run_verify(D1, &["-o", "json", "--confirm", "--signature", "s1"])
        .expect_verdict(3, "Unchecked/NotFound");
    // What moved into its place was not asked for.
    assert_eq!(stored(&scene.server)["conditions"], Value::Null);
}

#[test]
fn content_changed_in_between_is_what_the_verdict_is_about() {
    let scene = Scene::signed();
    let stranger = crate::support::gpg::Signer::new();
    let key = stranger.simple_key("Somebody Else <else@example.com>");
    let forged = base64(&stranger.sign(&key, &payload(D1, IDENTITY)));
    scene.server.before_write(move |objects| {
        objects.edit_image(D1, |image| image["signatures"][0]["content"] = forged.clone().into());
    });
    scene
        .run_verify(D1, &["-o", "json", "--confirm"])
        .expect_verdict(1, "Rejected/UnknownKey");
    assert_eq!(statuses(&stored(&scene.server)), ["Trusted=False", "ForImage=Unknown"]);
}

#[test]
fn content_changed_behind_the_resource_version_is_caught_by_the_tests_of_the_patch() {
    // A server that lost its resource versions, such as one restored from a backup: the content must still fit.
    let scene = Scene::signed();
    let other = base64(&scene.sign(D2, IDENTITY));
    let mut object = scene.server.stored(D1);
    object["signatures"][0]["content"] = other.into();
    scene.server.image(object);
    let mut old = Scene::signed().server.stored(D1);
    old["metadata"]["resourceVersion"] = scene.server.resource_version(D1).into();
    old["signatures"] = image(D1, &[&scene.sign(D1, IDENTITY)])["signatures"].clone();
    let stale = Fault::body("application/json", old.to_string());
    scene.server.fault(stale.on("GET", "/images/").once());
    scene
        .run_verify(D1, &["-o", "json", "--confirm"])
        .expect_verdict(3, "Verified/Verified");
    assert_eq!(stored(&scene.server)["conditions"], Value::Null);
}

#[test]
fn an_image_deleted_in_between_is_not_found() {
    let scene = Scene::signed();
    scene.server.before_write(|objects| objects.remove_image(D1));
    let outcome = scene.run_verify(D1, &["-o", "json", "--confirm"]).expect(3);
    assert_eq!(outcome.item()["recorded"], "failed", "{outcome:?}");
    assert!(outcome.stderr.contains("not found"), "{outcome:?}");
    // Gone between two tries.
    let scene = Scene::signed();
    scene.server.before_write(|objects| label(objects, "x"));
    let gone = json!({"kind": "Status", "reason": "NotFound", "message": "not found", "details": {"name": D1}});
    let gone = Fault::status(404).text("application/json", &gone.to_string());
    scene.server.fault(gone.on("GET", "/images/").after(1));
    let outcome = scene
        .run_verify(D1, &["-o", "json", "--confirm"])
        .expect_verdict(3, "Unchecked/NotFound");
    assert!(outcome.words().contains("it was there before"), "{outcome:?}");
}

#[test]
fn another_verifier_in_between_is_overwritten_by_the_last_one() {
    let scene = Scene::signed();
    let key = scene.key.clone();
    scene.server.before_write(move |objects| {
        objects.edit_image(D1, |image| record_trusted(&mut image["signatures"][0], IDENTITY, &key));
    });
    scene.run_verify(D1, &["--confirm"]).expect(0);
    let found = stored(&scene.server);
    assert_eq!(statuses(&found), ["Trusted=True", "ForImage=True"]);
    // Judged again on what the other one wrote: the status did not change, its time stays.
    assert_eq!(found["conditions"][0]["lastTransitionTime"], "2026-01-01T00:00:00Z");
    assert!(found["conditions"][0]["message"].as_str().unwrap().contains("alice"));
}

#[test]
fn remove_takes_in_what_came_in_between() {
    let scene = Scene::signed();
    let key = scene.key.clone();
    let record = move |objects: &mut Objects, place: usize| {
        objects.edit_image(D1, |image| {
            record_trusted(&mut image["signatures"][place], IDENTITY, &key)
        });
    };
    scene.server.objects(|objects| record(objects, 0));
    let blob = scene.sign(D1, IDENTITY);
    scene.server.before_write(move |objects| {
        let added = signature(D1, "added", &blob);
        objects.edit_image(D1, |image| {
            image["signatures"].as_array_mut().unwrap().insert(0, added.clone())
        });
        record(objects, 0);
    });
    let outcome = scene.run(&["remove", D1, "--confirm", "-o", "json"]).expect(0);
    assert_eq!(outcome.item()["recorded"], "yes");
    assert_eq!(outcome.item()["signatures"].as_array().unwrap().len(), 2);
    for signature in scene.server.stored(D1)["signatures"].as_array().unwrap() {
        for member in ["conditions", "imageIdentity", "signedClaims", "issuedBy", "issuedTo"] {
            assert_eq!(signature[member], Value::Null, "{member}");
        }
    }
    assert_eq!(scene.server.lines()[1], line("GET", D1));
}
