// SPDX-License-Identifier: Apache-2.0
//! What is judged: an image by its digest, what is known of its manifest, and its signatures.

pub mod instances;
mod list;
mod platform;
mod relatives;
mod signature;
mod sources;

use crate::digest::Digest;
pub use list::NamingList;
pub use relatives::Relatives;
pub use signature::{Attachment, Content, SignatureBlob, SignatureKind};
pub use sources::{unasked, Answer, SourceAnswer, SourceKind};

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

/// An image to be judged.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The digest of the image's manifest.
    pub digest: Digest,
    /// What is known of its manifest.
    pub manifest: ManifestState,
    /// The lists that name the image, and that it was asked for by or that are expected of it.
    pub lists: Vec<NamingList>,
    /// The signatures that were found, in the order in which they are judged.
    pub signatures: Vec<SignatureBlob>,
    /// The places that were asked for them, where there are several.
    pub sources: Vec<SourceAnswer>,
    /// Only an Image object was asked, which cannot have sigstore signatures.
    pub is_object_alone: bool,
}
