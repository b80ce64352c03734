// SPDX-License-Identifier: Apache-2.0
//! Mirrors by name: what must stand in a policy for images that are asked for under a mirror's name.

use serde_json::{json, Value};

use super::explanation::Stanza;
use super::mirror_set::MirrorSet;
use super::rulebook::{self, Rulebook, DOCKER};
use super::{words, PolicyRequirement};
use crate::identity::{Remap, Rule};
use crate::policy::combined::covers;
use crate::reference::Reference;
use crate::text::place::shown;
use crate::yaml::emit;

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
}

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

/// The mirrors that mirror sets name for a reference: those of its longest source, in the order of the objects.
#[must_use]
pub fn of_sets<'s>(sets: impl Iterator<Item = &'s MirrorSet>, reference: &Reference) -> Vec<Mirror> {
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
            }));
        }
    }
    let longest = mirrors.iter().map(|mirror| mirror.source.len()).max();
    mirrors.retain(|mirror| Some(mirror.source.len()) == longest && mirror.location != mirror.source);
    mirrors
}

/// The names that a stanza is for.
struct Part {
    /// The part of the source's names: the mirror's source, or the scope or the prefix of a remapIdentity where that is narrower.
    /// A wider one would accept under the mirror's name what the policy refuses under the source's.
    source: String,
    /// What takes its place at the mirror.
    location: String,
    /// The tag or digest of the scope, where it has one, with what separates it from the name.
    tail: String,
}

