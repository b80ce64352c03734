// SPDX-License-Identifier: Apache-2.0
//! What instances of lists are expected to be signed as: publishers sign instances, and tags name lists.
//!
//! It is looked up from an image upwards, so that it takes memory for lists only, however many instances they have.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::below::{left_out, Below};
use super::rows::{FromLists, Inherited, Lists, Named};
use super::Uses;

/// Most ways from a list to one that it is in which are gone for one image.
const MAX_WAYS: usize = 1 << 14;

impl Uses {
    /// Finds out what lists hand down, also through lists in lists, so that it can be looked up. The records must be sorted.
    pub(super) fn hand_down(&mut self) {
        let mut pairs = std::mem::take(&mut self.instances);
        pairs.sort_unstable();
        pairs.dedup();
        let mut inherited = self.demands_on_lists(&pairs);
        inherited.sort_unstable();
        inherited.shrink_to_fit();
        let below = Below::of(&pairs);
        let mut handing = BTreeMap::new();
        for says in [false, true] {
            let begin = inherited.iter().filter(|own| !says || own.runs_in.is_none());
            below.reach(begin.map(|own| own.list), |list| {
                handing.insert(list, says);
                true
            });
        }
        let left = left_out(&inherited, &below);
        let mut of = pairs;
        of.iter_mut()
            .for_each(|(list, instance)| std::mem::swap(list, instance));
        of.sort_unstable();
        of.shrink_to_fit();
        self.lists = Lists {
            of,
            inherited,
            left,
            handing: handing.into_iter().collect(),
        };
    }

