// SPDX-License-Identifier: Apache-2.0
//! `--sigstore-key`: key-based sigstore signatures in directories, alone and beside GPG ones.

use std::path::PathBuf;

use image_signature::digest::Digest;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;

use crate::support::cosign::{self, Cosign};
use crate::support::images;
use crate::verify::{Desk, Outcome, IDENTITY, OTHER};

pub(super) const MANIFEST: &str =
    r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","n":1}"#;

pub(super) const OK: &str = "Verified/Verified";

pub(super) const ANNOTATION: &str = "dev.cosignproject.cosign/signature";

pub(super) fn digest() -> String {
    Digest::of_manifest(MANIFEST.as_bytes()).unwrap().as_str().to_owned()
}

/// A directory `d` with the manifest, and a sigstore key in `cosign.pub`.
pub(super) struct Place {
    pub(super) desk: Desk,
    pub(super) cosign: Cosign,
}

impl Place {
    pub(super) fn new() -> Self {
        Self::with(Cosign::new())
    }

    pub(super) fn with(cosign: Cosign) -> Self {
        let desk = Desk::new();
        desk.put("d/manifest.json", MANIFEST);
        desk.put("cosign.pub", cosign.pem());
        Self { desk, cosign }
    }

    pub(super) fn put(&self, number: usize, blob: impl AsRef<[u8]>) -> PathBuf {
        self.desk.put(&format!("d/signature-{number}"), blob)
    }

    pub(super) fn good(&self) -> Vec<u8> {
        self.cosign.file(&digest(), IDENTITY)
    }

    pub(super) fn gpg(&self) -> Vec<u8> {
        self.desk.sign(&digest(), IDENTITY)
    }

    pub(super) fn run(&self, args: &[&str]) -> Outcome {
        let own = ["verify", "dir:d", "--expected-identity", IDENTITY];
        self.desk.sandbox.run([&own[..], args].concat())
    }

    /// `-o json` by the sigstore key only.
    pub(super) fn json(&self) -> Outcome {
        self.run(&["--sigstore-key", "cosign.pub", "-o", "json"])
    }
}

#[test]
fn keys_of_every_accepted_kind() {
    for (name, cosign) in [
        ("nistp256", Cosign::new()),
        ("nistp384", Cosign::ecdsa(Nid::SECP384R1)),
        ("nistp521", Cosign::ecdsa(Nid::SECP521R1)),
        ("rsa2048", Cosign::rsa(2048)),
        ("rsa4096", Cosign::rsa(4096)),
        ("ed25519", Cosign::ed25519()),
    ] {
        let place = Place::with(cosign);
        place.put(1, place.good());
        let outcome = place.json().expect_verdict(0, OK);
        let signature = &outcome.item()["signatures"][0];
        assert_eq!(signature["kind"], "sigstore");
        assert_eq!(signature["recorded"], "no");
        let signer = &signature["signer"];
        let id = format!("sha256:{}", place.cosign.id());
        assert_eq!(signer["fingerprint"], id.as_str());
        assert_eq!(signer["primaryFingerprint"], id.as_str());
        assert_eq!(signer["keyAlgorithm"], name);
        assert!(signer["createdAt"].is_null());
        assert_eq!(signature["claim"]["dockerReference"], IDENTITY);
        let text = place.run(&["--sigstore-key", "cosign.pub"]).expect(0);
        assert!(text.stdout.starts_with(&format!("Verified: {IDENTITY}\n")), "{text:?}");
        assert!(text.words().contains(&format!("signed by {id}")), "{text:?}");
        assert_eq!(text.stdout.matches(&id).count(), 1, "{text:?}");
    }
}

