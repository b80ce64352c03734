// SPDX-License-Identifier: Apache-2.0
//! What is judged: an image by its digest, what is known of its manifest, and its signatures.

pub mod instances;
pub(crate) mod layers;
mod list;
mod manifest;
mod platform;
mod relatives;
mod signature;
mod sources;

use crate::digest::Digest;
pub use list::NamingList;
pub use manifest::ManifestState;
pub use relatives::{Relatives, FETCH_AGAIN};
pub use signature::{Attachment, Content, SignatureBlob, SignatureKind};
pub use sources::{unasked, Answer, SourceAnswer, SourceKind, NO_LOOKASIDE};

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

impl Subject {
    /// Whether a digest in a reference is that of the image; nothing where nobody knows.
    #[must_use]
    pub fn has(&self, digest: &Digest) -> Option<bool> {
        self.manifest.has(digest, &self.digest)
    }
}
