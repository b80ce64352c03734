// SPDX-License-Identifier: Apache-2.0
//! The four steps on one signature, in their order: the signature itself, its payload, the digest and the identity.

use super::comparison::{check_identity, Unfit};
use super::expectation::Expectation;
use super::finding::Finding;
use super::signature::{SignatureOutcome, Step};
use crate::payload::{Payload, PayloadFormat};
use crate::reason::{Reason, Refusal};
use crate::subject::{ManifestState, SignatureKind, Subject};
use crate::text::safe;

/// Judges one signature by the requirements that accept the keys of a set: what was found out with these keys, then
/// payload, digest and identity.
///
/// `payload` is looked into only where there is no objection to the signature.
#[must_use]
pub fn judge(
    name: &str,
    (kind, set): (SignatureKind, usize),
    finding: Finding,
    payload: &[u8],
    subject: &Subject,
    expectation: &Expectation,
) -> SignatureOutcome {
    let signer = match finding {
        Finding::Good(signer) => signer,
        Finding::Refused(refusal, signer) => {
            return SignatureOutcome::refused(name, kind, refusal, signer).missing_all(set, expectation);
        }
    };
    let mut outcome = SignatureOutcome::begin(name.to_owned(), kind);
    outcome.pass(Step::Signature, signer.describe());
    outcome.signer = Some(signer.clone());

    // Where the signature was found decides what its payload must be.
    let format = match kind {
        SignatureKind::Gpg => PayloadFormat::SimpleSigning,
        SignatureKind::Sigstore => PayloadFormat::Sigstore,
        SignatureKind::Other => {
            let refusal = Refusal::new(Reason::UnsupportedSignature, "signatures of this kind are not checked");
            return SignatureOutcome::refused(name, kind, refusal, None).missing_all(set, expectation);
        }
    };
    let payload = match Payload::parse(payload, format) {
        Ok(payload) => payload,
        Err(error) => {
            outcome.fail(
                Step::Payload,
                Reason::MalformedPayload,
                format!("the signed payload is malformed: {}", safe(&error.to_string())),
            );
            return outcome.missing_all(set, expectation);
        }
    };
    outcome.pass(
        Step::Payload,
        format!("signed for {} as {}", payload.digest, safe(&payload.reference)),
    );
    outcome.claim = Some(payload.clone());

    match check_digest(&payload, subject, expectation) {
        Ok(detail) => outcome.pass(Step::Digest, detail),
        Err(refusal) => {
            outcome.fail(Step::Digest, refusal.reason, refusal.message);
            return outcome.missing_all(set, expectation);
        }
    }

    match check_identity(&payload, subject, expectation, (kind, set)) {
        Ok(fit) => {
            outcome.pass(Step::Identity, fit.detail);
            outcome.reason = Reason::Verified;
            outcome.message = format!("signed for {} by {}", safe(&payload.reference), signer.name());
            outcome.matched = fit.matched;
            outcome.met = fit.met;
            for (place, own) in fit.missed {
                outcome.miss(place, own.reason, own.message);
            }
            outcome
        }
        Err(Unfit { refusal, missed }) => {
            outcome.fail(Step::Identity, refusal.reason, refusal.message);
            if missed.is_empty() {
                return outcome.missing_all(set, expectation);
            }
            // Each requirement has its own comparison only: there may be thousands of identities.
            for (place, own) in missed {
                outcome.miss(place, own.reason, own.message);
            }
            outcome
        }
    }
}

fn check_digest(payload: &Payload, subject: &Subject, expectation: &Expectation) -> Result<String, Refusal> {
    let (image, manifest) = (&subject.digest, &subject.manifest);
    if let ManifestState::Mismatch(why) = manifest {
        return Err(Refusal::new(Reason::ManifestMismatch, why.clone()));
    }
    if !payload.digest.names(image) {
        let relation = match manifest {
            ManifestState::Matches(relatives) => relatives.of(&payload.digest),
            _ => None,
        };
        let relation = relation.map_or(String::new(), |relation| format!("; {relation}"));
        return Err(Refusal::new(
            Reason::DigestMismatch,
            format!(
                "it is signed for image {}; this image is {image}{relation}",
                payload.digest
            ),
        ));
    }
    if let Some(expected) = expectation.digest.as_ref().filter(|d| *d != image) {
        return Err(Refusal::new(
            Reason::DigestMismatch,
            format!("this image is {image}; the image asked for is {expected}"),
        ));
    }
    Ok(match manifest {
        ManifestState::Matches(_) => format!("the payload, the image and its manifest are {image}"),
        ManifestState::DigestGiven => {
            format!(
                "the payload and the digest given are {image} (no manifest is given; --expected-digest stands for it)"
            )
        }
        _ => format!("the payload and the image are {image} (the manifest is not at hand; the name is the digest)"),
    })
}
