// SPDX-License-Identifier: Apache-2.0
//! Key files of an audit whose report must tell by which keys it was made.

use std::path::Path;

use crate::settings::criteria::Criteria;
use crate::settings::keys::KeySource;
use crate::settings::UsageError;
use crate::text::safe;

/// Makes sure that each key file can be read once more for its hash, which a report of JSON lines begins with: what comes
/// through a pipe is there once, and reports that were made by different keys would be taken for parts of one.
///
/// # Errors
/// When a file is there and is neither a regular file nor a directory, in which there are no keys.
pub(super) fn check_hashed(criteria: &Criteria) -> Result<(), UsageError> {
    if let Some(policy) = &criteria.policy {
        return policy.key_files().try_for_each(|path| check(&policy.name, path));
    }
    let keys = &criteria.keys;
    if let (true, KeySource::Files(files)) = (keys.accepts_gpg, &keys.source) {
        files.iter().try_for_each(|path| check("--public-key", path))?;
    }
    let mut own = keys.sigstore.iter().flat_map(|own| &own.files);
    own.try_for_each(|path| check("--sigstore-key", path))
}

/// `namer` is what names the file, safe to print.
fn check(namer: &str, path: &Path) -> Result<(), UsageError> {
    // One that is not there or cannot be looked at is told where keys are read.
    match std::fs::metadata(path) {
        Ok(meta) if !meta.is_file() && !meta.is_dir() => Err(UsageError::new(format!(
            "{namer} {}: it is not a regular file, and what is read from it cannot be read again: a report of JSON lines, --resume and --shard need the hash of each key file, since the report must tell by which keys it was made; write the keys to a file and name that",
            safe(&path.display().to_string())
        ))),
        _ => Ok(()),
    }
}
