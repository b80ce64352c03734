// SPDX-License-Identifier: Apache-2.0
//! What can be said against a policy from its files alone. What its keys and this machine have to do with
//! it is found elsewhere.

mod identities;
mod paths;
mod requirements;
mod scopes;

use super::finding::Finding;
use super::lists::lists;
use super::mirrored::Mirrors;
use super::rulebook::{PlacedRequirement, Rulebook, DOCKER};
use super::words;

/// Everything that is found.
#[must_use]
pub fn of(book: &Rulebook, mirrors: &Mirrors<'_>) -> Vec<Finding> {
    let lists = lists(book);
    let mut findings = Vec::new();
    let is_replaced = lists.iter().any(|list| {
        let is_all = list.transport == Some(DOCKER) && list.scope == Some("");
        is_all && words::best(list.rules.iter().map(|rule| rule.requirement)) != "Allowed"
    });
    for list in &lists {
        findings.extend(requirements::of_list(list, is_replaced));
        findings.extend(identities::of_list(list, book, mirrors));
    }
    findings.extend(requirements::of_objects(book));
    findings.extend(identities::of_objects(book, mirrors));
    findings.extend(paths::of(&rules(book), book));
    findings.extend(scopes::of(book, &lists));
    findings
}

/// All requirements: those of every scope and of the `default`, and those of objects once each.
#[must_use]
pub fn rules(book: &Rulebook) -> Vec<PlacedRequirement<'_>> {
    let mut rules: Vec<PlacedRequirement<'_>> = lists(book).into_iter().flat_map(|list| list.rules).collect();
    rules.extend(
        book.objects()
            .map(|(source, object)| PlacedRequirement::of_object(source, object)),
    );
    rules
}
