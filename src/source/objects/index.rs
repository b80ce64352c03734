// SPDX-License-Identifier: Apache-2.0
//! Where objects of a name stand, for millions of them.

use std::hash::{BuildHasher, RandomState};

use super::kind::ObjectKind;

/// What an object may be looked up by: a hash of that in two halves, the higher one first, and the number of the object
/// among those of all files. Twelve bytes, where a whole hash would take sixteen.
pub type Key = [u32; 3];

/// The objects of all files by what they are looked up by.
#[derive(Debug, Default)]
pub struct Index {
    pub(super) hash: RandomState,
    /// In order of the hashes when all files are open.
    pub(super) keys: Vec<Key>,
    /// The number of the first object of each file.
    pub(super) firsts: Vec<usize>,
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

    /// Adds an object by its number.
    pub(super) fn add(&mut self, look: Look<'_>, number: u32) {
        let [high, low] = halves(look.hash(&self.hash));
        self.keys.push([high, low, number]);
    }

    /// Sorts what was added.
    pub fn finish(&mut self) {
        self.keys.sort_unstable();
        self.keys.shrink_to_fit();
    }

    /// How many objects are copies of another one of their kind, namespace and name.
    pub fn copies(&self, kind: impl Fn((usize, usize)) -> ObjectKind) -> usize {
        let mut copies = 0;
        for same in self.keys.chunk_by(|one, other| one[..2] == other[..2]) {
            let kinds: &[ObjectKind] = match u64::from(same[0][1]) & WAY {
                0 => &[ObjectKind::Image],
                1 => &[ObjectKind::Tag, ObjectKind::StreamImage],
                _ => &[],
            };
            for wanted in kinds.iter().filter(|_| same.len() > 1) {
                let is_one = |key: &&Key| kind(self.position(key)) == *wanted;
                copies += same.iter().filter(is_one).count().saturating_sub(1);
            }
        }
        copies
    }

    /// The places of a hash, in order.
    pub fn find(&self, hash: u64) -> impl Iterator<Item = (usize, usize)> + '_ {
        let halves = halves(hash);
        let from = self.keys.partition_point(|key| key[..2] < halves[..]);
        let found = self.keys[from..].iter().take_while(move |key| key[..2] == halves);
        found.map(|key| self.position(key))
    }

    /// The file of an object, and its number there.
    fn position(&self, key: &Key) -> (usize, usize) {
        let number = key[2] as usize;
        let file = self.firsts.partition_point(|first| *first <= number).saturating_sub(1);
        (file, number - self.firsts.get(file).copied().unwrap_or_default())
    }
}

fn halves(hash: u64) -> [u32; 2] {
    [(hash >> 32) as u32, hash as u32]
}
