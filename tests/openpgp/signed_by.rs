// SPDX-License-Identifier: Apache-2.0
//! `--signed-by` and `--require`: which of the keys, and how many.

use super::trial::{signed_payload, Trial, REFERENCE};
use crate::support::forge::{now, Draft, Key};
use crate::support::images::{payload, D1};

const NOT_ACCEPTED: &str = "Rejected/KeyNotAccepted";
const TOO_FEW: &str = "Rejected/ThresholdNotReached";

fn signed(key: &Key) -> Vec<u8> {
    key.message(&Draft::new(now()), &signed_payload())
}

fn signed_as(key: &Key, reference: &str) -> Vec<u8> {
    key.message(&Draft::new(now()), &payload(D1, reference))
}

/// A key with two signing subkeys, and another key.
struct Family {
    primary: Key,
    subkeys: [Key; 2],
    other: Key,
    trial: Trial,
}

impl Family {
    fn new() -> Self {
        let (primary, subkeys, other) = (Key::new(), [Key::new(), Key::new()], Key::new());
        let mut keys = vec![primary.certificate("Family <family@example.com>")];
        for subkey in &subkeys {
            keys.push(primary.subkey(subkey, &Draft::binding(subkey)));
        }
        keys.push(other.certificate("Other <other@example.com>"));
        Self {
            trial: Trial::with_keys(&keys.concat()),
            primary,
            subkeys,
            other,
        }
    }

    #[track_caller]
    fn expect(&self, by: &[&Key], blob: &[u8], verdict: &str) {
        let fingerprints: Vec<String> = by.iter().map(|key| key.fingerprint()).collect();
        let args: Vec<&str> = fingerprints.iter().flat_map(|f| ["--signed-by", f]).collect();
        let outcome = self.trial.run(&[blob], &args);
        let status = i32::from(!verdict.starts_with("Verified"));
        if verdict == NOT_ACCEPTED {
            for fingerprint in &fingerprints {
                assert!(outcome.stdout.contains(fingerprint), "{outcome:#?}");
            }
        }
        outcome.expect_verdict(status, verdict);
    }
}

#[test]
fn a_primary_key_stands_for_its_subkeys_and_a_subkey_for_itself_alone() {
    let f = Family::new();
    let [one, two] = &f.subkeys;
    for key in [&f.primary, one, two] {
        f.expect(&[&f.primary], &signed(key), "Verified/Verified");
    }
    f.expect(&[&f.primary], &signed(&f.other), NOT_ACCEPTED);
    f.expect(&[one], &signed(one), "Verified/Verified");
    f.expect(&[one], &signed(two), NOT_ACCEPTED);
    f.expect(&[one], &signed(&f.primary), NOT_ACCEPTED);
    f.expect(&[&f.other, two], &signed(two), "Verified/Verified");
    f.expect(&[&f.other, two], &signed(&f.other), "Verified/Verified");
    f.expect(&[&f.other, two], &signed(one), NOT_ACCEPTED);
    // A key that no file has: nothing counts, and it is said.
    let absent = Key::new();
    f.expect(&[&absent], &signed(one), NOT_ACCEPTED);
    for (named, said) in [(&absent, 1), (one, 0), (&f.other, 0)] {
        let outcome = f.trial.run(&[&signed(one)], &["--signed-by", &named.fingerprint()]);
        let warning = format!("has the fingerprint {} of --signed-by", named.fingerprint());
        assert_eq!(outcome.stderr.matches(&warning).count(), said, "{outcome:#?}");
    }
}

#[test]
fn a_named_key_that_is_revoked_or_expired_does_not_count() {
    let key = Key::new();
    let trial = Trial::with_keys(&key.revoked("Revoked", 1, now() - 10));
    trial
        .run(&[&signed(&key)], &["--signed-by", &key.fingerprint()])
        .expect_verdict(1, "Rejected/KeyRevoked");
}

#[test]
fn a_key_id_is_a_mistake_that_is_explained() {
    let f = Family::new();
    let whole = f.primary.fingerprint();
    for id in [&whole[24..], &whole[32..], &format!("0x{}", &whole[24..])] {
        let outcome = f.trial.run(&[&signed(&f.primary)], &["--signed-by", id]);
        outcome.expect_usage("is a key ID, not a fingerprint: other keys can be made to have the same ID");
    }
}

