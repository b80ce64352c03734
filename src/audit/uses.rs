// SPDX-License-Identifier: Apache-2.0
//! Which images of a cluster are used by what, and what each use expects of its image. Kept small: a cluster has
//! hundreds of thousands of images, and one table for all of them.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use super::entry::{IdentitySource, Use, UseKind, MAX_USES};
use crate::digest::Digest;
use crate::reference::Reference;

/// Most different demands on one image that are told.
const MAX_DEMANDS: usize = 256;

/// Most uses in the table: about 1 GiB of memory.
const MAX_RECORDS: usize = 8_000_000;

/// The uses of images, while they are gathered and, after [`Uses::finish`], to be looked up.
#[derive(Debug, Default)]
pub struct Uses {
    records: Vec<Record>,
    references: Vec<Named>,
    words: Words,
    /// Lists and their instances.
    instances: Vec<([u8; 32], [u8; 32])>,
    is_full: bool,
}

/// A use of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Record {
    image: [u8; 32],
    kind: UseKind,
    namespace: u32,
    /// The name, up to and with its first colon or slash: streams have many tags, and tags have few names.
    first: u32,
    second: u32,
    /// Where its references begin, and how many there are.
    references: u32,
    count: u16,
    /// Whether they say what to expect, or only where it is had from.
    is_demand: bool,
}

/// A reference of a use: repository, and tag or else the digest of the image itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Named {
    repository: u32,
    tag: Option<std::num::NonZeroU32>,
}

/// What a list is to be signed as, and so its instances: where these references begin, and how many there are. All of
/// them have tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Inherited {
    list: [u8; 32],
    references: u32,
    count: u16,
}

/// Texts, each stored once as far as their hashes tell.
#[derive(Debug, Default)]
struct Words {
    text: String,
    ends: Vec<u32>,
    known: HashMap<u64, u32>,
    hashes: RandomState,
}

impl Words {
    /// The number of a word, from 1; none where the table is full.
    fn number(&mut self, word: &str) -> Option<u32> {
        let hash = self.hashes.hash_one(word);
        if let Some(number) = self
            .known
            .get(&hash)
            .copied()
            .filter(|number| self.get(*number) == word)
        {
            return Some(number);
        }
        self.text.push_str(word);
        self.ends.push(u32::try_from(self.text.len()).ok()?);
        let number = u32::try_from(self.ends.len()).ok()?;
        self.known.insert(hash, number);
        Some(number)
    }

    fn get(&self, number: u32) -> &str {
        let at = |number: usize| match number {
            0 => 0,
            number => self.ends.get(number - 1).map_or(0, |end| *end as usize),
        };
        let number = number as usize;
        self.text
            .get(at(number.saturating_sub(1))..at(number))
            .unwrap_or_default()
    }
}

/// Who named what is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Namer {
    /// A tag of an image stream, or where it is imported from.
    Stream,
    /// What uses it names the image by its digest.
    Digest,
}

impl Namer {
    /// As reports have it.
    #[must_use]
    pub fn source(self) -> IdentitySource {
        match self {
            Namer::Stream => IdentitySource::Stream,
            Namer::Digest => IdentitySource::Named,
        }
    }
}

/// What one use of an image expects: that it is signed as one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// The use that expects it.
    pub by: Use,
    /// Who named the references.
    pub namer: Namer,
    /// References, of which one is enough.
    pub references: Vec<Reference>,
}

/// What is known of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// What uses it, sorted, [`MAX_USES`] at most.
    pub uses: Vec<Use>,
    /// How many uses are left out.
    pub more_uses: u64,
    /// What uses expect of it, each reference list once. An image is what it should be only where all of these are met:
    /// what one namespace calls it must not vouch for it in another one.
    pub demands: Vec<Demand>,
    /// How many demands are left out: an image with such cannot be said to meet all.
    pub more_demands: u64,
    /// References that it is had from, whether or not they say what to expect.
    pub places: Vec<Reference>,
}

impl Known {
    /// All references that are expected, each once.
    #[must_use]
    pub fn expected(&self) -> Vec<Reference> {
        let mut all: Vec<Reference> = Vec::new();
        for reference in self.demands.iter().flat_map(|demand| &demand.references) {
            if !all.contains(reference) {
                all.push(reference.clone());
            }
        }
        all
    }

    /// Who named them: a digest that is named says more than a tag.
    #[must_use]
    pub fn identity_source(&self) -> IdentitySource {
        let namer = self.demands.iter().map(|demand| demand.namer).max();
        namer.map_or(IdentitySource::None, Namer::source)
    }

    /// The first demand that none of these references meets; of demands that are left out nothing is known.
    #[must_use]
    pub fn unmet(&self, matched: &[Reference]) -> Option<&Demand> {
        let is_met = |demand: &Demand| demand.references.iter().any(|reference| matched.contains(reference));
        self.demands.iter().find(|demand| !is_met(demand))
    }
}

