// SPDX-License-Identifier: Apache-2.0
//! Which images a report has: there may be hundreds of thousands, so that of each a hash is kept.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

/// Images with what is to be remembered of each. The hash is half a SHA-256, which is long enough:
/// nobody can construct a collision of it.
#[derive(Debug)]
pub struct Images<V>(HashMap<[u8; 16], V>);

impl<V> Default for Images<V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

/// One image in one place: [`super::entry::Entry::image`] and [`super::entry::Entry::source`].
fn key(image: &str, source: &str) -> [u8; 16] {
    let mut hash = Sha256::new();
    // The length keeps apart what would be alike when written one after the other.
    hash.update((image.len() as u64).to_be_bytes());
    hash.update(image);
    hash.update(source);
    let mut key = [0; 16];
    key.copy_from_slice(&hash.finalize()[..16]);
    key
}

impl<V> Images<V> {
    /// Remembers an image; what was remembered of it comes back.
    pub fn insert(&mut self, image: &str, source: &str, value: V) -> Option<V> {
        self.0.insert(key(image, source), value)
    }

    /// What is remembered of an image.
    #[must_use]
    pub fn get(&self, image: &str, source: &str) -> Option<&V> {
        self.0.get(&key(image, source))
    }

    /// The same to be changed.
    pub fn get_mut(&mut self, image: &str, source: &str) -> Option<&mut V> {
        self.0.get_mut(&key(image, source))
    }

    /// What is remembered of all images, in no order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.values()
    }

    /// The same, taken out.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.0.into_values()
    }
}
