// SPDX-License-Identifier: Apache-2.0
//! Setting up the engine that the settings ask for.

use std::path::{Path, PathBuf};

use crate::openpgp::engine::Engine;
use crate::openpgp::gnupg::batch::{BatchCheck, Terms};
use crate::openpgp::gnupg::check::GpgCheck;
use crate::openpgp::gnupg::home;
use crate::openpgp::keys::key_file::Contents;
use crate::openpgp::keys::signed_by::SignedBy;
use crate::openpgp::roles::SignatureCheck;
use crate::openpgp::trust::import;
use crate::openpgp::trust::shadow::Shadow;
use crate::openpgp::trust::user_home;
use crate::openpgp::trust::user_keyring::{TrustModel, UserKeyring};
use crate::reason::{Reason, Refusal};
use crate::report::console::Messages;
use crate::settings::keys::{check_home, KeyChoice, KeySource, SigstoreKeys};
use crate::settings::workers::Workers;
use crate::settings::UsageError;
use crate::sigstore;
use crate::sigstore::keys::read_file;
use crate::text::{bounded, safe};
use crate::verdict::expectation::AcceptedKeys;
use crate::verdict::pipeline::{EngineOrTrouble, Judges};

/// Longest message about the user's home, in characters: it has paths in it, and what to do.
const MAX_TROUBLE: usize = 1024;

/// Sets up what signatures are judged with by the keys that the options name.
///
/// # Errors
/// When a key file is of no use.
pub fn judges(
    keys: &KeyChoice,
    workers: Workers,
    judges: &mut Judges,
    stderr: &mut Messages<'_>,
) -> Result<AcceptedKeys, UsageError> {
    // Files that the user may have mistaken are told of before anything is started.
    let sigstore = keys
        .sigstore
        .as_ref()
        .map(|own| sigstore_keys(own, stderr))
        .transpose()?;
    let mut accepted = AcceptedKeys::default();
    if let Some(own) = sigstore {
        accepted.sigstore = Some(judges.sigstore.len());
        judges.sigstore.push(Ok(own));
    }
    if keys.accepts_gpg {
        accepted.gpg = Some(judges.gpg.len());
        judges.gpg.push(set_up(keys, workers, stderr)?);
    }
    Ok(accepted)
}

fn sigstore_keys(own: &SigstoreKeys, stderr: &mut Messages<'_>) -> Result<sigstore::keys::Keys, UsageError> {
    let files = own.files.iter().map(|file| read_file(file));
    let keys = files.collect::<Result<Vec<_>, _>>().map_err(UsageError)?;
    let keys = sigstore::keys::Keys::new(keys, own.signed_by.clone());
    for id in keys.absent() {
        stderr.warning(format_args!(
            "no key of --sigstore-key has the digest sha256:{id} of --signed-by"
        ));
    }
    Ok(keys)
}

/// Sets up the engine. What a user should know about it is told on `stderr`. GnuPG's own trouble, and that of the
/// user's keyring, is kept for the signatures.
///
/// # Errors
/// When a key file is of no use, or a home is that of another user.
pub(crate) fn set_up(
    keys: &KeyChoice,
    workers: Workers,
    stderr: &mut Messages<'_>,
) -> Result<EngineOrTrouble, UsageError> {
    home::sweep(&keys.places, keys.uid);
    let mut engine = match &keys.source {
        KeySource::Files(files) => from_files(keys, workers, files, stderr)?,
        KeySource::Home {
            directory,
            is_named,
            note,
            trust_model,
        } => {
            // Only here is it read.
            if let Some(directory) = directory {
                check_home(directory, *is_named)?;
            }
            if let Some(note) = note {
                stderr.note(note);
            }
            of_home(keys, workers, (directory.as_deref(), *is_named), *trust_model)
        }
    };
    if let Ok(engine) = &mut engine {
        for warning in engine.take_warnings() {
            stderr.warning(warning);
        }
    }
    Ok(engine)
}

/// What checks signatures: gpgme alone, or gpg's batch mode from so many signatures on.
fn checker(places: &[PathBuf], now: i64, workers: Workers) -> Box<dyn SignatureCheck> {
    let single = GpgCheck::new(places.to_vec(), now);
    match workers {
        Workers::Never => Box::new(single),
        Workers::After(count) => Box::new(BatchCheck::new(single, count, Terms::default())),
    }
}

fn from_files(
    keys: &KeyChoice,
    workers: Workers,
    files: &[PathBuf],
    stderr: &mut Messages<'_>,
) -> Result<EngineOrTrouble, UsageError> {
    let read = files.iter().map(|file| import::read(file));
    let contents = read
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| UsageError(error.to_string()))?;
    let ground = Ground {
        places: &keys.places,
        now: keys.now,
        workers,
    };
    from_contents(&ground, contents, &[], &keys.signed_by, stderr)
}

/// Where temporary keyrings may stand, the time by which keys are judged, and which signatures workers check.
pub(super) struct Ground<'g> {
    pub(super) places: &'g [PathBuf],
    pub(super) now: i64,
    pub(super) workers: Workers,
}

/// Sets up an engine with the keys of files that were read. Of `others` only revocations of these keys count.
///
/// # Errors
/// When a key file is of no use.
pub(super) fn from_contents(
    ground: &Ground<'_>,
    contents: Vec<(String, Contents)>,
    others: &[(String, Contents)],
    signed_by: &SignedBy,
    stderr: &mut Messages<'_>,
) -> Result<EngineOrTrouble, UsageError> {
    let mut check = checker(ground.places, ground.now, ground.workers);
    match import::from_contents(contents, others, &mut *check) {
        Ok(loaded) => {
            for line in &loaded.warnings {
                stderr.warning(line);
            }
            let set = Box::new(loaded.keys);
            Ok(Ok(Box::new(Engine::new(set, check, signed_by.clone(), ground.now))))
        }
        Err(import::ImportError::KeyFile(message)) => Err(UsageError(message)),
        Err(import::ImportError::Engine(error)) => Ok(Err(Refusal::new(
            Reason::EngineFailed,
            bounded(&error.to_string(), MAX_TROUBLE),
        ))),
    }
}

/// The home comes with whether the user names it in the call.
fn of_home(
    keys: &KeyChoice,
    workers: Workers,
    (directory, is_named): (Option<&Path>, bool),
    trust_model: TrustModel,
) -> EngineOrTrouble {
    let Some(directory) = directory else {
        return Err(Refusal::new(
            Reason::EngineFailed,
            "there is no GnuPG home: the user has no home directory and GNUPGHOME is not set; name one with --homedir DIR, or key files with --public-key FILE",
        ));
    };
    let by_validity = trust_model == TrustModel::Gpg && !keys.signed_by.is_limited();
    let shadow = Shadow::of_home(directory, keys.uid, by_validity, &keys.places);
    match shadow {
        Ok(shadow) => {
            let is_empty = shadow.ring.is_empty();
            let named = is_named.then_some(directory);
            let set = UserKeyring::new(shadow, trust_model, keys.signed_by.clone(), keys.now, named);
            let check = checker(&keys.places, keys.now, workers);
            let mut engine = Engine::new(Box::new(set), check, keys.signed_by.clone(), keys.now);
            if is_empty {
                let next = safe(&user_home::next_step(directory));
                engine.warn(format!("there is no key in {}; {next}", engine.name_of_keys()));
            }
            Ok(Box::new(engine))
        }
        Err(error) => Err(Refusal::new(
            Reason::EngineFailed,
            bounded(&error.to_string(), MAX_TROUBLE),
        )),
    }
}
