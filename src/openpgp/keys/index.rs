// SPDX-License-Identifier: Apache-2.0
//! Finding keys by the fingerprints and key IDs that they claim.

use std::collections::HashMap;

use crate::openpgp::framing::key_id::KeyId;

/// Numbers of keys by what they hold: the primary key first, then subkeys.
#[derive(Debug, Default)]
pub struct Index {
    by_fingerprint: HashMap<[u8; 20], Vec<usize>>,
    by_id: HashMap<KeyId, Vec<usize>>,
}

impl Index {
    /// Notes that a key holds a primary key or subkey.
    pub fn add(&mut self, fingerprint: [u8; 20], key: usize) {
        let add = |numbers: &mut Vec<usize>| {
            if numbers.last() != Some(&key) {
                numbers.push(key);
            }
        };
        add(self.by_fingerprint.entry(fingerprint).or_default());
        add(self.by_id.entry(KeyId::of(&fingerprint)).or_default());
    }

    /// The keys that claim a fingerprint, in ascending order.
    #[must_use]
    pub fn with_fingerprint(&self, fingerprint: &[u8; 20]) -> &[usize] {
        self.by_fingerprint.get(fingerprint).map_or(&[], Vec::as_slice)
    }

    /// Whether any key claims a key ID.
    #[must_use]
    pub fn has_id(&self, id: KeyId) -> bool {
        self.by_id.contains_key(&id)
    }

    /// The keys that claim a key ID, which is not proof of anything.
    #[must_use]
    pub fn with_id(&self, id: KeyId) -> &[usize] {
        self.by_id.get(&id).map_or(&[], Vec::as_slice)
    }
}
