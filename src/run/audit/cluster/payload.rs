// SPDX-License-Identifier: Apache-2.0
//! The release payload that a cluster runs, before anything else is judged: only one that is Verified itself says what its
//! components are to be signed as (docs/contract.md 11). What others call the payload does not count: nobody's tag or pod
//! takes back what a payload expects.

mod trouble;

use std::time::Duration;

use self::trouble::{not_looked_at, troubles, Looked, Of, Trouble};
use super::super::expected;
use super::super::job::{Job, What};
use super::super::judge::Judge;
use super::super::judged::Judged;
use super::super::naming::Lists;
use super::super::registries::Lookups;
use crate::audit::entry::{Use, UseKind};
use crate::audit::prefix_map::PrefixMap;
use crate::audit::uses::Uses;
use crate::cluster::images::FoundImage;
use crate::cluster::release::{Components, Payload};
use crate::digest::Digest;
use crate::reason::{Reason, Refusal, Verdict};
use crate::report::console::Messages;
use crate::run::cluster::inventory::Contents;
use crate::run::cluster::SOURCE;
use crate::run::elsewhere::{Elsewhere, Sought};
use crate::text::safe;
use crate::verdict::expectation::{Alternative, Expectation};

/// Longest time for all requests to registries about one payload: no image is judged before that.
const MAX_TIME: Duration = Duration::from_secs(120);

/// What is said where no registry is asked for a payload that is Verified.
pub(super) const NOT_ASKED: &str =
    "release payload: which components it has is not read without --registry-url; they are expected to be signed as what uses them says";

/// What is said of a payload that is not found to be Verified, before the reason.
const MAY_BE: &str = "may be Verified, but not all is known: ";

/// What becomes of components that are not read.
const NOT_READ: &str = "not read, and expected to be signed as what uses them says";

/// What is said of a payload for which a policy demands what is not known to be met.
const NOT_CHECKED: &str =
    ", and whether it has what the policy demands is not checked by this program: nodes may accept it by that";

/// What reading a payload takes.
pub(super) struct Payloads<'p, 's> {
    pub(super) map: Option<&'p PrefixMap>,
    pub(super) judge: &'p mut Judge<'s>,
    pub(super) lookups: &'p Lookups<'s>,
    /// Registries are asked where the cluster says, and not one that the user names in place of them.
    pub(super) is_auto: bool,
    /// What to know of payloads.
    pub(super) notes: &'p mut Vec<String>,
}

impl Payloads<'_, '_> {
    /// Judges a payload as the cluster names it, and reads which components it has where it is Verified. `kept` is what the
    /// cluster keeps of its signatures.
    pub(super) fn read(
        &mut self,
        payload: &Payload,
        kept: Elsewhere,
        object: Result<FoundImage, Refusal>,
        stderr: &mut Messages<'_>,
    ) -> Contents {
        self.lookups.within(Some(MAX_TIME));
        let contents = self.read_in_time(payload, kept, object, stderr);
        self.lookups.within(None);
        contents
    }

