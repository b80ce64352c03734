// SPDX-License-Identifier: Apache-2.0
//! What a checker must be able to do before what it does not find in a key says anything about that key.

use std::collections::BTreeSet;

use crate::openpgp::framing::algorithm::HashAlgorithm;

/// An algorithm of keys with its curve, or with the class of its size where libraries draw a line there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// The algorithm's number; then the object identifier of the curve, or 1 for an RSA key below 2048 bits.
    pub(super) tells: Vec<u8>,
    /// What people call it.
    pub name: String,
}

impl Kind {
    /// Whether it is the same kind, whatever it is called.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.tells == other.tells
    }
}

/// Algorithms that a checker needs for a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Of the keys that made signatures.
    pub kinds: BTreeSet<Kind>,
    /// Numbers of the digest algorithms of these signatures.
    pub digests: BTreeSet<u8>,
}

impl Needs {
    /// Adds what is needed besides.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.kinds.extend(other.kinds);
        self.digests.extend(other.digests);
        self
    }

    /// The first of them that is neither among these kinds nor among these digests, in words. Digests of which nobody can
    /// tell, since they are not in `tried`, do not count: no GnuPG has them, so that lacking them is not the fault of this one.
    #[must_use]
    pub fn beyond(&self, kinds: &[Kind], digests: &BTreeSet<u8>, tried: &BTreeSet<u8>) -> Option<String> {
        let kind = self.kinds.iter().find(|kind| !kinds.iter().any(|own| own.is(kind)));
        let digest = || {
            let missing = |digest: &&u8| tried.contains(digest) && !digests.contains(digest);
            self.digests.iter().find(missing)
        };
        kind.map(|kind| format!("signatures by {} keys", kind.name))
            .or_else(|| digest().map(|digest| format!("signatures with {}", HashAlgorithm(*digest))))
    }
}
