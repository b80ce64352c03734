// SPDX-License-Identifier: Apache-2.0
//! Every row of the table in docs/contract.md 5.

use serde_json::{json, Value};

use crate::record::{conditions, facts, record_trusted, Desk, Records, IDENTITY, LONG_AGO, OTHER};
use crate::support::calls::verify_image_json;
use crate::support::gpg::Signer;
use crate::support::images::{base64, image, payload, D1, D2};
use crate::support::program::word;

const ALL_FACTS: [&str; 5] = ["imageIdentity", "signedClaims", "created", "issuedBy", "issuedTo"];

/// Trusted is taken back for a reason that says nothing of the image, and nothing is claimed any more.
#[track_caller]
fn assert_lost(entry: &Value, reason: &str) {
    let expected = [
        format!("Trusted=False({reason})"),
        format!("ForImage=Unknown({reason})"),
    ];
    assert_eq!(conditions(entry), expected);
    assert!(facts(entry).is_empty(), "{entry}");
}

#[test]
fn verified_of_a_verified_image_sets_everything() {
    let desk = Desk::new();
    let entry = desk.record(&desk.signed(), &[], 0);
    assert_eq!(
        conditions(&entry),
        ["Trusted=True(Verified)", "ForImage=True(Verified)"]
    );
    assert_eq!(facts(&entry), ALL_FACTS);
}

#[test]
fn verified_of_an_image_below_the_threshold_is_not_trusted() {
    let desk = Desk::new();
    let mut before = desk.signed();
    record_trusted(&mut before["signatures"][0], IDENTITY, &desk.key);
    let entry = desk.record(&before, &["--require", "2"], 1);
    assert_eq!(
        conditions(&entry),
        [
            "Trusted=False(ThresholdNotReached)",
            "ForImage=True(ThresholdNotReached)"
        ]
    );
    assert!(facts(&entry).is_empty(), "{entry}");
}

#[test]
fn rejected_before_the_digest_leaves_for_image_unknown() {
    let desk = Desk::new();
    let stranger = Signer::new();
    let key = stranger.simple_key("Stranger <s@example.com>");
    let mut before = image(D1, &[&stranger.sign(&key, &payload(D1, IDENTITY))]);
    record_trusted(&mut before["signatures"][0], IDENTITY, &key);
    let entry = desk.record(&before, &[], 1);
    assert_eq!(
        conditions(&entry),
        ["Trusted=False(UnknownKey)", "ForImage=Unknown(UnknownKey)"]
    );
    assert!(facts(&entry).is_empty(), "{entry}");
}

#[test]
fn rejected_for_the_key_leaves_for_image_unknown() {
    for (state, reason) in [("revoked", "KeyRevoked"), ("expired", "KeyExpired")] {
        let desk = Desk::new();
        let mut before = desk.signed();
        if state == "revoked" {
            // The certificate that gpg made with the key; the colon keeps it from being used by mistake.
            let certificate = desk.signer.home().join(format!("openpgp-revocs.d/{}.rev", desk.key));
            let certificate = std::fs::read_to_string(certificate).unwrap().replace("\n:---", "\n---");
            desk.signer.gpg(&["--import"], certificate.as_bytes());
        } else {
            desk.signer.gpg(&["--quick-set-expire", &desk.key, "seconds=1"], b"");
            std::thread::sleep(std::time::Duration::from_millis(2100));
        }
        desk.signer.export(&[&desk.key], &desk.key_file);
        record_trusted(&mut before["signatures"][0], IDENTITY, &desk.key);
        let entry = desk.record(&before, &[], 1);
        assert_lost(&entry, reason);
    }
}

#[test]
fn a_malformed_payload_leaves_for_image_unknown() {
    let desk = Desk::new();
    let mut before = image(D1, &[&desk.signer.sign(&desk.key, b"{}")]);
    record_trusted(&mut before["signatures"][0], IDENTITY, &desk.key);
    let entry = desk.record(&before, &[], 1);
    assert_eq!(
        conditions(&entry),
        ["Trusted=False(MalformedPayload)", "ForImage=Unknown(MalformedPayload)"]
    );
}

#[test]
fn rejected_by_the_digest_is_not_for_the_image() {
    let desk = Desk::new();
    let mut before = image(D1, &[&desk.sign(D2, IDENTITY)]);
    record_trusted(&mut before["signatures"][0], IDENTITY, &desk.key);
    let entry = desk.record(&before, &[], 1);
    assert_eq!(
        conditions(&entry),
        ["Trusted=False(DigestMismatch)", "ForImage=False(DigestMismatch)"]
    );
    assert!(facts(&entry).is_empty(), "{entry}");
}

