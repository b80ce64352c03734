// SPDX-License-Identifier: Apache-2.0
//! `--policy` and `--system-policy`: a policy decides by the expected identity which keys are accepted.

use serde_json::{json, Value};

use crate::support::desk::{IDENTITY, OTHER};
use crate::support::images::{image, list, payload, D1, D2};
use crate::verify::{Desk, Outcome};

pub(super) const OK: &str = "Verified/Verified";
pub(super) const ELSEWHERE: &str = "elsewhere.example/app:v1";

pub(super) fn signed_by(file: &str) -> Value {
    json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": file})
}

pub(super) fn accept() -> Value {
    json!({"type": "insecureAcceptAnything"})
}

pub(super) fn reject() -> Value {
    json!({"type": "reject"})
}

/// A desk with the key in `key.gpg`, another one in `other.gpg`, and an object with these signatures.
pub(super) struct Place {
    pub(super) desk: Desk,
    pub(super) other: String,
}

impl Place {
    pub(super) fn new() -> Self {
        let desk = Desk::new();
        let other = desk.signer.simple_key("Other <other@example.com>");
        desk.signer.export(&[&other], &desk.sandbox.path("other.gpg"));
        Self { desk, other }
    }

    /// Signatures of D1 by the key and the other one, as these references.
    pub(super) fn object(&self, own: &[&str], others: &[&str]) -> Value {
        let mut blobs: Vec<Vec<u8>> = own.iter().map(|reference| self.desk.sign(D1, reference)).collect();
        let by_other = |reference: &&str| self.desk.signer.sign(&self.other, &payload(D1, reference));
        blobs.extend(others.iter().map(by_other));
        let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
        image(D1, &blobs)
    }

    pub(super) fn put(&self, object: &Value) {
        self.desk.put("image.json", object.to_string());
    }

    pub(super) fn scopes(&self, scopes: &Value) {
        let policy = json!({"default": [reject()], "transports": {"docker": scopes}});
        self.desk.put("policy.json", policy.to_string());
    }

    pub(super) fn run(&self, args: &[&str]) -> Outcome {
        let own = ["verify", "-f", "image.json", "--policy", "policy.json"];
        self.desk.sandbox.run([&own[..], args].concat())
    }

    pub(super) fn json(&self, identity: &str) -> Outcome {
        self.run(&["-o", "json", "--expected-identity", identity])
    }
}

#[test]
fn the_nearest_scope_decides_alone() {
    let place = Place::new();
    place.put(&place.object(&[IDENTITY, ELSEWHERE], &[]));
    place.scopes(&json!({
        "registry.local:5000/foo": [signed_by("key.gpg")],
        "registry.local:5000": [reject()],
        "elsewhere.example": [signed_by("other.gpg")],
    }));
    let outcome = place.json(IDENTITY).expect_verdict(0, OK);
    let rule = &outcome.item()["policy"][0];
    assert_eq!(rule["scope"], "scope \"registry.local:5000/foo\" of policy policy.json");
    assert_eq!(rule["expectedIdentity"], IDENTITY);
    assert_eq!(rule["requirements"][0]["requirement"], "signedBy key.gpg");
    assert_eq!(rule["requirements"][0]["result"], "pass");
    assert_eq!(outcome.item()["identitySource"], "user");
    // A key that may sign elsewhere may not sign here.
    let outcome = place.json(ELSEWHERE).expect_verdict(1, "Rejected/UnknownKey");
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("signedBy other.gpg by scope \"elsewhere.example\""),
        "{message}"
    );
    // Outside all scopes.
    let outcome = place
        .json("unknown.example/a:1")
        .expect_verdict(1, "Rejected/PolicyRejected");
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("the default of policy policy.json has reject"),
        "{message}"
    );
    let text = place.run(&["--expected-identity", IDENTITY]).expect(0);
    assert!(text.stdout.starts_with(&format!("Verified: {IDENTITY}\n")), "{text:?}");
    assert!(
        text.words()
            .contains("policy scope \"registry.local:5000/foo\" of policy policy.json"),
        "{text:?}"
    );
    let text = place.run(&["--expected-identity", IDENTITY, "--explain"]).expect(0);
    for part in [
        &format!("Required of {IDENTITY} by scope \"registry.local:5000/foo\" of policy policy.json"),
        "1. signedBy key.gpg  pass  signed by Example Release",
    ] {
        assert!(text.stdout.contains(part), "{part}: {text:?}");
    }
}

