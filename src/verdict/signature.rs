// SPDX-License-Identifier: Apache-2.0
//! What is found out about a signature, step by step.

use super::expectation::{Expectation, Place};
use super::signer::Signer;
use crate::payload::Payload;
use crate::reason::{Reason, Refusal, Verdict};
use crate::reference::Reference;
use crate::subject::SignatureKind;

/// The steps, in the order in which they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Step {
    Signature,
    Payload,
    Digest,
    Identity,
}

impl Step {
    /// All steps, in the order in which they are made.
    pub const ALL: [Step; 4] = [Step::Signature, Step::Payload, Step::Digest, Step::Identity];

    /// The word in output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Step::Signature => "signature",
            Step::Payload => "payload",
            Step::Digest => "digest",
            Step::Identity => "identity",
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Ended {
    Pass,
    Fail,
    Skip,
}

impl Ended {
    /// The word in output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Ended::Pass => "pass",
            Ended::Fail => "fail",
            Ended::Skip => "skip",
        }
    }
}

/// One step on one signature.
#[derive(Debug, Clone)]
pub struct Check {
    /// The step that was made.
    pub step: Step,
    /// Whether it passed, failed or was skipped.
    pub ended: Ended,
    /// The values compared, safe to print.
    pub detail: String,
}

/// A requirement of a policy that a signature does not meet.
#[derive(Debug, Clone)]
pub(super) struct Miss {
    pub place: Place,
    pub refusal: Refusal,
    /// How many steps were passed.
    pub progress: usize,
}

/// Whether it is for who or what a scope accepts that it refuses a signature.
fn is_of_scope(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::PolicyRejected | Reason::UnknownKey | Reason::KeyNotAccepted
    )
}

/// What is found out about one signature.
#[derive(Debug, Clone)]
pub struct SignatureOutcome {
    pub(super) name: String,
    kind: SignatureKind,
    pub(super) reason: Reason,
    pub(super) message: String,
    pub(super) matched: Vec<Reference>,
    pub(super) signer: Option<Signer>,
    pub(super) claim: Option<Payload>,
    pub(super) claimed_key: Option<String>,
    pub(super) met: Vec<Place>,
    pub(super) missed: Vec<Miss>,
    spares_record: bool,
    checks: Vec<Check>,
}

impl SignatureOutcome {
    /// A signature that was refused or could not be checked before or in the first step.
    #[must_use]
    pub fn refused(name: impl Into<String>, kind: SignatureKind, refusal: Refusal, signer: Option<Signer>) -> Self {
        let mut outcome = Self::begin(name.into(), kind);
        outcome.signer = signer;
        outcome.spares_record = refusal.spares_record;
        outcome.fail(Step::Signature, refusal.reason, refusal.message);
        outcome
    }

    pub(super) fn begin(name: String, kind: SignatureKind) -> Self {
        Self {
            name,
            kind,
            // Replaced in every path; the harmless side if one were forgotten.
            reason: Reason::EngineFailed,
            message: String::new(),
            matched: Vec::new(),
            signer: None,
            claim: None,
            claimed_key: None,
            met: Vec::new(),
            missed: Vec::new(),
            spares_record: false,
            checks: Vec::with_capacity(Step::ALL.len()),
        }
    }

    /// A signature that is not judged, because nothing about it matters.
    pub(super) fn not_judged(name: String, kind: SignatureKind, reason: Reason, why: &str) -> Self {
        let mut outcome = Self::begin(name, kind);
        outcome.spares_record = true;
        outcome.reason = reason;
        outcome.message = why.to_owned();
        outcome.checks.extend(Step::ALL.into_iter().map(|step| Check {
            step,
            ended: Ended::Skip,
            detail: why.to_owned(),
        }));
        outcome
    }

    /// Notes that it does not meet any of the requirements that accept the keys of a set.
    pub(super) fn missing_all(mut self, set: usize, expectation: &Expectation) -> Self {
        let kind = self.kind;
        let places = expectation.signed();
        let places = places.filter(|(_, _, signed)| signed.keys.of(kind) == Some(set));
        for (place, ..) in places.filter(|(_, alternative, _)| alternative.scope.is_some()) {
            self.miss(place, self.reason, self.message.clone());
        }
        self
    }

    /// Whether it is only for the reference that it is signed for that it meets nothing: for each identity that it was judged
    /// for by a policy, one requirement accepts its key.
    #[must_use]
    pub fn is_missed_by_identity(&self) -> bool {
        let by_identity = |miss: &&Miss| miss.refusal.reason == Reason::IdentityMismatch;
        let own: Vec<usize> = self
            .missed
            .iter()
            .filter(by_identity)
            .map(|miss| miss.place.alternative)
            .collect();
        self.missed.iter().all(|miss| own.contains(&miss.place.alternative))
    }

