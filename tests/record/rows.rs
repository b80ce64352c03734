// SPDX-License-Identifier: Apache-2.0
//! Every row of the table in docs/contract.md 5.

use serde_json::{json, Value};

use crate::record::{conditions, facts, record_trusted, recorded, Desk, Records, IDENTITY, LONG_AGO, OTHER};
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
    let before = recorded(&stranger.sign(&key, &payload(D1, IDENTITY)), IDENTITY, &key);
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
    let before = recorded(&desk.signer.sign(&desk.key, b"{}"), IDENTITY, &desk.key);
    let entry = desk.record(&before, &[], 1);
    assert_eq!(
        conditions(&entry),
        ["Trusted=False(MalformedPayload)", "ForImage=Unknown(MalformedPayload)"]
    );
}

#[test]
fn rejected_by_the_digest_is_not_for_the_image() {
    let desk = Desk::new();
    let before = recorded(&desk.sign(D2, IDENTITY), IDENTITY, &desk.key);
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

/// What this build cannot check, each as a blob and the reason.
pub(super) fn uncheckable(desk: &Desk) -> Vec<(Vec<u8>, &'static str)> {
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
        let before = recorded(&blob, IDENTITY, &desk.key);
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
    let mut before = recorded(&blob, IDENTITY, &desk.key);
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
