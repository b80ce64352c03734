// SPDX-License-Identifier: Apache-2.0
//! Where images come from: files with API objects, directories in skopeo's layout, single parts.
//!
//! Each source yields [`Subject`]s one at a time; nothing of one is kept when the next is read.

pub mod directory;
pub mod objects;
pub mod parts;
pub mod replace;
pub mod stored;

use crate::digest::Digest;
use crate::verdict::reason::Refusal;
use crate::verdict::Manifest;

/// A signature as a source has it.
#[derive(Debug, Clone)]
pub struct Blob {
    /// Its name there.
    pub name: String,
    /// The bytes, or why there are none to judge.
    pub content: Result<Vec<u8>, Refusal>,
}

/// An image to be judged.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The image's digest.
    pub digest: Digest,
    /// What is known of its manifest.
    pub manifest: Manifest,
    /// Its signatures.
    pub signatures: Vec<Blob>,
}

impl Manifest {
    /// Compares the bytes of a manifest with the digest that is to be theirs.
    #[must_use]
    pub fn of_bytes(bytes: &[u8], image: &Digest) -> Self {
        match Digest::of_manifest(bytes) {
            Ok(digest) if digest == *image => Manifest::Matches,
            Ok(digest) => Manifest::Mismatch(format!("the manifest hashes to {digest}; the image is {image}")),
            Err(error) => Manifest::Mismatch(error.to_string()),
        }
    }
}
