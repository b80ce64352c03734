// SPDX-License-Identifier: Apache-2.0
//! The scopes of a policy, and those that accept an image as signed for a reference.

use crate::identity::Rule;
use crate::policy::scope::Applied;
use crate::policy::{Policy, PolicyRequirement};
use crate::reference::Reference;

/// The transport whose scopes decide: expected identities are references in registries, wherever the image is at hand.
const TRANSPORT: &str = "docker";

/// One way in which an image is judged by a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::run) struct Way {
    /// The name of the scope; none for the policy's `default`.
    pub(super) scope: Option<String>,
    /// What the image is asked for as.
    pub(in crate::run) identity: Reference,
}

/// The ways in which an image may have been accepted by a signature for this reference: the scope of the reference
/// itself, and those whose `signedIdentity` has another reference signed in place of what is asked for.
pub(super) fn ways(policy: &Policy, signed: &Reference) -> Vec<Way> {
    let mut ways = vec![Way {
        scope: scope_of(policy, signed),
        identity: signed.clone(),
    }];
    for (name, requirements) in all_scopes(policy) {
        let scope = name.map(str::to_owned);
        for rule in requirements.iter().filter_map(rule) {
            let asked = match rule {
                Rule::Remap(remap) => remap.undo(signed).filter(|asked| scope_of(policy, asked) == scope),
                // Whatever is asked for.
                rule => rule.matches(None, signed).then(|| signed.clone()),
            };
            let way = asked.map(|identity| Way {
                scope: scope.clone(),
                identity,
            });
            ways.extend(way.filter(|way| !ways.contains(way)));
        }
    }
    ways
}

/// The scope that applies to a reference; none for the policy's `default`.
pub(super) fn scope_of(policy: &Policy, reference: &Reference) -> Option<String> {
    match policy.select(TRANSPORT, reference).0 {
        Applied::Scope(scope) => Some(scope.name.clone()),
        Applied::Default => None,
    }
}

/// Every scope with what it requires, and the policy's `default`, which is none.
pub(super) fn all_scopes(policy: &Policy) -> impl Iterator<Item = (Option<&str>, &[PolicyRequirement])> {
    let transports = policy.transports.iter().filter(|own| own.name == TRANSPORT);
    let scopes = transports.flat_map(|own| &own.scopes);
    let scopes = scopes.map(|scope| (Some(scope.name.as_str()), &scope.requirements[..]));
    scopes.chain([(None, &policy.default[..])])
}

/// What a scope requires.
pub(super) fn requirements<'p>(policy: &'p Policy, scope: Option<&str>) -> &'p [PolicyRequirement] {
    let mut all = all_scopes(policy);
    all.find(|(name, _)| *name == scope).map_or(&[], |(_, own)| own)
}

/// How a requirement compares the signed reference, if it is one of signatures.
fn rule(requirement: &PolicyRequirement) -> Option<&Rule> {
    match requirement {
        PolicyRequirement::SignedBy { identity, .. } | PolicyRequirement::SigstoreSigned { identity, .. } => {
            Some(identity)
        }
        _ => None,
    }
}
