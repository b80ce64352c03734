// SPDX-License-Identifier: Apache-2.0
//! What an audit of a cluster judges: the images that there are, what uses each, and what cannot be known.
//!
//! What cannot be listed makes the inventory incomplete, by name: it never becomes smaller without a word.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use super::Session;
use crate::audit::entry::{Use, UseKind};
use crate::audit::uses::{Known, Uses};
use crate::cluster::api::Api;
use crate::cluster::images::{self, Found};
use crate::cluster::names::Name;
use crate::cluster::pages::{List, Pages};
use crate::cluster::{pods, release, streams};
use crate::digest::Digest;
use crate::image;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::text::safe;

/// Most troubles of one kind that are named one by one.
const MAX_NAMED: usize = 20;

/// Most instances that one list may add to a namespace's images.
const MAX_INSTANCES: usize = 256;

/// Most images that are kept from when they are looked through for lists until they are judged: as many as a page of a
/// list has. Others are read again.
const MAX_KEPT: usize = 500;

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
            let known = self.uses.known(&digest);
            if self.scope.range == Range::Images {
                if is_wanted(digest.as_str()) {
                    return Some(self.unlisted(&digest, known));
                }
                continue;
            }
            let kept = self.kept.remove(&hash);
            if !is_wanted(digest.as_str()) {
                // What is not there, may not be read or is damaged is so in every run, and said where it is wanted.
                let lasting = [Reason::NotFound, Reason::Forbidden, Reason::MalformedImage];
                let is_open = |refusal: &Refusal| !lasting.contains(&refusal.reason);
                self.unread += usize::from(kept.is_some_and(|found| found.is_err_and(|refusal| is_open(&refusal))));
                continue;
            }
            let found = kept.unwrap_or_else(|| self.fetch(&mut session.api, &digest, &known));
            return Some(Candidate {
                name: digest.to_string(),
                found,
                known,
            });
        }
        match std::mem::take(&mut self.unread) {
            0 => {}
            unread => self.incomplete.push(format!(
                "of the images that are left out here {unread} could not be read: if they are lists, what is expected of their instances is not known"
            )),
        }
        None
    }

    /// The next image of the list of Image objects.
    fn next_listed(&mut self, api: &mut Api, is_wanted: &mut dyn FnMut(&str) -> bool) -> Option<Candidate> {
        loop {
            let object = match self.list.as_mut()?.next(api) {
                Ok(Some(object)) => object,
                Ok(None) => {
                    self.list = None;
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
            let hash = digest(&name).and_then(|digest| digest.hash());
            if let Some(place) = hash.and_then(|hash| self.images.binary_search(&hash).ok()) {
                // One that was removed and made anew has another uid and the same digest.
                if std::mem::replace(&mut self.given[place], true) {
                    continue;
                }
            }
            if !is_wanted(&name) {
                continue;
            }
            let known = digest(&name).map_or_else(Known::default, |digest| self.uses.known(&digest));
            let found = images::listed(api, object).map(|loaded| Found {
                loaded,
                read_only: None,
            });
            return Some(Candidate { name, found, known });
        }
    }

    /// An image that is used and was not in the list of Images.
    fn unlisted(&self, digest: &Digest, known: Known) -> Candidate {
        let refusal = self.failure.clone().unwrap_or_else(|| {
            Refusal::new(
                Reason::NotFound,
                format!(
                    "the cluster has no Image object {digest}: what signatures it has is known to its registry only"
                ),
            )
        });
        Candidate {
            name: digest.to_string(),
            found: Err(refusal),
            known,
        }
    }

    /// Reads the images that are used, and the instances of those that are lists, before any is judged: a list may expect
    /// something of an image that comes before it, whether or not that is used by itself.
    fn find_instances(&mut self, api: &mut Api, uses: &mut Uses) {
        let mut waiting: VecDeque<[u8; 32]> = self.images.iter().copied().collect();
        let (mut instances, mut absent) = (BTreeSet::new(), BTreeSet::new());
        let mut kept = 0;
        while let Some(hash) = waiting.pop_front() {
            let list = Digest::from_hash(hash);
            let found = self.fetch(api, &list, &uses.known(&list));
            let children = match &found {
                Ok(found) => image::children(&found.loaded.object),
                // Of a list the cluster need not have all instances.
                Err(refusal) if refusal.reason == Reason::NotFound && instances.contains(&hash) => {
                    absent.insert(hash);
                    continue;
                }
                Err(_) => Vec::new(),
            };
            if found.is_err() || kept < MAX_KEPT {
                kept += usize::from(found.is_ok());
                self.kept.insert(hash, found);
            }
            for (place, child) in children.iter().enumerate() {
                let Some(own) = digest(&child.digest) else { continue };
                let Some(hash) = own.hash() else { continue };
                uses.add_instance(&list, &own);
                let is_known = self.images.binary_search(&hash).is_ok();
                if place < MAX_INSTANCES && !is_known && instances.insert(hash) {
                    waiting.push_back(hash);
                }
            }
            if children.len() > MAX_INSTANCES {
                self.incomplete.push(format!(
                    "the list {list} has {} instances; {MAX_INSTANCES} are looked at",
                    children.len()
                ));
            }
        }
        self.images.extend(instances.difference(&absent));
    }

    /// Asks for an Image, or, for users who may not read those, for the copy of it in a stream.
    fn fetch(&mut self, api: &mut Api, digest: &Digest, known: &Known) -> Result<Found, Refusal> {
        let stream = known.uses.iter().find(|by| by.kind == UseKind::Tag);
        let view = stream.and_then(|by| {
            Some(Name::StreamImage {
                namespace: Some(by.namespace.clone()),
                stream: by.name.split_once(':')?.0.to_owned(),
                digest: digest.clone(),
            })
        });
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

fn digest(name: &str) -> Option<Digest> {
    Digest::parse(name).ok()
}

fn used(kind: UseKind, namespace: &str, name: &str) -> Use {
    Use {
        kind,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        expects_nothing: false,
    }
}

/// Notes what the tags of a stream stand for; what is wrong with others comes back.
pub(in crate::run) fn add_stream(uses: &mut Uses, object: &Value) -> Vec<String> {
    let (tags, troubles) = streams::tags(object);
    for tag in tags {
        let by = used(UseKind::Tag, &tag.namespace, &tag.name);
        uses.add(&tag.digest, &by, &tag.references);
    }
    troubles
}

/// Notes what a pod runs; what cannot be told comes back.
pub(in crate::run) fn add_pod(uses: &mut Uses, object: &Value) -> Vec<String> {
    let containers = match pods::containers(object) {
        Ok(containers) => containers,
        Err(trouble) => return vec![trouble],
    };
    let mut troubles = Vec::new();
    for container in containers {
        let by = used(UseKind::Pod, &container.namespace, &container.name);
        let named: Option<(&Digest, &Reference)> = container
            .asked
            .as_ref()
            .and_then(|asked| Some((asked.digest()?, asked)));
        if let Some((digest, reference)) = named {
            // With a tag beside it, the digest is what decides.
            let by_digest = Reference::parse(&format!("{}@{digest}", reference.name())).ok();
            uses.add(digest, &by, by_digest.as_slice());
        }
        match container.runs {
            Ok(digest) if named.is_none_or(|(own, _)| *own != digest) => {
                uses.add_had(&digest, &by, container.asked.as_ref());
            }
            Ok(_) => {}
            Err(trouble) => troubles.push(safe(&trouble)),
        }
    }
    troubles
}

/// Notes an image and, if it is a list, its instances; none where it is not named by a digest.
fn add_outline(uses: &mut Uses, object: &Value) -> Option<[u8; 32]> {
    let list = digest(object["metadata"]["name"].as_str()?)?;
    for child in image::children(object) {
        if let Some(child) = digest(&child.digest).filter(|child| child.hash().is_some()) {
            uses.add_instance(&list, &child);
        }
    }
    list.hash()
}
