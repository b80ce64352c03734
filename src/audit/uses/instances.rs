// SPDX-License-Identifier: Apache-2.0
//! What instances of lists are expected to be signed as: publishers sign instances, and tags name lists.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::entry::UseKind;
use super::places::left_out_of;
use super::rows::{Named, Place, Record};
use super::{Uses, MAX_RECORDS};
use crate::digest::Digest;

/// What a list is to be signed as, and so its instances; or where it is run from, and so one of them. Where these references
/// begin, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Inherited {
    list: [u8; 32],
    references: u32,
    count: u16,
    /// The namespace that runs it from there; none where it is to be signed so, with tags all of them.
    runs_in: Option<u32>,
}

/// Most that one list hands down, over all of its instances. More than honest lists have: with one object and one stream,
/// whoever may write them could fill the table.
const MAX_OF_LIST: usize = 1 << 18;

/// Most that all lists hand down.
const MAX_HANDED_DOWN: usize = MAX_RECORDS / 2;

impl Uses {
    /// Hands down what lists are expected to be signed as, also through lists in lists. The records must be sorted; those
    /// that are added are not. What a list is expected to be signed as goes to its instances once, so that this ends
    /// where lists are in each other. Of what is too much it is noted how much that is, with the instances of that list only;
    /// lists that hand down least come first.
    pub(super) fn hand_down(&mut self) {
        let mut pairs = std::mem::take(&mut self.instances);
        pairs.sort_unstable();
        pairs.dedup();
        let instances_of = |list: [u8; 32]| {
            let start = pairs.partition_point(|(own, _)| *own < list);
            let end = pairs.partition_point(|(own, _)| *own <= list);
            start..end
        };
        let mut are_given = vec![false; pairs.len()];
        let mut waiting = self.demands_on_lists(&pairs);
        let mut weights: HashMap<[u8; 32], usize> = HashMap::new();
        for own in &waiting {
            *weights.entry(own.list).or_default() += instances_of(own.list).len();
        }
        waiting.sort_unstable_by_key(|own| (Reverse(weights.get(&own.list).copied()), *own));
        let mut seen: HashSet<Inherited> = waiting.iter().copied().collect();
        let mut given: HashMap<[u8; 32], usize> = HashMap::new();
        let (mut left_out, mut left_places) = (BTreeMap::new(), BTreeMap::new());
        let mut total = 0;
        while let Some(inherited) = waiting.pop() {
            let places = instances_of(inherited.list);
            let of_list = given.entry(inherited.list).or_default();
            if *of_list + places.len() > MAX_OF_LIST || total + places.len() > MAX_HANDED_DOWN {
                let out = match inherited.runs_in {
                    Some(_) => &mut left_places,
                    None => &mut left_out,
                };
                *out.entry(inherited.list).or_default() += 1;
                continue;
            }
            *of_list += places.len();
            total += places.len();
            for place in places {
                let (list, instance) = pairs[place];
                are_given[place] |= inherited.runs_in.is_none();
                if self.give(list, instance, inherited).is_none() {
                    self.is_full = true;
                    return;
                }
                let own = Inherited {
                    list: instance,
                    ..inherited
                };
                if !instances_of(instance).is_empty() && seen.insert(own) {
                    waiting.push(own);
                }
            }
        }
        let below = |list| pairs[instances_of(list)].iter().map(|own| own.1).collect();
        self.left_out = left_out_of(left_out, below);
        self.left_places = left_out_of(left_places, below);
        for ((list, instance), _) in pairs.iter().zip(are_given).filter(|(_, is_given)| !is_given) {
            if self.put_instance(*list, *instance, None).is_none() {
                self.is_full = true;
                return;
            }
        }
    }

    /// Hands one thing down to one instance; none where the table is full.
    fn give(&mut self, list: [u8; 32], instance: [u8; 32], own: Inherited) -> Option<()> {
        let Some(namespace) = own.runs_in else {
            return self.put_instance(list, instance, Some(own));
        };
        self.places.push(Place {
            image: instance,
            list,
            namespace,
            named: *self.references.get(own.references as usize)?,
        });
        Some(())
    }

    /// What streams expect of lists, all of it: each different set of references of a list once; and where lists are run from.
    fn demands_on_lists(&mut self, pairs: &[([u8; 32], [u8; 32])]) -> Vec<Inherited> {
        let mut numbers: HashMap<Vec<Named>, (u32, u16)> = HashMap::new();
        let mut found = HashSet::new();
        let lists = pairs
            .chunk_by(|one, other| one.0 == other.0)
            .filter_map(|own| own.first());
        for (list, _) in lists {
            let start = self.records.partition_point(|record| record.image < *list);
            let own = self.records[start..].iter().take_while(|record| record.image == *list);
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

    /// Adds the use of an instance by its list; none where the table is full.
    fn put_instance(&mut self, list: [u8; 32], instance: [u8; 32], demand: Option<Inherited>) -> Option<()> {
        if self.records.len() >= MAX_RECORDS {
            return None;
        }
        let name = Digest::from_hash(list).to_string();
        let cut = name.find(':').map_or(name.len(), |at| at + 1);
        self.records.push(Record {
            image: instance,
            kind: UseKind::List,
            namespace: self.words.number("")?,
            first: self.words.number(&name[..cut])?,
            second: self.words.number(&name[cut..])?,
            references: demand.map_or(0, |demand| demand.references),
            count: demand.map_or(0, |demand| demand.count),
            is_demand: demand.is_some(),
        });
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::known::MAX_DEMANDS;
    use super::super::made::{by, digest, references};
    use super::*;

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
        let images: Vec<Digest> = uses.images().collect();
        assert_eq!(images, [list, instance, other]);
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
