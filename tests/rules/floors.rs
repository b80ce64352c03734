// SPDX-License-Identifier: Apache-2.0
//! The house: modules on floors, each using only floors below its own, and no circle of files.
//!
//! The one lasting exception is named with its reason. An exception that is no longer needed fails too.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::Imports;

/// From the ground up. On one floor modules may use each other, but not in a circle.
const FLOORS: [&[&str]; 7] = [
    &["reason", "limits", "clock", "files", "text", "processes"],
    &[
        "json",
        "yaml",
        "input",
        "manifest",
        "digest",
        "reference",
        "identity",
        "payload",
        "subject",
        "image",
        "edit",
        "policy",
    ],
    &["http", "openpgp", "sigstore"],
    &["cluster", "registry", "verdict"],
    &["source", "record", "audit", "cli"],
    &["settings", "report"],
    &["run"],
];

/// Nevers beside the floors: the first uses none of the others, although they may be on floors below.
const NEVER: [(&str, &[&str]); 6] = [
    ("openpgp", &["verdict", "source"]),
    ("source", &["openpgp", "verdict"]),
    ("cluster", &["settings", "source"]),
    ("registry", &["settings", "source"]),
    ("settings", &["report"]),
    ("run", &["cli"]),
];

/// Files that break a never today: the file's module, what it uses, and why.
const EXCEPTIONS: [(&str, &str, &str); 1] = [("run", "cli", "hands each command its own options")];

fn floor(room: &str) -> usize {
    let at = FLOORS.iter().position(|floor| floor.contains(&room));
    at.unwrap_or_else(|| panic!("{room} has no floor in tests/rules/floors.rs"))
}

fn room(module: &str) -> &str {
    module.split("::").next().unwrap()
}

/// Every use of another room: the module, and that room.
fn across(imports: &Imports) -> BTreeSet<(&str, &str)> {
    let mut found = BTreeSet::new();
    for (module, used) in &imports.0 {
        for other in used.iter().map(|used| room(used)) {
            if other != room(module) && !["main", "lib"].contains(&room(module)) {
                found.insert((module.as_str(), other));
            }
        }
    }
    assert!(found.len() > 100, "{}", found.len());
    found
}

#[test]
fn arrows_go_down() {
    let imports = Imports::read();
    let up: Vec<_> = across(&imports)
        .into_iter()
        .filter(|(module, used)| floor(used) > floor(room(module)))
        .collect();
    assert!(up.is_empty(), "to a floor above: {up:?}");
}

#[test]
fn nevers_are_kept_but_for_named_files() {
    let imports = Imports::read();
    let broken: BTreeSet<(&str, &str)> = across(&imports)
        .into_iter()
        .filter(|(module, used)| {
            NEVER
                .iter()
                .any(|(who, whom)| *who == room(module) && whom.contains(used))
        })
        .collect();
    let named: BTreeSet<(&str, &str)> = EXCEPTIONS.iter().map(|(module, used, _)| (*module, *used)).collect();
    let new: Vec<_> = broken.difference(&named).collect();
    assert!(new.is_empty(), "never: {new:?}");
    let mended: Vec<_> = named.difference(&broken).collect();
    assert!(mended.is_empty(), "no longer needed in the list: {mended:?}");
}

/// Nor does a file in a folder use the head of the folder if that uses the file: what both need is in a file of its own.
#[test]
fn no_files_use_each_other_in_a_circle() {
    let imports = Imports::read();
    let circles = imports.circles();
    assert!(circles.is_empty(), "{circles:#?}");
}

/// Each room as if it were one file: what is on one floor has an order too.
#[test]
fn no_rooms_use_each_other_in_a_circle() {
    let imports = Imports::read();
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, used) in &imports.0 {
        let own = rooms.entry(room(module).to_owned()).or_default();
        let others = used.iter().map(|used| room(used)).filter(|used| *used != room(module));
        own.extend(others.map(str::to_owned));
    }
    assert!(rooms.len() > 20, "{rooms:?}");
    let rooms = Imports(rooms);
    let circles = rooms.circles();
    assert!(circles.is_empty(), "{circles:#?}");
}
