// SPDX-License-Identifier: Apache-2.0
//! Stored signatures that block every write of their image, and what is never changed.

use serde_json::{json, Value};

use crate::cluster::trouble::error;
use crate::cluster::{record_trusted, statuses, IMAGES};
use crate::support::api::client::Client;
use crate::support::cluster::{Scene, IDENTITY, TOKEN};
use crate::support::images::{image, signature, D1};

/// What is done to an entry, and what the server says of it.
type Damage<'d> = (&'d dyn Fn(&mut Value), &'d str);

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
        "an administrator can remove them",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(scene.server.stored(D1), before, "nothing is dropped silently");
    apply_remedy(&scene, &error);
    let left = scene.server.stored(D1)["signatures"].clone();
    assert_eq!(left, json!([before["signatures"][1]]));
    scene.run_verify(D1, &["--confirm"]).expect(0);
}

#[test]
fn damage_around_a_signature_is_named_with_a_remedy_that_keeps_the_signature() {
    let name = |entry: &mut Value, name: &str| entry["metadata"]["name"] = name.into();
    let damages: [Damage<'_>; 9] = [
        (
            &|entry| entry["metadata"]["annotations"] = json!({"a": "b"}),
            "annotations",
        ),
        (&|entry| entry["metadata"]["labels"] = json!({"it's": "x"}), "labels"),
        (&|entry| entry["metadata"]["namespace"] = "default".into(), "namespace"),
        (&|entry| entry["type"] = "".into(), "type: Required value"),
        (&|entry| name(entry, "nameless"), "must be of format"),
        (&|entry| name(entry, "'; touch x; @a@b"), "must be of format"),
        (&|entry| name(entry, ""), "metadata.name: Required value"),
        (&|entry| name(entry, &format!("{D1}@a/b")), "may not contain"),
        (
            &|entry| entry["metadata"] = json!({"labels": {"a": "b"}, "annotations": {"c": "d"}}),
            "labels",
        ),
    ];
    for (damage, what) in damages {
        // Untouched beside one that is recorded, and recorded itself.
        for more in [&["--signature", "s1"][..], &[]] {
            let scene = Scene::signed();
            let blob = scene.sign(D1, IDENTITY);
            let mut entry = signature(D1, "s2", &blob);
            damage(&mut entry);
            let mut object = image(D1, &[&blob]);
            object["signatures"].as_array_mut().unwrap().push(entry);
            scene.server.image(object);
            let before = scene.server.stored(D1);
            let outcome = scene.run_verify(D1, &[&["-o", "json", "--confirm"], more].concat());
            let outcome = outcome.expect(3);
            assert_eq!(outcome.item()["recorded"], "failed");
            let error = error(&outcome);
            for part in [
                what,
                "every update",
                "entry 2 of its signatures",
                "without loss of a signature",
            ] {
                assert!(error.contains(part), "{part}: {error}");
            }
            assert_eq!(scene.server.stored(D1), before, "nothing is repaired unasked");
            apply_remedy(&scene, &error);
            let now = scene.server.stored(D1);
            assert_eq!(now["signatures"][0], before["signatures"][0]);
            assert_eq!(now["signatures"][1]["content"], before["signatures"][1]["content"]);
            scene.run_verify(D1, &["--confirm"]).expect(0);
        }
    }
}

#[test]
fn damage_of_several_kinds_is_mended_by_one_command_although_the_server_names_some_only() {
    let scene = Scene::signed();
    let blob = scene.sign(D1, IDENTITY);
    let mut object = image(D1, &[&blob]);
    let entries = object["signatures"].as_array_mut().unwrap();
    for n in 0..30 {
        let mut entry = signature(D1, &format!("d{n}"), &blob);
        match n % 3 {
            0 => entry["metadata"]["labels"] = json!({"a": "b"}),
            1 => entry["content"] = Value::Null,
            _ => entry["metadata"]["name"] = "nameless".into(),
        }
        entries.push(entry);
    }
    scene.server.image(object);
    let error = error(&scene.run_verify(D1, &["--confirm"]).expect(3));
    assert!(error.contains("and 22 more"), "{error}");
    apply_remedy(&scene, &error);
    let now = scene.server.stored(D1);
    assert_eq!(
        now["signatures"].as_array().unwrap().len(),
        21,
        "none but the empty ones is gone"
    );
    scene.run_verify(D1, &["--confirm"]).expect(0);
}

/// Runs the command that a message gives, word by word.
fn apply_remedy(scene: &Scene, error: &str) {
    let (command, patch) = error.split_once(" -p '").unwrap();
    assert!(
        command.ends_with(&format!("oc patch image {D1} --type=json")),
        "{error}"
    );
    let patch = patch.strip_suffix('\'').unwrap();
    assert!(!patch.contains('\''), "it ends the quotes of a shell: {error}");
    let operations: Vec<Value> = serde_json::from_str(patch).unwrap();
    assert_eq!(operations[0]["op"], "test");
    let client = Client::new(&scene.server).token(TOKEN);
    client
        .json_patch(&format!("{IMAGES}/{D1}"), &json!(operations))
        .expect(200);
}

#[test]
fn conditions_that_make_the_server_panic_and_are_not_ours_to_change_are_named() {
    let scene = Scene::signed();
    let blob = scene.sign(D1, IDENTITY);
    let trusted = |time: &str| json!({"type": "Trusted", "status": "True", "lastProbeTime": time});
    for conditions in [
        json!([{"type": "Scanned", "status": "True"}]),
        json!([trusted("2026-02-01T00:00:00Z"), trusted("2026-01-01T00:00:00Z")]),
    ] {
        let mut object = image(D1, &[&blob, &blob]);
        object["signatures"][1]["conditions"] = conditions;
        scene.server.image(object);
        let outcome = scene.run_verify(D1, &["-o", "json", "--confirm", "--signature", "s1"]);
        let outcome = outcome.expect_verdict(3, "Verified/Verified");
        let told = error(&outcome);
        for part in ["entry 2 of its signatures", "panic", "oc edit image"] {
            assert!(told.contains(part), "{part}: {told}");
        }
        // Judged as well, it gets conditions that the server takes.
        scene.run_verify(D1, &["--confirm"]).expect(0);
    }
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
