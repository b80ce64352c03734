// SPDX-License-Identifier: Apache-2.0
//! The images of a cluster, and their records.

mod payload;
mod writing;

use serde_json::Value;

use self::payload::Payloads;
use super::expected::{self, Expected};
use super::job::{self, Job, Object, Standing, What};
use super::judge::Judge;
use super::naming::Lists;
use crate::audit::entry::Entry;
use crate::audit::prefix_map::PrefixMap;
use crate::audit::uses::Known;
use crate::cluster::names::Name;
use crate::reason::{Reason, Refusal, Verdict};
use crate::reference::Reference;
use crate::registry::registries_conf::RegistriesConf;
use crate::report::console::Messages;
use crate::run::cluster::inventory::{Candidate, Inventory, Range, Reader, Scope, Wanted};
use crate::run::cluster::{Session, SOURCE};
use crate::run::lists;
use crate::run::planning::Author;
use crate::run::record_to::{ImageRecorder, Recorder as _};
use crate::settings::audit::{AskedRange, Audit, Images};
use crate::settings::cluster_registry::ClusterRegistry;
use crate::settings::objects::Recording;
use crate::settings::requests::Request;
use crate::source::objects::Loaded;

/// What follows for records where not all is known that uses images.
pub(super) const NOT_RECORDED: &str = "the uses of images are not all known: only rejections that do not depend on them are recorded, and images that you name with IMAGE=REF or --images-from";

/// The images of a cluster.
pub(super) struct Cluster<'s> {
    settings: &'s Audit,
    session: Session,
    inventory: Inventory,
    map: Option<&'s PrefixMap>,
    /// Judges what others have changed meanwhile.
    judge: Judge<'s>,
    /// The images that are named, if that is the way they are chosen.
    requests: &'s [(Name, Request)],
    /// Images beside them that are not in the cluster, as far as they were not handed out yet.
    places: &'s [Request],
    /// Registries are asked too.
    looks: bool,
    /// Not all could be read that uses images.
    is_partial: bool,
    /// Only some of what uses images was asked for.
    is_of_some: bool,
    /// What to know of release payloads.
    notes: Vec<String>,
}

impl<'s> Cluster<'s> {
    /// Finds out which images there are. `None` where the images of the run are not those of a cluster.
    pub(super) fn read(
        settings: &'s Audit,
        mut judge: Judge<'s>,
        mut session: Session,
        stderr: &mut Messages<'_>,
    ) -> Option<Self> {
        let Images::Cluster {
            range,
            selector,
            registry,
            ..
        } = &settings.images
        else {
            return None;
        };
        let mut places: &[Request] = &[];
        let mut requests: &[(Name, Request)] = &[];
        let range = match range {
            AskedRange::All => Range::Images,
            AskedRange::Used(namespace) => Range::Used(namespace.clone()),
            AskedRange::Named {
                objects, places: own, ..
            } => {
                (requests, places) = (objects, own);
                Range::Named(objects.iter().map(wanted).collect())
            }
        };
        // The records of an image are one for all who use it, in whatever namespace. What chooses Image objects by labels
        // leaves out none of their uses.
        let is_of_some = match &range {
            Range::Used(namespace) => namespace.is_some() || !selector.is_empty(),
            Range::Images | Range::Named(_) => false,
        };
        let scope = Scope {
            range,
            selector: selector.clone(),
        };
        let map = settings.map.as_ref().map(|map| &map.map);
        let mut notes = Vec::new();
        let inventory = match judge.lookups.clone() {
            Some(lookups) => {
                let mut payloads = Payloads {
                    map,
                    judge: &mut judge,
                    lookups: &lookups,
                    is_auto: *registry == Some(ClusterRegistry::Auto),
                    notes: &mut notes,
                };
                let mut reader: Reader<'_> = &mut |payload, kept, object| payloads.read(payload, kept, object, stderr);
                Inventory::read(&mut session, scope, map, Some(&mut reader))
            }
            None => Inventory::read(&mut session, scope, map, None),
        };
        if judge.lookups.is_none() && inventory.has_release() {
            log::info!("{}", payload::NOT_ASKED);
        }
        session.tell_warnings(stderr);
        // What is missing by now is about streams, pods and lists; the images themselves are listed later.
        let is_partial = !inventory.incomplete().is_empty() || inventory.may_miss_lists();
        Some(Self {
            settings,
            session,
            inventory,
            map,
            judge,
            requests,
            places,
            looks: registry.is_some(),
            is_partial,
            is_of_some,
            notes,
        })
    }

    /// Which mirrors the cluster is configured for.
    ///
    /// # Errors
    /// When that cannot be read or used.
    pub(super) fn mirrors(&mut self) -> Result<RegistriesConf, Refusal> {
        self.session.mirrors()
    }

    /// How many images are expected.
    pub(super) fn total(&self) -> usize {
        self.inventory.total() + self.places.len()
    }

    /// Who records: asked only where that is to be done.
    ///
    /// # Errors
    /// When the server does not say it.
    pub(super) fn author(&mut self) -> Result<Author, Refusal> {
        ImageRecorder::new(&mut self.session, self.settings.recording, None).author()
    }