#[test]
fn rejected_by_the_identity_is_for_the_image() {
    let desk = Desk::new();
    let entry = desk.record(&image(D1, &[&desk.sign(D1, OTHER)]), &[], 1);
    assert_eq!(
        conditions(&entry),
        ["Trusted=False(IdentityMismatch)", "ForImage=True(IdentityMismatch)"]
    );
    assert!(facts(&entry).is_empty(), "{entry}");
}

#[test]
fn rejected_by_the_identity_keeps_what_was_recorded_for_another_identity() {
    let desk = Desk::new();
    let mut before = image(D1, &[&desk.sign(D1, OTHER)]);
    record_trusted(&mut before["signatures"][0], OTHER, &desk.key);
    desk.store(&before);
    let outcome = desk.verify(&["--confirm", "-o", "json"]).expect(1);
    assert_eq!(outcome.item()["signatures"][0]["recorded"], "kept");
    assert_eq!(outcome.item()["recorded"], "unchanged");
    assert_eq!(desk.read(), before);
}

#[test]
fn a_record_for_an_identity_that_is_not_the_signed_one_is_not_kept() {
    let desk = Desk::new();
    let mut before = image(D1, &[&desk.sign(D1, OTHER)]);
    record_trusted(&mut before["signatures"][0], IDENTITY, &desk.key);
    let entry = desk.record(&before, &[], 1);
    assert_eq!(conditions(&entry)[0], "Trusted=False(IdentityMismatch)");
    assert!(facts(&entry).is_empty(), "{entry}");
}

#[test]
fn a_record_that_names_another_key_is_not_kept() {
    let desk = Desk::new();
    let mut before = image(D1, &[&desk.sign(D1, OTHER)]);
    record_trusted(&mut before["signatures"][0], OTHER, &"A".repeat(40));
    let entry = desk.record(&before, &[], 1);
    assert_eq!(conditions(&entry)[0], "Trusted=False(IdentityMismatch)");
}

#[test]
fn a_record_that_is_not_true_is_not_kept() {
    let desk = Desk::new();
    let mut before = image(D1, &[&desk.sign(D1, OTHER)]);
    record_trusted(&mut before["signatures"][0], OTHER, &desk.key);
    before["signatures"][0]["conditions"][0]["status"] = "False".into();
    let entry = desk.record(&before, &[], 1);
    assert_eq!(conditions(&entry)[0], "Trusted=False(IdentityMismatch)");
    assert!(facts(&entry).is_empty(), "{entry}");
}

/// A record is kept only where both conditions of the latest of its twins are true.
#[test]
fn a_record_that_is_not_true_for_the_image_is_not_kept() {
    let desk = Desk::new();
    for status in ["False", "Unknown"] {
        let mut before = image(D1, &[&desk.sign(D1, OTHER)]);
        record_trusted(&mut before["signatures"][0], OTHER, &desk.key);
        before["signatures"][0]["conditions"][1]["status"] = status.into();
        let entry = desk.record(&before, &[], 1);
        assert_eq!(
            conditions(&entry),
            ["Trusted=False(IdentityMismatch)", "ForImage=True(IdentityMismatch)"]
        );
        assert!(facts(&entry).is_empty(), "{entry}");
    }
}

#[test]
fn of_twins_in_a_record_the_latest_decides_whether_it_is_kept() {
    let desk = Desk::new();
    let newer = "2026-02-01T00:00:00Z";
    for kind in [0, 1] {
        for (status, time, order, kept) in [
            ("False", newer, "last", false),
            ("False", newer, "first", false),
            ("False", "2025-01-01T00:00:00Z", "last", true),
            // Of two at one time it is the last.
            ("False", LONG_AGO, "last", false),
            ("False", LONG_AGO, "first", true),
            // The same time in another spelling, and an earlier one that looks later.
            ("False", "2026-01-01T02:00:00+02:00", "last", false),
            ("False", "2026-01-01T01:00:00+02:00", "last", true),
            ("False", "not a time", "last", true),
        ] {
            let mut before = image(D1, &[&desk.sign(D1, OTHER)]);
            let entry = &mut before["signatures"][0];
            record_trusted(entry, OTHER, &desk.key);
            let mut twin = entry["conditions"][kind].clone();
            twin["status"] = status.into();
            twin["lastProbeTime"] = time.into();
            let place = if order == "last" { kind + 1 } else { kind };
            entry["conditions"].as_array_mut().unwrap().insert(place, twin);
            desk.store(&before);
            desk.verify(&["--confirm"]).expect(1);
            let is_kept = desk.read() == before;
            assert_eq!(is_kept, kept, "{kind} {status} {time} {order}");
        }
    }
}

