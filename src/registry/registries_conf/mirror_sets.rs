// SPDX-License-Identifier: Apache-2.0
//! What nodes of OpenShift make of mirror sets: one entry a source, as the machine config operator writes it to
//! registries.conf (docs/openshift-api.md 8.6).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::table::{Mirror, PullFromMirror, Registry, Spot};
use super::RegistriesConf;
use crate::policy::mirror_set::MirrorSet;
use crate::reference::Reference;
use crate::text::place::quoted;

/// One entry of a mirror set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorSource {
    /// Host, namespace or repository, or `*.domain`.
    pub source: String,
    /// What is tried first, in this order.
    pub mirrors: Vec<String>,
    /// Whether the mirrors are for references by tag; else for those by digest.
    pub by_tag: bool,
    /// Whether the source must not be contacted; `None` for kinds that cannot say.
    pub never_contact: Option<bool>,
}

/// Why nodes would make nothing of mirror sets: an entry breaks a rule, or contradicts one before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Unusable {
    /// The number of the entry, from 0.
    pub entry: usize,
    /// What is wrong with it, safe to print.
    pub what: String,
}

impl MirrorSource {
    /// The entries of a mirror set, as nodes read them.
    pub fn of_set(set: &MirrorSet) -> impl Iterator<Item = Self> + '_ {
        set.sources.iter().map(|entry| Self {
            source: entry.source.clone(),
            mirrors: entry.mirrors.clone(),
            by_tag: set.by_tag,
            never_contact: entry.never_contact,
        })
    }
}

impl RegistriesConf {
    /// The configuration that mirror sets and lists of insecure and blocked registries make together.
    ///
    /// # Errors
    /// When nodes would make nothing of them: an entry breaks a rule, or two contradict each other.
    pub fn of_mirror_sets(sources: &[MirrorSource], insecure: &[String], blocked: &[String]) -> Result<Self, Unusable> {
        for (entry, set) in sources.iter().enumerate() {
            check(set).map_err(|what| Unusable { entry, what })?;
        }
        // A set without a real mirror says nothing.
        let is_real = |set: &MirrorSource| set.mirrors.iter().any(|mirror| *mirror != set.source);
        let real: Vec<&MirrorSource> = sources.iter().filter(|set| is_real(set)).collect();
        let mut entries: BTreeMap<&str, Registry> = BTreeMap::new();
        let mut policies: BTreeMap<&str, bool> = BTreeMap::new();
        for (entry, set) in sources.iter().enumerate().filter(|(_, set)| is_real(set)) {
            if let Some(never) = set.never_contact {
                if *policies.entry(&set.source).or_insert(never) != never {
                    let what = format!(
                        "{} has mirrorSourcePolicy NeverContactSource in one mirror set and AllowContactingSource in another",
                        quoted(&set.source)
                    );
                    return Err(Unusable { entry, what });
                }
            }
            let registry = entries.entry(&set.source).or_insert_with(|| empty(&set.source));
            registry.is_forbidden_source |= set.never_contact == Some(true);
            registry.blocked = registry.is_forbidden_source;
        }
        for (by_tag, pull) in [(false, PullFromMirror::DigestOnly), (true, PullFromMirror::TagOnly)] {
            for (source, registry) in &mut entries {
                let lists = real.iter().filter(|set| set.by_tag == by_tag && set.source == *source);
                let mirrors = merged(source, lists.map(|set| set.mirrors.as_slice()));
                registry.mirrors.extend(mirrors.into_iter().map(|location| Mirror {
                    insecure: insecure.iter().any(|scope| is_inside(&location, scope)),
                    location,
                    pull,
                }));
            }
        }
        for scope in insecure.iter().chain(blocked) {
            entries.entry(scope).or_insert_with(|| empty(scope));
        }
        let parents: Vec<Registry> = entries.values().cloned().collect();
        let mut registries: Vec<Registry> = entries.into_values().collect();
        for registry in &mut registries {
            registry.insecure = insecure.iter().any(|scope| is_inside(&registry.prefix, scope));
            registry.blocked |= blocked.iter().any(|scope| is_inside(&registry.prefix, scope));
            if registry.mirrors.is_empty() {
                inherit(registry, &parents);
            }
        }
        Ok(Self {
            registries,
            is_of_cluster: true,
            ..Self::default()
        })
    }
}

