// SPDX-License-Identifier: Apache-2.0
//! The steps on images that have several sources or belong to a list, which no source of this machine has.

use image_signature::digest::Digest;
use image_signature::identity::Rule;
use image_signature::reason::{Reason, Verdict};
use image_signature::subject::{Answer, ManifestState, NamingList, SourceAnswer, SourceKind};
use image_signature::verdict::{ImageOutcome, SignatureOutcome};

use super::plan::{bad, expectation, expecting, good, judge_as, subject};
use crate::support::images::{D1, D2};

const REPOSITORY: &str = "registry.local:5000/foo/bar";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn index(entries: &[&str]) -> Vec<u8> {
    let entries: Vec<String> = entries
        .iter()
        .map(|digest| {
            format!(r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":1,"digest":"{digest}"}}"#)
        })
        .collect();
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{}]}}"#,
        entries.join(",")
    )
    .into_bytes()
}

#[test]
fn a_list_must_hash_to_its_digest_and_name_the_image() {
    let image = Digest::parse(D1).unwrap();
    let bytes = index(&[D2, D1]);
    let list = NamingList::of_bytes(&bytes, &image, &ManifestState::NotAtHand).unwrap();
    assert_eq!(*list.digest(), Digest::of_bytes(&bytes));
    for other in [
        index(&[D2]),
        index(&[]),
        b"{}".to_vec(),
        format!(r#"{{"schemaVersion":2,"manifests":[],"manifests":[{{"digest":"{D1}"}}]}}"#).into_bytes(),
    ] {
        assert_eq!(
            NamingList::of_bytes(&other, &image, &ManifestState::NotAtHand),
            None,
            "{}",
            String::from_utf8_lossy(&other)
        );
    }
}

#[test]
fn digests_in_references_are_those_of_the_image_or_of_its_list() {
    let bytes = index(&[D1]);
    let list = Digest::of_bytes(&bytes);
    let own = format!("{REPOSITORY}@{D1}");
    let listed = format!("{REPOSITORY}@{list}");
    let other = format!("{REPOSITORY}@{D2}");
    let tag = format!("{REPOSITORY}:v1");
    for (expected, signed, alone, in_list) in [
        (&own, &own, true, true),
        (&own, &tag, true, true),
        (&listed, &own, false, true),
        (&own, &listed, false, true),
        (&listed, &listed, false, true),
        (&listed, &tag, false, true),
        (&own, &other, false, false),
        (&other, &own, false, false),
        (&tag, &tag, true, true),
    ] {
        for (has_list, passes) in [(false, alone), (true, in_list)] {
            let mut subject = subject();
            if has_list {
                subject.lists = NamingList::of_bytes(&bytes, &subject.digest, &subject.manifest)
                    .into_iter()
                    .collect();
            }
            let expectation = expecting(expected, Rule::MatchRepoDigestOrExact, 1);
            let outcome = judge_as(signed, &subject, &expectation);
            let reason = if passes {
                Reason::Verified
            } else {
                Reason::IdentityMismatch
            };
            assert_eq!(
                outcome.reason(),
                reason,
                "{expected} {signed} {has_list}: {}",
                outcome.message()
            );
        }
    }
}

/// An image with these signatures, whose only source but the object gave an answer.
fn with_source(answer: Answer, signatures: Vec<SignatureOutcome>) -> ImageOutcome {
    let mut subject = subject();
    subject.sources.push(SourceAnswer {
        kind: SourceKind::Lookaside,
        location: "https://store.example".to_owned(),
        answer,
        signatures: 0,
        note: None,
    });
    ImageOutcome::combine(&subject, signatures, &expectation(1), "none")
}

#[test]
fn a_source_in_trouble_leaves_open_what_nothing_else_verifies() {
    for (answer, reason) in [
        (Answer::Forbidden("why".to_owned()), Reason::Forbidden),
        (Answer::Unreachable("why".to_owned()), Reason::SourceUnavailable),
        (Answer::Page("why".to_owned()), Reason::SourceUnavailable),
        (Answer::Unusable("why".to_owned()), Reason::SourceUnavailable),
    ] {
        for signatures in [vec![], vec![bad(1, Reason::BadSignature)]] {
            let image = with_source(answer.clone(), signatures);
            assert_eq!((image.verdict(), image.reason()), (Verdict::Unchecked, reason));
            assert_eq!(image.message(), "why");
        }
        assert_eq!(with_source(answer, vec![good(1)]).reason(), Reason::Verified);
    }
    assert_eq!(with_source(Answer::Absent, vec![]).reason(), Reason::NoSignature);
    let rejected = with_source(Answer::Absent, vec![bad(1, Reason::BadSignature)]);
    assert_eq!(rejected.reason(), Reason::BadSignature);
}
