// SPDX-License-Identifier: Apache-2.0
//! Where objects of a name stand, for millions of them.

use std::hash::{BuildHasher, RandomState};

use super::kind::ObjectKind;

/// What an object may be looked up by: a hash of that, and where it is.
pub type Key = (u64, u32, u32);

/// The objects of all files by what they are looked up by.
#[derive(Debug, Default)]
pub struct Index {
    pub(super) hash: RandomState,
    /// In order of the hashes when all files are open.
    pub(super) keys: Vec<Key>,
}

/// What an object is looked up by.
#[derive(Clone, Copy)]
pub(super) enum Look<'n> {
    /// The name of an Image.
    Image(&'n str),
    /// Namespace and name of a view.
    View(&'n str, &'n str),
    /// The name of a view.
    ViewName(&'n str),
    /// The name of the image in a view.
    Embedded(&'n str),
}

/// The bits of a hash that say which of the ways of looking up it is for.
const WAY: u64 = 3;

impl Look<'_> {
    pub fn hash(self, by: &RandomState) -> u64 {
        let (way, hash) = match self {
            Look::Image(name) => (0, by.hash_one(name)),
            Look::View(namespace, name) => (1, by.hash_one((namespace, name))),
            Look::ViewName(name) => (2, by.hash_one(name)),
            Look::Embedded(name) => (3, by.hash_one(name)),
        };
        hash & !WAY | way
    }
}

impl Index {
    /// Hash of the name of an Image.
    #[must_use]
    pub fn image(&self, name: &str) -> u64 {
        Look::Image(name).hash(&self.hash)
    }

    /// Hash of namespace and name of a view.
    #[must_use]
    pub fn view(&self, namespace: &str, name: &str) -> u64 {
        Look::View(namespace, name).hash(&self.hash)
    }

    /// Hash of the name of a view.
    #[must_use]
    pub fn view_name(&self, name: &str) -> u64 {
        Look::ViewName(name).hash(&self.hash)
    }

    /// Hash of the name of the image in a view.
    #[must_use]
    pub fn embedded(&self, name: &str) -> u64 {
        Look::Embedded(name).hash(&self.hash)
    }

    /// Sorts what was added.
    pub fn finish(&mut self) {
        self.keys.sort_unstable();
        self.keys.shrink_to_fit();
    }

    /// How many objects are copies of another one of their kind, namespace and name.
    pub fn copies(&self, kind: impl Fn((usize, usize)) -> ObjectKind) -> usize {
        let mut copies = 0;
        for same in self.keys.chunk_by(|one, other| one.0 == other.0) {
            let kinds: &[ObjectKind] = match same[0].0 & WAY {
                0 => &[ObjectKind::Image],
                1 => &[ObjectKind::Tag, ObjectKind::StreamImage],
                _ => &[],
            };
            for wanted in kinds.iter().filter(|_| same.len() > 1) {
                let is_one = |key: &&Key| kind((key.1 as usize, key.2 as usize)) == *wanted;
                copies += same.iter().filter(is_one).count().saturating_sub(1);
            }
        }
        copies
    }

    /// The places of a hash, in order.
    pub fn find(&self, hash: u64) -> impl Iterator<Item = (usize, usize)> + '_ {
        let from = self.keys.partition_point(|key| key.0 < hash);
        let found = self.keys[from..].iter().take_while(move |key| key.0 == hash);
        found.map(|key| (key.1 as usize, key.2 as usize))
    }
}
