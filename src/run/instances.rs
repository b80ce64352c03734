// SPDX-License-Identifier: Apache-2.0
//! Which instances the Image object of a list has.

use serde_json::Value;

use crate::digest::Digest;
use crate::manifest::{DOCKER_LIST, OCI_INDEX};
use crate::subject::instances::{entries, is_list};
use crate::text::safe;

const MANIFEST: &str = "dockerImageManifest";
const MEDIA_TYPE: &str = "dockerImageManifestMediaType";
const INSTANCES: &str = "dockerImageManifests";

/// The instances that an Image object names, in a member of its own or by the bytes of its manifest, where these hash to its
/// name; and why not all are known, in a sentence that is safe to print. An object that says by its media type, by its
/// instances or by its bytes that it is a list, and does not have all of them in one place, has some that nobody knows.
pub(super) fn of_object(object: &Value) -> (Vec<Digest>, Option<String>) {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let (mut found, mut trouble) = named(&object["dockerImageManifests"]);
    let mut is_whole = !found.is_empty() && trouble.is_none();
    let (bytes, declared) = (text(object, MANIFEST), text(object, MEDIA_TYPE));
    let bytes_of_list = bytes.as_ref().is_ok_and(|bytes| is_list(bytes.as_bytes()));
    let is_declared = declared.as_ref().is_ok_and(|declared| is_type_of_list(declared));
    if let (true, Ok(bytes)) = (bytes_of_list, &bytes) {
        let own = match Digest::of_bytes(bytes.as_bytes()).as_str() == name {
            true => entries(bytes.as_bytes()),
            false => Err(format!("{MANIFEST} does not hash to its name")),
        };
        match own {
            Ok(entries) => {
                is_whole = true;
                // An attestation is signed with the list, and by nobody as an image.
                let images = entries.into_iter().filter(|own| !own.is_attestation);
                found.extend(images.map(|own| own.digest));
            }
            Err(what) if !is_whole => trouble = trouble.or(Some(what)),
            Err(_) => {}
        }
    }
    // What is no text may say of itself that it is a list.
    trouble = trouble.or(bytes.err()).or(declared.err());
    if is_declared && !is_whole {
        trouble = trouble.or(Some("it does not say which it has".to_owned()));
    }
    if let Some(other) = found.iter().find(|digest| digest.hash().is_none()) {
        trouble = trouble.or(Some(format!("{other} is not a sha256 digest")));
    }
    found.retain(|digest| digest.hash().is_some());
    let mut seen = std::collections::HashSet::new();
    found.retain(|digest| seen.insert(digest.clone()));
    let trouble = trouble.map(|what| format!("the list {}: {what}; which instances it has is not known", safe(name)));
    (found, trouble)
}

/// The instances that a member names; and what is wrong with it.
fn named(member: &Value) -> (Vec<Digest>, Option<String>) {
    let entries = match member {
        Value::Null => &[],
        Value::Array(entries) => entries.as_slice(),
        _ => return (Vec::new(), Some(format!("{INSTANCES}: expected an array"))),
    };
    let mut found = Vec::with_capacity(entries.len());
    let mut trouble = None;
    for (place, entry) in entries.iter().enumerate() {
        let digest = entry["digest"].as_str().and_then(|text| Digest::parse(text).ok());
        match digest {
            Some(digest) => found.push(digest),
            None if trouble.is_none() => {
                trouble = Some(format!("{INSTANCES}[{place}].digest: expected a digest"));
            }
            None => {}
        }
    }
    (found, trouble)
}

/// The text of a member; empty where there is none.
///
/// # Errors
/// When it is something else, in words.
fn text<'o>(object: &'o Value, member: &str) -> Result<&'o str, String> {
    match &object[member] {
        Value::Null => Ok(""),
        Value::String(text) => Ok(text),
        _ => Err(format!("{member}: expected a string")),
    }
}

/// Whether a media type is that of lists, with whatever parameters.
fn is_type_of_list(declared: &str) -> bool {
    let own = declared.split(';').next().unwrap_or_default().trim();
    [DOCKER_LIST, OCI_INDEX]
        .iter()
        .any(|list| own.eq_ignore_ascii_case(list))
}
