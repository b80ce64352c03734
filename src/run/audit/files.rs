// SPDX-License-Identifier: Apache-2.0
//! The images of files with API objects.

mod instances;
mod tags;
mod uses;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};

use super::cluster::NOT_RECORDED;
use super::expected::{self, Expected};
use super::job::{Job, Object, Standing, What};
use super::naming::Lists;
use crate::audit::entry::{called, IdentitySource};
use crate::audit::prefix_map::PrefixMap;
use crate::audit::uses::{Known, Uses};
use crate::digest::Digest;
use crate::reason::{Reason, Refusal};
use crate::run::elsewhere::Elsewhere;
use crate::run::lists;
use crate::run::objects::{self, Found, Selected};
use crate::settings::audit::{Audit, Images};
use crate::settings::objects::Recording;
use crate::settings::requests::Request;
use crate::source::objects::{sources, ObjectFiles, Place, Position};
use crate::text::safe;

/// Most troubles with such objects that are named.
const MAX_TROUBLES: usize = 20;

/// The objects in files that are judged.
pub(super) struct Files<'f> {
    objects: &'f ObjectFiles,
    places: &'f [Place],
    /// Those that are asked for by name.
    requests: Option<&'f [Request]>,
    names: Option<Vec<String>>,
    map: Option<&'f PrefixMap>,
    /// What streams and pods in the files say about images.
    uses: Uses,
    /// Why not all of that is known; safe to print.
    troubles: Vec<String>,
    /// What else is not known; safe to print. It is only about the images that are noted with their uses.
    beside: Vec<String>,
    /// How many objects of other kinds were left out.
    others: u64,
    /// How many images there were.
    images: Cell<u64>,
    /// Images that are named, and those that are named more than once.
    named: RefCell<(HashSet<String>, BTreeSet<String>)>,
    /// How many objects without a name of its own there were in each file.
    nameless: RefCell<HashMap<String, u64>>,
    /// How many images are used and are not among the objects.
    absent: usize,
    /// Verdicts are to be recorded.
    records: bool,
}

impl<'f> Files<'f> {
    pub(super) fn new(settings: &'f Audit, objects: &'f ObjectFiles) -> Self {
        let (places, requests) = match &settings.images {
            Images::Files { places, named, .. } => (places.as_slice(), named.as_deref()),
            Images::Places { .. } | Images::Cluster { .. } => (&[][..], None),
        };
        let mut files = Self {
            objects,
            places,
            requests,
            names: requests.map(|all| all.iter().map(|request| request.image.to_string()).collect()),
            map: settings.map.as_ref().map(|map| &map.map),
            uses: Uses::default(),
            troubles: Vec::new(),
            beside: Vec::new(),
            others: 0,
            images: Cell::new(0),
            named: RefCell::default(),
            nameless: RefCell::default(),
            absent: 0,
            records: settings.recording == Recording::Confirm,
        };
        files.gather();
        files.absent = files.absent().count();
        files
    }

    /// How many images are expected. Views count as well, although the image in them may be counted already.
    pub(super) fn count(&self) -> usize {
        let named = self.names.as_ref().map(Vec::len);
        named.unwrap_or_else(|| self.objects.count()) + self.objects.unreadable.len() + self.absent
    }

