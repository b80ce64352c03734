// SPDX-License-Identifier: Apache-2.0
//! What nodes make of the mirror sets in files.

use super::load::shown;
use crate::policy::rulebook::{Rulebook, Spot};
use crate::registry::registries_conf::mirror_sets::MirrorSource;
use crate::registry::registries_conf::RegistriesConf;

/// Why nodes cannot use them.
pub(super) struct Unusable {
    /// The entry that is wrong, or contradicts one before it.
    pub spot: Option<Spot>,
    pub what: String,
}

impl Unusable {
    /// In one line, with the place.
    pub fn told(&self) -> String {
        match &self.spot {
            Some(spot) if spot.place.line > 0 => format!(
                "{}: line {}, column {}: {}: {}",
                shown(&spot.file),
                spot.place.line,
                spot.place.column,
                spot.path,
                self.what
            ),
            _ => self.what.clone(),
        }
    }
}

/// The configuration that they make, with lists of insecure and blocked registries.
pub(super) fn conf(book: &Rulebook, insecure: &[String], blocked: &[String]) -> Result<RegistriesConf, Unusable> {
    let sources: Vec<MirrorSource> = book.mirror_sets().flat_map(MirrorSource::of_set).collect();
    RegistriesConf::of_mirror_sets(&sources, insecure, blocked).map_err(|error| Unusable {
        spot: spot(book, error.entry),
        what: format!("nodes cannot use these mirror sets: {}", error.what),
    })
}

/// Where an entry stands, by its number among those of all files.
fn spot(book: &Rulebook, entry: usize) -> Option<Spot> {
    let sets = book.sources.iter();
    let sets = sets.flat_map(|source| source.mirror_sets().iter().map(move |set| (source, set)));
    let mut entries = sets.flat_map(|(source, set)| (0..set.sources.len()).map(move |own| (source, set, own)));
    entries.nth(entry).map(|(source, set, own)| Spot {
        file: source.file.clone(),
        place: set.sources[own].place,
        path: set.path_of(own),
    })
}
