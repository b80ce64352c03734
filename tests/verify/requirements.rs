// SPDX-License-Identifier: Apache-2.0
//! Requirements of a policy, each by itself: its keys, its identity rule, and what trouble with one means for the image.

use serde_json::{json, Value};

use super::policy::{signed_by, Place, ELSEWHERE, OK};
use crate::support::cosign::Cosign;
use crate::support::desk::{IDENTITY, OTHER};
use crate::support::forge;
use crate::support::images::{image, payload, D1};
use crate::support::skipped;
use crate::support::system::{mounts_are_permitted, why_not, System};
use crate::verify::Desk;

#[test]
fn identity_rules_of_requirements() {
    let place = Place::new();
    place.put(&place.object(&[IDENTITY], &[]));
    let with = |identity: Value| {
        let mut requirement = signed_by("key.gpg");
        requirement["signedIdentity"] = identity;
        place.scopes(&json!({"": [requirement]}));
    };
    with(json!({"type": "remapIdentity", "prefix": "mirror.example/own", "signedPrefix": "registry.local:5000"}));
    place.json("mirror.example/own/foo/bar:v1").expect_verdict(0, OK);
    place
        .json("mirror.example/own/foo/bar:v2")
        .expect_verdict(1, "Rejected/IdentityMismatch");
    with(json!({"type": "exactReference", "dockerReference": IDENTITY}));
    place.json(ELSEWHERE).expect_verdict(0, OK);
    with(json!({"type": "exactRepository", "dockerRepository": "registry.local:5000/foo/bar"}));
    place.json(ELSEWHERE).expect_verdict(0, OK);
    with(json!({"type": "matchRepository"}));
    place.json(OTHER).expect_verdict(0, OK);
    with(json!({"type": "matchExact"}));
    place.json(OTHER).expect_verdict(1, "Rejected/IdentityMismatch");
}

#[test]
fn key_material_is_that_of_one_requirement_with_revocations_of_all() {
    let place = Place::new();
    let key = forge::Key::new();
    let twin = forge::Key::new();
    let blob = |key: &forge::Key| {
        key.message(
            &forge::Draft::new(forge::then() + 60).named(key),
            &payload(D1, IDENTITY),
        )
    };
    place.put(&image(D1, &[&blob(&key), &blob(&twin)]));
    place.desk.put("a.gpg", key.certificate("A <a@example.com>"));
    place.desk.put("b.gpg", twin.certificate("B <b@example.com>"));
    place
        .desk
        .put("revoked.gpg", key.revoked("A <a@example.com>", 0, forge::then() + 30));
    let of = |files: &[&str]| json!({"type": "signedBy", "keyType": "GPGKeys", "keyPaths": files});
    for (requirements, verdict) in [
        (json!([of(&["a.gpg"])]), OK),
        (json!([of(&["a.gpg", "b.gpg"])]), OK),
        (json!([of(&["b.gpg", "a.gpg"])]), OK),
        // Copies in the files of one requirement are one key, in every order.
        (json!([of(&["a.gpg", "revoked.gpg"])]), "Rejected/KeyRevoked"),
        (json!([of(&["revoked.gpg", "a.gpg"])]), "Rejected/KeyRevoked"),
        // A revocation that another requirement has counts here too; a key does not.
        (
            json!([of(&["a.gpg"]), of(&["b.gpg", "revoked.gpg"])]),
            "Rejected/PolicyRejected",
        ),
        (json!([of(&["b.gpg"]), of(&["b.gpg", "a.gpg"])]), OK),
    ] {
        place.scopes(&json!({"": requirements}));
        let status = i32::from(verdict != OK);
        place.json(IDENTITY).expect_verdict(status, verdict);
    }
    use base64::Engine as _;
    // So that the last digit has bits of no byte.
    let of_length = (1..).map(|n| key.certificate(&format!("{} <a@example.com>", "A".repeat(n))));
    let bytes = of_length.into_iter().find(|bytes| bytes.len() % 3 == 1).unwrap();
    let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
    let with = |encoded: &str| {
        place.scopes(&json!({"": [{"type": "signedBy", "keyType": "GPGKeys", "keyData": encoded}]}));
        place.json(IDENTITY)
    };
    with(&encoded).expect_verdict(0, OK);
    // Readers of policies pass over these bits; the padding must be there.
    let last = encoded.trim_end_matches('=').len() - 1;
    let digit = char::from(encoded.as_bytes()[last] + 1);
    with(&format!("{}{digit}==", &encoded[..last])).expect_verdict(0, OK);
    with(encoded.trim_end_matches('=')).expect_usage("expected the base64 of a key file");
    // What is not read must be of its type all the same.
    place.scopes(&json!({"": [{"type": "sigstoreSigned", "keyPath": "a.pub", "rekorPublicKeyPath": 5}]}));
    place.json(IDENTITY).expect_usage("rekorPublicKeyPath");
}

