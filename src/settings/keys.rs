// SPDX-License-Identifier: Apache-2.0
//! Which keys are accepted.

use std::path::PathBuf;

use super::environment::Environment;
use super::UsageError;
use crate::cli::keys::{KeyOptions, TrustModel as TrustModelFlag};
use crate::openpgp::keys::key::Fingerprint;
use crate::openpgp::keys::signed_by::SignedBy;
use crate::openpgp::trust::user_keyring::TrustModel;
use crate::text::safe;

/// Which keys are accepted.
#[derive(Debug, Clone)]
pub struct Keys {
    /// Where they come from.
    pub source: KeySource,
    /// Narrowed to these.
    pub signed_by: SignedBy,
    /// Where temporary keyrings may stand.
    pub places: Vec<PathBuf>,
    /// Our user ID, to know left-overs of our own.
    pub uid: u32,
    /// The time by which keys and signatures are judged, in seconds since 1970.
    pub now: i64,
}

/// Where keys come from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// Key files: all their keys are accepted.
    Files(Vec<PathBuf>),
    /// The keyring of a GnuPG home.
    Home {
        /// The home; none where the user has no home directory at all.
        directory: Option<PathBuf>,
        /// Whose home it is, where that may surprise.
        note: Option<String>,
        /// Which of its keys are accepted.
        trust_model: TrustModel,
    },
}

impl Keys {
    /// Validates the key options.
    ///
    /// # Errors
    /// When they contradict each other or an argument is not a fingerprint.
    pub fn new(options: &KeyOptions, environment: &Environment) -> Result<Self, UsageError> {
        let signed_by = options
            .signed_by
            .iter()
            .map(|text| Fingerprint::read(text))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| UsageError::new(format!("--signed-by: {}", safe(&error.to_string()))))?;
        let source = if options.public_key.is_empty() {
            home(options, environment)
        } else {
            for (given, flag) in [
                (options.homedir.is_some(), "--homedir"),
                (options.trust_model.is_some(), "--trust-model"),
            ] {
                if given {
                    return Err(UsageError::new(format!(
                        "{flag} cannot be used with --public-key, with which the user's keyring is not consulted"
                    )));
                }
            }
            KeySource::Files(options.public_key.clone())
        };
        Ok(Self {
            source,
            signed_by: SignedBy(signed_by),
            places: environment.temporary_places(),
            uid: environment.uid,
            now: environment.now,
        })
    }
}

fn home(options: &KeyOptions, environment: &Environment) -> KeySource {
    let trust_model = match options.trust_model {
        Some(TrustModelFlag::Always) => TrustModel::Always,
        Some(TrustModelFlag::Gpg) | None => TrustModel::Gpg,
    };
    let named = options
        .homedir
        .clone()
        .or_else(|| environment.variable("GNUPGHOME").map(PathBuf::from));
    let directory = named
        .clone()
        .or_else(|| environment.home.as_ref().map(|home| home.join(".gnupg")));
    // sudo keeps or changes HOME as its configuration says: whose keyring it is must not be a guess.
    let note = match (&directory, environment.variable("SUDO_USER")) {
        (Some(directory), Some(user)) if named.is_none() && environment.uid == 0 => Some(format!(
            "the keys are those of {}; the command was run by {} through sudo: --homedir names another keyring",
            safe(&directory.display().to_string()),
            safe(&user.to_string_lossy())
        )),
        _ => None,
    };
    KeySource::Home {
        directory,
        note,
        trust_model,
    }
}
