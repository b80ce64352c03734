// SPDX-License-Identifier: Apache-2.0
//! One file with API objects, and where in it they stand.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::index::Index;
use super::meant;
use super::notes::{Entry, Notes, Shifted};
use super::places::{Found, Place, MAX_FILE_BYTES};
use super::scan::{self, ScanError};
use super::store::{Bytes, Section, Store};
use super::text::Source;
use crate::files::identity::Identity;
use crate::input::documents::Documents;
use crate::input::Encoding;
use crate::text::{io_message, safe};
use crate::yaml::convert;

/// Bytes of JSON that each byte of YAML may stand for, and what a file may stand for beyond that: anchors repeat text.
const MAX_EXPANSION: (u64, u64) = (8, 64 << 20);

/// A file whose objects are known.
#[derive(Debug)]
pub struct ObjectFile {
    /// The path that it was opened by, or standard input.
    pub place: Place,
    /// What it was when it was opened; nothing for what cannot be written back in place.
    pub identity: Option<Identity>,
    /// How its text is written.
    pub encoding: Encoding,
    /// Its text, as UTF-8.
    pub text: Bytes,
    /// Where the text begins there, after its mark.
    pub text_start: u64,
    /// The text as JSON: itself, or what YAML was converted into.
    pub json: Bytes,
    /// The documents of YAML; none for JSON.
    pub documents: Option<Vec<YamlDocument>>,
    /// The objects in it, in order.
    pub entries: Vec<Entry>,
    /// Some of them are in lists that are in lists: such a file is not written back.
    pub has_nested: bool,
    /// A list in it is a part of a longer one, whose other objects are not known.
    pub part: Option<&'static str>,
}

/// One document of YAML.
#[derive(Debug, Clone, Copy)]
pub struct YamlDocument {
    /// Which object of the file is its first one, or would be.
    pub first: u32,
    /// How many objects are in it.
    pub entries: u32,
    /// It can be changed: there is one document between two markers, without anchors.
    pub is_plain: bool,
}

impl ObjectFile {
    /// Whether the text of an object can be changed, whatever the change: that of YAML with anchors cannot.
    #[must_use]
    pub fn is_changeable(&self, entry: usize) -> bool {
        self.documents.as_ref().is_none_or(|documents| {
            let after = documents.partition_point(|document| document.first as usize <= entry);
            // Documents without objects stand before the one that has it.
            after.checked_sub(1).is_some_and(|n| documents[n].is_plain)
        })
    }
}

/// Makes the first pass over a file.
///
/// # Errors
/// When the file cannot be read or is not one of API objects; the sentence names it.
pub(super) fn open(found: Found, store: &Store, index: &mut Index, before: usize) -> Result<ObjectFile, String> {
    let place = found.place;
    let reading = |why: &str| format!("reading {place}: {}", safe(why));
    if let Some(trouble) = found.trouble {
        return Err(reading(&trouble));
    }
    let source = Source::open(&place, found.is_found, store).map_err(|error| reading(&error.to_string()))?;
    if source.text.length() > MAX_FILE_BYTES {
        return Err(format!("{place} has more than {MAX_FILE_BYTES} bytes"));
    }
    let keys = index.keys.len();
    let mut notes = Notes {
        index,
        before,
        entries: Vec::new(),
        begun: Vec::new(),
        has_nested: false,
        part: None,
    };
    match objects(&source, store, &mut notes) {
        Ok((json, documents)) => {
            let (mut entries, has_nested, part) = (notes.entries, notes.has_nested, notes.part);
            entries.shrink_to_fit();
            Ok(ObjectFile {
                place,
                identity: source.identity,
                encoding: source.encoding,
                text: source.text,
                text_start: source.text_start,
                json,
                documents,
                entries,
                has_nested,
                part,
            })
        }
        Err(error) => {
            index.keys.truncate(keys);
            Err(match error {
                ScanError::Json(crate::json::JsonError::Io(error)) => reading(&io_message(&error)),
                error => {
                    // What it may be is of no weight where it cannot be read again.
                    let mut head = Vec::new();
                    let read = store.section(&source.text, source.text_start, Some(meant::HEAD));
                    let _ = read.and_then(|mut section| section.read_to_end(&mut head));
                    let meant = meant::meant(&place, &error, &head);
                    format!(
                        "{place} is not a file of API objects: {}{}",
                        safe(&error.to_string()),
                        meant.unwrap_or_default()
                    )
                }
            })
        }
    }
}

