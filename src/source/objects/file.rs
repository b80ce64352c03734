// SPDX-License-Identifier: Apache-2.0
//! One file with API objects: its objects, and itself anew with some of them changed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde_json::Value;

use super::scan;
use super::{Entry, Location, Place, MAX_FILE_BYTES, MAX_OBJECT_BYTES};
use crate::files::replace::Identity;
use crate::json;
use crate::record::edit::{self, SignatureEdit};
use crate::text::safe;
use crate::yaml;

/// A file whose objects are known.
#[derive(Debug)]
pub struct ObjectFile {
    /// Where it is.
    pub place: Place,
    /// The objects in it, in order.
    pub entries: Vec<Entry>,
    /// What it was when it was opened; nothing for standard input.
    pub identity: Option<Identity>,
    file: File,
    syntax: Syntax,
}

#[derive(Debug)]
enum Syntax {
    /// Read object by object out of the file.
    Json,
    /// Held in memory.
    Yaml { text: String, stream: yaml::Stream },
}

impl ObjectFile {
    /// Makes the first pass.
    ///
    /// # Errors
    /// When the file cannot be read or is not one of API objects; the sentence names it.
    pub fn open(place: Place) -> Result<Self, String> {
        let reading = |error: io::Error| format!("reading {place}: {error}");
        let (mut file, identity) = match &place {
            Place::Path(path) => open_seekable(path).map_err(reading)?,
            Place::Stdin => (spool(&mut io::stdin().lock()).map_err(reading)?, None),
        };
        let length = file.seek(SeekFrom::End(0)).map_err(reading)?;
        if length > MAX_FILE_BYTES {
            return Err(format!("{place} has {length} bytes, more than {MAX_FILE_BYTES}"));
        }
        file.rewind().map_err(reading)?;
        let useless =
            |error: scan::ScanError| format!("{place} is not a file of API objects: {}", safe(&error.to_string()));
        let (syntax, entries) = match first_character(&file).map_err(reading)? {
            None => return Err(useless(scan::ScanError::Empty)),
            Some(b'{' | b'[') => {
                let entries = scan::json(BufReader::with_capacity(64 << 10, &file)).map_err(useless)?;
                (Syntax::Json, entries)
            }
            Some(_) => {
                if length > yaml::MAX_YAML_BYTES {
                    return Err(format!(
                        "{place} has {length} bytes, more than {} for YAML; larger lists are read as JSON",
                        yaml::MAX_YAML_BYTES
                    ));
                }
                let mut text = String::new();
                file.rewind()
                    .and_then(|()| (&file).read_to_string(&mut text))
                    .map_err(reading)?;
                let stream = yaml::parse(&text).map_err(|error| useless(error.into()))?;
                let entries = scan::yaml(&stream).map_err(useless)?;
                (Syntax::Yaml { text, stream }, entries)
            }
        };
        Ok(Self {
            place,
            entries,
            identity,
            file,
            syntax,
        })
    }

    /// The open file.
    #[must_use]
    pub fn handle(&self) -> &File {
        &self.file
    }

    /// Reads one object.
    ///
    /// # Errors
    /// When it is too large or damaged, in a sentence.
    pub fn object(&self, entry: &Entry) -> Result<Value, String> {
        match (&self.syntax, entry.location) {
            (Syntax::Json, Location::Span { start, length }) => {
                let text = self.text(start, length)?;
                json::parse(&text).map_err(|error| {
                    format!(
                        "it is damaged: {} (counted from byte {start} of the file)",
                        safe(&error.to_string())
                    )
                })
            }
            (Syntax::Yaml { stream, .. }, Location::Node { document, item }) => {
                let node = find(stream, document, item).ok_or("it is not there any more")?;
                if node.place.len() as u64 > MAX_OBJECT_BYTES {
                    return Err(too_large(node.place.len() as u64));
                }
                Ok(node.value())
            }
            _ => Err("it is not there any more".into()),
        }
    }

