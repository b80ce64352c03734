// SPDX-License-Identifier: Apache-2.0
//! What an audit of a cluster judges: the images that there are, what uses each, and what cannot be known.
//!
//! What cannot be listed makes the inventory incomplete, by name: it never becomes smaller without a word.

mod between;
mod contents;
mod hand_out;
mod instances;
mod named;
mod outline;
mod release;
mod scope;
mod since;
mod users;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(in crate::run) use self::contents::{Contents, Reader};
pub use self::scope::{Range, Scope, Wanted};
use self::since::Since;
pub(in crate::run) use self::users::{add_pod, add_stream, add_tag};
use super::Session;
use crate::audit::entry::UseKind;
use crate::audit::prefix_map::PrefixMap;
use crate::audit::uses::{Known, Uses};
use crate::cluster::api::Api;
use crate::cluster::images::{self, FoundImage};
use crate::cluster::names::Name;
use crate::cluster::pages::Pages;
use crate::cluster::{pods, streams};
use crate::digest::Digest;
use crate::reason::{Reason, Refusal};
use crate::run::elsewhere::Elsewhere;
use crate::run::unknown_lists::UnknownLists;

/// Most troubles of one kind that are named one by one.
const MAX_NAMED: usize = 20;

/// Most images that are kept from when they are looked through for lists until they are judged: as many as a page of a
/// list has. Others are read again.
const MAX_KEPT: usize = 500;

/// An image to be judged.
#[derive(Debug)]
pub struct Candidate {
    /// Its digest, or whatever the object is named.
    pub name: String,
    /// The object, or why there is none.
    pub found: Result<FoundImage, Refusal>,
    /// What uses it, and what that expects.
    pub known: Known,
    /// Which of the images that are named it is.
    pub wanted: Vec<usize>,
    /// Signatures of it that the cluster keeps beside Image objects.
    pub(in crate::run) aside: Elsewhere,
    /// Why it is not known what another name expects that was given for it, if it is not.
    pub lost_name: Option<Refusal>,
}

/// The images of a cluster.
#[derive(Debug)]
pub struct Inventory {
    scope: Scope,
    uses: Uses,
    incomplete: Vec<String>,
    /// The same of what is about no other images than those that are noted with their uses.
    beside: Vec<String>,
    /// The images that are known to be judged, sorted, and which of them were.
    images: Arc<Vec<[u8; 32]>>,
    /// Those of them that were no Images at the beginning and are used, sorted.
    unlisted: Vec<[u8; 32]>,
    /// Whether all Images there were at the beginning are among them.
    has_outline: bool,
    given: Vec<bool>,
    /// Image objects that are not named by a digest.
    odd: usize,
    list: Option<Pages>,
    /// Why the list of Images did not come to its end.
    failure: Option<Refusal>,
    next: usize,
    /// What became of Images since the beginning.
    since: Since,
    /// What became of images that were looked through for lists: all that could not be read, and some that could.
    kept: BTreeMap<[u8; 32], Result<FoundImage, Refusal>>,
    /// Images that are not wanted and could not be read: whether they are lists is not known.
    unread: usize,
    /// Whether Images are read out of streams, since the user may not read them themselves.
    is_by_view: bool,
    /// Which of the images that are named stand for which digest.
    wanted: BTreeMap<[u8; 32], Vec<usize>>,
    /// Images that are named and were not found, the next one last.
    lost: Vec<Candidate>,
    /// Images of which not all is known that expects something of them: one that is named through a stream which was not
    /// read, or, where there is none, any that is named.
    unheard: BTreeSet<Option<[u8; 32]>>,
    /// Images that are named and were found, and another name of each that was not.
    lost_name: BTreeMap<[u8; 32], Refusal>,
    /// Signatures that the cluster keeps of the release payloads that it runs.
    release: BTreeMap<[u8; 32], Elsewhere>,
}

