// SPDX-License-Identifier: Apache-2.0
//! Several requirements of one scope: what is open leaves the image open, whatever else is missing.

use serde_json::{json, Value};

use crate::support::cosign::Cosign;
use crate::support::desk::Desk;
use crate::support::images::{image, D1};
use crate::support::program::Outcome;

const IDENTITY: &str = "registry.local:5000/foo/bar:v1";

/// An Image object alone: nobody is asked for sigstore signatures, which are in registries.
#[test]
fn a_requirement_that_is_missed_beside_one_that_is_open_rejects_nothing() {
    let desk = Desk::new();
    let other = desk.signer.simple_key("Other <other@example.com>");
    desk.signer.export(&[&other], &desk.sandbox.path("other.gpg"));
    desk.put("image.json", image(D1, &[&desk.sign(D1, IDENTITY)]).to_string());
    desk.put("cosign.pub", Cosign::new().pem());
    let signed_by = |file: &str| json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": file});
    let sigstore = json!({"type": "sigstoreSigned", "keyPath": "cosign.pub"});
    let run = |requirements: &[Value]| -> Outcome {
        desk.put("policy.json", json!({"default": requirements}).to_string());
        let args = [
            "verify",
            "-f",
            "image.json",
            "--expected-identity",
            IDENTITY,
            "--policy",
            "policy.json",
        ];
        desk.sandbox.run([&args[..], &["--confirm", "-o", "json"]].concat())
    };
    run(&[signed_by("key.gpg")]).expect_verdict(0, "Verified/Verified");
    let recorded = || {
        let text = std::fs::read_to_string(desk.sandbox.path("image.json")).unwrap();
        let object: Value = serde_json::from_str(&text).unwrap();
        object["signatures"][0]["conditions"][0].clone()
    };
    let before = recorded();
    assert_eq!(
        (&before["type"], &before["status"]),
        (&json!("Trusted"), &json!("True"))
    );
    for requirements in [
        vec![signed_by("key.gpg"), sigstore.clone()],
        vec![signed_by("key.gpg"), signed_by("other.gpg"), sigstore.clone()],
        vec![signed_by("other.gpg"), sigstore.clone(), signed_by("key.gpg")],
    ] {
        let outcome = run(&requirements).expect_verdict(3, "Unchecked/SourceUnavailable");
        assert_eq!(recorded(), before, "{outcome:?}");
    }
    // What no image has is missing whatever is found elsewhere.
    let refused = [signed_by("key.gpg"), sigstore, json!({"type": "reject"})];
    run(&refused).expect_verdict(1, "Rejected/PolicyRejected");
    // Nothing is open: both requirements were looked into.
    run(&[signed_by("key.gpg"), signed_by("other.gpg")]).expect_verdict(1, "Rejected/PolicyRejected");
    assert_eq!(recorded()["status"], "False");
}