    /// Whether it is only for the scopes in question that it is refused: their keys are others, or they accept no image. In
    /// another scope it may be good.
    #[must_use]
    pub fn is_refused_by_scope(&self) -> bool {
        is_of_scope(self.reason) && self.missed.iter().all(|miss| is_of_scope(miss.refusal.reason))
    }

    /// Whether it is refused for what it is, not for who or what is accepted.
    #[must_use]
    pub fn is_refused_itself(&self) -> bool {
        self.verdict() == Verdict::Rejected && self.reason != Reason::IdentityMismatch && !self.is_refused_by_scope()
    }

    /// Whether it is refused for what it is in every scope: for another one than who is accepted there, what it is signed for,
    /// and what a copy of its key says, which may be older than another copy.
    #[must_use]
    pub fn is_refused_anywhere(&self) -> bool {
        let is_of_copy = |reason| matches!(reason, Reason::KeyExpired | Reason::KeyDisabled | Reason::WrongKeyUsage);
        let is_own = |reason: Reason| {
            reason.verdict() == Verdict::Rejected
                && !is_of_copy(reason)
                && !is_of_scope(reason)
                && reason != Reason::IdentityMismatch
        };
        let missed = || self.missed.iter().any(|miss| is_own(miss.refusal.reason));
        self.is_refused_itself() && (is_own(self.reason) || missed())
    }

    /// Notes that it does not meet a requirement of a policy.
    pub(super) fn miss(&mut self, place: Place, reason: Reason, message: String) {
        let progress = self.progress();
        self.missed.push(Miss {
            place,
            refusal: Refusal::new(reason, message),
            progress,
        });
    }

    /// Puts together what was found out with different sets of keys.
    pub(super) fn unite(self, other: Self) -> Self {
        let rank = |outcome: &Self| {
            let verdict = match outcome.verdict() {
                Verdict::Verified => 3,
                Verdict::Unchecked => 2,
                Verdict::Rejected => 1,
                Verdict::Unsupported | Verdict::Unsigned | Verdict::Allowed => 0,
            };
            (verdict, outcome.progress(), outcome.signer.is_some())
        };
        let (mut best, rest) = if rank(&other) > rank(&self) {
            (other, self)
        } else {
            (self, other)
        };
        for identity in rest.matched {
            if !best.matched.contains(&identity) {
                best.matched.push(identity);
            }
        }
        best.met.extend(rest.met);
        best.missed.extend(rest.missed);
        best
    }

    pub(super) fn pass(&mut self, step: Step, detail: impl Into<String>) {
        let detail = detail.into();
        let ended = Ended::Pass;
        self.checks.push(Check { step, ended, detail });
    }

    /// Ends with a refusal: the steps that follow are skipped.
    pub(super) fn fail(&mut self, step: Step, reason: Reason, message: impl Into<String>) {
        self.reason = reason;
        self.message = message.into();
        self.checks.push(Check {
            step,
            ended: Ended::Fail,
            detail: self.message.clone(),
        });
        for skipped in Step::ALL.into_iter().filter(|s| *s > step) {
            self.checks.push(Check {
                step: skipped,
                ended: Ended::Skip,
                detail: format!("not reached: the {} step failed", step.word()),
            });
        }
    }

    /// The signature's name where it is stored.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What kind of signature it is.
    #[must_use]
    pub fn kind(&self) -> SignatureKind {
        self.kind
    }

    /// What follows for the signature from its reason.
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

    /// The expected identities that the signature is for; empty unless it is Verified.
    #[must_use]
    pub fn matched(&self) -> &[Reference] {
        &self.matched
    }

    /// Who made it, if it was verified with that key.
    #[must_use]
    pub fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
    }

    /// What it claims, if it parsed after the signature was found good.
    #[must_use]
    pub fn claim(&self) -> Option<&Payload> {
        self.claim.as_ref()
    }

    /// The key that it says it is by, key ID or fingerprint, where that key is unknown: a claim and no more.
    #[must_use]
    pub fn claimed_key(&self) -> Option<&str> {
        self.claimed_key.as_deref()
    }

    /// Whether what is recorded about the signature stays as it is, whatever the verdict.
    #[must_use]
    pub fn spares_record(&self) -> bool {
        self.spares_record
    }

    /// Whether it is beyond the signatures of an image that are judged.
    #[must_use]
    pub fn is_left_out(&self) -> bool {
        self.spares_record && self.reason == Reason::LimitExceeded
    }

    /// The steps in their order, with the values compared.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// How a step ended.
    #[must_use]
    pub fn ended(&self, step: Step) -> Ended {
        self.checks
            .iter()
            .find(|check| check.step == step)
            .map_or(Ended::Skip, |check| check.ended)
    }

    /// How many steps it passed.
    pub(super) fn progress(&self) -> usize {
        self.checks.iter().filter(|check| check.ended == Ended::Pass).count()
    }
}
