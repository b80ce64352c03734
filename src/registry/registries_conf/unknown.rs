// SPDX-License-Identifier: Apache-2.0
//! Members that containers-registries.conf(5) does not know: the readers of the file pass them over in silence. One may be a
//! known member, misspelt.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::policy::place::{Lines, Place};
use crate::text::{place::quoted, safe};

/// Most members of a file that are remembered.
const MAX_UNKNOWN: usize = 20;

/// What may stand beside the entries.
const OF_FILE: [&str; 6] = [
    "additional-layer-store-auth-helper",
    "aliases",
    "credential-helpers",
    "registry",
    "short-name-mode",
    "unqualified-search-registries",
];

/// What an entry may have.
const OF_REGISTRY: [&str; 7] = [
    "blocked",
    "insecure",
    "location",
    "mirror",
    "mirror-by-digest-only",
    "prefix",
    "pull-from-mirror",
];

/// What a mirror of an entry may have.
const OF_MIRROR: [&str; 3] = ["insecure", "location", "pull-from-mirror"];

/// A member without a meaning, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The file that it stands in.
    pub file: PathBuf,
    /// Where its name begins.
    pub place: Place,
    /// The table that it stands in and its name, safe to print.
    pub path: String,
    /// As the file has it, which is not safe to print.
    name: String,
    /// The prefix of the entry that it stands in; `None` beside the entries.
    pub(super) prefix: Option<String>,
}

impl Unknown {
    /// What is to be said of it, safe to print.
    #[must_use]
    pub fn passed_over(&self) -> String {
        format!(
            "{} is not a member that containers-registries.conf(5) knows, and is ignored",
            quoted(&self.name)
        )
    }

    /// The same with its place before it.
    #[must_use]
    pub fn warning(&self) -> String {
        let file = safe(&self.file.display().to_string());
        format!("{file} line {}: {}", self.place.line, self.passed_over())
    }
}

/// The unknown members of a file whose grammar is right.
pub(super) fn of(file: &Path, text: &str) -> Vec<Unknown> {
    let Ok(root) = DeTable::parse(text) else {
        return Vec::new();
    };
    let mut search = Search {
        file,
        lines: Lines::of(text.as_bytes()),
        found: Vec::new(),
    };
    search.table(root.get_ref(), "", &OF_FILE, None);
    for entry in tables(root.get_ref(), "registry") {
        let member = |name| member(entry, name).filter(|text| !text.is_empty());
        let prefix = member("prefix").or_else(|| member("location")).unwrap_or_default();
        let prefix = Some(prefix.trim_end_matches('/'));
        search.table(entry, "registry.", &OF_REGISTRY, prefix);
        for mirror in tables(entry, "mirror") {
            search.table(mirror, "registry.mirror.", &OF_MIRROR, prefix);
        }
    }
    search.found
}

struct Search<'t> {
    file: &'t Path,
    lines: Lines,
    found: Vec<Unknown>,
}

impl Search<'_> {
    fn table(&mut self, table: &DeTable<'_>, path: &str, known: &[&str], prefix: Option<&str>) {
        let own = table.keys().filter(|name| !known.contains(&&**name.get_ref()));
        let mut own: Vec<_> = own.collect();
        own.sort_by_key(|name| name.span().start);
        for name in own {
            if self.found.len() == MAX_UNKNOWN {
                return;
            }
            self.found.push(Unknown {
                file: self.file.to_owned(),
                place: self.lines.at(name.span().start as u64),
                path: format!("{path}{}", safe(name.get_ref())),
                name: name.get_ref().to_string(),
                prefix: prefix.map(str::to_owned),
            });
        }
    }
}

fn member<'t>(table: &'t DeTable<'_>, name: &str) -> Option<&'t str> {
    match table.get(name)?.get_ref() {
        DeValue::String(text) => Some(text),
        _ => None,
    }
}

/// The tables of a list of them.
fn tables<'t, 'i>(table: &'t DeTable<'i>, name: &str) -> impl Iterator<Item = &'t DeTable<'i>> {
    let list = match table.get(name).map(toml::Spanned::get_ref) {
        Some(DeValue::Array(list)) => Some(list),
        _ => None,
    };
    let entries = list.into_iter().flat_map(|list| list.iter());
    entries.filter_map(|entry| match entry.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    })
}