impl Part {
    fn of(
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
    fn scope(&self) -> String {
        format!("{}{}", self.location, self.tail)
    }

    /// What is not for this stanza to say: other scopes of the policy, and prefixes of its own, whose images the mirror has.
    fn others(
        &self,
        book: &Rulebook,
        (applied, rules): (Option<&str>, &[rulebook::PlacedRequirement<'_>]),
        reference: &Reference,
        mirror: &Mirror,
    ) -> Vec<String> {
        let prefixes = rules.iter().filter_map(|rule| prefix(rule.requirement));
        let prefixes = prefixes.filter(|prefix| !is_below(prefix, reference.name()));
        let docker = book.combined.policy.transports.iter().find(|own| own.name == DOCKER);
        let scopes = docker.into_iter().flat_map(|section| &section.scopes);
        let others = scopes
            .map(|scope| scope.name.as_str())
            .filter(|name| Some(*name) != applied);
        let inside = others
            .chain(prefixes)
            .filter(|name| self.tail.is_empty() && !name.is_empty() && covers(&self.source, name));
        let mut inside: Vec<String> = inside.map(shown).collect();
        let mut notes = Vec::new();
        if !inside.is_empty() {
            let rest = inside.len().saturating_sub(MAX_NAMED);
            inside.truncate(MAX_NAMED);
            let rest = if rest > 0 {
                format!(" and {rest} more")
            } else {
                String::new()
            };
            notes.push(format!(
                "the policy has narrower scopes or prefixes inside {}: {}{rest}; what the mirror has of them needs stanzas of its own, which policy why REF --mirrors prints for an image of each, or this stanza decides for it",
                self.source,
                inside.join(", ")
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

/// What must stand in the policy for images that are asked for by the mirror's name. `scope` is the scope that applies to
/// `reference`, the source's name.
#[must_use]
pub fn stanza(book: &Rulebook, scope: Option<&str>, reference: &Reference, mirror: &Mirror) -> Option<Stanza> {
    let asked = mirror.name_of(reference)?;
    let rules = book.rules(scope);
    let part = Part::of(&rules, scope, reference, mirror);
    let mut notes = part.others(book, (scope, &rules), reference, mirror);
    let mut texts = Vec::new();
    let mut requirements = Vec::new();
    let mut accepted = true;
    let mut signed = reference.clone();
    for located in &rules {
        let Some(own) = words::rule(located.requirement) else {
            requirements.extend(original(book, scope, located));
            continue;
        };
        let new = remapped(own, reference, &part, &mut notes)?;
        signed = own.wanted(reference);
        accepted &= new.matches(Some(&asked), &signed);
        match located.object {
            Some(object) => texts.push(of_object(&object.to_string(), &part.scope(), &new)),
            None => {
                let mut requirement = original(book, scope, located)?;
                requirement["signedIdentity"] = signed_identity(&new);
                requirements.push(requirement);
            }
        }
    }
    if !requirements.is_empty() {
        let text = serde_json::to_string_pretty(&json!({ part.scope(): requirements })).ok()?;
        // Without the braces around it: it is one scope among others.
        let lines = text.lines().filter(|line| *line != "{" && *line != "}");
        texts.insert(
            0,
            lines
                .map(|line| line.get(2..).unwrap_or(line))
                .collect::<Vec<_>>()
                .join("\n"),
        );
    }
    notes.dedup();
    Some(Stanza {
        mirror: mirror.location.clone(),
        named_by: mirror.named_by.clone(),
        text: texts.join("\n"),
        asked: asked.to_string(),
        signed: signed.to_string(),
        works: accepted,
        notes,
    })
}

/// The rule that accepts under the mirror's name what `own` accepts under the source's.
fn remapped(own: &Rule, reference: &Reference, part: &Part, notes: &mut Vec<String>) -> Option<Rule> {
    let source = part.source.clone();
    let signed = match own {
        // Whatever was asked for, the same is signed.
        Rule::ExactReference(_) | Rule::ExactRepository(_) => return Some(own.clone()),
        Rule::MatchRepository => {
            notes.push(format!(
                "in place of matchRepository: remapIdentity takes the tag that was asked for only; for one repository {{\"type\": \"exactRepository\", \"dockerRepository\": \"{}\"}} takes any tag or none",
                reference.name()
            ));
            source
        }
        Rule::MatchExact => {
            notes.push(
                "in place of matchExact: for images that are asked for by digest, remapIdentity takes any tag or digest of the repository".into(),
            );
            source
        }
        Rule::MatchRepoDigestOrExact => source,
        Rule::Remap(remap) => {
            let (prefix, signed) = remap.prefixes();
            match source.strip_prefix(prefix) {
                Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{signed}{rest}"),
                _ => source,
            }
        }
    };
    Remap::new(&part.location, &signed).ok().map(Rule::Remap)
}

/// A requirement as it stands in the policy.
fn original(book: &Rulebook, scope: Option<&str>, located: &rulebook::PlacedRequirement<'_>) -> Option<Value> {
    if located.object.is_some() {
        return None;
    }
    let policy: Value = serde_json::from_slice(&book.base()?.text).ok()?;
    let list = match scope {
        Some(scope) => &policy["transports"][DOCKER][scope],
        None => &policy["default"],
    };
    let number = located.spot.path.rsplit_once('[')?.1.trim_end_matches(']').parse().ok();
    number.and_then(|number: usize| list.get(number)).cloned()
}

fn signed_identity(rule: &Rule) -> Value {
    match rule {
        Rule::Remap(remap) => {
            let (prefix, signed) = remap.prefixes();
            json!({"type": "remapIdentity", "prefix": prefix, "signedPrefix": signed})
        }
        Rule::ExactReference(reference) => json!({"type": "exactReference", "dockerReference": reference.to_string()}),
        Rule::ExactRepository(reference) => {
            json!({"type": "exactRepository", "dockerRepository": reference.to_string()})
        }
        Rule::MatchExact => json!({"type": "matchExact"}),
        Rule::MatchRepository => json!({"type": "matchRepository"}),
        Rule::MatchRepoDigestOrExact => json!({"type": "matchRepoDigestOrExact"}),
    }
}

/// The part of an object's `spec`.
fn of_object(object: &str, location: &str, rule: &Rule) -> String {
    let identity = match rule {
        Rule::ExactRepository(reference) => {
            json!({"matchPolicy": "ExactRepository", "exactRepository": {"repository": reference.to_string()}})
        }
        Rule::Remap(remap) => {
            let (prefix, signed) = remap.prefixes();
            json!({"matchPolicy": "RemapIdentity", "remapIdentity": {"prefix": prefix, "signedPrefix": signed}})
        }
        _ => json!({"matchPolicy": "MatchRepoDigestOrExact"}),
    };
    let spec = json!({"spec": {"scopes": [location], "policy": {"signedIdentity": identity}}});
    format!(
        "# an object of its own, with the rootOfTrust of {object}\n{}",
        emit::document(&spec).trim_end()
    )
}

/// Whether any of these asks for a signature.
#[must_use]
pub fn asks_for_signatures<'r>(mut requirements: impl Iterator<Item = &'r PolicyRequirement>) -> bool {
    requirements.any(|requirement| words::rule(requirement).is_some())
}
