// SPDX-License-Identifier: Apache-2.0
//! What is public: what nothing outside reaches is for the crate alone, so that the compiler tells what is no longer used.

use std::collections::HashSet;
use std::fs;

use super::modules::{code, files, root};

#[test]
fn modules_are_public_where_something_outside_names_them() {
    let mut outside = fs::read_to_string(root().join("src/main.rs")).unwrap();
    for directory in ["tests", "benches", "fuzz/src"] {
        for file in files(directory, ".rs") {
            outside.push_str(&fs::read_to_string(root().join(&file)).unwrap());
        }
    }
    let words: HashSet<&str> = outside
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .collect();
    let mut modules = 0;
    for line in code() {
        let name = line.code.strip_prefix("pub mod ");
        if let Some(name) = name.and_then(|rest| rest.strip_suffix(';')) {
            modules += 1;
            assert!(words.contains(name), "{}: pub(crate) is enough for {name}", line.file);
        }
    }
    assert!(modules > 30);
}
