// SPDX-License-Identifier: Apache-2.0
//! Where the objects of a file stand, noted as they are found.

use super::index::{Index, Look};
use super::kind::ObjectKind;
use super::outline::Outline;
use super::scan::{self, ScanError, Sink};

/// Most objects in all files of a run: a file of the largest size has fewer that are images.
pub(crate) const MAX_OBJECTS: usize = 1 << 21;

/// Where one object stands. There may be millions, so that nothing else is kept of them.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Where it begins in the JSON text, in bytes.
    pub start: u64,
    /// How long it is; what is longer cannot be read anyway.
    pub length: u32,
    /// What it is; nothing as long as its list has not said so.
    kind: Option<ObjectKind>,
    /// It is an element of a list.
    pub is_item: bool,
}

impl Entry {
    /// What kind of object it is; `Other` where it does not say.
    #[must_use]
    pub fn kind(&self) -> ObjectKind {
        self.kind.unwrap_or(ObjectKind::Other)
    }

    /// Whether it says that it is something else than an image; one that says nothing may be a damaged one.
    #[must_use]
    pub fn is_other(&self) -> bool {
        let is_image = |kind: ObjectKind| matches!(kind, ObjectKind::Image | ObjectKind::Tag | ObjectKind::StreamImage);
        self.kind.is_some_and(|kind| !is_image(kind))
    }
}

/// Notes the objects of one file.
pub(super) struct Notes<'i> {
    pub index: &'i mut Index,
    /// How many objects other files have.
    pub before: usize,
    pub entries: Vec<Entry>,
    /// The entries and keys before each document and element that has begun and not ended.
    pub begun: Vec<(usize, usize)>,
    pub has_nested: bool,
    /// Why a list in it may be a part of a longer one.
    pub part: Option<&'static str>,
}

impl Sink for Notes<'_> {
    fn begin(&mut self) {
        self.begun.push((self.entries.len(), self.index.keys.len()));
    }

    fn end(&mut self, list_of: Option<ObjectKind>) {
        let Some((entries, keys)) = self.begun.pop() else {
            return;
        };
        match list_of {
            // Elements of a list of one kind need not name it.
            Some(kind) => {
                for entry in &mut self.entries[entries..] {
                    entry.kind.get_or_insert(kind);
                }
                self.has_nested |= !self.begun.is_empty();
            }
            None => {
                self.entries.truncate(entries);
                self.index.keys.truncate(keys);
            }
        }
    }

    fn object(&mut self, outline: &Outline, start: u64, length: u64, place: scan::Level) -> Result<(), ScanError> {
        if self.before + self.entries.len() >= MAX_OBJECTS {
            return Err(ScanError::TooMany(MAX_OBJECTS));
        }
        let kind = outline.kind();
        // Bounded by MAX_OBJECTS.
        let number = u32::try_from(self.before + self.entries.len()).unwrap_or(u32::MAX);
        let mut add = |look: Look<'_>| self.index.add(look, number);
        if !outline.name.is_empty() && matches!(kind, None | Some(ObjectKind::Image)) {
            add(Look::Image(&outline.name));
        }
        let has_image = !outline.embedded.is_empty();
        if matches!(kind, Some(ObjectKind::Tag | ObjectKind::StreamImage)) || (kind.is_none() && has_image) {
            if !outline.name.is_empty() {
                add(Look::View(&outline.namespace, &outline.name));
                add(Look::ViewName(&outline.name));
            }
            if has_image {
                add(Look::Embedded(&outline.embedded));
            }
        }
        self.entries.push(Entry {
            start,
            length: u32::try_from(length).unwrap_or(u32::MAX),
            kind,
            is_item: place != scan::Level::Document,
        });
        Ok(())
    }

    fn part(&mut self, why: &'static str) {
        self.part.get_or_insert(why);
    }
}

/// Notes places from the beginning of a part as places from the beginning of the whole.
pub(super) struct Shifted<'n, 'i> {
    pub inner: &'n mut Notes<'i>,
    pub by: u64,
}

impl Sink for Shifted<'_, '_> {
    fn begin(&mut self) {
        self.inner.begin();
    }

    fn end(&mut self, list_of: Option<ObjectKind>) {
        self.inner.end(list_of);
    }

    fn object(&mut self, outline: &Outline, start: u64, length: u64, place: scan::Level) -> Result<(), ScanError> {
        self.inner.object(outline, start + self.by, length, place)
    }

    fn part(&mut self, why: &'static str) {
        self.inner.part(why);
    }
}
