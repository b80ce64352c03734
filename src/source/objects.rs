// SPDX-License-Identifier: Apache-2.0
//! Files with API objects, as `oc get image NAME -o json` and `-o yaml` print them, read as `kubectl` reads them.
//!
//! A file is read twice: first in one pass that checks the syntax of the whole and notes where each object stands,
//! then object by object. So a list of gigabytes costs a few bytes an object, one damaged object does not hide the
//! others, and an object that occurs twice is noticed before anything is judged. What cannot be read
//! twice is copied first.

mod changes;
mod compare;
pub(crate) mod file;
mod index;
mod kind;
mod meant;
mod notes;
pub mod outline;
mod places;
mod read;
pub(crate) mod rewrite;
pub mod scan;
pub(crate) mod store;
mod text;

use std::collections::HashSet;
use std::io::BufReader;

pub use crate::image::Loaded;
use crate::json::sameness;
use crate::reason::{Reason, Refusal};
use file::ObjectFile;
use index::Index;
pub use kind::ObjectKind;
use notes::Entry;
use outline::Outline;
pub use places::{sources, Place, MAX_FILE_BYTES};
use store::Store;

/// An object file that could not be read, and why.
#[derive(Debug, Clone)]
pub struct Unreadable {
    /// The file that cannot be read.
    pub place: Place,
    /// Why it cannot be read, with a reason.
    pub refusal: Refusal,
}

/// All object files of a run.
#[derive(Debug, Default)]
pub struct ObjectFiles {
    /// Those that could be read.
    pub files: Vec<ObjectFile>,
    /// Those that could not.
    pub unreadable: Vec<Unreadable>,
    /// Where the bytes are that cannot be read from a file again.
    pub store: Store,
    /// What else may be meant by directories in which no file is.
    meant: Option<String>,
    index: Index,
    sameness: sameness::Key,
}

/// One object: index of its file and index in it.
pub type Position = (usize, usize);

/// An object as far as it could be read.
#[derive(Debug)]
pub struct Object {
    /// Name of the image, which is empty where it is not known.
    pub image_name: String,
    /// The object, or why there is none.
    pub loaded: Result<Loaded, Refusal>,
    /// What else is the same object: other places where it stands, with the same content or another one.
    pub copies: Vec<Position>,
}

impl ObjectFiles {
    /// Makes the first pass over files, and over the `.json`, `.yaml` and `.yml` files of directories; over those of
    /// directories in them if `is_recursive`. A file that several names stand for is read once.
    #[must_use]
    pub fn open(places: &[Place], is_recursive: bool) -> Self {
        let mut files = Self::default();
        let mut seen = HashSet::new();
        let mut objects = 0;
        for found in places.iter().flat_map(|place| places::expand(place, is_recursive)) {
            let place = found.place.clone();
            if let Place::Path(path) = &place {
                let meta = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
                let identity = meta.map(|meta| crate::files::identity::Identity::of(&meta).file());
                if identity.is_some_and(|identity| !seen.insert(identity)) {
                    log::info!("{place} was read already by another name");
                    continue;
                }
            }
            match file::open(found, &files.store, &mut files.index, objects) {
                Ok(file) => {
                    files.index.firsts.push(objects);
                    objects += file.entries.len();
                    files.files.push(file);
                }
                Err(message) => files.unreadable.push(Unreadable {
                    place,
                    refusal: Refusal::new(Reason::SourceUnavailable, message),
                }),
            }
        }
        files.index.finish();
        if files.files.is_empty() && !is_recursive {
            files.meant = places.iter().find_map(meant::below);
        }
        files
    }

    /// That no image is in these places, and what else may be meant by them; safe to print.
    #[must_use]
    pub fn no_image_in(&self, places: &str) -> String {
        let meant = self.meant.as_deref().unwrap_or_default();
        format!("there is no image in {places}{meant}")
    }