    /// The next image of those whose names it `wants`; then those that are not in the cluster.
    pub(super) fn next(&mut self, wants: &mut dyn FnMut(&str) -> bool) -> Option<Job> {
        let Some(candidate) = self.inventory.next(&mut self.session, wants) else {
            let (place, rest) = self.places.split_first()?;
            self.places = rest;
            return Some(job::place(self.settings, place));
        };
        // Known by now only: what was judged before it is recorded.
        self.is_partial |= self.inventory.lacks_older();
        let Candidate {
            name,
            found,
            known,
            wanted,
            aside,
            lost_name,
        } = candidate;
        let names = match self.settings.mirrors {
            true => names(&known, found.as_ref().ok().map(|found| &found.loaded.object)),
            false => Vec::new(),
        };
        let nothing = Value::Null;
        let object = found.as_ref().map_or(&nothing, |found| &found.loaded.object);
        let expected = Expected {
            is_partial: self.is_partial || known.is_doubted || self.inventory.may_miss_names_of(&name),
            is_of_some: self.is_of_some,
            is_by_object: is_by_object(self.requests, &known, &wanted),
            lost_name,
            ..expected_of(self.map, self.requests, &known, object, &wanted)
        };
        let lists = match &found {
            Ok(found) => self.lists(&found.loaded, &expected),
            Err(_) => Lists::default(),
        };
        let what = match found {
            Ok(found) => What::Object(Box::new(Object {
                loaded: found.loaded,
                standing: Standing::Cluster(found.read_only),
            })),
            Err(refusal) if refusal.reason == Reason::NotFound && (self.looks || !aside.is_nothing()) => {
                let places = match self.looks {
                    true => names_of_uses(&known),
                    false => Vec::new(),
                };
                What::Absent(refusal, places)
            }
            Err(refusal) => What::Nothing(refusal),
        };
        Some(Job {
            image: name,
            source: SOURCE.to_owned(),
            what,
            expected,
            uses: known.uses,
            more_uses: known.more_uses,
            names,
            aside,
            lists,
            is_looked_up: self.looks,
        })
    }

    /// The lists whose digests are expected of an image, among the Images of the cluster.
    fn lists(&mut self, loaded: &Loaded, expected: &Expected) -> Lists {
        Lists::of(&expected.identities, |identity| {
            lists::in_cluster(&mut self.session, loaded, identity)
        })
    }

    /// Why not all images are known, if they are not.
    pub(super) fn complaints(&self) -> Vec<String> {
        let mut complaints = self.inventory.incomplete().to_vec();
        complaints.extend_from_slice(self.inventory.beside());
        if complaints.is_empty() && self.total() == 0 && self.requests.is_empty() {
            complaints.push("the cluster has no image".to_owned());
        }
        let is_part = self.is_partial || self.inventory.may_miss_names();
        if self.settings.recording == Recording::Confirm && is_part {
            complaints.push(NOT_RECORDED.to_owned());
        }
        complaints
    }

    /// Heeds the verdict on an image: if it is a Verified payload, its registry could tell the components.
    pub(super) fn heed(&mut self, entry: &Entry) {
        if !self.looks && entry.verdict == Verdict::Verified && self.inventory.is_release(&entry.image) {
            self.notes.push(payload::NOT_ASKED.to_owned());
            self.notes.dedup();
        }
    }

    /// What to know about images that are left out, and about release payloads.
    pub(super) fn notes(&self) -> Vec<String> {
        [self.inventory.left_out(), self.notes.clone()].concat()
    }

    /// Says what the server warns of.
    pub(super) fn tell_warnings(&mut self, stderr: &mut Messages<'_>) {
        self.session.tell_warnings(stderr);
    }
}

/// What is expected of an image: what the user says who names it, else what its uses say.
fn expected_of(
    map: Option<&PrefixMap>,
    requests: &[(Name, Request)],
    known: &Known,
    object: &Value,
    wanted: &[usize],
) -> Expected {
    let requests = wanted.iter().filter_map(|number| requests.get(*number));
    let own: Vec<&Request> = requests.map(|(_, request)| request).collect();
    let of_uses = expected::of_uses(map, known, object, false);
    let named = own.iter().filter(|request| !request.identities.is_empty());
    let named = named.map(|request| (request.asked.as_str(), request.identities.as_slice()));
    expected::of_requests(named.collect(), of_uses, !known.demands.is_empty())
}

/// Whether an image is named by its digest, and not what it is expected to be.
fn is_by_object(requests: &[(Name, Request)], known: &Known, wanted: &[usize]) -> bool {
    let own = |number: &usize| {
        requests
            .get(*number)
            .is_some_and(|(name, _)| matches!(name, Name::Image(_)))
    };
    known.demands.is_empty() && !wanted.is_empty() && wanted.iter().all(own)
}

/// References that an image is known by: where it came from, and as what it is used.
fn names(known: &Known, object: Option<&Value>) -> Vec<Reference> {
    let origin = object.and_then(|object| object["dockerImageReference"].as_str());
    let origin = origin.and_then(|text| Reference::parse(text).ok());
    origin.into_iter().chain(names_of_uses(known)).collect()
}

/// References that an image is used as.
fn names_of_uses(known: &Known) -> Vec<Reference> {
    let used = known.demands.iter().flat_map(|demand| &demand.references);
    used.chain(&known.places).cloned().collect()
}

/// An image that is named, as the inventory asks for it.
fn wanted((name, request): &(Name, Request)) -> Wanted {
    Wanted {
        name: name.clone(),
        asked: request.asked.clone(),
        is_expected: !request.identities.is_empty(),
    }
}
