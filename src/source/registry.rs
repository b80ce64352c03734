// SPDX-License-Identifier: Apache-2.0
//! Images in registries: which manifest a reference stands for, and the place that it is taken from.
//!
//! A reference stands for one or more locations. The first whose manifest can be had is the one that counts, for the
//! manifest and for signatures, as on a node (containers-registries.conf(5)).

mod attachments;
pub(crate) mod compared;
mod layers;
mod referrers;
pub(crate) mod signatures;
mod unread;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_core::de::IgnoredAny;

use crate::clock::Clock;
use crate::digest::Digest;
use crate::limits::MAX_MANIFEST_BYTES;
use crate::manifest::is_manifest;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::registry::access::Access;
use crate::registry::budget::Budget;
use crate::registry::configuration::Configuration;
use crate::registry::lookaside::Stores;
use crate::registry::registries_conf::Location;
use crate::registry::registries_d::{not_read, passed_over};
use crate::registry::served::Framing;
use crate::registry::session::Session;
use crate::registry::skopeo::Skopeo;
use crate::registry::trouble::Trouble;
use crate::registry::Repository;
use crate::text::safe;

/// Most locations of one reference that are asked.
const MAX_LOCATIONS: usize = 32;

/// Registries that were asked in this run. Nobody is contacted who is not named by a reference, by the configuration, or
/// by a server that one of these names.
#[derive(Debug)]
pub struct Registries<'c> {
    configuration: &'c Configuration,
    clock: Clock,
    budget: Arc<Budget>,
    /// Sessions by host; trouble where nobody was reached, so that nobody waits for the same again.
    sessions: HashMap<Access, Result<Session<'c>, Trouble>>,
    repositories: HashMap<(String, String), Result<Repository, Trouble>>,
    stores: Stores<'c>,
    /// The host that the user wrote with `http://` before it.
    plain: Option<String>,
    warnings: Vec<String>,
    /// Warnings that were given, so that each is given once.
    warned: HashSet<String>,
}

/// A manifest that was served, and the place that it was taken from.
#[derive(Debug, Clone)]
pub struct Taken {
    /// The reference that was asked for.
    pub asked: Reference,
    /// The location that it was taken from.
    pub location: Location,
    /// The manifest's bytes as they were served; they hash to the digest.
    pub bytes: Vec<u8>,
    /// What they hash to.
    pub digest: Digest,
    /// The locations before it, and why they were not used.
    pub passed_over: Vec<(Location, Trouble)>,
    /// The locations that were not asked or had nothing.
    pub others: Vec<Location>,
}

impl Taken {
    /// The reference that was asked for, by digest.
    #[must_use]
    pub fn pinned(&self) -> String {
        format!("{}@{}", self.asked.name(), self.digest)
    }
}

impl<'c> Registries<'c> {
    /// Nobody is contacted yet. `framing` tells what servers say in place of a signature.
    #[must_use]
    pub fn new(configuration: &'c Configuration, clock: Clock, framing: Framing) -> Self {
        let budget = Arc::new(Budget::new(configuration.network.timeout));
        Self {
            configuration,
            clock,
            stores: Stores::new(&configuration.network, Arc::clone(&budget), framing),
            budget,
            sessions: HashMap::new(),
            repositories: HashMap::new(),
            plain: None,
            warnings: Vec::new(),
            warned: HashSet::new(),
        }
    }

    /// Reaches a host over plain http, and in no other way, because the user wrote `http://` before it.
    pub fn ask_plainly(&mut self, host: &str) {
        self.plain = Some(host.to_owned());
    }

    /// What the user should know, each text once.
    pub fn take_warnings(&mut self) -> Vec<String> {
        let mut found = self.stores.take_warnings();
        for session in self.sessions.values_mut().flatten() {
            found.extend(session.take_warnings());
        }
        found.into_iter().for_each(|warning| self.warn(warning));
        std::mem::take(&mut self.warnings)
    }

    fn warn(&mut self, warning: String) {
        if self.warned.insert(warning.clone()) {
            self.warnings.push(warning);
        }
    }

