// SPDX-License-Identifier: Apache-2.0
//! What is reported and recorded of an image that was judged.

use super::content::Basis;
use super::entries;
use super::expected::Expected;
use super::findings;
use super::job::{Done, Job, Object, On, OnImage, Record, Standing, What};
use super::judge::Judge;
use super::judged::Judged;
use super::naming::Lists;
use super::recording;
use super::reported::Reported;
use crate::audit::entry::{Entry, Recorded};
use crate::digest::Digest;
use crate::reason::{Reason, Verdict};
use crate::report::console::Messages;
use crate::run::elsewhere::Elsewhere;
use crate::run::planning::{self, Author};
use crate::settings::audit::Audit;
use crate::settings::objects::Recording;
use crate::source::objects::Loaded;
use crate::text::safe;
use crate::verdict::left_out::LeftOut;
use crate::verdict::{ImageOutcome, SignatureOutcome};

/// What an object is that is judged once more.
#[derive(Debug, Default)]
pub(super) struct Again {
    /// What would be reported of it now.
    pub(super) is: Option<Reported>,
    /// What kept it, or a signature of it, from being judged; safe to print.
    pub(super) trouble: Option<String>,
    /// What would be recorded.
    pub(super) changes: recording::Changes,
}

/// Who records, as records name them.
pub(super) fn recorder(settings: &Audit, author: Option<&Author>) -> String {
    let user = author.and_then(|author| author.user.as_ref());
    user.unwrap_or(&settings.record.user).clone()
}

/// What keeps an image or one of its signatures from being judged.
fn trouble(outcome: &ImageOutcome) -> Option<String> {
    let of_image = (outcome.verdict() == Verdict::Unchecked).then(|| outcome.message());
    let mut unchecked = outcome.signatures().iter();
    let mut of_signature = || unchecked.find(|own| own.verdict() == Verdict::Unchecked);
    of_image
        .or_else(|| of_signature().map(SignatureOutcome::message))
        .map(str::to_owned)
}