#[test]
fn fingerprints_are_accepted_as_gpg_and_people_write_them() {
    let f = Family::new();
    let whole = f.primary.fingerprint();
    let spaced: String = whole
        .chars()
        .enumerate()
        .flat_map(|(n, c)| if n % 4 == 0 { vec![' ', c] } else { vec![c] })
        .collect();
    let coloned: Vec<&str> = (0..20).map(|n| &whole[2 * n..2 * n + 2]).collect();
    for other in [
        whole.to_lowercase(),
        format!("0x{whole}"),
        format!("0X{}", whole.to_lowercase()),
        spaced.trim().to_owned(),
        coloned.join(":"),
    ] {
        let outcome = f.trial.run(&[&signed(&f.primary)], &["--signed-by", &other]);
        outcome.expect_verdict(0, "Verified/Verified");
        let outcome = f.trial.run(&[&signed(&f.other)], &["--signed-by", &other]);
        outcome.expect_verdict(1, NOT_ACCEPTED);
    }
    for other in [
        "",
        "release@example.com",
        &whole[1..],
        &format!("{whole}00"),
        &"G".repeat(40),
        "\u{661}",
    ] {
        let outcome = f.trial.run(&[&signed(&f.primary)], &["--signed-by", other]);
        outcome.expect_usage("is not a fingerprint");
    }
}

#[test]
fn different_keys_are_counted_not_signatures() {
    let f = Family::new();
    let [one, two] = &f.subkeys;
    let run = |blobs: &[Vec<u8>], require: &str| {
        let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
        f.trial.run(&blobs, &["--require", require])
    };
    let both = [signed(&f.primary), signed(&f.other)];
    run(&both, "2").expect_verdict(0, "Verified/Verified");
    run(&both, "3").expect_verdict(1, TOO_FEW);
    // The same key twice, the same signature twice, subkeys of one primary key.
    let again = f.primary.message(&Draft::new(now() - 100), &signed_payload());
    run(&[signed(&f.primary), again], "2").expect_verdict(1, TOO_FEW);
    let same = signed(&f.other);
    run(&[same.clone(), same], "2").expect_verdict(1, TOO_FEW);
    run(&[signed(&f.primary), signed(one), signed(two)], "2").expect_verdict(1, TOO_FEW);
    let outcome = run(&[signed(one), signed(two), signed(&f.other)], "2").expect_verdict(0, "Verified/Verified");
    // A signature that fails spoils nothing.
    let stranger = signed(&Key::new());
    run(&[stranger, signed(one), signed(&f.other)], "2").expect_verdict(0, "Verified/Verified");
    // Without the threshold being met nothing is called a success.
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    assert!(message.contains(&f.primary.fingerprint()) && message.contains(&f.other.fingerprint()));
}

#[test]
fn the_keys_must_have_signed_for_one_and_the_same_identity() {
    let f = Family::new();
    let second = "registry.local:5000/foo/bar:v2";
    let run = |blobs: &[&[u8]]| f.trial.run(blobs, &["--require", "2", "--expected-identity", second]);
    let (one, two) = (signed_as(&f.primary, REFERENCE), signed_as(&f.other, second));
    run(&[&one, &two]).expect_verdict(1, TOO_FEW);
    let both = signed_as(&f.other, REFERENCE);
    let outcome = run(&[&one, &two, &both]).expect_verdict(0, "Verified/Verified");
    assert_eq!(outcome.item()["matchedIdentities"], serde_json::json!([REFERENCE]));
}

#[test]
fn none_required_is_no_requirement() {
    let f = Family::new();
    for wrong in ["0", "-1", "two", ""] {
        let outcome = f.trial.run(&[&signed(&f.primary)], &[&format!("--require={wrong}")]);
        outcome.expect(2);
    }
    f.trial
        .run(&[&signed(&f.primary)], &["--require", "1"])
        .expect_verdict(0, "Verified/Verified");
}

#[test]
fn key_options_that_contradict_each_other_are_mistakes() {
    let f = Family::new();
    for option in [["--homedir", "/nonexistent"], ["--trust-model", "always"]] {
        f.trial
            .run(&[&signed(&f.primary)], &option)
            .expect_usage("--public-key");
    }
}
