// SPDX-License-Identifier: Apache-2.0
//! `--registry-url`: registries that are asked for signatures of a cluster's images, by a few threads at a
//! time however many judge.

use crate::openpgp::framing::lost::no_message;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::cluster::registries::Own;
use crate::digest::Digest;
use crate::reason::{Reason, Refusal};
use crate::registry::configuration::Configuration;
use crate::report::console::Messages;
use crate::run::cluster::Session;
use crate::run::elsewhere::{self, Elsewhere, Mirrors, Registry, Sought};
use crate::settings::audit::{Audit, Images};
use crate::settings::cluster_registry::ClusterRegistry;
use crate::source::registry::Registries;

/// How many images are looked up at a time. Each has one client a host.
const MAX_AT_ONCE: usize = 2;

/// What is known of registries before one is asked.
#[derive(Debug)]
pub(super) struct Reach<'s> {
    wanted: &'s ClusterRegistry,
    configuration: Configuration,
    own: Result<Own, Refusal>,
    mirrors: Mirrors,
}

impl<'s> Reach<'s> {
    /// Asks the cluster for its registry and for its mirrors, where registries are to be asked.
    pub(super) fn new(settings: &'s Audit, session: &mut Session, stderr: &mut Messages<'_>) -> Option<Self> {
        let Images::Cluster {
            registry: Some(wanted),
            registries: Some(configuration),
            ..
        } = &settings.images
        else {
            return None;
        };
        let mut configuration = (**configuration).clone();
        let (own, warning) = elsewhere::prepare(wanted, session, &mut configuration);
        if let Some(warning) = warning {
            stderr.warning(warning);
        }
        let mirrors = match wanted {
            ClusterRegistry::Auto => session.mirrors(),
            ClusterRegistry::Host { .. } => Ok(configuration.mirrors.clone()),
        };
        Some(Self {
            wanted,
            configuration,
            own,
            mirrors,
        })
    }
}

/// Registries that are asked by the threads that judge.
#[derive(Debug)]
pub(super) struct Lookups<'r> {
    mirrors: &'r Mirrors,
    free: Mutex<Vec<Registry<'r>>>,
    is_free: Condvar,
    /// What was found of release payloads.
    kept: Mutex<Vec<(Key, Elsewhere)>>,
}

/// What makes two looks at an image without an object the same: where, which image, and whether signatures of it are known.
type Key = (String, Digest, bool);

impl<'r> Lookups<'r> {
    /// Nobody is contacted yet.
    pub(super) fn new(reach: &'r Reach<'_>, settings: &Audit) -> Self {
        let new = |_| {
            let registries = Registries::new(&reach.configuration, settings.clock, no_message);
            Registry::new(reach.wanted, &reach.configuration, registries, reach.own.clone())
        };
        Self {
            mirrors: &reach.mirrors,
            free: Mutex::new((0..MAX_AT_ONCE).map(new).collect()),
            is_free: Condvar::new(),
            kept: Mutex::default(),
        }
    }

    /// Looks an image up, once a registry is free; also what the user should know.
    pub(super) fn look(&self, sought: Sought<'_>, digest: &Digest) -> (Elsewhere, Vec<String>) {
        if let Some(found) = self.kept(sought, digest) {
            return (found, Vec::new());
        }
        let mut taken = self.take();
        let Some(registry) = &mut taken.registry else {
            return Default::default();
        };
        let found = registry.look(&mut || self.mirrors.clone(), sought, digest);
        (found, registry.take_warnings())
    }

    /// Has what is looked up from now on end within this time, all of it together; `None` takes that back.
    pub(super) fn within(&self, limit: Option<Duration>) {
        let bound = limit.and_then(|limit| Some((limit, Instant::now().checked_add(limit)?)));
        for registry in self.lock().iter() {
            registry.within(bound);
        }
    }

    /// What the locations of a release payload have beside the one that counts; also what the user should know.
    pub(super) fn further(&self, payload: &Elsewhere) -> (Elsewhere, Vec<String>) {
        let mut taken = self.take();
        let Some(registry) = &mut taken.registry else {
            return Default::default();
        };
        let found = registry.further(payload);
        (found, registry.take_warnings())
    }

    /// Looks a release payload up and keeps what was found, so that its report needs no second look.
    pub(super) fn look_and_keep(&self, sought: Sought<'_>, digest: &Digest) -> (Elsewhere, Vec<String>) {
        let (found, warnings) = self.look(sought, digest);
        let key = (sought.reference.to_owned(), digest.clone(), sought.is_signed);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push((key, found.clone()));
        (found, warnings)
    }

    /// What was found where the same was sought before, if it was kept.
    fn kept(&self, sought: Sought<'_>, digest: &Digest) -> Option<Elsewhere> {
        // What an object has or says of its registry makes it another look.
        if sought.is_managed || !sought.signatures.is_empty() {
            return None;
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_own = |(reference, own, is_signed): &Key| {
            reference == sought.reference && own == digest && *is_signed == sought.is_signed
        };
        kept.iter().find(|(key, _)| is_own(key)).map(|(_, found)| found.clone())
    }

    /// Hands out the last layer of a release payload that was looked up, or those of all instances of a list, once a registry
    /// is free; also what the user should know.
    ///
    /// # Errors
    /// When one of them cannot be had, or `take` refuses it; the others are handed out all the same.
    pub(super) fn last_layers(
        &self,
        payload: &Elsewhere,
        take: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> (Result<(), Refusal>, Vec<String>) {
        let mut taken = self.take();
        let Some(registry) = &mut taken.registry else {
            return (
                Err(Refusal::new(Reason::SourceUnavailable, "no registry is asked")),
                Vec::new(),
            );
        };
        let read = registry.last_layers(payload, take);
        (read, registry.take_warnings())
    }

    fn take(&self) -> Taken<'_, 'r> {
        let mut free = self.lock();
        loop {
            match free.pop() {
                Some(registry) => {
                    return Taken {
                        lookups: self,
                        registry: Some(registry),
                    }
                }
                None => free = self.is_free.wait(free).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// The list stays usable after a panic elsewhere: it is only ever pushed to and popped from.
    fn lock(&self) -> MutexGuard<'_, Vec<Registry<'r>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A registry that is in use; it is free again when this is dropped, whatever has happened.
struct Taken<'l, 'r> {
    lookups: &'l Lookups<'r>,
    registry: Option<Registry<'r>>,
}

impl Drop for Taken<'_, '_> {
    fn drop(&mut self) {
        self.lookups.lock().extend(self.registry.take());
        self.lookups.is_free.notify_one();
    }
}
