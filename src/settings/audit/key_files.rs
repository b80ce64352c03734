// SPDX-License-Identifier: Apache-2.0
//! Key files of an audit that are read more than once.

use std::path::Path;

use crate::settings::criteria::Criteria;
use crate::settings::keys::KeySource;
use crate::settings::UsageError;
use crate::text::safe;

/// Who reads key files once more.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reader {
    /// A report of JSON lines, which begins with their hash: reports that were made by different keys would be taken
    /// for parts of one.
    Report,
    /// Threads that judge, each of which reads them for itself.
    Threads,
}

impl Reader {
    /// Why what is read cannot come through a pipe, and what to do.
    fn need(self) -> &'static str {
        match self {
            Self::Report => "a report of JSON lines, --resume and --shard need the hash of each key file, because the report must identify its keys; use a regular file",
            Self::Threads => "each thread that judges reads the key files, and for a cluster there are at least two; use a regular file, or, unless the images are of a cluster, --workers 1",
        }
    }
}

/// Makes sure that each key file can be read once more: what comes through a pipe is there once.
///
/// # Errors
/// When a file is there and is neither a regular file nor a directory, in which there are no keys.
pub(super) fn check(criteria: &Criteria, reader: Reader) -> Result<(), UsageError> {
    if let Some(policy) = &criteria.policy {
        return policy
            .key_files()
            .try_for_each(|path| check_file(&policy.name, path, reader));
    }
    let keys = &criteria.keys;
    if let (true, KeySource::Files(files)) = (keys.accepts_gpg, &keys.source) {
        files
            .iter()
            .try_for_each(|path| check_file("--public-key", path, reader))?;
    }
    let mut own = keys.sigstore.iter().flat_map(|own| &own.files);
    own.try_for_each(|path| check_file("--sigstore-key", path, reader))
}

/// `namer` is what names the file, safe to print.
fn check_file(namer: &str, path: &Path, reader: Reader) -> Result<(), UsageError> {
    // One that is not there or cannot be looked at is told where keys are read.
    match std::fs::metadata(path) {
        Ok(meta) if !meta.is_file() && !meta.is_dir() => Err(UsageError::new(format!(
            "{namer} {}: it is not a regular file, and what is read from it cannot be read again: {}",
            safe(&path.display().to_string()),
            reader.need()
        ))),
        _ => Ok(()),
    }
}
