// SPDX-License-Identifier: Apache-2.0
//! Changes in JSON text.

use std::ops::Range;

use serde_json::ser::PrettyFormatter;
use serde_json::{Serializer, Value};

use crate::edit::{rebuild, EditError, Piece, SignatureEdit};
use crate::json::{self, Kind, Reader, Rules};

/// Applies changes to the text of one object.
///
/// # Errors
/// When the object has no such signatures.
pub fn edit(object: &str, edits: &[SignatureEdit]) -> Result<String, EditError> {
    let entries = locate(object).map_err(|error| EditError::Form(error.to_string()))?;
    let mut out = String::with_capacity(object.len() + 1024 * edits.len());
    let mut done = 0;
    let mut edits: Vec<&SignatureEdit> = edits.iter().collect();
    edits.sort_by_key(|edit| edit.index);
    for edit in edits {
        let entry = entries
            .get(edit.index)
            .ok_or_else(|| EditError::Form(format!("it has no signature {}", edit.index + 1)))?;
        out.push_str(&object[done..entry.place.start]);
        out.push_str(&edit_entry(object, entry, edit));
        done = entry.place.end;
    }
    out.push_str(&object[done..]);
    Ok(out)
}

/// Where an entry of `signatures` stands, and its members.
struct Entry {
    place: Range<usize>,
    members: Vec<(String, Range<usize>)>,
}

fn locate(object: &str) -> Result<Vec<Entry>, json::JsonError> {
    let mut reader = Reader::new(object.as_bytes(), Rules::object(object.len()));
    let mut entries = Vec::new();
    reader.object()?;
    while let Some(name) = reader.key()? {
        if name != "signatures" || reader.kind()? != Kind::Array {
            reader.skip()?;
            continue;
        }
        reader.array()?;
        while reader.element()? {
            entries.push(locate_entry(&mut reader)?);
        }
    }
    Ok(entries)
}

fn locate_entry(reader: &mut Reader<&[u8]>) -> Result<Entry, json::JsonError> {
    let mut members = Vec::new();
    if reader.kind()? != Kind::Object {
        let start = place(reader);
        reader.skip()?;
        return Ok(Entry {
            place: start..place(reader),
            members,
        });
    }
    let start = place(reader);
    reader.object()?;
    while let Some(member) = member_start(reader)? {
        let Some(name) = reader.key()? else { break };
        reader.skip()?;
        members.push((name, member..place(reader)));
    }
    reader.key()?;
    Ok(Entry {
        place: start..place(reader),
        members,
    })
}

/// Where the next member's name begins; `None` at the end of the object.
fn member_start(reader: &mut Reader<&[u8]>) -> Result<Option<usize>, json::JsonError> {
    Ok(reader.at_member()?.then(|| place(reader)))
}

/// How far a reader over a slice has come; never beyond the slice.
fn place(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.offset()).unwrap_or(usize::MAX)
}

fn edit_entry(object: &str, entry: &Entry, edit: &SignatureEdit) -> String {
    let text = &object[entry.place.clone()];
    let pieces: Vec<Piece<'_>> = entry
        .members
        .iter()
        .map(|(name, place)| Piece {
            name: name.clone(),
            text: &object[place.clone()],
        })
        .collect();
    // The white space before the first member and before the closing brace is the style of the whole.
    let before = entry
        .members
        .first()
        .map_or("", |(_, first)| &object[entry.place.start + 1..first.start]);
    let after = entry
        .members
        .last()
        .map_or("", |(_, last)| &object[last.end..entry.place.end - 1]);
    let column = before.rsplit_once('\n').map(|(_, indent)| indent);
    let outer = after.rsplit_once('\n').map_or("", |(_, indent)| indent);
    let step = column
        .and_then(|indent| indent.strip_prefix(outer))
        .filter(|step| !step.is_empty());
    let line_end = |column: &str| match before.contains("\r\n") {
        true => format!("\r\n{column}"),
        false => format!("\n{column}"),
    };
    let members = rebuild(&pieces, edit, |name, value| match (column, step) {
        (Some(column), Some(step)) => format!("{}: {}", Value::from(name), pretty(value, step, &line_end(column))),
        _ if text.contains("\": ") => format!("{}: {value}", Value::from(name)),
        _ => format!("{}:{value}", Value::from(name)),
    });
    let separator = match column {
        Some(_) => format!(",{before}"),
        None if text.contains("\", \"") || text.contains(", \"") => ", ".to_owned(),
        None => ",".to_owned(),
    };
    format!("{{{before}{}{after}}}", members.join(&separator))
}

/// A value over several lines; `line_end` ends with the indentation of those after the first.
fn pretty(value: &Value, step: &str, line_end: &str) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(step.as_bytes()));
    // Writing a value into memory cannot fail.
    let _ = serde_core::Serialize::serialize(value, &mut serializer);
    String::from_utf8_lossy(&bytes).replace('\n', line_end)
}
