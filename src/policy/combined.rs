// SPDX-License-Identifier: Apache-2.0
//! What the nodes of a cluster make of its ClusterImagePolicies and ImagePolicies: one policy.

use std::collections::HashMap;

use super::image_policy::ImagePolicy;
use super::scope::around;
use super::{Policy, PolicyRequirement, Scope, Transport};
use crate::reference::Reference;

/// Transports for which nodes write the scopes of objects.
const TRANSPORTS: [&str; 2] = ["docker", "atomic"];

/// Scopes with this many slashes are not scopes of transport `atomic`.
const MAX_ATOMIC_SLASHES: usize = 2;

/// A policy with the scopes of objects, and what became of the objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Combined {
    /// The policy. Made of objects alone, its `default` is `reject`: a reference in no scope is refused.
    pub policy: Policy,
    /// Whether there was nothing but objects, so that the `default` is ours.
    pub is_objects_alone: bool,
    /// Each scope with the objects that require something in it, such as `ClusterImagePolicy/openshift`.
    pub makers: Vec<(String, Vec<String>)>,
    /// Scopes of ImagePolicies that nodes leave out.
    pub dropped: Vec<Dropped>,
    /// ImagePolicies of other namespaces than the one that was asked for.
    pub left_out: Vec<String>,
}

/// A scope that nodes leave out: a ClusterImagePolicy has it, or one around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Whose scope it is.
    pub object: String,
    /// The scope that is left out.
    pub scope: String,
    /// The scope that takes its place.
    pub inside: String,
    /// Whose scope that is.
    pub of: String,
}

impl Combined {
    /// Adds objects to a policy, or makes one of them. ImagePolicies count for `namespace` only.
    #[must_use]
    pub fn new(base: Option<Policy>, objects: &[ImagePolicy], namespace: Option<&str>) -> Self {
        let is_objects_alone = base.is_none();
        let policy = base.unwrap_or_else(|| Policy {
            default: vec![PolicyRequirement::Reject],
            transports: Vec::new(),
        });
        let mut all = Self {
            policy,
            is_objects_alone,
            makers: Vec::new(),
            dropped: Vec::new(),
            left_out: Vec::new(),
        };
        let (cluster, namespaced): (Vec<_>, Vec<_>) = objects.iter().partition(|own| own.namespace.is_none());
        let mut index = Index::of(&all.policy);
        // Each scope with the first object that has it.
        let mut owners: HashMap<&str, &ImagePolicy> = HashMap::new();
        for object in cluster {
            for scope in &object.scopes {
                all.add(&mut index, &scope.name, object);
                owners.entry(&scope.name).or_insert(object);
            }
        }
        for object in namespaced {
            if object.namespace.as_deref() != namespace {
                all.left_out.push(object.to_string());
                continue;
            }
            for scope in &object.scopes {
                let own = std::iter::once(scope.name.clone());
                let taken = own
                    .chain(around(&scope.name))
                    .filter(|outer| is_nested(&scope.name, outer))
                    .find_map(|outer| owners.get_key_value(outer.as_str()));
                match taken {
                    Some((inside, of)) => all.dropped.push(Dropped {
                        object: object.to_string(),
                        scope: scope.name.clone(),
                        inside: (*inside).to_owned(),
                        of: of.to_string(),
                    }),
                    None => all.add(&mut index, &scope.name, object),
                }
            }
        }
        all
    }

    /// Objects of one scope are all required.
    fn add(&mut self, index: &mut Index, name: &str, object: &ImagePolicy) {
        for transport in TRANSPORTS {
            if transport == "atomic" && name.matches('/').count() > MAX_ATOMIC_SLASHES {
                continue;
            }
            let scopes = Index::section(&mut self.policy.transports, transport);
            let known = index.scopes.get(&(transport, name.to_owned())).copied();
            let at = known.unwrap_or_else(|| {
                scopes.push(Scope {
                    name: name.to_owned(),
                    offset: 0,
                    requirements: Vec::new(),
                });
                index.scopes.insert((transport, name.to_owned()), scopes.len() - 1);
                scopes.len() - 1
            });
            scopes[at].requirements.push(object.requirement.clone());
        }
        let at = *index.makers.entry(name.to_owned()).or_insert_with(|| {
            self.makers.push((name.to_owned(), Vec::new()));
            self.makers.len() - 1
        });
        self.makers[at].1.push(object.to_string());
    }

    /// The objects that require something in a scope.
    #[must_use]
    pub fn makers_of(&self, scope: &str) -> &[String] {
        let own = self.makers.iter().find(|(name, _)| name == scope);
        own.map_or(&[], |(_, makers)| makers)
    }
}

/// Where scopes stand in their lists.
struct Index {
    scopes: HashMap<(&'static str, String), usize>,
    makers: HashMap<String, usize>,
}

impl Index {
    fn of(policy: &Policy) -> Self {
        let mut scopes = HashMap::new();
        for transport in TRANSPORTS {
            let section = policy.transports.iter().find(|own| own.name == transport);
            for (at, scope) in section.into_iter().flat_map(|section| &section.scopes).enumerate() {
                scopes.insert((transport, scope.name.clone()), at);
            }
        }
        Self {
            scopes,
            makers: HashMap::new(),
        }
    }

    /// The scopes of a transport, which is added where there is none.
    fn section<'t>(transports: &'t mut Vec<Transport>, name: &str) -> &'t mut Vec<Scope> {
        let at = transports.iter().position(|own| own.name == name).unwrap_or_else(|| {
            transports.push(Transport {
                name: name.to_owned(),
                scopes: Vec::new(),
            });
            transports.len() - 1
        });
        &mut transports[at].scopes
    }
}

/// Whether nodes leave out a scope of an ImagePolicy because of one of a ClusterImagePolicy: it is the same, below it, or on
/// a host of its domain. A tag or digest is not below its repository for them, and where one is named a wildcard covers hosts
/// with a port only; such a scope is kept, and as the narrower one it decides.
fn is_nested(inner: &str, outer: &str) -> bool {
    let before_colon = inner.split_once(':').map(|(before, _)| before);
    match outer.strip_prefix('*') {
        _ if inner == outer => true,
        Some(domain) => {
            let host = before_colon.unwrap_or_else(|| inner.split('/').next().unwrap_or_default());
            host.ends_with(domain) && !host.contains('/')
        }
        None => inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/')),
    }
}

/// Whether everything in scope `inner` is in scope `outer` too: it is the same, begins with it, or is on a
/// host of its domain.
#[must_use]
pub fn covers(outer: &str, inner: &str) -> bool {
    if outer == inner {
        return true;
    }
    if let Some(domain) = outer.strip_prefix('*') {
        let host = inner.split('/').next().unwrap_or_default();
        let host = host.split(':').next().unwrap_or_default();
        return host.ends_with(domain) && domain.len() > 1;
    }
    let Some(rest) = inner.strip_prefix(outer) else {
        return false;
    };
    // After a host a colon begins the port, after a repository the tag.
    rest.starts_with('/')
        || rest.starts_with('@')
        || rest.starts_with(':') && Reference::parse(inner).is_ok_and(|own| own.name() == outer)
}
