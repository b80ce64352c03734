// SPDX-License-Identifier: Apache-2.0
//! What files say, as a hash by which runs are compared.

use std::hash::{Hash, Hasher};

use sha2::{Digest as _, Sha256};

/// Whatever is hashed, by SHA-256.
struct Hashing(Sha256);

impl Hasher for Hashing {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The beginning of the hash; [`hash`] takes all of it.
    fn finish(&self) -> u64 {
        let hash = self.0.clone().finalize();
        hash.first_chunk().map_or(0, |begin| u64::from_be_bytes(*begin))
    }
}

/// SHA-256, in hex, of what was read.
pub(super) fn hash(said: &impl Hash) -> String {
    let mut hashing = Hashing(Sha256::new());
    said.hash(&mut hashing);
    hashing.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