impl Uses {
    /// Adds a use of an image, and what it expects of it: references with a tag, or with the digest of the image itself;
    /// others are left out.
    pub fn add(&mut self, image: &Digest, by: &Use, expected: &[Reference]) {
        self.put(image, by, expected, true);
    }

    /// Adds a use of an image that expects nothing, and where it has the image from.
    pub fn add_had(&mut self, image: &Digest, by: &Use, from: Option<&Reference>) {
        self.put(image, by, from.map(std::slice::from_ref).unwrap_or_default(), false);
    }

    /// Notes an instance of a list. It is used by the list, and expected to be signed as the tags of the list: publishers
    /// sign instances. A digest that the list is named by is not the instance's.
    pub fn add_instance(&mut self, list: &Digest, instance: &Digest) {
        match (list.hash(), instance.hash()) {
            (Some(list), Some(instance)) if self.instances.len() < MAX_RECORDS => {
                self.instances.push((list, instance));
            }
            _ => self.is_full = true,
        }
    }

    /// Lets what was added so far be looked up, before all is there: nothing of it has come to instances yet.
    pub fn sort(&mut self) {
        self.records.sort_unstable();
    }

    /// Hands down to instances what is expected of their lists, and makes the table ready to be looked up; nothing is
    /// added after that.
    pub fn finish(&mut self) {
        self.sort();
        self.hand_down();
        self.sort();
        self.records.shrink_to_fit();
        self.references.shrink_to_fit();
        self.words.text.shrink_to_fit();
        self.words.known = HashMap::new();
    }

    /// Hands down what lists are expected to be signed as, also through lists in lists. The records must be sorted; those
    /// that are added are not. What a list is expected to be signed as goes to its instances once, so that this ends
    /// where lists are in each other.
    fn hand_down(&mut self) {
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
        let mut seen: HashSet<Inherited> = waiting.iter().copied().collect();
        while let Some(inherited) = waiting.pop() {
            for place in instances_of(inherited.list) {
                let (list, instance) = pairs[place];
                are_given[place] = true;
                if self.put_instance(list, instance, Some(inherited)).is_none() {
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
        for ((list, instance), _) in pairs.iter().zip(are_given).filter(|(_, is_given)| !is_given) {
            if self.put_instance(*list, *instance, None).is_none() {
                self.is_full = true;
                return;
            }
        }
    }

    /// What streams expect of lists, all of it: each different set of references of a list once.
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
                let named = self.references.get(start..start + usize::from(record.count));
                let of_tags = named.unwrap_or_default().iter().filter(|named| named.tag.is_some());
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
                });
            }
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

    fn put(&mut self, image: &Digest, by: &Use, references: &[Reference], is_demand: bool) {
        if self.try_put(image, by, references, is_demand).is_none() {
            self.is_full = true;
        }
    }

    fn try_put(&mut self, image: &Digest, by: &Use, references: &[Reference], is_demand: bool) -> Option<()> {
        if self.records.len() >= MAX_RECORDS {
            return None;
        }
        let start = u32::try_from(self.references.len()).ok()?;
        for reference in references {
            let tag = match (reference.tag(), reference.digest()) {
                (Some(tag), None) => self.words.number(tag).and_then(std::num::NonZeroU32::new),
                (None, Some(digest)) if digest == image => None,
                _ => continue,
            };
            let repository = self.words.number(reference.name())?;
            self.references.push(Named { repository, tag });
        }
        let cut = by.name.find([':', '/']).map_or(by.name.len(), |at| at + 1);
        self.records.push(Record {
            image: image.hash()?,
            kind: by.kind,
            namespace: self.words.number(&by.namespace)?,
            first: self.words.number(&by.name[..cut])?,
            second: self.words.number(&by.name[cut..])?,
            references: start,
            count: u16::try_from(self.references.len() - start as usize).ok()?,
            is_demand,
        });
        Some(())
    }

