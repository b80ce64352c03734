// SPDX-License-Identifier: Apache-2.0
//! What an image is expected to be signed as (docs/contract.md 10).

use serde_json::Value;

use crate::audit::entry::IdentitySource;
use crate::audit::prefix_map::PrefixMap;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::text::safe;

/// What an image is expected to be signed as, and who says so.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    /// Alternatives; empty where nothing is known.
    pub(super) identities: Vec<Reference>,
    /// Who named them.
    pub(super) source: IdentitySource,
    /// Why a name could not be used, in words that are safe to print.
    pub(super) trouble: Option<String>,
}

impl Expected {
    /// Nothing is known.
    pub(super) fn nothing() -> Self {
        Self {
            identities: Vec::new(),
            source: IdentitySource::None,
            trouble: None,
        }
    }

    /// Whether the user says it: only what is verified by that may be recorded (docs/contract.md 9).
    pub(super) fn is_of_user(&self) -> bool {
        matches!(self.source, IdentitySource::User | IdentitySource::Map)
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
        identities: Vec::new(),
        source,
        trouble: None,
    };
    let map = map.filter(|_| source != IdentitySource::User);
    let mut are_mapped = !names.is_empty();
    for name in names {
        let identity = match map.and_then(|map| map.signed(name)) {
            Some(Ok(signed)) => signed,
            Some(Err(trouble)) => {
                expected.trouble = Some(trouble);
                continue;
            }
            None => {
                are_mapped = false;
                name.clone()
            }
        };
        if !expected.identities.contains(&identity) {
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

/// What the object of an image says by itself. A tag that it names is what was asked for. A digest is not, because a tag
/// may have resolved to it; but where the user's map says how the repository is signed, it is the image of that
/// repository that is expected.
pub(super) fn of_object(map: Option<&PrefixMap>, object: &Value) -> Expected {
    let reference = object["dockerImageReference"].as_str().unwrap_or_default();
    let Ok(place) = Reference::parse(reference) else {
        return Expected::nothing();
    };
    if place.tag().is_some() {
        return through(map, &[place], IdentitySource::Reference);
    }
    let is_mapped = place.digest().is_some() && map.is_some_and(|map| map.signed(&place).is_some());
    if is_mapped {
        through(map, &[place], IdentitySource::Map)
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
