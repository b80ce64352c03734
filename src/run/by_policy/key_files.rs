// SPDX-License-Identifier: Apache-2.0
//! The key files of a whole policy: those of every scope of every transport must be of use before anything is judged, since a
//! revocation in one of them counts everywhere (docs/contract.md 9).

use std::collections::HashSet;
use std::path::PathBuf;

use super::draft::{Draft, DraftDemand};
use crate::policy::image_policy::ImagePolicy;
use crate::policy::lists::{lists, List};
use crate::policy::member;
use crate::policy::rulebook::{PlacedRequirement, Rulebook, DOCKER};
use crate::policy::{KeyMaterial, PolicyRequirement};
use crate::settings::UsageError;
use crate::text::{place, safe};

/// A key file that is of no use.
pub(in crate::run) struct Trouble {
    transport: String,
    /// The scope that names it; none for the policy's `default`.
    scope: Option<String>,
    /// What is wrong, with the place where it is named; safe to print.
    pub(in crate::run) message: String,
}

impl Trouble {
    /// Whether a scope of transport `docker` names it.
    pub(in crate::run) fn is_of(&self, scope: Option<&str>) -> bool {
        self.transport == DOCKER && self.scope.as_deref() == scope
    }
}

/// Makes sure that the key files which a policy names, wherever in it, are of use, before anything is asked for.
///
/// # Errors
/// When one is not. `name` is what the policy is called.
pub(in crate::run) fn check(book: &Rulebook, name: &str) -> Result<(), UsageError> {
    match troubles(book, name).into_iter().next() {
        Some(trouble) => Err(UsageError::new(trouble.message)),
        None => Ok(()),
    }
}

/// The key files that are of no use, the first one of each requirement. Keys that objects of a cluster name are not among
/// them: they are judged by where they are needed. Nor are those that can be read once only.
pub(in crate::run) fn troubles(book: &Rulebook, name: &str) -> Vec<Trouble> {
    let mut looking = Looking {
        book,
        name,
        good: HashSet::new(),
        troubles: Vec::new(),
    };
    for list in lists(book) {
        looking.look(&list);
    }
    looking.troubles
}

/// A policy whose key files are looked at.
struct Looking<'b> {
    book: &'b Rulebook,
    name: &'b str,
    /// What names key files that are of use, as OpenPGP keys or as others: scopes often name the same.
    good: HashSet<(&'b KeyMaterial, bool)>,
    troubles: Vec<Trouble>,
}

impl<'b> Looking<'b> {
    fn look(&mut self, list: &List<'b>) {
        let words = match list.transport {
            None | Some(DOCKER) => words(self.name, list.scope),
            Some(other) => format!("transport {other}, {}", words(self.name, list.scope)),
        };
        for (number, rule) in list.rules.iter().enumerate() {
            let Some(material) = member::material(rule.requirement).filter(|_| !is_read_once(rule.requirement)) else {
                continue;
            };
            let is_openpgp = matches!(rule.requirement, PolicyRequirement::SignedBy { .. });
            if self.good.contains(&(material, is_openpgp)) {
                continue;
            }
            match draft((self.book, &words, number), rule.requirement, Some(rule), None) {
                // Of what is not checked the keys are not read.
                Ok(draft) if matches!(draft.demand, DraftDemand::Ready(_)) => {}
                Ok(_) => {
                    self.good.insert((material, is_openpgp));
                }
                Err(UsageError(message)) => self.troubles.push(Trouble {
                    transport: list.transport.unwrap_or(DOCKER).to_owned(),
                    scope: list.scope.map(str::to_owned),
                    message,
                }),
            }
        }
    }
}

/// A requirement with the key files that it names. `words` are those of its scope, and `rule` says where it stands.
///
/// # Errors
/// When one is of no use.
pub(super) fn draft(
    (book, words, number): (&Rulebook, &str, usize),
    requirement: &PolicyRequirement,
    rule: Option<&PlacedRequirement<'_>>,
    object: Option<&ImagePolicy>,
) -> Result<Draft, UsageError> {
    Draft::of(requirement, object).map_err(|(file, message)| {
        let at = rule.map_or_else(String::new, |rule| at(book, rule, file));
        UsageError::new(format!("{words}, requirement {}{at}: {message}", number + 1))
    })
}

/// Where the key file of a number stands, as an addition to the requirement.
pub(super) fn at(book: &Rulebook, rule: &PlacedRequirement<'_>, file: usize) -> String {
    let Some(material) = member::material(rule.requirement) else {
        return String::new();
    };
    let spot = member::of_file(rule, material, file, book);
    let path = safe(&spot.path);
    match spot.place.line {
        0 => format!(" ({path})"),
        line => format!(" (line {line}, column {}, {path})", spot.place.column),
    }
}

/// A scope of a policy in words; none for its `default`.
pub(super) fn words(name: &str, scope: Option<&str>) -> String {
    match scope {
        None => format!("the default of {name}"),
        Some("") => format!("the scope of all references in {name}"),
        Some(scope) => format!("scope {} of {name}", place::quoted(scope)),
    }
}

/// Whether a key file of a requirement gives its bytes once only, as a pipe does.
fn is_read_once(requirement: &PolicyRequirement) -> bool {
    let is_other = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|of| !of.is_file() && !of.is_dir());
    matches!(member::material(requirement), Some(KeyMaterial::Paths(paths)) if paths.iter().any(is_other))
}
