// SPDX-License-Identifier: Apache-2.0
//! The manifest that hangs at an image's `.sig` tag: which of its layers are sigstore signatures.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::trouble::Fault;
use crate::digest::Digest;
use crate::json;
use crate::limits::MAX_SIGNATURES;
use crate::manifest::OCI_MANIFEST;
use crate::sigstore::attachment::SIGNATURE_TYPE;
use crate::text::{quoted, safe};

/// A layer of a signature manifest that has a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// What the payload hashes to.
    pub digest: Digest,
    /// The payload's size, in bytes.
    pub size: u64,
    /// The layer's annotations; one holds the signature.
    pub annotations: BTreeMap<String, String>,
}

/// What a manifest holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layers {
    /// Signatures, at most [`MAX_SIGNATURES`]: in order, those of a type that is not known last; or what is wrong with one.
    pub signatures: Vec<Result<Layer, Fault>>,
    /// How many signatures there are beyond the limit.
    pub beyond_limit: usize,
    /// How many layers are other things, such as attestations.
    pub others: usize,
    /// The media type of the first of these, safe to print.
    pub first_other: String,
}

/// What the media types of sigstore signatures begin with, those of versions that are not known as well.
const SIGNATURE_TYPES: &str = "application/vnd.dev.cosign.simplesigning.";

/// The tag at which signatures of an image hang.
#[must_use]
pub fn tag(image: &Digest) -> String {
    format!("{}.sig", image.as_str().replacen(':', "-", 1))
}

/// Reads a manifest that came with a media type.
///
/// # Errors
/// When it is not an OCI image manifest.
pub fn parse(media_type: &str, body: &[u8]) -> Result<Layers, String> {
    if media_type != OCI_MANIFEST {
        return Err(format!(
            "expected media type {OCI_MANIFEST}, found {}",
            quoted(media_type)
        ));
    }
    let document = json::parse(body).map_err(|error| safe(&error.to_string()))?;
    let root = document.as_object().ok_or("expected a JSON object")?;
    if !root.get("schemaVersion").is_some_and(Value::is_number) {
        return Err("schemaVersion: expected a number".into());
    }
    // What is one kind of manifest to one reader must not be another one to the next.
    if let Some(other) = ["manifests", "fsLayers", "history"]
        .iter()
        .find(|name| root.contains_key(**name))
    {
        return Err(format!(
            "it has {other} as well as layers: it could be read as two kinds of manifest"
        ));
    }
    let layers = match root.get("layers") {
        // Whoever writes a manifest without layers gives it a config; an error under 200 has neither.
        None if !root.contains_key("config") => return Err("it has neither layers nor a config".into()),
        None | Some(Value::Null) => return Ok(Layers::default()),
        Some(Value::Array(layers)) => layers,
        Some(_) => return Err("layers: expected an array".into()),
    };
    let mut found = Layers::default();
    let mut unknown = Vec::new();
    for value in layers {
        let Some(members) = value.as_object() else {
            return Err("layers: expected objects".into());
        };
        let kind = members.get("mediaType").and_then(Value::as_str).unwrap_or_default();
        if !begins_with(kind, SIGNATURE_TYPES) {
            if found.others == 0 {
                found.first_other = quoted(kind);
            }
            found.others += 1;
        } else if kind != SIGNATURE_TYPE {
            unknown.push(kind);
        } else if found.signatures.len() == MAX_SIGNATURES {
            found.beyond_limit += 1;
        } else {
            found.signatures.push(layer(members).map_err(Fault::Broken));
        }
    }
    // What is not looked into pushes nothing beyond the limit.
    let room = unknown.len().min(MAX_SIGNATURES - found.signatures.len());
    found.beyond_limit += unknown.len() - room;
    found.signatures.extend(unknown.into_iter().take(room).map(|kind| {
        let what = format!("its layer is of type {}; {SIGNATURE_TYPE} is known", quoted(kind));
        Err(Fault::Unknown(what))
    }));
    Ok(found)
}

/// Whether a media type begins so; their case does not matter.
fn begins_with(kind: &str, begin: &str) -> bool {
    let own = kind.get(..begin.len());
    own.is_some_and(|own| own.eq_ignore_ascii_case(begin))
}

fn layer(members: &Map<String, Value>) -> Result<Layer, String> {
    let text = members
        .get("digest")
        .and_then(Value::as_str)
        .ok_or("its digest is missing")?;
    let digest = Digest::parse(text).map_err(|error| format!("its digest {} is {error}", quoted(text)))?;
    let size = members
        .get("size")
        .and_then(Value::as_u64)
        .ok_or("its size is not a whole number of bytes")?;
    let mut annotations = BTreeMap::new();
    match members.get("annotations") {
        None | Some(Value::Null) => {}
        Some(Value::Object(own)) => {
            for (name, value) in own {
                let value = value.as_str().ok_or("an annotation is not text")?;
                annotations.insert(name.clone(), value.to_owned());
            }
        }
        Some(_) => return Err("annotations: expected an object".into()),
    }
    Ok(Layer {
        digest,
        size,
        annotations,
    })
}
