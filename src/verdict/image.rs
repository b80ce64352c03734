// SPDX-License-Identifier: Apache-2.0
//! What the outcomes of its signatures make of an image.

use super::signature::SignatureOutcome;
use super::tally::{self, Tally};
use super::Expectation;
use crate::reason::{Reason, Refusal, Verdict};
use crate::reference::Reference;
use crate::subject::Subject;

/// What is found out about one image.
#[derive(Debug, Clone)]
pub struct ImageOutcome {
    reason: Reason,
    message: String,
    matched: Vec<Reference>,
    tallies: Vec<Tally>,
    signatures: Vec<SignatureOutcome>,
}

impl ImageOutcome {
    /// An image about which nothing else can be said: it was not found, could not be read, or is damaged.
    ///
    /// A refusal that claims success is turned into a failure of the program.
    #[must_use]
    pub fn refused(refusal: Refusal, signatures: Vec<SignatureOutcome>) -> Self {
        let reason = match refusal.reason {
            Reason::Verified => Reason::EngineFailed,
            reason => reason,
        };
        Self {
            reason,
            message: refusal.message,
            matched: Vec::new(),
            tallies: Vec::new(),
            signatures,
        }
    }

    /// Puts the outcomes of an image's signatures together.
    ///
    /// An image is Verified as soon as enough signatures passed for one and the same identity, whatever the others
    /// are; one signature that could not be checked, and one place that did not say which signatures it has, makes any
    /// other image Unchecked.
    #[must_use]
    pub fn combine(
        subject: &Subject,
        signatures: Vec<SignatureOutcome>,
        expectation: &Expectation,
        no_signature: &str,
    ) -> Self {
        let image = &subject.digest;
        if let Some(expected) = expectation.digest.as_ref().filter(|d| *d != image) {
            let message = format!("this image is {image}; the image asked for is {expected}");
            return Self::refused(Refusal::new(Reason::DigestMismatch, message), signatures);
        }
        let tallies = tally::count(&signatures, expectation);
        if tallies.iter().any(Tally::is_reached) {
            let reached = tallies.iter().filter(|tally| tally.is_reached());
            return Self {
                reason: Reason::Verified,
                message: tally::success(&tallies),
                matched: reached.map(|tally| tally.identity.clone()).collect(),
                tallies,
                signatures,
            };
        }
        let unchecked = signatures.iter().any(|s| s.verdict() == Verdict::Unchecked);
        let trouble = subject.sources.iter().find_map(|source| source.answer.trouble());
        let refusal = match trouble {
            Some(trouble) if !unchecked => trouble,
            _ if signatures.is_empty() => Refusal::new(Reason::NoSignature, no_signature),
            _ => refusal(&signatures, &tallies),
        };
        Self {
            tallies,
            ..Self::refused(refusal, signatures)
        }
    }

    /// The verdict.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.reason.verdict()
    }

    /// The reason of the verdict.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// A sentence for people, safe to print.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The expected identities that enough keys signed for; empty unless the image is Verified.
    #[must_use]
    pub fn matched(&self) -> &[Reference] {
        &self.matched
    }

    /// Of the identities that a signature of this image is for, those that enough keys signed for.
    #[must_use]
    pub fn reached(&self, signature: &SignatureOutcome) -> Vec<&Reference> {
        let matched = self.matched.iter();
        matched
            .filter(|identity| signature.matched().contains(identity))
            .collect()
    }

    /// How many different keys signed for an expected identity, and how many are needed.
    #[must_use]
    pub fn count(&self, identity: &Reference) -> Option<(usize, usize)> {
        let tally = self.tallies.iter().find(|tally| tally.identity == *identity)?;
        Some(tally.counts())
    }

    /// How many keys signed for the identities that a signature of this image is for, in words.
    #[must_use]
    pub fn shortfall(&self, signature: &SignatureOutcome) -> String {
        let own = self.tallies.iter();
        tally::shortfall(own.filter(|tally| signature.matched().contains(&tally.identity)))
    }

    /// The signatures, in the order in which they are stored.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureOutcome] {
        &self.signatures
    }
}

/// Why an image with signatures is not Verified: the reason of the signature that got furthest, the first of these,
/// among those whose verdict is the image's own.
fn refusal(signatures: &[SignatureOutcome], tallies: &[Tally]) -> Refusal {
    // Signatures beyond the limit decide only where no other was looked at.
    let mut judged: Vec<&SignatureOutcome> = signatures.iter().filter(|s| !s.is_left_out()).collect();
    if judged.is_empty() {
        judged = signatures.iter().collect();
    }
    let has = |verdict: Verdict| judged.iter().any(|s| s.verdict() == verdict);
    let verdict = if has(Verdict::Unchecked) {
        Verdict::Unchecked
    } else if has(Verdict::Verified) {
        return Refusal::new(Reason::ThresholdNotReached, tally::shortfall(tallies.iter()));
    } else if has(Verdict::Rejected) {
        Verdict::Rejected
    } else {
        Verdict::Unsupported
    };
    let mut furthest: Option<&SignatureOutcome> = None;
    for signature in judged.into_iter().filter(|s| s.verdict() == verdict) {
        if furthest.is_none_or(|best| signature.progress() > best.progress()) {
            furthest = Some(signature);
        }
    }
    match furthest {
        Some(signature) => Refusal::new(signature.reason, signature.message.clone()),
        None => Refusal::new(Reason::EngineFailed, "no signature has a verdict"),
    }
}
