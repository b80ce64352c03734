// SPDX-License-Identifier: Apache-2.0
//! The lists of requirements in a policy, each with its place.

use crate::policy::places::path_of;
use crate::policy::rulebook::{PlacedRequirement, Rulebook, Spot, DOCKER};

/// A list of requirements of containers-policy.json(5): of a scope, or the `default`.
pub(crate) struct List<'r> {
    /// Its transport; none for the `default`.
    pub transport: Option<&'r str>,
    /// Its scope; none for the `default`.
    pub scope: Option<&'r str>,
    /// Where the list stands.
    pub spot: Spot,
    /// What it requires, in its order.
    pub rules: Vec<PlacedRequirement<'r>>,
}

/// All lists of a policy.
pub(crate) fn lists(book: &Rulebook) -> Vec<List<'_>> {
    let Some((base, policy)) = book.base().and_then(|base| Some((base, base.policy()?))) else {
        return Vec::new();
    };
    let spot = |path: String| Spot {
        file: base.file.clone(),
        place: base.places.at(&path),
        path,
    };
    let mut lists = vec![List {
        transport: None,
        scope: None,
        spot: spot(path_of(DOCKER, None)),
        rules: Rulebook::rules_of(base, "default", &policy.default),
    }];
    for transport in &policy.transports {
        for scope in &transport.scopes {
            let path = path_of(&transport.name, Some(&scope.name));
            lists.push(List {
                transport: Some(&transport.name),
                scope: Some(&scope.name),
                spot: spot(path.clone()),
                rules: Rulebook::rules_of(base, &path, &scope.requirements),
            });
        }
    }
    lists
}