#[test]
fn revocations_count_from_every_scope_of_the_policy() {
    let place = Place::new();
    let key = forge::Key::new();
    let draft = forge::Draft::new(forge::then() + 60).named(&key);
    place.put(&image(D1, &[&key.message(&draft, &payload(D1, IDENTITY))]));
    place.desk.put("a.gpg", key.certificate("A <a@example.com>"));
    place
        .desk
        .put("revoked.gpg", key.revoked("A <a@example.com>", 0, forge::then() + 30));
    let of = |file: &str| json!([{"type": "signedBy", "keyType": "GPGKeys", "keyPath": file}]);
    place.scopes(&json!({"registry.local:5000": of("a.gpg"), "elsewhere.example": of("a.gpg")}));
    place.json(IDENTITY).expect_verdict(0, OK);
    place.scopes(&json!({"registry.local:5000": of("a.gpg"), "elsewhere.example": of("revoked.gpg")}));
    place.json(IDENTITY).expect_verdict(1, "Rejected/KeyRevoked");
    // What should be in one that holds no keys is not known.
    place.desk.put("none.gpg", "nothing");
    place.scopes(&json!({"registry.local:5000": of("a.gpg"), "elsewhere.example": of("none.gpg")}));
    place.json(IDENTITY).expect_usage("cannot use key file none.gpg");
}

/// What revokes a key may be in the file that cannot be read now.
#[test]
fn nothing_is_judged_without_a_key_file_of_another_scope_that_cannot_be_read() {
    let place = Place::new();
    let key = forge::Key::new();
    let draft = forge::Draft::new(forge::then() + 60).named(&key);
    place.put(&image(D1, &[&key.message(&draft, &payload(D1, IDENTITY))]));
    place.desk.put("a.gpg", key.certificate("A <a@example.com>"));
    let of = |file: &str| json!([{"type": "signedBy", "keyType": "GPGKeys", "keyPath": file}]);
    place.scopes(&json!({"registry.local:5000": of("a.gpg"), "elsewhere.example": of("away.gpg")}));
    let outcome = place.json(IDENTITY).expect(2);
    assert!(outcome.stderr.contains("away.gpg"), "{outcome:?}");
    place
        .desk
        .put("away.gpg", key.revoked("A <a@example.com>", 0, forge::then() + 30));
    place.json(IDENTITY).expect_verdict(1, "Rejected/KeyRevoked");
}

#[test]
fn both_kinds_are_required_and_checked() {
    let desk = Desk::new();
    let cosign = Cosign::new();
    let manifest = r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","n":2}"#;
    let digest = image_signature::digest::Digest::of_manifest(manifest.as_bytes()).unwrap();
    desk.put("d/manifest.json", manifest);
    desk.put("d/signature-1", desk.sign(digest.as_str(), IDENTITY));
    desk.put("cosign.pub", cosign.pem());
    let sigstore = json!({"type": "sigstoreSigned", "keyPath": "cosign.pub"});
    let run = |requirements: Value| {
        desk.put("policy.json", json!({"default": requirements}).to_string());
        desk.sandbox.run([
            "verify",
            "dir:d",
            "-o",
            "json",
            "--policy",
            "policy.json",
            "--expected-identity",
            IDENTITY,
        ])
    };
    let both = || json!([signed_by("key.gpg"), sigstore]);
    run(both()).expect_verdict(1, "Rejected/PolicyRejected");
    run(json!([sigstore])).expect_verdict(1, "Unsupported/UnsupportedSignature");
    desk.put("d/signature-2", cosign.file(digest.as_str(), IDENTITY));
    run(both()).expect_verdict(0, OK);
    run(json!([sigstore])).expect_verdict(0, OK);
    // Neither kind does for the other.
    run(json!([signed_by("key.gpg")])).expect_verdict(0, OK);
    std::fs::remove_file(desk.sandbox.path("d/signature-1")).unwrap();
    run(json!([signed_by("key.gpg")])).expect_verdict(1, "Unsupported/UnsupportedSignature");
}

