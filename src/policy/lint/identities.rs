// SPDX-License-Identifier: Apache-2.0
//! Identity rules that do not go with their scope.

use crate::identity::Rule;
use crate::policy::combined::covers;
use crate::policy::finding::{Code, Finding, Severity};
use crate::policy::lists::List;
use crate::policy::mirrored::Mirrors;
use crate::policy::rulebook::{Rulebook, Spot, DOCKER};
use crate::policy::scope::around;
use crate::policy::{words, PolicyRequirement};
use crate::reference::Reference;

pub(super) fn of_list(list: &List<'_>, book: &Rulebook, mirrors: &Mirrors<'_>) -> Vec<Finding> {
    if list
        .transport
        .is_some_and(|transport| transport != DOCKER && transport != "atomic")
    {
        return Vec::new();
    }
    let scope = list.scope.unwrap_or_default();
    list.rules
        .iter()
        .flat_map(|rule| {
            let mut spot = rule.spot.clone();
            spot.path = format!("{}.signedIdentity", spot.path);
            of_rule(rule.requirement, scope, spot, (book, mirrors))
        })
        .collect()
}

/// The same of objects, whose one rule is for each of their scopes.
pub(super) fn of_objects(book: &Rulebook, mirrors: &Mirrors<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (source, object) in book.objects() {
        for (number, entry) in object.scopes.iter().enumerate() {
            let spot = Spot::of_scope(source, object, number);
            findings.extend(of_rule(&object.requirement, &entry.name, spot, (book, mirrors)));
        }
    }
    findings
}

fn of_rule(
    requirement: &PolicyRequirement,
    scope: &str,
    spot: Spot,
    (book, mirrors): (&Rulebook, &Mirrors<'_>),
) -> Vec<Finding> {
    let Some(identity) = words::rule(requirement) else {
        return Vec::new();
    };
    let warning = |message| (Severity::Warning, message);
    let of_scope = never_met(identity, scope)
        .or_else(|| never_remaps(identity, scope, book).map(warning))
        .or_else(|| of_one_repository(identity, scope, mirrors));
    let told = of_scope.into_iter().chain(without_effect(identity).map(warning));
    told.map(|(severity, message)| {
        Finding::new(Code::IdentityAgainstScope, Some(spot.clone()), message).at_most(severity)
    })
    .collect()
}

/// Says that the tag or digest of `exactRepository` is dropped.
fn without_effect(rule: &Rule) -> Option<String> {
    let Rule::ExactRepository(reference) = rule else {
        return None;
    };
    let name = reference.name();
    let what = match (reference.tag(), reference.digest()) {
        (None, None) => return None,
        (Some(tag), None) => format!("the tag {tag} has"),
        (None, Some(digest)) => format!("the digest {digest} has"),
        (Some(tag), Some(_)) => format!("the tag {tag} and the digest have"),
    };
    Some(format!(
        "{what} no effect: exactRepository accepts a signature for any image of {name}; write the repository alone, or exactReference for this image only"
    ))
}

/// Says that no signature fits the images whose prefix is replaced, or the one that the scope names. Only a note where that
/// name may as well be the beginning of those of other images, which nobody needs to call an image by.
fn never_met(rule: &Rule, scope: &str) -> Option<(Severity, String)> {
    if let Rule::Remap(remap) = rule {
        let (prefix, _) = remap.prefixes();
        if !remap.gives_references() && overlaps(scope, prefix) {
            let narrower = if covers(prefix, scope) { scope } else { prefix };
            let message = format!(
                "no signature fits an image in {narrower}: {}; write a signedPrefix that begins with the host of a registry",
                remap.no_reference()
            );
            return Some((Severity::Warning, message));
        }
    }
    let image = Reference::parse(scope).ok().filter(|own| own.to_string() == scope)?;
    if rule.can_be_met(&image) && rule.other_digest(&image).is_none() {
        return None;
    }
    let severity = if image.is_name_only() {
        Severity::Note
    } else {
        Severity::Warning
    };
    let why = match rule {
        Rule::Remap(remap) => format!("{}; write a signedPrefix with a repository", remap.no_reference()),
        rule => format!(
            "it must be signed as {}, which has another digest; that fits only where {scope} is a manifest list with that image in it",
            rule.wanted(&image)
        ),
    };
    Some((severity, format!("no signature fits an image named {scope}: {why}")))
}

/// Whether there may be images in the scope whose prefix is replaced.
fn overlaps(scope: &str, prefix: &str) -> bool {
    scope.is_empty() || covers(scope, prefix) || covers(prefix, scope)
}

/// The nearest scope that all references with a prefix are in.
fn nearest<'b>(prefix: &str, book: &'b Rulebook) -> Option<&'b str> {
    let section = book.combined.policy.transports.iter().find(|own| own.name == DOCKER)?;
    let mut all = std::iter::once(prefix.to_owned()).chain(around(prefix));
    all.find_map(|name| section.scopes.iter().find(|own| own.name == name))
        .map(|scope| scope.name.as_str())
}

