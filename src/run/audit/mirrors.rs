// SPDX-License-Identifier: Apache-2.0
//! `--mirrors`: images at their sources and at the mirrors that stand for these.

mod instances;

use crate::openpgp::framing::lost::no_message;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use self::instances::{Instances, List};
use crate::audit::entry::AuditFinding;
use crate::audit::gaps;
use crate::clock::Clock;
use crate::digest::Digest;
use crate::reason::Refusal;
use crate::reference::Reference;
use crate::registry::configuration::Configuration;
use crate::registry::registries_conf::{Location, RegistriesConf};
use crate::registry::skopeo::Skopeo;
use crate::source::registry::Registries;

/// Most names of one image that are looked up.
const MAX_NAMES: usize = 8;

/// Which mirrors there are: as the cluster says, else as this machine does.
pub(super) type Known = Result<RegistriesConf, Refusal>;

/// What the threads that compare have seen together.
#[derive(Debug, Default)]
pub(super) struct Seen {
    image: AtomicBool,
    /// An image has a mirror, or it is not known whether it has one.
    mirror: AtomicBool,
}

impl Seen {
    /// Whether images were compared and none of them has a mirror: a report without a gap then says nothing about mirrors.
    pub(super) fn no_mirror(&self) -> bool {
        self.image.load(Ordering::Relaxed) && !self.mirror.load(Ordering::Relaxed)
    }
}

/// Compares images at mirrors with those at their sources.
#[derive(Debug)]
pub(super) struct Mirrors<'s> {
    known: Arc<Known>,
    seen: Arc<Seen>,
    registries: Registries<'s>,
    /// What commands that are proposed take over.
    skopeo: &'s Skopeo,
}

impl<'s> Mirrors<'s> {
    /// Nobody is contacted yet.
    pub(super) fn new(configuration: &'s Configuration, (known, seen): (Arc<Known>, Arc<Seen>), clock: Clock) -> Self {
        Self {
            known,
            seen,
            registries: Registries::new(configuration, clock, no_message),
            skopeo: &configuration.skopeo,
        }
    }

    /// Adds what mirrors lack of an image, and of the instances of a list `with_instances`. `names` are the references that it
    /// is known by.
    pub(super) fn compare(
        &mut self,
        digest: &Digest,
        names: &[Reference],
        with_instances: bool,
        found: &mut Vec<AuditFinding>,
    ) {
        self.seen.image.store(true, Ordering::Relaxed);
        let mut asked: Vec<Reference> = Vec::new();
        for name in names {
            // Mirrors may stand for digests only, or for tags only.
            let pinned = Reference::parse(&format!("{}@{digest}", name.name())).ok();
            for reference in pinned.into_iter().chain(name.tag().is_some().then(|| name.clone())) {
                if !asked.contains(&reference) && asked.len() < MAX_NAMES {
                    asked.push(reference);
                }
            }
        }
        let mut instances = Instances::default();
        for reference in asked {
            for finding in self.of(digest, &reference, with_instances.then_some(&mut instances)) {
                // What is missing by digest is missing by tag too, and the first command fills the gap: it is one.
                let is_same = |own: &AuditFinding| (own.kind, &own.message) == (finding.kind, &finding.message);
                if !found.iter().any(is_same) {
                    found.push(finding);
                }
            }
        }
    }

    fn of(&mut self, digest: &Digest, reference: &Reference, instances: Option<&mut Instances>) -> Vec<AuditFinding> {
        let locations = match self.known.as_ref() {
            Ok(known) => known.locations(reference).map_err(|error| error.to_string()),
            Err(refusal) => Err(refusal.message.clone()),
        };
        let is_single = |locations: &Vec<Location>| !locations.iter().any(|location| location.is_mirror);
        if !locations.as_ref().is_ok_and(is_single) {
            self.seen.mirror.store(true, Ordering::Relaxed);
        }
        match locations {
            Ok(locations) if locations.iter().any(|location| location.is_mirror) => {
                let compared = self.registries.compare(reference, digest, &locations);
                let mut found = gaps::findings(&compared.places, self.skopeo);
                if let Some(instances) = instances {
                    let list = List::of(reference, digest, &locations, &compared);
                    instances.compare(&mut self.registries, list, self.skopeo, &mut found);
                }
                found
            }
            Ok(_) => Vec::new(),
            Err(why) => vec![gaps::unreachable(format!(
                "the mirrors of the image are unknown: {why}"
            ))],
        }
    }

    /// What the user should know.
    pub(super) fn take_warnings(&mut self) -> Vec<String> {
        self.registries.take_warnings()
    }
}
