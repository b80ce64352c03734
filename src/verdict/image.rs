// SPDX-License-Identifier: Apache-2.0
//! What the outcomes of its signatures make of an image.

use super::by_kind::{self, furthest, Gap};
use super::expectation::Expectation;
use super::footing::Footing;
use super::signature::SignatureOutcome;
use super::tally::{self, Tally};
use super::unmet::{by_policy, unread};
use crate::reason::{Reason, Refusal, Verdict};
use crate::reference::Reference;
use crate::subject::{unasked, ManifestState, SignatureKind, Subject};

/// What is said of a manifest in whose place a digest was given.
pub(crate) const NOT_GIVEN: &str = "not given: the expected digest takes its place";

/// What is found out about one image.
#[derive(Debug, Clone)]
pub struct ImageOutcome {
    reason: Reason,
    message: String,
    matched: Vec<Reference>,
    tallies: Vec<Tally>,
    signatures: Vec<SignatureOutcome>,
    /// Of which kinds signatures were asked for.
    kinds: Vec<SignatureKind>,
    /// Of which kinds it is not known that there is none, where none was found.
    gaps: Vec<(SignatureKind, Gap)>,
    /// What it rests on that each instance is Verified, if that is why the image is.
    by_instances: Option<Footing>,
    /// It is Verified, and a digest that was given took the place of its manifest.
    by_digest: bool,
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
            kinds: Vec::new(),
            gaps: Vec::new(),
            by_instances: None,
            by_digest: false,
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
        let kinds = [SignatureKind::Gpg, SignatureKind::Sigstore];
        let kinds: Vec<SignatureKind> = kinds
            .into_iter()
            .filter(|kind| !expectation.key_sets(*kind).is_empty())
            .collect();
        let gaps = by_kind::gaps(subject);
        let trouble = subject.sources.iter().find_map(|source| source.answer.trouble());
        // A signature that is enough for its own kind is not held for too few because of the other kind.
        let is_one_good = signatures.iter().any(|own| own.reason == Reason::Verified);
        let is_unasked = subject.is_object_alone && is_one_good && kinds.contains(&SignatureKind::Sigstore);
        let unread = unread(subject).filter(|_| is_one_good);
        let missing: &[SignatureKind] = match (&trouble, is_unasked, &unread) {
            (None, false, None) => &[],
            (None, false, Some((kinds, _))) => kinds,
            (None, true, None) => &[SignatureKind::Sigstore],
            _ => &[SignatureKind::Gpg, SignatureKind::Sigstore],
        };
        let tallies = tally::count(&signatures, expectation, missing);
        let is_open = tallies.iter().any(Tally::is_open);
        let trouble = trouble.or_else(|| unread.filter(|_| is_open).map(|(_, refusal)| refusal));
        let trouble = trouble.or_else(|| (is_unasked && is_open).then(|| unasked(&subject.sources)));
        if tallies.iter().any(Tally::is_reached) {
            let reached = tallies.iter().filter(|tally| tally.is_reached());
            let by_digest = matches!(subject.manifest, ManifestState::DigestGiven);
            let also = if by_digest {
                format!("; the manifest is {NOT_GIVEN}")
            } else {
                String::new()
            };
            return Self {
                reason: Reason::Verified,
                message: tally::success(&tallies) + &also,
                matched: reached.map(|tally| tally.identity.clone()).collect(),
                tallies,
                signatures,
                kinds,
                gaps,
                by_instances: None,
                by_digest,
            };
        }
        let unchecked = signatures.iter().any(|s| s.verdict() == Verdict::Unchecked);
        let furthest = match trouble {
            Some(trouble) if !unchecked => trouble,
            _ if signatures.is_empty() => Refusal::new(Reason::NoSignature, no_signature),
            _ => refusal(&signatures, &tallies),
        };
        let refusal = if expectation.is_by_policy() {
            by_policy(subject, &tallies, !signatures.is_empty(), no_signature, &furthest)
        } else {
            furthest
        };
        Self {
            tallies,
            kinds,
            gaps,
            ..Self::refused(refusal, signatures)
        }
    }

    /// Whether it is Verified by a digest that was given in place of its manifest.
    #[must_use]
    pub fn is_by_digest(&self) -> bool {
        self.by_digest
    }

    /// Of which kinds signatures are asked for.
    #[must_use]
    pub fn kinds(&self) -> &[SignatureKind] {
        &self.kinds
    }

    /// What a list is that was judged by its own signatures, and whose instances were judged each: Verified if it is
    /// signed itself, or if it has an instance and every one is Verified. What each instance is called comes with it,
    /// safe to print.
    #[must_use]
    pub fn of_list(own: Self, instances: &[(String, &Self)]) -> Self {
        if own.reason == Reason::Verified || instances.is_empty() {
            return own;
        }
        // The worst decides; what is not known is worse than anything that is.
        const WORST: [Verdict; 5] = [
            Verdict::Unchecked,
            Verdict::Rejected,
            Verdict::Unsupported,
            Verdict::Unsigned,
            Verdict::Allowed,
        ];
        let of = |verdict: Verdict| instances.iter().find(|(_, outcome)| outcome.verdict() == verdict);
        if let Some((name, outcome)) = WORST.into_iter().find_map(of) {
            // A list that may be signed itself, or that is in a way which does not count, is not called unsigned for its
            // instances.
            let is_open = own.verdict() == Verdict::Unchecked;
            if is_open || outcome.verdict() == Verdict::Unsigned && own.verdict() != Verdict::Unsigned {
                return own;
            }
            let message = format!("instance {name}: {}", outcome.message);
            return Self {
                tallies: own.tallies,
                kinds: own.kinds,
                gaps: own.gaps,
                ..Self::refused(Refusal::new(outcome.reason, message), own.signatures)
            };
        }
        // What holds for one instance only is not said of the list.
        let mut matched = instances[0].1.matched.clone();
        matched.retain(|identity| instances.iter().all(|(_, outcome)| outcome.matched.contains(identity)));
        let names: Vec<&str> = instances.iter().map(|(name, _)| name.as_str()).collect();
        Self {
            reason: Reason::Verified,
            message: format!(
                "the manifest list is not signed itself, and each of its instances is Verified: {}",
                names.join(", ")
            ),
            matched,
            by_instances: Some(Footing::all(instances.iter().filter_map(|(_, own)| own.footing()))),
            ..own
        }
    }

    /// What follows for the image from its signatures.
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

    /// What each of the matched identities rests on; nothing for what only instances are signed for.
    pub fn footings(&self) -> impl Iterator<Item = (&Reference, Footing)> {
        let tallies = self.tallies.iter();
        tallies.filter_map(|tally| Some((&tally.identity, tally.footing()?)))
    }

    /// What it rests on that the image is Verified, if it is.
    #[must_use]
    pub fn footing(&self) -> Option<Footing> {
        let own = || Footing::any(self.footings().map(|(_, own)| own));
        (self.reason == Reason::Verified).then(|| self.by_instances.clone().unwrap_or_else(own))
    }

    /// How many different keys signed for an expected identity, and how many are needed.
    #[must_use]
    pub fn count(&self, identity: &Reference) -> Option<(usize, usize)> {
        let tally = self.tallies.iter().find(|tally| tally.identity == *identity)?;
        Some(tally.counts())
    }

    /// What the requirements came to for each expected identity.
    #[must_use]
    pub fn tallies(&self) -> &[Tally] {
        &self.tallies
    }

    /// What the requirements came to for the reference that a signature is for, where the image is expected to be that.
    #[must_use]
    pub fn tally_as_signed(&self, signature: &SignatureOutcome) -> Option<&Tally> {
        let signed = Reference::parse(&signature.claim()?.reference).ok()?;
        self.tallies.iter().find(|tally| tally.identity == signed)
    }

    /// What is missing for the identities that a signature of this image is for, in words.
    #[must_use]
    pub fn shortfall(&self, signature: &SignatureOutcome) -> String {
        let own = self.tallies.iter();
        tally::shortfall(own.filter(|tally| signature.matched().contains(&tally.identity)))
    }

    /// What the signatures of each kind came to, such as `GPG: Verified, sigstore: none`, where both are
    /// asked for or there. `place` says where there is none of a kind; it may be empty.
    #[must_use]
    pub fn by_kind(&self, place: &str) -> Option<String> {
        by_kind::told(&self.signatures, &self.kinds, &self.gaps, place)
    }

    /// The signatures, in the order in which they are stored.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureOutcome] {
        &self.signatures
    }

    /// Nothing but the signatures.
    #[must_use]
    pub fn into_signatures(self) -> Vec<SignatureOutcome> {
        self.signatures
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
    match furthest(judged.into_iter().filter(|s| s.verdict() == verdict)) {
        Some(signature) => Refusal::new(signature.reason, signature.message.clone()),
        None => Refusal::new(Reason::EngineFailed, "no signature has a verdict"),
    }
}
