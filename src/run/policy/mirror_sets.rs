// SPDX-License-Identifier: Apache-2.0
//! What nodes make of the mirror sets in files, and the mirrors of repositories.

use std::cell::Cell;

use super::load::shown;
use crate::policy::mirrored::{self, Mirror};
use crate::policy::rulebook::{Rulebook, Spot};
use crate::reference::Reference;
use crate::registry::registries_conf::mirror_sets::MirrorSource;
use crate::registry::registries_conf::RegistriesConf;
use crate::settings::containers::files;
use crate::settings::policy::Lint;

/// Of how many repositories the mirrors are looked up.
const MAX_ASKED: usize = 2000;

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

/// What tells `policy lint` of mirrors.
pub(super) struct Mirrored<'b> {
    book: &'b Rulebook,
    conf: Option<RegistriesConf>,
    asked: Cell<usize>,
}

impl<'b> Mirrored<'b> {
    /// The mirror sets of the files, and the registries.conf that is checked with them.
    pub fn of(book: &'b Rulebook, settings: &Lint) -> Self {
        let conf = settings
            .checks_conf
            .then(|| files::registries_conf(&settings.ground.containers));
        Self {
            book,
            // What is wrong with it is told by others.
            conf: conf.and_then(|read| read.content.ok()),
            asked: Cell::new(0),
        }
    }

    /// The mirrors that stand for a repository.
    pub fn of_repository(&self, own: &Reference) -> Vec<Mirror> {
        self.asked.set(self.asked.get() + 1);
        if self.asked.get() > MAX_ASKED {
            return Vec::new();
        }
        let of_conf = self.conf.iter().flat_map(|conf| conf.mirrors_of(own));
        let of_conf = of_conf.map(|(source, location)| Mirror {
            named_by: "registries.conf".to_owned(),
            source: source.to_owned(),
            location: location.to_owned(),
            is_blocked: false,
        });
        of_conf.chain(mirrored::of_sets(self.book.mirror_sets(), own)).collect()
    }
}
