// SPDX-License-Identifier: Apache-2.0
//! What must stand in a policy for images that are asked for under a mirror's name, and what the policy says with it.

use serde_json::{json, Value};

use super::combined::Combined;
use super::explanation::Stanza;
use super::image_policy::{ImagePolicy, ScopeEntry};
use super::mirrored::{Mirror, MirrorPart};
use super::place::Place;
use super::rulebook::{PlacedRequirement, Rulebook, Source, Spot, DOCKER};
use super::scope::Applied;
use super::{words, Policy, PolicyRequirement, Scope, Transport};
use crate::identity::{Remap, Rule};
use crate::reference::Reference;
use crate::text::place::shown;
use crate::text::safe;
use crate::yaml::emit;

/// What must stand in the policy for images that are asked for by the mirror's name. `scope` is the scope that applies to
/// `reference`, the source's name.
#[must_use]
pub fn of(book: &Rulebook, scope: Option<&str>, reference: &Reference, mirror: &Mirror) -> Option<Stanza> {
    let asked = mirror.name_of(reference)?;
    let rules = book.rules(scope);
    let part = MirrorPart::of(&rules, scope, reference, mirror);
    let mut notes = part.others(book, (scope, &rules), reference, mirror);
    let mut texts = Vec::new();
    let mut lines = Vec::new();
    let mut new = Vec::new();
    let mut identities = Vec::new();
    for located in &rules {
        let Some(own) = words::rule(located.requirement) else {
            lines.extend(original(book, scope, located));
            new.push((located.requirement.clone(), located.object));
            continue;
        };
        let rule = remapped(own, (reference, &asked), &part, located.object.is_some(), &mut notes)?;
        match located.object {
            Some(object) => texts.push(of_object(&object.to_string(), &part.scope(), &rule)),
            None => {
                let mut requirement = original(book, scope, located)?;
                requirement["signedIdentity"] = signed_identity(&rule);
                lines.push(requirement);
            }
        }
        new.push((with_identity(located.requirement, &rule), located.object));
        identities.push((own.wanted(reference), rule));
    }
    if !lines.is_empty() {
        let text = serde_json::to_string_pretty(&json!({ part.scope(): lines })).ok()?;
        // Without the braces around it: it is one scope among others.
        let lines = text.lines().filter(|line| *line != "{" && *line != "}");
        let lines: Vec<&str> = lines.map(|line| line.get(2..).unwrap_or(line)).collect();
        texts.insert(0, lines.join("\n"));
    }
    let (signed, is_identity_met) = signed_as(&identities, &asked, &mut notes);
    let decides = decides(book, &part, &asked, new, &mut notes);
    notes.dedup();
    Some(Stanza {
        mirror: mirror.location.clone(),
        named_by: mirror.named_by.clone(),
        text: texts.join("\n"),
        asked: asked.to_string(),
        signed,
        works: is_identity_met && decides,
        notes,
    })
}

