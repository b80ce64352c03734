// SPDX-License-Identifier: Apache-2.0
//! All that is said about who may sign what: the files, and the policy that they are together.

use std::collections::HashMap;
use std::path::PathBuf;

use super::combined::Combined;
use super::file::PolicyText;
use super::image_policy::ImagePolicy;
use super::mirror_set::MirrorSet;
use super::objects::{without_place, Objects};
use super::place::Place;
use super::places::{path_of, Places};
use super::scope::Applied;
use super::{Policy, PolicyRequirement};
use crate::reference::Reference;
use crate::text::place::quoted;
use crate::text::safe;

/// The transport of images in registries.
pub const DOCKER: &str = "docker";

/// The other transports of containers/image, whose images are not named by references: their scopes decide when podman
/// copies such an image.
pub(crate) const OTHER_TRANSPORTS: [&str; 10] = [
    "atomic",
    "containers-storage",
    "dir",
    "docker-archive",
    "docker-daemon",
    "oci",
    "oci-archive",
    "ostree",
    "sif",
    "tarball",
];

/// The one of [`OTHER_TRANSPORTS`] that a text names: `oci:image`.
#[must_use]
pub(crate) fn other_transport(text: &str) -> Option<&'static str> {
    let (begin, _) = text.split_once(':')?;
    OTHER_TRANSPORTS.into_iter().find(|name| *name == begin)
}

/// A file that rules or mirrors were read from.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its path as it was named.
    pub file: PathBuf,
    /// All bytes of the file, for places in it.
    pub text: Vec<u8>,
    /// What the bytes say as a policy.
    pub content: PolicyText,
    /// Where the members of a policy stand.
    pub places: Places,
}

/// Where a member of a policy stands, so that a person finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The file that it stands in.
    pub file: PathBuf,
    /// Line and column in the file, counted from 1.
    pub place: Place,
    /// The path of the member, after the object's name where it is one of several objects.
    pub path: String,
}

impl Spot {
    /// The scope of this number of an object in a file.
    pub(super) fn of_scope(source: &Source, object: &ImagePolicy, number: usize) -> Self {
        Self {
            file: source.file.clone(),
            place: object.scopes[number].place,
            path: format!("{object} spec.scopes[{number}]"),
        }
    }
}

/// One requirement and where it stands.
#[derive(Debug, Clone)]
pub struct PlacedRequirement<'r> {
    /// The requirement that it makes.
    pub requirement: &'r PolicyRequirement,
    /// Where it stands in its file.
    pub spot: Spot,
    /// The object that has it; none where it stands in containers-policy.json(5).
    pub object: Option<&'r ImagePolicy>,
}

impl<'r> PlacedRequirement<'r> {
    /// The one requirement of an object in a file, whether its scopes are in the policy or not.
    #[must_use]
    pub fn of_object(source: &Source, object: &'r ImagePolicy) -> Self {
        Self {
            requirement: &object.requirement,
            spot: Spot {
                file: source.file.clone(),
                place: object.place,
                path: format!("{object} spec.policy.rootOfTrust"),
            },
            object: Some(object),
        }
    }
}

/// Why files cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Two files are both a containers-policy.json(5).
    #[error("{} and {} are both a policy.json; name one", shown(.0), shown(.1))]
    Policies(PathBuf, PathBuf),
    /// Two files have an object of one name with different content: only one of them is in a cluster.
    #[error("{} occurs in {} and in {} with different content; keep one", quoted(.0), shown(.1), shown(.2))]
    Objects(String, PathBuf, PathBuf),
}

fn shown(path: &std::path::Path) -> String {
    safe(&path.display().to_string())
}

/// The files and what they are together.
#[derive(Debug, Clone)]
pub struct Rulebook {
    /// The files that were read, for what is said of places in them.
    pub sources: Vec<Source>,
    /// The one policy that all sources make together.
    pub combined: Combined,
    objects: Vec<(usize, ImagePolicy)>,
}

impl Source {
    /// What a file says.
    ///
    /// # Errors
    /// When it breaks a rule of its format.
    pub fn parse(file: PathBuf, text: Vec<u8>) -> Result<Self, super::TextError> {
        let content = PolicyText::parse(&text)?;
        let places = match &content {
            PolicyText::Policy(_) => Places::of(&text),
            PolicyText::Objects(_) => Places::default(),
        };
        Ok(Self {
            file,
            text,
            content,
            places,
        })
    }

    /// Objects that a cluster gave; `name` stands in place of a file's.
    #[must_use]
    pub fn of_cluster(name: &str, objects: Objects) -> Self {
        Self {
            file: PathBuf::from(name),
            text: Vec::new(),
            content: PolicyText::Objects(objects),
            places: Places::default(),
        }
    }

    /// The mirror sets in it.
    #[must_use]
    pub fn mirror_sets(&self) -> &[MirrorSet] {
        match &self.content {
            PolicyText::Objects(objects) => &objects.mirror_sets,
            PolicyText::Policy(_) => &[],
        }
    }

    /// The policy in it, where it holds one.
    #[must_use]
    pub fn policy(&self) -> Option<&Policy> {
        match &self.content {
            PolicyText::Policy(policy) => Some(policy),
            PolicyText::Objects(_) => None,
        }
    }
}

impl Rulebook {
    /// What one file says. ImagePolicies count for `namespace` only.
    #[must_use]
    pub fn of(source: Source, namespace: Option<&str>) -> Self {
        let base = source.policy().cloned();
        let objects: Vec<(usize, ImagePolicy)> = match &source.content {
            PolicyText::Objects(found) => found.policies.iter().map(|object| (0, object.clone())).collect(),
            PolicyText::Policy(_) => Vec::new(),
        };
        let all: Vec<ImagePolicy> = objects.iter().map(|(_, object)| object.clone()).collect();
        Self {
            combined: Combined::new(base, &all, namespace),
            sources: vec![source],
            objects,
        }
    }

