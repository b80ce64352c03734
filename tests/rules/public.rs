// SPDX-License-Identifier: Apache-2.0
//! What is public: what nothing outside reaches is for the crate alone, so that the compiler tells what is no longer used.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::modules::{files, root};
use super::shipped::shipped;

/// Reads a path, or a tree of them as in `use`, at the beginning of a text: each path with the name that it has from then on.
/// Gives what follows.
fn tree<'t>(before: &str, text: &'t str, found: &mut Vec<(String, String)>) -> &'t str {
    let is_of_path = |c: char| c.is_ascii_alphanumeric() || "_:".contains(c);
    let end = text.find(|c| !is_of_path(c)).unwrap_or(text.len());
    let (path, mut rest) = text.split_at(end);
    let path = format!("{before}{path}");
    let is_open = path.is_empty() || path.ends_with("::");
    if let (true, Some(inside)) = (is_open, rest.strip_prefix('{')) {
        rest = inside;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            match rest.strip_prefix('}') {
                Some(after) => return after,
                None => {
                    let after = tree(&path, rest, found);
                    // What is no path, such as a `*`, leads nowhere.
                    rest = if after.len() == rest.len() {
                        after.get(1..).unwrap_or("")
                    } else {
                        after
                    };
                    if rest.is_empty() {
                        return rest;
                    }
                }
            }
        }
    }
    let path = path.trim_end_matches(':').trim_end_matches("::self").to_owned();
    let mut name = path.rsplit("::").next().unwrap_or_default().to_owned();
    if let Some(renamed) = rest.strip_prefix(" as ") {
        let end = renamed.find(|c| !is_of_path(c)).unwrap_or(renamed.len());
        name = renamed[..end].to_owned();
        rest = &renamed[end..];
    }
    found.push((path, name));
    rest
}

/// What stands after each occurrence of a name before `::`, where the name is whole.
fn after<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let before = format!("{name}::");
    let is_whole = |at: usize| !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':');
    let places = text.match_indices(&before).filter(|(at, _)| is_whole(*at));
    places.map(|(at, _)| &text[at + before.len()..]).collect()
}

/// The paths below the crate that a file names: at once, and by what it has in use from it.
fn paths(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for text in after(text, "image_signature") {
        tree("", text, &mut found);
    }
    let used: BTreeMap<String, String> = found.iter().map(|(path, name)| (name.clone(), path.clone())).collect();
    for (name, path) in &used {
        // Types have no modules.
        if name.starts_with(|c: char| c.is_ascii_lowercase()) {
            for text in after(text, name) {
                tree(&format!("{path}::"), text, &mut found);
            }
        }
    }
    found.into_iter().map(|(path, _)| path).collect()
}

#[test]
fn paths_are_found_in_trees_and_by_the_names_in_use() {
    let text = "use image_signature::edit::{self, Change, deep::{A, b as c}};\nuse image_signature::{text, input};\n\
                fn f() { edit::json::edit(); c::d(); context::e(); image_signature::g::h() }";
    let expected = [
        "edit",
        "edit::Change",
        "edit::deep::A",
        "edit::deep::b",
        "edit::deep::b::d",
        "edit::json::edit",
        "g::h",
        "input",
        "text",
    ];
    let found: BTreeSet<String> = paths(text).into_iter().collect();
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn modules_are_public_where_something_outside_names_them() {
    let outside = ["tests", "benches", "fuzz/src"]
        .map(|folder| files(folder, ".rs"))
        .concat();
    let mut named = BTreeSet::new();
    for file in outside.into_iter().chain(["src/main.rs".to_owned()]) {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        for path in paths(&text) {
            let ends = path.match_indices("::").map(|(at, _)| at).chain([path.len()]);
            named.extend(ends.map(|end| path[..end].to_owned()));
        }
    }
    let mut modules = 0;
    for file in files("src", ".rs") {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        let inside = file["src/".len()..file.len() - ".rs".len()].replace('/', "::");
        for (_, line) in shipped(&text) {
            let name = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';'));
            let Some(name) = name else { continue };
            let path = if inside == "lib" {
                name.to_owned()
            } else {
                format!("{inside}::{name}")
            };
            modules += 1;
            assert!(named.contains(&path), "{file}: pub(crate) is enough for {name}");
        }
    }
    assert!(modules > 30);
}
