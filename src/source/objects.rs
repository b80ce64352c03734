// SPDX-License-Identifier: Apache-2.0
//! Files with API objects, as `oc get image NAME -o json` prints them.
//!
//! A file is read twice: first in one pass that checks the syntax of the whole and notes where each object stands,
//! then object by object. So a list of gigabytes costs little memory, one damaged object does not hide the others, and
//! an object that stands there twice is noticed before anything is judged.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Blob, Subject};
use crate::image::Image;
use crate::json::{self, Kind as JsonKind, Reader, Rules};
use crate::text::safe;
use crate::verdict::reason::{Reason, Refusal};
use crate::verdict::Manifest;

/// Largest object file in bytes (product limits).
pub const MAX_FILE_BYTES: u64 = 2 << 30;

/// Largest single object in bytes (product limits).
pub const MAX_OBJECT_BYTES: u64 = 16 << 20;

/// Nesting at which the first pass gives up on a file. Objects by themselves are bounded far below.
const MAX_SCAN_DEPTH: usize = 1 << 20;

/// Longest member name or string that the first pass reads.
const MAX_WORD: usize = MAX_OBJECT_BYTES as usize;

/// A file, directory or standard input, as the user named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `-`
    Stdin,
    /// Anything else.
    Path(PathBuf),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Stdin => f.write_str("-"),
            Place::Path(path) => f.write_str(&safe(&path.display().to_string())),
        }
    }
}

/// The kinds of objects that hold an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// An Image.
    Image,
    /// An ImageStreamTag: a view of an Image, for reading only.
    Tag,
    /// An ImageStreamImage: likewise.
    StreamImage,
    /// Something else, named for messages.
    Other(String),
}

/// Where one object stands, and enough about it to choose it.
#[derive(Debug, Clone)]
pub struct Entry {
    kind: Kind,
    name: String,
    namespace: String,
    /// Name of the image inside an ImageStreamTag or ImageStreamImage.
    embedded: String,
    in_list: bool,
    start: u64,
    length: u64,
}

impl Entry {
    /// The name of the image that the object holds, as far as the first pass can tell.
    #[must_use]
    pub fn image_name(&self) -> &str {
        match self.kind {
            Kind::Tag | Kind::StreamImage => &self.embedded,
            _ => &self.name,
        }
    }

    /// Whether the object is only a view of an Image, which cannot be written back.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.kind != Kind::Image
    }

    fn identity(&self) -> Identity {
        let kind = match self.kind {
            Kind::Image => 'i',
            Kind::Tag => 't',
            Kind::StreamImage => 's',
            Kind::Other(_) => 'o',
        };
        (kind, self.namespace.clone(), self.name.clone())
    }

    fn is_called(&self, wanted: &str) -> bool {
        match self.kind {
            Kind::Image => self.name == wanted,
            Kind::Tag | Kind::StreamImage => {
                self.name == wanted || wanted.split_once('/') == Some((&self.namespace, &self.name))
            }
            Kind::Other(_) => false,
        }
    }
}

/// A file whose objects are known.
#[derive(Debug)]
pub struct ObjectFile {
    /// Where it is.
    pub place: Place,
    file: File,
    /// The objects in it, in order.
    pub entries: Vec<Entry>,
}

/// An object file that could not be read, and why.
#[derive(Debug, Clone)]
pub struct Unreadable {
    /// Which.
    pub place: Place,
    /// What went wrong.
    pub refusal: Refusal,
}

/// All object files of a run.
#[derive(Debug, Default)]
pub struct ObjectFiles {
    /// Those that could be read.
    pub files: Vec<ObjectFile>,
    /// Those that could not.
    pub unreadable: Vec<Unreadable>,
    /// Objects of one kind and name, where there are several.
    repeated: HashMap<Identity, Vec<Position>>,
}

/// What tells one object from another: a letter for the kind, namespace, name.
type Identity = (char, String, String);

/// One object: index of its file and index in it.
pub type Position = (usize, usize);

impl ObjectFiles {
    /// Makes the first pass over files, and over the `.json` files of directories.
    #[must_use]
    pub fn open(places: &[Place]) -> Self {
        let mut files = Self::default();
        for place in places {
            match expand(place) {
                Ok(places) => places.into_iter().for_each(|place| files.add(place)),
                Err(error) => files.add_unreadable(place.clone(), format!("reading {place}: {error}")),
            }
        }
        files.note_repeated();
        files
    }