    /// Warns of what registries.d says about a place in words that nobody understands, or in files that are not read: where
    /// nothing is found, one of these may have been meant to say where to look.
    fn warn_of_unknown_members(&mut self, place: &Reference) {
        let configuration = self.configuration;
        for (name, at) in configuration.stores.unknown(place) {
            self.warn(format!("{}: {}", at.line_of_file(), passed_over(name)));
        }
        for file in &configuration.stores.not_read {
            self.warn(not_read(file));
        }
        for scope in &configuration.stores.unmatched {
            self.warn(scope.clone());
        }
    }

    /// Resolves a reference, once: fetches its manifest from the first location that has it.
    ///
    /// # Errors
    /// When no location has it, or the bytes are not those of the digest that was asked for.
    pub fn resolve(&mut self, asked: &Reference) -> Result<Taken, Refusal> {
        let configuration = self.configuration;
        for member in configuration.mirrors.unknown(asked) {
            self.warn(member.warning());
        }
        let locations = self.configuration.mirrors.locations(asked);
        let locations = locations.map_err(|error| Refusal::new(Reason::SourceUnavailable, error.to_string()))?;
        let passed_over: Vec<String> = configuration.mirrors.passed_over(asked).take(MAX_LOCATIONS).collect();
        for mirror in &passed_over {
            log::info!("registries.conf: {mirror}");
        }
        self.take(asked, &locations)
            .map_err(|refusal| match passed_over.first() {
                // It may have the image.
                Some(mirror) => Refusal {
                    message: format!("{}; {mirror}", refusal.message),
                    ..refusal
                },
                None => refusal,
            })
    }

    /// Fetches a manifest from the first of these locations that has it.
    ///
    /// # Errors
    /// When none has it, or the bytes are not those of the digest that was asked for.
    pub fn take(&mut self, asked: &Reference, locations: &[Location]) -> Result<Taken, Refusal> {
        self.budget.begin();
        let mut troubles = Vec::new();
        for (n, location) in locations.iter().enumerate().take(MAX_LOCATIONS) {
            let place = &location.reference;
            let wanted = match (place.digest(), place.tag()) {
                (Some(digest), _) => digest.as_str(),
                (None, Some(tag)) => tag,
                (None, None) => "latest",
            };
            match self.fetch(asked, location, wanted) {
                Ok(bytes) => {
                    let digest = digest_of(place, &bytes, place.digest())?;
                    let others = locations.iter().enumerate().filter(|(other, _)| *other != n);
                    return Ok(Taken {
                        asked: asked.clone(),
                        location: location.clone(),
                        bytes,
                        digest,
                        passed_over: locations.iter().cloned().zip(troubles).collect(),
                        others: others.map(|(_, location)| location.clone()).collect(),
                    });
                }
                Err(trouble) => troubles.push(trouble),
            }
        }
        if locations.len() > MAX_LOCATIONS {
            // The image may be at one of those that were not asked.
            let what = format!(
                "{} has {} locations in registries.conf, and only the first {MAX_LOCATIONS} are asked",
                safe(asked.name()),
                locations.len()
            );
            let reasons = none_of(&troubles).message;
            return Err(Refusal::new(Reason::SourceUnavailable, format!("{what}: {reasons}")));
        }
        Err(none_of(&troubles))
    }

    /// Fetches the manifest of an instance of a list, from where the list was taken.
    ///
    /// # Errors
    /// When it cannot be had, or the bytes do not hash to the digest.
    pub fn instance(&mut self, list: &Taken, digest: &Digest) -> Result<Vec<u8>, Refusal> {
        let bytes = self
            .fetch(&list.asked, &list.location, digest.as_str())
            .map_err(|trouble| none_of(&[trouble]))?;
        digest_of(&list.location.reference, &bytes, Some(digest))?;
        Ok(bytes)
    }

    fn fetch(&mut self, asked: &Reference, location: &Location, wanted: &str) -> Result<Vec<u8>, Trouble> {
        let repository = self.repository(asked, location)?;
        let session = self.session(location)?;
        let bytes = session.manifest(&repository, wanted)?.body;
        match no_manifest(&bytes, wanted) {
            None => Ok(bytes),
            Some(why) => Err(Trouble::NoManifest {
                place: safe(&location.reference.to_string()),
                why,
                look: (repository.skopeo).raw_manifest("at what it returned", &location.reference.to_string()),
            }),
        }
    }

