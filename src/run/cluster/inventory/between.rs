// SPDX-License-Identifier: Apache-2.0
//! Images that come and go between the two lists of an audit: that of the beginning, and that by which they are judged.

use serde_json::Value;

use super::{Candidate, Inventory, MAX_NAMED};
use crate::audit::entry::UseKind;
use crate::audit::uses::Known;
use crate::cluster::api::Api;
use crate::cluster::images;
use crate::cluster::names::Name;
use crate::digest::Digest;
use crate::reason::{Reason, Refusal};

/// How far clocks of a cluster may be apart, in seconds, and a list may be behind what is written.
const MAX_CLOCKS_APART: i64 = 300;

impl Inventory {
    /// Whether an Image came after the beginning, by its place among the images that are known.
    pub(super) fn is_new(&self, hash: Option<[u8; 32]>, place: Option<usize>) -> bool {
        let is_outlined = |hash: &[u8; 32]| place.is_some() && self.unlisted.binary_search(hash).is_err();
        self.has_outline && hash.is_some_and(|hash| !is_outlined(&hash))
    }

    /// Whether an Image that was not in the first list is older than that, so that it should have been. Clocks of several
    /// servers differ a little.
    pub(super) fn is_older(&self, object: &Value) -> bool {
        let created = object["metadata"]["creationTimestamp"].as_str();
        let created = created.and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let age = |(began, created): (i64, jiff::Timestamp)| began.saturating_sub(created.as_second());
        let age = self.since.began.zip(created).map(age);
        // Where labels choose, an old one may have been given one since.
        self.scope.selector.is_empty() && age.is_some_and(|age| age > MAX_CLOCKS_APART)
    }

    /// Notes that the first list was not whole.
    pub(super) fn note_older(&mut self, name: &str) {
        self.since.older += 1;
        if self.since.older <= MAX_NAMED {
            let text = format!("listing Images: the first list lacks image {name}, which is older than it");
            self.incomplete.push(text);
        }
    }

    /// Whether the list of the beginning lacks Images that there were: what those are lists of is not known.
    #[must_use]
    pub(in crate::run) fn lacks_older(&self) -> bool {
        self.since.older > 0
    }

    /// Notes an Image that came after the beginning. One that runs is judged as what has no Image object, since it may be
    /// used by what came with it.
    pub(super) fn note_new(&mut self, hash: [u8; 32]) -> bool {
        let is_own = |kind| kind == UseKind::Pod || kind == UseKind::Release && self.release.contains_key(&hash);
        let runs = self.uses.has_use(hash, is_own);
        if runs {
            self.since.run.insert(hash);
        }
        runs
    }

    /// Compares how many Images there are in both lists, the second of which has ended.
    pub(super) fn compare_lists(&mut self) {
        let before = self.images.len() - self.unlisted.len() + self.odd;
        if !self.has_outline || (before == 0) == (self.since.listed == 0) {
            return;
        }
        let why = match before {
            0 => "listing Images: the first list was empty, and the second one is not".to_owned(),
            _ => format!("listing Images: the first list had {before}, and the second one is empty"),
        };
        self.incomplete.push(format!("{why}; run the audit again"));
        self.failure = Some(Refusal::new(Reason::SourceUnavailable, why));
    }

    /// An image that was not in the second list; `None` where it was removed and nothing uses it. One that was there at the
    /// beginning is asked for: that a list has it not does not say that it is gone.
    pub(super) fn unlisted(&mut self, api: &mut Api, digest: &Digest, hash: &[u8; 32]) -> Option<Candidate> {
        let known = self.uses.known(digest);
        if self.failure.is_some() || !self.has_outline || self.unlisted.binary_search(hash).is_ok() {
            return Some(self.absent(digest, known));
        }
        let found = images::find(api, &Name::Image(digest.clone()));
        match &found {
            Err(refusal) if refusal.reason == Reason::NotFound => {
                if !self.is_used(&self.uses, hash) {
                    self.since.gone += 1;
                    return None;
                }
                return Some(self.absent(digest, known));
            }
            Err(refusal) => self.miss(&refusal.message),
            Ok(_) => self.miss(&format!("image {digest} is there")),
        }
        Some(Candidate {
            found,
            ..self.absent(digest, known)
        })
    }

    fn miss(&mut self, what: &str) {
        self.since.lost += 1;
        if self.since.lost <= MAX_NAMED {
            let text = format!("listing Images: the second list lacks one of the first: {what}");
            self.incomplete.push(text);
        }
    }

    /// Says how many more were not in one of the lists than are named.
    pub(super) fn miss_the_rest(&mut self) {
        if self.since.older > MAX_NAMED {
            let more = self.since.older - MAX_NAMED;
            self.incomplete.push(format!(
                "listing Images: the first list lacks {more} more images that are older than it"
            ));
            self.since.older = MAX_NAMED;
        }
        let lost = std::mem::take(&mut self.since.lost);
        if lost > MAX_NAMED {
            let more = lost - MAX_NAMED;
            self.incomplete.push(format!(
                "listing Images: the second list lacks {more} more of the first"
            ));
        }
    }

    /// An image that is used and was not in the list of Images.
    fn absent(&self, digest: &Digest, known: Known) -> Candidate {
        let refusal = self.failure.clone().unwrap_or_else(|| {
            let is_late = digest.hash().is_some_and(|hash| self.since.run.contains(&hash));
            let why = match is_late {
                true => format!(
                    "the cluster had no Image object {digest} when the audit began: it came while the audit ran; run the audit again"
                ),
                false => format!(
                    "the cluster has no Image object {digest}: what signatures it has is known to its registry only (see --registry-url)"
                ),
            };
            Refusal::new(Reason::NotFound, why)
        });
        Candidate {
            name: digest.to_string(),
            found: Err(refusal),
            known,
            wanted: Vec::new(),
            aside: self.aside(digest.as_str()),
            lost_name: None,
        }
    }
}
