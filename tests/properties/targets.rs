// SPDX-License-Identifier: Apache-2.0
//! The fuzzing targets, with what the tests have as inputs: what each must hold holds for these, and none is left behind by
//! a change of the program until somebody fuzzes again.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;

use base64::prelude::{Engine as _, BASE64_STANDARD};
use serde_json::Value;

#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

/// A target's name, and what it does with an input.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 19] = [
    ("framing", fuzz::framing),
    ("certificates", fuzz::certificates),
    ("keyring", fuzz::keyring),
    ("status_lines", fuzz::status_lines),
    ("worker_output", fuzz::worker_output),
    ("gpg_agrees", fuzz::gpg_agrees),
    ("engines_agree", fuzz::engines_agree),
    ("payload", fuzz::payload),
    ("reference", fuzz::reference),
    ("digest", fuzz::digest),
    ("manifest", fuzz::manifest),
    ("object", fuzz::object),
    ("text", fuzz::text),
    ("policy", fuzz::policy),
    ("kubeconfig", fuzz::kubeconfig),
    ("registries", fuzz::registries),
    ("registry_answer", fuzz::registry_answer),
    ("api_answer", fuzz::api_answer),
    ("sigstore", fuzz::sigstore),
];

/// The longest input that fuzzing tries (`-max_len` in `fuzz/run`), in bytes.
const MAX_INPUT: usize = 65_536;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a directory.
fn add_files(directory: &Path, found: &mut BTreeMap<Vec<u8>, String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add_files(&path, found);
        } else if path.is_file() {
            found.insert(fs::read(&path).unwrap(), path.display().to_string());
        }
    }
}

/// Every string of a table of cases, and what it is in base64, and every object as text.
fn add_strings(value: &Value, table: &str, found: &mut BTreeMap<Vec<u8>, String>) {
    match value {
        Value::String(text) => {
            if let Ok(bytes) = BASE64_STANDARD.decode(text) {
                found.insert(bytes, format!("base64 of {table}: {text}"));
            }
            found.insert(text.clone().into_bytes(), format!("a string of {table}"));
        }
        Value::Array(items) => items.iter().for_each(|item| add_strings(item, table, found)),
        Value::Object(members) => {
            found.insert(value.to_string().into_bytes(), format!("an object of {table}"));
            members.values().for_each(|item| add_strings(item, table, found));
        }
        _ => {}
    }
}

/// Inputs that differ, each with where it comes from.
fn inputs() -> BTreeMap<Vec<u8>, String> {
    let mut found = BTreeMap::new();
    let data = root().join("tests/data");
    add_files(&data, &mut found);
    for entry in fs::read_dir(data.join("vectors")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "json") {
            let table: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            add_strings(&table["cases"], &path.display().to_string(), &mut found);
        }
    }
    found.retain(|input, _| input.len() <= MAX_INPUT);
    assert!(found.len() > 1_000, "{}", found.len());
    found
}

/// Runs these targets on all inputs.
fn hold(is_mine: impl Fn(&str) -> bool) {
    let inputs = inputs();
    for (name, target) in TARGETS.iter().filter(|(name, _)| is_mine(name)) {
        for (input, origin) in &inputs {
            let held = catch_unwind(AssertUnwindSafe(|| target(input)));
            assert!(held.is_ok(), "{name}: {origin}");
        }
    }
}

#[test]
fn fuzzing_targets_hold_for_what_the_tests_have() {
    hold(|name| !name.ends_with("_agrees") && !name.ends_with("_agree"));
}

#[test]
fn gpg_agrees_on_every_message_that_the_tests_have() {
    hold(|name| name == "gpg_agrees");
}

#[test]
fn engines_agree_on_every_message_that_the_tests_have() {
    hold(|name| name == "engines_agree");
}

#[test]
fn every_fuzzing_target_is_among_these() {
    let mut names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    let mut programs = Vec::new();
    for entry in fs::read_dir(root().join("fuzz/targets")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(&format!("image_signature_fuzz::{name}(input)")), "{text}");
        programs.push(name);
    }
    programs.sort_unstable();
    assert_eq!(programs, names);
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    let built: Vec<&str> = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("path = \"targets/")?.strip_suffix(".rs\""))
        .collect();
    assert_eq!(built.len(), names.len());
    assert!(names.iter().all(|name| built.contains(name)), "{built:?}");
}
