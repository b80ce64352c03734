// SPDX-License-Identifier: Apache-2.0
//! Signatures of both kinds on one image: neither passes for the other, and none that is not looked at counts.

use super::sigstore::{digest, trusted, Place, OK};
use crate::support::cosign::{self, Cosign};
use crate::support::images;
use crate::verify::IDENTITY;

#[test]
fn neither_kind_passes_for_the_other() {
    let place = Place::new();
    let key = place.desk.key_file.to_str().unwrap();
    let both = ["--sigstore-key", "cosign.pub", "--public-key", key, "-o", "json"];
    let atomic = images::payload(&digest(), IDENTITY);
    let own = cosign::payload(&digest(), IDENTITY);
    let message = place.gpg();
    for (blob, verdict) in [
        // A GPG payload under a sigstore signature, and the reverse; whole signatures as payloads.
        (place.cosign.file_of(&atomic), "Rejected/MalformedPayload"),
        (
            place.desk.signer.sign(&place.desk.key, &own),
            "Rejected/MalformedPayload",
        ),
        (place.cosign.file_of(&message), "Rejected/MalformedPayload"),
        (
            place.desk.signer.sign(&place.desk.key, &place.good()),
            "Rejected/MalformedPayload",
        ),
        // Each stored as the other.
        ([b"\0sigstore-json\n", &message[..]].concat(), "Rejected/NotASignature"),
        (
            [b"\0simple-signing\n", &place.good()[..]].concat(),
            "Rejected/NotASignature",
        ),
        (
            place.good()["\0sigstore-json\n".len()..].to_vec(),
            "Rejected/NotASignature",
        ),
    ] {
        place.put(1, blob);
        place.run(&both).expect_verdict(1, verdict);
    }
}

#[test]
fn kinds_for_which_no_key_is_named_are_present_and_not_checked() {
    let place = Place::new();
    let key = place.desk.key_file.to_str().unwrap();
    place.put(1, place.gpg());
    // The user's keyring, which has no key and would be an error, is not consulted.
    let outcome = place.json().expect_verdict(1, "Unsupported/UnsupportedSignature");
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with("present, not checked: it is stored as a GPG signature"),
        "{message}"
    );
    place.put(2, place.good());
    place.json().expect_verdict(0, OK);
    std::fs::remove_file(place.desk.sandbox.path("d/signature-1")).unwrap();
    let outcome = place
        .run(&["--public-key", key, "-o", "json"])
        .expect_verdict(1, "Unsupported/UnsupportedSignature");
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("name the public key that it must be by with --sigstore-key FILE"),
        "{message}"
    );
    // A keyless one is named as such.
    let payload = cosign::payload(&digest(), IDENTITY);
    place.put(2, cosign::file(&payload, &[("dev.sigstore.cosign/certificate", "x")]));
    let outcome = place.run(&["--public-key", key, "-o", "json"]).expect(1);
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("a keyless sigstore signature"), "{message}");
}

/// Beside a sigstore key, each of the options about GPG keys asks for the user's keyring.
#[test]
fn each_option_of_gpg_asks_for_the_keyring() {
    let place = Place::new();
    place.put(1, place.gpg());
    let home = place.desk.signer.home().to_str().unwrap();
    let run = |more: &[&str]| {
        let mut command = place.desk.sandbox.command();
        command.args(["verify", "-o", "json", "dir:d", "--expected-identity", IDENTITY]);
        command.args(["--sigstore-key", "cosign.pub"]).args(more);
        place.desk.sandbox.finish(command.env("GNUPGHOME", home), b"")
    };
    for option in [
        ["--homedir", home],
        ["--trust-model", "always"],
        ["--signed-by", &place.desk.key],
    ] {
        run(&option).expect_verdict(0, OK);
    }
    let outcome = run(&[]).expect_verdict(1, "Unsupported/UnsupportedSignature");
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("present, not checked"), "{message}");
}

#[test]
fn text_says_what_each_kind_came_to() {
    let place = Place::new();
    let key = place.desk.key_file.to_str().unwrap();
    let both = ["--sigstore-key", "cosign.pub", "--public-key", key];
    place.put(1, place.gpg());
    let text = place.run(&both).expect(0);
    assert!(text.stdout.contains("  GPG: Verified, sigstore: none\n"), "{text:?}");
    place.put(2, Cosign::new().file(&digest(), IDENTITY));
    let text = place.run(&both).expect(0);
    let expected = "  GPG: Verified, sigstore: Rejected (BadSignature)\n";
    assert!(text.stdout.contains(expected), "{text:?}");
    let text = place.run(&["--public-key", key]).expect(0);
    assert!(
        text.stdout.contains("  GPG: Verified, sigstore: not checked\n"),
        "{text:?}"
    );
    // Of one kind only, nothing is said of kinds.
    std::fs::remove_file(place.desk.sandbox.path("d/signature-2")).unwrap();
    let text = place.run(&["--public-key", key]).expect(0);
    assert!(!text.stdout.contains("GPG:"), "{text:?}");
}

/// A key of each kind is required, and an Image object has signatures of one kind: what nobody was asked for is not absent.
#[test]
fn no_record_is_taken_back_for_signatures_that_nobody_looked_for() {
    let place = Place::new();
    let blob = place.desk.sign(images::D1, IDENTITY);
    let mut object = images::image(images::D1, &[&blob]);
    trusted(&mut object["signatures"][0], IDENTITY, &place.desk.key);
    let before = object.to_string();
    place.desk.put("image.json", &before);
    let gpg = place.desk.key_file.to_str().unwrap();
    let policy = serde_json::json!({"default": [
        {"type": "signedBy", "keyType": "GPGKeys", "keyPath": gpg},
        {"type": "sigstoreSigned", "keyPath": place.desk.sandbox.path("cosign.pub")},
    ]});
    place.desk.put("policy.json", policy.to_string());
    let run = |more: &[&str]| {
        let own = [
            "verify",
            "-f",
            "image.json",
            "--expected-identity",
            IDENTITY,
            "--confirm",
            "-o",
            "json",
        ];
        place.desk.sandbox.run([&own[..], more].concat())
    };
    let keys = ["--public-key", gpg, "--sigstore-key", "cosign.pub"];
    for more in [
        &["--policy", "policy.json"][..],
        &[&keys[..], &["--require", "2"]].concat(),
    ] {
        let outcome = run(more).expect_verdict(3, "Unchecked/SourceUnavailable");
        let message = outcome.item()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("--registry-url auto asks there"), "{message}");
        let after = std::fs::read_to_string(place.desk.sandbox.path("image.json")).unwrap();
        assert_eq!(after, before, "{more:?}");
    }
    // One is enough, or nobody else could make it so.
    run(&keys).expect_verdict(0, OK);
    run(&["--public-key", gpg, "--require", "2"]).expect_verdict(1, "Rejected/ThresholdNotReached");
}
