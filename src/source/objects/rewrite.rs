// SPDX-License-Identifier: Apache-2.0
//! A file anew with some of its objects changed, and whether nothing else of it did.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::rc::Rc;

pub use super::changes::Changes;
use super::compare;
use super::file::{ObjectFile, YamlDocument};
use super::outline::Outline;
use super::scan::{self, Level, ScanError, Sink};
use super::store::{Bytes, Section};
use super::{ObjectFiles, ObjectKind};
use crate::edit::{self, SignatureEdit, MEMBERS};
use crate::input::documents::Documents;
use crate::input::Encoder;
use crate::json::sameness::Prints;
use crate::json::select::{parse_part, Keep};
use crate::text::io_message;
use crate::yaml::convert;

/// The members that changes are about.
const RECORDED: Keep = Keep::Members(&[("signatures", Keep::Elements(&Keep::Members(&ALL)))]);

const ALL: [(&str, Keep); MEMBERS.len()] = {
    let mut all = [("", Keep::All); MEMBERS.len()];
    let mut n = 0;
    while n < MEMBERS.len() {
        all[n].0 = MEMBERS[n];
        n += 1;
    }
    all
};

/// Writes a file with changes to some of its objects, in the encoding and with the mark that it came in. Everything else
/// is copied. An object that cannot be changed is copied too, and told to `failed`.
///
/// # Errors
/// When the file cannot be read again or written.
pub fn write(
    files: &ObjectFiles,
    file: &ObjectFile,
    changes: &dyn Changes,
    out: &mut dyn Write,
    failed: &mut dyn FnMut(usize, String),
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(64 << 10, out);
    if !file.encoding.is_utf8() {
        out.write_all(file.encoding.mark())?;
    }
    let mut out = Encoder::new(out, file.encoding);
    let mut writer = Writer { files, file, changes };
    match &file.documents {
        None => writer.json(&mut out, failed)?,
        Some(documents) => writer.yaml(documents, &mut out, failed)?,
    }
    out.flush()
}

struct Writer<'f> {
    files: &'f ObjectFiles,
    file: &'f ObjectFile,
    changes: &'f dyn Changes,
}

impl Writer<'_> {
    fn json(&mut self, out: &mut dyn Write, failed: &mut dyn FnMut(usize, String)) -> io::Result<()> {
        let store = &self.files.store;
        let (mut done, mut next) = (0, 0);
        while let Some((index, edits)) = self.changes.from(next)? {
            next = index + 1;
            let entry = self.file.entries[index];
            self.copy(done, entry.start, out)?;
            let old = store.read(&self.file.text, entry.start, entry.length as usize)?;
            match self.object(&old, &edits) {
                Ok(new) => out.write_all(new.as_bytes())?,
                Err(why) => {
                    failed(index, why);
                    out.write_all(&old)?;
                }
            }
            done = entry.start + u64::from(entry.length);
        }
        self.copy(done, self.file.text.length(), out)
    }

    fn copy(&self, from: u64, to: u64, out: &mut dyn Write) -> io::Result<()> {
        let mut section = self
            .files
            .store
            .section(&self.file.text, from, Some(to.saturating_sub(from)))?;
        io::copy(&mut section, out).map(|_| ())
    }

    /// The text of a JSON object with changes.
    fn object(&self, old: &[u8], edits: &[SignatureEdit]) -> Result<String, String> {
        let text = std::str::from_utf8(old).map_err(|error| error.to_string())?;
        let new = edit::json::edit(text, edits).map_err(|error| error.to_string())?;
        self.check(old, new.as_bytes(), edits)?;
        Ok(new)
    }

    /// Reads an object again after it was changed: only what was to change may have changed.
    fn check(&self, old: &[u8], new: &[u8], edits: &[SignatureEdit]) -> Result<(), String> {
        let read = |text: &[u8]| parse_part(text, RECORDED).map_err(|error| not_the_same(&error.to_string()));
        let (mut wanted, written) = (read(old)?, read(new)?);
        for edit in edits {
            edit.apply(&mut wanted);
        }
        let prints = |text: &[u8]| -> Result<Prints, String> {
            let prints = self.files.sameness.object(&mut scan::reader(text), &MEMBERS);
            prints.map_err(|error| not_the_same(&error.to_string()))
        };
        if wanted == written && prints(old)?.masked == prints(new)?.masked {
            Ok(())
        } else {
            Err(not_the_same("its values would differ"))
        }
    }

    fn yaml(
        &mut self,
        documents: &[YamlDocument],
        out: &mut dyn Write,
        failed: &mut dyn FnMut(usize, String),
    ) -> io::Result<()> {
        let store = &self.files.store;
        let start = self.file.text_start;
        self.copy(0, start, out)?;
        let section = store.section(&self.file.text, start, None)?;
        let mut stream = Documents::new(BufReader::with_capacity(64 << 10, section), start);
        let mut first = 0;
        for document in documents {
            let text = stream
                .next_document()
                .map_err(io::Error::other)?
                .ok_or_else(|| io::Error::other("the file is shorter than it was"))?;
            let end = first + document.entries as usize;
            let mut edits = Vec::new();
            let mut next = first;
            while let Some((index, changes)) = self.changes.from(next)?.filter(|(index, _)| *index < end) {
                edits.push((index, changes));
                next = index + 1;
            }
            match self.document(&text, first, document, &edits) {
                Ok(new) => out.write_all(new.as_bytes())?,
                Err(why) => {
                    edits.iter().for_each(|(index, _)| failed(*index, why.clone()));
                    out.write_all(text.as_bytes())?;
                }
            }
            first = end;
        }
        Ok(())
    }

    /// The text of a YAML document with changes, or why it cannot be changed.
    fn document(
        &self,
        text: &str,
        first: usize,
        document: &YamlDocument,
        edits: &[(usize, Vec<SignatureEdit>)],
    ) -> Result<String, String> {
        if edits.is_empty() {
            return Ok(text.to_owned());
        }
        if !document.is_plain {
            return Err(edit::EditError::Anchors.to_string());
        }
        let store = &self.files.store;
        let changes: Vec<(Option<usize>, Vec<SignatureEdit>)> = edits
            .iter()
            .map(|(index, edits)| {
                let item = self.file.entries[*index].is_item.then(|| index - first);
                (item, edits.clone())
            })
            .collect();
        let new = edit::yaml::edit(text, &changes).map_err(|error| error.to_string())?;
        let converted = store.add(u64::MAX, |out| convert::to_json(&new, out).map(|_| ()));
        let converted = converted.map_err(|error| not_the_same(&error.to_string()))?;
        let checked = self.check_document(first, document, edits, &converted);
        store.forget(&converted);
        checked.map(|()| new)
    }

    fn check_document(
        &self,
        first: usize,
        document: &YamlDocument,
        edits: &[(usize, Vec<SignatureEdit>)],
        new: &Bytes,
    ) -> Result<(), String> {
        let store = &self.files.store;
        let reading = |error: io::Error| io_message(&error);
        let mut places = Places::default();
        let section = store.section(new, 0, None).map_err(reading)?;
        scan::json(BufReader::new(section), &mut places).map_err(|error| not_the_same(&error.to_string()))?;
        if places.found.len() != document.entries as usize {
            return Err(not_the_same("its objects would differ"));
        }
        for (index, edits) in edits {
            let entry = self.file.entries[*index];
            let (start, length) = places.found[index - first];
            let old = store
                .read(&self.file.json, entry.start, entry.length as usize)
                .map_err(reading)?;
            let new = store.read(new, start, length).map_err(reading)?;
            self.check(&old, &new, edits)?;
        }
        Ok(())
    }
}

