// SPDX-License-Identifier: Apache-2.0
//! Images of a cluster that are named one by one: which digests the names stand for, and what the streams in them say.
//!
//! Several names may stand for one image. It is judged once, and each name expects of it what its stream says.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::users::used;
use super::{digest, Candidate, Inventory, Wanted, MAX_KEPT, MAX_NAMED};
use crate::audit::entry::UseKind;
use crate::audit::uses::{Known, Uses};
use crate::cluster::api::Api;
use crate::cluster::images::{self, FoundImage};
use crate::cluster::names::Name;
use crate::cluster::streams;
use crate::digest::Digest;
use crate::reason::{Reason, Refusal};
use crate::run::elsewhere::Elsewhere;

impl Inventory {
    /// Finds out which images are named, and what the streams that name them say.
    pub(super) fn gather_named(&mut self, api: &mut Api, all: &[Wanted]) {
        let mut uses = std::mem::take(&mut self.uses);
        for (number, wanted) in all.iter().enumerate() {
            match self.resolve(api, &mut uses, wanted) {
                Ok(hash) => {
                    Arc::make_mut(&mut self.images).push(hash);
                    self.wanted.entry(hash).or_default().push(number);
                }
                Err(refusal) => {
                    self.note_unheard(&wanted.name, &refusal);
                    self.lost.push(Candidate {
                        name: match &wanted.name {
                            Name::Image(digest) | Name::StreamImage { digest, .. } => digest.to_string(),
                            Name::Tag { .. } => wanted.asked.clone(),
                        },
                        found: Err(refusal),
                        known: Known::default(),
                        wanted: vec![number],
                        aside: Elsewhere::default(),
                        lost_name: None,
                    });
                }
            }
        }
        self.join_lost();
        self.lost.reverse();
        uses.finish();
        self.settle(uses);
    }

    /// Notes that it is not known what a name expects of its image. A tag that is not there expects nothing of any.
    fn note_unheard(&mut self, name: &Name, refusal: &Refusal) {
        match name {
            Name::Image(digest) | Name::StreamImage { digest, .. } => {
                self.unheard.insert(digest.hash());
            }
            Name::Tag { .. } if refusal.reason == Reason::NotFound => {}
            Name::Tag { .. } => {
                self.unheard.insert(None);
            }
        }
    }

    /// Whether a name that could not be looked up may expect something of an image.
    pub(in crate::run) fn may_miss_names_of(&self, image: &str) -> bool {
        let own = digest(image).and_then(|digest| digest.hash());
        self.unheard.contains(&None) || own.is_some() && self.unheard.contains(&own)
    }

    /// The same of any image that is judged.
    pub(in crate::run) fn may_miss_names(&self) -> bool {
        let judged = |hash: &[u8; 32]| self.images.binary_search(hash).is_ok();
        let mut unheard = self.unheard.iter();
        unheard.any(|own| own.as_ref().map_or(!self.images.is_empty(), judged))
    }

    /// The image that a name stands for. What is read on the way is kept as far as there is room.
    fn resolve(&mut self, api: &mut Api, uses: &mut Uses, wanted: &Wanted) -> Result<[u8; 32], Refusal> {
        let digest = match &wanted.name {
            Name::Image(digest) | Name::StreamImage { digest, .. } => digest.clone(),
            Name::Tag { .. } => {
                let found = images::find(api, &wanted.name)?;
                let digest = found.loaded.image.digest()?;
                self.keep(&digest, found);
                digest
            }
        };
        let own = api.access().namespace.clone();
        let (Name::Tag { namespace, .. } | Name::StreamImage { namespace, .. }) = &wanted.name else {
            return hash(&digest);
        };
        let namespace = namespace.as_ref().unwrap_or(&own);
        match &wanted.name {
            _ if wanted.is_expected => {}
            Name::Tag { stream, tag, .. } => {
                let (references, troubles) = streams::references(api, &wanted.name)?;
                self.note(troubles);
                uses.add(
                    &digest,
                    &used(UseKind::Tag, namespace, &format!("{stream}:{tag}")),
                    &references,
                );
            }
            Name::StreamImage { .. } => {
                let (tags, troubles) = streams::tags_of(api, &wanted.name)?;
                self.note(troubles);
                for tag in tags {
                    let by = used(UseKind::Tag, &tag.namespace, &tag.name);
                    uses.add(&digest, &by, &tag.references);
                }
            }
            Name::Image(_) => {}
        }
        hash(&digest)
    }

    /// Makes one image of each that is named in several ways: of what is lost by one name and found by another one it is not
    /// known what the lost one expects.
    fn join_lost(&mut self) {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for lost in std::mem::take(&mut self.lost) {
            let hash = digest(&lost.name).and_then(|own| own.hash());
            let found = hash.filter(|hash| self.wanted.contains_key(hash));
            match (found, places.get(&lost.name).copied(), lost.found) {
                (Some(hash), _, Err(refusal)) => {
                    self.lost_name.insert(hash, refusal);
                }
                (_, Some(place), _) => self.lost[place].wanted.extend(lost.wanted),
                (_, None, found) => {
                    places.insert(lost.name.clone(), self.lost.len());
                    self.lost.push(Candidate { found, ..lost });
                }
            }
        }
    }

    /// Notes what of a stream cannot be read; several names may be in one stream.
    fn note(&mut self, troubles: Vec<String>) {
        for trouble in troubles.into_iter().take(MAX_NAMED) {
            if !self.incomplete.contains(&trouble) {
                self.incomplete.push(trouble);
            }
        }
    }

    fn keep(&mut self, digest: &Digest, found: FoundImage) {
        if let Some(hash) = digest.hash().filter(|_| self.kept.len() < MAX_KEPT) {
            self.kept.insert(hash, Ok(found));
        }
    }
}

/// Images are named by SHA-256: that their names have this form was made sure of before.
fn hash(digest: &Digest) -> Result<[u8; 32], Refusal> {
    let wrong = || crate::image::Image::not_a_digest(digest.as_str());
    digest.hash().ok_or_else(wrong)
}