    fn note_repeated(&mut self) {
        let mut all: HashMap<Identity, Vec<Position>> = HashMap::new();
        for position in self.positions() {
            let entry = self.entry(position);
            if !entry.name.is_empty() {
                all.entry(entry.identity()).or_default().push(position);
            }
        }
        all.retain(|_, positions| positions.len() > 1);
        self.repeated = all;
    }

    fn add(&mut self, place: Place) {
        match ObjectFile::open(place.clone()) {
            Ok(file) => self.files.push(file),
            Err(message) => self.add_unreadable(place, message),
        }
    }

    fn add_unreadable(&mut self, place: Place, message: String) {
        let refusal = Refusal::new(Reason::SourceUnavailable, message);
        self.unreadable.push(Unreadable { place, refusal });
    }

    /// The objects that are called `wanted`: Images by their name, views by theirs or by that of the image in them
    /// where no Image has it.
    #[must_use]
    pub fn find(&self, wanted: &str) -> Vec<Position> {
        let by = |test: &dyn Fn(&Entry) -> bool| -> Vec<Position> {
            self.positions()
                .filter(|position| test(self.entry(*position)))
                .collect()
        };
        let named = by(&|entry| entry.is_called(wanted));
        if named.is_empty() {
            by(&|entry| entry.is_read_only() && entry.image_name() == wanted && !wanted.is_empty())
        } else {
            named
        }
    }

    /// All objects, in order.
    pub fn positions(&self) -> impl Iterator<Item = Position> + '_ {
        self.files
            .iter()
            .enumerate()
            .flat_map(|(f, file)| (0..file.entries.len()).map(move |e| (f, e)))
    }

    /// What the first pass found.
    #[must_use]
    pub fn entry(&self, (file, entry): Position) -> &Entry {
        &self.files[file].entries[entry]
    }

    /// Where an object stands, for output.
    #[must_use]
    pub fn place(&self, (file, _): Position) -> &Place {
        &self.files[file].place
    }

    /// The other objects of the same kind and name.
    #[must_use]
    pub fn twins(&self, position: Position) -> Vec<Position> {
        let same = self.repeated.get(&self.entry(position).identity());
        let others = same.into_iter().flatten().copied();
        others.filter(|other| *other != position).collect()
    }

    /// Reads one object.
    ///
    /// # Errors
    /// When the object is damaged, too large, of another kind, or has changed since the first pass.
    pub fn load(&self, position: Position) -> Result<Image, Refusal> {
        let file = &self.files[position.0];
        let entry = self.entry(position);
        let place = &file.place;
        let trouble = |what: String| Refusal::new(Reason::SourceUnavailable, format!("{place}: {what}"));
        if let Kind::Other(kind) = &entry.kind {
            return Err(trouble(format!(
                "the object {} is {}; an Image, ImageStreamTag or ImageStreamImage is needed",
                quoted(&entry.name),
                kind
            )));
        }
        if entry.length > MAX_OBJECT_BYTES {
            return Err(trouble(format!(
                "the object {} has {} bytes, more than {MAX_OBJECT_BYTES}",
                quoted(&entry.name),
                entry.length
            )));
        }
        let mut text = vec![0; usize::try_from(entry.length).unwrap_or_default()];
        file.file
            .read_exact_at(&mut text, entry.start)
            .map_err(|error| trouble(format!("reading the object {}: {error}", quoted(&entry.name))))?;
        let object = json::parse(&text).map_err(|error| {
            trouble(format!(
                "the object {} is damaged: {} (counted from byte {} of the file)",
                quoted(&entry.name),
                safe(&error.to_string()),
                entry.start
            ))
        })?;
        let image = match entry.kind {
            Kind::Image => &object,
            _ => object.get("image").unwrap_or(&Value::Null),
        };
        if entry.is_read_only() && !image.is_object() {
            return Err(trouble(format!("{} has no image in it", quoted(&entry.name))));
        }
        let read = Image::from_json(image)
            .map_err(|error| trouble(format!("the object {} is damaged: {error}", quoted(&entry.name))))?;
        if read.name != entry.image_name() {
            return Err(trouble(format!(
                "the object {} changed while it was read",
                quoted(&entry.name)
            )));
        }
        if entry.is_read_only() && entry.in_list && is_stub(image) {
            return Err(Refusal::new(
                Reason::SourceUnavailable,
                format!(
                    "{place}: {} stands in a list, where the server leaves signatures out: get it by its name",
                    quoted(&entry.name)
                ),
            ));
        }
        Ok(read)
    }
}

