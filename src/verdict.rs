// SPDX-License-Identifier: Apache-2.0
//! Verdicts: the four steps on each signature in their order, and what they make of the image.
//!
//! `Verified` comes into being in this file only, through [`judge`] and [`ImageOutcome::combine`]. Every outcome carries
//! each check made with the values compared, so that explaining needs no second look.

pub mod reason;

use std::collections::BTreeSet;

use crate::digest::Digest;
use crate::identity::{self, Rule};
use crate::openpgp::engine::{Finding, Signer};
use crate::payload::Payload;
use crate::reference::Reference;
use crate::text::{safe, time};
use reason::{Reason, Refusal, Verdict};

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
    /// All of them.
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
    /// Which.
    pub step: Step,
    /// How it ended.
    pub ended: Ended,
    /// The values compared, safe to print.
    pub detail: String,
}

/// What is known of the manifest of the image that is being judged.
#[derive(Debug, Clone)]
pub enum Manifest {
    /// Its bytes are not at hand: the image's name, which is its digest, stands for them.
    NotAtHand,
    /// Its bytes hash to the image's name.
    Matches,
    /// They do not, or they are malformed.
    Mismatch(String),
}

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

/// What is found out about one signature.
#[derive(Debug, Clone)]
pub struct SignatureOutcome {
    name: String,
    reason: Reason,
    message: String,
    matched: Vec<Reference>,
    signer: Option<Signer>,
    claim: Option<Payload>,
    checks: Vec<Check>,
}

impl SignatureOutcome {
    /// A signature that was refused or could not be checked before or in the first step.
    #[must_use]
    pub fn refused(name: impl Into<String>, refusal: Refusal, signer: Option<Signer>) -> Self {
        let mut outcome = Self::begin(name.into());
        outcome.signer = signer;
        outcome.fail(Step::Signature, refusal.reason, refusal.message);
        outcome
    }

    fn begin(name: String) -> Self {
        Self {
            name,
            // Replaced in every path; the harmless side if one were forgotten.
            reason: Reason::EngineFailed,
            message: String::new(),
            matched: Vec::new(),
            signer: None,
            claim: None,
            checks: Vec::with_capacity(Step::ALL.len()),
        }
    }

    fn pass(&mut self, step: Step, detail: impl Into<String>) {
        let detail = detail.into();
        let ended = Ended::Pass;
        self.checks.push(Check { step, ended, detail });
    }

    /// Ends with a refusal: the steps that follow are skipped.
    fn fail(&mut self, step: Step, reason: Reason, message: impl Into<String>) {
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

    /// The expected identities that the signature is for; empty unless it is Verified.
    #[must_use]
    pub fn matched(&self) -> &[Reference] {
        &self.matched
    }

    /// Who made it, if GnuPG verified it with that key.
    #[must_use]
    pub fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
    }

    /// What it claims, if it parsed after the signature was found good.
    #[must_use]
    pub fn claim(&self) -> Option<&Payload> {
        self.claim.as_ref()
    }

    /// Each step.
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
    fn progress(&self) -> usize {
        self.checks.iter().filter(|check| check.ended == Ended::Pass).count()
    }
}

/// Judges one signature: what the engine found out, then payload, digest and identity.
///
/// `payload` is looked into only where the engine has no objection.
#[must_use]
pub fn judge(
    name: &str,
    finding: Finding,
    payload: &[u8],
    image: &Digest,
    manifest: &Manifest,
    expectation: &Expectation,
) -> SignatureOutcome {
    let mut outcome = SignatureOutcome::begin(name.to_owned());
    let (signer, refusal) = (finding.signer, finding.refusal);
    let Some(signer) = signer else {
        let refusal = refusal.unwrap_or_else(|| Refusal::new(Reason::EngineFailed, "the engine named no signer"));
        return SignatureOutcome::refused(name, refusal, None);
    };
    if let Some(refusal) = refusal {
        return SignatureOutcome::refused(name, refusal, Some(signer));
    }
    outcome.pass(Step::Signature, describe_signer(&signer));
    outcome.signer = Some(signer.clone());

    let payload = match Payload::parse(payload) {
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

    match check_digest(&payload, image, manifest, expectation) {
        Ok(detail) => outcome.pass(Step::Digest, detail),
        Err(refusal) => {
            outcome.fail(Step::Digest, refusal.reason, refusal.message);
            return outcome;
        }
    }

    match check_identity(&payload, image, expectation) {
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

fn check_digest(
    payload: &Payload,
    image: &Digest,
    manifest: &Manifest,
    expectation: &Expectation,
) -> Result<String, Refusal> {
    if let Manifest::Mismatch(why) = manifest {
        return Err(Refusal::new(Reason::ManifestMismatch, why.clone()));
    }
    if !payload.digest.names(image) {
        return Err(Refusal::new(
            Reason::DigestMismatch,
            format!("it is signed for image {}; this image is {image}", payload.digest),
        ));
    }
    if let Some(expected) = expectation.digest.as_ref().filter(|d| *d != image) {
        return Err(Refusal::new(
            Reason::DigestMismatch,
            format!("this image is {image}; the image asked for is {expected}"),
        ));
    }
    Ok(match manifest {
        Manifest::Matches => format!("the payload, the image and its manifest are {image}"),
        _ => format!("the payload and the image are {image} (the manifest is not at hand; the name is the digest)"),
    })
}

/// The expected identities that the signed reference matches, or what differs for each.
fn check_identity(
    payload: &Payload,
    image: &Digest,
    expectation: &Expectation,
) -> Result<(Vec<Reference>, String), String> {
    let signed = match Reference::parse(&payload.reference) {
        Ok(signed) => signed,
        Err(error) => {
            return Err(format!(
                "it is signed for {:?}, which is no reference: {error}",
                safe(&payload.reference)
            ));
        }
    };
    let mut matched = Vec::new();
    let mut passed = Vec::new();
    let mut failed = Vec::new();
    for expected in &expectation.identities {
        match compare(expected, &signed, image, &expectation.rule) {
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

/// One expected identity against the signed reference. A digest that the user named must be the image's own, which
/// the rule by itself does not ask.
fn compare(expected: &Reference, signed: &Reference, image: &Digest, rule: &Rule) -> Result<(), String> {
    if !rule.matches(Some(expected), signed) {
        return Err(identity::difference(&rule.wanted(expected), signed).to_owned());
    }
    match expected.digest() {
        Some(digest) if !digest.names(image) => Err(format!("the image itself is {image}")),
        _ => Ok(()),
    }
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
