// SPDX-License-Identifier: Apache-2.0
//! containers-registries.conf(5): which locations stand for a name, in the order in which they are tried.

mod file;
pub mod mirror_sets;
mod origin;
mod table;
mod unknown;

use std::hash::{Hash, Hasher};
use std::path::PathBuf;

pub use origin::Origin;
use table::{Mirror, Registry};
pub use unknown::Unknown;

use crate::policy::place::Place;
use crate::reference::Reference;
use crate::text::place::shown;
use crate::text::safe;

/// Largest file, in bytes.
pub(crate) const MAX_FILE: u64 = 4 << 20;

/// What all files say together. Its hash is over what decides which places are asked, and how.
#[derive(Debug, Clone, Default)]
pub struct RegistriesConf {
    registries: Vec<Registry>,
    /// Members that have no meaning.
    unknown: Vec<Unknown>,
    /// It is what mirror sets of a cluster make together.
    is_of_cluster: bool,
    /// `credential-helpers`, in their order; of several files the last one that has it counts.
    pub helpers: Vec<String>,
}

/// A place where an image may be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The image's name there.
    pub reference: Reference,
    /// Whether this is a mirror; the source itself is always the last.
    pub is_mirror: bool,
    /// Whether plain http and certificates that cannot be verified are accepted there.
    pub insecure: bool,
    /// Whether it must not be contacted.
    pub blocked: bool,
    /// Whose configuration says how the place is contacted.
    pub origin: Origin,
}

/// A file that breaks the format, or a name that the configuration makes unusable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistriesConfError {
    /// The format is broken.
    #[error("{}: {}{what}", safe(&.file.display().to_string()), line_before(*.place))]
    File {
        /// The file that says so.
        file: PathBuf,
        /// Where in the file; line 0 where that is not known.
        place: Place,
        /// What is wrong in it, safe to print.
        what: String,
    },
    /// A location does not make a reference out of the name.
    #[error("{name} would be \"{found}\" at location \"{location}\" of registries.conf, which is not a reference")]
    Rewrite {
        /// The name that was asked for.
        name: String,
        /// The location that registries.conf(5) puts in place of the prefix.
        location: String,
        /// What the name becomes.
        found: String,
    },
}

impl Hash for RegistriesConf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.registries, self.is_of_cluster, &self.helpers).hash(state);
    }
}

fn line_before(place: Place) -> String {
    match place.line {
        0 => String::new(),
        line => format!("line {line}, column {}: ", place.column),
    }
}

impl RegistriesConf {
    /// Joins a main file and drop-ins, in the order in which they apply: a later entry replaces the earlier one of the
    /// same prefix, whole.
    ///
    /// # Errors
    /// When one of the files breaks a rule of the format.
    pub fn parse(files: &[(PathBuf, String)]) -> Result<Self, RegistriesConfError> {
        let mut all = Self::default();
        for (path, text) in files {
            let error = |fault: file::TomlFault| RegistriesConfError::File {
                file: path.clone(),
                place: fault.place,
                what: fault.what,
            };
            let own = file::parse(path, text).map_err(error)?;
            if let Some(helpers) = own.helpers {
                all.helpers = helpers;
            }
            for registry in own.registries {
                match all.registries.iter_mut().find(|own| own.prefix == registry.prefix) {
                    Some(own) => {
                        all.unknown.retain(|member| member.prefix.as_ref() != Some(&own.prefix));
                        *own = registry;
                    }
                    None => all.registries.push(registry),
                }
            }
            all.unknown.extend(unknown::of(path, text));
            file::check_conflicts(&all.registries).map_err(|what| error(what.into()))?;
        }
        Ok(all)
    }

    /// Members that the readers of these files pass over in silence: those of the entry that applies to a reference, and those
    /// beside all entries. One may be a known member, misspelt.
    pub fn unknown(&self, reference: &Reference) -> impl Iterator<Item = &Unknown> {
        let prefix = self.prefix_of(reference);
        let is_for = move |member: &&Unknown| member.prefix.is_none() || member.prefix.as_deref() == prefix;
        self.unknown.iter().filter(is_for)
    }

    /// The same of all entries.
    #[must_use]
    pub fn all_unknown(&self) -> &[Unknown] {
        &self.unknown
    }

    /// The prefix of the entry that applies to a name, if one does.
    #[must_use]
    pub fn prefix_of(&self, reference: &Reference) -> Option<&str> {
        self.entry(reference.name()).map(|registry| registry.prefix.as_str())
    }

    /// The mirrors that stand for a reference, whether by tag or by digest: the prefix of names that each is for, and what
    /// takes its place there.
    #[must_use]
    pub fn mirrors_of(&self, reference: &Reference) -> Vec<(&str, &str)> {
        let entry = self.entry(reference.name());
        let mirrors = entry.into_iter().flat_map(|registry| {
            let pair = |mirror| (registry.prefix.as_str(), Mirror::location(mirror));
            registry.mirrors.iter().map(pair)
        });
        mirrors.collect()
    }

    /// The references that are looked up at a place as at a mirror, where registries.conf has it as one.
    #[must_use]
    pub fn mirrored_as(&self, place: &Reference) -> Vec<Reference> {
        let mut sources = Vec::new();
        for registry in &self.registries {
            for mirror in &registry.mirrors {
                if matched(place.name(), &mirror.location).is_none() {
                    continue;
                }
                let source = rewrite(place, &mirror.location, &registry.prefix).ok();
                let is_found = |source: &Reference| {
                    let locations = self.locations(source).unwrap_or_default();
                    locations.iter().any(|own| own.is_mirror && own.reference == *place)
                };
                sources.extend(source.filter(is_found));
            }
        }
        sources
    }

