// SPDX-License-Identifier: Apache-2.0
//! The Images that there are when an audit begins, and the instances of those that are lists.

use serde_json::Value;

use super::{digest, Inventory};
use crate::audit::uses::Uses;
use crate::cluster::api::Api;
use crate::cluster::images;
use crate::run::instances::of_object;
use crate::run::unknown_lists::UnknownLists;

impl Inventory {
    /// Notes which Images there are, and what the lists among them have.
    pub(super) fn gather_outlines(&mut self, api: &mut Api, uses: &mut Uses, unknown: &mut UnknownLists) {
        if !self.scope.selector.is_empty() {
            // What a list expects of its instances holds whatever labels the list has.
            let consequence = "it is unknown what lists expect of their instances";
            self.walk(api, images::outlines(""), consequence, &mut |object| {
                add_outline(uses, unknown, object);
                Vec::new()
            });
        }
        let start = api.access().clock.now();
        let outlines = images::outlines(&self.scope.selector);
        let (mut images, mut odd) = (Vec::new(), 0);
        let consequence = "it is unknown which images there are";
        let before = self.incomplete.len();
        self.walk(api, outlines, consequence, &mut |object| {
            match add_outline(uses, unknown, object) {
                Some(hash) => images.push(hash),
                None => odd += 1,
            }
            Vec::new()
        });
        self.since.began = api.clock_skew().map(|skew| start.saturating_sub(skew));
        self.has_outline = self.incomplete.len() == before;
        self.images = images.into();
        self.odd = odd;
    }
}

/// Notes an image and, if it is a manifest list, its instances; none where it is not named by a digest.
fn add_outline(uses: &mut Uses, unknown: &mut UnknownLists, object: &Value) -> Option<[u8; 32]> {
    let list = object["metadata"]["name"].as_str().and_then(digest)?;
    let said = of_object(object);
    for instance in said.named {
        uses.add_instance(&list, &instance);
    }
    if let Some(trouble) = said.trouble {
        unknown.add(&list, trouble);
    }
    list.hash()
}
