// SPDX-License-Identifier: Apache-2.0
//! What there is of an image of a cluster beside its object, or without one.

use super::job::Job;
use super::judge::Judge;
use super::judged::Judged;
use crate::digest::Digest;
use crate::reason::Refusal;
use crate::reference::Reference;
use crate::report::console::Messages;
use crate::run::elsewhere::{Elsewhere, Sought};
use crate::source::registry::signatures;
use crate::subject::{ManifestState, Subject};
use crate::verdict::ImageOutcome;

/// Most places of an image without an object that are asked.
const MAX_PLACES: usize = 4;

impl Judge<'_> {
    /// What registries have of an image. Of one that cannot be judged anyway nobody is asked.
    pub(super) fn elsewhere(
        &self,
        sought: Sought<'_>,
        digest: &Digest,
        job: &Job,
        told: &mut Messages<'_>,
    ) -> Elsewhere {
        match &self.lookups {
            Some(lookups) if !job.expected.identities.is_empty() => {
                let (found, warnings) = lookups.look(sought, digest);
                warnings.into_iter().for_each(|warning| told.warning(warning));
                found
            }
            _ => Elsewhere::default(),
        }
    }

    /// An image without an object: what the places that it is had from have of it, the first that has the image.
    pub(super) fn absent(
        &mut self,
        refusal: &Refusal,
        places: &[Reference],
        job: &Job,
        told: &mut Messages<'_>,
    ) -> Judged {
        let Ok(digest) = Digest::parse(&job.image) else {
            return ImageOutcome::refused(refusal.clone(), Vec::new()).into();
        };
        let mut found = job.aside.clone();
        for place in places.iter().take(MAX_PLACES) {
            let sought = Sought {
                reference: &place.to_string(),
                is_managed: false,
                signatures: &[],
                is_signed: !found.signatures.is_empty(),
            };
            found = found.and(self.elsewhere(sought, &digest, job, told));
            if found.taken.is_some() {
                break;
            }
        }
        self.found(refusal, &found, job, told)
    }

    /// An image without an object, by what was found of it.
    pub(super) fn found(&mut self, refusal: &Refusal, found: &Elsewhere, job: &Job, told: &mut Messages<'_>) -> Judged {
        let Ok(digest) = Digest::parse(&job.image) else {
            return ImageOutcome::refused(refusal.clone(), Vec::new()).into();
        };
        if found.signatures.is_empty() && found.taken.is_none() {
            let trouble = found.sources.iter().find_map(|source| source.answer.trouble());
            let refusal = match &trouble {
                Some(own) => Refusal::new(own.reason, format!("{}; {}", refusal.message, own.message)),
                None if found.is_nothing() => refusal.clone(),
                None => {
                    let asked = signatures::places(&found.sources);
                    Refusal::new(refusal.reason, format!("{}; there is none in {asked}", refusal.message))
                }
            };
            return Judged {
                sources: found.sources.clone(),
                ..ImageOutcome::refused(refusal, Vec::new()).into()
            };
        }
        let subject = Subject {
            manifest: found.manifest_state(ManifestState::NotAtHand, &digest),
            digest,
            lists: Vec::new(),
            signatures: found.signatures.clone(),
            sources: found.sources.clone(),
            is_object_alone: false,
        };
        self.subject(&subject, job, &found.places(), told)
    }
}
