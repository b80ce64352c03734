// SPDX-License-Identifier: Apache-2.0
//! Images of one report that the other one does not have in the same place. In files they may be the same all the same:
//! each export of a cluster is a file with another name.

use crate::audit::difference::Place;
use crate::audit::entry::Entry;
use crate::audit::images::Images;
use crate::digest::Digest;

/// Images that are left, in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct Left {
    places: Vec<Place>,
    /// Where the image of a digest is in files; nothing where it is left more than once.
    in_files: Images<Option<Place>>,
}

impl Left {
    /// Adds an image, with the place of its line.
    pub(super) fn add(&mut self, entry: &Entry, place: Place) {
        self.places.push(place);
        if is_known_by_digest(entry) && self.in_files.insert(&entry.image, "", Some(place)).is_some() {
            self.in_files.insert(&entry.image, "", None);
        }
    }

    /// The places of all.
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// The place of the only image that is left in a file with the digest of this one, if this one is in a file too.
    pub(super) fn only(&self, entry: &Entry) -> Option<Place> {
        let own = is_known_by_digest(entry).then(|| self.in_files.get(&entry.image, ""));
        own.flatten().copied().flatten()
    }
}

/// Whether an image is an object in a file, with a digest for a name.
fn is_known_by_digest(entry: &Entry) -> bool {
    entry.source.starts_with("file:") && Digest::parse(&entry.image).is_ok()
}
