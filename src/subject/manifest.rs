// SPDX-License-Identifier: Apache-2.0
//! What is known of the manifest of an image, and by which digests it goes.

use super::relatives::Relatives;
use crate::digest::{Algorithm, Digest};

/// What is known of the manifest of the image that is being judged.
#[derive(Debug, Clone)]
pub enum ManifestState {
    /// Its bytes are not at hand: the image's name, which is its digest, stands for them.
    NotAtHand,
    /// Its bytes are not at hand and no object names the image: the digest that the user expects stands for them.
    DigestGiven,
    /// Its bytes hash to the image's name.
    Matches(Relatives),
    /// They do not, or they are malformed.
    Mismatch(String),
}

impl ManifestState {
    /// Whether a digest in a reference is that of an image which this is known of. Registries have images by digests of other
    /// algorithms too: what such a digest is of takes the bytes, and `None` where they are not at hand.
    #[must_use]
    pub fn has(&self, digest: &Digest, image: &Digest) -> Option<bool> {
        match (digest.algorithm(), self) {
            (Algorithm::Sha256, _) => Some(digest == image),
            (_, ManifestState::Matches(relatives)) => Some(relatives.has(digest)),
            (_, ManifestState::Mismatch(_)) => Some(false),
            (_, ManifestState::NotAtHand | ManifestState::DigestGiven) => None,
        }
    }

    /// Compares the bytes of a manifest with the digest that is to be theirs.
    #[must_use]
    pub fn of_bytes(bytes: &[u8], image: &Digest) -> Self {
        match Digest::of_manifest(bytes) {
            Ok(digest) if digest == *image => ManifestState::Matches(Relatives::new(bytes.to_vec())),
            Ok(digest) => {
                let relatives = Relatives::new(bytes.to_vec());
                let relation = relatives.of(image).map_or(String::new(), |what| format!("; {what}"));
                ManifestState::Mismatch(format!(
                    "the manifest hashes to {digest}; the image is {image}{relation}"
                ))
            }
            Err(error) => ManifestState::Mismatch(error.to_string()),
        }
    }
}
