// SPDX-License-Identifier: Apache-2.0
//! What of an Image object decides its verdict, as a hash: what a report says of an object that has changed since does not
//! hold any more.

use std::io::{self, Write};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::record::latest;

/// What is written is hashed.
struct Hashing(Sha256);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// SHA-256, in hex, of the signatures of an object, of its manifest and of the instances that it names; of a run that does
/// not record also of what is recorded about the signatures, which may be stale. A run that `records` changes that itself.
pub(super) fn content(object: &Value, records: bool) -> String {
    let recorded = |own: &'_ Value| {
        let members = ["conditions", "imageIdentity", "issuedTo"].map(|name| own[name].clone());
        (!records).then_some(members)
    };
    let signatures: Vec<_> = signatures(object)
        .iter()
        .map(|own| {
            let judged = [&own["metadata"]["name"], &own["type"], &own["content"]];
            (judged, recorded(own))
        })
        .collect();
    let manifest = [
        &object["metadata"]["name"],
        &object["dockerImageReference"],
        &object["dockerImageManifest"],
        &object["dockerImageManifestMediaType"],
        &object["dockerImageManifests"],
        &object["dockerImageSignatures"],
    ];
    let mut hashing = Hashing(Sha256::new());
    // Values that were read can be written, and hashing does not fail.
    let _ = serde_json::to_writer(&mut hashing, &(manifest, signatures));
    hashing.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the latest word about one of its signatures is that it is trusted.
pub(super) fn has_trusted(object: &Value) -> bool {
    let is_trusted = |own: &Value| latest(own, "Trusted").is_some_and(|condition| condition.status == "True");
    signatures(object).iter().any(is_trusted)
}

fn signatures(object: &Value) -> &[Value] {
    object["signatures"].as_array().map_or(&[], Vec::as_slice)
}