/// The names under which the image must be signed, and whether the new rules accept that: one where it meets all of them.
/// `identities` has for each requirement the name that it wants, and its new rule.
fn signed_as(identities: &[(Reference, Rule)], asked: &Reference, notes: &mut Vec<String>) -> (Vec<String>, bool) {
    let meets_all = |name: &Reference| identities.iter().all(|(_, rule)| rule.matches(Some(asked), name));
    if let Some((one, _)) = identities.iter().find(|(name, _)| meets_all(name)) {
        return (vec![one.to_string()], true);
    }
    let mut names: Vec<String> = Vec::new();
    for (name, _) in identities {
        let name = name.to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.len() > 1 {
        notes.push(format!(
            "no one name is accepted by each requirement: the image needs a signature for each of {}",
            names.join(", ")
        ));
    }
    let is_met = identities.iter().all(|(name, rule)| rule.matches(Some(asked), name));
    (names, is_met)
}

/// Whether the policy with the new requirements asks for them, and for nothing else, under the mirror's name. What it says of
/// that name already goes to `notes`.
fn decides(
    book: &Rulebook,
    part: &MirrorPart,
    asked: &Reference,
    new: Vec<(PolicyRequirement, Option<&ImagePolicy>)>,
    notes: &mut Vec<String>,
) -> bool {
    let scope = part.scope();
    let there = book.rules(Some(&scope));
    let expected: Vec<PolicyRequirement> = new.iter().map(|(own, _)| own.clone()).collect();
    let at = places(&book.spots(Some(&scope)));
    let is_there = there.iter().map(|own| own.requirement).eq(&expected);
    if is_there {
        notes.push(format!("the policy has this already: {at}"));
    }
    let combined = with(book, &scope, new, &there);
    let (applied, found) = combined.policy.select(DOCKER, asked);
    let applied = match applied {
        Applied::Scope(scope) => Some(&*scope.name),
        Applied::Default => None,
    };
    let is_decided = applied == Some(&*scope);
    if !is_decided {
        notes.push(format!(
            "{} of the policy ({}) still decides for {asked}",
            applied.map_or("the default".to_owned(), |name| format!("scope {}", shown(name))),
            places(&book.spots(applied))
        ));
    } else if found != expected {
        notes.push(format!(
            "scope {} is there already ({at}): what it requires is required beside this",
            shown(&scope)
        ));
    } else if !is_there && there.iter().any(|own| own.object.is_none()) {
        notes.push(format!(
            "to be put in place of scope {}, which is there already ({at}): a policy with two of one name is refused",
            shown(&scope)
        ));
    }
    if let Some(inside) = part.inside(book, applied) {
        notes.push(format!(
            "the policy has narrower scopes inside {}, which decide for what they are for: {inside}",
            shown(&scope)
        ));
    }
    is_decided && found == expected && words::best(found.iter()) == "Verified"
}

/// The policy with new requirements in a scope: those of its file in place of what the file has there, and those of objects
/// in objects beside its own, but for what is `there` already.
fn with(
    book: &Rulebook,
    scope: &str,
    new: Vec<(PolicyRequirement, Option<&ImagePolicy>)>,
    there: &[PlacedRequirement<'_>],
) -> Combined {
    let mut base = book.base().and_then(Source::policy).cloned();
    let left_out = &book.combined.left_out;
    let own = book.objects().map(|(_, object)| object.clone());
    let mut objects: Vec<ImagePolicy> = own.filter(|own| !left_out.contains(&own.to_string())).collect();
    let mut of_file = Vec::new();
    for (requirement, object) in new {
        let is_there = there
            .iter()
            .any(|own| own.object.is_some() && *own.requirement == requirement);
        match object {
            None => of_file.push(requirement),
            Some(_) if is_there => {}
            Some(object) => objects.push(ImagePolicy {
                scopes: vec![ScopeEntry {
                    name: scope.to_owned(),
                    place: object.place,
                }],
                requirement,
                ..object.clone()
            }),
        }
    }
    if let Some(base) = base.as_mut().filter(|_| !of_file.is_empty()) {
        put(base, scope, of_file);
    }
    let namespace = objects.iter().find_map(|own| own.namespace.clone());
    Combined::new(base, &objects, namespace.as_deref())
}

/// Puts requirements into a scope of transport `docker`.
fn put(policy: &mut Policy, scope: &str, requirements: Vec<PolicyRequirement>) {
    if policy.transports.iter().all(|own| own.name != DOCKER) {
        policy.transports.push(Transport {
            name: DOCKER.to_owned(),
            scopes: Vec::new(),
        });
    }
    if let Some(section) = policy.transports.iter_mut().find(|own| own.name == DOCKER) {
        section.scopes.retain(|own| own.name != scope);
        section.scopes.push(Scope {
            name: scope.to_owned(),
            offset: 0,
            requirements,
        });
    }
}

/// Where something stands, for people.
fn places(spots: &[Spot]) -> String {
    let one = |spot: &Spot| match (safe(&spot.file.display().to_string()), spot.place) {
        (file, Place { line: 0, .. }) => format!("{file}, {}", spot.path),
        (file, place) => format!("{file}, line {}", place.line),
    };
    spots.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// The rule that accepts under the mirror's name, `asked`, what `own` accepts under the source's, `reference`.
fn remapped(
    own: &Rule,
    (reference, asked): (&Reference, &Reference),
    part: &MirrorPart,
    is_of_object: bool,
    notes: &mut Vec<String>,
) -> Option<Rule> {
    let source = part.source.clone();
    let signed = match own {
        // Whatever was asked for, the same is signed.
        Rule::ExactReference(_) | Rule::ExactRepository(_) => return Some(own.clone()),
        Rule::MatchRepository => {
            let exact = Rule::ExactRepository(Reference::parse(reference.name()).ok()?);
            let (what, instead) = if is_of_object {
                ("MatchRepository: RemapIdentity", identity_of_object(&exact))
            } else {
                ("matchRepository: remapIdentity", signed_identity(&exact))
            };
            notes.push(format!(
                "in place of {what} accepts only the requested tag, or any tag or digest if the image is asked for by \
                    digest, and never a name without a tag as cosign signs it; for this one repository, in scope {} and \
                    no wider one, {instead} accepts any tag or none",
                asked.name()
            ));
            source
        }
        Rule::MatchExact => {
            notes.push(
                "in place of matchExact: for images that are asked for by digest, remapIdentity accepts any tag or \
                    digest of the repository"
                    .into(),
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
fn original(book: &Rulebook, scope: Option<&str>, located: &PlacedRequirement<'_>) -> Option<Value> {
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

/// The same as the API of objects has it.
fn identity_of_object(rule: &Rule) -> Value {
    match rule {
        Rule::ExactRepository(reference) => {
            json!({"matchPolicy": "ExactRepository", "exactRepository": {"repository": reference.to_string()}})
        }
        Rule::Remap(remap) => {
            let (prefix, signed) = remap.prefixes();
            json!({"matchPolicy": "RemapIdentity", "remapIdentity": {"prefix": prefix, "signedPrefix": signed}})
        }
        _ => json!({"matchPolicy": "MatchRepoDigestOrExact"}),
    }
}

/// The part of an object's `spec`.
fn of_object(object: &str, location: &str, rule: &Rule) -> String {
    let spec = json!({"spec": {"scopes": [location], "policy": {"signedIdentity": identity_of_object(rule)}}});
    format!(
        "# an object of its own: add apiVersion, kind, metadata, and the rootOfTrust of {object}\n{}",
        emit::document(&spec).trim_end()
    )
}

/// A requirement with another identity rule.
fn with_identity(requirement: &PolicyRequirement, rule: &Rule) -> PolicyRequirement {
    let mut new = requirement.clone();
    if let PolicyRequirement::SignedBy { identity, .. } | PolicyRequirement::SigstoreSigned { identity, .. } = &mut new
    {
        identity.clone_from(rule);
    }
    new
}
