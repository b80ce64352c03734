// SPDX-License-Identifier: Apache-2.0
//! Paths of key files that do not mean the same file to every reader of the policy.

use crate::policy::finding::{Code, Finding};
use crate::policy::rulebook::{PlacedRequirement, Rulebook};
use crate::policy::{member, KeyMaterial};
use crate::text::quoted;

/// A finding for each relative path. Keys of objects stand in them, so that these have none.
pub(super) fn of(rules: &[PlacedRequirement<'_>], book: &Rulebook) -> Vec<Finding> {
    rules.iter().flat_map(|rule| of_rule(rule, book)).collect()
}

fn of_rule(rule: &PlacedRequirement<'_>, book: &Rulebook) -> Vec<Finding> {
    let Some(material @ KeyMaterial::Paths(paths)) = member::material(rule.requirement) else {
        return Vec::new();
    };
    let relative = paths.iter().enumerate().filter(|(_, path)| path.is_relative());
    relative
        .map(|(number, path)| {
            Finding::new(
                Code::KeyPathRelative,
                Some(member::of_file(rule, material, number, book)),
                format!(
                    "{} is relative to the working directory of each program that reads the policy, not to the policy: the key is found from one directory only; write the path from the root (/)",
                    quoted(&path.display().to_string())
                ),
            )
        })
        .collect()
}
