// SPDX-License-Identifier: Apache-2.0
//! Setting up the engine that the settings ask for.

use std::io::Write;

use crate::openpgp::engine::KeyFileEngine;
use crate::openpgp::home;
use crate::openpgp::keyring;
use crate::settings::verify::Keys;
use crate::settings::UsageError;
use crate::verdict::reason::{Reason, Refusal};

/// Loads key files. What was skipped is told on `stderr`. GnuPG's own trouble is kept for the signatures.
///
/// # Errors
/// When a key file is of no use.
pub fn from_files(keys: &Keys, stderr: &mut dyn Write) -> Result<Result<KeyFileEngine, Refusal>, UsageError> {
    home::sweep(&keys.places, keys.uid);
    match keyring::from_files(&keys.files, &keys.places) {
        Ok(loaded) => {
            for line in &loaded.skipped {
                let _ = writeln!(stderr, "warning: {line}");
            }
            Ok(Ok(KeyFileEngine::new(
                loaded.home,
                loaded.gpg,
                loaded.fingerprints,
                keys.signed_by.clone(),
                keys.now,
            )))
        }
        Err(keyring::Error::KeyFile(message)) => Err(UsageError(message)),
        Err(keyring::Error::Engine(message)) => Ok(Err(Refusal::new(Reason::EngineFailed, message))),
    }
}
