// SPDX-License-Identifier: Apache-2.0
//! Verdicts: the four steps on each signature in their order, and what they make of the image.
//!
//! `Verified` comes into being in this module only, through [`judge`] and [`ImageOutcome::combine`]. Every outcome carries
//! each check made with the values compared, so that explaining needs no second look.

pub mod expectation;
pub mod footing;
pub mod image;
pub mod pipeline;
pub mod signature;
pub mod signer;
pub mod tally;

use crate::digest::Digest;
use crate::identity::Rule;
use crate::openpgp::judgement::Judgement;
use crate::payload::{Payload, PayloadFormat};
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::sigstore::keys::Checked;
use crate::subject::{ManifestState, NamingList, SignatureKind, Subject};
use crate::text::{quoted, safe};
pub use expectation::Expectation;
use expectation::Place;
pub use footing::Footing;
pub use image::ImageOutcome;
pub use signature::{Check, Ended, SignatureOutcome, Step};
pub use signer::Signer;

/// What was found out about a signature by itself, whatever it is for.
#[derive(Debug, Clone)]
pub enum Finding {
    /// A good signature by an accepted key.
    Good(Signer),
    /// A signature that is not accepted, and who made it, if it was verified with that key.
    Refused(Refusal, Option<Signer>),
}

impl From<Judgement> for Finding {
    fn from(judgement: Judgement) -> Self {
        match judgement {
            Judgement::Good(signer) => Finding::Good(Signer::Gpg(signer)),
            Judgement::Refused { refusal, signer } => Finding::Refused(refusal, signer.map(Signer::Gpg)),
        }
    }
}

impl From<Checked> for Finding {
    fn from(checked: Checked) -> Self {
        match checked {
            Checked::Good(signer) => Finding::Good(Signer::Sigstore(signer)),
            Checked::NotAccepted(signer, refusal) => Finding::Refused(refusal, Some(Signer::Sigstore(signer))),
            Checked::Refused(refusal) => Finding::Refused(refusal, None),
        }
    }
}

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
            for (place, message) in fit.missed {
                outcome.miss(place, Reason::IdentityMismatch, message);
            }
            outcome
        }
        Err(refusal) => {
            outcome.fail(Step::Identity, refusal.reason, refusal.message);
            outcome.missing_all(set, expectation)
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

/// Which expected identities the signed reference matches.
#[derive(Default)]
struct Fit {
    matched: Vec<Reference>,
    met: Vec<Place>,
    missed: Vec<(Place, String)>,
    /// Every comparison that was made.
    detail: String,
}

/// Compares the signed reference with every identity that a signature by the keys of a set may be for; what differs
/// where it matches none, or that nobody knows.
fn check_identity(
    payload: &Payload,
    subject: &Subject,
    expectation: &Expectation,
    (kind, set): (SignatureKind, usize),
) -> Result<Fit, Refusal> {
    let signed = match Reference::parse(&payload.reference) {
        Ok(signed) => signed,
        Err(error) => {
            let what = quoted(&payload.reference);
            let message = format!("it is signed for {what}, which is not a reference: {error}");
            return Err(Refusal::new(Reason::IdentityMismatch, message));
        }
    };
    let mut fit = Fit::default();
    let mut passed = Vec::new();
    let mut failed = Vec::new();
    let mut reason = Reason::IdentityMismatch;
    for (place, alternative, demand) in expectation.signed() {
        if demand.keys.of(kind) != Some(set) {
            continue;
        }
        let (expected, rule) = (&alternative.identity, &demand.rule);
        match compare(expected, &signed, subject, rule) {
            Ok(()) => {
                let text = format!("expected {expected}, signed for {signed}: {rule} holds");
                if !passed.contains(&text) {
                    passed.push(text);
                }
                if !fit.matched.contains(expected) {
                    fit.matched.push(expected.clone());
                }
                fit.met.push(place);
            }
            Err(Unlike { difference, is_known }) => {
                if !is_known {
                    reason = Reason::ManifestUnavailable;
                }
                let wanted = rule.wanted(expected);
                // A tag would help only where there is a reference to hold it against.
                let lacks_tag = if rule.can_be_met(expected) {
                    without_tag(kind, &wanted, &signed)
                } else {
                    ""
                };
                let text = format!(
                    "expected {wanted}, signed for {}: {difference}{lacks_tag}",
                    safe(&signed.to_string()),
                );
                if !failed.contains(&text) {
                    failed.push(text.clone());
                }
                fit.missed.push((place, text));
            }
        }
    }
    if fit.matched.is_empty() {
        return Err(Refusal::new(reason, failed.join("; ")));
    }
    passed.extend(failed);
    fit.detail = passed.join("; ");
    Ok(fit)
}

/// What to know of a signed reference that only lacks a tag or a digest, as an addition to a message: signers of this kind
/// write none unless they are told to.
fn without_tag(kind: SignatureKind, wanted: &Reference, signed: &Reference) -> &'static str {
    match kind {
        SignatureKind::Sigstore if signed.is_name_only() && signed.name() == wanted.name() => {
            "; payloads of this kind name a repository and no tag, unless the signer gives one (image-signature-verify(1), Signatures without a tag)"
        }
        _ => "",
    }
}

/// Why a signed reference is not held for an expected one, in words that are safe to print.
struct Unlike {
    difference: String,
    /// It is another one; else what it takes to know is not at hand.
    is_known: bool,
}

/// One expected identity against the signed reference. A digest in either must be the image's own, or that of a list that
/// the image was asked for by, which the rule by itself does not ask. Who expects one list does not get the image as another
/// one has it.
fn compare(expected: &Reference, signed: &Reference, subject: &Subject, rule: &Rule) -> Result<(), Unlike> {
    let unlike = |difference, is_known| Err(Unlike { difference, is_known });
    if !rule.matches(Some(expected), signed) {
        return unlike(rule.difference(expected, signed), true);
    }
    let named = expected.digest().filter(|digest| subject.has(digest) != Some(true));
    let mut lists: Vec<&NamingList> = subject.lists.iter().collect();
    if let Some(named) = named {
        lists.retain(|list| list.has(named));
    }
    let is_own = |digest: &Digest| subject.has(digest) == Some(true) || lists.iter().any(|list| list.has(digest));
    for reference in [expected, signed] {
        if reference.digest().is_some_and(|digest| !is_own(digest)) {
            let lists = subject.lists.iter();
            let lists: String = lists
                .map(|list| format!(", in the manifest list {}", list.digest()))
                .collect();
            let open = reference.digest().filter(|digest| subject.has(digest).is_none());
            let open = open
                .map(|digest| format!("; whether {digest} is its digest too takes its manifest, which is not at hand"));
            let is_known = open.is_none();
            return unlike(
                format!(
                    "the image itself is {}{lists}{}",
                    subject.digest,
                    open.unwrap_or_default()
                ),
                is_known,
            );
        }
    }
    Ok(())
}

/// Where expected identities come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum IdentitySource {
    User,
    Reference,
    Stream,
}

impl IdentitySource {
    /// The word in output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            IdentitySource::User => "user",
            IdentitySource::Reference => "reference",
            IdentitySource::Stream => "stream",
        }
    }
}
