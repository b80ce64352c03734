// SPDX-License-Identifier: Apache-2.0
//! The instances of a manifest list at its mirrors: each has signatures of its own, under its own digest.

use std::collections::{HashSet, VecDeque};

use crate::audit::entry::AuditFinding;
use crate::audit::gaps;
use crate::digest::Digest;
use crate::limits::MAX_INSTANCES;
use crate::reference::Reference;
use crate::registry::registries_conf::Location;
use crate::registry::skopeo::Skopeo;
use crate::source::registry::compared::Compared;
use crate::source::registry::Registries;
use crate::subject::instances::{entries, is_list};

/// A manifest list at the places that have it.
#[derive(Debug)]
pub(super) struct List<'l> {
    asked: &'l Reference,
    /// Where the list is missing, its instances are not expected: the whole is missing there, or nothing is known.
    locations: Vec<&'l Location>,
    bytes: &'l [u8],
}

impl<'l> List<'l> {
    /// The list, if that is what was compared, and both the source and a mirror have it.
    pub(super) fn of(
        asked: &'l Reference,
        digest: &Digest,
        locations: &'l [Location],
        compared: &'l Compared,
    ) -> Option<Self> {
        let bytes = compared.manifest.as_deref().filter(|bytes| is_list(bytes))?;
        let all = locations.iter().zip(&compared.places);
        let there = all.filter(|(_, place)| place.has(digest));
        let locations: Vec<&Location> = there.map(|(location, _)| location).collect();
        let mirrors = locations.iter().filter(|location| location.is_mirror).count();
        (mirrors > 0 && mirrors < locations.len()).then_some(Self {
            asked,
            locations,
            bytes,
        })
    }
}

/// Instances of one image that were compared.
#[derive(Debug, Default)]
pub(super) struct Instances {
    /// Each with the places that were asked for it.
    seen: HashSet<Vec<String>>,
}

impl Instances {
    /// Adds what mirrors lack of the instances of a list, those of lists in it included.
    pub(super) fn compare(
        &mut self,
        registries: &mut Registries<'_>,
        list: Option<List<'_>>,
        skopeo: &Skopeo,
        found: &mut Vec<AuditFinding>,
    ) {
        let Some(list) = list else { return };
        let mut known = HashSet::new();
        let mut waiting = VecDeque::new();
        let mut add = |bytes: &[u8], waiting: &mut VecDeque<(String, Digest)>| match entries(bytes) {
            Ok(entries) => {
                // An attestation is signed with the list, and by nobody as an image.
                let images = entries.into_iter().filter(|own| !own.is_attestation);
                let new = images.filter(|own| known.insert(own.digest.clone()));
                // One more than are compared is enough to say so.
                let room = (MAX_INSTANCES + 1).saturating_sub(waiting.len());
                waiting.extend(new.take(room).map(|own| (own.platform(), own.digest)));
            }
            Err(what) => found.push(gaps::unreachable(format!(
                "it is unknown which instances the manifest list has: {what}"
            ))),
        };
        add(list.bytes, &mut waiting);
        let mut told = Vec::new();
        let mut count = 0;
        while let Some((platform, digest)) = waiting.pop_front() {
            count += 1;
            if count > MAX_INSTANCES {
                told.push(gaps::unreachable(format!(
                    "it is unknown what mirrors lack of the instances of the manifest list after the first {MAX_INSTANCES}"
                )));
                break;
            }
            let own = |location: &&Location| at(location, &digest);
            let locations: Vec<Location> = list.locations.iter().filter_map(own).collect();
            let names = locations.iter().map(|own| own.reference.to_string()).collect();
            if !self.seen.insert(names) {
                continue;
            }
            let compared = registries.compare_further(list.asked, &digest, &locations);
            for mut finding in gaps::findings(&compared.places, skopeo) {
                finding.message = format!("instance for {platform}: {}", finding.message);
                told.push(finding);
            }
            if let Some(bytes) = compared.manifest.filter(|bytes| is_list(bytes)) {
                add(&bytes, &mut waiting);
            }
        }
        found.extend(told);
    }
}

/// The place of an instance beside its list.
fn at(location: &Location, digest: &Digest) -> Option<Location> {
    let reference = Reference::parse(&format!("{}@{digest}", location.reference.name())).ok()?;
    Some(Location {
        reference,
        ..location.clone()
    })
}
