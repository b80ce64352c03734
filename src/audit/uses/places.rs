// SPDX-License-Identifier: Apache-2.0
//! Places from which lists are run: whoever runs a list runs one of its instances from there.

use std::collections::HashSet;

use super::super::entry::{Use, UseKind};
use super::known::{Known, MAX_DEMANDS};
use super::rows::{of_list, FromLists, Named, Record};
use super::Uses;
use crate::digest::Digest;
use crate::reference::Reference;

impl Uses {
    /// The places from which namespaces run a list without expecting there a tag of it, each with its number among the
    /// references. What the cluster's registry calls a tag that stands for the list does not count: whoever runs that asks for what
    /// the tag says. Neither does what a payload calls a component: that is about the list, and nobody runs it by that name.
    pub(super) fn places_of_list(&self, list: [u8; 32]) -> Vec<(u32, u32)> {
        let own = || self.records_of(list).filter(|record| record.kind != UseKind::Release);
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

    /// Adds to what is known of an image the places from which its lists are run, but for namespaces that are `saying` what
    /// to expect of the image itself.
    pub(super) fn add_places(
        &self,
        image: &Digest,
        from_lists: &FromLists<'_>,
        known: &mut Known,
        saying: &HashSet<u32>,
    ) {
        let mut unsaid: HashSet<Reference> = known.unsaid.iter().cloned().collect();
        let own = from_lists.all.iter();
        let own = own.filter(|(own, _)| own.runs_in.is_some_and(|namespace| !saying.contains(&namespace)));
        let places = own.flat_map(|(own, list)| self.handed(own).iter().map(move |named| (named, list)));
        for (named, list) in places {
            let Some(place) = self.reference_of(named, image) else {
                continue;
            };
            let by = of_list(*list);
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
        if let Some((above, _)) = self.lists_of(hash).find(|(_, says)| *says == Some(true)) {
            return Some(of_list(above));
        }
        let is_asked = |named: &Named| self.reference_of(named, list).is_some_and(|place| is_asked(&place));
        let mut own = self.records_of(hash);
        let runs = own.find(|record| self.named_by(record).iter().any(is_asked));
        runs.map(|record| self.use_of(record)).or_else(|| {
            let from_lists = self.handed_to(hash);
            let mut above = from_lists.all.iter();
            let by = above.find(|(own, _)| self.handed(own).iter().any(is_asked));
            by.map(|(_, list)| of_list(*list))
        })
    }

    pub(super) fn records_of(&self, image: [u8; 32]) -> impl Iterator<Item = &Record> + Clone {
        let image = self.images.find(&image);
        let start = self.records.partition_point(|record| Some(record.image) < image);
        self.records[start..]
            .iter()
            .take_while(move |record| Some(record.image) == image)
    }
}
