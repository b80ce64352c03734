// SPDX-License-Identifier: Apache-2.0
//! No test is left out: every file of tests is a module of one test program.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::modules::{files, root};

/// The most test programs that there may be: each is linked by itself, which takes longer than most of its tests.
const MAX_PROGRAMS: usize = 5;

/// The modules that a file declares.
fn declared(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let names = text.lines().filter_map(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';').map(str::to_owned)
    });
    names.collect()
}

#[test]
fn every_file_of_tests_is_in_one_program() {
    let programs = files("tests/programs", ".rs");
    assert!(programs.len() <= MAX_PROGRAMS, "{programs:?}");
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("autotests = false"));
    let mut users: BTreeMap<String, usize> = BTreeMap::new();
    for program in &programs {
        assert!(manifest.contains(&format!("path = \"{program}\"")), "{program}");
        for module in declared(Path::new(program)) {
            *users.entry(module).or_default() += 1;
        }
    }
    for file in files("tests", ".rs") {
        // A package of its own, whose tests cargo finds.
        if file.starts_with("tests/support/api/") {
            continue;
        }
        let path = Path::new(&file);
        let module = path.file_stem().unwrap().to_str().unwrap();
        let folder = path.parent().unwrap();
        if folder == Path::new("tests") {
            let programs = users.get(module).copied().unwrap_or_default();
            assert_eq!(programs, 1, "{file} is to be a module of one file in tests/programs");
        } else if folder != Path::new("tests/programs") && module != "mod" {
            let head = folder.with_extension("rs");
            let head = match root().join(&head).exists() {
                true => head,
                false => folder.join("mod.rs"),
            };
            let is_named = declared(&head).iter().any(|name| name == module);
            assert!(is_named, "{file} is no module of {}", head.display());
        }
    }
}
