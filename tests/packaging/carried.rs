// SPDX-License-Identifier: Apache-2.0
//! The data that travels with the sources is whole: the same files, with the same bytes, as where they are made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::skipped;
use crate::support::vectors::{data, shared};

/// Folders under `../shared`, and their places under `tests/data`.
const FOLDERS: [(&str, &str); 4] = [
    ("vectors/fixtures/extra", "fixtures/extra"),
    ("vectors/fixtures/extra-dirs", "fixtures/extra-dirs"),
    ("vectors/fixtures/v6", "fixtures/v6"),
    ("corpus", "corpus"),
];

/// The files below a directory, by their path in it; `depth` 0 goes into no directory.
fn files(directory: &Path, depth: usize) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = PathBuf::from(path.file_name().unwrap());
        if !path.is_dir() {
            found.insert(name, std::fs::read(&path).unwrap());
        } else if depth > 0 {
            let inner = files(&path, depth - 1);
            found.extend(inner.into_iter().map(|(inner, bytes)| (name.join(inner), bytes)));
        }
    }
    found
}

fn assert_same(origin: &Path, copy: &Path, depth: usize) {
    let (origins, copies) = (files(origin, depth), files(copy, depth));
    assert!(!origins.is_empty(), "{}", origin.display());
    for (path, bytes) in &origins {
        let found = copies
            .get(path)
            .unwrap_or_else(|| panic!("{} is not in {}", path.display(), copy.display()));
        assert!(found == bytes, "{} differs in {}", path.display(), copy.display());
    }
    for path in copies.keys() {
        assert!(
            origins.contains_key(path),
            "{} is only in {}",
            path.display(),
            copy.display()
        );
    }
}

#[test]
fn the_tables_and_fixtures_are_those_of_their_origin() {
    let Some(tables) = shared("vectors") else {
        return skipped("comparing tests/data with its origin", "../shared is not here");
    };
    assert_same(&tables, &data("vectors"), 0);
    for (origin, copy) in FOLDERS {
        let origin = shared(origin).unwrap_or_else(|| panic!("../shared has no {origin}"));
        assert_same(&origin, &data(copy), usize::MAX);
    }
}