/// The objects of a document that was read again; none of them is in a list that is in a list.
#[derive(Default)]
struct Places {
    found: Vec<(u64, usize)>,
    begun: Vec<usize>,
}

impl Sink for Places {
    fn begin(&mut self) {
        self.begun.push(self.found.len());
    }

    fn end(&mut self, list_of: Option<ObjectKind>) {
        if let (Some(before), None) = (self.begun.pop(), list_of) {
            self.found.truncate(before);
        }
    }

    fn object(&mut self, _: &Outline, start: u64, length: u64, _: Level) -> Result<(), ScanError> {
        self.found.push((start, usize::try_from(length).unwrap_or(usize::MAX)));
        Ok(())
    }
}

fn not_the_same(why: &str) -> String {
    format!("the changed text would not read back as the same object: {why}")
}

/// Reads a file that was written, and compares it with the one that it is to replace.
///
/// # Errors
/// When anything differs but the objects that have changes, or anything in them but what is recorded.
pub fn verify(files: &ObjectFiles, file: &ObjectFile, changes: &dyn Changes, new: &File) -> io::Result<()> {
    let differs = |error: io::Error| {
        io::Error::other(format!(
            "the file that was written differs in more than what is recorded ({}); nothing is replaced",
            io_message(&error)
        ))
    };
    let (store, mark) = (&files.store, file.encoding.mark().len() as u64);
    let length = new.metadata()?.len();
    let new = Rc::new(new.try_clone()?);
    let written = || Section::new(Rc::clone(&new), mark, length);
    let mut spooled = Vec::new();
    let mut text = || -> io::Result<Section> {
        if file.encoding.is_utf8() {
            return Ok(written());
        }
        let text = store.add(u64::MAX, |mut out| {
            crate::input::copy_as_utf8(written(), file.encoding, &mut out).map_err(io::Error::other)
        })?;
        let section = store.section(&text, 0, None);
        spooled.push(text);
        section
    };
    let compared = text().and_then(|text| match &file.documents {
        None => compare::json(files, file, changes, text),
        Some(documents) => {
            let converted = store.add(u64::MAX, |out| convert_all(text, documents.len(), out))?;
            let section = store.section(&converted, 0, None);
            spooled.push(converted);
            compare::json(files, file, changes, section?)
        }
    });
    spooled.iter().rev().for_each(|bytes| store.forget(bytes));
    compared.map_err(differs)
}

/// Writes exactly so many YAML documents as JSON.
fn convert_all(text: Section, documents: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut stream = Documents::new(BufReader::with_capacity(64 << 10, text), 0);
    let mut found = 0;
    while let Some(document) = stream.next_document().map_err(io::Error::other)? {
        convert::to_json(&document, out).map_err(io::Error::other)?;
        found += 1;
    }
    if found == documents {
        Ok(())
    } else {
        Err(io::Error::other("the number of documents"))
    }
}
