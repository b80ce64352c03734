// SPDX-License-Identifier: Apache-2.0
//! The parts of a key that signatures in it are known to be over.

use std::collections::{BTreeMap, BTreeSet};

use super::parts::{insert, Name, Signatures};
use crate::openpgp::keys::key_signature::Core;

/// Most signatures that are checked for it.
const MAX_CHECKED: usize = 4096;

/// Most digests that are computed to find signatures at a wrong place.
const MAX_DIGESTS: usize = 1 << 16;

/// How much work is left.
#[derive(Debug, Default)]
pub(super) struct Budget {
    checked: usize,
    digests: usize,
}

impl Budget {
    /// Whether one more signature may be checked.
    pub(super) fn check(&mut self) -> bool {
        self.checked += 1;
        self.checked <= MAX_CHECKED
    }

    pub(super) fn digest(&mut self) -> bool {
        self.digests += 1;
        self.digests <= MAX_DIGESTS
    }

    /// Whether there was more to check than may be.
    pub(super) fn is_spent(&self) -> bool {
        self.checked > MAX_CHECKED
    }
}

/// Signatures and the parts that they are over.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Settled {
    pub(super) places: BTreeMap<Core, Name>,
    /// Those that stand elsewhere.
    pub(super) moved: BTreeMap<Name, Signatures>,
    /// Those over another digest than they say, where that is not covered.
    pub(super) by_another: BTreeSet<Core>,
}

impl Settled {
    /// Whether it is known what a signature is over.
    pub(in super::super) fn has(&self, core: &Core) -> bool {
        self.places.contains_key(core)
    }

    /// Whether a signature is known to be over a part.
    pub(super) fn is_over(&self, core: &Core, name: &Name) -> bool {
        self.places.get(core) == Some(name)
    }

    /// The signatures over a part that stand elsewhere.
    pub(in super::super) fn moved_from(&self, name: &Name) -> Option<&Signatures> {
        self.moved.get(name)
    }

    /// Whether two signatures are known to be over one part.
    pub(super) fn are_together(&self, one: &Core, other: &Core) -> bool {
        let place = self.places.get(one);
        place.is_some() && place == self.places.get(other)
    }

    /// Whether a signature is over another digest than it says: it was altered.
    pub(super) fn is_by_another_digest(&self, core: &Core) -> bool {
        self.by_another.contains(core)
    }

    /// Takes over what is known besides.
    pub(super) fn extend(&mut self, other: Self) {
        self.places.extend(other.places);
        self.by_another.extend(other.by_another);
        for (name, signatures) in other.moved {
            let own = self.moved.entry(name).or_default();
            for (core, loose) in signatures {
                insert(own, core, loose);
            }
        }
    }
}
