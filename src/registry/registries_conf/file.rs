// SPDX-License-Identifier: Apache-2.0
//! The grammar of one file: TOML with some rules on top. Unknown members are passed over, as its own readers do.

use std::path::Path;

use toml::{Table, Value};

use super::table::{Mirror, PullFromMirror, Registry, Spot};
use crate::policy::place::{Lines, Place};
use crate::text::place::{quoted, shown};
use crate::text::safe;

/// What one file says.
pub(super) struct Own {
    pub registries: Vec<Registry>,
    pub helpers: Option<Vec<String>>,
}

/// What is wrong in a file, safe to print, and where; line 0 where that is not known.
pub(super) struct TomlFault {
    pub place: Place,
    pub what: String,
}

impl From<String> for TomlFault {
    fn from(what: String) -> Self {
        let place = Place::default();
        Self { place, what }
    }
}

/// Reads the `[[registry]]` entries of a file; the first of a prefix counts.
pub(super) fn parse(path: &Path, text: &str) -> Result<Own, TomlFault> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| TomlFault {
        place: error.span().map_or(Place::default(), |span| {
            Lines::of(text.as_bytes()).at(span.start as u64)
        }),
        what: safe(error.message()),
    })?;
    if table.get("registries").is_some() {
        return Err(TomlFault {
            place: place_of(text, "registries"),
            what: "it is of version 1 ([registries.search] and the like), which is no longer read; write [[registry]] entries".to_owned(),
        });
    }
    check_short_names(&table).map_err(|what| of_member(text, what))?;
    let entries = tables(&table, "registry").map_err(|what| of_member(text, what))?;
    let mut registries: Vec<Registry> = Vec::new();
    for (n, entry) in entries.into_iter().enumerate() {
        let in_entry = |what: String| in_entry(text, n, entry, &what);
        let mut registry = registry(entry).map_err(in_entry)?;
        registry.spot = Spot(header(text, n).map(|place| (path.to_owned(), place.line)));
        check_against(&registries, &registry).map_err(in_entry)?;
        if !registries.iter().any(|own| own.prefix == registry.prefix) {
            registries.push(registry);
        }
    }
    Ok(Own {
        registries,
        helpers: helpers(&table).map_err(|what| of_member(text, what))?,
    })
}

/// What is wrong with a member of the file itself, whose name it begins with.
fn of_member(text: &str, what: String) -> TomlFault {
    let name = what.split(':').next().unwrap_or_default();
    TomlFault {
        place: place_of(text, name),
        what,
    }
}

/// Where a member or its table begins in the text, if it has a line of its own.
fn place_of(text: &str, name: &str) -> Place {
    let begins = |(number, line): (usize, &str)| {
        let begin = line.trim_start();
        let rest = begin.trim_start_matches('[').strip_prefix(name)?;
        let is_longer = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        (!is_longer).then(|| Place {
            line: number + 1,
            column: line.len() - begin.len() + 1,
        })
    };
    text.lines().enumerate().find_map(begins).unwrap_or_default()
}

/// What is wrong in an entry: its line where it stands below a header, its number where it does not, and its location.
fn in_entry(text: &str, n: usize, entry: &Table, what: &str) -> TomlFault {
    let place = header(text, n).unwrap_or_default();
    let number = match place.line {
        0 => format!("entry {}: ", n + 1),
        _ => String::new(),
    };
    let name = ["location", "prefix"]
        .into_iter()
        .find_map(|name| Some((name, entry.get(name)?.as_str()?)));
    let name = name.map(|(name, value)| format!(" ({name} = {})", quoted(value)));
    TomlFault {
        place,
        what: format!("{number}[[registry]]{}: {what}", name.unwrap_or_default()),
    }
}

/// Where the header of an entry is, if it stands below one.
fn header(text: &str, n: usize) -> Option<Place> {
    let is_header = |line: &str| line.split('#').next().map(str::trim) == Some("[[registry]]");
    let headers = text.lines().enumerate().filter(|(_, line)| is_header(line));
    let mut places = headers.map(|(number, line)| Place {
        line: number + 1,
        column: line.find('[').unwrap_or_default() + 1,
    });
    places.nth(n)
}

fn helpers(table: &Table) -> Result<Option<Vec<String>>, String> {
    let Some(value) = table.get("credential-helpers") else {
        return Ok(None);
    };
    let names = value
        .as_array()
        .map(|list| list.iter().map(|name| name.as_str().map(str::to_owned)));
    let names = names.and_then(Iterator::collect::<Option<Vec<String>>>);
    names
        .map(Some)
        .ok_or_else(|| "credential-helpers: expected a list of names".into())
}

