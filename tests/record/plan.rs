// SPDX-License-Identifier: Apache-2.0
//! What the rules make of outcomes that cannot be brought about at will on every machine: trouble with one signature
//! among several, clocks that differ.

use image_signature::digest::Digest;
use image_signature::identity::Rule;
use image_signature::openpgp::keys::key::Fingerprint;
use image_signature::openpgp::signer::GpgSigner;
use image_signature::reason::{Reason, Refusal};
use image_signature::record::{plan, Context, Plan};
use image_signature::reference::Reference;
use image_signature::subject::{ManifestState, SignatureKind, Subject};
use image_signature::verdict::expectation::{AcceptedKeys, Signed};
use image_signature::verdict::{self, judge, Expectation, Finding, ImageOutcome, SignatureOutcome};
use serde_json::{json, Value};

use crate::record::{record_trusted, IDENTITY, OWNER};
use crate::support::images::{payload, D1};

fn key(n: usize) -> String {
    format!("{n:040X}")
}

fn signer(n: usize) -> GpgSigner {
    GpgSigner {
        fingerprint: Fingerprint::parse(&key(n)).unwrap(),
        primary: Fingerprint::parse(&key(n)).unwrap(),
        user_id: OWNER.into(),
        validity: None,
        key_algorithm: "ed25519".into(),
        hash_algorithm: "SHA256".into(),
        created: 1_700_000_000,
        expires: None,
        materials: Vec::new(),
    }
}

pub fn expectation(require: usize) -> Expectation {
    expecting(IDENTITY, Rule::MatchExact, require)
}

/// One identity, by the first set of OpenPGP keys.
pub fn expecting(identity: &str, rule: Rule, threshold: usize) -> Expectation {
    let signed = Signed {
        keys: AcceptedKeys {
            gpg: Some(0),
            sigstore: None,
        },
        rule,
        threshold,
    };
    Expectation::alike(&[Reference::parse(identity).unwrap()], &signed, None)
}

/// A signature by key `n` that passes all steps.
pub fn good(n: usize) -> SignatureOutcome {
    let finding = Finding::Good(verdict::Signer::Gpg(signer(n)));
    judge(
        "s",
        (SignatureKind::Gpg, 0),
        finding,
        &payload(D1, IDENTITY),
        &subject(),
        &expectation(1),
    )
}

/// A good signature of D1 as `reference`.
pub fn judge_as(reference: &str, subject: &Subject, expectation: &Expectation) -> SignatureOutcome {
    let finding = Finding::Good(verdict::Signer::Gpg(signer(1)));
    judge(
        "s",
        (SignatureKind::Gpg, 0),
        finding,
        &payload(D1, reference),
        subject,
        expectation,
    )
}

pub fn subject() -> Subject {
    Subject {
        digest: Digest::parse(D1).unwrap(),
        manifest: ManifestState::NotAtHand,
        lists: Vec::new(),
        signatures: Vec::new(),
        sources: Vec::new(),
        is_object_alone: false,
    }
}

/// A signature by key `n` that is refused.
pub fn bad(n: usize, reason: Reason) -> SignatureOutcome {
    SignatureOutcome::refused(
        "s",
        SignatureKind::Gpg,
        Refusal::new(reason, "why"),
        Some(verdict::Signer::Gpg(signer(n))),
    )
}

fn image(signatures: Vec<SignatureOutcome>, require: usize) -> ImageOutcome {
    ImageOutcome::combine(&subject(), signatures, &expectation(require), "none")
}

/// An entry that an earlier run has recorded as trusted, by key `n`.
fn trusted(n: usize) -> Value {
    let mut entry = json!({"metadata": {"name": "s"}});
    record_trusted(&mut entry, IDENTITY, &key(n));
    entry
}

/// What becomes of the record of each signature, all of which were trusted.
fn plans(signatures: &[SignatureOutcome], require: usize, clock_skew: Option<i64>) -> Vec<Plan> {
    let image = image(signatures.to_vec(), require);
    let context = Context {
        now: 1_800_000_000,
        user: "alice".into(),
        expected: vec![Reference::parse(IDENTITY).unwrap()],
        options: Vec::new(),
        clock_skew,
    };
    let each = image.signatures().iter().enumerate();
    each.map(|(n, outcome)| plan(&trusted(n), outcome, &image, &context))
        .collect()
}

/// `untouched`, `withheld`, or the change in words.
fn words(plans: Vec<Plan>) -> Vec<String> {
    let word = |plan| match plan {
        Plan::Untouched => "untouched".to_owned(),
        Plan::Kept => "kept".to_owned(),
        Plan::Withheld(_) => "withheld".to_owned(),
        Plan::Write { summary, .. } => summary.unwrap_or_else(|| "as before".to_owned()),
    };
    plans.into_iter().map(word).collect()
}