    /// The prefixes of names for which there are mirrors.
    pub fn mirrored(&self) -> impl Iterator<Item = &str> {
        let own = self.registries.iter().filter(|registry| !registry.mirrors.is_empty());
        own.map(|registry| registry.prefix.as_str())
    }

    /// The locations that stand for a reference, which has a tag or a digest, in the order in which they are tried.
    ///
    /// # Errors
    /// When the name becomes an invalid reference at one of them: then none of them is used.
    pub fn locations(&self, reference: &Reference) -> Result<Vec<Location>, RegistriesConfError> {
        let Some(registry) = self.entry(reference.name()) else {
            return Ok(vec![Location {
                reference: reference.clone(),
                is_mirror: false,
                insecure: false,
                blocked: false,
                origin: self.origin_of(reference),
            }]);
        };
        let by_digest = reference.digest().is_some();
        let mut locations = Vec::new();
        for mirror in &registry.mirrors {
            if registry.uses(mirror, by_digest) {
                let rewritten = rewrite(reference, &registry.prefix, &mirror.location)?;
                locations.push(Location {
                    blocked: self.is_blocked(&rewritten),
                    origin: self.origin_of_mirror(&rewritten),
                    reference: rewritten,
                    is_mirror: true,
                    insecure: mirror.insecure,
                });
            }
        }
        // A wildcard without a location leaves the name as it is.
        let source = if registry.location.is_empty() {
            reference.clone()
        } else {
            rewrite(reference, &registry.prefix, &registry.location)?
        };
        locations.push(Location {
            blocked: self.is_blocked(&source),
            origin: self.origin_of(&source),
            reference: source,
            is_mirror: false,
            insecure: registry.insecure,
        });
        Ok(locations)
    }

    /// The mirrors that do not stand for a reference because of how it names the image, in words that are safe to print.
    pub fn passed_over(&self, reference: &Reference) -> impl Iterator<Item = String> + '_ {
        let by_digest = reference.digest().is_some();
        let (what, other) = match by_digest {
            true => ("tags", "by digest"),
            false => ("digests", "by tag"),
        };
        let entry = self.entry(reference.name()).into_iter();
        let own = entry.flat_map(move |registry| {
            registry
                .mirrors
                .iter()
                .filter(move |own| !registry.uses(own, by_digest))
        });
        own.map(move |mirror| {
            let place = shown(&mirror.location);
            format!("mirror {place} is for {what} only, and not asked for an image {other}")
        })
    }

    /// Whether the entry for this name forbids to contact it. Mirrors of that entry are contacted all the same.
    #[must_use]
    pub fn is_blocked(&self, location: &Reference) -> bool {
        self.entry(location.name()).is_some_and(|registry| registry.blocked)
    }

    /// Who blocks a place that is blocked, safe to print.
    #[must_use]
    pub fn blocker(&self, place: &Location) -> String {
        let entry = self.entry(place.reference.name());
        let spot = entry.and_then(|registry| registry.spot.0.as_ref());
        match (place.origin, spot) {
            (Origin::Machine | Origin::Mirror, Some((file, line))) => format!(
                "{} (blocked = true, for the entry in {} line {line})",
                place.origin.blocker(),
                safe(&file.display().to_string())
            ),
            (origin, _) => origin.blocker().to_owned(),
        }
    }

    fn origin_of_mirror(&self, location: &Reference) -> Origin {
        match self.origin_of(location) {
            Origin::Machine => Origin::Mirror,
            origin => origin,
        }
    }

    fn origin_of(&self, location: &Reference) -> Origin {
        if !self.is_of_cluster {
            return Origin::Machine;
        }
        let entry = self.entry(location.name());
        Origin::Cluster {
            is_forbidden_source: entry.is_some_and(|registry| registry.is_forbidden_source),
        }
    }

    /// The entry with the longest prefix that a repository has; the asterisk of a wildcard counts.
    fn entry(&self, name: &str) -> Option<&Registry> {
        self.registries
            .iter()
            .filter(|registry| matched(name, &registry.prefix).is_some())
            .reduce(|best, next| {
                if next.prefix.len() > best.prefix.len() {
                    next
                } else {
                    best
                }
            })
    }
}

/// How much of a repository name a prefix covers, in bytes; `None` where it does not match.
fn matched(name: &str, prefix: &str) -> Option<usize> {
    if let Some(domain) = prefix.strip_prefix('*') {
        // The first place where the domain stands decides, and it must be in the host.
        let at = name.find(domain)?;
        let end = at + domain.len();
        let rest = &name[end..];
        let in_host = !name[..at].contains('/');
        return (in_host && (rest.is_empty() || rest.starts_with(['/', ':', '@']))).then_some(end);
    }
    let rest = name.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with(['/', ':', '@'])).then_some(prefix.len())
}

/// Puts a location in the place of what a prefix covers.
fn rewrite(reference: &Reference, prefix: &str, location: &str) -> Result<Reference, RegistriesConfError> {
    let text = reference.to_string();
    let covered = matched(reference.name(), prefix).unwrap_or_default();
    let rewritten = format!("{location}{}", &text[covered..]);
    let invalid = || RegistriesConfError::Rewrite {
        name: shown(&text),
        location: shown(location),
        found: shown(&rewritten),
    };
    let parsed = Reference::parse(&rewritten).map_err(|_| invalid())?;
    // A location without a dot or a port in its host would be read as a path on docker.io.
    if parsed.to_string() == rewritten {
        Ok(parsed)
    } else {
        Err(invalid())
    }
}