    /// The repository of a location, with the login for it.
    fn repository(&mut self, asked: &Reference, location: &Location) -> Result<Repository, Trouble> {
        let place = &location.reference;
        let logins = &self.configuration.logins;
        let skopeo = self.skopeo(location);
        let key = (place.name().to_owned(), asked.domain().to_owned());
        let found = self.repositories.entry(key).or_insert_with(|| {
            let login = logins.of(place, asked, &skopeo).map_err(|why| Trouble::Unreachable {
                url: safe(place.name()),
                why: format!("looking up the login: {why}"),
            })?;
            Ok(Repository {
                path: place.path().to_owned(),
                login,
                advice: logins.advice(place, &skopeo),
                skopeo,
            })
        });
        found.clone()
    }

    /// Commands that ask a location as it is asked here.
    fn skopeo(&self, location: &Location) -> Skopeo {
        let is_plain = self.plain.as_deref() == Some(location.reference.domain());
        let is_unverified = location.insecure || self.configuration.unverified || is_plain;
        self.configuration.skopeo.at(is_unverified)
    }

    fn session(&mut self, location: &Location) -> Result<&mut Session<'c>, Trouble> {
        let place = &location.reference;
        if location.blocked {
            return Err(Trouble::Blocked {
                url: safe(&place.to_string()),
                by: self.configuration.mirrors.blocker(location),
            });
        }
        let access = Access {
            host: place.domain().to_owned(),
            unverified: location.insecure || self.configuration.unverified,
            plain_http: location.insecure,
            http_only: self.plain.as_deref() == Some(place.domain()),
            origin: location.origin,
        };
        let (network, clock, budget) = (&self.configuration.network, self.clock, &self.budget);
        // That the time for one image was over says nothing of the next one.
        if let Some(Err(Trouble::OutOfTime { .. })) = self.sessions.get(&access) {
            self.sessions.remove(&access);
        }
        let session = self
            .sessions
            .entry(access)
            .or_insert_with_key(|access| Session::open(network, Arc::clone(budget), access.clone(), clock));
        session.as_mut().map_err(|trouble| trouble.clone())
    }
}

/// The digest of a manifest, which must be the one that was asked for.
fn digest_of(place: &Reference, bytes: &[u8], wanted: Option<&Digest>) -> Result<Digest, Refusal> {
    let digest = Digest::of_manifest(bytes).map_err(|error| {
        Refusal::new(
            Reason::ManifestMismatch,
            format!("the manifest of {} has no digest: {error}", safe(&place.to_string())),
        )
    })?;
    match wanted {
        Some(wanted) if !wanted.is_of_manifest(bytes) => Err(Refusal::new(
            Reason::ManifestMismatch,
            format!(
                "{} served a manifest that hashes to {digest}, not {wanted}",
                safe(place.name())
            ),
        )),
        _ => Ok(digest),
    }
}

/// What came in place of a manifest: a proxy, a login page or a registry in trouble may answer anything under 200, and not
/// call it a web page. What has the digest that was asked for is what was asked for, as far as it is an object.
fn no_manifest(bytes: &[u8], wanted: &str) -> Option<&'static str> {
    // The digest of nothing is a digest; an answer without content is not a manifest.
    if bytes.trim_ascii().is_empty() {
        return Some("it is empty");
    }
    if !bytes.trim_ascii_start().starts_with(b"{") || serde_json::from_slice::<IgnoredAny>(bytes).is_err() {
        return Some("a manifest is a JSON object");
    }
    let has_digest = || Digest::parse(wanted).is_ok_and(|wanted| wanted.is_of(bytes));
    let is_one = is_manifest(bytes) || has_digest();
    (!is_one).then_some("it has no schemaVersion, or nothing that manifests have")
}

/// Why none of the locations has a manifest.
fn none_of(troubles: &[Trouble]) -> Refusal {
    // What is not known decides: the manifest may be where nobody answered.
    let decisive = troubles
        .iter()
        .find(|trouble| !matches!(trouble, Trouble::Absent { .. }));
    let Some(first) = decisive.or(troubles.first()) else {
        return Refusal::new(Reason::SourceUnavailable, "no location to ask");
    };
    let is_manifest = matches!(
        first,
        Trouble::TooLarge {
            limit: MAX_MANIFEST_BYTES,
            ..
        }
    );
    let reason = if is_manifest {
        Reason::ManifestUnavailable
    } else {
        first.reason()
    };
    let messages: Vec<String> = troubles.iter().map(Trouble::to_string).collect();
    Refusal::new(reason, messages.join("; "))
}
