// SPDX-License-Identifier: Apache-2.0
//! What an image is expected to be signed as (docs/contract.md 11).

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::audit::entry::{IdentitySource, Use, UseKind};
use crate::audit::prefix_map::PrefixMap;
use crate::audit::uses::{Demand, Known};
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::text::safe;
use crate::verdict::{Footing, ImageOutcome};

/// What an image is expected to be signed as, and who says so.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    /// All references; empty where nothing is known.
    pub(super) identities: Vec<Reference>,
    /// What single uses of the image expect: one of these references. An image is what it should be where every use gets
    /// what it expects.
    pub(super) demands: Vec<(Use, Vec<Reference>)>,
    /// How many uses expect something that is not among these.
    pub(super) more_demands: u64,
    /// What is expected is so wherever the image is used, and not by single uses.
    pub(super) is_everywhere: bool,
    /// The uses of which that is not so: they have the image from a place that says nothing.
    pub(super) open: Vec<Use>,
    /// The uses of which the map says what to expect, by the places that they have the image from.
    pub(super) placed: Vec<Use>,
    /// Not all is known that uses images, so that something else may be expected of it too.
    pub(super) is_partial: bool,
    /// Only some of what uses the image was asked for: no record is taken back by it.
    pub(super) is_of_some: bool,
    /// It is named by its digest alone, so that nothing was asked of what uses it.
    pub(super) is_by_object: bool,
    /// Why it is not known what another name expects by which the user names it, if it is not.
    pub(super) lost_name: Option<Refusal>,
    /// Who named the expected identities.
    pub(super) source: IdentitySource,
    /// Why a name could not be used, in words that are safe to print.
    pub(super) trouble: Option<String>,
    /// A name that no line of the map is for, where there is a map: what is expected is not all the user's word then.
    pub(super) unmapped: Option<Reference>,
}

impl Expected {
    /// The expectation where nobody has named an identity.
    pub(super) fn nothing() -> Self {
        Self {
            identities: Vec::new(),
            demands: Vec::new(),
            more_demands: 0,
            is_everywhere: false,
            open: Vec::new(),
            placed: Vec::new(),
            is_partial: false,
            is_of_some: false,
            is_by_object: false,
            lost_name: None,
            source: IdentitySource::None,
            trouble: None,
            unmapped: None,
        }
    }

    /// Whether the user says it: only what is verified by that may be recorded (docs/contract.md 9).
    pub(super) fn is_of_user(&self) -> bool {
        matches!(self.source, IdentitySource::User | IdentitySource::Map)
    }

    /// Whether all is known that is expected: what is left out, or said by uses that are not known, may be what it is signed
    /// as, or what it is not.
    pub(super) fn is_whole(&self) -> bool {
        let is_partial = self.is_partial || self.is_by_object;
        self.more_demands == 0 && self.lost_name.is_none() && (!is_partial || self.source == IdentitySource::User)
    }

    /// Why changes of its record wait, where they do for a reason of this image's own.
    pub(super) fn why_waiting(&self) -> Option<String> {
        let is_by_object = self.is_by_object && self.source != IdentitySource::User;
        let why = match (self.more_demands, is_by_object) {
            (0, false) => return None,
            (0, true) => "what uses it was not asked; name it with IMAGE=REF, or audit all images".to_owned(),
            _ => self.left_out(),
        };
        Some(format!("its record is not changed: {why}"))
    }

    /// Whether records that are true for others of its users are to stay.
    pub(super) fn takes_nothing_back(&self) -> bool {
        self.is_of_some && self.source != IdentitySource::User
    }