#[test]
fn what_is_not_by_the_key_for_the_image_or_as_expected() {
    let place = Place::new();
    let other = Cosign::new();
    let payload = cosign::payload(&digest(), IDENTITY);
    let altered = cosign::payload(&digest(), OTHER);
    let signature = images::base64(&place.cosign.sign(&payload));
    let sha512 = images::base64(&place.cosign.sign_with(&payload, MessageDigest::sha512()));
    for (blob, verdict, part) in [
        (
            other.file(&digest(), IDENTITY),
            "Rejected/BadSignature",
            "not by the given nistp256 key sha256:",
        ),
        (
            cosign::file(&altered, &[(ANNOTATION, &signature)]),
            "Rejected/BadSignature",
            "or its payload was altered",
        ),
        (
            cosign::file(&payload, &[(ANNOTATION, &sha512)]),
            "Rejected/BadSignature",
            "made with SHA-512",
        ),
        (
            place.cosign.file(images::D1, IDENTITY),
            "Rejected/DigestMismatch",
            images::D1,
        ),
        (
            place.cosign.file(&digest(), OTHER),
            "Rejected/IdentityMismatch",
            "the tag differs",
        ),
        (
            place.cosign.file(&digest(), "registry.local:5000/foo/bar"),
            "Rejected/IdentityMismatch",
            "neither tag nor digest",
        ),
        // Of another repository it is no matter of a tag.
        (
            place.cosign.file(&digest(), "registry.local:5000/foo/baz"),
            "Rejected/IdentityMismatch",
            "signed for registry.local:5000/foo/baz: the repository differs",
        ),
        (
            place.cosign.file_of(b"{}"),
            "Rejected/MalformedPayload",
            "critical is missing",
        ),
        (cosign::file(&payload, &[]), "Rejected/NotASignature", "is missing"),
        (
            cosign::file(&payload, &[(ANNOTATION, "*")]),
            "Rejected/NotASignature",
            "is not base64",
        ),
        (
            b"\0sigstore-json\n{}".to_vec(),
            "Rejected/NotASignature",
            "mimeType is missing",
        ),
        // A certificate makes a keyless signature, unless a key fits all the same.
        (
            cosign::file(
                &payload,
                &[(ANNOTATION, "AAAA"), ("dev.sigstore.cosign/certificate", "x")],
            ),
            "Unsupported/UnsupportedSignature",
            "present, not checked: a keyless signature",
        ),
    ] {
        place.put(1, blob);
        let outcome = place.json().expect_verdict(1, verdict);
        let message = outcome.item()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(part), "{part}: {message}");
    }
}

/// Cosign signs a repository: that no tag is in its payload is said, and no check is proposed to be loosened. A rule that
/// asks for the repository alone takes it, and no other repository.
#[test]
fn a_payload_that_names_no_tag() {
    let place = Place::new();
    place.put(1, place.cosign.file(&digest(), "registry.local:5000/foo/bar"));
    let said = "expected registry.local:5000/foo/bar:v1, signed for registry.local:5000/foo/bar: the signed reference has neither tag nor digest; payloads of this kind name a repository and no tag, unless the signer gives one (image-signature-verify(1), Signatures without a tag)";
    let item = place.json().expect_verdict(1, "Rejected/IdentityMismatch").item();
    assert!(item["message"].as_str().unwrap().ends_with(said), "{item}");
    for output in [&["--explain"][..], &["-o", "wide"], &[]] {
        let outcome = place
            .run(&[&["--sigstore-key", "cosign.pub"], output].concat())
            .expect(1);
        assert!(outcome.words().contains(said), "{outcome:?}");
        assert!(!outcome.stdout.contains("--identity-match"), "{outcome:?}");
        // The publisher has signed, and is not to be asked what.
        let next = outcome.stdout.lines().find(|line| line.starts_with("Next: "));
        assert_eq!(next.is_some(), output == ["--explain"], "{outcome:?}");
        assert!(
            next.is_none_or(|next| next.contains("cosign signs for a repository, with neither tag nor digest")),
            "{outcome:?}"
        );
    }
    let rule = ["--identity-match", "matchRepository", "-o", "json"];
    place
        .run(&[&["--sigstore-key", "cosign.pub"][..], &rule].concat())
        .expect_verdict(0, OK);
    place.put(1, place.cosign.file(&digest(), "registry.local:5000/foo/baz"));
    let item = place
        .run(&[&["--sigstore-key", "cosign.pub"][..], &rule].concat())
        .expect_verdict(1, "Rejected/IdentityMismatch")
        .item();
    assert!(!item["message"].as_str().unwrap().contains("no tag"), "{item}");
    // A GPG signer writes the tag always: nothing is to be known of its kind.
    place.put(1, place.desk.sign(&digest(), "registry.local:5000/foo/bar"));
    let key = place.desk.key_file.to_str().unwrap();
    let item = place
        .run(&["--public-key", key, "-o", "json"])
        .expect_verdict(1, "Rejected/IdentityMismatch")
        .item();
    assert!(!item["message"].as_str().unwrap().contains("this kind"), "{item}");
}

