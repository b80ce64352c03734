// SPDX-License-Identifier: Apache-2.0
//! What of an Image object decides its verdict, as a hash: what a report says of an object that has changed since does not
//! hold any more.

use std::io::{self, Write};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

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

/// SHA-256, in hex, of the signatures of an object, of its manifest and of the instances that it names. What is recorded
/// about the signatures is not among it: that follows from the verdict, and a run that records changes it itself.
pub(super) fn content(object: &Value) -> String {
    let signatures = object["signatures"].as_array().map_or(&[][..], Vec::as_slice);
    let signatures: Vec<[&Value; 3]> = signatures
        .iter()
        .map(|own| [&own["metadata"]["name"], &own["type"], &own["content"]])
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
