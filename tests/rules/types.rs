// SPDX-License-Identifier: Apache-2.0
//! No two types of one name meet: whoever reads a file must not have to ask which of them is meant.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::paths;
use super::modules::texts;

/// The text of each module's file, and which modules define a type of a name.
struct Types {
    texts: BTreeMap<String, String>,
    homes: BTreeMap<String, BTreeSet<String>>,
}

impl Types {
    fn new(texts: BTreeMap<String, String>) -> Self {
        let mut homes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (module, text) in &texts {
            for name in text.lines().filter_map(defined) {
                homes.entry(name.to_owned()).or_default().insert(module.clone());
            }
        }
        Self { texts, homes }
    }

    /// Those of the tree.
    fn read() -> Self {
        Self::new(texts())
    }

    /// Each file in which types of one name meet: the module, the name, and the modules that define them.
    fn meetings(&self) -> Vec<(&str, String, BTreeSet<String>)> {
        let mut found = Vec::new();
        for (module, text) in &self.texts {
            let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for name in text.lines().filter_map(defined) {
                seen.entry(name.to_owned()).or_default().insert(module.clone());
            }
            let imported = paths(text);
            // Modules that the file names by their last word.
            let places = imported.iter().map(|path| absolute(module, path));
            let places: Vec<String> = places.map(|path| path.trim_end_matches("::self").to_owned()).collect();
            let by_last = |first: &str| places.iter().find(|place| place.rsplit("::").next() == Some(first));
            let qualified = runs(text).into_iter().filter_map(|path| {
                let (first, rest) = path.split_once("::")?;
                Some(format!("{}::{rest}", by_last(first)?))
            });
            for path in places.iter().cloned().chain(qualified) {
                if let Some((name, home)) = self.home(&path) {
                    seen.entry(name).or_default().insert(home);
                }
            }
            let meeting = seen.into_iter().filter(|(_, homes)| homes.len() > 1);
            found.extend(meeting.map(|(name, homes)| (module.as_str(), name, homes)));
        }
        found
    }

    /// The type that a path from the root leads to, and the module that defines it; none where it is not of this crate.
    fn home(&self, path: &str) -> Option<(String, String)> {
        let words: Vec<&str> = path.split("::").collect();
        let at = words.iter().position(|word| word.starts_with(char::is_uppercase))?;
        let (place, name) = (words[..at].join("::"), words[at]);
        let homes = self.homes.get(name)?;
        // What a head hands on is defined below it.
        let below = homes.iter().find(|home| home.starts_with(&format!("{place}::")));
        let home = homes.get(&place).or(below)?;
        Some((name.to_owned(), home.clone()))
    }
}

/// The type that a line defines.
fn defined(line: &str) -> Option<&str> {
    let words = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let mut words = words.skip_while(|word| ["pub", "super", "crate", "in", "run", ""].contains(word));
    let is_type = ["struct", "enum", "trait", "type"].contains(&words.next()?);
    words.next().filter(|name| is_type && !name.is_empty())
}

/// A path that begins with `crate`, `super`, `self` or a module of the file, from the root.
fn absolute(module: &str, path: &str) -> String {
    let mut place: Vec<&str> = match path.starts_with("crate::") {
        true => Vec::new(),
        false => module.split("::").collect(),
    };
    for (number, word) in path.split("::").enumerate() {
        match word {
            "crate" => {}
            "self" if number == 0 => {}
            "super" => {
                place.pop();
            }
            _ => place.push(word),
        }
    }
    place.join("::")
}

/// All paths of several words in a text.
fn runs(text: &str) -> Vec<&str> {
    let is_of_path = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let runs = text.split(|c: char| !is_of_path(c));
    runs.filter(|run| run.contains("::") && !run.starts_with(':')).collect()
}

#[test]
fn types_of_one_name_are_found_where_they_meet() {
    let texts = [
        ("a", "pub struct Error;\npub(super) enum Other {\n"),
        ("b", "mod c;\npub use c::Error;\n"),
        ("b::c", "pub type Error = u8;\n"),
        ("d", "use crate::{a, b};\nfn f() -> Result<a::Error, b::Error> {\n"),
        (
            "e",
            "use crate::a::Error;\nuse std::io;\nfn f(other: io::Error) -> Error {\n",
        ),
        ("f", "use crate::b::{self, c};\nenum Error {\nOne(c::Error),\n"),
        ("g", "use crate::a::Other;\nuse crate::b::Error;\n"),
    ];
    let texts = texts.map(|(module, text)| (module.to_owned(), text.to_owned()));
    let types = Types::new(texts.into());
    let homes = |homes: [&str; 2]| homes.map(str::to_owned).into();
    assert_eq!(
        types.meetings(),
        [
            ("d", "Error".to_owned(), homes(["a", "b::c"])),
            ("f", "Error".to_owned(), homes(["b::c", "f"])),
        ]
    );
}

#[test]
fn no_types_of_one_name_meet() {
    let types = Types::read();
    assert!(types.homes.len() > 500, "{}", types.homes.len());
    let several = types.homes.values().filter(|homes| homes.len() > 1).count();
    assert!(several > 20, "{several}");
    let meetings: Vec<String> = types
        .meetings()
        .into_iter()
        .map(|(module, name, homes)| format!("{module}: {name} of {homes:?}"))
        .collect();
    assert!(
        meetings.is_empty(),
        "types of one name, of which one gets a name of its own:\n{}",
        meetings.join("\n")
    );
}
