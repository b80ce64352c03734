// SPDX-License-Identifier: Apache-2.0
//! The list that an image was asked for by: a manifest of several instances, of which one is judged.

use serde_json::Value;

use super::manifest::ManifestState;
use crate::digest::Digest;
use crate::json;
use crate::manifest::{media_type, DOCKER_LIST, OCI_INDEX};

/// A list whose bytes were hashed, and that names the image judged. Its digest may stand for that of the image in a
/// reference (docs/contract.md 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamingList {
    digest: Digest,
    /// Its digests by the other algorithms, by which registries may have it too.
    others: [Digest; 2],
}

impl NamingList {
    /// Takes the bytes of a list; `None` unless they are a list that names `instance`, whose manifest is `manifest`.
    #[must_use]
    pub fn of_bytes(bytes: &[u8], instance: &Digest, manifest: &ManifestState) -> Option<Self> {
        if !matches!(media_type(bytes), DOCKER_LIST | OCI_INDEX) {
            return None;
        }
        let document = json::parse(bytes).ok()?;
        let entries = document.get("manifests")?.as_array()?;
        entries
            .iter()
            .any(|entry| names(entry, instance, manifest))
            .then(|| Self {
                digest: Digest::of_bytes(bytes),
                others: Digest::others_of_bytes(bytes),
            })
    }

    /// Takes an Image object that is a list; `None` unless it says that `instance` is in it, and its manifest's bytes, which
    /// hash to its name, say so too.
    #[must_use]
    pub fn of_object(object: &Value, instance: &Digest, manifest: &ManifestState) -> Option<Self> {
        let instances = object["dockerImageManifests"].as_array()?;
        if !instances.iter().any(|entry| names(entry, instance, manifest)) {
            return None;
        }
        let list = Self::of_bytes(object["dockerImageManifest"].as_str()?.as_bytes(), instance, manifest)?;
        (object["metadata"]["name"] == list.digest.as_str()).then_some(list)
    }

    /// The digest of the list.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Whether a digest in a reference is that of the list, by its own algorithm.
    #[must_use]
    pub fn has(&self, digest: &Digest) -> bool {
        *digest == self.digest || self.others.contains(digest)
    }
}

/// Whether an entry of a list is that of an image.
fn names(entry: &Value, instance: &Digest, manifest: &ManifestState) -> bool {
    let digest = entry["digest"].as_str().and_then(|text| Digest::parse(text).ok());
    digest.is_some_and(|digest| manifest.has(&digest, instance) == Some(true))
}
