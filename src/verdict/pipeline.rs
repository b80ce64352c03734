// SPDX-License-Identifier: Apache-2.0
//! From a subject to its outcome: framing, engine and the pure steps, one signature after the other.

use std::collections::BTreeSet;

use super::expectation::Expectation;
use super::finding::Finding;
use super::image::ImageOutcome;
use super::of_list::{failed, OfList};
use super::signature::SignatureOutcome;
use super::steps;
use crate::openpgp::engine::Engine;
use crate::openpgp::framing::message::Message;
use crate::openpgp::roles::Maker;
use crate::reason::{Reason, Refusal};
use crate::sigstore::attachment::CERTIFICATE_ANNOTATION;
use crate::sigstore::keys::Keys;
use crate::subject::{Attachment, Content, SignatureBlob, SignatureKind, Subject};

/// What is said of a signature that no key can be named for.
pub(crate) const KEYLESS: &str = "present, not checked: a keyless sigstore signature (by certificate)";

/// An engine, or why there is none: then every signature is Unchecked for that reason.
pub type EngineOrTrouble = Result<Box<Engine>, Refusal>;

/// Everything that signatures are judged with: sets of keys, to which [`Expectation`]s refer by their places.
#[derive(Debug, Default)]
pub struct Judges {
    /// Sets of OpenPGP keys, each with what checks by them.
    pub gpg: Vec<EngineOrTrouble>,
    /// Sets of sigstore keys, or why one cannot be used.
    pub sigstore: Vec<Result<Keys, Refusal>>,
    /// Blobs that are about to be judged, and what the framing made of them.
    framed: Vec<(Vec<u8>, Message)>,
    /// What was found out about signatures of other instances, while those of a list are judged.
    pub(crate) of_list: Option<OfList>,
}

impl Judges {
    /// Looks at signature blobs that are about to be judged: many together take less time. No verdict depends on it.
    pub fn prepare<'b>(&mut self, blobs: impl Iterator<Item = &'b [u8]>) {
        self.framed.clear();
        // Of several sets of keys it is not known which will be asked.
        let [Ok(engine)] = self.gpg.as_mut_slice() else {
            return;
        };
        let framed = blobs.filter_map(|blob| Some((blob.to_vec(), Message::parse(blob).ok()?)));
        self.framed.extend(framed);
        let messages: Vec<&Message> = self.framed.iter().map(|(_, message)| message).collect();
        engine.prepare(&messages);
    }

    /// What the framing makes of a blob.
    fn frame(&mut self, blob: &[u8]) -> Result<Message, Refusal> {
        match self.framed.iter().position(|(known, _)| known == blob) {
            Some(at) => Ok(self.framed.swap_remove(at).1),
            None => Message::parse(blob),
        }
    }

    /// The primary keys of a set that may have made a signature by this maker; `None` where that cannot be told.
    pub(super) fn claimants(&mut self, set: usize, maker: &Maker) -> Option<BTreeSet<String>> {
        let engine = self.gpg.get_mut(set)?.as_mut().ok()?;
        let found = engine.claimants(maker).ok()?;
        Some(found.iter().map(ToString::to_string).collect())
    }

    /// What a user should know besides the verdicts, each once; safe to print.
    pub fn take_warnings(&mut self) -> Vec<String> {
        let engines = self.gpg.iter_mut().filter_map(|engine| engine.as_mut().ok());
        engines.flat_map(|engine| engine.take_warnings()).collect()
    }
}

/// Judges an image and all its signatures.
pub(crate) fn judge_image(
    judges: &mut Judges,
    subject: &Subject,
    expectation: &Expectation,
    no_signature: &str,
) -> ImageOutcome {
    let signatures = subject
        .signatures
        .iter()
        .map(|blob| judge_blob(judges, blob, subject, expectation))
        .collect();
    let no_signature = match subject.is_object_alone && !expectation.key_sets(SignatureKind::Sigstore).is_empty() {
        // No Image object has any.
        true => format!("{no_signature}; sigstore signatures are kept in registries, none of which was asked"),
        false => no_signature.to_owned(),
    };
    ImageOutcome::combine(subject, signatures, expectation, &no_signature)
}

fn judge_blob(
    judges: &mut Judges,
    blob: &SignatureBlob,
    subject: &Subject,
    expectation: &Expectation,
) -> SignatureOutcome {
    let kind = blob.content.kind();
    let refused = |refusal: &Refusal| SignatureOutcome::refused(blob.name.clone(), kind, refusal.clone(), None);
    if let Content::Gpg(Err(refusal)) | Content::Sigstore(Err(refusal)) | Content::Other(refusal) = &blob.content {
        return refused(refusal);
    }
    let sets = expectation.key_sets(kind);
    let outcomes = sets.into_iter().map(|set| {
        let trial = Trial {
            set,
            name: &blob.name,
            subject,
            expectation,
        };
        match &blob.content {
            Content::Gpg(Ok(bytes)) => trial.gpg(judges, bytes),
            Content::Sigstore(Ok(attachment)) => trial.sigstore(judges, attachment),
            Content::Gpg(Err(refusal)) | Content::Sigstore(Err(refusal)) | Content::Other(refusal) => refused(refusal),
        }
    });
    let united = outcomes.reduce(SignatureOutcome::unite);
    united.unwrap_or_else(|| without_keys(blob, expectation))
}

