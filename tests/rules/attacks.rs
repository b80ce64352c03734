// SPDX-License-Identifier: Apache-2.0
//! The attacks in SECURITY.md, and the answers that are believed, are tried by tests that there are.

use std::fs;
use std::path::Path;

use super::modules::{files, root};

/// The tests that a text names: `file::test`, each between grave accents.
fn named(text: &str) -> Vec<(&str, &str)> {
    let spans = text.split('`').skip(1).step_by(2);
    spans.filter_map(|span| span.split_once("::")).collect()
}

/// The rows of the table in a section of SECURITY.md, whose head begins so.
fn rows<'t>(text: &'t str, section: &str, head: &str) -> Vec<&'t str> {
    text.split("\n## ")
        .find(|text| text.starts_with(section))
        .unwrap_or_else(|| panic!("SECURITY.md has no section {section}"))
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with(head))
        .collect()
}

/// Each row of the table in a section of SECURITY.md names tests, and all of them are there.
fn rows_name_tests(section: &str, head: &str, least: usize) {
    let text = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let rows = rows(&text, section, head);
    assert!(rows.len() > least, "{section}: {}", rows.len());
    let sources = files("tests", ".rs");
    for row in rows {
        let tests = named(row);
        assert!(!tests.is_empty(), "no test: {row}");
        for (file, test) in tests {
            let is_there = sources.iter().any(|source| {
                Path::new(source).file_stem().is_some_and(|stem| stem == file)
                    && fs::read_to_string(root().join(source))
                        .unwrap()
                        .contains(&format!("#[test]\nfn {test}()"))
            });
            assert!(is_there, "no test {file}::{test}, which this row names: {row}");
        }
    }
}

#[test]
fn each_attack_is_tried_by_a_test_that_there_is() {
    rows_name_tests("Attacks", "| attack |", 30);
}

#[test]
fn each_answer_that_is_believed_is_tried_by_a_test_that_there_is() {
    rows_name_tests("Answers", "| answer |", 20);
}

/// `make mutants` takes each of them out; what has moved must be followed there.
#[test]
fn each_mend_stands_where_the_list_of_mends_has_it() {
    let security = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let mends = fs::read_to_string(root().join("mutants/mends")).unwrap();
    let (mut file, mut count) = (String::new(), 0);
    for line in mends.lines() {
        if let Some(attack) = line.strip_prefix("attack: ") {
            assert!(
                security.contains(&format!("\n| {attack}")),
                "no row begins with {attack}"
            );
        } else if let Some(name) = line.strip_prefix("file: ") {
            file = fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        } else if let Some(old) = line.strip_prefix("old: ") {
            assert_eq!(file.matches(old).count(), 1, "{old}");
            count += 1;
        }
    }
    assert!(count > 40, "{count}");
    // A row whose mend cannot be taken out is a promise that nothing was seen to keep.
    let begins: Vec<&str> = mends.lines().filter_map(|line| line.strip_prefix("attack: ")).collect();
    let mut without = rows(&security, "Attacks", "| attack |");
    without.retain(|row| !begins.iter().any(|begin| row[2..].starts_with(begin)));
    assert!(without.is_empty(), "no mend is taken out for {without:#?}");
}