    /// Whether there was more than the table holds.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// The images that are used, in the order of their digests.
    pub fn images(&self) -> impl Iterator<Item = Digest> + '_ {
        let mut last = None;
        self.records.iter().filter_map(move |record| {
            let is_new = last.replace(record.image) != Some(record.image);
            is_new.then(|| Digest::from_hash(record.image))
        })
    }

    /// What is known of an image.
    #[must_use]
    pub fn known(&self, image: &Digest) -> Known {
        let mut known = Known::default();
        let Some(hash) = image.hash() else { return known };
        let start = self.records.partition_point(|record| record.image < hash);
        for record in self.records[start..].iter().take_while(|record| record.image == hash) {
            let mut by = Use {
                kind: record.kind,
                namespace: self.words.get(record.namespace).to_owned(),
                name: format!("{}{}", self.words.get(record.first), self.words.get(record.second)),
                expects_nothing: false,
            };
            let references = self.references_of(record, image);
            let expects_nothing = !record.is_demand || references.is_empty();
            if record.is_demand {
                known.demand(&by, references);
            } else {
                for place in references {
                    if known.places.len() < MAX_USES && !known.places.contains(&place) {
                        known.places.push(place);
                    }
                }
            }
            // The same use may be there with each of its demands.
            let last = known.uses.last_mut();
            if let Some(last) =
                last.filter(|last| (last.kind, &last.namespace, &last.name) == (by.kind, &by.namespace, &by.name))
            {
                last.expects_nothing &= expects_nothing;
                continue;
            }
            by.expects_nothing = expects_nothing;
            if known.uses.len() < MAX_USES {
                known.uses.push(by);
            } else {
                known.more_uses += 1;
            }
        }
        known.uses.sort_unstable();
        known
    }

    fn references_of(&self, record: &Record, image: &Digest) -> Vec<Reference> {
        let start = record.references as usize;
        let named = self.references.get(start..start + usize::from(record.count));
        let text = |named: &Named| {
            let repository = self.words.get(named.repository);
            match named.tag {
                Some(tag) => format!("{repository}:{}", self.words.get(tag.get())),
                None => format!("{repository}@{image}"),
            }
        };
        let named = named.unwrap_or_default().iter();
        named.filter_map(|named| Reference::parse(&text(named)).ok()).collect()
    }
}

impl Known {
    fn demand(&mut self, by: &Use, references: Vec<Reference>) {
        let is_known = self.demands.iter().any(|demand| demand.references == references);
        if references.is_empty() || is_known {
            return;
        }
        let is_digest = references.iter().all(|reference| reference.digest().is_some());
        if self.demands.len() == MAX_DEMANDS {
            self.more_demands += 1;
            return;
        }
        self.demands.push(Demand {
            by: by.clone(),
            namer: if is_digest { Namer::Digest } else { Namer::Stream },
            references,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(c: char) -> Digest {
        Digest::parse(&format!("sha256:{}", c.to_string().repeat(64))).unwrap()
    }

    fn by(kind: UseKind, namespace: &str, name: &str) -> Use {
        Use {
            kind,
            namespace: namespace.into(),
            name: name.into(),
            expects_nothing: false,
        }
    }

    fn references(texts: &[&str]) -> Vec<Reference> {
        texts.iter().map(|text| Reference::parse(text).unwrap()).collect()
    }

    #[test]
    fn what_one_use_expects_does_not_vouch_for_another_one() {
        let mut uses = Uses::default();
        let (good, evil) = (by(UseKind::Tag, "shop", "web:v1"), by(UseKind::Tag, "evil", "x:debug"));
        uses.add(
            &digest('a'),
            &good,
            &references(&["quay.io/shop/web:v1", "registry/shop/web:v1"]),
        );
        uses.add(&digest('a'), &evil, &references(&["quay.io/shop/web:debug"]));
        uses.finish();
        let known = uses.known(&digest('a'));
        assert_eq!(known.expected().len(), 3);
        assert_eq!(known.identity_source(), IdentitySource::Stream);
        let unmet = known.unmet(&references(&["quay.io/shop/web:debug"])).unwrap();
        assert_eq!(unmet.by, good);
        let both = references(&["quay.io/shop/web:debug", "registry/shop/web:v1"]);
        assert_eq!(known.unmet(&both), None);
        assert_eq!(uses.known(&digest('b')), Known::default());
    }

    #[test]
    fn a_digest_is_expected_only_where_it_is_named_and_only_of_that_image() {
        let mut uses = Uses::default();
        let pod = by(UseKind::Pod, "shop", "web-1/main");
        let named = references(&[&format!("quay.io/shop/web@{}", digest('a'))]);
        uses.add(&digest('a'), &pod, &named);
        uses.add(&digest('b'), &pod, &named);
        uses.add_had(&digest('c'), &pod, references(&["quay.io/shop/web:v1"]).first());
        uses.finish();
        let known = uses.known(&digest('a'));
        assert_eq!(
            (known.expected(), known.identity_source()),
            (named, IdentitySource::Named)
        );
        assert_eq!(uses.known(&digest('b')).expected(), []);
        let had = uses.known(&digest('c'));
        assert_eq!((had.expected(), had.identity_source()), (vec![], IdentitySource::None));
        assert_eq!((had.places.len(), had.uses.len()), (1, 1));
    }

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

    #[test]
    fn the_uses_that_are_named_are_bounded_and_the_others_counted() {
        let mut uses = Uses::default();
        for n in 0..1000 {
            let by = by(UseKind::Pod, "shop", &format!("web-{n:04}/main"));
            uses.add_had(&digest('a'), &by, None);
        }
        uses.finish();
        let known = uses.known(&digest('a'));
        assert_eq!((known.uses.len(), known.more_uses), (MAX_USES, 900));
        assert_eq!(known.uses[3].name, "web-0003/main");
    }

    #[test]
    fn a_use_takes_little_memory() {
        assert!(size_of::<Record>() <= 56, "{}", size_of::<Record>());
        assert_eq!(size_of::<Named>(), 8);
    }
}
