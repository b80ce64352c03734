// SPDX-License-Identifier: Apache-2.0
//! `--policy` and `--system-policy`: a policy decides by the expected identity which keys are accepted.

use std::os::unix::fs::symlink;

use serde_json::{json, Value};

use crate::support::cosign::Cosign;
use crate::support::desk::{IDENTITY, OTHER};
use crate::support::forge;
use crate::support::images::{image, list, payload, D1, D2};
use crate::verify::{Desk, Outcome};

const OK: &str = "Verified/Verified";
const ELSEWHERE: &str = "elsewhere.example/app:v1";

fn signed_by(file: &str) -> Value {
    json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": file})
}

fn accept() -> Value {
    json!({"type": "insecureAcceptAnything"})
}

fn reject() -> Value {
    json!({"type": "reject"})
}

/// A policy object of a cluster, for the scope that the images are in.
fn cluster_policy() -> Value {
    json!({
        "apiVersion": "config.openshift.io/v1",
        "kind": "ClusterImagePolicy",
        "metadata": {"name": "p"},
        "spec": Cosign::new().policy_spec(&["registry.local:5000/foo"]),
    })
}

/// A desk with the key in `key.gpg`, another one in `other.gpg`, and an object with these signatures.
struct Place {
    desk: Desk,
    other: String,
}

impl Place {
    fn new() -> Self {
        let desk = Desk::new();
        let other = desk.signer.simple_key("Other <other@example.com>");
        desk.signer.export(&[&other], &desk.sandbox.path("other.gpg"));
        Self { desk, other }
    }

    /// Signatures of D1 by the key and the other one, as these references.
    fn object(&self, own: &[&str], others: &[&str]) -> Value {
        let mut blobs: Vec<Vec<u8>> = own.iter().map(|reference| self.desk.sign(D1, reference)).collect();
        let by_other = |reference: &&str| self.desk.signer.sign(&self.other, &payload(D1, reference));
        blobs.extend(others.iter().map(by_other));
        let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
        image(D1, &blobs)
    }

    fn put(&self, object: &Value) {
        self.desk.put("image.json", object.to_string());
    }

    fn scopes(&self, scopes: &Value) {
        let policy = json!({"default": [reject()], "transports": {"docker": scopes}});
        self.desk.put("policy.json", policy.to_string());
    }

    fn run(&self, args: &[&str]) -> Outcome {
        let own = ["verify", "-f", "image.json", "--policy", "policy.json"];
        self.desk.sandbox.run([&own[..], args].concat())
    }

