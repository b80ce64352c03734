// SPDX-License-Identifier: Apache-2.0
//! Images that come and go between the two lists of an audit: that of the beginning, and that by which they are judged.

use super::{Candidate, Inventory, MAX_NAMED};
use crate::audit::uses::Known;
use crate::cluster::api::Api;
use crate::cluster::images;
use crate::cluster::names::Name;
use crate::digest::Digest;
use crate::reason::{Reason, Refusal};

impl Inventory {
    /// Whether an Image came after the beginning, by its place among the images that are known.
    pub(super) fn is_new(&self, hash: Option<[u8; 32]>, place: Option<usize>) -> bool {
        let is_outlined = |hash: &[u8; 32]| place.is_some() && self.unlisted.binary_search(hash).is_err();
        self.has_outline && hash.is_some_and(|hash| !is_outlined(&hash))
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
                if !self.uses.is_used(digest) {
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

    /// Says how many more were not in the second list than are named.
    pub(super) fn miss_the_rest(&mut self) {
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
            Refusal::new(
                Reason::NotFound,
                format!(
                    "the cluster has no Image object {digest}: what signatures it has is known to its registry only (see --registry-url)"
                ),
            )
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
