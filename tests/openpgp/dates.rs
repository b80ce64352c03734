// SPDX-License-Identifier: Apache-2.0
//! When signatures and keys say they were made, and until when they are good.

use super::signatures::{trial, BAD};
use super::trial::signed_payload;
use crate::support::forge::{now, Draft, Key};

const DAY: i64 = 86400;

#[test]
fn a_signature_may_be_300_seconds_ahead_of_the_clock_and_no_more() {
    let (trial, key) = trial();
    for version in [3, 4] {
        let dated = |at: i64| key.message(&Draft::new(at).version(version), &signed_payload());
        // The margins are for a machine that is slow.
        trial.expect_verified(&dated(now() + 290));
        trial.expect(
            &dated(now() + 420),
            "Rejected/SignatureNotYetValid",
            "in the future; the clock here says",
        );
        trial.expect(&dated(now() + 3600 * 24 * 1000), "Rejected/SignatureNotYetValid", "");
    }
}

#[test]
fn an_expired_signature_does_not_count_and_one_that_expires_later_does() {
    let (trial, key) = trial();
    let expiring = |after: i64| {
        let draft = Draft::new(now() - DAY).expires_after(3, after);
        key.message(&draft, &signed_payload())
    };
    trial.expect(&expiring(DAY / 2), "Rejected/SignatureExpired", "expired on");
    trial.expect_verified(&expiring(2 * DAY));
    // Zero stands for never (RFC 9580 section 5.2.3.18).
    trial.expect_verified(&expiring(0));
    // An expiration that the signature does not cover is none.
    let draft = Draft::new(now() - DAY).unhashed(3, &10_u32.to_be_bytes());
    trial.expect_verified(&key.message(&draft, &signed_payload()));
}

#[test]
fn a_creation_time_must_be_there_and_covered_by_the_signature() {
    let (trial, key) = trial();
    let mut draft = Draft::new(now());
    draft.created = None;
    trial.expect(&key.message(&draft, &signed_payload()), BAD, "no creation time");
    let time = u32::try_from(now()).unwrap().to_be_bytes();
    let draft = draft.unhashed(2, &time);
    trial.expect(&key.message(&draft, &signed_payload()), BAD, "no creation time");
}

/// Readers that take the first and readers that take the last would see different signatures.
#[test]
fn two_different_dates_in_one_signature_are_refused() {
    let (trial, key) = trial();
    let other = u32::try_from(now() - 10).unwrap().to_be_bytes();
    let draft = Draft::new(now()).hashed(2, &other);
    trial.expect(
        &key.message(&draft, &signed_payload()),
        BAD,
        "two different creation times",
    );
    let draft = Draft::new(now()).expires_after(3, 10).expires_after(3, DAY);
    trial.expect(
        &key.message(&draft, &signed_payload()),
        BAD,
        "two different expiration times",
    );
    let draft = Draft::new(now()).hashed(2, &other[..3]);
    trial.expect(
        &key.message(&draft, &signed_payload()),
        "Rejected/NotASignature",
        "type 2 is malformed",
    );
}

/// Times have 32 bits: gpg takes the sum for one in the past, others do not.
#[test]
fn a_signature_that_expires_after_the_end_of_time_is_refused() {
    let (trial, key) = trial();
    let left = u32::MAX - u32::try_from(now()).unwrap();
    let expiring = |after: u32| {
        let draft = Draft::new(now()).hashed(3, &after.to_be_bytes());
        key.message(&draft, &signed_payload())
    };
    trial.expect_verified(&expiring(left));
    for after in [left + 1, left + 1000, u32::MAX] {
        trial.expect(&expiring(after), BAD, "2106");
    }
}

/// Our clock may be behind: then the key may be one that was not there yet.
#[test]
fn an_unknown_maker_of_the_future_is_not_yet_valid() {
    let (trial, _) = trial();
    let stranger = Key::new();
    let blob = |at: i64| stranger.message(&Draft::new(at), &signed_payload());
    trial.expect(&blob(now() - 10), "Rejected/UnknownKey", "not in the key file");
    trial.expect(
        &blob(now() + 3600),
        "Rejected/SignatureNotYetValid",
        "the clock here says",
    );
}

#[test]
fn a_signature_older_than_its_key_is_refused() {
    let (trial, key) = trial();
    for version in [3, 4] {
        let draft = Draft::new(key.created - 10).version(version);
        trial.expect(&key.message(&draft, &signed_payload()), BAD, "older than the key");
    }
}