    fn read_in_time(
        &mut self,
        payload: &Payload,
        kept: Elsewhere,
        object: Result<FoundImage, Refusal>,
        stderr: &mut Messages<'_>,
    ) -> Contents {
        let Some(digest) = payload.image.digest() else {
            return Contents::default();
        };
        let place = format!("{}@{digest}", payload.image.name());
        let sought = Sought {
            reference: &place,
            is_managed: false,
            signatures: &[],
            is_signed: !kept.signatures.is_empty(),
        };
        let (in_registry, warnings) = self.lookups.look_and_keep(sought, digest);
        warnings.into_iter().for_each(|warning| stderr.warning(warning));
        let of_cluster = kept.signatures.len();
        let mut job = self.job(payload, digest);
        let (first, mut found) = self.judged(&mut job, kept.beside(in_registry), stderr);
        let mut with_object = None;
        if let Ok(object) = &object {
            // The first one who imports it decides what its object has: that counts, and takes nothing back.
            if !is_verified(&first) && !object.loaded.image.signatures.is_empty() {
                let all = found.beside(Elsewhere::of_object(&object.loaded, SOURCE));
                let (judged, all) = self.judged(&mut job, all, stderr);
                (with_object, found) = (Some(judged), all);
            }
        }
        let judged = with_object.as_ref().unwrap_or(&first);
        let place = format!("as the cluster names it, {}, it", safe(&place));
        if is_verified(judged) {
            return self.components(payload, &format!("{place} is Verified"), &found, stderr);
        }
        let outcome = judged.outcome();
        let expectation = self.expectation(&job);
        // What is required may be anything where it is not known.
        let is_open = expectation.as_ref().is_none_or(may_be_verified);
        let own = (found.signatures.len(), found.sources.len());
        let with_further;
        (with_further, found) = match is_open {
            true => self.with_further(&mut job, found, stderr),
            false => (None, found),
        };
        if with_further.as_ref().is_some_and(is_verified) {
            let is = format!("{place} is Verified by a signature of a further location");
            return self.components(payload, &is, &found, stderr);
        }
        let further = with_further.as_ref().map_or(&[][..], |own| own.outcome().signatures());
        let further = further.get(own.0..).unwrap_or_default();
        let asked = found.sources.get(own.1..).unwrap_or_default();
        let not_looked_at = not_looked_at(with_object.as_ref().map(Judged::outcome), further, asked);
        found.cut(own.0, own.1);
        let looked = Looked {
            sources: &found.sources,
            of_cluster,
            first: first.outcome(),
            with_object: with_object.as_ref().map(Judged::outcome),
            further,
            object: object.as_ref().err(),
        };
        let troubles = match is_open {
            true => troubles(&looked),
            false => Vec::new(),
        };
        // Another registry than the payload's own, which the user has named, need not have or say anything of it. What it does
        // not have is not read, whatever the cluster says.
        let counts = |own: &&Trouble| self.is_auto || found.taken.is_some() && !own.is_in_registry;
        let why = match (troubles.iter().find(counts), troubles.first()) {
            (Some(own), _) => {
                let what = format!("{place} {MAY_BE}{}", own.why);
                return Contents {
                    unknown: vec![unknown(payload, &what, "components", own.of)],
                    ..Contents::default()
                };
            }
            (None, Some(own)) => format!("{place} {MAY_BE}{}", own.why),
            (None, None) => {
                let is_by_policy = !is_open && !job.expected.identities.is_empty();
                let more = match expectation {
                    Some(own) if is_by_policy && may_be_met_unchecked(&own) => NOT_CHECKED.to_owned(),
                    _ if is_by_policy => ", and no signature makes it Verified by the policy".to_owned(),
                    _ => not_looked_at,
                };
                format!("{place} is {} ({}){more}", outcome.verdict(), outcome.reason())
            }
        };
        self.note(payload, &format!("{why}; its components are {NOT_READ}"));
        Contents::default()
    }

    /// The components of a payload that is Verified, as far as they can be had; `is` says that it is.
    fn components(&mut self, payload: &Payload, is: &str, found: &Elsewhere, stderr: &mut Messages<'_>) -> Contents {
        let mut components = Components::default();
        let (read, warnings) = self
            .lookups
            .last_layers(found, &mut |layer| components.extend(Components::of_layer(layer)?));
        warnings.into_iter().for_each(|warning| stderr.warning(warning));
        let faults = components.faults();
        let named = components.into_named();
        if read.is_ok() || !named.is_empty() {
            let count = named.len();
            self.note(
                payload,
                &format!("{is}; what it names is expected to be signed as it names it: components: {count}"),
            );
        }
        let mut contents = Contents::default();
        if let Err(refusal) = read {
            let (what, which) = match named.is_empty() {
                true => ("cannot be read", "components"),
                false => ("cannot be read as a whole", "other components"),
            };
            let what = format!("{is}, and {what}: {}", refusal.message);
            // What the payload itself says in a way that is not read, no other registry says otherwise.
            let of = match refusal.reason {
                Reason::MalformedImage => Of::Judging,
                _ => Of::Registry,
            };
            match self.is_auto {
                true => contents.unknown.push(unknown(payload, &what, which, of)),
                false => self.note(payload, &format!("{what}; its {which} are {NOT_READ}")),
            }
        }
        for fault in faults {
            match self.is_auto {
                true => contents.unknown.push(format!(
                    "release payload {}: {fault}; what it is to be signed as is not known; {}",
                    payload.version,
                    Of::Judging.way_on()
                )),
                false => self.note(
                    payload,
                    &format!("{fault}; it is expected to be signed as what uses it says"),
                ),
            }
        }
        contents.components = named;
        contents
    }

