// SPDX-License-Identifier: Apache-2.0
//! Which images of a cluster are used by what, and what each use expects of its image. Kept small: a cluster has
//! hundreds of thousands of images, and one table for all of them.

mod below;
mod images;
mod instances;
mod known;
#[cfg(test)]
mod made;
mod mark;
mod places;
mod rows;
mod shared;
mod told;
mod words;

use std::collections::HashSet;

use self::images::Images;
use self::known::MAX_DEMANDS;
pub use self::known::{Demand, Known};
use self::rows::{of_list, Lists, Named, Record, MAX_RECORDS};
use self::told::Told;
use self::words::Words;
use super::entry::{Use, UseKind, MAX_USES};
use crate::digest::Digest;
use crate::reference::Reference;

/// Most places from which told uses have an image that are remembered with the use: a use has one or two.
const MAX_HAD: usize = 4 * MAX_USES;

/// The uses of images, while they are gathered and, after [`Uses::finish`], to be looked up.
#[derive(Debug, Default)]
pub struct Uses {
    images: Images,
    records: Vec<Record>,
    references: Vec<Named>,
    words: Words,
    /// Lists and their instances.
    instances: Vec<([u8; 32], [u8; 32])>,
    /// The same once the table is finished, and what is handed down.
    lists: Lists,
    /// The number that stands for the namespace of lists, which have none, once the table is finished.
    nowhere: u32,
    /// Images of which something is expected that is not known.
    doubted: Vec<[u8; 32]>,
    is_full: bool,
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

    /// Notes that something may be expected of an image that is not known.
    pub fn doubt(&mut self, image: &Digest) {
        match image.hash() {
            Some(hash) if self.doubted.len() < MAX_RECORDS => self.doubted.push(hash),
            _ => self.is_full = true,
        }
    }

    /// Lets what was added so far be looked up, before all is there: nothing of it has come to instances yet.
    pub fn sort(&mut self) {
        let numbers = self.images.sort();
        for record in &mut self.records {
            record.image = numbers.get(record.image as usize).copied().unwrap_or(record.image);
        }
        self.records.sort_unstable();
        self.doubted.sort_unstable();
        self.doubted.dedup();
    }

    /// Hands down to instances what is expected of their lists, and makes the table ready to be looked up; nothing is
    /// added after that.
    pub fn finish(&mut self) {
        // What only adding needs is given back before sorting needs some.
        self.nowhere = self.words.number("").unwrap_or_default();
        self.words.finish();
        self.sort();
        self.hand_down();
        self.records.shrink_to_fit();
        self.references.shrink_to_fit();
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
        let record = Record {
            image: 0,
            kind: by.kind,
            namespace: self.words.number(&by.namespace)?,
            first: self.words.number(&by.name[..cut])?,
            second: self.words.number(&by.name[cut..])?,
            references: start,
            count: u16::try_from(self.references.len() - start as usize).ok()?,
            is_demand,
        };
        // Last: each image that is added has a use.
        let image = self.images.number(image.hash()?)?;
        self.records.push(Record { image, ..record });
        Some(())
    }

