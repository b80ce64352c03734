// SPDX-License-Identifier: Apache-2.0
//! `remove`: forgets what is recorded, never a signature.

use serde_json::{json, Value};

use crate::cluster::{line, record_trusted, stored, RIGHT};
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::images::{image, D1, D2};

/// D1 with two signatures that are recorded as trusted.
fn recorded() -> Scene {
    let scene = Scene::new();
    let blob = scene.sign(D1, IDENTITY);
    let mut object = image(D1, &[&blob, &blob]);
    for n in 0..2 {
        record_trusted(&mut object["signatures"][n], IDENTITY, &scene.key);
    }
    object["signatures"][0]["created"] = "2026-01-01T00:00:00Z".into();
    scene.server.image(object);
    scene
}

#[test]
fn every_record_goes_in_one_guarded_patch_and_the_signatures_stay() {
    let scene = recorded();
    let before = scene.server.stored(D1);
    let outcome = scene.run(&["remove", D1, "--confirm", "-o", "json"]).expect(0);
    assert_eq!(outcome.item()["recorded"], "yes");
    // Who forgets is written nowhere, so nobody asks.
    assert_eq!(
        scene.server.lines(),
        [RIGHT.to_owned(), line("GET", D1), line("PATCH", D1)]
    );
    let requests = scene.server.requests();
    let patch = requests.last().unwrap();
    assert_eq!(patch.parameter("fieldValidation"), Some("Strict"));
    let steps: Vec<String> = patch
        .body
        .as_array()
        .unwrap()
        .iter()
        .map(|step| format!("{} {}", step["op"].as_str().unwrap(), step["path"].as_str().unwrap()))
        .collect();
    let mut expected = Vec::new();
    for n in 0..2 {
        expected.extend([
            format!("test /signatures/{n}/metadata/name"),
            format!("test /signatures/{n}/content"),
            format!("remove /signatures/{n}/conditions"),
            format!("remove /signatures/{n}/imageIdentity"),
            format!("remove /signatures/{n}/signedClaims"),
        ]);
        expected.extend((n == 0).then(|| format!("remove /signatures/{n}/created")));
        expected.push(format!("remove /signatures/{n}/issuedBy"));
        expected.push(format!("remove /signatures/{n}/issuedTo"));
    }
    expected.push("replace /metadata/resourceVersion".to_owned());
    assert_eq!(steps, expected);
    let after = scene.server.stored(D1);
    for (old, new) in before["signatures"]
        .as_array()
        .unwrap()
        .iter()
        .zip(after["signatures"].as_array().unwrap())
    {
        let essence = json!({"metadata": old["metadata"], "type": old["type"], "content": old["content"]});
        assert_eq!(*new, essence);
    }
}

#[test]
fn without_confirm_it_is_only_told() {
    let scene = recorded();
    let before = scene.server.stored(D1);
    let given = &["--confirm", "--dry-run=client"];
    for (more, how) in [(&given[..0], "with --confirm"), (&given[..], "without --dry-run")] {
        scene.server.forget_requests();
        let outcome = scene.run(&[&["remove", D1], more].concat()).expect(0);
        assert!(outcome.words().contains("2 signatures would be removed"), "{outcome:?}");
        assert!(outcome.stderr.contains("Trusted: True -> none"), "{outcome:?}");
        let last = outcome.stderr.lines().last().unwrap();
        assert!(last.contains(how), "{last}");
        assert_eq!(scene.server.lines(), [line("GET", D1)], "{more:?}");
    }
    assert_eq!(scene.server.stored(D1), before);
}

#[test]
fn a_server_dry_run_stores_nothing_and_says_so() {
    let scene = recorded();
    let before = scene.server.stored(D1);
    let outcome = scene.run(&["remove", D1, "--dry-run=server"]).expect(0);
    let requests = scene.server.requests();
    let sent = requests.last().unwrap();
    assert_eq!((sent.method.as_str(), sent.parameter("dryRun")), ("PATCH", Some("All")));
    assert!(outcome.words().contains("would be removed"), "{outcome:?}");
    assert!(
        outcome.stderr.contains("nothing was stored (server dry run)"),
        "{outcome:?}"
    );
    assert_eq!(scene.server.stored(D1), before);
}

#[test]
fn only_the_signature_named() {
    let scene = recorded();
    scene
        .run(&["remove", D1, "--confirm", "--signature", &format!("{D1}@s2")])
        .expect(0);
    let signatures = scene.server.stored(D1)["signatures"].clone();
    assert_eq!(signatures[0]["issuedBy"]["commonName"], "somebody");
    assert_eq!(signatures[1]["conditions"], Value::Null);
    let outcome = scene
        .run(&["remove", D1, "--confirm", "--signature", "nobody", "-o", "json"])
        .expect(3);
    assert_eq!(outcome.item()["reason"], "NotFound");
}

#[test]
fn where_nothing_is_recorded_nothing_is_written() {
    let scene = Scene::signed();
    let outcome = scene.run(&["remove", D1, "--confirm", "-o", "json"]).expect(0);
    assert_eq!(outcome.item()["recorded"], "unchanged");
    assert_eq!(scene.server.lines(), [RIGHT.to_owned(), line("GET", D1)]);
}

#[test]
fn facts_without_a_verdict_are_forgotten_too() {
    let scene = Scene::signed();
    scene.server.objects(|objects| {
        objects.edit_image(D1, |image| {
            image["signatures"][0]["issuedBy"] = json!({"commonName": "x"});
        });
    });
    scene.run(&["remove", D1, "--confirm"]).expect(0);
    assert_eq!(stored(&scene.server)["issuedBy"], Value::Null);
}

#[test]
fn one_image_that_is_not_there_does_not_stop_the_others() {
    let scene = recorded();
    let outcome = scene.run(&["remove", D2, D1, "--confirm", "-o", "json"]).expect(3);
    let items = outcome.json()["items"].clone();
    assert_eq!(
        (&items[0]["reason"], &items[1]["recorded"]),
        (&json!("NotFound"), &json!("yes"))
    );
    assert_eq!(stored(&scene.server)["issuedBy"], Value::Null);
    let outcome = scene.run(&["remove", D1, "-o", "name"]).expect(0);
    assert_eq!(outcome.stdout, "");
}

#[test]
fn keys_and_identities_have_no_place_here() {
    let scene = recorded();
    for more in [
        ["--public-key", "x"],
        ["--signed-by", "x"],
        ["--policy", "x"],
        ["--expected-identity", "x/y:z"],
    ] {
        let outcome = scene.run(&[&["remove", D1, "--confirm"], &more[..]].concat());
        assert_eq!((outcome.status, outcome.stdout.as_str()), (2, ""), "{outcome:?}");
    }
    assert_eq!(scene.server.connections(), 0);
}
