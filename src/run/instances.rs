// SPDX-License-Identifier: Apache-2.0
//! Which instances the Image object of a list has.

use serde_json::Value;

use crate::digest::Digest;
use crate::image;
use crate::subject::instances::{entries, is_list};
use crate::text::safe;

/// The instances that an Image object names, in a member of its own or by the bytes of its manifest, where these hash to its
/// name; and why they are not known where nothing else names them, in a sentence that is safe to print.
pub(super) fn of_object(object: &Value) -> (Vec<Digest>, Option<String>) {
    let children = image::children(object);
    let said = children.iter().filter_map(|child| Digest::parse(&child.digest).ok());
    let mut found: Vec<Digest> = said.collect();
    let mut trouble = None;
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let unknown = |what: &str| {
        Some(format!(
            "the list {}: {what}; which instances it has is not known",
            safe(name)
        ))
    };
    let own = &object["dockerImageManifests"];
    if !own.is_array() && !own.is_null() {
        trouble = unknown("dockerImageManifests: expected an array");
    }
    let bytes = object["dockerImageManifest"].as_str().unwrap_or_default().as_bytes();
    if is_list(bytes) && Digest::of_bytes(bytes).as_str() == name {
        match entries(bytes) {
            // An attestation is signed with the list, and by nobody as an image.
            Ok(entries) => found.extend(
                entries
                    .into_iter()
                    .filter(|own| !own.is_attestation)
                    .map(|own| own.digest),
            ),
            Err(what) if children.is_empty() => trouble = unknown(&what),
            Err(_) => {}
        }
    }
    found.retain(|digest| digest.hash().is_some());
    let mut seen = std::collections::HashSet::new();
    found.retain(|digest| seen.insert(digest.clone()));
    (found, trouble)
}
