// SPDX-License-Identifier: Apache-2.0
//! Files with API objects, as `oc get image NAME -o json` and `-o yaml` print them.
//!
//! A file is read twice: first in one pass that checks the syntax of the whole and notes where each object stands,
//! then object by object. So a list of gigabytes costs little memory, one damaged object does not hide the others, and
//! an object that stands there twice is noticed before anything is judged.

pub mod file;
pub mod scan;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use serde_json::Value;

use crate::image::{self, Image};
use crate::reason::{Reason, Refusal};
use crate::text::safe;
use file::ObjectFile;

/// Largest object file in bytes (product limits).
pub const MAX_FILE_BYTES: u64 = 2 << 30;

/// Largest single object in bytes (product limits).
pub const MAX_OBJECT_BYTES: u64 = 16 << 20;

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
    location: Location,
}

/// Where an object stands in its file.
#[derive(Debug, Clone, Copy)]
pub enum Location {
    /// In the text of a JSON file, in bytes.
    Span {
        /// Where it begins.
        start: u64,
        /// How long it is.
        length: u64,
    },
    /// In a YAML file.
    Node {
        /// Which document.
        document: usize,
        /// Which element of the document's `items`, if it is a list.
        item: Option<usize>,
    },
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
        // Images have no namespace: one that somebody wrote there makes no other image of it.
        let namespace = match self.kind {
            Kind::Image => String::new(),
            _ => self.namespace.clone(),
        };
        (kind, namespace, self.name.clone())
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
    /// Makes the first pass over files, and over the `.json`, `.yaml` and `.yml` files of directories.
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

    /// Whether objects that one name may mean are different ones, and not one that stands there several times: views of
    /// one name in several namespaces, or of several kinds. Views found by the image in them are of one image.
    #[must_use]
    pub fn are_different(&self, positions: &[Position]) -> bool {
        let Some((first, others)) = positions.split_first() else {
            return false;
        };
        let first = self.entry(*first);
        let differs = |other: &Position| {
            let other = self.entry(*other);
            first.identity() != other.identity() && first.image_name() != other.image_name()
        };
        others.iter().any(differs)
    }

    /// Reads one object.
    ///
    /// # Errors
    /// When the object is damaged, too large, of another kind, or has changed since the first pass.
    pub fn load(&self, position: Position) -> Result<Loaded, Refusal> {
        let file = &self.files[position.0];
        let entry = self.entry(position);
        let place = &file.place;
        let name = if entry.name.is_empty() {
            "without a name".to_owned()
        } else {
            safe(&entry.name)
        };
        let trouble =
            |what: &str| Refusal::new(Reason::SourceUnavailable, format!("{place}: the object {name}: {what}"));
        if let Kind::Other(kind) = &entry.kind {
            return Err(trouble(&format!(
                "it is {kind}; an Image, ImageStreamTag or ImageStreamImage is needed"
            )));
        }
        let mut object = file.object(entry).map_err(|what| trouble(&what))?;
        if entry.is_read_only() {
            object = object.get_mut("image").map(Value::take).unwrap_or_default();
            if !object.is_object() {
                return Err(trouble("it has no image in it"));
            }
        }
        let image = Image::from_json(&object).map_err(|error| trouble(&format!("it is damaged: {error}")))?;
        if image.name != entry.image_name() {
            return Err(trouble("it changed while it was read"));
        }
        if entry.is_read_only() && image::is_stub(&object) {
            return Err(trouble(
                "the server leaves signatures out of lists of tags: get the object by its name",
            ));
        }
        Ok(Loaded { image, object })
    }
}

/// An object that was read.
#[derive(Debug)]
pub struct Loaded {
    /// A view of it.
    pub image: Image,
    /// The Image object itself, or the image inside a view.
    pub object: Value,
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
        let is_object_file = path
            .extension()
            .is_some_and(|e| e == "json" || e == "yaml" || e == "yml");
        if is_object_file && fs::metadata(&path)?.is_file() {
            found.push(Place::Path(path));
        }
    }
    found.sort_by_key(ToString::to_string);
    Ok(found)
}