    /// The uses that get nothing they expect where the image is signed as these references.
    pub(super) fn unmet<'e>(
        &'e self,
        signed: &'e HashSet<&Reference>,
    ) -> impl Iterator<Item = &'e (Use, Vec<Reference>)> {
        let is_met = |identities: &[Reference]| identities.iter().any(|identity| signed.contains(identity));
        self.demands.iter().filter(move |(_, identities)| !is_met(identities))
    }

    /// What it rests on that the uses get what they expect which do, each by itself.
    pub(super) fn footings(&self, outcome: &ImageOutcome) -> Vec<Footing> {
        let signed: HashMap<&Reference, Footing> = outcome.footings().collect();
        let demands = self.demands.iter().map(|(_, identities)| {
            let ways = identities.iter().filter_map(|identity| signed.get(identity));
            ways.cloned().collect::<Vec<_>>()
        });
        demands.filter(|ways| !ways.is_empty()).map(Footing::any).collect()
    }

    /// Adds what the map says of places that the image is had from, each for itself: whoever may run an image chooses a name
    /// for it, and none vouches for the others.
    fn demand_places(&mut self, map: Option<&PrefixMap>, places: &[Reference], known: &Known) {
        for place in places {
            let by = Use {
                kind: UseKind::Pod,
                namespace: String::new(),
                name: place.to_string(),
                expects_nothing: false,
            };
            let own = through(map, std::slice::from_ref(place), IdentitySource::Map);
            self.demands.push((by, own.identities));
        }
        // Any of those that are left out may be one that the map knows.
        self.more_demands += map.map_or(0, |_| known.more_unsaid);
    }

    /// What is said of an image that is signed as all is expected that was looked at, where that is not all.
    pub(super) fn left_out(&self) -> String {
        format!(
            "{} uses expect something that was not checked: there are too many",
            self.more_demands
        )
    }

    /// What is said of an image of which nothing is expected.
    pub(super) fn refusal(&self) -> Refusal {
        let message = match &self.trouble {
            Some(trouble) => format!("nothing says what it is expected to be signed as: {trouble}"),
            None => "nothing says what it is expected to be signed as: no tag names it, and a digest alone does not say what was asked for; name it with IMAGE=REF or in --images-from, or its repository in --expected-identity-map".to_owned(),
        };
        Refusal::new(Reason::NoExpectedIdentity, message)
    }
}

/// Names by which an image is known, as they are signed: what no line of the map is for expects its own name. Names that
/// the user gives for the image are not looked up.
pub(super) fn through(map: Option<&PrefixMap>, names: &[Reference], source: IdentitySource) -> Expected {
    let mut expected = Expected {
        source,
        ..Expected::nothing()
    };
    let map = map.filter(|_| source != IdentitySource::User);
    let mut are_mapped = !names.is_empty();
    let mut seen = HashSet::new();
    for name in names {
        let identity = match map.and_then(|map| map.signed(name)) {
            Some(Ok(signed)) => signed,
            Some(Err(trouble)) => {
                expected.trouble = Some(trouble);
                continue;
            }
            None => {
                are_mapped = false;
                if map.is_some() {
                    expected.unmapped.get_or_insert_with(|| name.clone());
                }
                name.clone()
            }
        };
        if seen.insert(identity.clone()) {
            expected.identities.push(identity);
        }
    }
    if expected.identities.is_empty() {
        expected.source = IdentitySource::None;
    } else if are_mapped {
        expected.source = IdentitySource::Map;
    }
    expected
}

/// What the uses of an image expect of it, and what the map says of the places that others have it from; else what its
/// object says, see [`of_object`] for `believes_tags`.
pub(super) fn of_uses(map: Option<&PrefixMap>, known: &Known, object: &Value, believes_tags: bool) -> Expected {
    if known.demands.is_empty() {
        let mut expected = of_places(map, known, object, believes_tags);
        expected.more_demands += known.more_demands;
        return expected;
    }
    let asked = mapped(map, &known.unsaid);
    let mut places = asked.clone();
    places.retain(|place| !known.demands.iter().any(|demand| is_own_name(place, demand)));
    let mut names = known.expected();
    names.extend(places.iter().cloned());
    let mut expected = through(map, &names, known.identity_source());
    for demand in &known.demands {
        let own = through(map, &demand.references, demand.namer.source());
        // A name that cannot be used is met by nothing.
        expected.demands.push((demand.by.clone(), own.identities));
    }
    expected.more_demands = known.more_demands;
    // What one namespace calls an image does not silence what the map says of another one's name for it.
    expected.demand_places(map, &places, known);
    expected.placed = had_from(&asked, known);
    expected
}

