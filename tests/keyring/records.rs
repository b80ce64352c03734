// SPDX-License-Identifier: Apache-2.0
//! What is recorded where the validity of user IDs decides: whose key it is, and what a certifier's state takes back.

use image_signature::openpgp::framing::algorithm::PublicKeyAlgorithm;
use image_signature::openpgp::keys::key::{Fingerprint, Key, Subkey, UserId, Validity};
use serde_json::Value;

use crate::keyring::{message, Desk, OK, OWNER};

const NOT_ACCEPTED: &str = "Rejected/KeyNotAccepted";

fn stored(desk: &Desk) -> Value {
    serde_json::from_slice(&std::fs::read(desk.sandbox.path("image.json")).unwrap()).unwrap()
}

#[test]
fn a_user_id_that_its_owner_revoked_vouches_for_nobody() {
    let desk = Desk::certified();
    let added = "New Name <new@example.com>";
    desk.publisher.gpg(&["--quick-add-uid", &desk.key, added], b"");
    desk.publisher.gpg(&["--quick-revoke-uid", &desk.key, OWNER], b"");
    desk.import();
    // What the admin certified is the name that is gone.
    desk.judged(&["--confirm"]).expect_verdict(1, NOT_ACCEPTED);
    let entry = &stored(&desk)["signatures"][0];
    assert_eq!(entry["conditions"][0]["reason"], "KeyNotAccepted");
    let recorded = entry["conditions"][0]["message"].as_str().unwrap();
    assert!(recorded.contains(added) && !recorded.contains(OWNER), "{recorded}");
    desk.certify();
    let outcome = desk.judged(&["--confirm"]).expect_verdict(0, OK);
    assert_eq!(outcome.item()["signatures"][0]["signer"]["userID"], added);
    assert_eq!(stored(&desk)["signatures"][0]["issuedBy"]["commonName"], added);
}

/// By what gpg lists, a revoked user ID has no validity; nothing is to depend on that.
#[test]
fn the_validity_of_a_revoked_user_id_never_counts() {
    let fingerprint = Fingerprint::parse(&"A".repeat(40)).unwrap();
    let id = |text: &str, validity, revoked| UserId {
        text: text.into(),
        validity,
        revoked,
    };
    let key = |user_ids| Key {
        subkeys: vec![Subkey {
            fingerprint: fingerprint.clone(),
            algorithm: PublicKeyAlgorithm(22),
            bits: 255,
            curve: None,
            created: 0,
            expires: None,
            revoked: false,
            expired: false,
            invalid: false,
            can_sign: true,
        }],
        user_ids,
        revoked: false,
        disabled: false,
        invalid: false,
    };
    let only = key(vec![id("a", Validity::Ultimate, true)]);
    assert_eq!(only.validity(), Validity::Unknown);
    assert_eq!([only.owner(true), only.owner(false)], [fingerprint.as_str(); 2]);
    let beside = key(vec![
        id("a", Validity::Ultimate, true),
        id("b", Validity::Marginal, false),
    ]);
    assert_eq!(beside.validity(), Validity::Marginal);
    assert_eq!([beside.owner(true), beside.owner(false)], [fingerprint.as_str(), "b"]);
    let valid = key(vec![
        id("a", Validity::Full, true),
        id("b", Validity::Unknown, false),
        id("c", Validity::Full, false),
    ]);
    assert_eq!(valid.validity(), Validity::Full);
    assert_eq!([valid.owner(true), valid.owner(false)], ["c", "b"]);
}

/// The signature is as good as it was, and so is the record: the certifier's key can be renewed or enabled.
#[test]
fn a_certifier_that_has_expired_or_is_disabled_takes_no_record_back() {
    for state in ["expired", "disabled"] {
        let desk = Desk::certified();
        desk.judged(&["--confirm"]).expect_verdict(0, OK);
        let before = stored(&desk);
        assert_eq!(before["signatures"][0]["conditions"][0]["status"], "True");
        if state == "expired" {
            desk.admin
                .gpg(&["--quick-set-expire", &desk.admin_key, "seconds=1"], b"");
            std::thread::sleep(std::time::Duration::from_millis(2100));
        } else {
            desk.admin.gpg(
                &["--command-fd", "0", "--edit-key", &desk.admin_key],
                b"disable\nsave\n",
            );
        }
        let outcome = desk.judged(&["--confirm"]);
        let said = message(&outcome);
        let item = outcome.expect_verdict(1, NOT_ACCEPTED).item();
        assert!(said.contains(state) && said.contains(&desk.admin_key), "{said}");
        assert_eq!(item["recorded"], "unchanged", "{state}");
        assert_eq!(stored(&desk), before, "{state}");
    }
}

#[test]
fn a_certifier_that_is_revoked_takes_the_record_back() {
    let desk = Desk::certified();
    desk.judged(&["--confirm"]).expect_verdict(0, OK);
    let certificate = desk
        .admin
        .home()
        .join(format!("openpgp-revocs.d/{}.rev", desk.admin_key));
    let certificate = std::fs::read_to_string(certificate).unwrap();
    // The colon keeps it from being used by mistake.
    let certificate = certificate.replace(":-----BEGIN", "-----BEGIN");
    desk.admin.gpg(&["--import"], certificate.as_bytes());
    desk.judged(&["--confirm"]).expect_verdict(1, NOT_ACCEPTED);
    let entry = &stored(&desk)["signatures"][0];
    assert_eq!(entry["conditions"][0]["status"], "False");
    assert_eq!(entry["conditions"][0]["reason"], "KeyNotAccepted");
    assert!(entry["issuedBy"].is_null());
}
