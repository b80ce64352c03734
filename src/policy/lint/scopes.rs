// SPDX-License-Identifier: Apache-2.0
//! Scopes that no reference can have, and scopes that take each other's place.

use std::collections::{HashMap, HashSet};

use crate::policy::document::suggestion;
use crate::policy::finding::{Code, Finding, Severity};
use crate::policy::lists::List;
use crate::policy::mirrored::asks_for_signatures;
use crate::policy::rulebook::{Rulebook, Spot, DOCKER, OTHER_TRANSPORTS};
use crate::policy::scope::{around, meant};
use crate::policy::{words, Scope};
use crate::reference::Reference;
use crate::text::place::quoted;

pub(super) fn of(book: &Rulebook, lists: &[List<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut told: HashSet<&str> = HashSet::new();
    for list in lists {
        let Some(transport) = list.transport else { continue };
        let known: Vec<&str> = std::iter::once(DOCKER).chain(OTHER_TRANSPORTS).collect();
        if !known.contains(&transport) && told.insert(transport) {
            findings.push(Finding::new(
                Code::UnknownTransport,
                Some(list.spot.clone()),
                format!(
                    "there is no transport {}, so its scopes never apply{}",
                    quoted(transport),
                    suggestion(transport, &known)
                ),
            ));
        }
        if transport == DOCKER {
            findings.extend(never_matches(list.scope.unwrap_or_default(), &list.spot));
        }
    }
    for (source, object) in book.objects() {
        for (number, entry) in object.scopes.iter().enumerate() {
            let spot = Spot::of_scope(source, object, number);
            findings.extend(never_matches(&entry.name, &spot));
            let of = object.to_string();
            let dropped = book.combined.dropped.iter();
            for own in dropped.filter(|own| own.object == of && own.scope == entry.name) {
                findings.push(Finding::new(
                    Code::ScopeLeftOut,
                    Some(spot.clone()),
                    format!(
                        "nodes leave this scope out: it lies inside {} of {}",
                        own.inside, own.of
                    ),
                ));
            }
        }
    }
    findings.extend(shadows(book));
    findings
}

fn never_matches(scope: &str, spot: &Spot) -> Option<Finding> {
    let Some((why, instead)) = why_never(scope) else {
        let (severity, message) = why_seldom(scope)?;
        return Some(Finding::new(Code::ScopeNeverMatches, Some(spot.clone()), message).at_most(severity));
    };
    let instead = instead.map_or(String::new(), |text| format!("; did you mean {}?", quoted(&text)));
    Some(Finding::new(
        Code::ScopeNeverMatches,
        Some(spot.clone()),
        format!("no image can have this scope: {why}{instead}"),
    ))
}

/// Why no reference in normal form has a scope, and what may have been meant.
fn why_never(scope: &str) -> Option<(&'static str, Option<String>)> {
    if scope.is_empty() {
        return None;
    }
    let instead = || meant(scope).map(str::to_owned);
    if scope.contains("://") {
        return Some(("scopes are names of images, without a scheme", instead()));
    }
    if scope.ends_with('/') {
        return Some(("it ends with a slash", instead()));
    }
    let host = scope.split('/').next().unwrap_or_default();
    let is_host = host.contains(['.', ':']) || host == "localhost";
    if is_host && host.contains('_') {
        return Some(("no program takes an underscore in the name of a registry's host", None));
    }
    if scope.contains('*') {
        let is_domain = |domain: &str| Reference::is_prefix(domain) && !domain.contains(['/', ':']);
        return match scope.strip_prefix("*.") {
            Some(domain) if is_domain(domain) => None,
            Some(_) => Some(("a wildcard is *. and a domain, without port and path", instead())),
            None if scope.ends_with("/*") => Some((
                "an asterisk is allowed only at the beginning, before a domain; all that lies below a scope is in it",
                instead(),
            )),
            None if scope == "*" => Some(("a wildcard is *. and a domain; the scope of all images is empty", None)),
            None => Some((
                "an asterisk is allowed only at the beginning, before a domain",
                instead(),
            )),
        };
    }
    if let Ok(reference) = Reference::parse_canonical(scope) {
        let has_both = reference.tag().is_some() && reference.digest().is_some();
        return has_both.then_some(("images are asked for by tag or by digest, not by both", None));
    }
    if host == "index.docker.io" {
        let rest = scope.trim_start_matches("index.");
        return Some(("the name of this host is docker.io", Some(rest.to_owned())));
    }
    if is_host && Reference::is_prefix(scope) {
        return None;
    }
    if scope.bytes().any(|b| b.is_ascii_uppercase()) && Reference::is_prefix(&scope.to_lowercase()) && is_host {
        return Some(("repositories are lower case", Some(scope.to_lowercase())));
    }
    let full = Reference::parse(scope).ok().map(|reference| reference.to_string());
    match full {
        Some(full) => Some(("names are compared in full, with their host", Some(full))),
        None => Some(("it is not the beginning of a name", None)),
    }
}

/// What a scope in normal form means where another one may have been meant: hosts are not brought to lower case, and the one
/// name after `docker.io` is a namespace.
fn why_seldom(scope: &str) -> Option<(Severity, String)> {
    let (host, rest) = scope.split_at(scope.find('/').unwrap_or(scope.len()));
    if host.bytes().any(|b| b.is_ascii_uppercase()) {
        let lower = quoted(&format!("{}{rest}", host.to_lowercase()));
        let message = format!(
            "this scope applies only to images whose host is written in the same capital letters: names are compared as they are written; did you mean {lower}?"
        );
        return Some((Severity::Warning, message));
    }
    let namespace = rest.strip_prefix('/').filter(|_| host == "docker.io")?;
    let is_one_name = !namespace.contains(['/', ':', '@']) && namespace != "library";
    is_one_name.then(|| {
        let message = format!(
            "this scope is the namespace {namespace} of docker.io; the image {namespace} is docker.io/library/{namespace}"
        );
        (Severity::Note, message)
    })
}

/// Scopes that take the place of what asks for signatures, and one of all images that accepts what the default refuses.
fn shadows(book: &Rulebook) -> Vec<Finding> {
    let Some(section) = book.combined.policy.transports.iter().find(|own| own.name == DOCKER) else {
        return Vec::new();
    };
    let own: HashMap<&str, &Scope> = section.scopes.iter().map(|own| (own.name.as_str(), own)).collect();
    let default = &book.combined.policy.default[..];
    let mut findings = Vec::new();
    for scope in section.scopes.iter().filter(|scope| why_never(&scope.name).is_none()) {
        // What would apply to its images without it, or without those that refuse all of them.
        let mut around = around(&scope.name);
        around.push(String::new());
        let mut wider = around
            .iter()
            .filter(|outer| **outer != scope.name)
            .filter_map(|outer| own.get(outer.as_str()));
        let wider = wider.find(|outer| outer.name.is_empty() || !only_refuses(outer));
        let (outer, hidden) = match wider {
            Some(wider) if wider.name.is_empty() => ("scope \"\"".to_owned(), &wider.requirements[..]),
            Some(wider) => (format!("scope {}", wider.name), &wider.requirements[..]),
            None => ("the default".to_owned(), default),
        };
        let best = words::best(scope.requirements.iter());
        let told = match (best, asks_for_signatures(hidden.iter())) {
            ("Allowed", true) => (
                Code::ScopeShadowed,
                format!(
                    "images here are accepted, signed or not: what {outer} requires does not apply to them, since scopes are never merged"
                ),
            ),
            ("Verified" | "Unsupported", true) if scope.name.is_empty() && scope.requirements != hidden => (
                Code::ScopeShadowed,
                "the default never applies to images in registries: scope \"\" of transport docker takes its place".to_owned(),
            ),
            // Where images are refused, a scope says which are let in; one of all images lets in all.
            ("Allowed", false) if scope.name.is_empty() && words::best(hidden.iter()) == "Rejected" => (
                Code::DefaultAccepts,
                "images of registries in no other scope are accepted, signed or not: this scope takes the place of the default, which refuses them".to_owned(),
            ),
            _ => continue,
        };
        findings.push(Finding::new(told.0, book.spots(Some(&scope.name)).pop(), told.1));
    }
    findings
}

fn only_refuses(scope: &Scope) -> bool {
    words::best(scope.requirements.iter()) == "Rejected" && !asks_for_signatures(scope.requirements.iter())
}
