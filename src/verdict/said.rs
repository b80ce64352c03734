// SPDX-License-Identifier: Apache-2.0
//! What the signatures of an image say of each requirement, to be looked up: an image may be expected to have
//! thousands of identities.

use std::collections::{HashMap, HashSet};

use super::expectation::Place;
use super::signature::{Miss, SignatureOutcome};
use crate::reason::{Reason, Verdict};

/// What signatures say of each requirement.
pub(super) struct Said<'s> {
    pub(super) met: HashMap<Place, Vec<&'s SignatureOutcome>>,
    /// With the number of the signature.
    pub(super) missed: HashMap<Place, Vec<(usize, &'s Miss)>>,
    /// The numbers of signatures that could not be checked at all.
    pub(super) unchecked: Vec<usize>,
}

impl<'s> Said<'s> {
    pub(super) fn by(signatures: &'s [SignatureOutcome]) -> Self {
        let mut said = Self {
            met: HashMap::new(),
            missed: HashMap::new(),
            unchecked: Vec::new(),
        };
        for (number, own) in signatures.iter().enumerate() {
            if own.reason == Reason::Verified {
                let met: HashSet<Place> = own.met.iter().copied().collect();
                met.into_iter()
                    .for_each(|place| said.met.entry(place).or_default().push(own));
            }
            for miss in &own.missed {
                said.missed.entry(miss.place).or_default().push((number, miss));
            }
            if own.verdict() == Verdict::Unchecked {
                said.unchecked.push(number);
            }
        }
        said
    }
}
