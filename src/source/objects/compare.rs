// SPDX-License-Identifier: Apache-2.0
//! Two files side by side: the same documents and objects, but for what is recorded.

use std::io::{self, BufReader};

use super::changes::Changes;
use super::file::ObjectFile;
use super::scan;
use super::store::Section;
use super::ObjectFiles;
use crate::edit::MEMBERS;
use crate::json::sameness::{Key, Print};
use crate::json::{JsonError, Kind, Reader};

/// Compares the JSON of a file with that of what is to replace it.
///
/// # Errors
/// When they differ, and where; or when one of them cannot be read.
pub(super) fn json(files: &ObjectFiles, file: &ObjectFile, changes: &dyn Changes, new: Section) -> io::Result<()> {
    // The mark of JSON that is read where it stands is not in the new text.
    let skipped = if file.documents.is_none() { file.text_start } else { 0 };
    let mut old = Side::new(files, files.store.section(&file.json, skipped, None)?);
    let mut new = Side::new(files, new);
    let mut next = 0;
    let same = |index: usize, old: &mut Side<'_>, new: &mut Side<'_>| -> io::Result<()> {
        let (old, new) = (old.object()?, new.object()?);
        let is_same = if changes.has(index) {
            old.masked == new.masked
        } else {
            old.whole == new.whole
        };
        if is_same {
            Ok(())
        } else {
            Err(io::Error::other(format!("object {}", index + 1)))
        }
    };
    loop {
        match (old.begin()?, new.begin()?) {
            (None, None) => return Ok(()),
            (Some(start), Some(_)) => {
                let entry = file.entries.get(next);
                if entry.is_some_and(|entry| !entry.is_item && entry.start == start + skipped) {
                    same(next, &mut old, &mut new)?;
                    next += 1;
                    continue;
                }
            }
            _ => return Err(io::Error::other("the number of documents")),
        }
        old.enter()?;
        new.enter()?;
        loop {
            match (old.item()?, new.item()?) {
                (true, true) => same(next, &mut old, &mut new)?,
                (false, false) => break,
                _ => return Err(io::Error::other("the number of objects")),
            }
            next += 1;
        }
        if old.around != new.around {
            return Err(io::Error::other("what surrounds the objects"));
        }
    }
}

/// One of the two files.
struct Side<'k> {
    reader: Reader<BufReader<Section>>,
    key: &'k Key,
    /// Sum over the members of a list beside its items.
    around: Print,
    is_in_items: bool,
}

impl<'k> Side<'k> {
    fn new(files: &'k ObjectFiles, section: Section) -> Self {
        Self {
            reader: scan::reader(BufReader::with_capacity(64 << 10, section)),
            key: &files.sameness,
            around: [0; 2],
            is_in_items: false,
        }
    }

    /// Where the next document begins.
    fn begin(&mut self) -> io::Result<Option<u64>> {
        let next = self.reader.next_document().map_err(other)?;
        Ok(next.map(|_| self.reader.offset()))
    }

    fn enter(&mut self) -> io::Result<()> {
        self.around = [0; 2];
        self.is_in_items = false;
        self.reader.object().map_err(other)
    }

    /// Whether the reader stands before another item; at the end of the list it has left it.
    fn item(&mut self) -> io::Result<bool> {
        loop {
            if self.is_in_items {
                if self.reader.element().map_err(other)? {
                    return Ok(true);
                }
                self.is_in_items = false;
            }
            let Some(name) = self.reader.key().map_err(other)? else {
                return Ok(false);
            };
            if name == "items" && self.reader.kind().map_err(other)? == Kind::Array {
                self.reader.array().map_err(other)?;
                self.is_in_items = true;
            } else {
                let value = self.key.value(&mut self.reader).map_err(other)?;
                self.key.add_member(&mut self.around, &name, value);
            }
        }
    }

    fn object(&mut self) -> io::Result<crate::json::sameness::Prints> {
        self.key.object(&mut self.reader, &MEMBERS).map_err(other)
    }
}

fn other(error: JsonError) -> io::Error {
    io::Error::other(error.to_string())
}
