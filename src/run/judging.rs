// SPDX-License-Identifier: Apache-2.0
//! What images are judged with: the keys and rules of the options, or those of a policy.

use super::by_policy::{key_files, Rules};
use super::engine;
use crate::digest::Digest;
use crate::openpgp::framing::signature::Signature;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::report::console::Messages;
use crate::settings::criteria::Criteria;
use crate::settings::UsageError;
use crate::subject::Subject;
use crate::verdict::expectation::Signed;
use crate::verdict::left_out::LeftOut;
use crate::verdict::of_list::OfList;
use crate::verdict::pipeline::{judge_image, Judges};
use crate::verdict::{Expectation, ImageOutcome};

/// Judges images, one after the other. Each thread that judges has one of its own.
pub(super) struct Judging<'c> {
    judges: Judges,
    demand: Demand<'c>,
}

/// What is demanded of images.
enum Demand<'c> {
    /// The same of all.
    Options(Signed),
    /// What a policy says for their identities.
    Policy(Rules<'c>),
    /// Nobody knows: the policy could not be had.
    Unknown(Refusal),
}

impl<'c> Judging<'c> {
    /// Loads the keys; those that a policy names, for these identities. What a user should know is told on `stderr`.
    ///
    /// # Errors
    /// When a key file is of no use.
    pub(super) fn new<'r>(
        criteria: &'c Criteria,
        identities: impl Iterator<Item = &'r Reference>,
        stderr: &mut Messages<'_>,
    ) -> Result<Self, UsageError> {
        let mut judges = Judges::default();
        let demand = match &criteria.policy {
            Some(policy) => {
                let mut rules = Rules::new(policy, criteria.workers);
                for note in &policy.notes {
                    stderr.note(note);
                }
                rules.load(identities, &mut judges, stderr)?;
                Demand::Policy(rules)
            }
            None => Demand::Options(Signed {
                keys: engine::judges(&criteria.keys, criteria.workers, &mut judges, stderr)?,
                rule: criteria.rule.clone(),
                threshold: criteria.require,
            }),
        };
        Ok(Self { judges, demand })
    }

    /// Makes sure that the key files of every scope of a policy are of use, whichever images will come.
    ///
    /// # Errors
    /// When one is not.
    pub(super) fn check(criteria: &Criteria) -> Result<(), UsageError> {
        match &criteria.policy {
            Some(policy) => key_files::check(&policy.book, &policy.name),
            None => Ok(()),
        }
    }

    /// Why no signature can be checked, if none can: the one set of keys could not be had.
    pub(super) fn without_keys(&self) -> Option<&Refusal> {
        match (
            &self.demand,
            self.judges.gpg.as_slice(),
            self.judges.sigstore.as_slice(),
        ) {
            (Demand::Options(_), [Err(refusal)], []) => Some(refusal),
            _ => None,
        }
    }

    /// Judges no image, because what is demanded could not be found out.
    pub(super) fn refusing(refusal: Refusal) -> Self {
        Self {
            judges: Judges::default(),
            demand: Demand::Unknown(refusal),
        }
    }

    /// What is required of an image that may have one of these identities, and must have the digest if one is given.
    ///
    /// # Errors
    /// When the policy names keys for an identity that were not loaded before, and a key file is of no use.
    pub(super) fn expectation(
        &mut self,
        identities: &[Reference],
        digest: Option<Digest>,
        stderr: &mut Messages<'_>,
    ) -> Result<Expectation, UsageError> {
        match &mut self.demand {
            Demand::Policy(rules) => rules.expectation(identities, digest, &mut self.judges, stderr),
            Demand::Options(signed) => Ok(Expectation::alike(identities, signed, digest)),
            Demand::Unknown(refusal) => Err(UsageError::new(refusal.message.clone())),
        }
    }

    /// Judges an image and all its signatures. `no_signature` is what to say where it has none.
    pub(super) fn judge(
        &mut self,
        subject: &Subject,
        identities: &[Reference],
        digest: Option<Digest>,
        no_signature: &str,
        stderr: &mut Messages<'_>,
    ) -> ImageOutcome {
        let expectation = self.expectation(identities, digest, stderr);
        self.judge_by(expectation, subject, no_signature)
    }

    /// Judges an instance of a manifest list, of whose other instances `of_list` was found out.
    pub(super) fn judge_instance(
        &mut self,
        of_list: &mut OfList,
        subject: &Subject,
        identities: &[Reference],
        digest: Option<Digest>,
        no_signature: &str,
        stderr: &mut Messages<'_>,
    ) -> ImageOutcome {
        self.judges.of_list = Some(std::mem::take(of_list));
        let outcome = self.judge(subject, identities, digest, no_signature, stderr);
        *of_list = self.judges.of_list.take().unwrap_or_default();
        outcome
    }

    fn judge_by(
        &mut self,
        expectation: Result<Expectation, UsageError>,
        subject: &Subject,
        no_signature: &str,
    ) -> ImageOutcome {
        match expectation {
            Ok(expectation) => judge_image(&mut self.judges, subject, &expectation, no_signature),
            Err(UsageError(message)) => ImageOutcome::refused(Refusal::new(Reason::EngineFailed, message), Vec::new()),
        }
    }

    /// Says that about so many images will come.
    pub(super) fn expect(&mut self, images: usize) {
        for engine in self.judges.gpg.iter_mut().flatten() {
            engine.expect(images);
        }
        if let Demand::Policy(rules) = &mut self.demand {
            rules.expect(images);
        }
    }

    /// Says which signature blobs are about to be judged, most likely.
    pub(super) fn prepare<'b>(&mut self, blobs: impl Iterator<Item = &'b [u8]>) {
        self.judges.prepare(blobs);
    }

    /// By whose keys signatures may be that an image was judged without.
    pub(super) fn left_out(&mut self, signatures: &[Signature], outcome: &ImageOutcome) -> LeftOut {
        match signatures {
            [] => LeftOut::default(),
            some => LeftOut::of(some, outcome, &mut self.judges),
        }
    }

    /// What a user should know besides the verdicts, each once; safe to print.
    pub(super) fn take_warnings(&mut self) -> Vec<String> {
        self.judges.take_warnings()
    }
}