    /// Puts files together. ImagePolicies count for `namespace` only.
    ///
    /// # Errors
    /// When two files are both a containers-policy.json(5), or have an object of one name with different content.
    pub fn new(sources: Vec<Source>, namespace: Option<&str>) -> Result<Self, Conflict> {
        let mut policies = sources.iter().filter(|source| source.policy().is_some());
        let base = policies.next();
        if let (Some(one), Some(other)) = (base, policies.next()) {
            return Err(Conflict::Policies(one.file.clone(), other.file.clone()));
        }
        let base = base.and_then(Source::policy).cloned();
        let mut objects: Vec<(usize, ImagePolicy)> = Vec::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        for (number, source) in sources.iter().enumerate() {
            let PolicyText::Objects(found) = &source.content else {
                continue;
            };
            for object in &found.policies {
                let Some(known) = seen.get(&object.to_string()) else {
                    seen.insert(object.to_string(), objects.len());
                    objects.push((number, object.clone()));
                    continue;
                };
                let (other, first) = &objects[*known];
                if without_place(first.clone()) != without_place(object.clone()) {
                    let files = (sources[*other].file.clone(), source.file.clone());
                    return Err(Conflict::Objects(object.to_string(), files.0, files.1));
                }
            }
        }
        let all: Vec<ImagePolicy> = objects.iter().map(|(_, object)| object.clone()).collect();
        Ok(Self {
            combined: Combined::new(base, &all, namespace),
            sources,
            objects,
        })
    }

    /// The mirror sets of all files.
    pub fn mirror_sets(&self) -> impl Iterator<Item = &MirrorSet> {
        self.sources.iter().flat_map(Source::mirror_sets)
    }

    /// The ClusterImagePolicies and ImagePolicies of all files, each with its file.
    pub fn objects(&self) -> impl Iterator<Item = (&Source, &ImagePolicy)> {
        self.objects
            .iter()
            .map(|(number, object)| (&self.sources[*number], object))
    }

    /// The file that is a containers-policy.json(5), where there is one.
    #[must_use]
    pub fn base(&self) -> Option<&Source> {
        self.sources.iter().find(|source| source.policy().is_some())
    }

    /// The scope that applies to a reference in a registry; `None` for the `default`.
    #[must_use]
    pub fn applied(&self, reference: &Reference) -> Option<&str> {
        match self.combined.policy.select(DOCKER, reference).0 {
            Applied::Scope(scope) => Some(&scope.name),
            Applied::Default => None,
        }
    }

    /// Where a scope of transport `docker` stands, or the `default`; everywhere, where several objects have it.
    #[must_use]
    pub fn spots(&self, scope: Option<&str>) -> Vec<Spot> {
        let mut spots = Vec::new();
        if let Some(base) = self.base() {
            let path = path_of(DOCKER, scope);
            if base.places.has(&path) {
                spots.push(Spot {
                    file: base.file.clone(),
                    place: base.places.at(&path),
                    path,
                });
            }
        }
        for (source, object) in self.objects() {
            for (number, entry) in object.scopes.iter().enumerate() {
                if scope == Some(&entry.name) && self.counts(&entry.name, object) {
                    spots.push(Spot::of_scope(source, object, number));
                }
            }
        }
        spots
    }

    /// Whether a scope of an object is in the policy.
    fn counts(&self, scope: &str, object: &ImagePolicy) -> bool {
        self.combined.makers_of(scope).contains(&object.to_string())
    }

    /// What is required in a scope of transport `docker`, or by `default`.
    #[must_use]
    pub fn rules(&self, scope: Option<&str>) -> Vec<PlacedRequirement<'_>> {
        let mut rules = self.base_rules(scope);
        if let Some(scope) = scope {
            // In the order in which they were joined.
            let is_cluster = |(_, object): &(&Source, &ImagePolicy)| object.namespace.is_none();
            let (cluster, namespaced): (Vec<_>, Vec<_>) = self.objects().partition(is_cluster);
            for (source, object) in cluster.into_iter().chain(namespaced) {
                if object.scopes.iter().any(|entry| entry.name == scope) && self.counts(scope, object) {
                    rules.push(PlacedRequirement::of_object(source, object));
                }
            }
        }
        rules
    }

    /// What containers-policy.json(5) itself requires there.
    #[must_use]
    pub fn base_rules(&self, scope: Option<&str>) -> Vec<PlacedRequirement<'_>> {
        let Some(base) = self.base() else { return Vec::new() };
        let Some(policy) = base.policy() else { return Vec::new() };
        let requirements = match scope {
            None => &policy.default[..],
            Some(scope) => {
                let section = policy.transports.iter().find(|own| own.name == DOCKER);
                let own = section.and_then(|section| section.scopes.iter().find(|own| own.name == scope));
                own.map_or(&[][..], |own| &own.requirements)
            }
        };
        Self::rules_of(base, &path_of(DOCKER, scope), requirements)
    }

    /// The requirements of a list that stands at `path` of a file.
    pub(super) fn rules_of<'r>(
        base: &Source,
        path: &str,
        requirements: &'r [PolicyRequirement],
    ) -> Vec<PlacedRequirement<'r>> {
        let rule = |(number, requirement)| {
            let path = format!("{path}[{number}]");
            PlacedRequirement {
                requirement,
                spot: Spot {
                    file: base.file.clone(),
                    place: base.places.at(&path),
                    path,
                },
                object: None,
            }
        };
        requirements.iter().enumerate().map(rule).collect()
    }
}
