// SPDX-License-Identifier: Apache-2.0
//! What is written about each outcome, word by word, and in what guarded way.

use serde_json::{json, Value};

use crate::cluster::{record_trusted, statuses, stored};
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::gpg::Signer;
use crate::support::images::{image, payload, D1, D2};

pub const LONG_AGO: &str = "2026-01-01T00:00:00Z";

/// The patches that were sent, each an array of operations.
pub fn patches(scene: &Scene) -> Vec<Vec<Value>> {
    let requests = scene.server.requests();
    let sent = requests.iter().filter(|request| request.method == "PATCH");
    sent.map(|request| request.body.as_array().unwrap().clone()).collect()
}

/// `op path` of the operations of a patch.
pub fn steps(patch: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    patch
        .iter()
        .map(|step| format!("{} {}", text(&step["op"]), text(&step["path"])))
        .collect()
}

pub fn with_record(scene: &Scene, identity: &str, fingerprint: &str) {
    scene.server.objects(|objects| {
        objects.edit_image(D1, |image| {
            record_trusted(&mut image["signatures"][0], identity, fingerprint)
        });
    });
}

#[test]
fn a_verified_signature_is_written_in_full_by_one_guarded_patch() {
    let scene = Scene::signed();
    let before = scene.server.stored(D1);
    scene.run_verify(D1, &["--confirm"]).expect(0);
    let requests = scene.server.requests();
    let sent = requests.last().unwrap();
    assert_eq!(sent.header("content-type"), Some("application/json-patch+json"));
    assert_eq!(sent.parameter("fieldManager"), Some("image-signature"));
    assert_eq!(sent.parameter("fieldValidation"), Some("Strict"));
    assert_eq!(sent.parameter("dryRun"), None);
    let patch = &patches(&scene)[0];
    let expected = [
        "test /signatures/0/metadata/name",
        "test /signatures/0/content",
        "add /signatures/0/conditions",
        "add /signatures/0/imageIdentity",
        "add /signatures/0/signedClaims",
        "add /signatures/0/created",
        "add /signatures/0/issuedBy",
        "add /signatures/0/issuedTo",
        "replace /metadata/resourceVersion",
    ];
    assert_eq!(steps(patch), expected);
    assert_eq!(patch[0]["value"], format!("{D1}@s1"));
    assert_eq!(patch[1]["value"], before["signatures"][0]["content"]);
    assert_eq!(patch[8]["value"], before["metadata"]["resourceVersion"]);

    let found = stored(&scene.server);
    assert_eq!(statuses(&found), ["Trusted=True", "ForImage=True"]);
    let conditions = &found["conditions"];
    for condition in conditions.as_array().unwrap() {
        assert_eq!(condition["reason"], "Verified");
        assert_eq!(condition["lastProbeTime"], conditions[0]["lastProbeTime"]);
        assert_eq!(condition["lastTransitionTime"], conditions[0]["lastProbeTime"]);
    }
    let message = conditions[0]["message"].as_str().unwrap();
    for part in [
        "alice",
        "Example Release <release@example.com>",
        scene.key.as_str(),
        IDENTITY,
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(found["imageIdentity"], IDENTITY);
    let claims = json!({
        "critical.identity.docker-reference": IDENTITY,
        "critical.image.docker-manifest-digest": D1,
        "optional.creator": "test",
        "optional.timestamp": "1700000000",
    });
    assert_eq!(found["signedClaims"], claims);
    assert!(found["created"].as_str().unwrap().ends_with('Z'));
    assert_eq!(
        found["issuedBy"],
        json!({"commonName": "Example Release <release@example.com>"})
    );
    assert_eq!(found["issuedTo"], json!({"publicKeyID": scene.key}));
    // Nothing else has changed.
    let mut rest = scene.server.stored(D1);
    rest["signatures"] = before["signatures"].clone();
    rest["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"].clone();
    assert_eq!(rest, before);
    for member in ["metadata", "type", "content"] {
        assert_eq!(found[member], before["signatures"][0][member]);
    }
}

#[test]
fn a_rejected_signature_loses_what_made_it_look_verified() {
    let scene = Scene::signed();
    let stranger = Signer::new();
    let other = stranger.simple_key("Somebody Else <else@example.com>");
    let blob = stranger.sign(&other, &payload(D1, IDENTITY));
    scene.server.image(image(D1, &[&blob]));
    with_record(&scene, IDENTITY, &other);
    let outcome = scene
        .run_verify(D1, &["-o", "json", "--confirm"])
        .expect_verdict(1, "Rejected/UnknownKey");
    assert_eq!(outcome.item()["recorded"], "yes");
    let expected = [
        "test /signatures/0/metadata/name",
        "test /signatures/0/content",
        "add /signatures/0/conditions",
        "remove /signatures/0/imageIdentity",
        "remove /signatures/0/signedClaims",
        "remove /signatures/0/issuedBy",
        "remove /signatures/0/issuedTo",
        "replace /metadata/resourceVersion",
    ];
    assert_eq!(steps(&patches(&scene)[0]), expected);
    let found = stored(&scene.server);
    // What an unverified blob says of its image is not looked at.
    assert_eq!(statuses(&found), ["Trusted=False", "ForImage=Unknown"]);
    assert_eq!(found["conditions"][0]["reason"], "UnknownKey");
    for member in ["imageIdentity", "signedClaims", "created", "issuedBy", "issuedTo"] {
        assert_eq!(found[member], Value::Null, "{member}");
    }
    let message = found["conditions"][0]["message"].as_str().unwrap();
    for part in ["alice", IDENTITY] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let said = format!("{D1}@s1: recorded: Trusted: True -> False (UnknownKey), ForImage: True -> Unknown\n");
    assert_eq!(outcome.stderr, said);
}

#[test]
fn a_signature_for_another_image_is_recorded_as_such() {
    let scene = Scene::new();
    scene.server.image(image(D1, &[&scene.sign(D2, IDENTITY)]));
    scene
        .run_verify(D1, &["-o", "json", "--confirm"])
        .expect_verdict(1, "Rejected/DigestMismatch");
    assert_eq!(statuses(&stored(&scene.server)), ["Trusted=False", "ForImage=False"]);
}

#[test]
fn a_good_signature_of_an_image_that_is_not_verified_is_not_trusted() {
    let scene = Scene::signed();
    scene
        .run_verify(D1, &["-o", "json", "--confirm", "--require", "2"])
        .expect_verdict(1, "Rejected/ThresholdNotReached");
    let found = stored(&scene.server);
    assert_eq!(statuses(&found), ["Trusted=False", "ForImage=True"]);
    assert_eq!(found["conditions"][0]["reason"], "ThresholdNotReached");
    assert_eq!(found["issuedBy"], Value::Null);
}

#[test]
fn a_record_for_the_reference_that_is_really_signed_is_kept_and_that_is_said() {
    let scene = Scene::new();
    let other = "registry.local:5000/foo/bar:v2";
    scene.server.image(image(D1, &[&scene.sign(D1, other)]));
    with_record(&scene, other, &scene.key);
    let before = scene.server.stored(D1);
    let outcome = scene
        .run_verify(D1, &["-o", "json", "--confirm"])
        .expect_verdict(1, "Rejected/IdentityMismatch");
    assert_eq!(outcome.item()["recorded"], "unchanged");
    assert_eq!(outcome.item()["signatures"][0]["recorded"], "kept");
    assert!(outcome.stderr.contains("kept as it is recorded"), "{outcome:?}");
    assert!(patches(&scene).is_empty());
    assert_eq!(scene.server.stored(D1), before);
    // A dry run says no more than that: there is nothing to confirm.
    let outcome = scene.run_verify(D1, &[]).expect(1);
    assert!(!outcome.stderr.contains("--confirm"), "{outcome:?}");
}

#[test]
fn a_record_for_another_reference_or_another_key_is_not_kept() {
    let scene = Scene::new();
    let other = "registry.local:5000/foo/bar:v2";
    for (identity, key) in [
        (IDENTITY, scene.key.clone()),
        ("registry.local:5000/foo/bar:v3", scene.key.clone()),
        (other, "A".repeat(40)),
    ] {
        scene.server.image(image(D1, &[&scene.sign(D1, other)]));
        with_record(&scene, identity, &key);
        scene
            .run_verify(D1, &["-o", "json", "--confirm"])
            .expect_verdict(1, "Rejected/IdentityMismatch");
        let found = stored(&scene.server);
        assert_eq!(statuses(&found), ["Trusted=False", "ForImage=True"], "{identity}");
        assert_eq!(found["issuedBy"], Value::Null);
    }
}

#[test]
fn what_cannot_be_checked_must_not_stay_trusted_and_is_else_left_alone() {
    let scene = Scene::new();
    let armored = scene.signer.sign_with(&scene.key, &["--armor"], &payload(D1, IDENTITY));
    scene.server.image(image(D1, &[&armored]));
    let before = scene.server.stored(D1);
    let outcome = scene
        .run_verify(D1, &["-o", "json", "--confirm"])
        .expect_verdict(1, "Unsupported/UnsupportedSignature");
    assert_eq!(outcome.item()["recorded"], "unchanged");
    assert_eq!(scene.server.stored(D1), before);

    with_record(&scene, IDENTITY, &scene.key);
    let outcome = scene
        .run_verify(D1, &["-o", "json", "--confirm"])
        .expect_verdict(1, "Unsupported/UnsupportedSignature");
    assert_eq!(outcome.item()["recorded"], "yes");
    let found = stored(&scene.server);
    assert_eq!(statuses(&found), ["Trusted=False", "ForImage=Unknown"]);
    assert_eq!(found["conditions"][0]["reason"], "UnsupportedSignature");
    assert_eq!(found["issuedBy"], Value::Null);
}

#[test]
fn what_could_not_be_decided_changes_no_record() {
    let scene = Scene::signed();
    with_record(&scene, IDENTITY, &scene.key);
    let before = scene.server.stored(D1);
    // A keyring that cannot be read says nothing about a signature.
    let home = scene.sandbox.path("no-such-home");
    let outcome = scene.run(&[
        "verify",
        D1,
        "--expected-identity",
        IDENTITY,
        "--homedir",
        home.to_str().unwrap(),
        "-o",
        "json",
        "--confirm",
    ]);
    let outcome = outcome.expect_verdict(3, "Unchecked/EngineFailed");
    assert_eq!(outcome.item()["recorded"], "no");
    assert_eq!(scene.server.stored(D1), before);
    assert!(patches(&scene).is_empty());
}

#[test]
fn signatures_for_different_expected_identities_of_one_run_are_all_trusted() {
    let scene = Scene::new();
    let other = "registry.local:5000/foo/bar:v2";
    let unexpected = "registry.local:5000/foo/bar:v3";
    let blobs = [IDENTITY, other, unexpected].map(|identity| scene.sign(D1, identity));
    let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
    scene.server.image(image(D1, &blobs));
    let outcome = scene.run_verify(D1, &["--expected-identity", other, "-o", "json", "--confirm"]);
    let outcome = outcome.expect_verdict(0, "Verified/Verified");
    assert_eq!(outcome.item()["matchedIdentities"], json!([IDENTITY, other]));
    let found = scene.server.stored(D1)["signatures"].clone();
    let expected = [
        (IDENTITY, "Trusted=True"),
        (other, "Trusted=True"),
        ("", "Trusted=False"),
    ];
    for (n, (identity, status)) in expected.into_iter().enumerate() {
        assert_eq!(statuses(&found[n]), [status, "ForImage=True"], "{n}");
        assert_eq!(found[n]["imageIdentity"].as_str().unwrap_or_default(), identity);
    }
}

#[test]
fn options_that_loosen_the_comparison_stand_in_the_record() {
    let scene = Scene::new();
    scene
        .server
        .image(image(D1, &[&scene.sign(D1, "registry.local:5000/foo/bar:v9")]));
    scene
        .run_verify(D1, &["--identity-match", "matchRepository", "--confirm"])
        .expect(0);
    let found = stored(&scene.server);
    let message = found["conditions"][0]["message"].as_str().unwrap();
    assert!(message.contains("identity match matchRepository"), "{message}");
    // What is recorded is what was signed, not what was expected.
    assert_eq!(found["imageIdentity"], "registry.local:5000/foo/bar:v9");
}
