// SPDX-License-Identifier: Apache-2.0
//! The licence of the RPM is that of everything linked into the program, and the lists beside it name each crate.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::packaging::recipes::{read, tag};
use crate::support::skipped;

const MANIFEST: &str = include_str!("../../Cargo.toml");

/// An SPDX expression in conjunctive form: alternatives, all of which hold.
type Conjunction = BTreeSet<BTreeSet<String>>;

fn conjunction(expression: &str) -> Conjunction {
    expression
        .split(" AND ")
        .map(|part| {
            let part = part
                .strip_prefix('(')
                .map_or(part, |inner| inner.strip_suffix(')').unwrap());
            assert!(
                !part.contains(['(', ')']),
                "{expression}: more than this test understands"
            );
            part.replace('/', " OR ").split(" OR ").map(spdx).collect()
        })
        .collect()
}

/// The gpgme bindings name their licence as SPDX did before 2018.
fn spdx(licence: &str) -> String {
    if licence == "LGPL-2.1" {
        "LGPL-2.1-only"
    } else {
        licence
    }
    .to_owned()
}

/// What cargo says of the crates that this platform uses.
fn metadata() -> Option<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1"])
        .args([
            "--filter-platform",
            &format!("{}-unknown-linux-gnu", std::env::consts::ARCH),
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    if !output.status.success() {
        skipped("packaging licences", "the crates are not all here");
        return None;
    }
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// What is linked into the program: `name vVERSION` and licence. Not what only runs while it is built.
fn linked() -> Option<BTreeMap<String, String>> {
    let metadata = metadata()?;
    let package = |id: &str| {
        let packages = metadata["packages"].as_array().unwrap();
        packages.iter().find(|package| package["id"] == id).unwrap()
    };
    let is_macro = |id: &str| {
        let targets = package(id)["targets"].as_array().unwrap();
        targets.iter().any(|target| target["kind"][0] == "proc-macro")
    };
    let mut found = BTreeMap::new();
    let mut left = vec![metadata["resolve"]["root"].as_str().unwrap()];
    while let Some(id) = left.pop() {
        let text = |member: &str| package(id)[member].as_str().unwrap().to_owned();
        let known = found.insert(format!("{} v{}", text("name"), text("version")), text("license"));
        if known.is_some() {
            continue;
        }
        let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
        let node = nodes.iter().find(|node| node["id"] == id).unwrap();
        for dependency in node["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            let id = dependency["pkg"].as_str().unwrap();
            if kinds.iter().any(|kind| kind["kind"].is_null()) && !is_macro(id) {
                left.push(id);
            }
        }
    }
    assert!(found.len() > 20, "{found:?}");
    Some(found)
}

#[test]
fn the_licence_of_the_rpm_is_the_conjunction_of_all_that_is_linked() {
    let Some(linked) = linked() else { return };
    let real: Conjunction = linked.values().flat_map(|licence| conjunction(licence)).collect();
    let stated = conjunction(&tag("License"));
    let forgotten: Vec<_> = real.difference(&stated).collect();
    let needless: Vec<_> = stated.difference(&real).collect();
    assert!(
        forgotten.is_empty() && needless.is_empty(),
        "License in packaging/rpm/image-signature.spec: add {forgotten:?}, remove {needless:?}"
    );
}

#[test]
fn every_licence_of_the_rpm_is_one_that_rpmlint_is_told_of() {
    let known = read("packaging/rpmlint.toml");
    for licence in conjunction(&tag("License")).into_iter().flatten() {
        assert!(
            known.contains(&format!("\"{licence}\"")),
            "packaging/rpmlint.toml: {licence}"
        );
    }
}

/// The source package of Debian has all crates in it, those that only build and test the program too.
#[test]
fn debians_copyright_names_each_crate_and_has_the_text_of_its_licence() {
    let Some(metadata) = metadata() else { return };
    let vendor = tempfile::tempdir().unwrap();
    let mut crates = BTreeSet::new();
    for package in metadata["packages"].as_array().unwrap() {
        if package["source"].is_null() {
            continue;
        }
        let text = |member: &str| package[member].as_str().unwrap();
        let name = format!("{}-{}", text("name"), text("version"));
        let directory = vendor.path().join(&name);
        std::fs::create_dir(&directory).unwrap();
        std::fs::copy(text("manifest_path"), directory.join("Cargo.toml")).unwrap();
        crates.insert(name);
    }
    assert!(crates.len() > 60, "{crates:?}");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/debian-crates.sh");
    let run = Command::new(script).arg(vendor.path()).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let stanzas = String::from_utf8(run.stdout).unwrap();
    let values = |begin: &'static str| stanzas.lines().filter_map(move |line| line.strip_prefix(begin));
    let named: BTreeSet<String> = values("Files: vendor/")
        .map(|files| files.strip_suffix("/*").unwrap().to_owned())
        .collect();
    assert_eq!(named, crates);
    let copyright = read("packaging/debian/copyright");
    let texts: Vec<&str> = copyright
        .lines()
        .filter_map(|line| line.strip_prefix("License: "))
        .collect();
    let used: BTreeSet<&str> = values("License: ")
        .flat_map(|line| line.split(", and "))
        .flat_map(|line| line.split(" or "))
        .collect();
    for licence in used {
        assert!(
            texts.contains(&licence),
            "packaging/debian/copyright has no text of {licence}"
        );
    }
}

#[test]
fn the_lists_of_crates_name_each_linked_crate_with_its_licence() {
    let Some(linked) = linked() else { return };
    let out = tempfile::tempdir_in("/tmp").unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/crates.sh");
    let run = Command::new(script)
        .arg(out.path())
        .env("CARGO", env!("CARGO"))
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    let list = |name: &str| std::fs::read_to_string(out.path().join(name)).unwrap();

    let licences = list("LICENSE.dependencies");
    assert!(!licences.contains("LGPL-2.1:") && !licences.contains('/'), "{licences}");
    let named: BTreeMap<&str, Conjunction> = licences
        .lines()
        .map(|line| line.split_once(": ").unwrap())
        .map(|(licence, name)| (name, conjunction(licence)))
        .collect();
    for (name, licence) in &named {
        // `cargo metadata` adds what a build script's features would pull in, so this is no equality.
        let real = linked.get(*name).unwrap_or_else(|| panic!("{name} is not linked"));
        assert_eq!(*licence, conjunction(real), "{name}");
    }
    let (_, dependencies) = MANIFEST.split_once("\n[dependencies]\n").unwrap();
    let (dependencies, _) = dependencies.split_once("\n[").unwrap();
    let direct: Vec<&str> = dependencies
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name)
        .collect();
    for name in [
        direct,
        vec![
            "image-signature",
            "gpgme-sys",
            "libgpg-error-sys",
            "openssl-sys",
            "libc",
        ],
    ]
    .concat()
    {
        assert!(
            named.keys().any(|named| named.starts_with(&format!("{name} v"))),
            "{name} is missing"
        );
    }

    let crates = list("cargo-vendor.txt");
    let crates: BTreeSet<&str> = crates.lines().collect();
    let others: BTreeSet<&str> = named
        .keys()
        .copied()
        .filter(|name| !name.starts_with("image-signature"))
        .collect();
    assert_eq!(crates, others);

    // Each has a line in the notices, with a file of its own or among those that have none; no other crate has.
    let mentioned: BTreeSet<String> = list("NOTICES")
        .lines()
        .filter_map(|line| line.strip_prefix("    ")?.split_once(": "))
        .filter(|(name, _)| !name.contains(' '))
        .map(|(name, _)| name.to_owned())
        .collect();
    let expected: BTreeSet<String> = crates.iter().map(|name| name.replace(" v", "-")).collect();
    assert_eq!(mentioned, expected);
    assert!(list("NOTICES").contains("Copyright (c) "));
}