/// Members that do not matter here, but spoil the file for its other readers.
fn check_short_names(table: &Table) -> Result<(), String> {
    match text(table, "short-name-mode")? {
        "" | "enforcing" | "permissive" | "disabled" => {}
        other => {
            return Err(format!(
                "short-name-mode: expected enforcing, permissive or disabled, found {}",
                quoted(other)
            ))
        }
    }
    let Some(search) = table.get("unqualified-search-registries") else {
        return Ok(());
    };
    let list = search
        .as_array()
        .ok_or("unqualified-search-registries: expected a list of hosts")?;
    for host in list {
        let is_host = host
            .as_str()
            .is_some_and(|host| crate::reference::Reference::is_prefix(host) && !host.contains('/'));
        if !is_host {
            return Err(format!(
                "unqualified-search-registries: {} is not a host",
                shown(host.as_str().unwrap_or("a value that is not a string"))
            ));
        }
    }
    Ok(())
}

fn registry(entry: &Table) -> Result<Registry, String> {
    let location = location(text(entry, "location")?)?;
    let prefix = self::location(text(entry, "prefix")?)?;
    if prefix.is_empty() && location.is_empty() {
        return Err("location and prefix are both missing".into());
    }
    if let Some(domain) = prefix.strip_prefix("*.") {
        if domain.contains(['/', ':', '@']) {
            return Err(format!(
                "prefix {}: a wildcard is *. and a domain, without port, path or digest",
                quoted(&prefix)
            ));
        }
    } else if location.is_empty() {
        return Err(format!("prefix {}: location is missing", quoted(&prefix)));
    }
    let prefix = if prefix.is_empty() { location.clone() } else { prefix };
    if entry.contains_key("pull-from-mirror") && !text(entry, "pull-from-mirror")?.is_empty() {
        return Err(format!(
            "{}: pull-from-mirror belongs to [[registry.mirror]]",
            quoted(&prefix)
        ));
    }
    let mirrors_by_digest_only = boolean(entry, "mirror-by-digest-only")?;
    let mut mirrors = Vec::new();
    for mirror in tables(entry, "mirror")? {
        let location = self::location(text(mirror, "location")?)?;
        if location.is_empty() {
            return Err(format!(
                "[[registry.mirror]] of {}: location is missing",
                quoted(&prefix)
            ));
        }
        let pull = match text(mirror, "pull-from-mirror")? {
            "" | "all" => PullFromMirror::All,
            "digest-only" => PullFromMirror::DigestOnly,
            "tag-only" => PullFromMirror::TagOnly,
            other => {
                return Err(format!(
                    "pull-from-mirror of mirror {}: expected all, digest-only or tag-only, found {}",
                    quoted(&location),
                    quoted(other)
                ))
            }
        };
        if mirrors_by_digest_only && !text(mirror, "pull-from-mirror")?.is_empty() {
            return Err(format!(
                "pull-from-mirror of mirror {} cannot be used with mirror-by-digest-only of its registry",
                quoted(&location)
            ));
        }
        mirrors.push(Mirror {
            location,
            insecure: boolean(mirror, "insecure")?,
            pull,
        });
    }
    Ok(Registry {
        prefix,
        location,
        insecure: boolean(entry, "insecure")?,
        blocked: boolean(entry, "blocked")?,
        is_forbidden_source: false,
        mirrors_by_digest_only,
        mirrors,
        spot: Spot::default(),
    })
}

/// Two entries of one location must agree on how it is contacted.
pub(super) fn check_conflicts(registries: &[Registry]) -> Result<(), String> {
    registries
        .iter()
        .enumerate()
        .try_for_each(|(n, registry)| check_against(&registries[..n], registry))
}

fn check_against(registries: &[Registry], registry: &Registry) -> Result<(), String> {
    let key = |registry: &Registry| {
        if registry.location.is_empty() {
            registry.prefix.clone()
        } else {
            registry.location.clone()
        }
    };
    let other = registries.iter().find(|own| key(own) == key(registry));
    match other {
        Some(other) if (other.insecure, other.blocked) != (registry.insecure, registry.blocked) => Err(format!(
            "{} occurs twice with different values of insecure or blocked",
            quoted(&key(registry))
        )),
        _ => Ok(()),
    }
}

/// A location or prefix without slashes at its end.
fn location(text: &str) -> Result<String, String> {
    if text.starts_with("http://") || text.starts_with("https://") {
        return Err(format!(
            "location {}: expected HOST[:PORT][/PATH] without http:// or https://",
            quoted(text)
        ));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn tables<'t>(table: &'t Table, name: &str) -> Result<Vec<&'t Table>, String> {
    match table.get(name) {
        None => Ok(Vec::new()),
        Some(Value::Array(entries)) => entries
            .iter()
            .map(|entry| {
                entry
                    .as_table()
                    .ok_or_else(|| format!("{name}: expected tables ([[{name}]])"))
            })
            .collect(),
        Some(_) => Err(format!("{name}: expected tables ([[{name}]])")),
    }
}

fn text<'t>(table: &'t Table, name: &str) -> Result<&'t str, String> {
    match table.get(name) {
        None => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(format!("{name}: expected a string")),
    }
}

fn boolean(table: &Table, name: &str) -> Result<bool, String> {
    match table.get(name) {
        None => Ok(false),
        Some(Value::Boolean(value)) => Ok(*value),
        Some(_) => Err(format!("{name}: expected true or false")),
    }
}