    fn note(&mut self, payload: &Payload, what: &str) {
        self.notes.push(format!("release payload {}: {what}", payload.version));
    }

    /// What the payload comes to with the signatures of its locations beside the one that its manifest was taken from, and all that
    /// was found. A signature proves the same wherever it is: who runs a mirror takes back nothing that the payload expects.
    fn with_further(
        &mut self,
        job: &mut Job,
        found: Elsewhere,
        stderr: &mut Messages<'_>,
    ) -> (Option<Judged>, Elsewhere) {
        let (further, warnings) = self.lookups.further(&found);
        warnings.into_iter().for_each(|warning| stderr.warning(warning));
        let has_some = !further.signatures.is_empty();
        let all = found.beside(further);
        if !has_some {
            return (None, all);
        }
        let (judged, all) = self.judged(job, all, stderr);
        (Some(judged), all)
    }

    /// What is required of it, where that is known.
    fn expectation(&mut self, job: &Job) -> Option<Expectation> {
        let mut nowhere = std::io::sink();
        let identities = &job.expected.identities;
        let mut told = Messages::to(&mut nowhere);
        self.judge.judging.expectation(identities, None, &mut told).ok()
    }

    /// What comes of a payload by what was found of it, which comes back: it may be large.
    fn judged(&mut self, job: &mut Job, found: Elsewhere, stderr: &mut Messages<'_>) -> (Judged, Elsewhere) {
        job.what = What::Found(no_object(), Box::new(found));
        let judged = self.judge.judged(job, stderr);
        match std::mem::replace(&mut job.what, What::Nothing(no_object())) {
            What::Found(_, found) => (judged, *found),
            _ => (judged, Elsewhere::default()),
        }
    }

    /// The payload as an image to be judged, of which nothing is expected but what the cluster says.
    fn job(&self, payload: &Payload, digest: &Digest) -> Job {
        let by = Use {
            kind: UseKind::Release,
            namespace: String::new(),
            name: payload.version.clone(),
            expects_nothing: false,
        };
        let mut uses = Uses::default();
        uses.add(digest, &by, &payload.references());
        uses.finish();
        let known = uses.known(digest);
        Job {
            image: digest.to_string(),
            source: SOURCE.to_owned(),
            what: What::Nothing(no_object()),
            expected: expected::of_uses(self.map, &known, &serde_json::Value::Null, false),
            uses: known.uses,
            more_uses: 0,
            names: Vec::new(),
            aside: Elsewhere::default(),
            lists: Lists::default(),
            is_looked_up: true,
        }
    }
}

/// Why the uses of images are not all known, and what to do.
fn unknown(payload: &Payload, what: &str, which: &str, of: Of) -> String {
    format!(
        "release payload {}: {what}; which {which} it has, and what these are to be signed as, is not known; {}",
        payload.version,
        of.way_on()
    )
}

/// Why there is no object where its registry has nothing of it either.
fn no_object() -> Refusal {
    Refusal::new(Reason::NotFound, "its registry does not have it")
}

/// Whether anything that could be found would make an image Verified.
fn may_be_verified(expectation: &Expectation) -> bool {
    expectation.alternatives.iter().any(Alternative::may_be_verified)
}

fn may_be_met_unchecked(expectation: &Expectation) -> bool {
    let mut alternatives = expectation.alternatives.iter();
    alternatives.any(Alternative::may_be_met_unchecked)
}

fn is_verified(judged: &Judged) -> bool {
    judged.outcome().verdict() == Verdict::Verified
}