impl Inventory {
    /// Finds out which images there are and what uses them; `map` is that of expected identities, and `reader` reads the
    /// release payloads that run. Trouble is named in [`Inventory::incomplete`].
    pub(in crate::run) fn read(
        session: &mut Session,
        scope: Scope,
        map: Option<&PrefixMap>,
        reader: Option<Reader<'_>>,
    ) -> Self {
        let mut inventory = Self {
            scope,
            uses: Uses::default(),
            incomplete: Vec::new(),
            beside: Vec::new(),
            images: Arc::default(),
            unlisted: Vec::new(),
            has_outline: false,
            given: Vec::new(),
            odd: 0,
            list: None,
            failure: None,
            next: 0,
            since: Since::default(),
            kept: BTreeMap::new(),
            unread: 0,
            is_by_view: false,
            wanted: BTreeMap::new(),
            lost: Vec::new(),
            unheard: BTreeSet::new(),
            lost_name: BTreeMap::new(),
            release: BTreeMap::new(),
        };
        inventory.gather(&mut session.api, map, reader);
        inventory
    }

    /// How many images are to be judged, as far as is known.
    #[must_use]
    pub fn total(&self) -> usize {
        self.images.len() + self.odd + self.lost.len()
    }

    /// What could not be listed, in sentences for people; empty where the inventory is whole. Later pages of the list of
    /// Images may add to it.
    #[must_use]
    pub fn incomplete(&self) -> &[String] {
        &self.incomplete
    }

    /// What else is not known, in such sentences: it is about no other images than those that are noted.
    #[must_use]
    pub fn beside(&self) -> &[String] {
        &self.beside
    }

