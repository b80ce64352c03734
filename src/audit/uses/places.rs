// SPDX-License-Identifier: Apache-2.0
//! Places from which lists are run: whoever runs a list runs one of its instances from there.

use std::collections::{BTreeMap, HashSet};

use super::super::entry::{Use, UseKind};
use super::known::{Known, MAX_DEMANDS};
use super::rows::{Named, Place, Record};
use super::Uses;
use crate::digest::Digest;
use crate::reference::Reference;

/// How much is left out of what lists hand down, as their instances have it, those of lists in lists too: each list hands it
/// on once, so that this ends where lists are in each other.
pub(super) fn left_out_of(
    lists: BTreeMap<[u8; 32], u64>,
    instances_of: impl Fn([u8; 32]) -> Vec<[u8; 32]>,
) -> Vec<([u8; 32], u64)> {
    let mut waiting: Vec<([u8; 32], u64)> = lists.into_iter().collect();
    let mut met: HashSet<[u8; 32]> = waiting.iter().map(|(list, _)| *list).collect();
    let mut more: BTreeMap<[u8; 32], u64> = BTreeMap::new();
    while let Some((list, count)) = waiting.pop() {
        for instance in instances_of(list) {
            *more.entry(instance).or_default() += count;
            if met.insert(instance) {
                waiting.push((instance, count));
            }
        }
    }
    more.into_iter().collect()
}

impl Uses {
    /// The places from which namespaces run a list without expecting there a tag of it, each with its number among the
    /// references. What the cluster's registry calls a tag that stands for the list is none: whoever runs that asks for what
    /// the tag says.
    pub(super) fn places_of_list(&self, list: [u8; 32]) -> Vec<(u32, u32)> {
        let own = || self.records_of(list);
        let tags = own().filter(|record| record.is_demand && self.names_tag(record));
        let saying: HashSet<u32> = tags.map(|record| record.namespace).collect();
        let silent = own().filter(|record| !self.names_tag(record) || !record.is_demand);
        let silent = silent.filter(|record| !saying.contains(&record.namespace));
        let mut own_names: Option<HashSet<Named>> = None;
        let mut seen = HashSet::new();
        let mut places = Vec::new();
        for record in silent {
            for (named, number) in self.named_by(record).iter().zip(record.references..) {
                let names = own_names.get_or_insert_with(|| self.own_names(list));
                if !names.contains(named) && seen.insert((record.namespace, *named)) {
                    places.push((record.namespace, number));
                }
            }
        }
        places
    }

    /// What the cluster's registry calls the tags that stand for a list, and the list in their streams.
    fn own_names(&self, list: [u8; 32]) -> HashSet<Named> {
        let mut names = HashSet::new();
        for record in self.records_of(list).filter(|record| record.kind == UseKind::Tag) {
            let by = self.use_of(record);
            let Some((stream, tag)) = by.name.split_once(':') else {
                continue;
            };
            let end = format!("/{}/{stream}", by.namespace);
            // Where it is imported from comes first.
            for named in self.named_by(record).iter().skip(1) {
                let is_tag = named.tag.is_some_and(|own| self.words.get(own.get()) == tag);
                if is_tag && self.words.get(named.repository).ends_with(&end) {
                    names.extend([*named, Named { tag: None, ..*named }]);
                }
            }
        }
        names
    }

    pub(super) fn names_tag(&self, record: &Record) -> bool {
        self.named_by(record).iter().any(|named| named.tag.is_some())
    }

    /// The places that lists hand down to an image.
    pub(super) fn places_from_lists(&self, image: [u8; 32]) -> impl Iterator<Item = &Place> {
        let start = self.places.partition_point(|place| place.image < image);
        self.places[start..]
            .iter()
            .take_while(move |place| place.image == image)
    }

    /// Adds to what is known of an image the places from which its lists are run, but for namespaces that are `saying` what
    /// to expect of the image itself.
    pub(super) fn add_places(&self, image: &Digest, known: &mut Known, saying: &HashSet<u32>) {
        let Some(hash) = image.hash() else { return };
        let mut unsaid: HashSet<Reference> = known.unsaid.iter().cloned().collect();
        for own in self
            .places_from_lists(hash)
            .filter(|own| !saying.contains(&own.namespace))
        {
            let Some(place) = self.reference_of(&own.named, image) else {
                continue;
            };
            let by = of_list(own.list);
            let is_known = known.had.iter().any(|(other, had)| other.is_same(&by) && *had == place);
            if !is_known && known.uses.iter().any(|told| told.is_same(&by)) && known.had.len() < super::MAX_HAD {
                known.had.push((by, place.clone()));
            }
            if unsaid.insert(place.clone()) {
                match known.unsaid.len() < MAX_DEMANDS {
                    true => known.unsaid.push(place),
                    false => known.more_unsaid += 1,
                }
            }
        }
    }

    /// The first use that has a list hand something down to its instances: one that expects it to be signed as a tag, or
    /// that runs it from a place which `is_asked` for. Known when the table is finished.
    #[must_use]
    pub fn hands_down(&self, list: &Digest, is_asked: &dyn Fn(&Reference) -> bool) -> Option<Use> {
        let hash = list.hash()?;
        let mut tags = self.records_of(hash).filter(|record| record.is_demand);
        if let Some(by) = tags.find(|record| self.names_tag(record)) {
            return Some(self.use_of(by));
        }
        let is_asked = |named: &Named| self.reference_of(named, list).is_some_and(|place| is_asked(&place));
        let mut own = self.records_of(hash);
        let runs = own.find(|record| self.named_by(record).iter().any(is_asked));
        let mut above = self.places_from_lists(hash);
        runs.map(|record| self.use_of(record)).or_else(|| {
            above
                .find(|place| is_asked(&place.named))
                .map(|place| of_list(place.list))
        })
    }

    fn records_of(&self, image: [u8; 32]) -> impl Iterator<Item = &Record> + Clone {
        let start = self.records.partition_point(|record| record.image < image);
        self.records[start..]
            .iter()
            .take_while(move |record| record.image == image)
    }
}

/// The use of an instance by a list.
fn of_list(list: [u8; 32]) -> Use {
    Use {
        kind: UseKind::List,
        namespace: String::new(),
        name: Digest::from_hash(list).to_string(),
        expects_nothing: false,
    }
}