/// Requirements with the same words are told apart by their numbers.
#[test]
fn which_of_several_requirements_with_key_data_failed_is_said() {
    let place = Place::new();
    let data = |file: &str| {
        let key = std::fs::read(place.desk.sandbox.path(file)).unwrap();
        json!({"type": "signedBy", "keyType": "GPGKeys", "keyData": crate::support::images::base64(&key)})
    };
    place.scopes(&json!({"": [data("key.gpg"), json!({"type": "insecureAcceptAnything"}), data("other.gpg")]}));
    for (own, others, failed, met) in [(&[IDENTITY][..], &[][..], 3, 1), (&[], &[IDENTITY], 1, 3)] {
        place.put(&place.object(own, others));
        let outcome = place.json(IDENTITY).expect_verdict(1, "Rejected/PolicyRejected");
        let message = outcome.item()["message"].as_str().unwrap().to_owned();
        let name = |number| format!("signedBy the keys in the policy (requirement {number})");
        assert!(
            message.contains(&format!("also requires {}", name(failed))),
            "{message}"
        );
        assert!(!message.contains(&name(met)), "{message}");
        let text = place.run(&["--expected-identity", IDENTITY]);
        assert!(text.words().contains(&name(failed)), "{text:?}");
    }
    // One alone has no number.
    place.scopes(&json!({"": [data("key.gpg"), json!({"type": "insecureAcceptAnything"})]}));
    let outcome = place.json(IDENTITY);
    assert!(!outcome.stdout.contains("(requirement"), "{outcome:?}");
}

/// What gpg has no part in is told all the same.
#[test]
fn trouble_with_one_requirement_leaves_the_image_open() {
    if !mounts_are_permitted() {
        return skipped("verify by a policy with a gpg that fails", why_not());
    }
    let place = Place::new();
    place.put(&place.object(&[IDENTITY], &[IDENTITY]));
    let sandbox = &place.desk.sandbox;
    let real = sandbox.copy_of("/usr/bin/gpg", "real-gpg");
    let real = real.display();
    // It says which it is, and fails then.
    let text = format!("#!/bin/sh\ncase \"$*\" in *--version*) exec {real} \"$@\";; esac\nexit 2\n");
    let fake = sandbox.program("fake-gpg", text);
    let run = |requirements: Value| {
        place.scopes(&json!({"": requirements}));
        let mut command = System::new().replace("/usr/bin/gpg", &fake).command(sandbox);
        command.args(["verify", "-f", "image.json", "--policy", "policy.json", "-o", "json"]);
        command.args(["--expected-identity", IDENTITY]);
        sandbox.finish(&mut command, b"")
    };
    let (key, other) = (signed_by("key.gpg"), signed_by("other.gpg"));
    let reject = json!({"type": "reject"});
    let accept = json!({"type": "insecureAcceptAnything"});
    for (requirements, status, verdict) in [
        (json!([key]), 3, "Unchecked/EngineFailed"),
        (json!([key, other]), 3, "Unchecked/EngineFailed"),
        (json!([key, accept]), 3, "Unchecked/EngineFailed"),
        (json!([key, reject]), 1, "Rejected/PolicyRejected"),
        (json!([reject]), 1, "Rejected/PolicyRejected"),
        (json!([accept]), 1, "Allowed/Allowed"),
    ] {
        run(requirements).expect_verdict(status, verdict);
    }
    // With the gpg of this machine.
    place.scopes(&json!({"": [key, other]}));
    place.json(IDENTITY).expect_verdict(0, OK);
}
