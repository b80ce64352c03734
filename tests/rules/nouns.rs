// SPDX-License-Identifier: Apache-2.0
//! One noun a file, and one name a noun.

use std::fs;

use super::modules::{files, root};

/// The most lines of a file: what is longer has more than one noun.
const MAX_LINES: usize = 350;

#[test]
fn no_file_has_several_nouns() {
    let mut long = Vec::new();
    for file in [files("src", ".rs"), files("tests", ".rs")].concat() {
        let lines = fs::read_to_string(root().join(&file)).unwrap().lines().count();
        if lines > MAX_LINES {
            long.push(format!("{file}: {lines}"));
        }
    }
    assert!(long.is_empty(), "more than {MAX_LINES} lines: {long:?}");
}

/// The names that the imports of this crate in a text give to others: `A as B`, unless `B` is `_`.
fn renamed(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let uses = text.split("use ").skip(1).filter_map(|rest| rest.split(';').next());
    for tree in uses.filter(|tree| ["crate::", "super::", "self::"].iter().any(|own| tree.starts_with(own))) {
        let names = tree.split(['{', '}', ',']).map(str::trim);
        let others = names.filter(|name| name.split_once(" as ").is_some_and(|(_, other)| other != "_"));
        found.extend(others.map(str::to_owned));
    }
    found
}

#[test]
fn renamed_imports_are_found() {
    let text = "use crate::a::{self as b, C as D, e};\nuse std::io::Error as IoError;\nuse super::F as _;\nuse self::g::H as I;\n";
    assert_eq!(renamed(text), ["self as b", "C as D", "self::g::H as I"]);
}

/// Two things of ours that meet have names of their own, so that a reader needs no second one for either.
#[test]
fn no_import_of_our_own_is_renamed() {
    let mut places = Vec::new();
    for file in files("src", ".rs") {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        places.extend(renamed(&text).into_iter().map(|name| format!("{file}: {name}")));
    }
    assert!(places.is_empty(), "{}", places.join("\n"));
}