    /// Images that streams and pods in the files use, and that no object in the files is; none where the images to be judged
    /// are named. A list need not have all of its instances.
    fn absent(&self) -> impl Iterator<Item = (Digest, Known)> + '_ {
        let used = self.uses.images().filter(|_| self.names.is_none());
        let absent = used.filter(|digest| self.objects.find(digest.as_str()).is_empty());
        absent.map(|digest| {
            let known = self.uses.known(&digest);
            (digest, known)
        })
    }

    /// An image that is used, and of which nothing else is known.
    fn job_of_absent(&self, digest: &Digest, known: Known) -> Job {
        let message = format!(
            "no Image object {digest} in the files: its signatures are unknown; add the output of oc get image \
                {digest} -o json"
        );
        Job {
            image: digest.to_string(),
            source: sources(self.places),
            what: What::Nothing(Refusal::new(Reason::NotFound, message)),
            expected: expected::of_uses(self.map, &known, &serde_json::Value::Null, true),
            uses: known.uses,
            more_uses: known.more_uses,
            names: Vec::new(),
            aside: Elsewhere::default(),
            lists: Lists::default(),
            is_looked_up: false,
        }
    }

    /// The images, one after the other.
    pub(super) fn jobs(&self) -> impl Iterator<Item = Job> + '_ {
        let wanted = |position: Position| self.wants(position);
        let selected = objects::select_where(self.objects, self.names.as_deref(), self.places, wanted);
        // That there is none at all is told at the end.
        let is_there = self.names.is_some() || self.count() > self.absent;
        let own = selected.filter(move |_| is_there).map(|selected| self.job(selected));
        own.chain(self.absent().map(|(digest, known)| self.job_of_absent(&digest, known)))
    }

    /// Whether an object is an image to be judged: other kinds are none, and a view of an image that stands there itself,
    /// or that another view has shown already, is not an image of its own.
    fn wants(&self, position: Position) -> bool {
        !self.objects.is_of_other_kind(position) && !self.objects.is_seen_elsewhere(position)
    }

    fn job(&self, selected: Selected) -> Job {
        self.images.set(self.images.get() + 1);
        let request = selected
            .request
            .and_then(|number| self.requests.and_then(|all| all.get(number)));
        if request.is_some() {
            let (once, again) = &mut *self.named.borrow_mut();
            if !once.insert(selected.name.clone()) {
                again.insert(selected.name.clone());
            }
        }
        let known = Digest::parse(&selected.name).map_or_else(|_| Known::default(), |digest| self.uses.known(&digest));
        let (what, own) = match selected.found {
            Err(refusal) => (What::Nothing(refusal), Expected::nothing()),
            Ok(Found {
                position,
                copies,
                loaded,
            }) => {
                let own = expected::of_uses(self.map, &known, &loaded.object, true);
                let refusal = objects::refusal(self.objects, position, &loaded.image.name);
                let standing = Standing::File {
                    position,
                    copies,
                    refusal,
                };
                let object = Object { loaded, standing };
                (What::Object(Box::new(object)), own)
            }
        };
        let named = request.filter(|request| !request.identities.is_empty());
        let expected = named.map_or(own, |request| {
            expected::through(None, &request.identities, IdentitySource::User)
        });
        let expected = Expected {
            is_partial: self.is_partial() || known.is_doubted,
            ..expected
        };
        let lists = match &what {
            What::Object(object) => Lists::of(&expected.identities, |identity| {
                lists::in_files(self.objects, &object.loaded, identity)
            }),
            _ => Lists::default(),
        };
        Job {
            image: called(self.told_apart(selected.name, &selected.source)),
            source: called(selected.source),
            what,
            expected,
            uses: known.uses,
            more_uses: known.more_uses,
            names: Vec::new(),
            aside: Elsewhere::default(),
            lists,
            is_looked_up: false,
        }
    }

    /// What an image is called: a file may have several objects that are called by it alone, and none stands for another.
    fn told_apart(&self, name: String, source: &str) -> String {
        if name != source {
            return name;
        }
        let mut nameless = self.nameless.borrow_mut();
        let count = nameless.entry(name.clone()).or_default();
        *count += 1;
        match *count {
            1 => name,
            count => format!("{name} ({count})"),
        }
    }

    /// Whether there may be more in the files that uses images than is known.
    fn is_partial(&self) -> bool {
        !self.troubles.is_empty() || !self.objects.unreadable.is_empty() || self.objects.parts().next().is_some()
    }

    /// Why not all images are known, if they are not.
    pub(super) fn complaints(&self) -> Vec<String> {
        let unreadable = self.objects.unreadable.iter();
        let mut complaints: Vec<String> = unreadable.map(|own| own.refusal.message.clone()).collect();
        complaints.extend(self.objects.parts());
        complaints.extend(self.troubles.iter().chain(&self.beside).cloned());
        // Reports know an image by its digest: what one name expects would pass for what all expect.
        complaints.extend(self.named.borrow().1.iter().map(|image| {
            format!(
                "image {} is named more than once; name it once, and write a report of its own for each expected identity",
                safe(image)
            )
        }));
        if self.is_partial() && self.records {
            complaints.push(NOT_RECORDED.to_owned());
        }
        if self.images.get() == 0 {
            complaints.push(self.objects.no_image_in("the files"));
        }
        complaints
    }

    /// What to know about what was left out.
    pub(super) fn note(&self) -> Option<String> {
        match self.others {
            0 => None,
            1 => Some("1 object of another kind was skipped".to_owned()),
            count => Some(format!("{count} objects of other kinds were skipped")),
        }
    }
}