#[test]
fn of_twins_in_a_record_the_latest_decides_what_an_uncheckable_signature_loses() {
    let desk = Desk::new();
    let (blob, reason) = uncheckable(&desk).remove(1);
    for (time, expected) in [("2026-02-01T00:00:00Z", "KeyRevoked"), ("2025-01-01T00:00:00Z", reason)] {
        let mut before = image(D1, &[&blob]);
        let entry = &mut before["signatures"][0];
        record_trusted(entry, IDENTITY, &desk.key);
        let mut twin = entry["conditions"][0].clone();
        twin["status"] = "False".into();
        twin["reason"] = "KeyRevoked".into();
        twin["lastProbeTime"] = time.into();
        entry["conditions"].as_array_mut().unwrap().insert(1, twin);
        desk.store(&before);
        desk.verify(&["--confirm"]).expect(1);
        let entry = &desk.read()["signatures"][0];
        assert_eq!(
            conditions(entry),
            [
                format!("Trusted=False({expected})"),
                format!("ForImage=Unknown({reason})")
            ]
        );
    }
}

/// The server takes any time of the calendar, so that a record of the last day of it is the latest.
#[test]
fn a_record_dated_to_the_end_of_the_calendar_is_the_latest_and_is_taken_back() {
    let desk = Desk::new();
    let (blob, reason) = uncheckable(&desk).remove(1);
    let mut before = image(D1, &[&blob]);
    let entry = &mut before["signatures"][0];
    record_trusted(entry, IDENTITY, &desk.key);
    let mut twin = entry["conditions"][0].clone();
    twin["status"] = "False".into();
    let conditions_of = entry["conditions"].as_array_mut().unwrap();
    conditions_of[0]["lastProbeTime"] = "9999-12-31T23:59:59Z".into();
    conditions_of.push(twin);
    let entry = desk.record(&before, &[], 1);
    assert_eq!(
        conditions(&entry),
        [
            format!("Trusted=False({reason})"),
            format!("ForImage=Unknown({reason})")
        ]
    );
}

/// What this build cannot check, each as a blob and the reason.
fn uncheckable(desk: &Desk) -> Vec<(Vec<u8>, &'static str)> {
    let good = desk.sign(D1, IDENTITY);
    vec![
        (desk.signer.gpg(&["--enarmor"], &good), "NotASignature"),
        (
            desk.signer.sign_with(&desk.key, &["--armor"], &payload(D1, IDENTITY)),
            "UnsupportedSignature",
        ),
        (vec![0x90; (1 << 20) + 1], "LimitExceeded"),
    ]
}

#[test]
fn what_cannot_be_checked_loses_an_old_trusted() {
    let desk = Desk::new();
    for (blob, reason) in uncheckable(&desk).into_iter().skip(1) {
        let mut before = image(D1, &[&blob]);
        record_trusted(&mut before["signatures"][0], IDENTITY, &desk.key);
        let entry = desk.record(&before, &[], 1);
        assert_lost(&entry, reason);
    }
}

#[test]
fn what_cannot_be_checked_and_was_never_trusted_is_untouched() {
    let desk = Desk::new();
    for (blob, _) in uncheckable(&desk).into_iter().skip(1) {
        let before = image(D1, &[&blob]);
        desk.record(&before, &[], 1);
        assert_eq!(desk.read(), before);
    }
}

#[test]
fn what_cannot_be_checked_keeps_an_old_rejection_and_no_longer_speaks_of_the_image() {
    let desk = Desk::new();
    let (blob, reason) = uncheckable(&desk).remove(1);
    let mut before = image(D1, &[&blob]);
    record_trusted(&mut before["signatures"][0], IDENTITY, &desk.key);
    before["signatures"][0]["conditions"][0]["status"] = "False".into();
    before["signatures"][0]["conditions"][0]["reason"] = "KeyRevoked".into();
    let entry = desk.record(&before, &[], 1);
    assert_eq!(
        conditions(&entry),
        [
            "Trusted=False(KeyRevoked)".to_owned(),
            format!("ForImage=Unknown({reason})")
        ]
    );
    assert_eq!(entry["conditions"][0]["lastProbeTime"], LONG_AGO);
    assert_eq!(entry["conditions"][1]["lastProbeTime"], LONG_AGO);
    let message = entry["conditions"][1]["message"].as_str().unwrap();
    assert!(
        message.starts_with("rejected by ") && message.contains(IDENTITY),
        "{message}"
    );
    assert!(facts(&entry).is_empty(), "{entry}");
}

