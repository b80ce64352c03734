// SPDX-License-Identifier: Apache-2.0
//! Whether what a report that is resumed says of an image still holds: only what is proven to.

use super::conclusion::recorder;
use super::content::content;
use super::job::Job;
use crate::audit::consistency::is_unwritten;
use crate::audit::entry::{Entry, FindingKind};
use crate::openpgp::trust::user_keyring::TrustModel;
use crate::reason::Verdict;
use crate::run::planning::Author;
use crate::settings::audit::{Audit, Images};
use crate::settings::keys::KeySource;
use crate::settings::objects::Recording;

/// By what it is told whether an entry holds.
#[derive(Debug)]
pub(super) struct Holding {
    /// The time of this run, in seconds since 1970.
    now: i64,
    /// Keys that expire before this time are found to.
    soon: i64,
    /// Keys are valid by what others certify, and no entry says when that ends.
    is_by_validity: bool,
    /// Who records what is found, where that is done.
    recorder: Option<String>,
}

impl Holding {
    /// For a run with these settings; see [`Holding::recording_for`].
    pub(super) fn of(settings: &Audit) -> Self {
        let criteria = &settings.criteria;
        let is_by_keys = criteria.policy.is_none() && settings.cluster_policy.is_none();
        let is_of_home = matches!(
            criteria.keys.source,
            KeySource::Home {
                trust_model: TrustModel::Gpg,
                ..
            }
        );
        Self {
            now: settings.now,
            soon: settings.now + settings.reporting.warn_expiry,
            is_by_validity: is_by_keys && criteria.keys.accepts_gpg && is_of_home,
            recorder: (settings.recording == Recording::Confirm).then(|| recorder(settings, None)),
        }
    }

    /// Says who records, where that is done and the server names the user.
    pub(super) fn recording_for(&mut self, settings: &Audit, author: Option<&Author>) {
        if let Some(own) = &mut self.recorder {
            *own = recorder(settings, author);
        }
    }

    /// What a run that goes on from the report of this one judges again although the report has it, to follow the sentence
    /// that proposes such a run.
    pub(super) fn judged_anew(&self, settings: &Audit) -> &'static str {
        let asks_others = match &settings.images {
            Images::Places { .. } => true,
            own @ (Images::Files { .. } | Images::Cluster { .. }) => own.registries().is_some(),
        };
        if asks_others {
            "; images for which a registry, a mirror or a directory is asked are judged again"
        } else if self.is_by_validity {
            "; images are judged again, since the validity of keys in a keyring may change"
        } else {
            ""
        }
    }

    /// Whether the run records what it finds.
    pub(super) fn records(&self) -> bool {
        self.recorder.is_some()
    }

    /// Whether judging the image now would read what it read then, and come to the same.
    pub(super) fn holds(&self, entry: &Entry, job: &Job) -> bool {
        self.is_lasting(entry) && entry.content == content(job, self.recorder.as_deref())
    }

    /// Whether an entry says by what the image was judged, and nothing in it is a matter of chance or time: what could not be
    /// checked or written may be the next time, and what a clock decides is decided anew.
    pub(super) fn is_lasting(&self, entry: &Entry) -> bool {
        let own = entry.signatures.iter().map(|own| (own.verdict, own.reason));
        let mut judged = own.chain([(entry.verdict, entry.reason)]);
        let is_open = judged.any(|(verdict, reason)| verdict == Verdict::Unchecked || reason.is_of_time());
        let is_told = entry.content.is_some() && entry.more_signatures == 0;
        is_told && !is_open && !is_unwritten(entry) && !self.is_by_validity && !self.has_passed(entry)
    }

    /// Whether a time has come since that matters: an end, or that before which the end of a key is told. By a clock that was
    /// set back a signature may be of the future.
    fn has_passed(&self, entry: &Entry) -> bool {
        let is_told = entry.findings.iter().any(|own| own.kind == FindingKind::Expiring);
        let end_of_keys = match entry.verdict == Verdict::Verified && !is_told {
            true => self.soon,
            false => self.now,
        };
        entry.signatures.iter().any(|own| {
            let signer = own.signer.as_ref();
            let made = signer.and_then(|signer| signer.created);
            let key = signer.and_then(|signer| signer.expires);
            own.expires.is_some_and(|expires| expires <= self.now)
                || key.is_some_and(|expires| expires <= end_of_keys)
                || made.is_some_and(|made| made > self.now)
        })
    }
}