/// A signature of a kind for which no keys are named.
fn without_keys(blob: &SignatureBlob, expectation: &Expectation) -> SignatureOutcome {
    let (name, kind) = (blob.name.clone(), blob.content.kind());
    if expectation.signed().next().is_none() {
        if expectation.has_refusal() {
            let what = "the policy accepts no image here, whatever its signatures";
            return SignatureOutcome::refused(name, kind, Refusal::new(Reason::PolicyRejected, what), None);
        }
        if expectation.is_out_of_scope() {
            // The objects say nothing of such signatures: that is no reason to take back what is recorded of them.
            let why = "not judged: the policy has no scope for what is expected";
            return SignatureOutcome::not_judged(name, kind, Reason::PolicyRejected, why);
        }
        let has_nothing_else = expectation.is_by_policy() && !expectation.has_unsupported();
        if has_nothing_else {
            let why = "not judged: the policy accepts every image here";
            return SignatureOutcome::not_judged(name, kind, Reason::Allowed, why);
        }
    }
    let is_keyless =
        matches!(&blob.content, Content::Sigstore(Ok(own)) if own.annotations.contains_key(CERTIFICATE_ANNOTATION));
    let what = match (kind, expectation.is_by_policy()) {
        (SignatureKind::Sigstore, _) if is_keyless => KEYLESS,
        (SignatureKind::Other, _) => "present, not checked: a signature of a kind that is never checked",
        (SignatureKind::Gpg, false) => {
            "present, not checked: it is stored as a GPG signature, and only sigstore keys are named; GPG keys are named by --public-key FILE"
        }
        (SignatureKind::Sigstore, false) => {
            "present, not checked: a sigstore signature; name the public key that it must be by with --sigstore-key FILE"
        }
        (SignatureKind::Gpg, true) => {
            "present, not checked: it is stored as a GPG signature, for which the policy names no keys here"
        }
        (SignatureKind::Sigstore, true) => {
            "present, not checked: a sigstore signature, for which the policy names no keys here"
        }
    };
    SignatureOutcome::not_judged(name, kind, Reason::UnsupportedSignature, what)
}

/// One signature and one set of keys.
struct Trial<'p> {
    set: usize,
    name: &'p str,
    subject: &'p Subject,
    expectation: &'p Expectation,
}

impl Trial<'_> {
    fn gpg(&self, judges: &mut Judges, bytes: &[u8]) -> SignatureOutcome {
        let kind = SignatureKind::Gpg;
        let message = match judges.frame(bytes) {
            Ok(message) => message,
            Err(refusal) => return self.refused(kind, refusal),
        };
        let engine = match judges.gpg.get_mut(self.set) {
            Some(Ok(engine)) => engine,
            Some(Err(trouble)) => return self.refused(kind, trouble.clone()),
            None => return self.refused(kind, no_such_set()),
        };
        let finding = match &mut judges.of_list {
            Some(list) => list.verify((self.set, engine), bytes, &message),
            None => engine.verify(&message).map_err(|error| failed(&error)),
        };
        match finding {
            Ok(finding) => {
                let mut outcome = self.judge(kind, finding.into(), &message.payload);
                if outcome.reason() == Reason::UnknownKey {
                    outcome.claimed_key = Some(message.signature.maker());
                }
                outcome
            }
            Err(refusal) => self.refused(kind, refusal),
        }
    }

    fn sigstore(&self, judges: &mut Judges, attachment: &Attachment) -> SignatureOutcome {
        let kind = SignatureKind::Sigstore;
        let keys = match judges.sigstore.get(self.set) {
            Some(Ok(keys)) => keys,
            Some(Err(trouble)) => return self.refused(kind, trouble.clone()),
            None => return self.refused(kind, no_such_set()),
        };
        let checked = match &mut judges.of_list {
            Some(list) => list.check(keys, attachment),
            None => Ok(keys.check(attachment)),
        };
        match checked {
            Ok(checked) => self.judge(kind, checked.into(), &attachment.payload),
            Err(refusal) => self.refused(kind, refusal),
        }
    }

    fn judge(&self, kind: SignatureKind, finding: Finding, payload: &[u8]) -> SignatureOutcome {
        let by = (kind, self.set);
        steps::judge(self.name, by, finding, payload, self.subject, self.expectation)
    }

    fn refused(&self, kind: SignatureKind, refusal: Refusal) -> SignatureOutcome {
        SignatureOutcome::refused(self.name, kind, refusal, None).missing_all(self.set, self.expectation)
    }
}

fn no_such_set() -> Refusal {
    Refusal::new(Reason::EngineFailed, "the keys were not loaded")
}
