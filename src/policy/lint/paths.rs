// SPDX-License-Identifier: Apache-2.0
//! Paths of files that do not mean the same file to every reader of the policy.

use std::path::Path;

use crate::policy::finding::{Code, Finding};
use crate::policy::rulebook::{PlacedRequirement, Rulebook, Spot};
use crate::policy::{member, KeyMaterial};
use crate::text::quoted;

/// A finding for each relative path. Keys of objects stand in them, so that these have none.
pub(super) fn of(rules: &[PlacedRequirement<'_>], book: &Rulebook) -> Vec<Finding> {
    rules.iter().flat_map(|rule| of_rule(rule, book)).collect()
}

fn of_rule(rule: &PlacedRequirement<'_>, book: &Rulebook) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(material @ KeyMaterial::Paths(paths)) = member::material(rule.requirement) {
        for (number, path) in paths.iter().enumerate().filter(|(_, path)| path.is_relative()) {
            findings.push(relative(path, member::of_file(rule, material, number, book), "key"));
        }
    }
    for file in member::authorities(rule.requirement) {
        if file.path.is_relative() {
            findings.push(relative(&file.path, member::spot(rule, &file.member, book), "file"));
        }
    }
    findings
}

fn relative(path: &Path, spot: Spot, what: &str) -> Finding {
    Finding::new(
        Code::KeyPathRelative,
        Some(spot),
        format!(
            "{} is relative to the working directory of each program that reads the policy, not to the policy: the {what} is found from one directory only; write the path from the root (/)",
            quoted(&path.display().to_string())
        ),
    )
}
