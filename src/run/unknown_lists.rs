// SPDX-License-Identifier: Apache-2.0
//! Manifest lists of which not all instances are known. Any image may be one of them, and what tags expect of such a list may
//! be expected of that image too. A list of which no tag
//! expects anything, and that nothing runs from a place that the map has, hands nothing down.

use crate::audit::entry::{Use, UseKind};
use crate::audit::prefix_map::PrefixMap;
use crate::audit::uses::Uses;
use crate::digest::Digest;
use crate::reference::Reference;
use crate::text::safe;

/// Most of one sort that are named one by one.
const MAX_NAMED: usize = 20;

/// Most of which it is kept what is wrong with them.
const MAX_KEPT: usize = 1000;

/// Such lists, while the uses of images are gathered.
#[derive(Debug, Default)]
pub(super) struct UnknownLists {
    /// Each with what is wrong with it, in a sentence that is safe to print.
    lists: Vec<(Digest, String)>,
    /// How many are not kept.
    more: u64,
}

/// What is said of such lists, in sentences that are safe to print.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Of those that may hand something down to any image.
    pub(super) demanded: Vec<String>,
    /// Of lists that hand nothing down.
    pub(super) others: Vec<String>,
}

impl UnknownLists {
    /// Notes a list and what is wrong with it, in a sentence that is safe to print.
    pub(super) fn add(&mut self, list: &Digest, trouble: String) {
        match self.lists.len() < MAX_KEPT {
            true => self.lists.push((list.clone(), trouble)),
            false => self.more += 1,
        }
    }

    /// What is said of them, once all uses of images are known; `map` is asked for the places that they are run from.
    pub(super) fn told(mut self, uses: &Uses, map: Option<&PrefixMap>) -> Told {
        let is_asked = |place: &Reference| map.is_some_and(|map| map.signed(place).is_some());
        self.lists
            .sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
        self.lists.dedup_by(|(one, _), (other, _)| one == other);
        let mut told = Told::default();
        let (mut more_demanded, mut more_others) = (self.more, 0);
        for (list, trouble) in self.lists {
            let by = uses.hands_down(&list, &is_asked);
            let (sentences, more) = match by {
                Some(_) => (&mut told.demanded, &mut more_demanded),
                None => (&mut told.others, &mut more_others),
            };
            match sentences.len() < MAX_NAMED {
                true => sentences.push(match &by {
                    Some(by) => format!("{trouble}, and any image may be one: {}", next(by)),
                    None => trouble,
                }),
                false => *more += 1,
            }
        }
        for (sentences, more) in [(&mut told.demanded, more_demanded), (&mut told.others, more_others)] {
            if more > 0 {
                sentences.push(format!("{more} more manifest lists whose instances are unknown"));
            }
        }
        told
    }
}

/// Who expects something of a list, and what to do.
fn next(by: &Use) -> String {
    let who = safe(&by.to_string());
    match by.kind {
        UseKind::Tag => format!("tag {who} stands for it; import that again (oc import-image), or remove the tag"),
        UseKind::List => format!("manifest list {} names it", safe(&by.name)),
        UseKind::Pod | UseKind::Release | UseKind::Listed => format!("{who} uses it"),
    }
}
