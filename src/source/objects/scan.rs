// SPDX-License-Identifier: Apache-2.0
//! The first pass over a file: what stands where, by the outline of each object.

use std::io::BufRead;

use super::kind::ObjectKind;
use super::outline::Outline;
use crate::input::documents::DocumentError;
use crate::json::{self, Kind, Reader, Rules};
use crate::limits::MAX_OBJECT_BYTES;
use crate::yaml::convert::ConvertError;

/// Nesting at which the first pass gives up on a file. Objects by themselves are bounded far below.
const MAX_SCAN_DEPTH: usize = 1 << 20;
/// Most lists in each other that are read, the outermost included.
const MAX_LISTS: usize = 4;
/// Longest member name or string that the first pass reads.
const MAX_WORD: usize = MAX_OBJECT_BYTES as usize;

/// Why a list may not be whole.
const CONTINUE: &str = "continues (metadata.continue), and the objects that follow are unknown";
const REMAINING: &str = "continues (metadata.remainingItemCount), and the objects that follow are unknown";
const NO_METADATA: &str = "has metadata that is not an object: it is unknown whether it is continued";
const NO_ITEMS: &str = "has no items: the objects it should have are unknown";
const REPEATED: &str = "repeats a member that determines its content: the objects it has are unknown";

/// Why a file as a whole is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The text is not JSON.
    #[error("{0}")]
    Json(#[from] json::JsonError),
    /// The text begins as JSON does, and is not JSON.
    #[error("line {line}, column {column}: {what}; what begins with a brace or a bracket is read as JSON, as kubectl reads it: write JSON there, or a line --- before YAML")]
    Braces {
        /// The line, counted from 1.
        line: usize,
        /// The column in bytes, counted from 1.
        column: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// The text is not YAML that means JSON.
    #[error("{0}")]
    Yaml(#[from] ConvertError),
    /// Not a YAML stream.
    #[error("{0}")]
    Documents(#[from] DocumentError),
    /// Nothing is in it.
    #[error("the file is empty")]
    Empty,
    /// A JSON document is followed by a separator of YAML documents.
    #[error("documents are separated by ---")]
    Separator,
    /// A member that determines what the document is occurs twice.
    #[error("member \"{0}\" is repeated")]
    Repeated(&'static str),
    /// Not an API object.
    #[error("it has no kind")]
    NoKind,
    /// A list whose items are not an array.
    #[error("items: expected an array")]
    Items,
    /// Too many objects in all files together.
    #[error("the files have more than {0} objects")]
    TooMany(usize),
}

/// Takes what the first pass finds.
pub trait Sink {
    /// A document or an element of a list begins, which may be a list itself.
    fn begin(&mut self);

    /// The one that began last has ended: if it is a list, its elements are of this kind where they do not say it
    /// themselves; else what was taken for its elements is none of ours.
    fn end(&mut self, list_of: Option<ObjectKind>);

    /// An object, at these bytes of the JSON text: a whole document, or an element of what is not known yet to be a list.
    ///
    /// # Errors
    /// When there are too many.
    fn object(&mut self, outline: &Outline, start: u64, length: u64, place: Level) -> Result<(), ScanError>;

    /// The list that ends next is a part of a longer one, or may be, for this reason.
    fn part(&mut self, _why: &'static str) {}
}

/// Where an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// It is a document.
    Document,
    /// It is an element of a list.
    Item,
    /// It is an element of a list that is one itself.
    Nested,
}

/// A reader for the first pass.
pub fn reader<R: BufRead>(input: R) -> Reader<R> {
    Reader::new(
        input,
        Rules {
            depth: MAX_SCAN_DEPTH,
            length: MAX_WORD,
            finite_numbers: false,
            lossy_text: true,
        },
    )
}

/// Notes the objects of JSON documents that stand one after the other, checking the syntax of the whole.
///
/// # Errors
/// When a document is malformed or no API object.
pub fn json(input: impl BufRead, sink: &mut dyn Sink) -> Result<usize, ScanError> {
    let mut reader = reader(input);
    let mut documents = 0;
    while let Some(first) = reader.next_document()? {
        if documents > 0 && first == b'-' {
            return Err(ScanError::Separator);
        }
        let start = reader.offset();
        sink.begin();
        let outline = json_outline(&mut reader, Some(&mut *sink), 0)?;
        if outline.kind.is_none() {
            return Err(ScanError::NoKind);
        }
        let elements = outline.elements();
        end(sink, &outline, elements);
        if elements.is_none() {
            sink.object(&outline, start, reader.offset() - start, Level::Document)?;
        }
        documents += 1;
    }
    Ok(documents)
}

/// The outline of one object, which need not be whole.
pub fn outline(input: impl BufRead) -> Outline {
    json_outline(&mut reader(input), None, 0).unwrap_or_default()
}

/// Reads one object for its outline, at a depth of lists in lists; with `items`, also each of its elements.
fn json_outline<R: BufRead>(
    reader: &mut Reader<R>,
    mut items: Option<&mut dyn Sink>,
    depth: usize,
) -> Result<Outline, ScanError> {
    let mut outline = Outline::default();
    let is_document = items.is_some() && depth == 0;
    if reader.kind()? != Kind::Object {
        if is_document {
            reader.object()?;
        }
        reader.skip()?;
        outline.kind = Some(String::new());
        return Ok(outline);
    }
    let mut seen = Vec::new();
    let mut has_items = true;
    reader.object()?;
    while let Some(member) = reader.key()? {
        let known = ["kind", "apiVersion", "metadata", "image", "items"];
        let Some(member) = known.into_iter().find(|known| *known == member) else {
            reader.skip()?;
            continue;
        };
        if seen.contains(&member) {
            if is_document {
                return Err(ScanError::Repeated(member));
            }
            // Other repeats inside the elements of a list are found when these are read.
            outline.is_ambiguous |= matches!(member, "kind" | "apiVersion" | "metadata" | "items");
            outline.note(outline.is_ambiguous, REPEATED);
        }
        seen.push(member);
        match (member, reader.kind()?, items.as_mut()) {
            ("kind", Kind::String, _) => outline.kind = Some(reader.string()?),
            ("apiVersion", Kind::String, _) => outline.api_version = Some(reader.string()?),
            ("metadata", Kind::Object, _) => json_metadata(reader, &mut outline)?,
            ("image", Kind::Object, _) => json_embedded(reader, &mut outline.embedded)?,
            ("items", Kind::Array, Some(sink)) => json_items(reader, *sink, depth)?,
            ("metadata", kind, _) if kind != Kind::Null => {
                outline.note(true, NO_METADATA);
                reader.skip()?;
            }
            ("items", Kind::Null, _) => reader.null()?,
            ("items", _, Some(_)) if is_document => return Err(ScanError::Items),
            ("items", _, Some(_)) => {
                has_items = false;
                reader.skip()?;
            }
            _ => reader.skip()?,
        }
    }
    // A server that has none to give writes an empty array or null. Other kinds, which may be called lists, name no image.
    has_items &= seen.contains(&"items");
    let may_name_images = outline.elements() != Some(ObjectKind::Other);
    outline.note(!has_items && may_name_images, NO_ITEMS);
    Ok(outline)
}

/// Tells that a document or an element has ended, which is a list where `elements` is known.
fn end(sink: &mut dyn Sink, outline: &Outline, elements: Option<ObjectKind>) {
    if let Some(why) = outline.part.filter(|_| elements.is_some()) {
        sink.part(why);
    }
    sink.end(elements);
}

fn json_items<R: BufRead>(reader: &mut Reader<R>, sink: &mut dyn Sink, depth: usize) -> Result<(), ScanError> {
    let place = if depth == 0 { Level::Item } else { Level::Nested };
    reader.array()?;
    while reader.element()? {
        reader.kind()?;
        let start = reader.offset();
        // What is deeper is told as a list that is not read.
        let is_flat = depth + 1 >= MAX_LISTS;
        sink.begin();
        let outline = match is_flat {
            true => json_outline(reader, None, depth + 1)?,
            false => json_outline(reader, Some(&mut *sink), depth + 1)?,
        };
        let elements = outline.elements().filter(|_| !is_flat);
        end(sink, &outline, elements);
        if elements.is_none() {
            sink.object(&outline, start, reader.offset() - start, place)?;
        }
    }
    Ok(())
}

/// Reads name and namespace out of an object's metadata, and whether it is a list that goes on.
fn json_metadata<R: BufRead>(reader: &mut Reader<R>, outline: &mut Outline) -> Result<(), ScanError> {
    reader.object()?;
    while let Some(member) = reader.key()? {
        match (member.as_str(), reader.kind()?) {
            ("name", Kind::String) => outline.name = reader.string()?,
            ("namespace", Kind::String) => outline.namespace = reader.string()?,
            ("continue", Kind::String) => outline.note(!reader.string()?.is_empty(), CONTINUE),
            ("remainingItemCount", Kind::Number) => outline.note(reader.number()? != "0", REMAINING),
            (name @ ("continue" | "remainingItemCount"), kind) => {
                let what = if name == "continue" { CONTINUE } else { REMAINING };
                outline.note(kind != Kind::Null, what);
                reader.skip()?;
            }
            _ => reader.skip()?,
        }
    }
    Ok(())
}

fn json_embedded<R: BufRead>(reader: &mut Reader<R>, name: &mut String) -> Result<(), ScanError> {
    reader.object()?;
    while let Some(member) = reader.key()? {
        if member == "metadata" && reader.kind()? == Kind::Object {
            let mut own = Outline::default();
            json_metadata(reader, &mut own)?;
            if !own.name.is_empty() {
                *name = own.name;
            }
        } else {
            reader.skip()?;
        }
    }
    Ok(())
}
