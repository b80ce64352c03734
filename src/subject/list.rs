// SPDX-License-Identifier: Apache-2.0
//! The list that an image was asked for by: a manifest of several instances, of which one is judged.

use serde_json::Value;

use crate::digest::Digest;
use crate::json;
use crate::manifest::{media_type, DOCKER_LIST, OCI_INDEX};

/// A list whose bytes were hashed, and that names the image judged. Its digest may stand for that of the image in a
/// reference (docs/contract.md 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamingList(Digest);

impl NamingList {
    /// Takes the bytes of a list; `None` unless they are a list that names `instance`.
    #[must_use]
    pub fn of_bytes(bytes: &[u8], instance: &Digest) -> Option<Self> {
        if !matches!(media_type(bytes), DOCKER_LIST | OCI_INDEX) {
            return None;
        }
        let document = json::parse(bytes).ok()?;
        let entries = document.get("manifests")?.as_array()?;
        let digest = |entry: &Value| Digest::parse(entry["digest"].as_str()?).ok();
        let names_it = entries.iter().filter_map(digest).any(|entry| entry.names(instance));
        names_it.then(|| Self(Digest::of_bytes(bytes)))
    }

    /// Takes an Image object that is a list; `None` unless it says that `instance` is in it, and its manifest's bytes, which
    /// hash to its name, say so too.
    #[must_use]
    pub fn of_object(object: &Value, instance: &Digest) -> Option<Self> {
        let names_it = |entry: &Value| entry["digest"] == instance.as_str();
        if !object["dockerImageManifests"].as_array()?.iter().any(names_it) {
            return None;
        }
        let list = Self::of_bytes(object["dockerImageManifest"].as_str()?.as_bytes(), instance)?;
        (object["metadata"]["name"] == list.0.as_str()).then_some(list)
    }

    /// The digest of the list.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.0
    }
}
