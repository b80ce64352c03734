// SPDX-License-Identifier: Apache-2.0
//! Bare parts: a manifest in a file, or its digest alone, and signatures in files, as
//! `skopeo standalone-verify` takes them.

use std::path::{Path, PathBuf};

use super::stored;
use crate::digest::Digest;
use crate::files::read::read_bounded;
use crate::image::too_many;
use crate::limits::MAX_BLOB_BYTES;
use crate::limits::MAX_MANIFEST_BYTES;
use crate::limits::MAX_SIGNATURES;
use crate::reason::{Reason, Refusal};
use crate::subject::ManifestState;
use crate::subject::{Content, Relatives, SignatureBlob, Subject};
use crate::text::io_message;

/// Reads a manifest, whose digest is the image that is judged, and its signatures. `-` is standard input.
///
/// # Errors
/// When the manifest cannot be read or has no digest. Trouble with a signature stays with that signature.
pub fn read(manifest: &Path, signatures: &[PathBuf]) -> Result<Subject, Refusal> {
    let shown = stored::shown(manifest);
    let bytes = match read_bounded(stored::file(manifest), MAX_MANIFEST_BYTES) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            return Err(Refusal::new(
                Reason::ManifestUnavailable,
                format!("{shown} has more than {MAX_MANIFEST_BYTES} bytes"),
            ));
        }
        Err(error) => {
            return Err(Refusal::new(
                Reason::ManifestUnavailable,
                format!("reading {shown}: {}", io_message(&error)),
            ))
        }
    };
    // The digest of nothing is a digest; a file that was never filled is not a manifest.
    if bytes.trim_ascii().is_empty() {
        return Err(Refusal::new(Reason::ManifestUnavailable, format!("{shown} is empty")));
    }
    let digest = Digest::of_manifest(&bytes)
        .map_err(|error| Refusal::new(Reason::ManifestMismatch, format!("{shown} has no digest: {error}")))?;
    Ok(Subject {
        digest,
        manifest: ManifestState::Matches(Relatives::new(bytes)),
        lists: Vec::new(),
        signatures: blobs(signatures),
        sources: Vec::new(),
        is_object_alone: false,
    })
}

/// Reads signatures alone: the digest that the user gives is the image that is judged.
#[must_use]
pub(crate) fn of_digest(digest: &Digest, signatures: &[PathBuf]) -> Subject {
    Subject {
        digest: digest.clone(),
        manifest: ManifestState::DigestGiven,
        lists: Vec::new(),
        signatures: blobs(signatures),
        sources: Vec::new(),
        is_object_alone: false,
    }
}

fn blobs(signatures: &[PathBuf]) -> Vec<SignatureBlob> {
    signatures
        .iter()
        .enumerate()
        .map(|(index, path)| SignatureBlob {
            name: path.display().to_string(),
            content: if index < MAX_SIGNATURES {
                stored::signature(path, read_bounded(stored::file(path), MAX_BLOB_BYTES as u64))
            } else {
                Content::Gpg(Err(too_many(index)))
            },
        })
        .collect()
}