    fn text(&self, start: u64, length: u64) -> Result<Vec<u8>, String> {
        if length > MAX_OBJECT_BYTES {
            return Err(too_large(length));
        }
        // Bounded just above, so that it fits.
        let mut text = vec![0; usize::try_from(length).unwrap_or_default()];
        self.file
            .read_exact_at(&mut text, start)
            .map_err(|error| format!("reading: {error}"))?;
        Ok(text)
    }

    /// Writes the whole file with changes to some of its objects, by their index. Everything else is copied.
    ///
    /// # Errors
    /// When the file cannot be read again or written, or an object cannot be changed.
    pub fn write(&self, edits: &BTreeMap<usize, Vec<SignatureEdit>>, out: &mut dyn Write) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(64 << 10, out);
        match &self.syntax {
            Syntax::Json => {
                let mut done = 0;
                for (index, edits) in edits {
                    let Some(Location::Span { start, length }) = self.entries.get(*index).map(|e| e.location) else {
                        return Err(io::Error::other("an object is not there any more"));
                    };
                    self.copy(done, start, &mut out)?;
                    let text = self.text(start, length).map_err(io::Error::other)?;
                    let text = std::str::from_utf8(&text).map_err(io::Error::other)?;
                    out.write_all(edit::json::edit(text, edits).map_err(io::Error::other)?.as_bytes())?;
                    done = start + length;
                }
                self.copy(done, u64::MAX, &mut out)?;
            }
            Syntax::Yaml { text, stream } => {
                if stream.has_anchors && !edits.is_empty() {
                    return Err(io::Error::other(edit::Error::Anchors));
                }
                let (mut new, mut done) = (String::with_capacity(text.len() + 4096), 0);
                for (index, edits) in edits {
                    let node = match self.entries.get(*index).map(|e| e.location) {
                        Some(Location::Node { document, item }) => find(stream, document, item),
                        _ => None,
                    };
                    let node = node.ok_or_else(|| io::Error::other("an object is not there any more"))?;
                    edit::yaml::edit(text, node, edits, &mut new, &mut done).map_err(io::Error::other)?;
                }
                new.push_str(&text[done..]);
                out.write_all(new.as_bytes())?;
            }
        }
        out.flush()
    }

    fn copy(&self, mut from: u64, to: u64, out: &mut dyn Write) -> io::Result<()> {
        let mut buffer = vec![0; 64 << 10];
        while from < to {
            let wanted = usize::try_from(to - from).unwrap_or(usize::MAX).min(buffer.len());
            let got = self.file.read_at(&mut buffer[..wanted], from)?;
            if got == 0 {
                break;
            }
            out.write_all(&buffer[..got])?;
            from += got as u64;
        }
        Ok(())
    }
}

fn too_large(length: u64) -> String {
    format!("it has {length} bytes, more than {MAX_OBJECT_BYTES}")
}

fn find(stream: &yaml::Stream, document: usize, item: Option<usize>) -> Option<&yaml::Node> {
    let node = stream.documents.get(document)?;
    match item {
        None => Some(node),
        Some(n) => node.get("items")?.at(n),
    }
}

/// The first byte of a file that is not white space.
fn first_character(mut file: &File) -> io::Result<Option<u8>> {
    let mut found = None;
    for byte in BufReader::new(file).bytes() {
        let byte = byte?;
        if !byte.is_ascii_whitespace() {
            found = Some(byte);
            break;
        }
    }
    file.rewind()?;
    Ok(found)
}

/// Opens a file that can be read twice; a pipe is copied first.
fn open_seekable(path: &Path) -> io::Result<(File, Option<Identity>)> {
    let mut file = File::open(path)?;
    let meta = file.metadata()?;
    if meta.is_file() {
        let identity = Identity::of(&meta);
        Ok((file, Some(identity)))
    } else {
        Ok((spool(&mut file)?, None))
    }
}

/// Copies a stream into an unnamed temporary file.
fn spool(input: &mut dyn Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut input.take(MAX_FILE_BYTES + 1), &mut file)?;
    Ok(file)
}
