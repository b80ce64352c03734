// SPDX-License-Identifier: Apache-2.0
//! Which requirements apply to a reference: the nearest scope wins, whole; lists are never merged.

use super::{Policy, PolicyRequirement, Scope};
use crate::digest::Digest;
use crate::reference::Reference;

/// Where requirements come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied<'p> {
    /// A scope of a transport.
    Scope(&'p Scope),
    /// The `default` of the policy: no scope applies.
    Default,
}

impl Policy {
    /// The requirements for an image that is asked for as `reference` through a transport, and where they stand.
    /// `reference` has a tag or a digest, not both.
    #[must_use]
    pub fn select(&self, transport: &str, reference: &Reference) -> (Applied<'_>, &[PolicyRequirement]) {
        let section = self.transports.iter().find(|own| own.name == transport);
        let scopes = section.map_or(&[][..], |section| &section.scopes);
        scopes_of(reference)
            .iter()
            .find_map(|name| scopes.iter().find(|scope| scope.name == *name))
            .map_or((Applied::Default, &self.default[..]), |scope| {
                (Applied::Scope(scope), &scope.requirements[..])
            })
    }
}

/// The scopes of transport `docker` that may apply to a reference, the nearest first; the empty one, which applies to
/// all, is the last.
#[must_use]
pub fn scopes_of(reference: &Reference) -> Vec<String> {
    let mut scopes = vec![reference.to_string()];
    scopes.extend(parents_of(reference));
    scopes.push(String::new());
    scopes.dedup();
    scopes
}

/// The scopes that are tried after the reference itself: the repository, each of its parents, the host, and wildcards
/// for the host's parent domains without its port.
#[must_use]
pub fn parents_of(reference: &Reference) -> Vec<String> {
    let mut scopes = Vec::new();
    let mut name = reference.name();
    loop {
        scopes.push(name.to_owned());
        match name.rsplit_once('/') {
            Some((parent, _)) => name = parent,
            None => break,
        }
    }
    let mut host = name.split_once(':').map_or(name, |(host, _)| host);
    while let Some((_, parent)) = host.split_once('.') {
        scopes.push(format!("*.{parent}"));
        host = parent;
    }
    scopes
}

/// The scopes around a scope, the nearest first: those that cover everything that it covers, and more.
#[must_use]
pub fn around(scope: &str) -> Vec<String> {
    let mut scopes = Vec::new();
    let mut host = match scope.strip_prefix("*.") {
        Some(domain) => domain,
        None => {
            let mut name = scope;
            let reference = Reference::parse_canonical(scope).ok().filter(|own| !own.is_name_only());
            if let Some(reference) = &reference {
                name = &scope[..reference.name().len()];
                scopes.push(name.to_owned());
            }
            while let Some((parent, _)) = name.rsplit_once('/') {
                scopes.push(parent.to_owned());
                name = parent;
            }
            name.split_once(':').map_or(name, |(host, _)| host)
        }
    };
    while let Some((_, parent)) = host.split_once('.') {
        scopes.push(format!("*.{parent}"));
        host = parent;
    }
    scopes
}

/// The scope that a text may be meant for, which has a scheme, or a slash or `/*` at its end.
#[must_use]
pub(super) fn meant(text: &str) -> Option<&str> {
    let mut bare = text.split_once("://").map_or(text, |(_, rest)| rest);
    while let Some(shorter) = ["/**", "/*", "/"].iter().find_map(|end| bare.strip_suffix(end)) {
        bare = shorter;
    }
    let is_scope = match bare.strip_prefix("*.") {
        Some(domain) => Reference::is_prefix(domain) && !domain.contains(['/', ':']),
        None => Reference::is_prefix(bare) || Reference::parse_canonical(bare).is_ok(),
    };
    (bare != text && is_scope).then_some(bare)
}

/// The transport of images in the local storage, which not every build of the readers has: podman's and skopeo's have it.
pub(super) const STORAGE: &str = "containers-storage";

/// Whether the readers of this format take a text for a scope of a transport. They know the scopes of
/// their own transports only.
pub(super) fn is_valid(transport: &str, scope: &str) -> bool {
    if scope.is_empty() {
        return true;
    }
    match transport {
        "dir" | "oci" | "oci-archive" | "sif" => is_clean_path(scope),
        "docker-archive" | "tarball" => false,
        "docker-daemon" => Digest::parse(scope).is_err(),
        "atomic" => is_stream(scope),
        _ => true,
    }
}

/// An absolute path without empty, `.` or `..` components.
fn is_clean_path(scope: &str) -> bool {
    scope
        .strip_prefix('/')
        .is_some_and(|rest| rest.split('/').all(|part| !matches!(part, "" | "." | "..")))
}

/// Whether a scope is at most `host/namespace/stream:tag`, as transport `atomic` has it.
fn is_stream(scope: &str) -> bool {
    let parts: Vec<&str> = scope.split('/').collect();
    match parts[..] {
        [_] => true,
        [_, namespace] => !namespace.contains(':'),
        [_, namespace, stream] => !namespace.contains(':') && stream.matches(':').count() <= 1,
        _ => false,
    }
}

/// Whether a scope is one of transport [`STORAGE`]: `[ROOT]` or `[DRIVER@ROOT]` with an absolute path, and after it
/// nothing, a name, or a name with the digest of an image, its ID, or both.
pub(super) fn is_in_storage(scope: &str) -> bool {
    let Some((store, image)) = scope.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return false;
    };
    let root = match store.split_once('@') {
        Some((driver, root)) if !driver.is_empty() && !root.is_empty() => root,
        _ => store,
    };
    let is_digest = |text: &str| Digest::parse(text).is_ok();
    let is_id = |text: &str| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let mut after_name = image.splitn(3, '@').skip(1);
    root.starts_with('/')
        && match (after_name.next(), after_name.next()) {
            (None, _) => true,
            (Some(one), None) => is_id(one) || is_digest(one),
            (Some(digest), Some(id)) => is_digest(digest) && is_id(id),
        }
}
