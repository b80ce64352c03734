// SPDX-License-Identifier: Apache-2.0
//! Instances of lists that are used: what is expected of a list is expected of them.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::{Inventory, MAX_KEPT, MAX_NAMED};
use crate::audit::uses::Uses;
use crate::cluster::api::Api;
use crate::digest::Digest;
use crate::reason::Reason;
use crate::run::instances::of_object;
use crate::run::unknown_lists::UnknownLists;

/// Most instances that one list may add to a namespace's images.
const MAX_INSTANCES: usize = 256;

impl Inventory {
    /// Reads the images that are used, and the instances of those that are lists, before any is judged: a list may expect
    /// something of an image that comes before it, whether or not that is used by itself.
    pub(super) fn find_instances(&mut self, api: &mut Api, uses: &mut Uses, unknown: &mut UnknownLists) {
        let mut waiting: VecDeque<[u8; 32]> = self.images.iter().copied().collect();
        let (mut instances, mut absent) = (BTreeSet::new(), BTreeSet::new());
        let (mut kept, mut unread) = (0, 0);
        while let Some(hash) = waiting.pop_front() {
            let list = Digest::from_hash(hash);
            let view = self.view(&list, &uses.known(&list), &[]);
            let found = self.fetch(api, &list, view);
            let children = match &found {
                Ok(found) => {
                    let said = of_object(&found.loaded.object);
                    if let Some(trouble) = said.trouble {
                        unknown.add(&list, trouble);
                    }
                    said.named
                }
                // Of a list the cluster need not have all instances.
                Err(refusal) if refusal.reason == Reason::NotFound && instances.contains(&hash) => {
                    absent.insert(hash);
                    continue;
                }
                // One that is away is no list; of any other it is not known. What may not be read is Unchecked in the report.
                Err(refusal) if [Reason::NotFound, Reason::Forbidden].contains(&refusal.reason) => Vec::new(),
                Err(refusal) => {
                    unread += 1;
                    if unread <= MAX_NAMED {
                        let why = &refusal.message;
                        let what =
                            format!("{why}; if it is a manifest list, it is unknown what is expected of its instances");
                        self.incomplete.push(what);
                    }
                    Vec::new()
                }
            };
            if found.is_err() || kept < MAX_KEPT {
                kept += usize::from(found.is_ok());
                self.kept.insert(hash, found);
            }
            for (place, own) in children.iter().enumerate() {
                let Some(hash) = own.hash() else { continue };
                uses.add_instance(&list, own);
                let is_known = self.images.binary_search(&hash).is_ok();
                if place < MAX_INSTANCES && !is_known && instances.insert(hash) {
                    waiting.push_back(hash);
                }
            }
            if children.len() > MAX_INSTANCES {
                self.incomplete.push(format!(
                    "the manifest list {list} has {} instances; {MAX_INSTANCES} are looked at",
                    children.len()
                ));
            }
        }
        if unread > MAX_NAMED {
            self.incomplete
                .push(format!("{} more images that cannot be read", unread - MAX_NAMED));
        }
        Arc::make_mut(&mut self.images).extend(instances.difference(&absent));
    }
}
