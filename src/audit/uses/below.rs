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

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of this many instances, numbered from `first`.
    fn list(list: u32, first: u32, count: u32) -> impl Iterator<Item = ([u8; 32], [u8; 32])> {
        (first..first + count).map(move |own| (hash(list), hash(own)))
    }

    fn hash(n: u32) -> [u8; 32] {
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&n.to_be_bytes());
        hash
    }

    fn sorted(pairs: impl Iterator<Item = ([u8; 32], [u8; 32])>) -> Vec<([u8; 32], [u8; 32])> {
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort_unstable();
        pairs
    }

    #[test]
    fn instances_are_counted_through_lists_in_lists_each_list_once() {
        // 1 has 10 instances and 2, which has 20 and, in a circle, 1 and itself.
        let own = list(1, 100, 10).chain(list(1, 2, 1));
        let pairs = sorted(own.chain(list(2, 200, 20)).chain(list(2, 1, 2)));
        let below = Below::of(&pairs);
        for (of, count) in [(1, 11 + 22), (2, 22 + 11), (100, 0), (7, 0)] {
            assert_eq!(below.count(hash(of), 1000), count, "{of}");
        }
    }

    #[test]
    fn no_more_is_counted_than_decides() {
        // Each has 10 instances and the next one.
        let chain = (0..100).flat_map(|n| list(n, 1000 * (n + 1), 10).chain(list(n, n + 1, 1)));
        let pairs = sorted(chain);
        let below = Below::of(&pairs);
        assert_eq!(below.count(hash(0), 1100), 1100);
        assert_eq!(below.count(hash(0), 1099), 1100);
        // Just beyond the bound there is the answer.
        for most in [0, 10, 11, 500] {
            let count = below.count(hash(0), most);
            assert!(count > most && count <= most + 11, "{most}: {count}");
        }
        let mut met = 0;
        below.reach(std::iter::once(hash(0)), |_| {
            met += 1;
            met < 3
        });
        assert_eq!(met, 3);
    }

    #[test]
    fn of_a_list_with_more_instances_than_are_looked_at_the_rest_is_told() {
        let most = u32::try_from(MAX_OF_LIST).unwrap();
        let demand = |references, runs_in| Inherited {
            list: hash(1),
            references,
            count: 1,
            runs_in,
        };
        let inherited = [demand(0, None), demand(1, None), demand(2, None), demand(3, Some(0))];
        for (instances, given) in [
            (most / 4, None),
            (most / 2, Some(2)),
            (most, Some(1)),
            (most + 1, Some(0)),
        ] {
            let pairs = sorted(list(1, 100, instances));
            let left = left_out(&inherited, &Below::of(&pairs));
            let found: Vec<_> = left.iter().map(|own| (own.given, own.demands, own.places)).collect();
            let wanted = given.map(|given| (given, 3 - given as u64, 1));
            assert_eq!(found, Vec::from_iter(wanted), "{instances}");
        }
    }
}