#[test]
fn a_damaged_entry_loses_an_old_trusted() {
    let desk = Desk::new();
    let mut before = desk.signed();
    record_trusted(&mut before["signatures"][0], IDENTITY, &desk.key);
    before["signatures"][0]["content"] = "not base64!".into();
    desk.store(&before);
    let outcome = desk.verify(&["--confirm", "-o", "json"]);
    assert_eq!(word(&outcome.item()["signatures"][0]), "Rejected/MalformedImage");
    let entry = &desk.read()["signatures"][0];
    assert_eq!(
        conditions(entry),
        ["Trusted=False(MalformedImage)", "ForImage=Unknown(MalformedImage)"]
    );
    assert!(facts(entry).is_empty(), "{entry}");
    assert_eq!(entry["content"], "not base64!");
}

#[test]
fn passing_trouble_leaves_the_record_alone() {
    let desk = Desk::new();
    let mut before = desk.signed();
    record_trusted(&mut before["signatures"][0], IDENTITY, &desk.key);
    desk.store(&before);
    // No GnuPG home: nothing can be said about the key.
    let args = [&verify_image_json(IDENTITY)[..], &["--confirm"]].concat();
    let outcome = desk.sandbox.run(args).expect_verdict(3, "Unchecked/EngineFailed");
    assert_eq!(outcome.item()["recorded"], "no");
    assert_eq!(outcome.item()["signatures"][0]["recorded"], "no");
    assert_eq!(desk.read(), before);
}

#[test]
fn an_unsigned_image_has_nothing_to_record() {
    let desk = Desk::new();
    let before = image(D1, &[]);
    desk.store(&before);
    let outcome = desk
        .verify(&["--confirm", "-o", "json"])
        .expect_verdict(1, "Unsigned/NoSignature");
    assert_eq!(outcome.item()["recorded"], "no");
    assert_eq!(desk.read(), before);
}

#[test]
fn remove_forgets_and_keeps_the_signature() {
    let desk = Desk::new();
    let clean = desk.signed();
    let mut before = clean.clone();
    record_trusted(&mut before["signatures"][0], IDENTITY, &desk.key);
    desk.store(&before);
    desk.sandbox.run(["remove", "-f", "image.json", "--confirm"]).expect(0);
    assert_eq!(desk.read(), clean);
}

#[test]
fn an_image_that_is_not_the_one_asked_for_is_not_recorded() {
    let desk = Desk::new();
    let before = desk.signed();
    desk.store(&before);
    let outcome = desk
        .verify(&["--confirm", "--expected-digest", D2, "-o", "json", D1])
        .expect_verdict(1, "Rejected/DigestMismatch");
    assert_eq!(outcome.item()["recorded"], "no");
    assert_eq!(desk.read(), before);
}

#[test]
fn a_digest_in_the_expected_identity_that_is_not_the_images_is_not_trusted() {
    let desk = Desk::new();
    let mut before = desk.signed();
    record_trusted(
        &mut before["signatures"][0],
        "registry.local:5000/foo/bar:old",
        &desk.key,
    );
    desk.store(&before);
    let identity = format!("registry.local:5000/foo/bar@{D2}");
    let outcome = desk
        .verify_as(&["--expected-identity", &identity], &["--confirm", "-o", "json"])
        .expect(1);
    assert_eq!(outcome.item()["verdict"], "Rejected");
    let entry = &desk.read()["signatures"][0];
    assert!(conditions(entry)[0].starts_with("Trusted=False("), "{entry}");
    assert!(facts(entry).is_empty(), "{entry}");
}

#[test]
fn name_type_content_and_order_never_change() {
    let desk = Desk::new();
    let (good, other) = (desk.sign(D1, IDENTITY), desk.sign(D1, OTHER));
    let mut before = image(D1, &[&other, b"\x90garbage", &good]);
    before["signatures"][1]["type"] = "AtomicImageV1".into();
    before["signatures"][2]["future"] = json!({"member": [1, 2.50, null]});
    desk.record(&before, &[], 0);
    let after = desk.read();
    for (n, blob) in [&other[..], b"\x90garbage", &good].into_iter().enumerate() {
        let (old, new) = (&before["signatures"][n], &after["signatures"][n]);
        assert_eq!(new["metadata"], old["metadata"]);
        assert_eq!(new["type"], old["type"]);
        assert_eq!(new["content"], base64(blob));
    }
    assert_eq!(after["signatures"][2]["future"], before["signatures"][2]["future"]);
    assert_eq!(conditions(&after["signatures"][1])[0], "Trusted=False(NotASignature)");
}