const TROUBLE: [Reason; 5] = [
    Reason::NotFound,
    Reason::Forbidden,
    Reason::ManifestUnavailable,
    Reason::SourceUnavailable,
    Reason::EngineFailed,
];

#[test]
fn trouble_with_one_signature_takes_back_the_record_of_none() {
    for reason in TROUBLE {
        let all = [good(0), bad(1, reason)];
        assert_eq!(image(all.to_vec(), 2).reason(), reason);
        assert_eq!(words(plans(&all, 2, None)), ["untouched", "untouched"], "{reason}");
        // A third one that is bad whatever the others are loses its record.
        let all = [good(0), bad(1, reason), bad(2, Reason::BadSignature)];
        let expected = [
            "untouched",
            "untouched",
            "Trusted: True -> False (BadSignature), ForImage: True -> Unknown",
        ];
        assert_eq!(words(plans(&all, 2, None)), expected, "{reason}");
    }
}

#[test]
fn where_those_that_passed_suffice_trouble_with_another_changes_nothing_for_them() {
    for reason in TROUBLE {
        let all = [bad(0, reason), good(1), good(2)];
        assert_eq!(image(all.to_vec(), 2).reason(), Reason::Verified);
        assert_eq!(
            words(plans(&all, 2, None)),
            ["untouched", "as before", "as before"],
            "{reason}"
        );
    }
}

const OF_TIME: [Reason; 2] = [Reason::KeyExpired, Reason::SignatureExpired];

#[test]
fn a_clock_that_differs_from_the_servers_takes_nothing_back_for_a_reason_of_time() {
    for reason in OF_TIME {
        for skew in [301, -301, 86_400 * 400] {
            assert_eq!(words(plans(&[bad(0, reason)], 1, Some(skew))), ["withheld"], "{reason}");
            // The signature that needs the other is not taken back either.
            let both = [good(0), bad(1, reason)];
            assert_eq!(words(plans(&both, 2, Some(skew))), ["withheld", "withheld"], "{reason}");
            // One that does not need it is written as ever.
            assert_eq!(
                words(plans(&both, 1, Some(skew))),
                ["as before", "withheld"],
                "{reason}"
            );
        }
        for skew in [None, Some(0), Some(300), Some(-300)] {
            let words = words(plans(&[bad(0, reason)], 1, skew));
            assert!(words[0].starts_with("Trusted: True -> False ("), "{words:?}");
        }
    }
}

#[test]
fn what_is_withheld_says_by_how_much_the_clock_is_wrong_and_what_to_do() {
    for (skew, said) in [(4000, "4000 s ahead of"), (-4000, "4000 s behind")] {
        let plan = plans(&[bad(0, Reason::KeyExpired)], 1, Some(skew)).remove(0);
        let Plan::Withheld(why) = plan else { panic!("{plan:?}") };
        assert!(why.contains(said) && why.contains("set the clock"), "{why}");
    }
}

#[test]
fn other_reasons_do_not_depend_on_the_clock() {
    for reason in [Reason::KeyRevoked, Reason::UnknownKey, Reason::BadSignature] {
        let words = words(plans(&[bad(0, reason), good(1)], 2, Some(4000)));
        assert!(words[0].starts_with("Trusted: True -> False ("), "{words:?}");
        assert!(words[1].starts_with("Trusted: True -> False (Threshold"), "{words:?}");
    }
    assert_eq!(
        words(plans(&[bad(0, Reason::SignatureNotYetValid)], 1, Some(4000))),
        ["untouched"]
    );
}

/// Kinds that this version cannot name a key for, certifiers that have expired: the refusal says that it spares.
#[test]
fn a_refusal_that_spares_the_record_leaves_it_whatever_its_reason() {
    for reason in [
        Reason::UnsupportedSignature,
        Reason::KeyNotAccepted,
        Reason::LimitExceeded,
    ] {
        let outcome = |refusal| {
            SignatureOutcome::refused("s", SignatureKind::Gpg, refusal, Some(verdict::Signer::Gpg(signer(0))))
        };
        let spared = outcome(Refusal::new(reason, "why").sparing_record());
        assert_eq!(words(plans(&[spared], 1, None)), ["untouched"], "{reason}");
        let plain = outcome(Refusal::new(reason, "why"));
        assert_ne!(words(plans(&[plain], 1, None)), ["untouched"], "{reason}");
    }
}