fn quoted(name: &str) -> String {
    if name.is_empty() {
        "without a name".to_owned()
    } else {
        safe(name)
    }
}

/// Whether an image inside a view has nothing but its name and reference, as in the server's lists of tags.
fn is_stub(image: &Value) -> bool {
    [
        "signatures",
        "dockerImageMetadata",
        "dockerImageLayers",
        "dockerImageManifests",
    ]
    .iter()
    .all(|member| image.get(member).is_none_or(Value::is_null))
}

/// A subject out of an Image object.
///
/// # Errors
/// When the object's name is not a digest, which leaves nothing to judge.
pub fn subject(image: Image) -> Result<Subject, Refusal> {
    let digest = image.digest()?;
    let manifest = match &image.manifest {
        Some(text) => Manifest::of_bytes(text.as_bytes(), &digest),
        None => Manifest::NotAtHand,
    };
    let signatures = image
        .signatures
        .into_iter()
        .map(|signature| Blob {
            name: signature.name,
            content: signature.content,
        })
        .collect();
    Ok(Subject {
        digest,
        manifest,
        signatures,
    })
}

/// The files that a place stands for.
fn expand(place: &Place) -> io::Result<Vec<Place>> {
    let Place::Path(path) = place else {
        return Ok(vec![place.clone()]);
    };
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![place.clone()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let is_object_file = path.extension().is_some_and(|e| e == "json");
        if is_object_file && fs::metadata(&path)?.is_file() {
            found.push(Place::Path(path));
        }
    }
    found.sort_by_key(ToString::to_string);
    Ok(found)
}

impl ObjectFile {
    fn open(place: Place) -> Result<Self, String> {
        let reading = |error: io::Error| format!("reading {place}: {error}");
        let mut file = match &place {
            Place::Path(path) => open_seekable(path).map_err(reading)?,
            Place::Stdin => spool(&mut io::stdin().lock()).map_err(reading)?,
        };
        let length = file.seek(SeekFrom::End(0)).map_err(reading)?;
        if length > MAX_FILE_BYTES {
            return Err(format!("{place} has {length} bytes, more than {MAX_FILE_BYTES}"));
        }
        file.rewind().map_err(reading)?;
        let entries = scan(BufReader::with_capacity(64 << 10, &file))
            .map_err(|error| format!("{place} is not a file of API objects: {}", safe(&error.to_string())))?;
        Ok(Self { place, file, entries })
    }
}

/// Opens a file that can be read twice; a pipe is copied first.
fn open_seekable(path: &Path) -> io::Result<File> {
    let mut file = File::open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        spool(&mut file)
    }
}

/// Copies a stream into an unnamed temporary file.
fn spool(input: &mut dyn Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut input.take(MAX_FILE_BYTES + 1), &mut file)?;
    Ok(file)
}