    /// The lists that an image is an instance of, each with whether it says what to expect; none where it hands nothing down.
    pub(super) fn lists_of(&self, image: [u8; 32]) -> impl Iterator<Item = ([u8; 32], Option<bool>)> + '_ {
        let all = &self.lists.of;
        let start = all.partition_point(|(instance, _)| *instance < image);
        let own = all[start..].iter().take_while(move |(instance, _)| *instance == image);
        own.map(|(_, list)| {
            let place = self.lists.handing.binary_search_by_key(list, |(list, _)| *list);
            (*list, place.ok().map(|place| self.lists.handing[place].1))
        })
    }

    /// What is handed down to an image. Each list above it comes once, so that this ends where lists are in each other.
    pub(super) fn handed_to(&self, image: [u8; 32]) -> FromLists<'_> {
        let mut found = FromLists::default();
        let mut met = HashSet::new();
        let mut waiting = VecDeque::new();
        let mut ways = 0;
        let mut next = Some((image, None));
        while let Some((list, by)) = next {
            for (above, _) in self.lists_of(list).filter(|(_, hands)| hands.is_some()) {
                ways += 1;
                if ways > MAX_WAYS {
                    found.more_demands += 1;
                    return found;
                }
                if met.insert(above) {
                    let by = by.unwrap_or(above);
                    self.hand_over(above, by, &mut found);
                    waiting.push_back((above, Some(by)));
                }
            }
            next = waiting.pop_front();
        }
        found
    }

    /// Adds what one list hands down.
    fn hand_over<'u>(&'u self, list: [u8; 32], by: [u8; 32], found: &mut FromLists<'u>) {
        let all = &self.lists.inherited;
        let start = all.partition_point(|own| own.list < list);
        let end = all.partition_point(|own| own.list <= list);
        let place = self.lists.left.binary_search_by_key(&list, |left| left.list);
        let left = place.ok().map(|place| self.lists.left[place]);
        let given = left.map_or(end - start, |left| left.given);
        found.all.extend(all[start..start + given].iter().map(|own| (own, by)));
        found.more_demands += left.map_or(0, |left| left.demands);
        found.more_places += left.map_or(0, |left| left.places);
    }

    /// The references of what is handed down.
    pub(super) fn handed(&self, own: &Inherited) -> &[Named] {
        self.named_at(own.references, own.count)
    }

    /// What streams expect of lists, all of it: each different set of references of a list once; and where lists are run from.
    fn demands_on_lists(&mut self, pairs: &[([u8; 32], [u8; 32])]) -> Vec<Inherited> {
        let mut numbers: HashMap<Vec<Named>, (u32, u16)> = HashMap::new();
        let mut found = HashSet::new();
        let lists = pairs
            .chunk_by(|one, other| one.0 == other.0)
            .filter_map(|own| own.first());
        for (list, _) in lists {
            let Some(image) = self.images.find(list) else { continue };
            let start = self.records.partition_point(|record| record.image < image);
            let own = self.records[start..].iter().take_while(|record| record.image == image);
            for record in own.filter(|record| record.is_demand) {
                let start = record.references as usize;
                let of_tags = self.named_by(record).iter().filter(|named| named.tag.is_some());
                let of_tags: Vec<Named> = of_tags.copied().collect();
                if of_tags.is_empty() {
                    continue;
                }
                let (references, count) = match numbers.get(&of_tags) {
                    Some(number) => *number,
                    None => {
                        // Beside tags there may be the digest of the list, which no instance has.
                        let is_whole = of_tags.len() == usize::from(record.count);
                        let start = if is_whole { start } else { self.references.len() };
                        let (Ok(start), Ok(count)) = (u32::try_from(start), u16::try_from(of_tags.len())) else {
                            self.is_full = true;
                            continue;
                        };
                        if !is_whole {
                            self.references.extend(&of_tags);
                        }
                        numbers.insert(of_tags, (start, count));
                        (start, count)
                    }
                };
                found.insert(Inherited {
                    list: *list,
                    references,
                    count,
                    runs_in: None,
                });
            }
            let places = self.places_of_list(*list).into_iter();
            found.extend(places.map(|(namespace, references)| Inherited {
                list: *list,
                references,
                count: 1,
                runs_in: Some(namespace),
            }));
        }
        found.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::entry::UseKind;
    use super::super::known::MAX_DEMANDS;
    use super::super::made::{by, digest, references};
    use super::*;
    use crate::digest::Digest;

    #[test]
    fn instances_are_expected_to_be_signed_as_the_tags_of_their_list() {
        let mut uses = Uses::default();
        let (list, instance, other) = (digest('a'), digest('b'), digest('c'));
        let tags = references(&["quay.io/shop/web:v1"]);
        uses.add(&list, &by(UseKind::Tag, "shop", "web:v1"), &tags);
        let pod = by(UseKind::Pod, "shop", "web-1/main");
        uses.add(&list, &pod, &references(&[&format!("quay.io/shop/web@{list}")]));
        uses.add_instance(&list, &instance);
        uses.add_instance(&digest('d'), &other);
        uses.finish();
        let known = uses.known(&instance);
        assert_eq!(known.expected(), tags);
        assert_eq!(known.uses, [by(UseKind::List, "", list.as_str())]);
        assert_eq!(uses.known(&other).expected(), []);
        // What lists name and nothing else is used by nothing else.
        assert_eq!(uses.images().collect::<Vec<_>>(), [list]);
        assert!([instance, other]
            .iter()
            .all(|own| !uses.has_use(own.hash().unwrap(), |_| true)));
    }

    #[test]
    fn a_chain_of_lists_with_many_tags_takes_nothing_from_other_lists() {
        let mut uses = Uses::default();
        let tag = |uses: &mut Uses, list: usize, namespace: &str, n: usize| {
            let name = format!("quay.io/{namespace}/x:v{n}");
            let by = by(UseKind::Tag, namespace, &format!("x:v{n}"));
            uses.add(&numbered(list), &by, &references(&[&name]));
        };
        for n in 0..60 {
            for instance in 0..100 {
                uses.add_instance(&numbered(n), &numbered(1000 * (n + 1) + instance));
            }
            uses.add_instance(&numbered(n), &numbered(n + 1));
        }
        for n in 0..1000 {
            tag(&mut uses, 0, "evil", n);
        }
        for n in 0..30 {
            tag(&mut uses, 100, "shop", n);
        }
        let own: Vec<Digest> = (0..100).map(|n| numbered(200 + n)).collect();
        own.iter().for_each(|own| uses.add_instance(&numbered(100), own));
        let before = uses.records.len();
        uses.finish();
        for own in &own {
            let known = uses.known(own);
            assert_eq!((known.demands.len(), known.more_demands), (30, 0));
        }
        // Of those of the chain it is known that more is expected.
        for list in [0, 30, 59] {
            let known = uses.known(&numbered(1000 * (list + 1) + 7));
            assert_eq!(known.demands.len() as u64 + known.more_demands, 1000, "{list}");
            assert!(known.more_demands > 0, "{list}");
        }
        assert_eq!(uses.records.len(), before);
    }

    fn numbered(n: usize) -> Digest {
        Digest::of_bytes(n.to_string().as_bytes())
    }

    #[test]
    fn of_many_lists_no_instance_misses_what_is_expected_of_its_list() {
        let mut uses = Uses::default();
        let tags = |n: usize| references(&[&format!("quay.io/shop/web:v{n}")]);
        let instance = |n: usize, of: usize| numbered(1000 + 10 * n + of);
        for n in 0..100 {
            uses.add(&numbered(n), &by(UseKind::Tag, "shop", &format!("web:v{n}")), &tags(n));
            for of in 0..4 {
                uses.add_instance(&numbered(n), &instance(n, of));
                // What another one expects of it is not enough.
                let other = references(&["quay.io/evil/x:1"]);
                uses.add(
                    &instance(n, of),
                    &by(UseKind::Tag, "evil", &format!("x:{n}-{of}")),
                    &other,
                );
            }
        }
        uses.finish();
        for n in 0..100 {
            for of in 0..4 {
                let known = uses.known(&instance(n, of));
                assert_eq!(known.demands.len(), 2, "{n} {of}: {known:#?}");
                assert!(known.expected().contains(&tags(n)[0]), "{n} {of}: {known:#?}");
                assert_eq!(known.uses.len(), 2, "{n} {of}: {known:#?}");
            }
        }
    }

    #[test]
    fn lists_in_lists_hand_down_what_is_expected_of_them_whatever_their_digests() {
        let all = ['a', 'b', 'c', 'd'];
        let orders = (0..256).map(|n| [n / 64, n / 16 % 4, n / 4 % 4, n % 4]);
        for order in orders.filter(|order| (0..4).all(|n| order.contains(&n))) {
            let [outer, middle, inner, instance] = order.map(|n| digest(all[n]));
            let mut uses = Uses::default();
            let (of_outer, of_inner) = (
                references(&["quay.io/shop/web:v1"]),
                references(&["quay.io/shop/web:v2"]),
            );
            uses.add(&outer, &by(UseKind::Tag, "shop", "web:v1"), &of_outer);
            uses.add(&inner, &by(UseKind::Tag, "shop", "web:v2"), &of_inner);
            uses.add_instance(&outer, &middle);
            uses.add_instance(&middle, &inner);
            uses.add_instance(&inner, &instance);
            uses.finish();
            assert_eq!(uses.known(&middle).expected(), of_outer, "{order:?}");
            for below in [&inner, &instance] {
                let known = uses.known(below);
                assert_eq!(known.demands.len(), 2, "{order:?}: {known:#?}");
                assert_eq!(known.unmet(&[of_inner.clone(), of_outer.clone()].concat()), None);
            }
            assert_eq!(uses.known(&instance).uses, [by(UseKind::List, "", inner.as_str())]);
        }
    }

    /// One stream may name an image in many lists: what another list expects of it is then lost, and that is told.
    #[test]
    fn what_is_not_looked_up_of_too_many_lists_is_more_that_is_expected() {
        for (count, is_lost) in [(MAX_WAYS - 1, false), (MAX_WAYS, true)] {
            let mut uses = Uses::default();
            let image = digest('a');
            let same = references(&["quay.io/evil/x:v1"]);
            let mut lists: Vec<Digest> = (0..=count).map(numbered).collect();
            lists.sort_by_key(|list| list.hash());
            let last = lists.pop().unwrap();
            for list in &lists {
                uses.add(list, &by(UseKind::Tag, "evil", "x:v1"), &same);
                uses.add_instance(list, &image);
            }
            let own = references(&["quay.io/shop/web:v1"]);
            uses.add(&last, &by(UseKind::Tag, "shop", "web:v1"), &own);
            uses.add_instance(&last, &image);
            uses.finish();
            let known = uses.known(&image);
            assert_eq!(known.expected().contains(&own[0]), !is_lost, "{count}");
            assert_eq!(known.more_demands > 0, is_lost, "{count}");
        }
    }

    #[test]
    fn lists_that_are_in_each_other_come_to_an_end() {
        let mut uses = Uses::default();
        let tags = references(&["quay.io/shop/web:v1"]);
        uses.add(&digest('b'), &by(UseKind::Tag, "shop", "web:v1"), &tags);
        for (list, instance) in [('a', 'b'), ('b', 'a'), ('a', 'a'), ('a', 'c')] {
            uses.add_instance(&digest(list), &digest(instance));
        }
        uses.finish();
        for image in ['a', 'b', 'c'] {
            assert_eq!(uses.known(&digest(image)).expected(), tags, "{image}");
        }
    }

    #[test]
    fn more_demands_on_a_list_than_are_told_are_more_on_its_instances_too() {
        let mut uses = Uses::default();
        for n in 0..MAX_DEMANDS + 3 {
            let by = by(UseKind::Tag, "shop", &format!("web:v{n}"));
            uses.add(&digest('a'), &by, &references(&[&format!("quay.io/shop/web:v{n}")]));
        }
        uses.add_instance(&digest('a'), &digest('b'));
        uses.finish();
        let known = uses.known(&digest('b'));
        assert_eq!((known.demands.len(), known.more_demands), (MAX_DEMANDS, 3));
    }

    #[test]
    fn beside_tags_the_digest_of_a_list_is_not_expected_of_its_instances() {
        let mut uses = Uses::default();
        let both = references(&["quay.io/shop/web:v1", &format!("quay.io/shop/web@{}", digest('a'))]);
        uses.add(&digest('a'), &by(UseKind::Tag, "shop", "web:v1"), &both);
        uses.add_instance(&digest('a'), &digest('b'));
        uses.finish();
        assert_eq!(uses.known(&digest('b')).expected(), both[..1]);
    }
}
