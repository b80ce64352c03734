// SPDX-License-Identifier: Apache-2.0
//! An image of a cluster as it was found: what there is of it, and what is expected of it.

use serde_json::Value;

use super::super::expected::{self, Expected};
use super::super::job::{Object, Standing, What};
use crate::audit::prefix_map::PrefixMap;
use crate::audit::uses::Known;
use crate::cluster::images::FoundImage;
use crate::cluster::names::Name;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::run::elsewhere::Elsewhere;
use crate::settings::requests::Request;

/// What there is of an image, in registries too if it `looks` there.
pub(super) fn what_of(found: Result<FoundImage, Refusal>, known: &Known, aside: &Elsewhere, looks: bool) -> What {
    match found {
        Ok(found) => What::Object(Box::new(Object {
            loaded: found.loaded,
            standing: Standing::Cluster(found.read_only),
        })),
        Err(refusal) if refusal.reason == Reason::NotFound && (looks || !aside.is_nothing()) => {
            let places = match looks {
                true => names_of_uses(known),
                false => Vec::new(),
            };
            What::Absent(refusal, places)
        }
        Err(refusal) => What::Nothing(refusal),
    }
}

/// What is expected of an image: what the user says who names it, else what its uses say.
pub(super) fn expected_of(
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

/// References that an image is used as.
pub(super) fn names_of_uses(known: &Known) -> Vec<Reference> {
    let used = known.demands.iter().flat_map(|demand| &demand.references);
    used.chain(&known.places).cloned().collect()
}
