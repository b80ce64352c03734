// SPDX-License-Identifier: Apache-2.0
//! Verdicts: the four steps on each signature in their order, and what they make of the image.
//!
//! `Verified` comes into being in this module only, through [`judge`] and [`ImageOutcome::combine`]. Every outcome carries
//! each check made with the values compared, so that explaining needs no second look.

pub mod image;
pub mod pipeline;
pub mod signature;
pub mod tally;

use crate::digest::Digest;
use crate::identity::{self, Rule};
use crate::openpgp::engine::{Finding, Signer};
use crate::payload::{Format, Payload};
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::subject::{ManifestState, SignatureKind, Subject};
use crate::text::{quoted, safe, time};
pub use image::ImageOutcome;
pub use signature::{Check, Ended, SignatureOutcome, Step};

/// What the user expects of an image.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// References, in canonical form, of which one must be what the image is signed as.
    pub identities: Vec<Reference>,
    /// How they are compared with the signed reference.
    pub rule: Rule,
    /// The digest that the image itself must have.
    pub digest: Option<Digest>,
    /// How many different primary keys must each have passed for one and the same identity; at least 1.
    pub require: usize,
}

/// Judges one signature: what the engine found out, then payload, digest and identity.
///
/// `payload` is looked into only where the engine has no objection.
#[must_use]
pub fn judge(
    name: &str,
    finding: Finding,
    payload: &[u8],
    subject: &Subject,
    expectation: &Expectation,
) -> SignatureOutcome {
    let kind = SignatureKind::Gpg;
    let mut outcome = SignatureOutcome::begin(name.to_owned(), kind);
    let (signer, refusal) = match finding {
        Finding::Good(signer) => (Some(signer), None),
        Finding::Refused { refusal, signer } => (signer, Some(refusal)),
    };
    let Some(signer) = signer else {
        let refusal = refusal.unwrap_or_else(|| Refusal::new(Reason::EngineFailed, "the engine named no signer"));
        return SignatureOutcome::refused(name, kind, refusal, None);
    };
    if let Some(refusal) = refusal {
        return SignatureOutcome::refused(name, kind, refusal, Some(signer));
    }
    outcome.pass(Step::Signature, describe_signer(&signer));
    outcome.signer = Some(signer.clone());

    let payload = match Payload::parse(payload, Format::SimpleSigning) {
        Ok(payload) => payload,
        Err(error) => {
            outcome.fail(
                Step::Payload,
                Reason::MalformedPayload,
                format!("the signed payload is malformed: {}", safe(&error.to_string())),
            );
            return outcome;
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
            return outcome;
        }
    }

    match check_identity(&payload, subject, expectation) {
        Ok((matched, detail)) => {
            outcome.pass(Step::Identity, detail);
            outcome.reason = Reason::Verified;
            outcome.message = format!("signed for {} by {}", safe(&payload.reference), name_signer(&signer));
            outcome.matched = matched;
        }
        Err(message) => outcome.fail(Step::Identity, Reason::IdentityMismatch, message),
    }
    outcome
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

/// The expected identities that the signed reference matches, or what differs for each.
fn check_identity(
    payload: &Payload,
    subject: &Subject,
    expectation: &Expectation,
) -> Result<(Vec<Reference>, String), String> {
    let signed = match Reference::parse(&payload.reference) {
        Ok(signed) => signed,
        Err(error) => {
            return Err(format!(
                "it is signed for {}, which is no reference: {error}",
                quoted(&payload.reference)
            ));
        }
    };
    let mut matched = Vec::new();
    let mut passed = Vec::new();
    let mut failed = Vec::new();
    for expected in &expectation.identities {
        match compare(expected, &signed, subject, &expectation.rule) {
            Ok(()) => {
                passed.push(format!(
                    "expected {expected}, signed for {signed}: {} holds",
                    expectation.rule
                ));
                matched.push(expected.clone());
            }
            Err(difference) => failed.push(format!(
                "expected {}, signed for {}: {difference}",
                expectation.rule.wanted(expected),
                safe(&signed.to_string())
            )),
        }
    }
    if matched.is_empty() {
        return Err(failed.join("; "));
    }
    passed.extend(failed);
    Ok((matched, passed.join("; ")))
}

/// One expected identity against the signed reference. A digest in either must be the image's own, or that of the list
/// that the image was asked for by, which the rule by itself does not ask.
fn compare(expected: &Reference, signed: &Reference, subject: &Subject, rule: &Rule) -> Result<(), String> {
    if !rule.matches(Some(expected), signed) {
        return Err(identity::difference(&rule.wanted(expected), signed).to_owned());
    }
    let is_own = |digest: &Digest| {
        digest.names(&subject.digest) || subject.list.as_ref().is_some_and(|list| digest.names(list.digest()))
    };
    for reference in [expected, signed] {
        if reference.digest().is_some_and(|digest| !is_own(digest)) {
            let list = subject.list.as_ref();
            let list = list.map_or(String::new(), |list| format!(", in the list {}", list.digest()));
            return Err(format!("the image itself is {}{list}", subject.digest));
        }
    }
    Ok(())
}

fn describe_signer(signer: &Signer) -> String {
    let subkey = if signer.fingerprint == signer.primary {
        String::new()
    } else {
        format!(", with subkey {}", signer.fingerprint)
    };
    format!(
        "good, by {}{subkey}, {} and {}, made {}",
        name_signer(signer),
        signer.key_algorithm,
        signer.hash_algorithm,
        time(signer.created)
    )
}

/// Owner and primary fingerprint, as every text names a signer.
#[must_use]
pub fn name_signer(signer: &Signer) -> String {
    format!("{} ({})", safe(&signer.user_id), signer.primary)
}

/// Where expected identities come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum IdentitySource {
    User,
    Stream,
}

impl IdentitySource {
    /// The word in output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            IdentitySource::User => "user",
            IdentitySource::Stream => "stream",
        }
    }
}
