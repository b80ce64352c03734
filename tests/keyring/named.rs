// SPDX-License-Identifier: Apache-2.0
//! `--signed-by` with the user's keyring.

use crate::keyring::{message, Desk, IDENTITY, OK};
use crate::support::images::{payload, D1};

#[test]
fn a_named_key_counts_though_nobody_vouches_for_it() {
    let desk = Desk::new();
    desk.judged(&["--signed-by", &desk.key]).expect_verdict(0, OK);
    desk.judged(&["--signed-by", &desk.admin_key, "--signed-by", &desk.key])
        .expect_verdict(0, OK);
}

#[test]
fn of_valid_keys_only_the_named_one_counts() {
    let desk = Desk::certified();
    let outcome = desk
        .judged(&["--signed-by", &desk.admin_key])
        .expect_verdict(1, "Rejected/KeyNotAccepted");
    assert!(message(&outcome).contains(&desk.admin_key), "{outcome:?}");
}

#[test]
fn a_named_key_that_is_not_in_the_keyring_is_unknown() {
    let desk = Desk::new();
    desk.admin.gpg(&["--yes", "--delete-keys", &desk.key], b"");
    desk.judged(&["--signed-by", &desk.key])
        .expect_verdict(1, "Rejected/UnknownKey");
}

#[test]
fn a_primary_key_stands_for_its_subkeys_and_a_subkey_for_itself() {
    let desk = Desk::new();
    for _ in 0..2 {
        desk.publisher
            .gpg(&["--quick-add-key", &desk.key, "ed25519", "sign", "never"], b"");
    }
    desk.import();
    let fingerprints = desk.publisher.fingerprints(&desk.key);
    let [primary, first, second] = fingerprints.as_slice() else {
        panic!("{fingerprints:?}")
    };
    desk.put(&desk.publisher.sign(&format!("{first}!"), &payload(D1, IDENTITY)));
    for (named, verdict) in [(primary, OK), (first, OK), (second, "Rejected/KeyNotAccepted")] {
        let outcome = desk.judged(&["--signed-by", named]);
        assert_eq!(outcome.verdict(), verdict);
        assert_eq!(outcome.item()["signatures"][0]["signer"]["fingerprint"], first.as_str());
        assert_eq!(
            outcome.item()["signatures"][0]["signer"]["primaryFingerprint"],
            primary.as_str()
        );
    }
    desk.put(&desk.publisher.sign(&format!("{primary}!"), &payload(D1, IDENTITY)));
    desk.judged(&["--signed-by", first])
        .expect_verdict(1, "Rejected/KeyNotAccepted");
}

#[test]
fn a_key_id_is_a_usage_error_that_says_why() {
    let desk = Desk::new();
    let home = desk.home("h");
    for id in [&desk.key[24..], &desk.key[32..]] {
        let outcome = desk.run(&home, &["--signed-by", id]).expect_usage("--signed-by");
        assert!(outcome.stderr.contains("fingerprint"), "{outcome:?}");
    }
}