/// Where no requirement is met, the one that is named is the one that the signature was judged by.
#[test]
fn the_requirement_that_a_signature_misses() {
    let place = Place::new();
    place.put(1, place.cosign.file(&digest(), "registry.local:5000/foo/bar"));
    let gpg = serde_json::json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": place.desk.key_file});
    let sigstore = serde_json::json!({"type": "sigstoreSigned", "keyPath": "cosign.pub"});
    for requirements in [[&gpg, &sigstore], [&sigstore, &gpg]] {
        let policy = serde_json::json!({"default": requirements});
        place.desk.put("policy.json", policy.to_string());
        let item = place
            .run(&["--policy", "policy.json", "-o", "json"])
            .expect_verdict(1, "Rejected/IdentityMismatch")
            .item();
        let message = item["message"].as_str().unwrap();
        let named = "required: sigstoreSigned cosign.pub by the default of policy policy.json";
        assert!(message.ends_with(named), "{message}");
    }
}

#[test]
fn images_of_objects_have_gpg_signatures_only() {
    let place = Place::new();
    let blob = place.desk.sign(images::D1, IDENTITY);
    let mut object = images::image(images::D1, &[&blob, &place.cosign.file(images::D1, IDENTITY)]);
    trusted(&mut object["signatures"][0], IDENTITY, &place.desk.key);
    let before = object.to_string();
    place.desk.put("image.json", &before);
    let args = [
        "verify",
        "-f",
        "image.json",
        "--sigstore-key",
        "cosign.pub",
        "--expected-identity",
        IDENTITY,
    ];
    let outcome = place
        .desk
        .sandbox
        .run([&args[..], &["--confirm", "-o", "json"]].concat());
    // The second is no OpenPGP message: where it was found says what it must be.
    let item = outcome.expect(1).item();
    assert_eq!(item["signatures"][0]["reason"], "UnsupportedSignature");
    assert_eq!(item["signatures"][0]["kind"], "gpg");
    assert_eq!(item["signatures"][1]["kind"], "gpg");
    let after = std::fs::read_to_string(place.desk.sandbox.path("image.json")).unwrap();
    let after: serde_json::Value = serde_json::from_str(&after).unwrap();
    assert_eq!(
        after["signatures"][0], object["signatures"][0],
        "no key of its kind was named"
    );
}

#[test]
fn inspect_shows_what_they_claim() {
    let place = Place::new();
    place.put(1, place.good());
    let run = |args: &[&str]| place.desk.sandbox.run([&["inspect", "d"][..], args].concat()).expect(0);
    let digest = digest();
    let text = run(&[]).stdout;
    let expected = format!("UNVERIFIED d/signature-1: claims that a sigstore key signed {digest} as {IDENTITY}\n");
    assert_eq!(text, expected);
    let text = run(&["--explain"]).stdout;
    assert!(text.contains(&format!("annotation \"{ANNOTATION}\"")), "{text}");
    let item = run(&["-o", "json"]).item();
    assert_eq!(item["kind"], "sigstore");
    assert_eq!(item["attachment"]["mediaType"], cosign::SIGNATURE_TYPE);
    assert_eq!(item["claim"]["dockerManifestDigest"], digest.as_str());
    assert!(item["signature"].is_null());
}

/// What an earlier run has recorded.
pub fn trusted(entry: &mut serde_json::Value, identity: &str, fingerprint: &str) {
    let long_ago = "2020-01-01T00:00:00Z";
    let condition = |kind: &str| {
        serde_json::json!({"type": kind, "status": "True", "lastProbeTime": long_ago, "lastTransitionTime": long_ago,
            "reason": "Verified", "message": "verified by alice: signed"})
    };
    entry["conditions"] = serde_json::json!([condition("Trusted"), condition("ForImage")]);
    entry["imageIdentity"] = identity.into();
    entry["issuedTo"] = serde_json::json!({"publicKeyID": fingerprint});
}