    fn json(&self, identity: &str) -> Outcome {
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
    for (elsewhere, verdict) in cases {
        let here = signed_by("other.gpg");
        place.scopes(&json!({"registry.local:5000": [here], "elsewhere.example": [elsewhere]}));
        let status = i32::from(verdict != OK);
        let args = [
            "-o",
            "json",
            "--expected-identity",
            IDENTITY,
            "--expected-identity",
            ELSEWHERE,
        ];
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
    let args = [
        "-o",
        "json",
        "--expected-identity",
        IDENTITY,
        "--expected-identity",
        ELSEWHERE,
    ];
    assert_eq!(place.run(&args).outcome_verdict(), "Rejected");
    // Unsupported before Allowed.
    place.put(&image(D1, &[]));
    let pki = json!({"type": "sigstoreSigned", "pki": {"caRootsData": "YWJj", "subjectEmail": "a@example.com"}});
    place.scopes(&json!({"registry.local:5000": [accept()], "elsewhere.example": [pki]}));
    assert_eq!(place.run(&args).outcome_verdict(), "Unsupported");
}

trait VerdictWord {
    fn outcome_verdict(&self) -> String;
}

impl VerdictWord for Outcome {
    fn outcome_verdict(&self) -> String {
        self.item()["verdict"].as_str().unwrap().to_owned()
    }
}

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
    let encoded = base64::engine::general_purpose::STANDARD.encode(key.certificate("A <a@example.com>"));
    place.scopes(&json!({"": [{"type": "signedBy", "keyType": "GPGKeys", "keyData": encoded}]}));
    place.json(IDENTITY).expect_verdict(0, OK);
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
    // One that is not there spoils no other scope, and is said.
    place.scopes(&json!({"registry.local:5000": of("a.gpg"), "elsewhere.example": of("away.gpg")}));
    let outcome = place.json(IDENTITY).expect_verdict(0, OK);
    assert!(outcome.stderr.contains("away.gpg"), "{outcome:?}");
    assert!(outcome.stderr.contains("do not count"), "{outcome:?}");
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

#[test]
fn trouble_with_one_requirement_leaves_the_image_open() {
    let place = Place::new();
    place.put(&place.object(&[IDENTITY], &[IDENTITY]));
    place.scopes(&json!({"": [signed_by("key.gpg"), signed_by("other.gpg")]}));
    let args = [
        "-f",
        "image.json",
        "--policy",
        "policy.json",
        "-o",
        "json",
        "--expected-identity",
        IDENTITY,
    ];
    let mut command = place.desk.sandbox.command();
    // A gpg that is not there.
    command.arg("verify").args(args).env("PATH", "/nonexistent");
    let outcome = place.desk.sandbox.finish(&mut command, b"");
    if outcome.status == 0 {
        return crate::support::skipped("trouble with gpg", "gpg is found whatever PATH says");
    }
    assert_eq!(outcome.expect(3).item()["reason"], "EngineFailed");
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
fn objects_of_openshift_are_a_policy_too() {
    let place = Place::new();
    place.put(&place.object(&[IDENTITY], &[]));
    let object = cluster_policy();
    place.desk.put("policy.json", object.to_string());
    place
        .json(IDENTITY)
        .expect_verdict(1, "Unsupported/UnsupportedSignature");
    let outcome = place.json(ELSEWHERE).expect_verdict(1, "Rejected/PolicyRejected");
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("no scope applies"), "{message}");
    // ImagePolicies are those of a namespace.
    let mut namespaced = object.clone();
    namespaced["kind"] = "ImagePolicy".into();
    namespaced["metadata"] = json!({"name": "q", "namespace": "team"});
    namespaced["spec"]["scopes"] = json!(["elsewhere.example"]);
    place.desk.put("policy.json", format!("{object}\n{namespaced}"));
    let outcome = place.json(ELSEWHERE).expect_verdict(1, "Rejected/PolicyRejected");
    assert!(
        outcome
            .stderr
            .contains("ImagePolicies count for the namespace of -n only"),
        "{outcome:?}"
    );
    let args = ["-o", "json", "--expected-identity", ELSEWHERE, "-n", "team"];
    let outcome = place.run(&args).expect_verdict(1, "Unsupported/UnsupportedSignature");
    assert_eq!(outcome.stderr, "");
}

/// `policy why` tells of them.
#[test]
fn mirror_sets_in_the_file_of_a_policy_are_said_not_to_be_used() {
    let place = Place::new();
    place.put(&place.object(&[IDENTITY], &[]));
    let object = cluster_policy();
    let mirrors = json!({
        "apiVersion": "config.openshift.io/v1",
        "kind": "ImageDigestMirrorSet",
        "metadata": {"name": "m"},
        "spec": {"imageDigestMirrors": [{"source": "registry.local:5000/foo", "mirrors": ["mirror.example/foo"]}]},
    });
    let told = "policy policy.json: its mirror sets are not used here: mirrors come from registries.conf, and with --registry-url auto from the cluster";
    // One after the other, and with separators, as -f reads them.
    for separator in ["\n", "\n---\n"] {
        place.desk.put("policy.json", format!("{object}{separator}{mirrors}\n"));
        let outcome = place
            .json(IDENTITY)
            .expect_verdict(1, "Unsupported/UnsupportedSignature");
        assert!(outcome.stderr.contains(told), "{separator:?}: {outcome:?}");
    }
    place.desk.put("policy.json", object.to_string());
    assert_eq!(place.json(IDENTITY).stderr, "");
}

/// podman and skopeo reject every image with such a key file: GnuPG finds no key behind a byte order mark, nor in UTF-16.
#[test]
fn key_files_that_other_readers_of_a_policy_do_not_take_are_refused() {
    let place = Place::new();
    place.put(&place.object(&[IDENTITY], &[]));
    let armored = place.desk.signer.gpg(&["--armor", "--export", &place.desk.key], b"");
    let armored = String::from_utf8(armored).unwrap();
    let marked = format!("\u{feff}{armored}").into_bytes();
    let utf16 = |to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        [0xfeff]
            .into_iter()
            .chain(armored.encode_utf16())
            .flat_map(to_bytes)
            .collect()
    };
    place.desk.put("key.asc", &armored);
    place.scopes(&json!({"registry.local:5000": [signed_by("key.asc")]}));
    place.json(IDENTITY).expect_verdict(0, OK);
    for (bytes, what) in [
        (marked, "it begins with a byte order mark"),
        (utf16(u16::to_le_bytes), "it is in UTF-16"),
        (utf16(u16::to_be_bytes), "it is in UTF-16"),
    ] {
        place.desk.put("key.asc", &bytes);
        place.scopes(&json!({"registry.local:5000": [signed_by("key.asc")]}));
        place
            .json(IDENTITY)
            .expect_usage(&format!("cannot use key file key.asc: {what}"));
        let data = crate::support::images::base64(&bytes);
        place.scopes(&json!({"registry.local:5000": [{"type": "signedBy", "keyType": "GPGKeys", "keyData": data}]}));
        place
            .json(IDENTITY)
            .expect_usage(&format!("cannot use key file keyData: {what}"));
        // Named by the user, it is read.
        let args = [
            "verify",
            "-f",
            "image.json",
            "--public-key",
            "key.asc",
            "--expected-identity",
            IDENTITY,
            "-o",
            "json",
        ];
        place.desk.sandbox.run(args).expect_verdict(0, OK);
    }
}

#[test]
fn mistakes_are_usage_errors() {
    let place = Place::new();
    place.put(&place.object(&[IDENTITY], &[]));
    place.scopes(&json!({"": [signed_by("key.gpg")]}));
    for option in [
        &["--public-key", "key.gpg"][..],
        &["--homedir", "x"],
        &["--trust-model", "always"],
        &["--signed-by", &place.desk.key],
        &["--sigstore-key", "x"],
        &["--require", "1"],
        &["--identity-match", "matchExact"],
    ] {
        let args = [&["--expected-identity", IDENTITY][..], option].concat();
        let message = format!("{} cannot be used with --policy", option[0]);
        place.run(&args).expect_usage(&message);
    }
    place
        .run(&["--expected-identity", IDENTITY, "--system-policy"])
        .expect_usage("--policy cannot be used with --system-policy");
    place.json(IDENTITY).expect(0);
    place.desk.put("empty.gpg", "");
    let large = format!("{}{}", "{\"default\": [{\"type\": \"reject\"}]}", " ".repeat(4 << 20));
    for (policy, parts) in [
        (
            "{\"default\": [\n  {\"type\": \"rejct\"}]}",
            &["policy policy.json: line 2, column", "did you mean \"reject\""][..],
        ),
        ("{}", &["line 1", "default"]),
        (
            "{\"default\": [{\"type\": \"reject\"}],\n \"default\": [{\"type\": \"reject\"}]}",
            &["policy policy.json: line 2, column 2: default: this member is repeated"],
        ),
        (
            "{\"default\": [{\"type\": \"reject\",\n  \"typ\": 1}]}",
            &["policy policy.json: line 2, column 3: default[0].typ: unknown member; did you mean \"type\"?"],
        ),
        (
            "{\"default\": [{\"type\": \"reject\"}],\n \"image-signature\": {}}",
            &["policy policy.json: line 2, column 2: [\"image-signature\"]: unknown member"],
        ),
        (
            "{\"default\": [{\"type\": \"signedBy\", \"keyType\": \"GPGKeys\",\n  \"keyPath\": 5}]}",
            &["policy policy.json: line 2, column 14: default[0].keyPath: expected a string, found a number"],
        ),
        (&large, &["policy policy.json has more than 4194304 bytes"]),
        ("", &["policy policy.json"]),
        (
            r#"{"default": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "absent.gpg"}]}"#,
            &["the default of policy policy.json, requirement 1 (line 1, column 57, default[0].keyPath): reading key file absent.gpg"],
        ),
        (
            r#"{"default": [{"type": "reject"}, {"type": "sigstoreSigned", "keyPath": "image.json"}]}"#,
            &["requirement 2 (line 1, column 61, default[1].keyPath): cannot use key file image.json"],
        ),
        (
            r#"{"default": [{"type": "signedBy", "keyType": "GPGKeys", "keyPaths": []}]}"#,
            &["requirement 1 (line 1, column 57, default[0].keyPaths): it names no key file"],
        ),
        (
            "{\"default\": [{\"type\": \"reject\"}], \"transports\": {\"docker\": {\n\"registry.local:5000\": [{\"type\": \"signedBy\", \"keyType\": \"GPGKeys\", \"keyPaths\": [\"key.gpg\",\n  \"absent.gpg\"]}]}}}",
            &["scope \"registry.local:5000\" of policy policy.json, requirement 1 (line 3, column 3, transports.docker[\"registry.local:5000\"][0].keyPaths[1]): reading key file absent.gpg"],
        ),
        (
            // GnuPG has to be asked.
            "{\"default\": [\n {\"type\": \"signedBy\", \"keyType\": \"GPGKeys\", \"keyPath\": \"empty.gpg\"}]}",
            &["requirement 1 (line 2, column "],
        ),
    ] {
        place.desk.put("policy.json", policy);
        for part in parts {
            place.json(IDENTITY).expect_usage(part);
        }
    }
    // What is wrong in a scope that nobody asks for is nobody's business now.
    let policy = json!({"default": [signed_by("absent.gpg")], "transports": {"docker": {"registry.local:5000": [signed_by("key.gpg")]}}});
    place.desk.put("policy.json", policy.to_string());
    place.json(IDENTITY).expect_verdict(0, OK);
    std::fs::remove_file(place.desk.sandbox.path("policy.json")).unwrap();
    place.json(IDENTITY).expect_usage("reading policy policy.json");
}

#[test]
fn the_policy_of_this_machine() {
    let place = Place::new();
    place.put(&place.object(&[IDENTITY], &[]));
    let key = place.desk.key_file.to_str().unwrap();
    let run = |set: &[(&str, &str)]| {
        let mut command = place.desk.sandbox.command();
        command.args([
            "verify",
            "-f",
            "image.json",
            "-o",
            "json",
            "--system-policy",
            "--expected-identity",
            IDENTITY,
        ]);
        command.envs(set.iter().copied());
        place.desk.sandbox.finish(&mut command, b"")
    };
    let good = json!({"default": [signed_by(key)]}).to_string();
    let own = place.desk.put("home/.config/containers/policy.json", &good);
    run(&[]).expect_verdict(0, OK);
    let named = place.desk.put("named.json", json!({"default": [reject()]}).to_string());
    run(&[("CONTAINERS_POLICY_JSON", named.to_str().unwrap())]).expect_verdict(1, "Rejected/PolicyRejected");
    let xdg = place.desk.sandbox.path("xdg");
    place
        .desk
        .put("xdg/containers/policy.json", json!({"default": [accept()]}).to_string());
    run(&[("XDG_CONFIG_HOME", xdg.to_str().unwrap())]).expect_verdict(1, "Allowed/Allowed");
    // One that is there and cannot be read is never passed over.
    std::fs::remove_file(&own).unwrap();
    symlink(place.desk.sandbox.path("home"), &own).unwrap();
    run(&[]).expect_usage("policy.json");
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
