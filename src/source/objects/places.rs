// SPDX-License-Identifier: Apache-2.0
//! Files, directories and standard input, as the user named them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::text::{io_message, safe};

/// Largest object file, in bytes.
pub const MAX_FILE_BYTES: u64 = 2 << 30;

/// A file, directory or standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Standard input, written `-`.
    Stdin,
    /// A file or directory.
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

impl Place {
    /// The name of the place as a source in output, not made safe yet.
    #[must_use]
    pub fn source(&self) -> String {
        match self {
            Place::Stdin => "file:-".to_owned(),
            Place::Path(path) => format!("file:{}", path.display()),
        }
    }
}

/// The name of several places as one source.
#[must_use]
pub fn sources(places: &[Place]) -> String {
    let names: Vec<String> = places.iter().map(Place::source).collect();
    match names.split_first() {
        None => "file:".to_owned(),
        Some((first, others)) => others.iter().fold(first.clone(), |all, name| {
            format!("{all}, {}", name.trim_start_matches("file:"))
        }),
    }
}

/// One file to be read.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) place: Place,
    /// It was found in a directory and not named.
    pub(super) is_found: bool,
    /// Why it cannot be read, if that is known already.
    pub(super) trouble: Option<String>,
}

/// The files that a place stands for: itself, or the `.json`, `.yaml` and `.yml` files of a directory by name, as
/// `kubectl` takes them; those of directories in it only where that is asked for.
pub(super) fn expand(place: &Place, is_recursive: bool) -> Vec<Found> {
    let mut found = Vec::new();
    match place {
        Place::Path(path) if fs::metadata(path).is_ok_and(|meta| meta.is_dir()) => {
            directory(path, is_recursive, &mut found);
        }
        _ => found.push(Found {
            place: place.clone(),
            is_found: false,
            trouble: None,
        }),
    }
    found
}

fn directory(root: &Path, is_recursive: bool, found: &mut Vec<Found>) {
    // What is still to be looked at, the next one last. Depth is bounded by the length that a path can have.
    let mut left = vec![root.to_owned()];
    while let Some(path) = left.pop() {
        let is_root = path == root;
        // Symbolic links to directories are not followed: they may lead in a circle.
        let is_directory = is_root || fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_dir());
        if !is_directory {
            let extension = path.extension();
            if extension.is_some_and(|e| e == "json" || e == "yaml" || e == "yml") {
                let (place, is_found, trouble) = (Place::Path(path), true, None);
                found.push(Found {
                    place,
                    is_found,
                    trouble,
                });
            }
            continue;
        }
        if !is_root && !is_recursive {
            continue;
        }
        let entries = fs::read_dir(&path).and_then(|entries| entries.map(|e| Ok(e?.path())).collect());
        match entries {
            Ok(entries) => {
                let mut entries: Vec<PathBuf> = entries;
                entries.sort_by(|one, other| other.cmp(one));
                left.extend(entries);
            }
            Err(error) => found.push(Found {
                place: Place::Path(path),
                is_found: true,
                trouble: Some(io_message(&error)),
            }),
        }
    }
}
