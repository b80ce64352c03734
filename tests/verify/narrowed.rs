// SPDX-License-Identifier: Apache-2.0
//! `--signature` leaves out signatures that the image may need: that takes no record of a good one back, if they may be all
//! that is missing for what the record is of.

use serde_json::{json, Value};

use super::policy::{reject, signed_by, Place, ELSEWHERE};
use super::sigstore::trusted;
use crate::support::desk::{IDENTITY, OTHER};
use crate::support::images::{image, payload, D1, D2};

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

/// Records what becomes of the one signature where the image is refused.
fn refused(place: &Place, expected: &str, args: &[&str]) -> crate::verify::Outcome {
    let own = [
        "verify",
        "-f",
        "image.json",
        "--confirm",
        "--expected-identity",
        expected,
    ];
    place.desk.sandbox.run([&own[..], args, &ONE].concat()).expect(1)
}

#[test]
fn a_record_is_not_taken_back_for_want_of_a_signature_that_was_left_out() {
    let (place, before) = recorded();
    place.scopes(&json!({"": [signed_by("key.gpg"), signed_by("other.gpg")]}));
    let outcome = confirm(&place, &ONE).expect_verdict(1, "Rejected/PolicyRejected");
    assert_eq!(stored(&place), before, "{outcome:#?}");
    assert_eq!(outcome.item()["signatures"][0]["recorded"], "kept");
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
fn nothing_is_recorded_of_one_for_want_of_a_signature_that_was_left_out() {
    let place = Place::new();
    let object = place.object(&[IDENTITY], &[IDENTITY]);
    place.put(&object);
    place.scopes(&json!({"": [signed_by("key.gpg"), signed_by("other.gpg")]}));
    let outcome = confirm(&place, &ONE).expect_verdict(1, "Rejected/PolicyRejected");
    assert_eq!(stored(&place), object, "{outcome:#?}");
    assert_eq!(outcome.item()["signatures"][0]["recorded"], "no");
    let said = "not recorded: the signature is good, and --signature leaves out others";
    assert!(outcome.stderr.contains(said), "{outcome:#?}");
}

/// The object's first signature is recorded for [`ELSEWHERE`], and lacks the second one for [`IDENTITY`].
#[test]
fn a_record_is_kept_only_for_what_it_is_of() {
    let any = json!({"type": "exactReference", "dockerReference": IDENTITY});
    let as_other = |file: &str| {
        let mut requirement = signed_by(file);
        requirement["signedIdentity"] = any.clone();
        requirement
    };
    for (elsewhere, is_kept) in [
        (json!([reject()]), false),
        (json!([as_other("other.gpg")]), false),
        (json!([as_other("key.gpg"), reject()]), false),
        (json!([as_other("key.gpg"), as_other("other.gpg")]), true),
    ] {
        let (place, mut before) = recorded();
        let message = format!("verified by alice: signed; expected as {ELSEWHERE}");
        before["signatures"][0]["conditions"][0]["message"] = message.into();
        let both = [signed_by("key.gpg"), signed_by("other.gpg")];
        place.scopes(&json!({"registry.local:5000": both, "elsewhere.example": elsewhere}));
        // With what the record is of, and without it: then the image may be Verified by both for what is expected.
        let here = ["--expected-identity", ELSEWHERE];
        for (expected, is_kept) in [(&here[..], is_kept), (&[], true)] {
            place.put(&before);
            let outcome = confirm(&place, &[&ONE[..], expected].concat()).expect(1);
            let after = stored(&place);
            assert_eq!(after == before, is_kept, "{elsewhere} {expected:?} {outcome:#?}");
            let status = &after["signatures"][0]["conditions"][0]["status"];
            assert_eq!(status, if is_kept { "True" } else { "False" }, "{outcome:#?}");
        }
    }
}

/// What the record is of is not expected now, and lacks only the second signature.
#[test]
fn a_record_is_kept_where_the_image_is_asked_for_by_another_name() {
    let (place, before) = recorded();
    let repository = IDENTITY.rsplit_once(':').unwrap().0;
    let image = before["metadata"]["name"].as_str().unwrap().to_owned();
    let by_digest = format!("{repository}@{image}");
    let both = [place.desk.key.as_str(), &place.other];
    place.desk.signer.export(&both, &place.desk.sandbox.path("both.gpg"));
    place.scopes(&json!({"": [signed_by("key.gpg"), signed_by("other.gpg")]}));
    let mut named = before.clone();
    let message = format!("verified by alice: signed; expected as {IDENTITY}");
    named["signatures"][0]["conditions"][0]["message"] = message.into();
    let keys = ["--require", "2", "--public-key", "both.gpg"];
    for args in [&["--policy", "policy.json"][..], &keys] {
        for object in [&before, &named] {
            place.put(object);
            let outcome = refused(&place, &by_digest, args);
            assert_eq!(&stored(&place), object, "{args:?} {outcome:#?}");
        }
    }
}

/// Of two names, the one that the image is asked for does not hold any more; nobody has judged the other one.
#[test]
fn a_record_of_several_names_is_kept_where_not_all_of_them_are_judged() {
    let (place, mut before) = recorded();
    let message = format!("verified by alice: signed; expected as {IDENTITY}, {ELSEWHERE}");
    before["signatures"][0]["conditions"][0]["message"] = message.into();
    let both = [signed_by("key.gpg"), signed_by("other.gpg")];
    place.scopes(&json!({"registry.local:5000": both, "elsewhere.example": [reject()]}));
    let repository = IDENTITY.rsplit_once(':').unwrap().0;
    let by_digest = format!("{repository}@{}", before["metadata"]["name"].as_str().unwrap());
    let more = ["--policy", "policy.json", "--expected-identity", &by_digest];
    place.put(&before);
    let outcome = refused(&place, ELSEWHERE, &more);
    assert_eq!(stored(&place), before, "{outcome:#?}");
    // Both are judged, and one of them needs no more than what is left out.
    let outcome = refused(
        &place,
        ELSEWHERE,
        &[&more[..], &["--expected-identity", IDENTITY]].concat(),
    );
    assert_eq!(stored(&place), before, "{outcome:#?}");
    // Both are judged, and no other signature helps.
    place.scopes(&json!({"registry.local:5000": [reject()], "elsewhere.example": [reject()], "": both}));
    refused(
        &place,
        ELSEWHERE,
        &[&more[..], &["--expected-identity", IDENTITY]].concat(),
    );
    assert_eq!(stored(&place)["signatures"][0]["conditions"][0]["status"], "False");
}

#[test]
fn what_can_never_count_or_is_too_little_keeps_no_record() {
    let (place, before) = recorded();
    let both = [place.desk.key.as_str(), &place.other];
    place.desk.signer.export(&both, &place.desk.sandbox.path("both.gpg"));
    let taken_back = |args: &[&str], object: &Value| {
        place.put(object);
        let outcome = refused(&place, IDENTITY, args);
        let status = &stored(&place)["signatures"][0]["conditions"][0]["status"];
        assert_eq!(status, "False", "{outcome:#?}");
    };
    taken_back(&["--require", "3", "--public-key", "both.gpg"], &before);
    let two = json!([signed_by("key.gpg"), signed_by("other.gpg")]);
    place.scopes(&json!({"": two}));
    for (kind, content) in [("atomic", "anVuaw=="), ("x.example/other", "anVuaw==")] {
        let mut junk = before.clone();
        junk["signatures"][1]["type"] = kind.into();
        junk["signatures"][1]["content"] = content.into();
        taken_back(&["--policy", "policy.json"], &junk);
    }
}

/// Whoever may create ImageSignatures puts such signatures there, for any image: what they say of their keys decides.
#[test]
fn only_a_left_out_signature_that_names_a_missing_key_keeps_a_record() {
    let (place, before) = recorded();
    let signer = &place.desk.signer;
    let keys = ["Third <third@example.com>", "Stranger <stranger@example.com>"].map(|own| signer.simple_key(own));
    let [third, stranger] = &keys;
    signer.export(&[third], &place.desk.sandbox.path("third.gpg"));
    let all = [place.desk.key.as_str(), &place.other, third];
    signer.export(&all, &place.desk.sandbox.path("all.gpg"));
    let of_another_image = payload(D2, OTHER);
    let files = ["key.gpg", "other.gpg", "third.gpg"];
    let scoped = |count: usize| {
        let requirements: Vec<Value> = files[..count].iter().map(|own| signed_by(own)).collect();
        place.scopes(&json!({"": requirements}));
    };
    let (own, other) = (place.desk.key.as_str(), place.other.as_str());
    let home = signer.home().to_str().unwrap();
    for (needed, left_out, is_kept) in [
        (2, &[stranger.as_str()][..], false),
        (2, &[own, own], false),
        (2, &[stranger, other], true),
        (3, &[other], false),
        (3, &[other, other, stranger], false),
        (3, &[third, other], true),
    ] {
        let mut blobs = vec![place.desk.sign(D1, IDENTITY)];
        blobs.extend(left_out.iter().map(|key| signer.sign(key, &of_another_image)));
        let mut object = image(D1, &blobs.iter().map(Vec::as_slice).collect::<Vec<_>>());
        object["signatures"][0] = before["signatures"][0].clone();
        scoped(needed);
        let needed = needed.to_string();
        let named: Vec<&str> = all.iter().flat_map(|key| ["--signed-by", key]).collect();
        let by_home = [&["--require", &needed, "--homedir", home][..], &named].concat();
        for args in [
            &["--policy", "policy.json"][..],
            &["--require", &needed, "--public-key", "all.gpg"],
            &by_home,
        ] {
            place.put(&object);
            let outcome = refused(&place, IDENTITY, args);
            let is_untouched = stored(&place) == object;
            assert_eq!(is_untouched, is_kept, "{args:?} {left_out:?} {outcome:#?}");
            let status = &stored(&place)["signatures"][0]["conditions"][0]["status"];
            assert_eq!(status, if is_kept { "True" } else { "False" }, "{outcome:#?}");
            assert_eq!(outcome.stderr.contains("that the image may need"), is_kept);
        }
    }
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