/// Says that no image of a scope has the prefix. `scope` is empty where all images are meant.
fn never_remaps(rule: &Rule, scope: &str, book: &Rulebook) -> Option<String> {
    let Rule::Remap(remap) = rule else { return None };
    let (prefix, _) = remap.prefixes();
    if !overlaps(scope, prefix) {
        return Some(format!(
            "remapIdentity never remaps here: no image in {} has the prefix {prefix}",
            shown(scope)
        ));
    }
    let nearer = nearest(prefix, book).filter(|nearer| *nearer != scope && !covers(nearer, scope))?;
    Some(format!(
        "remapIdentity never remaps here: images with the prefix {prefix} are in scope {nearer}"
    ))
}

fn shown(scope: &str) -> &str {
    if scope.is_empty() {
        "this scope"
    } else {
        scope
    }
}

/// Says that what is signed for one repository is accepted under every name in a scope. Only a note where the scope may be that
/// one repository by another name, and nothing tells whether it is.
fn of_one_repository(rule: &Rule, scope: &str, mirrors: &Mirrors<'_>) -> Option<(Severity, String)> {
    let (reference, signed) = match rule {
        Rule::ExactReference(reference) => (reference, reference.to_string()),
        Rule::ExactRepository(reference) => (reference, format!("an image of {}", reference.name())),
        _ => return None,
    };
    let name = reference.name();
    let is_image = || Reference::parse_canonical(scope).is_ok_and(|own| !own.is_name_only());
    if scope == name || scope.contains('/') && is_image() {
        return None;
    }
    let message = format!(
        "every image in {}, whatever its name, must be signed as {signed}",
        shown(scope)
    );
    let alone = |own: &str| format!("{message}; the scope of that repository alone is {own}");
    if covers(scope, name) {
        return Some((Severity::Warning, alone(name)));
    }
    if !scope.contains('/') {
        return Some((Severity::Warning, message));
    }
    let names: Vec<Reference> = mirrors(reference)
        .iter()
        .filter_map(|mirror| mirror.name_of(reference))
        .collect();
    if names.iter().any(|own| own.name() == scope) {
        return None;
    }
    if let Some(own) = names.iter().find(|own| covers(scope, own.name())) {
        return Some((Severity::Warning, alone(own.name())));
    }
    (!has_name_of(scope, name)).then(|| {
        let only = format!("{message}; that is meant only if {scope} is one repository, with no other below it");
        (Severity::Note, only)
    })
}

/// Whether a scope is called as the repository is, and not as what it lies in.
fn has_name_of(scope: &str, repository: &str) -> bool {
    let mut parts = repository.rsplit('/');
    let last = scope.rsplit('/').next();
    last == parts.next() && last != parts.next()
}
