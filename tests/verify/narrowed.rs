// SPDX-License-Identifier: Apache-2.0
//! `--signature` leaves out signatures that the image needs: that takes no record of a good one back.

use serde_json::{json, Value};

use super::policy::{reject, signed_by, Place};
use super::sigstore::trusted;
use crate::support::desk::IDENTITY;

const ONE: [&str; 2] = ["--signature", "s1"];

/// A place with a signature by each of two keys, both recorded as trusted, and the object.
fn recorded() -> (Place, Value) {
    let place = Place::new();
    let mut object = place.object(&[IDENTITY], &[IDENTITY]);
    trusted(&mut object["signatures"][0], IDENTITY, &place.desk.key);
    trusted(&mut object["signatures"][1], IDENTITY, &place.other);
    place.put(&object);
    (place, object)
}

fn stored(place: &Place) -> Value {
    let text = std::fs::read_to_string(place.desk.sandbox.path("image.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn confirm(place: &Place, more: &[&str]) -> crate::verify::Outcome {
    let own = ["--confirm", "-o", "json", "--expected-identity", IDENTITY];
    place.run(&[&own[..], more].concat())
}

#[test]
fn a_record_is_not_taken_back_for_want_of_a_signature_that_was_left_out() {
    let (place, before) = recorded();
    place.scopes(&json!({"": [signed_by("key.gpg"), signed_by("other.gpg")]}));
    let outcome = confirm(&place, &ONE).expect_verdict(1, "Rejected/PolicyRejected");
    assert_eq!(stored(&place), before, "{outcome:#?}");
    assert_eq!(outcome.item()["signatures"][0]["recorded"], "unchanged");
    let said = "kept as it is recorded: the signature is good, and --signature leaves out others";
    assert!(outcome.stderr.contains(said), "{outcome:#?}");
    // By a number of keys, too.
    let both = [place.desk.key.as_str(), &place.other];
    let file = place.desk.signer.export(&both, &place.desk.sandbox.path("both.gpg"));
    let keys = ["--require", "2", "--public-key", file.to_str().unwrap()];
    let own = [
        "verify",
        "-f",
        "image.json",
        "--confirm",
        "-o",
        "json",
        "--expected-identity",
        IDENTITY,
    ];
    let outcome = place.desk.sandbox.run([&own[..], &keys, &ONE].concat());
    outcome.expect_verdict(1, "Rejected/ThresholdNotReached");
    assert_eq!(stored(&place), before);
    // Both are asked for.
    let two = [&ONE[..], &["--signature", "s2"]].concat();
    confirm(&place, &two).expect_verdict(0, "Verified/Verified");
    assert_eq!(stored(&place)["signatures"][0]["conditions"][0]["status"], "True");
}

#[test]
fn what_no_other_signature_can_mend_is_taken_back() {
    for (requirements, reason) in [
        (json!([signed_by("other.gpg")]), "UnknownKey"),
        (json!([signed_by("key.gpg"), reject()]), "PolicyRejected"),
    ] {
        let (place, before) = recorded();
        place.scopes(&json!({"": requirements}));
        let outcome = confirm(&place, &ONE).expect(1);
        let after = stored(&place);
        let record = &after["signatures"][0]["conditions"][0];
        assert_eq!(
            (&record["status"], &record["reason"]),
            (&json!("False"), &json!(reason)),
            "{outcome:#?}"
        );
        assert_eq!(after["signatures"][1], before["signatures"][1]);
    }
    // Nothing is left out.
    let (place, mut alone) = recorded();
    alone["signatures"].as_array_mut().unwrap().truncate(1);
    place.put(&alone);
    place.scopes(&json!({"": [signed_by("key.gpg"), signed_by("other.gpg")]}));
    confirm(&place, &ONE).expect_verdict(1, "Rejected/PolicyRejected");
    assert_eq!(stored(&place)["signatures"][0]["conditions"][0]["status"], "False");
}
