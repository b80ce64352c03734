// SPDX-License-Identifier: Apache-2.0
//! Places at which the signatures that a policy asks for are not looked for, as registries.d and registries.conf of a machine
//! stand.

use std::collections::{HashMap, HashSet};

use crate::policy::combined::covers;
use crate::policy::finding::{Code, Finding};
use crate::policy::mirrored;
use crate::policy::places::path_of;
use crate::policy::rulebook::{Rulebook, Source, Spot, DOCKER};
use crate::policy::scope::Applied;
use crate::policy::{Policy, PolicyRequirement};
use crate::reference::Reference;
use crate::registry::registries_conf::RegistriesConf;
use crate::registry::registries_d::RegistriesD;

/// Most scopes, and most prefixes of names with mirrors, that are looked into.
const MAX_SCOPES: usize = 2000;

/// Requirements of images in registries: of a scope, or the `default`.
struct List<'p> {
    /// `None` for the `default`.
    scope: Option<&'p str>,
    requirements: &'p [PolicyRequirement],
}

impl List<'_> {
    fn spot(&self, base: &Source, path: String) -> Spot {
        Spot {
            file: base.file.clone(),
            place: base.places.at(&path),
            path,
        }
    }

    fn path(&self) -> String {
        path_of(DOCKER, self.scope)
    }

    /// The images that it is for, to follow "for".
    fn images(&self) -> &str {
        match self.scope {
            None => "the images that are in no scope",
            Some("") => "all images (scope \"\")",
            Some(scope) => scope,
        }
    }

    fn asks_for(&self, is_one: impl Fn(&PolicyRequirement) -> bool) -> bool {
        self.requirements.iter().any(is_one)
    }
}

fn is_by_gpg(own: &PolicyRequirement) -> bool {
    matches!(own, PolicyRequirement::SignedBy { .. })
}

fn is_by_sigstore(own: &PolicyRequirement) -> bool {
    matches!(own, PolicyRequirement::SigstoreSigned { .. })
}

/// The lists that apply to images in registries. Nodes write registries.d for the scopes of objects.
fn lists(policy: &Policy) -> Vec<List<'_>> {
    let docker = policy.transports.iter().find(|own| own.name == DOCKER);
    let scopes = docker.map_or(&[][..], |section| &section.scopes);
    let mut lists: Vec<List<'_>> = scopes
        .iter()
        .map(|own| List {
            scope: Some(&own.name),
            requirements: &own.requirements,
        })
        .take(MAX_SCOPES)
        .collect();
    // The scope of all images takes the place of the default.
    if scopes.iter().all(|own| !own.name.is_empty()) {
        lists.push(List {
            scope: None,
            requirements: &policy.default,
        });
    }
    lists
}

/// The scope that applies to an image; `None` for the `default`.
fn applied<'p>(policy: &'p Policy, image: &Reference) -> Option<&'p str> {
    match policy.select(DOCKER, image).0 {
        Applied::Scope(scope) => Some(&scope.name),
        Applied::Default => None,
    }
}

/// Mirrors at which the signatures that a list asks for are not looked for. `by` is what names the mirrors.
pub(super) fn mirrors(book: &Rulebook, (conf, by): (&RegistriesConf, &str), sections: &RegistriesD) -> Vec<Finding> {
    let Some((base, policy)) = book.base().and_then(|base| Some((base, base.policy()?))) else {
        return Vec::new();
    };
    // A list is for names with mirrors inside of its scope too, but where a nearer one is.
    let mut inside: HashMap<Option<&str>, Vec<Reference>> = HashMap::new();
    for source in conf.mirrored().take(MAX_SCOPES).filter_map(example) {
        inside.entry(applied(policy, &source)).or_default().push(source);
    }
    let mut findings = Vec::new();
    for list in lists(policy) {
        if !mirrored::asks_for_signatures(list.requirements.iter()) {
            continue;
        }
        let mut sources: Vec<Reference> = list.scope.and_then(example).into_iter().collect();
        sources.extend(inside.remove(&list.scope).unwrap_or_default());
        let mut told: HashSet<&str> = HashSet::new();
        for source in &sources {
            for (_, location) in conf.mirrors_of(source) {
                let Some(mirror) = example(location) else { continue };
                let has_store = |own: &Reference| sections.lookaside(own).is_some();
                let lost = if list.asks_for(is_by_gpg) && has_store(source) && !has_store(&mirror) {
                    "lookaside"
                } else if list.asks_for(is_by_sigstore)
                    && has_attachments(sections, source)
                    && !has_attachments(sections, &mirror)
                {
                    "use-sigstore-attachments"
                } else {
                    continue;
                };
                if told.insert(location) {
                    findings.push(Finding::new(
                        Code::MirrorWithoutSignatures,
                        Some(list.spot(base, list.path())),
                        format!("{by} names the mirror {location}, for which registries.d has no {lost}: images pulled from it count as unsigned"),
                    ));
                }
            }
        }
    }
    findings
}

fn has_attachments(sections: &RegistriesD, own: &Reference) -> bool {
    sections.use_sigstore_attachments(own).is_some_and(|(is_on, _)| is_on)
}

/// Lists whose sigstore signatures nobody looks for: the registry has them, and registries.d turns that on.
pub(super) fn attachments(book: &Rulebook, sections: &RegistriesD) -> Vec<Finding> {
    let Some((base, policy)) = book.base().and_then(|base| Some((base, base.policy()?))) else {
        return Vec::new();
    };
    // Where it is turned on for names that no scope has, or all have.
    let attaching: HashSet<Option<&str>> = sections
        .attaching()
        .take(MAX_SCOPES)
        .filter_map(example)
        .map(|image| applied(policy, &image))
        .collect();
    let mut findings = Vec::new();
    for list in lists(policy) {
        let Some(number) = list.requirements.iter().position(is_by_sigstore) else {
            continue;
        };
        let is_on = match list.scope {
            None | Some("") => sections.attaches_by_default() || attaching.contains(&list.scope),
            Some(scope) => match example(scope) {
                Some(own) => {
                    has_attachments(sections, &own) || sections.attaching().any(|inside| covers(scope, inside))
                }
                // No image has such a name.
                None => continue,
            },
        };
        if !is_on {
            findings.push(Finding::new(
                Code::AttachmentsNotRead,
                Some(list.spot(base, format!("{}[{number}]", list.path()))),
                format!(
                    "registries.d does not say \"use-sigstore-attachments: true\" for {}: no sigstore signature is looked for in a registry, and an image there is refused unless a lookaside store has one",
                    list.images()
                ),
            ));
        }
    }
    findings
}

/// An image with a name in a scope or location, where that has names.
fn example(scope: &str) -> Option<Reference> {
    if let Some(domain) = scope.strip_prefix("*.") {
        return Reference::parse_canonical(&format!("x.{domain}/x:latest")).ok();
    }
    Reference::parse_canonical(scope)
        .ok()
        .filter(|own| !own.is_name_only())
        .or_else(|| Reference::parse_canonical(&format!("{scope}/x:latest")).ok())
}
