// SPDX-License-Identifier: Apache-2.0
//! The release payload that a cluster runs, before anything else is judged: only one that is Verified itself says what its
//! components are to be signed as (docs/contract.md 11).

use super::super::expected::Expected;
use super::super::job::Job;
use super::super::judge::Judge;
use super::super::naming::Lists;
use super::super::registries::Lookups;
use super::found::{expected_of, what_of};
use crate::audit::prefix_map::PrefixMap;
use crate::cluster::release::{Components, Payload};
use crate::reason::Verdict;
use crate::report::console::Messages;
use crate::run::cluster::inventory::{Candidate, Contents};
use crate::run::cluster::{Session, SOURCE};
use crate::run::lists;
use crate::text::safe;

/// What is said where no registry is asked for a payload.
pub(super) const NOT_ASKED: &str =
    "release payload: which components it has is not read without --registry-url; they are expected to be signed as what uses them says";

/// What reading a payload takes, beside the session with the cluster.
pub(super) struct Payloads<'p, 's> {
    pub(super) map: Option<&'p PrefixMap>,
    pub(super) judge: &'p mut Judge<'s>,
    pub(super) lookups: &'p Lookups<'s>,
    /// What to know of payloads that are not read.
    pub(super) notes: &'p mut Vec<String>,
}

impl Payloads<'_, '_> {
    /// Judges a payload as it will be reported, and reads which components it has where it is Verified.
    pub(super) fn read(
        &mut self,
        session: &mut Session,
        payload: &Payload,
        candidate: Candidate,
        stderr: &mut Messages<'_>,
    ) -> Contents {
        let mut job = self.job(session, candidate);
        let judged = self.judge.judged(&mut job, stderr);
        let outcome = judged.outcome();
        if outcome.verdict() != Verdict::Verified {
            self.notes.push(format!(
                "release payload {}: it is {} ({}), so that its components are not read; they are expected to be signed as what uses them says",
                payload.version,
                outcome.verdict(),
                outcome.reason().word()
            ));
            return Contents::NotRead;
        }
        let Some(digest) = payload.image.digest() else {
            return Contents::NotRead;
        };
        let mut components = Components::default();
        let (read, warnings) = self.lookups.last_layers(&payload.image, digest, &mut |layer| {
            components.extend(Components::of_layer(layer)?);
            Ok(())
        });
        warnings.into_iter().for_each(|warning| stderr.warning(warning));
        match read {
            Ok(()) => Contents::Components(components),
            Err(why) => Contents::Unknown(format!("{}: {why}", safe(&payload.image.to_string()))),
        }
    }

    /// The payload as an image to be judged.
    fn job(&mut self, session: &mut Session, candidate: Candidate) -> Job {
        let Candidate {
            name,
            found,
            known,
            aside,
            ..
        } = candidate;
        let object = found
            .as_ref()
            .map(|found| found.loaded.object.clone())
            .unwrap_or_default();
        let expected: Expected = expected_of(self.map, &[], &known, &object, &[]);
        let lists = match &found {
            Ok(found) => Lists::of(&expected.identities, |identity| {
                lists::in_cluster(session, &found.loaded, identity)
            }),
            Err(_) => Lists::default(),
        };
        Job {
            image: name,
            source: SOURCE.to_owned(),
            what: what_of(found, &known, &aside, true),
            expected,
            uses: known.uses,
            more_uses: known.more_uses,
            names: Vec::new(),
            aside,
            lists,
            is_looked_up: true,
        }
    }
}
