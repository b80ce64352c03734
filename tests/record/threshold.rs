// SPDX-License-Identifier: Apache-2.0
//! `--require` in records and reports: keys are counted for one and the same identity, and a signature is trusted only
//! for an identity that enough of them signed for.

use serde_json::Value;

use crate::record::{assert_server_takes, conditions, facts, record_trusted, Desk, Outcome, Records, IDENTITY, OTHER};
use crate::support::images::{image, payload, D1};

/// A desk with two keys: both signed as [`IDENTITY`], only the first as [`OTHER`] too.
struct Two {
    desk: Desk,
    second: String,
    before: Value,
}

impl Two {
    fn new() -> Self {
        let mut desk = Desk::new();
        let second = desk.signer.simple_key("Second <second@example.com>");
        let both = desk.sandbox.path("both.gpg");
        desk.key_file = desk.signer.export(&[&desk.key, &second], &both);
        let before = image(
            D1,
            &[
                &desk.sign(D1, IDENTITY),
                &desk.signer.sign(&second, &payload(D1, IDENTITY)),
                &desk.sign(D1, OTHER),
            ],
        );
        Self { desk, second, before }
    }

    fn verify(&self, before: &Value, more: &[&str]) -> Outcome {
        self.desk.store(before);
        self.desk.verify_as(&[], &[&["--require", "2"], more].concat())
    }

    /// The conditions of each signature after recording.
    #[track_caller]
    fn trusted(&self, before: &Value) -> Vec<String> {
        let after = self.desk.read();
        assert_server_takes(&after, before);
        let entries = after["signatures"].as_array().unwrap().iter();
        entries.map(|entry| conditions(entry)[0].clone()).collect()
    }
}

#[test]
fn an_identity_that_did_not_reach_the_threshold_is_not_recorded_as_trusted() {
    let two = Two::new();
    for by in [
        vec![
            format!("--expected-identity={IDENTITY}"),
            format!("--expected-identity={OTHER}"),
        ],
        vec![format!("{D1}={IDENTITY}"), format!("{D1}={OTHER}")],
    ] {
        let mut before = two.before.clone();
        record_trusted(&mut before["signatures"][2], OTHER, &two.desk.key);
        let by: Vec<&str> = by.iter().map(String::as_str).collect();
        let outcome = two.verify(&before, &[&by[..], &["--confirm", "-o", "json"]].concat());
        let item = outcome.expect_verdict(0, "Verified/Verified").item();
        assert_eq!(item["matchedIdentities"], serde_json::json!([IDENTITY]));
        assert_eq!(
            two.trusted(&before),
            [
                "Trusted=True(Verified)",
                "Trusted=True(Verified)",
                "Trusted=False(ThresholdNotReached)"
            ]
        );
        let third = &two.desk.read()["signatures"][2];
        assert_eq!(conditions(third)[1], "ForImage=True(ThresholdNotReached)");
        assert!(facts(third).is_empty(), "{third}");
        let message = third["conditions"][0]["message"].as_str().unwrap();
        for part in [OTHER, two.desk.key.as_str(), "2 different keys"] {
            assert!(message.contains(part), "{part} is not in {message}");
        }
    }
}

#[test]
fn reports_name_the_identities_that_were_met_and_those_that_were_not() {
    let two = Two::new();
    let third = "registry.local:5000/foo/bar:v3";
    let identities = [IDENTITY, OTHER, third].map(|identity| format!("--expected-identity={identity}"));
    let identities: Vec<&str> = identities.iter().map(String::as_str).collect();
    let text = two.verify(&two.before, &identities).expect(0).stdout;
    assert!(text.starts_with(&format!("Verified: {IDENTITY}\n")), "{text}");
    for line in [
        format!("  not as     {OTHER} (1 of 2 keys)"),
        format!("  not as     {third}"),
        format!("             {}", two.second),
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    let item = two
        .verify(&two.before, &[&identities[..], &["-o", "json"]].concat())
        .expect(0)
        .item();
    let message = item["message"].as_str().unwrap();
    assert!(message.contains(&format!("not signed as {third}")), "{message}");
    assert!(
        message.contains(&format!(
            "2 different keys must each have signed for the same identity; signed for {OTHER}: 1 ("
        )),
        "{message}"
    );
    assert!(!message.contains(&format!("not signed as {OTHER}")), "{message}");

    let text = two.verify(&two.before, &identities[1..]).expect(1).stdout;
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.starts_with("Rejected: ThresholdNotReached: 2 different keys"),
        "{text}"
    );
    assert!(
        words.contains(&format!("{OTHER}: 1 (")) && words.contains(&format!("{third}: none")),
        "{text}"
    );
}

#[test]
fn keys_of_different_identities_are_never_added_up() {
    let two = Two::new();
    let before = image(
        D1,
        &[
            &two.desk.sign(D1, OTHER),
            &two.desk.signer.sign(&two.second, &payload(D1, IDENTITY)),
        ],
    );
    let identities = [
        "--expected-identity",
        IDENTITY,
        "--expected-identity",
        OTHER,
        "--confirm",
        "-o",
        "json",
    ];
    let item = two
        .verify(&before, &identities)
        .expect_verdict(1, "Rejected/ThresholdNotReached")
        .item();
    assert_eq!(item["matchedIdentities"], serde_json::json!([]));
    assert_eq!(two.trusted(&before), ["Trusted=False(ThresholdNotReached)"; 2]);
}

#[test]
fn without_a_threshold_each_identity_needs_one_key_only() {
    let two = Two::new();
    let identities = ["--expected-identity", IDENTITY, "--expected-identity", OTHER];
    two.desk.store(&two.before);
    two.desk.verify_as(&identities, &["--confirm"]).expect(0);
    assert_eq!(two.trusted(&two.before), ["Trusted=True(Verified)"; 3]);
}

#[test]
fn the_message_of_a_trusted_signature_names_only_identities_that_were_reached() {
    let two = Two::new();
    let both = ["--expected-identity", IDENTITY, "--expected-identity", OTHER];
    let rule = ["--identity-match", "matchRepository", "--confirm"];
    two.verify(&two.before, &[&both[..], &rule].concat()).expect(0);
    let first = two.desk.read()["signatures"][0]["conditions"][0]["message"].clone();
    let first = first.as_str().unwrap();
    assert!(first.contains(IDENTITY) && first.contains(OTHER), "{first}");
    two.verify(&two.before, &[&both[..], &["--confirm"]].concat()).expect(0);
    let first = two.desk.read()["signatures"][0]["conditions"][0]["message"].clone();
    let first = first.as_str().unwrap();
    assert!(first.contains(IDENTITY) && !first.contains(OTHER), "{first}");
}