    /// Whether there was more than the table holds.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// The images that are used, in the order of their digests; not those that lists name and nothing else.
    pub fn images(&self) -> impl Iterator<Item = Digest> + '_ {
        let mut last = None;
        self.records.iter().filter_map(move |record| {
            let is_new = last.replace(record.image) != Some(record.image);
            is_new.then(|| self.images.get(record.image).map(Digest::from_hash))?
        })
    }

    /// Whether something of one of these kinds uses an image.
    pub fn has_use(&self, image: [u8; 32], is_one: impl Fn(UseKind) -> bool) -> bool {
        self.records_of(image).any(|record| is_one(record.kind))
    }

    /// What is known of an image.
    #[must_use]
    pub fn known(&self, image: &Digest) -> Known {
        let mut known = Known::default();
        let Some(hash) = image.hash() else { return known };
        let from_lists = self.handed_to(hash);
        (known.more_demands, known.more_unsaid) = (from_lists.more_demands, from_lists.more_places);
        known.is_doubted = self.doubted.binary_search(&hash).is_ok();
        let mut seen: HashSet<&[Named]> = HashSet::new();
        let (mut places, mut unsaid) = (HashSet::new(), HashSet::new());
        let mut told = Told::default();
        let own = self.records_of(hash);
        let says = own.clone().filter(|record| record.is_demand && record.count > 0);
        let mut saying: HashSet<u32> = says.map(|record| record.namespace).collect();
        if from_lists.all.iter().any(|(own, _)| own.runs_in.is_none()) {
            saying.insert(self.nowhere);
        }
        for record in own {
            let mut by = self.use_of(record);
            let references = self.references_of(record, image);
            let expects_nothing = !record.is_demand || references.is_empty();
            by.expects_nothing = expects_nothing;
            let is_told = told.tell(&by, &mut known);
            if record.is_demand {
                if seen.insert(self.named_by(record)) {
                    known.demand(&by, references);
                }
                continue;
            }
            for place in references {
                if is_told && known.had.len() < MAX_HAD {
                    known.had.push((by.clone(), place.clone()));
                }
                if !saying.contains(&record.namespace) && unsaid.insert(place.clone()) {
                    match known.unsaid.len() < MAX_DEMANDS {
                        true => known.unsaid.push(place.clone()),
                        false => known.more_unsaid += 1,
                    }
                }
                if known.places.len() < MAX_DEMANDS && places.insert(place.clone()) {
                    known.places.push(place);
                }
            }
        }
        self.tell_lists(hash, &mut told, &mut known);
        for (own, list) in from_lists.all.iter().filter(|(own, _)| own.runs_in.is_none()) {
            let named = self.handed(own);
            if seen.insert(named) {
                let references = named.iter().filter_map(|named| self.reference_of(named, image));
                known.demand(&of_list(*list), references.collect());
            }
        }
        self.add_places(image, &from_lists, &mut known, &saying);
        known.uses.sort_unstable();
        known
    }

    /// Tells the lists that an image is an instance of.
    fn tell_lists(&self, image: [u8; 32], told: &mut Told, known: &mut Known) {
        for (place, (list, says)) in self.lists_of(image).enumerate() {
            // They are in one namespace, so that no further one is told.
            if place >= MAX_USES {
                known.more_uses += 1;
                continue;
            }
            let by = Use {
                expects_nothing: says != Some(true),
                ..of_list(list)
            };
            told.tell(&by, known);
        }
    }

    /// The use that a record is of.
    fn use_of(&self, record: &Record) -> Use {
        Use {
            kind: record.kind,
            namespace: self.words.get(record.namespace).to_owned(),
            name: format!("{}{}", self.words.get(record.first), self.words.get(record.second)),
            expects_nothing: false,
        }
    }

    fn named_by(&self, record: &Record) -> &[Named] {
        self.named_at(record.references, record.count)
    }

    fn named_at(&self, start: u32, count: u16) -> &[Named] {
        let start = start as usize;
        let named = self.references.get(start..start + usize::from(count));
        named.unwrap_or_default()
    }

    fn references_of(&self, record: &Record, image: &Digest) -> Vec<Reference> {
        let named = self.named_by(record).iter();
        named.filter_map(|named| self.reference_of(named, image)).collect()
    }

    fn reference_of(&self, named: &Named, image: &Digest) -> Option<Reference> {
        let repository = self.words.get(named.repository);
        let text = match named.tag {
            Some(tag) => format!("{repository}:{}", self.words.get(tag.get())),
            None => format!("{repository}@{image}"),
        };
        Reference::parse(&text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::IdentitySource;
    use super::made::{by, digest, references};
    use super::*;

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
        assert!(size_of::<Record>() <= 24, "{}", size_of::<Record>());
        assert_eq!(size_of::<Named>(), 8);
    }
}
