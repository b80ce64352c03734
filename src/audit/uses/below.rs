// SPDX-License-Identifier: Apache-2.0
//! How many instances are below each list, and how much of what it hands down is looked at.

use std::collections::HashSet;

use super::rows::{Inherited, Left, MAX_RECORDS};

/// Most that one list hands down, over all of its instances. More than honest lists have: with one object and one stream,
/// whoever may write them could keep an audit busy.
const MAX_OF_LIST: usize = 1 << 18;

/// Most that all lists hand down.
const MAX_HANDED_DOWN: usize = MAX_RECORDS / 2;

/// Of lists that hand down more than is looked at, how much that is. Those that hand down least come first, so that no other
/// list loses by one that hands down much, itself or through lists in it.
pub(super) fn left_out(inherited: &[Inherited], below: &Below<'_>) -> Vec<Left> {
    let mut lists: Vec<(usize, usize, &[Inherited])> = Vec::new();
    for own in inherited.chunk_by(|one, other| one.list == other.list) {
        let instances = below.count(own[0].list, MAX_OF_LIST);
        lists.push((instances.saturating_mul(own.len()), instances.max(1), own));
    }
    lists.sort_unstable();
    let mut rest = MAX_HANDED_DOWN;
    let mut left = Vec::new();
    for (_, instances, own) in lists {
        let given = own.len().min(rest.min(MAX_OF_LIST) / instances);
        rest = rest.saturating_sub(given.saturating_mul(instances));
        let places = own[given..].iter().filter(|own| own.runs_in.is_some()).count();
        if given < own.len() {
            left.push(Left {
                list: own[0].list,
                given,
                demands: (own.len() - given - places) as u64,
                places: places as u64,
            });
        }
    }
    left.sort_unstable_by_key(|left| left.list);
    left
}

/// The instances of lists, and which of them are lists.
pub(super) struct Below<'p> {
    pairs: &'p [([u8; 32], [u8; 32])],
    lists: Vec<([u8; 32], [u8; 32])>,
}

impl<'p> Below<'p> {
    /// Lists, each with an instance, sorted.
    pub(super) fn of(pairs: &'p [([u8; 32], [u8; 32])]) -> Self {
        let is_list = |hash: &[u8; 32]| !range(pairs, hash).is_empty();
        let lists = pairs.iter().filter(|(_, instance)| is_list(instance));
        Self {
            pairs,
            lists: lists.copied().collect(),
        }
    }

    /// Comes to lists and to those in them, each once, as long as this is `wanted`.
    pub(super) fn reach(&self, begin: impl Iterator<Item = [u8; 32]>, mut is_wanted: impl FnMut([u8; 32]) -> bool) {
        let mut met = HashSet::new();
        let mut waiting: Vec<[u8; 32]> = begin.filter(|list| met.insert(*list)).collect();
        while let Some(list) = waiting.pop() {
            if !is_wanted(list) {
                return;
            }
            let below = range(&self.lists, &list).iter().map(|(_, below)| *below);
            waiting.extend(below.filter(|below| met.insert(*below)));
        }
    }

    /// How many instances a list has, and the lists in it; some number above `most` where there are more.
    fn count(&self, list: [u8; 32], most: usize) -> usize {
        let mut count = 0;
        self.reach(std::iter::once(list), |list| {
            count += range(self.pairs, &list).len();
            count <= most
        });
        count
    }
}

/// The pairs that begin with this.
fn range<'p>(pairs: &'p [([u8; 32], [u8; 32])], first: &[u8; 32]) -> &'p [([u8; 32], [u8; 32])] {
    let start = pairs.partition_point(|(own, _)| own < first);
    let count = pairs[start..].partition_point(|(own, _)| own == first);
    &pairs[start..start + count]
}
