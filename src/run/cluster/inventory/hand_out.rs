// SPDX-License-Identifier: Apache-2.0
//! The images of an inventory, one after the other: those that are listed, those that are used, those that were not found.

use serde_json::Value;

use super::{digest, Candidate, Inventory, Range};
use crate::audit::entry::called;
use crate::audit::uses::Known;
use crate::cluster::api::Api;
use crate::cluster::images::{self, FoundImage};
use crate::digest::Digest;
use crate::reason::{Reason, Refusal};
use crate::run::cluster::Session;

impl Inventory {
    /// The next image of those that `is_wanted`, by digest; `None` at the end. Each comes once.
    pub fn next(&mut self, session: &mut Session, is_wanted: &mut dyn FnMut(&str) -> bool) -> Option<Candidate> {
        if let Some(candidate) = self.next_listed(&mut session.api, is_wanted) {
            return Some(candidate);
        }
        while let Some(hash) = self.images.get(self.next).copied() {
            self.next += 1;
            let digest = Digest::from_hash(hash);
            if std::mem::replace(&mut self.given[self.next - 1], true) {
                continue;
            }
            let is_own = is_wanted(digest.as_str());
            if self.scope.range == Range::Images {
                match is_own
                    .then(|| self.unlisted(&mut session.api, &digest, &hash))
                    .flatten()
                {
                    Some(candidate) => return Some(candidate),
                    None => continue,
                }
            }
            let kept = self.kept.remove(&hash);
            if !is_own {
                // What is not there, may not be read or is damaged is so in every run, and said where it is wanted.
                let lasting = [Reason::NotFound, Reason::Forbidden, Reason::MalformedImage];
                let is_open = |refusal: &Refusal| !lasting.contains(&refusal.reason);
                self.unread += usize::from(kept.is_some_and(|found| found.is_err_and(|refusal| is_open(&refusal))));
                continue;
            }
            let known = self.uses.known(&digest);
            let wanted = self.wanted.get(&hash).cloned().unwrap_or_default();
            let found = kept.unwrap_or_else(|| {
                let view = self.view(&digest, &known, &wanted);
                self.fetch(&mut session.api, &digest, view)
            });
            return Some(Candidate {
                name: digest.to_string(),
                found,
                known,
                wanted,
                aside: self.aside(digest.as_str()),
                lost_name: self.lost_name.remove(&hash),
            });
        }
        while let Some(lost) = self.lost.pop() {
            if is_wanted(&lost.name) {
                return Some(lost);
            }
        }
        self.miss_the_rest();
        match std::mem::take(&mut self.unread) {
            0 => {}
            unread => self.incomplete.push(format!(
                "of the images that are left out here {unread} could not be read: if they are manifest lists, it is unknown what is expected of their instances"
            )),
        }
        None
    }

    /// The next image of the list of Image objects.
    fn next_listed(&mut self, api: &mut Api, is_wanted: &mut dyn FnMut(&str) -> bool) -> Option<Candidate> {
        loop {
            // What was in the first list comes once by its digest, so that its uid need not be kept.
            let (images, unlisted, given) = (&self.images, &self.unlisted, &mut self.given);
            let mut tell = |object: &Value| {
                let hash = hash_of(object).filter(|hash| unlisted.binary_search(hash).is_err())?;
                let place = images.binary_search(&hash).ok()?;
                Some(!std::mem::replace(given.get_mut(place)?, true))
            };
            let object = match self.list.as_mut()?.next_told(api, &mut tell) {
                Ok(Some(object)) => object,
                Ok(None) => {
                    self.list = None;
                    self.compare_lists();
                    return None;
                }
                Err(error) => {
                    let refusal = error.refusal("listing Images");
                    // The first walk over the same list may have said so.
                    if !self.incomplete.iter().any(|known| known.starts_with(&refusal.message)) {
                        let text = format!("{}; images that follow are not judged", refusal.message);
                        self.incomplete.push(text);
                    }
                    self.failure = Some(refusal);
                    self.list = None;
                    return None;
                }
            };
            let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            let hash = hash_of(&object);
            let place = hash.and_then(|hash| self.images.binary_search(&hash).ok());
            let mut is_new = self.is_new(hash, place);
            self.since.listed += 1;
            if is_new && self.is_older(&object) {
                is_new = false;
                self.note_older(&called(name.clone()));
            }
            // What runs has its turn after the list.
            if is_new && place.is_some() && hash.is_some_and(|hash| self.note_new(hash)) {
                continue;
            }
            // One that was removed and made anew has another uid and the same digest.
            let unlisted = place.filter(|_| hash.is_some_and(|hash| self.unlisted.binary_search(&hash).is_ok()));
            if unlisted.is_some_and(|place| std::mem::replace(&mut self.given[place], true)) {
                continue;
            }
            let name = called(name);
            if !is_wanted(&name) {
                continue;
            }
            if is_new {
                self.since.new += 1;
                continue;
            }
            let known = digest(&name).map_or_else(Known::default, |digest| self.uses.known(&digest));
            let aside = self.aside(&name);
            let found = images::listed(api, object).map(|loaded| FoundImage {
                loaded,
                read_only: None,
            });
            return Some(Candidate {
                name,
                found,
                known,
                wanted: Vec::new(),
                aside,
                lost_name: None,
            });
        }
    }
}

/// The hash that an object is named by.
fn hash_of(object: &Value) -> Option<[u8; 32]> {
    digest(object["metadata"]["name"].as_str()?)?.hash()
}