    /// What to know of images that came or were removed meanwhile.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        self.since.left_out()
    }

    /// Whether images that are used could not be read: what they expect of their instances, if they are lists, is not known.
    #[must_use]
    pub fn may_miss_lists(&self) -> bool {
        let unread = self.kept.values().filter_map(|found| found.as_ref().err());
        unread.into_iter().any(|refusal| refusal.reason != Reason::NotFound)
    }

    fn gather(&mut self, api: &mut Api, map: Option<&PrefixMap>, reader: Option<Reader<'_>>) {
        let (namespace, selector) = match &self.scope.range {
            Range::Images => (None, ""),
            Range::Used(namespace) => (namespace.as_deref(), self.scope.selector.as_str()),
            Range::Named(wanted) => {
                let wanted = wanted.clone();
                return self.gather_named(api, &wanted);
            }
        };
        let (streams, pods) = (streams::list(namespace, selector), pods::list(namespace, selector));
        let mut uses = std::mem::take(&mut self.uses);
        let mut unknown = UnknownLists::default();
        // Before what uses images: of one that is there by now all uses are found that there are by now.
        if self.scope.range == Range::Images {
            self.gather_outlines(api, &mut uses, &mut unknown);
        }
        // Where Image objects are chosen by their labels, what is none of them is not asked for.
        let has_all = self.scope.range == Range::Images && self.scope.selector.is_empty();
        if has_all {
            uses.begin_with(Arc::unwrap_or_clone(std::mem::take(&mut self.images)));
        }
        let consequence = "it is unknown which tags point to an image, and what it is to be signed as";
        // A tag that moved from a stream to another one meanwhile is in one of them by each list, and may be in none by both.
        let before = uses.mark();
        self.walk_whole(api, streams, consequence, &mut |object| match object {
            Some(object) => add_stream(&mut uses, object),
            None => {
                uses.take_back(before);
                Vec::new()
            }
        });
        let consequence = "it is unknown which images run";
        let mut others = Vec::new();
        let before = uses.mark();
        self.walk_whole(api, pods, consequence, &mut |object| {
            let Some(object) = object else {
                uses.take_back(before);
                others.clear();
                return Vec::new();
            };
            let (of_all, beside) = add_pod(&mut uses, object);
            others.extend(beside.into_iter().take(MAX_NAMED.saturating_sub(others.len())));
            of_all
        });
        self.beside = others;
        if self.scope.range == Range::Images {
            self.add_release(api, &mut uses, reader);
            self.list = Some(Pages::new(images::list(&self.scope.selector)));
        } else {
            uses.sort();
            self.images = Arc::new(uses.images().filter_map(|digest| digest.hash()).collect());
            self.find_instances(api, &mut uses, &mut unknown);
        }
        if has_all {
            self.unlisted = uses.added();
        }
        uses.finish();
        let told = unknown.told(&uses, map);
        self.incomplete.extend(told.demanded);
        self.beside.extend(told.others);
        if has_all {
            self.images = uses.all();
            self.leave_out_unused(&uses);
        }
        self.settle(uses);
    }

    /// Leaves out components that are neither Images nor used. The list is shared unless there are some.
    fn leave_out_unused(&mut self, uses: &Uses) {
        let (unlisted, unused) = std::mem::take(&mut self.unlisted)
            .into_iter()
            .partition(|hash| self.is_used(uses, hash));
        let unused: Vec<[u8; 32]> = unused;
        self.unlisted = unlisted;
        if !unused.is_empty() {
            Arc::make_mut(&mut self.images).retain(|hash| unused.binary_search(hash).is_err());
        }
    }

    /// Sorts what was gathered, and says what of it was left out.
    fn settle(&mut self, uses: Uses) {
        if uses.is_full() {
            self.incomplete
                .push("the cluster has more uses of images than are kept: some are left out".to_owned());
        }
        if !self.images.is_sorted_by(|one, other| one < other) {
            let images = Arc::make_mut(&mut self.images);
            images.sort_unstable();
            images.dedup();
        }
        self.given = vec![false; self.images.len()];
        self.uses = uses;
    }

    /// Signatures that the cluster keeps of an image beside its object.
    pub(in crate::run) fn aside(&self, image: &str) -> Elsewhere {
        let hash = digest(image).and_then(|digest| digest.hash());
        let kept = hash.and_then(|hash| self.release.get(&hash));
        kept.cloned().unwrap_or_default()
    }

    /// The copy of an image in a stream, where a stream that has it is known.
    fn view(&self, digest: &Digest, known: &Known, wanted: &[usize]) -> Option<Name> {
        if let Range::Named(all) = &self.scope.range {
            let mut named = wanted.iter().filter_map(|number| all.get(*number));
            return named.find_map(|own| in_stream(&own.name, digest));
        }
        let by = known.uses.iter().find(|by| by.kind == UseKind::Tag)?;
        Some(Name::StreamImage {
            namespace: Some(by.namespace.clone()),
            stream: by.name.split_once(':')?.0.to_owned(),
            digest: digest.clone(),
        })
    }

    /// Whether something uses an image: a payload that runs does not use its components.
    fn is_used(&self, uses: &Uses, image: &[u8; 32]) -> bool {
        let is_payload = self.release.contains_key(image);
        uses.has_use(*image, |kind| kind != UseKind::Release || is_payload)
    }

    /// Asks for an Image, or, for users who may not read those, for the copy of it in a stream.
    fn fetch(&mut self, api: &mut Api, digest: &Digest, view: Option<Name>) -> Result<FoundImage, Refusal> {
        if !self.is_by_view {
            match images::find(api, &Name::Image(digest.clone())) {
                Err(refusal) if refusal.reason == Reason::Forbidden && view.is_some() => self.is_by_view = true,
                other => return other,
            }
        }
        let name = view.unwrap_or_else(|| Name::Image(digest.clone()));
        images::find(api, &name)
    }
}

/// An image as one of the stream that a name has.
fn in_stream(name: &Name, digest: &Digest) -> Option<Name> {
    match name {
        Name::Image(_) => None,
        Name::Tag { namespace, stream, .. } | Name::StreamImage { namespace, stream, .. } => Some(Name::StreamImage {
            namespace: namespace.clone(),
            stream: stream.clone(),
            digest: digest.clone(),
        }),
    }
}

fn digest(name: &str) -> Option<Digest> {
    Digest::parse(name).ok()
}