/// Why a file as a whole is of no use.
#[derive(Debug, thiserror::Error)]
enum ScanError {
    #[error("{0}")]
    Json(#[from] json::Error),
    #[error("the file is empty")]
    Empty,
    #[error("member {0:?} is repeated")]
    Repeated(&'static str),
    #[error("it has no kind")]
    NoKind,
    #[error("items: expected an array")]
    Items,
}

/// What one object says about itself.
#[derive(Debug, Default)]
struct Outline {
    kind: Option<String>,
    api_version: Option<String>,
    name: String,
    namespace: String,
    embedded: String,
    /// Elements of `items`, not sorted out yet.
    items: Option<Vec<Item>>,
}

/// An element of a list.
#[derive(Debug)]
struct Item {
    outline: Outline,
    start: u64,
    length: u64,
}

/// The first pass: checks the syntax of a whole file and notes its objects.
fn scan(input: impl io::BufRead) -> Result<Vec<Entry>, ScanError> {
    let mut reader = Reader::new(
        input,
        Rules {
            depth: MAX_SCAN_DEPTH,
            length: MAX_WORD,
            finite_numbers: false,
            lossy_text: true,
        },
    );
    if let Err(json::Error::Syntax { .. }) = reader.kind() {
        // Nothing but white space?
        if reader.end().is_ok() {
            return Err(ScanError::Empty);
        }
    }
    reader.kind()?;
    let start = reader.offset();
    let outline = outline(&mut reader, true)?;
    let length = reader.offset() - start;
    reader.end()?;
    let kind = outline.kind.clone().ok_or(ScanError::NoKind)?;
    if !kind.ends_with("List") {
        return Ok(vec![entry(outline, &kind, false, start, length)]);
    }
    // Elements of a list of one kind need not name it.
    let element_kind = kind.trim_end_matches("List").to_owned();
    Ok(outline
        .items
        .unwrap_or_default()
        .into_iter()
        .map(|item| {
            let kind = item.outline.kind.clone().unwrap_or_else(|| element_kind.clone());
            entry(item.outline, &kind, true, item.start, item.length)
        })
        .collect())
}

fn entry(outline: Outline, kind: &str, in_list: bool, start: u64, length: u64) -> Entry {
    // Before OpenShift 3.6 the group was part of the core API.
    let known_group = outline
        .api_version
        .as_deref()
        .is_none_or(|version| version == "v1" || version.starts_with("image.openshift.io/"));
    let kind = match kind {
        "Image" if known_group => Kind::Image,
        "ImageStreamTag" if known_group => Kind::Tag,
        "ImageStreamImage" if known_group => Kind::StreamImage,
        "" => Kind::Other("of no kind".into()),
        kind => Kind::Other(format!(
            "a {} of {}",
            safe(kind),
            safe(outline.api_version.as_deref().unwrap_or("no API version"))
        )),
    };
    Entry {
        kind,
        name: outline.name,
        namespace: outline.namespace,
        embedded: outline.embedded,
        in_list,
        start,
        length,
    }
}

/// Reads one object for its outline; the elements of `items` likewise where they are wanted.
fn outline<R: io::BufRead>(reader: &mut Reader<R>, want_items: bool) -> Result<Outline, ScanError> {
    let mut outline = Outline::default();
    let mut seen = Vec::new();
    reader.object()?;
    while let Some(member) = reader.key()? {
        let known = ["kind", "apiVersion", "metadata", "image", "items"];
        let Some(member) = known.into_iter().find(|known| *known == member) else {
            reader.skip()?;
            continue;
        };
        // Repeats inside single objects are found when they are read.
        if want_items && seen.contains(&member) {
            return Err(ScanError::Repeated(member));
        }
        seen.push(member);
        match (member, reader.kind()?) {
            ("kind", JsonKind::String) => outline.kind = Some(reader.string()?),
            ("apiVersion", JsonKind::String) => outline.api_version = Some(reader.string()?),
            ("metadata", JsonKind::Object) => names(reader, &mut outline.name, &mut outline.namespace)?,
            ("image", JsonKind::Object) => embedded_name(reader, &mut outline.embedded)?,
            ("items", JsonKind::Array) if want_items => outline.items = Some(items(reader)?),
            ("items", JsonKind::Null) => reader.null()?,
            ("items", _) if want_items => return Err(ScanError::Items),
            _ => reader.skip()?,
        }
    }
    Ok(outline)
}

fn items<R: io::BufRead>(reader: &mut Reader<R>) -> Result<Vec<Item>, ScanError> {
    let mut items = Vec::new();
    reader.array()?;
    while reader.element()? {
        let kind = reader.kind()?;
        let start = reader.offset();
        let outline = if kind == JsonKind::Object {
            outline(reader, false)?
        } else {
            reader.skip()?;
            Outline {
                kind: Some(String::new()),
                ..Outline::default()
            }
        };
        let length = reader.offset() - start;
        items.push(Item { outline, start, length });
    }
    Ok(items)
}

/// Reads `name` and `namespace` out of an object's metadata.
fn names<R: io::BufRead>(reader: &mut Reader<R>, name: &mut String, namespace: &mut String) -> Result<(), ScanError> {
    reader.object()?;
    while let Some(member) = reader.key()? {
        match (member.as_str(), reader.kind()?) {
            ("name", JsonKind::String) => *name = reader.string()?,
            ("namespace", JsonKind::String) => *namespace = reader.string()?,
            _ => reader.skip()?,
        }
    }
    Ok(())
}

fn embedded_name<R: io::BufRead>(reader: &mut Reader<R>, name: &mut String) -> Result<(), ScanError> {
    reader.object()?;
    while let Some(member) = reader.key()? {
        if member == "metadata" && reader.kind()? == JsonKind::Object {
            names(reader, name, &mut String::new())?;
        } else {
            reader.skip()?;
        }
    }
    Ok(())
}