impl Judge<'_> {
    fn records(&self) -> bool {
        self.settings.recording == Recording::Confirm
    }

    /// Who records, where that is done.
    fn recorder(&self) -> Option<String> {
        self.records()
            .then(|| recorder(self.settings, self.author.as_ref().ok()))
    }

    /// What is reported and recorded.
    pub(super) fn conclude(&mut self, job: Job, judged: &Judged, mut told: Vec<u8>) -> Done {
        let mut telling = Messages::to(&mut told);
        let mut entry = entries::entry(&job, judged);
        let basis = Basis::of(&job, self.recorder().as_deref());
        if let (Some(mirrors), Ok(digest)) = (&mut self.mirrors, Digest::parse(&entry.image)) {
            // Each instance that has an object is an image of its own.
            let with_instances = !matches!(job.what, What::Object(_));
            mirrors.compare(&digest, &job.names, with_instances, &mut entry.findings);
            for warning in mirrors.take_warnings() {
                telling.warning(warning);
            }
        }
        findings::of_release(&judged.first, &mut entry);
        // What is certain is so whatever else is expected; what is not may be a rejection that somebody has hidden.
        let is_open = job.expected.more_demands > 0 && entry.verdict == Verdict::Unchecked;
        let say = |why: String| format!("image {}: {why}", safe(&entry.image));
        let mut lack = is_open.then(|| say(job.expected.left_out()));
        // Where a use does not get what it expects, what is recorded stays whatever else is expected.
        let is_told = judged.worse.is_none() && job.expected.is_of_user();
        let waiting = job.expected.why_waiting().filter(|_| is_told).map(say);
        let unmapped = job.expected.unmapped.clone();
        let mut record = None;
        if let What::Object(object) = job.what {
            findings::of_object(&object.loaded, judged, &mut entry);
            let stored = object.loaded.object["signatures"].clone();
            if self.records() && self.may_record(judged, &job.expected) {
                let beside = (job.aside, job.lists);
                let keeps = job.expected.takes_nothing_back();
                let own = self.record(*object, judged, job.expected, beside, &mut telling);
                let has_waiting;
                (entry.recorded, record, has_waiting) = own;
                if keeps {
                    lack = lack.or_else(|| keep_trust(&mut entry, &mut record));
                }
                lack = lack.or(waiting.filter(|_| has_waiting));
            }
            // What is recorded as this run leaves it: where it is otherwise, the next one writes it anew.
            let edits = record.as_ref().map_or(&[][..], |record| &record.edits);
            let basis = basis.filter(|_| lack.is_none());
            entry.content = basis.map(|basis| basis.with_signatures(&stored, edits));
        }
        let entry = findings::finish(entry, judged.footing.as_ref(), self.settings);
        Done {
            entry,
            told,
            record,
            lack,
            unmapped,
        }
    }

    /// Whether a signature is refused whatever is expected of the image.
    fn is_certain(&self, own: &SignatureOutcome) -> bool {
        let is_by_keys = self.settings.criteria.policy.is_none();
        let is_refused = own.verdict() == Verdict::Rejected && own.reason() != Reason::IdentityMismatch;
        own.is_refused_anywhere() || is_by_keys && is_refused
    }

    /// Whether what is to be recorded of a signature waits. Where not the user says what is expected, nothing is recorded but
    /// that a record of trust is wrong, whoever made it.
    fn waits(&self, judged: &Judged, expected: &Expected, own: &SignatureOutcome, takes_back: bool) -> bool {
        match expected.is_of_user() {
            true => !is_one(judged, expected) && !self.is_certain(own),
            false => !(takes_back && own.is_refused_anywhere()),
        }
    }

    /// Whether something may be recorded of an image. Where a use does not get what it expects, the image is rejected for its
    /// identity alone: what is recorded stays, and that it is verified for another use is not a ground to call it trusted
    /// (docs/contract.md 5). Nor is a record made or taken back where not all was looked at that is expected. But
    /// what is certain is recorded: otherwise whoever may write uses of an image could keep a revoked key in force.
    fn may_record(&self, judged: &Judged, expected: &Expected) -> bool {
        let mut all = judged.first.signatures().iter();
        let is_of_user = expected.is_of_user();
        let is_recorded = !judged.as_recorded.0.is_empty();
        is_recorded
            || is_of_user && (is_one(judged, expected) || expected.why_waiting().is_some())
            || all.any(|own| own.is_refused_anywhere() || is_of_user && self.is_certain(own))
    }

    /// What is to be recorded on an object; and whether some of that waits until more is known.
    fn record(
        &self,
        object: Object,
        judged: &Judged,
        expected: Expected,
        (aside, lists): (Elsewhere, Lists),
        told: &mut Messages<'_>,
    ) -> (Recorded, Option<Record>, bool) {
        let Object { loaded, standing } = object;
        let author = match &self.author {
            Ok(author) => author.again(),
            Err(why) => {
                told.error(format_args!("recording on {}: {why}", safe(&loaded.image.name)));
                return (Recorded::Failed, None, false);
            }
        };
        let (recorded, changes) = self.changes(&loaded, judged, &expected, author, told);
        let recording::Changes {
            all: edits,
            harmless,
            gains,
            downgrades,
            has_waiting,
        } = changes;
        let on = match standing {
            _ if edits.is_empty() => return (recorded, None, has_waiting),
            Standing::File { refusal: Some(why), .. } => {
                told.error(why);
                return (Recorded::Failed, None, has_waiting);
            }
            Standing::File { position, copies, .. } => On::File(position, copies),
            Standing::Cluster(read_only) => On::Image(Box::new(OnImage {
                loaded,
                read_only,
                expected,
                aside,
                lists,
            })),
        };
        let record = Record {
            on,
            edits,
            harmless,
            gains,
            downgrades,
        };
        (recorded, Some(record), has_waiting)
    }

    fn changes(
        &self,
        loaded: &Loaded,
        judged: &Judged,
        expected: &Expected,
        author: Author,
        told: &mut Messages<'_>,
    ) -> (Recorded, recording::Changes) {
        let chosen: Vec<usize> = (0..loaded.image.signatures.len()).collect();
        let planned = planning::plan(
            loaded,
            (&chosen, &LeftOut::default()),
            (&judged.first, &judged.as_recorded),
            &expected.identities,
            author,
            &self.settings.record,
            &|own, takes_back| self.waits(judged, expected, own, takes_back),
        );
        for why in &planned.words.withheld {
            told.error(why);
        }
        for warning in &planned.words.warnings {
            told.warning(warning);
        }
        recording::record(loaded, &judged.first, planned)
    }

    /// Judges an object once more, which others may have changed, and works out what is to be recorded.
    pub(super) fn again(&mut self, loaded: &Loaded, job: &Job, author: Author, told: &mut Messages<'_>) -> Again {
        let judged = self.object(loaded, job, told);
        let mut again = Again {
            trouble: trouble(judged.outcome()),
            ..Again::default()
        };
        again.changes = self.changes(loaded, &judged, &job.expected, author, told).1;
        again.is = Some(Reported::of(&entries::entry(job, &judged).bounded()));
        again
    }
}

/// Whether an image is the same for all of its uses, all of which are known.
fn is_one(judged: &Judged, expected: &Expected) -> bool {
    judged.worse.is_none() && expected.is_whole()
}

/// Leaves out of what is to be recorded whatever takes trust back, and says so: what some of its uses expect of an image does
/// not justify that, since others may rest on the record.
fn keep_trust(entry: &mut Entry, record: &mut Option<Record>) -> Option<String> {
    let own = record.as_mut().filter(|own| !own.downgrades.is_empty())?;
    own.downgrades.clear();
    own.edits.clone_from(&own.harmless);
    if own.edits.is_empty() {
        *record = None;
        entry.recorded = Recorded::No;
    }
    Some(format!(
        "image {}: its record is kept, because other uses may expect something else; leave out -n and -l, or name it with IMAGE=REF",
        safe(&entry.image)
    ))
}
