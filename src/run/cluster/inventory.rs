// SPDX-License-Identifier: Apache-2.0
//! What an audit of a cluster judges: the images that there are, what uses each, and what cannot be known.
//!
//! What cannot be listed makes the inventory incomplete, by name: it never becomes smaller without a word.

mod candidates;
mod instances;
mod uses;

use std::collections::BTreeMap;

use serde_json::Value;

use self::uses::{add_outline, used};
pub(in crate::run) use self::uses::{add_pod, add_stream};
use super::Session;
use crate::audit::entry::UseKind;
use crate::audit::uses::{Known, Uses};
use crate::cluster::api::Api;
use crate::cluster::images::{self, Found};
use crate::cluster::pages::{List, Pages};
use crate::cluster::{pods, release, streams};
use crate::digest::Digest;
use crate::reason::Refusal;

/// Most troubles of one kind that are named one by one.
const MAX_NAMED: usize = 20;

/// Which images of a cluster are judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Range {
    /// Every Image object, and what pods run without there being one.
    Images,
    /// What tags of image streams stand for now, and what pods run: in one namespace, or in all.
    Used(Option<String>),
}

/// Images of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Which images of the cluster belong to it.
    pub range: Range,
    /// A selector of labels; empty for all. It is for Image objects where these are listed, else for streams and pods.
    pub selector: String,
}

/// An image to be judged.
#[derive(Debug)]
pub struct Candidate {
    /// Its digest, or whatever the object is named.
    pub name: String,
    /// The object, or why there is none.
    pub found: Result<Found, Refusal>,
    /// What uses it, and what that expects.
    pub known: Known,
}

/// The images of a cluster.
#[derive(Debug)]
pub struct Inventory {
    scope: Scope,
    uses: Uses,
    incomplete: Vec<String>,
    /// The images that are known to be judged, sorted, and which of them were.
    images: Vec<[u8; 32]>,
    given: Vec<bool>,
    /// Image objects that are not named by a digest.
    odd: usize,
    list: Option<Pages>,
    /// Why the list of Images did not come to its end.
    failure: Option<Refusal>,
    next: usize,
    /// What became of images that were looked through for lists: all that could not be read, and some that could.
    kept: BTreeMap<[u8; 32], Result<Found, Refusal>>,
    /// Images that are not wanted and could not be read: whether they are lists is not known.
    unread: usize,
    /// Whether Images are read out of streams, since the user may not read them themselves.
    is_by_view: bool,
}

impl Inventory {
    /// Finds out which images there are and what uses them. Trouble is named in [`Inventory::incomplete`].
    pub fn read(session: &mut Session, scope: Scope) -> Self {
        let mut inventory = Self {
            scope,
            uses: Uses::default(),
            incomplete: Vec::new(),
            images: Vec::new(),
            given: Vec::new(),
            odd: 0,
            list: None,
            failure: None,
            next: 0,
            kept: BTreeMap::new(),
            unread: 0,
            is_by_view: false,
        };
        inventory.gather(&mut session.api);
        inventory
    }

    /// How many images are to be judged, as far as is known.
    #[must_use]
    pub fn total(&self) -> usize {
        self.images.len() + self.odd
    }

    /// What could not be listed, in sentences for people; empty where the inventory is whole. Later pages of the list of
    /// Images may add to it.
    #[must_use]
    pub fn incomplete(&self) -> &[String] {
        &self.incomplete
    }

    fn gather(&mut self, api: &mut Api) {
        let (namespace, selector) = match &self.scope.range {
            Range::Images => (None, ""),
            Range::Used(namespace) => (namespace.as_deref(), self.scope.selector.as_str()),
        };
        let (streams, pods) = (streams::list(namespace, selector), pods::list(namespace, selector));
        let mut uses = std::mem::take(&mut self.uses);
        let consequence = "which tags stand for an image, and what it is to be signed as, is not known";
        self.walk(api, streams, consequence, &mut |object| add_stream(&mut uses, object));
        let consequence = "which images run is not known";
        self.walk(api, pods, consequence, &mut |object| add_pod(&mut uses, object));
        if self.scope.range == Range::Images {
            self.add_release(api, &mut uses);
            if !self.scope.selector.is_empty() {
                // What a list expects of its instances holds whatever labels the list has.
                let consequence = "what lists expect of their instances is not known";
                self.walk(api, images::outlines(""), consequence, &mut |object| {
                    add_outline(&mut uses, object);
                    Vec::new()
                });
            }
            let outlines = images::outlines(&self.scope.selector);
            let (mut images, mut odd) = (Vec::new(), 0);
            let consequence = "which images there are is not known";
            self.walk(api, outlines, consequence, &mut |object| {
                match add_outline(&mut uses, object) {
                    Some(hash) => images.push(hash),
                    None => odd += 1,
                }
                Vec::new()
            });
            self.images = images;
            self.odd = odd;
            self.list = Some(Pages::new(images::list(&self.scope.selector)));
        } else {
            uses.sort();
            self.images = uses.images().filter_map(|digest| digest.hash()).collect();
            self.find_instances(api, &mut uses);
        }
        uses.finish();
        if uses.is_full() {
            self.incomplete
                .push("the cluster has more uses of images than are kept: some are left out".to_owned());
        }
        // Where Image objects are chosen by their labels, what is none of them is not asked for.
        if self.scope.range == Range::Images && self.scope.selector.is_empty() {
            let is_only_named = |digest: &Digest| {
                let known = uses.known(digest);
                known.more_uses == 0 && known.uses.iter().all(|by| by.kind == UseKind::List)
            };
            let used = uses.images().filter(|digest| !is_only_named(digest));
            self.images.extend(used.filter_map(|digest| digest.hash()));
        }
        self.images.sort_unstable();
        self.images.dedup();
        self.given = vec![false; self.images.len()];
        self.uses = uses;
    }

    /// Hands out each object of a list.
    fn walk(&mut self, api: &mut Api, list: List, consequence: &str, take: &mut dyn FnMut(&Value) -> Vec<String>) {
        let what = format!("listing {}s", list.kind);
        let mut pages = Pages::new(list);
        let mut left_out = 0;
        let mut named = 0;
        loop {
            match pages.next(api) {
                Ok(Some(object)) => {
                    for trouble in take(&object) {
                        named += 1;
                        if named <= MAX_NAMED {
                            self.incomplete.push(trouble);
                        } else {
                            left_out += 1;
                        }
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    let why = error.refusal(&what).message;
                    self.incomplete.push(format!("{why}; {consequence}"));
                    break;
                }
            }
        }
        if left_out > 0 {
            self.incomplete.push(format!("{what}: {left_out} more like these"));
        }
    }

    fn add_release(&mut self, api: &mut Api, uses: &mut Uses) {
        match release::running(api) {
            Ok(payloads) => {
                for payload in payloads {
                    if let Some(digest) = payload.image.digest() {
                        let by = used(UseKind::Release, "", &payload.version);
                        uses.add(digest, &by, std::slice::from_ref(&payload.image));
                    }
                }
            }
            Err(refusal) => self
                .incomplete
                .push(format!("{}; which release payload runs is not known", refusal.message)),
        }
    }
}
