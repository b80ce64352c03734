// SPDX-License-Identifier: Apache-2.0
//! Mirrors by name, and which of a mirror's names a part of a policy is for.

use super::combined::covers;
use super::mirror_set::MirrorSet;
use super::rulebook::{self, Rulebook, DOCKER};
use super::{words, PolicyRequirement};
use crate::identity::Rule;
use crate::reference::Reference;
use crate::text::place::shown;

/// Most scopes that are named of those that a stanza is not for.
const MAX_NAMED: usize = 8;

/// A mirror that some configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// The file or object that names it.
    pub named_by: String,
    /// The prefix of names that it stands for.
    pub source: String,
    /// What takes its place.
    pub location: String,
    /// Whether what is asked for must not be fetched there.
    pub is_blocked: bool,
}

/// The mirrors of a repository, as far as they are known.
pub type Mirrors<'m> = dyn Fn(&Reference) -> Vec<Mirror> + 'm;

impl Mirror {
    /// A reference's name at the mirror, where that is a reference.
    #[must_use]
    pub fn name_of(&self, reference: &Reference) -> Option<Reference> {
        let name = reference.name();
        let covered = match self.source.strip_prefix('*') {
            // A wildcard stands for the whole host.
            Some(_) => name.split('/').next().map_or(0, str::len),
            None => self.source.len(),
        };
        let rest = reference.to_string().get(covered..)?.to_owned();
        Reference::parse_canonical(&format!("{}{rest}", self.location)).ok()
    }

    /// The prefix of names that are signed: the mirror's source, or the host where that is a wildcard.
    fn signed_prefix(&self, reference: &Reference) -> String {
        match self.source.strip_prefix('*') {
            Some(_) => reference.domain().to_owned(),
            None => self.source.clone(),
        }
    }
}

/// The mirrors that mirror sets name for a reference: those of its longest source, in the order of the objects. None is said to
/// be blocked here: that is not in the sets.
#[must_use]
pub(crate) fn of_sets<'s>(sets: impl Iterator<Item = &'s MirrorSet>, reference: &Reference) -> Vec<Mirror> {
    let mut mirrors: Vec<Mirror> = Vec::new();
    for set in sets {
        for entry in &set.sources {
            if !super::combined::covers(&entry.source, reference.name()) {
                continue;
            }
            mirrors.extend(entry.mirrors.iter().map(|location| Mirror {
                named_by: set.object.clone(),
                source: entry.source.clone(),
                location: location.clone(),
                is_blocked: false,
            }));
        }
    }
    let longest = mirrors.iter().map(|mirror| mirror.source.len()).max();
    mirrors.retain(|mirror| Some(mirror.source.len()) == longest && mirror.location != mirror.source);
    mirrors
}

/// The names that a stanza is for.
pub(super) struct MirrorPart {
    /// The part of the source's names: the mirror's source, or the scope or the prefix of a remapIdentity where that is narrower.
    /// A wider one would accept under the mirror's name what the policy refuses under the source's.
    pub(super) source: String,
    /// What takes its place at the mirror.
    pub(super) location: String,
    /// The tag or digest of the scope, where it has one, with what separates it from the name.
    tail: String,
}

impl MirrorPart {
    pub(super) fn of(
        rules: &[rulebook::PlacedRequirement<'_>],
        scope: Option<&str>,
        reference: &Reference,
        mirror: &Mirror,
    ) -> Self {
        let source = mirror.signed_prefix(reference);
        let name = reference.name();
        let image = scope.filter(|scope| *scope == reference.to_string());
        let prefixes = rules.iter().filter_map(|rule| prefix(rule.requirement));
        let narrower = prefixes.chain(image.map(|_| name)).chain(scope);
        let rests = narrower
            .filter(|part| is_below(part, name))
            .filter_map(|part| part.strip_prefix(source.as_str()))
            .filter(|rest| rest.starts_with('/'));
        let rest = rests.max_by_key(|rest| rest.len()).unwrap_or_default();
        Self {
            location: format!("{}{rest}", mirror.location),
            source: format!("{source}{rest}"),
            tail: image
                .and_then(|image| image.strip_prefix(name))
                .unwrap_or_default()
                .to_owned(),
        }
    }

    /// The scope of the stanza.
    pub(super) fn scope(&self) -> String {
        format!("{}{}", self.location, self.tail)
    }

    /// The scopes of the policy inside this part of the mirror's names, but for those that `told` names.
    pub(super) fn inside(&self, book: &Rulebook, told: Option<&str>) -> Option<String> {
        let scope = self.scope();
        let names = scopes(book).filter(|name| **name != *scope && Some(*name) != told && covers(&scope, name));
        let names: Vec<&str> = names.collect();
        (!names.is_empty()).then(|| listed(&names))
    }

    /// What is not for this stanza to say: other scopes of the policy, and prefixes of its own, whose images the mirror has.
    pub(super) fn others(
        &self,
        book: &Rulebook,
        (applied, rules): (Option<&str>, &[rulebook::PlacedRequirement<'_>]),
        reference: &Reference,
        mirror: &Mirror,
    ) -> Vec<String> {
        let prefixes = rules.iter().filter_map(|rule| prefix(rule.requirement));
        let prefixes = prefixes.filter(|prefix| !is_below(prefix, reference.name()));
        let others = scopes(book).filter(|name| Some(*name) != applied);
        let inside = others
            .chain(prefixes)
            .filter(|name| self.tail.is_empty() && !name.is_empty() && covers(&self.source, name));
        let inside: Vec<&str> = inside.collect();
        let mut notes = Vec::new();
        if !inside.is_empty() {
            notes.push(format!(
                "the policy has narrower scopes or prefixes inside {}: {}; what the mirror has of them needs stanzas of its own, which policy why REF --mirrors prints for an image of each, or this stanza decides for it",
                self.source,
                listed(&inside)
            ));
        }
        if self.location != mirror.location || !self.tail.is_empty() {
            notes.push(format!(
                "this stanza is for names in {} only: ask for an image elsewhere in {} for what the policy must say of it",
                self.scope(),
                mirror.source
            ));
        }
        notes
    }
}

/// What a requirement replaces in names.
fn prefix(requirement: &PolicyRequirement) -> Option<&str> {
    match words::rule(requirement) {
        Some(Rule::Remap(remap)) => Some(remap.prefixes().0),
        _ => None,
    }
}

/// Whether a name is a prefix, or in it.
fn is_below(prefix: &str, name: &str) -> bool {
    name.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The scopes of transport `docker`.
fn scopes(book: &Rulebook) -> impl Iterator<Item = &str> {
    let docker = book.combined.policy.transports.iter().find(|own| own.name == DOCKER);
    let all = docker.into_iter().flat_map(|section| &section.scopes);
    all.map(|scope| scope.name.as_str())
}

/// The first of some names, and how many more there are.
fn listed(names: &[&str]) -> String {
    let first: Vec<String> = names.iter().take(MAX_NAMED).map(|name| shown(name)).collect();
    match names.len().saturating_sub(MAX_NAMED) {
        0 => first.join(", "),
        rest => format!("{} and {rest} more", first.join(", ")),
    }
}

/// Whether any of these asks for a signature.
#[must_use]
pub(crate) fn asks_for_signatures<'r>(mut requirements: impl Iterator<Item = &'r PolicyRequirement>) -> bool {
    requirements.any(|requirement| words::rule(requirement).is_some())
}
