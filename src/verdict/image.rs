// SPDX-License-Identifier: Apache-2.0
//! What the outcomes of its signatures make of an image.

use std::collections::BTreeSet;

use super::signature::SignatureOutcome;
use super::{name_signer, Expectation};
use crate::digest::Digest;
use crate::openpgp::engine::Signer;
use crate::reason::{Reason, Refusal, Verdict};
use crate::reference::Reference;

/// What is found out about one image.
#[derive(Debug, Clone)]
pub struct ImageOutcome {
    reason: Reason,
    message: String,
    matched: Vec<Reference>,
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
            signatures,
        }
    }

    /// Puts the outcomes of an image's signatures together.
    ///
    /// An image is Verified as soon as enough signatures passed, whatever the others are; one signature that could
    /// not be checked makes any other image Unchecked.
    #[must_use]
    pub fn combine(
        image: &Digest,
        signatures: Vec<SignatureOutcome>,
        expectation: &Expectation,
        no_signature: &str,
    ) -> Self {
        if let Some(expected) = expectation.digest.as_ref().filter(|d| *d != image) {
            let message = format!("this image is {image}; the image asked for is {expected}");
            return Self::refused(Refusal::new(Reason::DigestMismatch, message), signatures);
        }
        let met: Vec<(&Reference, Vec<&Signer>)> = expectation
            .identities
            .iter()
            .map(|identity| (identity, signers_of(&signatures, identity)))
            .collect();
        let enough: Vec<&(&Reference, Vec<&Signer>)> = met
            .iter()
            .filter(|(_, signers)| signers.len() >= expectation.require.max(1))
            .collect();
        if !enough.is_empty() {
            let matched: Vec<Reference> = enough.iter().map(|(identity, _)| (*identity).clone()).collect();
            let message = describe_success(&enough, expectation);
            return Self {
                reason: Reason::Verified,
                message,
                matched,
                signatures,
            };
        }
        if signatures.is_empty() {
            return Self::refused(Refusal::new(Reason::NoSignature, no_signature), signatures);
        }
        let refusal = first_refusal(&signatures, &met, expectation);
        Self::refused(refusal, signatures)
    }

    /// The verdict.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.reason.verdict()
    }

    /// Why.
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

    /// The signatures, in the order in which they are stored.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureOutcome] {
        &self.signatures
    }
}

/// The different primary keys that passed for one identity.
fn signers_of<'a>(signatures: &'a [SignatureOutcome], identity: &Reference) -> Vec<&'a Signer> {
    let mut seen = BTreeSet::new();
    signatures
        .iter()
        .filter(|s| s.reason == Reason::Verified && s.matched.contains(identity))
        .filter_map(|s| s.signer.as_ref())
        .filter(|signer| seen.insert(&signer.primary))
        .collect()
}

fn describe_success(enough: &[&(&Reference, Vec<&Signer>)], expectation: &Expectation) -> String {
    let join = |parts: Vec<String>| parts.join(", ");
    let identities = join(enough.iter().map(|(identity, _)| identity.to_string()).collect());
    let mut seen = BTreeSet::new();
    let signers = enough.iter().flat_map(|(_, signers)| signers);
    let signers = join(
        signers
            .filter(|signer| seen.insert(&signer.primary))
            .map(|signer| name_signer(signer))
            .collect(),
    );
    let unmet: Vec<String> = expectation
        .identities
        .iter()
        .filter(|identity| !enough.iter().any(|(met, _)| met == identity))
        .map(ToString::to_string)
        .collect();
    let unmet = if unmet.is_empty() {
        String::new()
    } else {
        format!("; not signed as {}", join(unmet))
    };
    format!("{identities}, signed by {signers}{unmet}")
}

/// Why an image with signatures is not Verified.
fn first_refusal(
    signatures: &[SignatureOutcome],
    met: &[(&Reference, Vec<&Signer>)],
    expectation: &Expectation,
) -> Refusal {
    let of = |verdict: Verdict| signatures.iter().filter(move |s| s.verdict() == verdict);
    let verdict = if of(Verdict::Unchecked).next().is_some() {
        Verdict::Unchecked
    } else if of(Verdict::Verified).next().is_some() {
        let best = met.iter().max_by_key(|(_, signers)| signers.len());
        let (identity, count) = best.map_or((String::new(), 0), |(i, signers)| (i.to_string(), signers.len()));
        return Refusal::new(
            Reason::ThresholdNotReached,
            format!(
                "{count} of the {} different keys that must each have signed for {identity} did",
                expectation.require
            ),
        );
    } else if of(Verdict::Rejected).next().is_some() {
        Verdict::Rejected
    } else {
        Verdict::Unsupported
    };
    let mut furthest: Option<&SignatureOutcome> = None;
    for signature in of(verdict) {
        if furthest.is_none_or(|best| signature.progress() > best.progress()) {
            furthest = Some(signature);
        }
    }
    match furthest {
        Some(signature) => Refusal::new(signature.reason, signature.message.clone()),
        None => Refusal::new(Reason::EngineFailed, "no signature has a verdict"),
    }
}