#[test]
fn all_requirements_of_a_scope_must_be_met() {
    let place = Place::new();
    let both = json!({"registry.local:5000": [signed_by("key.gpg"), signed_by("other.gpg")]});
    place.scopes(&both);
    place.put(&place.object(&[IDENTITY], &[IDENTITY]));
    place.json(IDENTITY).expect_verdict(0, OK);
    for (own, others) in [(&[IDENTITY][..], &[][..]), (&[], &[IDENTITY]), (&[IDENTITY], &[OTHER])] {
        place.put(&place.object(own, others));
        let outcome = place.json(IDENTITY).expect_verdict(1, "Rejected/PolicyRejected");
        let message = outcome.item()["message"].as_str().unwrap().to_owned();
        assert!(
            message.contains("scope \"registry.local:5000\" of policy policy.json also requires signedBy"),
            "{message}"
        );
        let results = &outcome.item()["policy"][0]["requirements"];
        let results: Vec<&str> = (0..2).map(|n| results[n]["result"].as_str().unwrap()).collect();
        assert!(results.contains(&"pass") && results.contains(&"fail"), "{results:?}");
    }
    // What weakens nothing, and what forbids all.
    for (more, verdict) in [
        (accept(), OK),
        (reject(), "Rejected/PolicyRejected"),
        (
            json!({"type": "signedBaseLayer", "baseLayerIdentity": {"type": "matchExact"}}),
            "Rejected/PolicyRejected",
        ),
        (
            json!({"type": "signedBy", "keyType": "X509Certificates", "keyPath": "x"}),
            "Rejected/PolicyRejected",
        ),
        (
            json!({"type": "sigstoreSigned", "fulcio": {"caData": "YWJj", "oidcIssuer": "https://i.example",
                "subjectEmail": "a@example.com"}, "rekorPublicKeyData": "YWJj"}),
            "Unsupported/UnsupportedSignature",
        ),
        (
            json!({"type": "sigstoreSigned", "keyData": "YWJj", "rekorPublicKeyData": "YWJj"}),
            "Unsupported/UnsupportedSignature",
        ),
    ] {
        place.put(&place.object(&[IDENTITY], &[]));
        place.scopes(&json!({"": [signed_by("key.gpg"), more]}));
        let status = i32::from(verdict != OK);
        place.json(IDENTITY).expect_verdict(status, verdict);
    }
}

