// SPDX-License-Identifier: Apache-2.0
//! The scopes of a policy, and what they require.

use crate::policy::scope::Applied;
use crate::policy::{Policy, PolicyRequirement};
use crate::reference::Reference;

/// The transport whose scopes decide: expected identities are references in registries, wherever the image is at hand.
const TRANSPORT: &str = "docker";

/// The scope that applies to a reference; none for the policy's `default`.
pub(super) fn scope_of(policy: &Policy, reference: &Reference) -> Option<String> {
    match policy.select(TRANSPORT, reference).0 {
        Applied::Scope(scope) => Some(scope.name.clone()),
        Applied::Default => None,
    }
}

/// What a scope requires.
pub(super) fn requirements<'p>(policy: &'p Policy, scope: Option<&str>) -> &'p [PolicyRequirement] {
    let Some(name) = scope else {
        return &policy.default;
    };
    let transports = policy.transports.iter().filter(|own| own.name == TRANSPORT);
    let mut scopes = transports.flat_map(|own| &own.scopes);
    let scope = scopes.find(|scope| scope.name == name);
    scope.map_or(&[], |scope| &scope.requirements)
}