    /// All objects, in order.
    pub fn positions(&self) -> impl Iterator<Item = Position> + '_ {
        self.files
            .iter()
            .enumerate()
            .flat_map(|(f, file)| (0..file.entries.len()).map(move |e| (f, e)))
    }

    /// What to know of files whose lists are parts of longer ones, of which the other objects are not known; safe to print.
    pub fn parts(&self) -> impl Iterator<Item = String> + '_ {
        self.files.iter().filter_map(|file| {
            let why = file.part?;
            Some(format!(
                "{}: a list in it {why}; save the whole list, as oc get -o json does without --raw",
                file.place
            ))
        })
    }

    /// How many different objects there are: copies count once.
    #[must_use]
    pub fn count(&self) -> usize {
        let all: usize = self.files.iter().map(|file| file.entries.len()).sum();
        all - self.index.copies(|position| self.entry(position).kind())
    }

    /// The objects that are called `wanted`: Images by their name, views by theirs, or by that of the image in them
    /// where no other object has it.
    #[must_use]
    pub fn find(&self, wanted: &str) -> Vec<Position> {
        if wanted.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<Position> = self
            .index
            .find(self.index.image(wanted))
            .filter(|position| self.entry(*position).kind() == ObjectKind::Image)
            .collect();
        let views = |hash: u64| self.index.find(hash).filter(|position| self.is_view(*position));
        found.extend(views(self.index.view_name(wanted)));
        if let Some((namespace, name)) = wanted.split_once('/') {
            found.extend(views(self.index.view(namespace, name)));
        }
        if found.is_empty() {
            found.extend(views(self.index.embedded(wanted)));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The objects that show an image: those that it is itself, and views of it.
    pub fn showing<'n>(&'n self, image: &'n str) -> impl Iterator<Item = Position> + 'n {
        let own = self.index.find(self.index.image(image));
        let own = own.filter(|position| self.entry(*position).kind() == ObjectKind::Image);
        let views = self.index.find(self.index.embedded(image));
        own.chain(views.filter(|position| self.is_view(*position)))
    }

    fn entry(&self, (file, entry): Position) -> &Entry {
        &self.files[file].entries[entry]
    }

    fn is_view(&self, position: Position) -> bool {
        matches!(self.entry(position).kind(), ObjectKind::Tag | ObjectKind::StreamImage)
    }

    /// Whether the object is only a view of an Image, which cannot be written back.
    #[must_use]
    pub fn is_read_only(&self, position: Position) -> bool {
        self.entry(position).kind() != ObjectKind::Image
    }

    /// Whether an object says that it is something else than an image or a view of one.
    #[must_use]
    pub fn is_of_other_kind(&self, position: Position) -> bool {
        self.entry(position).is_other()
    }

    /// What an object is, as far as it or its list says it.
    #[must_use]
    pub fn kind(&self, position: Position) -> ObjectKind {
        self.entry(position).kind()
    }

    /// Whether the object is only a view of an image that stands there itself, or that a view before it shows.
    #[must_use]
    pub fn is_seen_elsewhere(&self, position: Position) -> bool {
        if !self.is_view(position) {
            return false;
        }
        let image = self.outline(position).embedded;
        let found = self.find(&image);
        !image.is_empty() && found.iter().any(|other| !self.is_view(*other) || *other < position)
    }

    /// Where an object stands, for output.
    #[must_use]
    pub fn place(&self, (file, _): Position) -> &Place {
        &self.files[file].place
    }

    /// Where an object stands among others, for output.
    #[must_use]
    pub fn place_of(&self, position: Position) -> String {
        let file = &self.files[position.0];
        match file.entries.len() {
            1 => file.place.to_string(),
            _ => format!("{} (object {})", file.place, position.1 + 1),
        }
    }

    /// The other places of the same kind, namespace and name.
    fn copies(&self, position: Position, outline: &Outline) -> Vec<Position> {
        if outline.name.is_empty() {
            return Vec::new();
        }
        let kind = self.entry(position).kind();
        let hash = match kind {
            // Images have no namespace: one that somebody wrote there makes no other image of it.
            ObjectKind::Image => self.index.image(&outline.name),
            ObjectKind::Tag | ObjectKind::StreamImage => self.index.view(&outline.namespace, &outline.name),
            ObjectKind::Stream | ObjectKind::Pod | ObjectKind::Unread | ObjectKind::Other => return Vec::new(),
        };
        let all = self.index.find(hash).filter(|other| self.entry(*other).kind() == kind);
        all.filter(|other| *other != position).collect()
    }

    /// Whether objects that one name may mean are different ones, and not one that stands there several times: views of
    /// one name in several namespaces, or of several kinds. Views of one image are the same as far as it goes.
    #[must_use]
    pub fn are_different(&self, positions: &[Position]) -> bool {
        let Some((first, others)) = positions.split_first() else {
            return false;
        };
        let tell = |position: Position| {
            let (outline, kind) = (self.outline(position), self.entry(position).kind());
            let image = match kind {
                ObjectKind::Image => outline.name.clone(),
                _ => outline.embedded.clone(),
            };
            let namespace = match kind {
                ObjectKind::Image => String::new(),
                _ => outline.namespace,
            };
            ((kind, namespace, outline.name), image)
        };
        let first = tell(*first);
        others.iter().any(|other| {
            let other = tell(*other);
            first.0 != other.0 && first.1 != other.1
        })
    }

    fn outline(&self, position: Position) -> Outline {
        let (file, entry) = (&self.files[position.0], self.entry(position));
        let section = self
            .store
            .section(&file.json, entry.start, Some(u64::from(entry.length)));
        section.map_or_else(|_| Outline::default(), |section| scan::outline(BufReader::new(section)))
    }

    /// Whether all of these objects are the same JSON value.
    #[must_use]
    pub fn are_same(&self, one: Position, others: &[Position]) -> bool {
        let print = |position: Position| {
            let (file, entry) = (&self.files[position.0], self.entry(position));
            let length = Some(u64::from(entry.length));
            let section = self.store.section(&file.json, entry.start, length).ok()?;
            self.sameness.value(&mut scan::reader(BufReader::new(section))).ok()
        };
        let first = print(one);
        first.is_some() && others.iter().all(|other| print(*other) == first)
    }
}