#[test]
fn allowed_is_not_verified_and_never_recorded() {
    let place = Place::new();
    let mut object = place.object(&[IDENTITY], &[]);
    super::sigstore::trusted(&mut object["signatures"][0], IDENTITY, &place.desk.key);
    place.put(&object);
    place.scopes(&json!({"": [accept()]}));
    let outcome = place
        .run(&["-o", "json", "--expected-identity", IDENTITY, "--confirm"])
        .expect_verdict(1, "Allowed/Allowed");
    let item = outcome.item();
    assert_eq!(item["matchedIdentities"], json!([]));
    assert_eq!(item["signatures"][0]["verdict"], "Allowed");
    let after = std::fs::read_to_string(place.desk.sandbox.path("image.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&after).unwrap(), object);
    place.put(&image(D1, &[]));
    place.json(IDENTITY).expect_verdict(1, "Allowed/Allowed");
    // Whatever is accepted must be the image that was asked for.
    let digest = format!("registry.local:5000/foo/bar@{D2}");
    place.json(&digest).expect_verdict(1, "Rejected/DigestMismatch");
    let text = place.run(&["--expected-identity", IDENTITY]).expect(1);
    assert!(
        text.words().starts_with("Allowed: accepted without a signature"),
        "{text:?}"
    );
}

#[test]
fn several_identities_are_judged_each_in_its_own_scope() {
    let place = Place::new();
    let cases = [
        (signed_by("other.gpg"), OK),
        (reject(), "Rejected/PolicyRejected"),
        (accept(), "Rejected/IdentityMismatch"),
    ];
    place.put(&place.object(&[], &[ELSEWHERE]));
    let identities = ["--expected-identity", IDENTITY, "--expected-identity", ELSEWHERE];
    let args = [&["-o", "json"][..], &identities].concat();
    for (elsewhere, verdict) in cases {
        let here = signed_by("other.gpg");
        place.scopes(&json!({"registry.local:5000": [here], "elsewhere.example": [elsewhere]}));
        let status = i32::from(verdict != OK);
        let outcome = place.run(&args).expect(status);
        let found = crate::verify::words(&outcome);
        // Of two rejections the first is told.
        assert!(
            found[0] == verdict || found[0] == "Rejected/IdentityMismatch",
            "{verdict}: {found:?}"
        );
    }
    // Keys of one scope do not help in another one.
    place.put(&place.object(&[ELSEWHERE], &[IDENTITY]));
    let scopes = json!({"registry.local:5000": [signed_by("key.gpg")], "elsewhere.example": [signed_by("other.gpg")]});
    place.scopes(&scopes);
    assert_eq!(place.run(&args).item()["verdict"], "Rejected");
    // Unsupported before Allowed.
    place.put(&image(D1, &[]));
    let pki = json!({"type": "sigstoreSigned", "pki": {"caRootsData": "YWJj", "subjectEmail": "a@example.com"}});
    place.scopes(&json!({"registry.local:5000": [accept()], "elsewhere.example": [pki]}));
    assert_eq!(place.run(&args).item()["verdict"], "Unsupported");
}

#[test]
fn the_record_names_the_scope() {
    let place = Place::new();
    place.put(&place.object(&[IDENTITY], &[]));
    let record = |verdict: &str| {
        let args = ["-o", "json", "--expected-identity", IDENTITY, "--confirm"];
        let status = i32::from(verdict != OK);
        place.run(&args).expect_verdict(status, verdict);
        let text = std::fs::read_to_string(place.desk.sandbox.path("image.json")).unwrap();
        let object: Value = serde_json::from_str(&text).unwrap();
        object["signatures"][0].clone()
    };
    place.scopes(&json!({"registry.local:5000": [signed_by("key.gpg")]}));
    let scope = "required by scope \"registry.local:5000\" of policy policy.json";
    let entry = record(OK);
    assert_eq!(entry["conditions"][0]["status"], "True");
    assert!(
        entry["conditions"][0]["message"].as_str().unwrap().contains(scope),
        "{entry}"
    );
    // Good by itself, but another requirement is not met.
    place.scopes(&json!({"registry.local:5000": [signed_by("key.gpg"), signed_by("other.gpg")]}));
    let entry = record("Rejected/PolicyRejected");
    assert_eq!(entry["conditions"][0]["status"], "False");
    assert_eq!(entry["conditions"][0]["reason"], "PolicyRejected");
    assert_eq!(entry["conditions"][1]["status"], "True");
    assert!(entry["issuedBy"].is_null());
    assert!(
        entry["conditions"][0]["message"].as_str().unwrap().contains(scope),
        "{entry}"
    );
    // What the policy rejects altogether is trusted no longer.
    place.scopes(&json!({"registry.local:5000": [signed_by("key.gpg")]}));
    record(OK);
    place.scopes(&json!({"registry.local:5000": [reject()]}));
    let entry = record("Rejected/PolicyRejected");
    assert_eq!(entry["conditions"][0]["status"], "False");
}

/// The verdict is said once, and a reference that is mistyped is told from one that is in the scope.
#[test]
fn text_says_which_scope_a_mistyped_reference_is_in() {
    let place = Place::new();
    place.put(&place.object(&[IDENTITY], &[]));
    let run = |default: &str, identity: &str| {
        let policy = json!({"default": [{"type": default}], "transports": {"docker": {"registry.local:5000": [signed_by("key.gpg")]}}});
        place.desk.put("policy.json", policy.to_string());
        let outcome = place.run(&["--expected-identity", identity]);
        outcome.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let mistyped = "registry.locl:5000/foo/bar:v1";
    let text = run("insecureAcceptAnything", mistyped);
    assert!(
        text.starts_with("Allowed: accepted without a signature: the default of policy policy.json"),
        "{text}"
    );
    assert!(text.contains(&format!("it applies to {mistyped}")), "{text}");
    assert!(!text.contains("Allowed: Allowed"), "{text}");
    let text = run("reject", mistyped);
    assert!(
        text.starts_with("Rejected: PolicyRejected: the default of policy policy.json has reject"),
        "{text}"
    );
    assert!(text.contains(&format!("it applies to {mistyped}")), "{text}");
    assert!(run("reject", IDENTITY).starts_with("Verified: "));
    // Without a signature the image is named all the same.
    place.desk.put("d/manifest.json", "{}");
    let args = [
        "verify",
        "--policy",
        "policy.json",
        "--expected-identity",
        IDENTITY,
        "dir:d",
    ];
    let outcome = place.desk.sandbox.run(args).expect(1);
    assert!(outcome.stdout.contains("\n  image      sha256:"), "{outcome:?}");
}

#[test]
fn many_images_each_in_its_scope() {
    let place = Place::new();
    let first = place.object(&[IDENTITY], &[]);
    let mut second = image(D2, &[&place.desk.signer.sign(&place.other, &payload(D2, ELSEWHERE))]);
    second["signatures"][0]["metadata"]["name"] = format!("{D2}@s1").into();
    place.put(&list(&[first, second]));
    place.scopes(&json!({
        "registry.local:5000": [signed_by("key.gpg")],
        "elsewhere.example": [signed_by("other.gpg")],
    }));
    let args = [format!("{D1}={IDENTITY}"), format!("{D2}={ELSEWHERE}")];
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = place.run(&[&["-o", "json"][..], &args].concat()).expect(0);
    assert_eq!(crate::verify::words(&outcome), [OK, OK]);
    let swapped = [format!("{D1}={ELSEWHERE}"), format!("{D2}={IDENTITY}")];
    let swapped: Vec<&str> = swapped.iter().map(String::as_str).collect();
    let outcome = place.run(&[&["-o", "json"][..], &swapped].concat()).expect(1);
    assert_eq!(
        crate::verify::words(&outcome),
        ["Rejected/UnknownKey", "Rejected/UnknownKey"]
    );
}
