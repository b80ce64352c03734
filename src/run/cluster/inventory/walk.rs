// SPDX-License-Identifier: Apache-2.0
//! Walks over lists of a cluster, and what of them could not be read.

use serde_json::Value;

use super::{Inventory, MAX_NAMED};
use crate::cluster::api::Api;
use crate::cluster::pages::{List, Pages, Step};

impl Inventory {
    /// Hands out each object of a list whose objects count each for itself.
    pub(super) fn walk(
        &mut self,
        api: &mut Api,
        list: List,
        consequence: &str,
        take: &mut dyn FnMut(&Value) -> Vec<String>,
    ) {
        self.over(api, Pages::new(list), consequence, &mut |object| {
            object.map_or_else(Vec::new, &mut *take)
        });
    }

    /// Hands out each object of a list whose objects count together, and nothing where what was handed out is void
    /// because the list begins again.
    pub(super) fn walk_whole(
        &mut self,
        api: &mut Api,
        list: List,
        consequence: &str,
        take: &mut dyn FnMut(Option<&Value>) -> Vec<String>,
    ) {
        self.over(api, Pages::whole(list), consequence, take);
    }

    fn over(
        &mut self,
        api: &mut Api,
        mut pages: Pages,
        consequence: &str,
        take: &mut dyn FnMut(Option<&Value>) -> Vec<String>,
    ) {
        let what = format!("listing {}s", pages.kind());
        let (mut troubles, mut left_out) = (Vec::new(), 0);
        loop {
            match pages.step(api) {
                Ok(Step::Item(object)) => {
                    for trouble in take(Some(&object)) {
                        if troubles.len() < MAX_NAMED {
                            troubles.push(trouble);
                        } else {
                            left_out += 1;
                        }
                    }
                }
                Ok(Step::Again) if pages.is_whole() => {
                    take(None);
                    troubles.clear();
                    left_out = 0;
                }
                Ok(Step::Again) => {}
                Ok(Step::End) => break,
                Err(error) => {
                    let why = error.refusal(&what).message;
                    troubles.push(format!("{why}; {consequence}"));
                    break;
                }
            }
        }
        self.incomplete.append(&mut troubles);
        if left_out > 0 {
            self.incomplete.push(format!("{what}: {left_out} more like these"));
        }
    }
}
