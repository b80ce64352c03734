// SPDX-License-Identifier: Apache-2.0
//! Licences of the crates that are linked, for machines without cargo-deny: `deny.toml` says which.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::support::skipped;

fn deny() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml")).unwrap()
}

/// The strings of a list in `deny.toml`, which this project writes in one simple way.
fn strings(text: &str, begin: &str) -> Vec<String> {
    // In one line, or one word a line up to a bracket of its own.
    let rest = text.split_once(begin).unwrap().1;
    let first = rest.lines().next().unwrap();
    let list = match first.contains(']') {
        true => first,
        false => rest.split_once("\n]").unwrap().0,
    };
    let code = list.lines().filter(|line| !line.trim_start().starts_with('#'));
    let found: Vec<String> = code
        .flat_map(|line| {
            line.split('"')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(!found.is_empty(), "{begin}");
    found
}

/// What cargo knows about the crates for a platform; `None` where they were not fetched.
fn metadata(platform: &str) -> Option<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1"])
        .args(["--filter-platform", platform])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    output
        .status
        .success()
        .then(|| serde_json::from_slice(&output.stdout).unwrap())
}

/// The packages that end up in the binary: reached by normal dependencies.
fn linked(metadata: &Value) -> Vec<&Value> {
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let mut left = vec![metadata["resolve"]["root"].as_str().unwrap()];
    let mut seen = BTreeSet::new();
    while let Some(id) = left.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node = nodes.iter().find(|node| node["id"] == id).unwrap();
        for dependency in node["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            if kinds.iter().any(|kind| kind["kind"].is_null()) {
                left.push(dependency["pkg"].as_str().unwrap());
            }
        }
    }
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .filter(|package| seen.contains(package["id"].as_str().unwrap()))
        .collect()
}

/// Whether an SPDX expression can be met with the allowed licences. `/` is the older way to write OR.
fn is_met(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any_of(&mut words, allowed);
    assert!(words.next().is_none(), "{expression}");
    met
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut met = all_of(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= all_of(words, allowed);
    }
    met
}

fn all_of(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words<'_>, allowed: &[String]) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let met = any_of(words, allowed);
        assert_eq!(words.next(), Some(")"));
        return met;
    }
    let mut licence = words.next().unwrap().to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        licence = format!("{licence} WITH {}", words.next().unwrap());
    }
    allowed.contains(&licence)
}

#[test]
fn an_expression_is_read_as_it_is_meant() {
    let allowed = ["MIT".to_owned(), "Zlib".to_owned()];
    for met in ["MIT", "GPL-3.0 OR MIT", "GPL-3.0/MIT", "(GPL-3.0 OR MIT) AND Zlib"] {
        assert!(is_met(met, &allowed), "{met}");
    }
    for unmet in ["GPL-3.0", "MIT AND GPL-3.0", "MIT WITH X", "Zlib AND (GPL-3.0 OR BSD)"] {
        assert!(!is_met(unmet, &allowed), "{unmet}");
    }
}

#[test]
fn every_linked_crate_has_an_allowed_licence_and_none_is_banned() {
    let deny = deny();
    let allowed = strings(&deny, "\nallow = [");
    let banned = strings(&deny, "\ndeny = [");
    let mut checked = 0;
    for platform in strings(&deny, "\ntargets = [") {
        let Some(metadata) = metadata(&platform) else {
            skipped("licences", &format!("the crates for {platform} are not all here"));
            continue;
        };
        let linked = linked(&metadata);
        assert!(linked.len() > 20, "{}", linked.len());
        checked += 1;
        for package in linked {
            let name = package["name"].as_str().unwrap();
            let licence = package["license"]
                .as_str()
                .unwrap_or_else(|| panic!("{name} has no licence"));
            assert!(is_met(licence, &allowed), "{name}: {licence} is not allowed");
            assert!(!banned.iter().any(|banned| banned == name), "{name} is banned");
            let source = package["source"].as_str();
            assert!(source.is_none_or(|s| s.starts_with("registry+https://github.com/rust-lang/crates.io-index")));
        }
    }
    assert!(checked > 0, "no platform's crates are here, not even this one's");
}