/// What the user says of an image, who may have named it in several ways, and what its uses expect besides where
/// `is_demanded`. Each way expects one of its own references.
pub(super) fn of_requests(named: Vec<(&str, &[Reference])>, of_uses: Expected, is_demanded: bool) -> Expected {
    if named.is_empty() {
        return of_uses;
    }
    let mut expected = match is_demanded {
        true => of_uses,
        false => Expected::nothing(),
    };
    for (asked, references) in named {
        let by = Use {
            kind: UseKind::List,
            namespace: String::new(),
            name: asked.to_owned(),
            expects_nothing: false,
        };
        for reference in references {
            if !expected.identities.contains(reference) {
                expected.identities.push(reference.clone());
            }
        }
        expected.demands.push((by, references.to_vec()));
    }
    if !is_demanded {
        expected.source = IdentitySource::User;
    }
    expected
}

/// What nothing names is looked for in the map by the places that it is had from.
fn of_places(map: Option<&PrefixMap>, known: &Known, object: &Value, believes_tags: bool) -> Expected {
    let places = mapped(map, &known.unsaid);
    if places.is_empty() {
        let mut expected = of_object(map, object, believes_tags);
        expected.more_demands = map.map_or(0, |_| known.more_unsaid);
        return expected;
    }
    let mut expected = through(map, &places, IdentitySource::Map);
    expected.demand_places(map, &places, known);
    expected.is_everywhere = true;
    let placed = had_from(&places, known);
    let is_placed = |by: &&Use| placed.iter().any(|own| own.is_same(by));
    expected.open = known.uses.iter().filter(|by| !is_placed(by)).cloned().collect();
    expected
}

/// The uses that have the image from one of these places.
fn had_from(places: &[Reference], known: &Known) -> Vec<Use> {
    let had = known.had.iter().filter(|(_, place)| places.contains(place));
    had.map(|(by, _)| by.clone()).collect()
}

/// Those of the places that a line of the map is for.
fn mapped(map: Option<&PrefixMap>, places: &[Reference]) -> Vec<Reference> {
    let is_mapped = |place: &&Reference| map.is_some_and(|map| map.signed(place).is_some());
    places.iter().filter(is_mapped).cloned().collect()
}

/// Whether a place is what the cluster's registry calls a tag that stands for the image: whoever asks for it there asks for
/// what the tag says, where it is imported from among it. That comes first, and is not the tag's own name.
fn is_own_name(place: &Reference, demand: &Demand) -> bool {
    let own = demand
        .by
        .name
        .split_once(':')
        .filter(|_| demand.by.kind == UseKind::Tag);
    let is_named = own.is_some_and(|(stream, tag)| {
        place.name().ends_with(&format!("/{}/{stream}", demand.by.namespace)) && place.tag() == Some(tag)
    });
    is_named && demand.references.iter().skip(1).any(|own| own == place)
}

/// What the object of an image says by itself. A tag that it names is what was asked for, if `believes_tags`. A digest is
/// not, because a tag may have resolved to it; but where the user's map says how the repository is signed, it is the image
/// of that repository that is expected.
pub(super) fn of_object(map: Option<&PrefixMap>, object: &Value, believes_tags: bool) -> Expected {
    let reference = object["dockerImageReference"].as_str().unwrap_or_default();
    let Ok(place) = Reference::parse(reference) else {
        return Expected::nothing();
    };
    if place.is_name_only() {
        return Expected::nothing();
    }
    let is_mapped = map.is_some_and(|map| map.signed(&place).is_some());
    if is_mapped || believes_tags && place.tag().is_some() {
        through(map, &[place], IdentitySource::Reference)
    } else {
        Expected::nothing()
    }
}

/// An image that is asked for where it cannot be.
pub(super) fn not_a_place(asked: &str) -> Refusal {
    Refusal::new(
        Reason::NotFound,
        format!("{}: there is no such object without --filename", safe(asked)),
    )
}