/// The objects of a text, which may be JSON or YAML, and its JSON.
fn objects(
    source: &Source,
    store: &Store,
    notes: &mut Notes<'_>,
) -> Result<(Bytes, Option<Vec<YamlDocument>>), ScanError> {
    let section = || {
        store
            .section(&source.text, source.text_start, None)
            .map_err(crate::json::JsonError::Io)
    };
    match first_character(section()?)? {
        None => return Err(ScanError::Empty),
        Some(b'{' | b'[') => {
            let (entries, keys) = (notes.entries.len(), notes.index.keys.len());
            let mut shifted = Shifted {
                inner: notes,
                by: source.text_start,
            };
            match scan::json(BufReader::with_capacity(64 << 10, section()?), &mut shifted) {
                // JSON between separators is YAML.
                Err(ScanError::Separator) => {
                    notes.entries.truncate(entries);
                    notes.index.keys.truncate(keys);
                    notes.begun.clear();
                    notes.has_nested = false;
                }
                Err(ScanError::Json(crate::json::JsonError::Syntax { offset, what })) => {
                    return Err(in_braces(section()?, offset, what)?);
                }
                other => return other.map(|_| (source.text.clone(), None)),
            }
        }
        Some(_) => {}
    }
    yaml(source, store, notes)
}

/// What breaks the grammar of JSON at a byte of a text, by line and column. The text may be YAML in braces, which YAML allows
/// to have a comma after the last member.
fn in_braces(text: Section, offset: u64, what: &'static str) -> Result<ScanError, crate::json::JsonError> {
    let (mut line, mut column) = (1, 1);
    for byte in BufReader::new(text.take(offset)).bytes() {
        match byte? {
            b'\n' => (line, column) = (line + 1, 1),
            _ => column += 1,
        }
    }
    Ok(ScanError::Braces { line, column, what })
}

fn yaml(
    source: &Source,
    store: &Store,
    notes: &mut Notes<'_>,
) -> Result<(Bytes, Option<Vec<YamlDocument>>), ScanError> {
    let io = crate::json::JsonError::Io;
    let section = store.section(&source.text, source.text_start, None).map_err(io)?;
    let mut stream = Documents::new(BufReader::with_capacity(64 << 10, section), source.text_start);
    let limit = source.text.length() * MAX_EXPANSION.0 + MAX_EXPANSION.1;
    let mut documents = Vec::new();
    let mut whole = None;
    while let Some(document) = stream.next_document()? {
        let used = whole.as_ref().map_or(0, Bytes::length);
        let mut converted = None;
        let part = store.add(limit.saturating_sub(used), |out| {
            converted = Some(convert::to_json(&document, out)?);
            Ok::<(), convert::ConvertError>(())
        })?;
        drop(document);
        let before = notes.entries.len();
        let section = store.section(&part, 0, None).map_err(io)?;
        let mut shifted = Shifted { inner: notes, by: used };
        scan::json(BufReader::with_capacity(64 << 10, section), &mut shifted)?;
        let is_plain = converted.is_some_and(|c| c.documents == 1 && !c.has_anchors);
        documents.push(YamlDocument {
            first: u32::try_from(before).unwrap_or(u32::MAX),
            entries: u32::try_from(notes.entries.len() - before).unwrap_or(u32::MAX),
            is_plain,
        });
        // The parts of one file stand one after the other.
        whole = Some(match (whole, part) {
            (Some(Bytes::Spooled { start, length }), Bytes::Spooled { length: more, .. }) => Bytes::Spooled {
                start,
                length: length + more,
            },
            (_, part) => part,
        });
    }
    match whole {
        Some(whole) if whole.length() > 0 => Ok((whole, Some(documents))),
        _ => Err(ScanError::Empty),
    }
}

/// The first byte of a text that is not white space.
fn first_character(section: Section) -> Result<Option<u8>, crate::json::JsonError> {
    for byte in BufReader::new(section).bytes() {
        let byte = byte?;
        if !byte.is_ascii_whitespace() {
            return Ok(Some(byte));
        }
    }
    Ok(None)
}

/// Opens the file itself again, to take over what it has beside its content.
///
/// # Errors
/// When it cannot be opened or is another one by now.
pub(crate) fn reopen(path: &Path, identity: &Identity) -> io::Result<File> {
    let file = File::open(path)?;
    if Identity::of(&file.metadata()?) == *identity {
        Ok(file)
    } else {
        Err(io::Error::other(
            "the file has changed since it was read; run the command again",
        ))
    }
}
