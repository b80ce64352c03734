// SPDX-License-Identifier: Apache-2.0
//! Lists among the images that are used, and their instances.

use std::collections::{BTreeSet, VecDeque};

use super::Inventory;
use crate::audit::entry::UseKind;
use crate::audit::uses::{Known, Uses};
use crate::cluster::api::Api;
use crate::cluster::images::{self, Found};
use crate::cluster::names::Name;
use crate::digest::Digest;
use crate::image;
use crate::reason::{Reason, Refusal};

/// Most instances that one list may add to a namespace's images.
const MAX_INSTANCES: usize = 256;

/// Most images that are kept from when they are looked through for lists until they are judged: as many as a page of a
/// list has. Others are read again.
const MAX_KEPT: usize = 500;

impl Inventory {
    /// Reads the images that are used, and the instances of those that are lists, before any is judged: a list may expect
    /// something of an image that comes before it, whether or not that is used by itself.
    pub(super) fn find_instances(&mut self, api: &mut Api, uses: &mut Uses) {
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
                let Ok(own) = Digest::parse(&child.digest) else {
                    continue;
                };
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
    pub(super) fn fetch(&mut self, api: &mut Api, digest: &Digest, known: &Known) -> Result<Found, Refusal> {
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
