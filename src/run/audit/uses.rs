// SPDX-License-Identifier: Apache-2.0
//! Judging what there is of an image for each of its uses: what one of them expects does not vouch for it in another one.

use std::collections::HashSet;

use super::job::Job;
use super::judge::Judge;
use super::judged::{expiries, refused, Judged};
use crate::audit::entry::IdentitySource;
use crate::reason::{Reason, Refusal, Verdict};
use crate::record::Grounds;
use crate::reference::Reference;
use crate::report::console::Messages;
use crate::run::planning::{AsRecorded, MAX_IDENTITIES};
use crate::source::objects::Loaded;
use crate::subject::Subject;
use crate::text::safe;
use crate::verdict::{Footing, ImageOutcome};

impl Judge<'_> {
    /// Judges what there is of an image; `absence` is what to know where there is no signature.
    pub(super) fn subject(&mut self, subject: &Subject, job: &Job, absence: &str, told: &mut Messages<'_>) -> Judged {
        let identities = &job.expected.identities;
        let outcome = if identities.is_empty() {
            refused(job.refusal(), &subject.signatures)
        } else {
            let no_signature = format!("there is no signature in {}{absence}", safe(&job.source));
            let outcome = self.as_expected(subject, job, identities, &no_signature, told);
            for warning in self.judging.take_warnings() {
                told.warning(warning);
            }
            outcome
        };
        let mut footings = job.expected.footings(&outcome);
        let worse = self.for_every_use(&outcome, subject, job, &mut footings, told);
        footings.extend(outcome.footing());
        let is_verified = outcome.reason() == Reason::Verified && worse.is_none();
        Judged {
            worse,
            expiries: expiries(&outcome, &subject.signatures),
            footing: is_verified.then(|| Footing::all(footings)),
            first: outcome,
            sources: subject.sources.clone(),
            digest: None,
            instances: Vec::new(),
            as_recorded: AsRecorded::default(),
        }
    }

    /// Judges an object by a policy as each identity for which one of its signatures is recorded to be trusted, where the
    /// signature does not hold for what is expected of the image now: each scope has its own keys, and what others call the
    /// image is not a ground to take that record back. What the user says of the image is.
    pub(super) fn as_recorded(
        &mut self,
        loaded: &Loaded,
        subject: &Subject,
        job: &Job,
        outcome: &ImageOutcome,
        told: &mut Messages<'_>,
    ) -> AsRecorded {
        let mut all = AsRecorded::default();
        if self.settings.criteria.policy.is_none() || job.expected.source == IdentitySource::User {
            return all;
        }
        let stored = loaded.image.signatures.iter().enumerate();
        let stored = stored.map(|(index, _)| &loaded.object["signatures"][index]);
        for (stored, signature) in stored.zip(outcome.signatures()) {
            if signature.verdict() == Verdict::Unchecked || !outcome.reached(signature).is_empty() {
                continue;
            }
            let Some(grounds) = Grounds::of(stored, signature) else {
                continue;
            };
            for identity in grounds.identities() {
                if all.0.len() < MAX_IDENTITIES && all.0.iter().all(|(known, _)| known != identity) {
                    let outcome = self.once_expected(identity, subject, job, told);
                    all.0.push((identity.clone(), outcome));
                }
            }
        }
        all
    }

    /// Judges what there is of an image as what was expected of it once.
    fn once_expected(
        &mut self,
        identity: &Reference,
        subject: &Subject,
        job: &Job,
        told: &mut Messages<'_>,
    ) -> ImageOutcome {
        let identities = std::slice::from_ref(identity);
        let outcome = self.as_expected(subject, job, identities, "there is no signature", told);
        // Which list has that digest was not looked up.
        let is_of_list = identity.digest().is_some_and(|digest| *digest != subject.digest);
        if is_of_list && outcome.reason() == Reason::IdentityMismatch {
            return ImageOutcome::refused(Refusal::new(Reason::ManifestUnavailable, ""), Vec::new());
        }
        outcome
    }

    /// Judges what there is of an image by these identities, with the lists that they expect: the digest of a list which
    /// names the image may stand for the image's own (docs/contract.md 8).
    fn as_expected(
        &mut self,
        subject: &Subject,
        job: &Job,
        identities: &[Reference],
        no_signature: &str,
        told: &mut Messages<'_>,
    ) -> ImageOutcome {
        with_lists(subject, job, identities, |subject| {
            self.judging.judge(subject, identities, None, no_signature, told)
        })
    }

    /// What an image that is signed for some of its uses is, where another one expects something else: what one namespace
    /// calls it must not vouch for it in another one. What rests on another list than that of the others is
    /// added to `footings`.
    fn for_every_use(
        &mut self,
        outcome: &ImageOutcome,
        subject: &Subject,
        job: &Job,
        footings: &mut Vec<Footing>,
        told: &mut Messages<'_>,
    ) -> Option<ImageOutcome> {
        if outcome.reason() != Reason::Verified {
            return None;
        }
        let signed: HashSet<&Reference> = outcome.matched().iter().collect();
        for (by, identities) in job.expected.unmet(&signed) {
            let own = if identities.is_empty() {
                ImageOutcome::refused(job.refusal(), outcome.signatures().to_vec())
            } else {
                self.as_expected(subject, job, identities, "there is no signature", told)
            };
            // The list that this use expects may be another one than that of the others.
            if own.reason() == Reason::Verified {
                footings.extend(own.footing());
                continue;
            }
            let by = match by.namespace.as_str() {
                "" => safe(&by.name),
                namespace => format!("{}/{}", safe(namespace), safe(&by.name)),
            };
            let refusal = Refusal::new(own.reason(), format!("as {by} expects it: {}", own.message()));
            return Some(ImageOutcome::refused(refusal, own.signatures().to_vec()));
        }
        let left_out = || Refusal::new(Reason::SourceUnavailable, job.expected.left_out());
        let unknown = match &job.expected.lost_name {
            Some(refusal) => Some(refusal.clone()),
            None => (job.expected.more_demands > 0).then(left_out),
        };
        unknown.map(|refusal| ImageOutcome::refused(refusal, outcome.signatures().to_vec()))
    }
}

/// What comes of an image with the lists that these identities expect of it.
fn with_lists(
    subject: &Subject,
    job: &Job,
    identities: &[Reference],
    judge: impl FnOnce(&Subject) -> ImageOutcome,
) -> ImageOutcome {
    let lists = job.lists.expected_by(identities);
    let subject = Subject {
        lists: lists.named,
        ..subject.clone()
    };
    let outcome = judge(&subject);
    match lists.trouble {
        // It may be the image that was asked for.
        Some(refusal) if outcome.verdict() == Verdict::Rejected => refused(refusal, &subject.signatures),
        _ => outcome,
    }
}