fn empty(scope: &str) -> Registry {
    Registry {
        prefix: scope.to_owned(),
        location: if scope.starts_with("*.") {
            String::new()
        } else {
            scope.to_owned()
        },
        insecure: false,
        blocked: false,
        is_forbidden_source: false,
        mirrors_by_digest_only: false,
        mirrors: Vec::new(),
        spot: Spot::default(),
    }
}

fn check(set: &MirrorSource) -> Result<(), String> {
    let is_scope = set.source.strip_prefix("*.").map_or_else(
        || Reference::is_prefix(&set.source),
        |domain| Reference::is_prefix(domain) && !domain.contains(['/', ':']),
    );
    if !is_scope {
        return Err(format!(
            "source {} is not a host, namespace or repository",
            quoted(&set.source)
        ));
    }
    if let Some(mirror) = set.mirrors.iter().find(|mirror| !Reference::is_prefix(mirror)) {
        return Err(format!(
            "mirror {} of {} is not a host, namespace or repository",
            quoted(mirror),
            quoted(&set.source)
        ));
    }
    if set.never_contact == Some(true) && set.mirrors.contains(&set.source) {
        return Err(format!(
            "{} has mirrorSourcePolicy NeverContactSource and is a mirror of itself",
            quoted(&set.source)
        ));
    }
    Ok(())
}

/// Whether a scope is another one or inside it.
fn is_inside(scope: &str, outer: &str) -> bool {
    if let Some(domain) = outer.strip_prefix('*') {
        let host = scope.split(['/', ':']).next().unwrap_or_default();
        return scope == outer || (host.ends_with(domain) && host.len() > domain.len());
    }
    scope
        .strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Gives an entry without mirrors those of the nearest scope around it that has some, with the rest of the path.
fn inherit(registry: &mut Registry, all: &[Registry]) {
    let around = all
        .iter()
        .filter(|other| !other.mirrors.is_empty() && is_inside(&registry.prefix, &other.prefix));
    let Some(nearest) = around.max_by_key(|other| other.prefix.len()) else {
        return;
    };
    // Of a wildcard the whole host is replaced.
    let covered = if nearest.prefix.starts_with('*') {
        registry.prefix.find('/').unwrap_or(registry.prefix.len())
    } else {
        nearest.prefix.len()
    };
    let rest = &registry.prefix[covered..];
    registry.mirrors = nearest.mirrors.clone();
    for mirror in &mut registry.mirrors {
        mirror.location.push_str(rest);
    }
}

/// Joins lists of mirrors of one source so that the order of each list holds as far as possible: from those that stand
/// behind no other, in the order of their names among equals; a circle is broken at the first name.
fn merged<'m>(source: &'m str, lists: impl Iterator<Item = &'m [String]>) -> Vec<String> {
    let mut after: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for list in lists {
        let path: Vec<&str> = list.iter().map(String::as_str).chain([source]).collect();
        for pair in path.windows(2) {
            after.entry(pair[1]).or_default();
            let next = after.entry(pair[0]).or_default();
            if pair[0] != pair[1] {
                next.insert(pair[1]);
            }
        }
    }
    let mut before: BTreeMap<&str, usize> = after.keys().map(|name| (*name, 0)).collect();
    for name in after.values().flatten() {
        if let Some(count) = before.get_mut(name) {
            *count += 1;
        }
    }
    let mut ready: VecDeque<&str> = before
        .iter()
        .filter(|(_, count)| **count == 0)
        .map(|(name, _)| *name)
        .collect();
    let mut order = Vec::new();
    while let Some(next) = ready.pop_front().or_else(|| before.keys().next().copied()) {
        if before.remove(next).is_none() {
            continue;
        }
        order.push(next.to_owned());
        for follower in &after[next] {
            if let Some(count) = before.get_mut(follower) {
                *count -= 1;
                if *count == 0 {
                    ready.push_back(follower);
                }
            }
        }
    }
    // The source is tried last anyway.
    if order.last().is_some_and(|last| last == source) {
        order.pop();
    }
    order
}
