// SPDX-License-Identifier: Apache-2.0
//! Mirrors by name: what must stand in a policy for images that are asked for under a mirror's name.

use serde_json::{json, Value};

use super::explanation::Stanza;
use super::mirror_set::MirrorSet;
use super::rulebook::{self, Rulebook, DOCKER};
use super::{words, PolicyRequirement};
use crate::identity::{Remap, Rule};
use crate::reference::Reference;
use crate::yaml::emit;

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

/// What must stand in the policy for images that are asked for by the mirror's name. `scope` is the scope that applies to
/// `reference`, the source's name.
#[must_use]
pub fn stanza(book: &Rulebook, scope: Option<&str>, reference: &Reference, mirror: &Mirror) -> Option<Stanza> {
    let asked = mirror.name_of(reference)?;
    let rules = book.rules(scope);
    let mut notes = Vec::new();
    let mut texts = Vec::new();
    let mut requirements = Vec::new();
    let mut accepted = true;
    let mut signed = reference.clone();
    for located in &rules {
        let Some(own) = words::rule(located.requirement) else {
            requirements.extend(original(book, scope, located));
            continue;
        };
        let new = remapped(own, reference, mirror, &mut notes)?;
        signed = own.wanted(reference);
        accepted &= new.matches(Some(&asked), &signed);
        match located.object {
            Some(object) => texts.push(of_object(&object.to_string(), &mirror.location, &new)),
            None => {
                let mut requirement = original(book, scope, located)?;
                requirement["signedIdentity"] = signed_identity(&new);
                requirements.push(requirement);
            }
        }
    }
    if !requirements.is_empty() {
        let text = serde_json::to_string_pretty(&json!({ &mirror.location: requirements })).ok()?;
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
fn remapped(own: &Rule, reference: &Reference, mirror: &Mirror, notes: &mut Vec<String>) -> Option<Rule> {
    let source = mirror.signed_prefix(reference);
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
    Remap::new(&mirror.location, &signed).ok().map(Rule::Remap)
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
