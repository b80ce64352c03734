// SPDX-License-Identifier: Apache-2.0
//! GnuPG with keys as they were read: a second reading of what was united, sorted and completed for the first.
//!
//! What we leave out of a key, or put elsewhere, may be what takes trust from it; GnuPG has a reader of its own. No
//! signature is good, and no key too bad for one, where the two readings differ.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::openpgp::error::EngineError;
use crate::openpgp::gnupg::gpgme::Gpg;
use crate::openpgp::gnupg::home::Home;
use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::key::Fingerprint;

/// A home into which keys are imported copy by copy.
#[derive(Debug)]
pub(super) struct AsReadHome {
    pub(super) gpg: Gpg,
    /// It is removed when this is dropped.
    _home: Home,
    /// The keys that were given to it, and whether it took them.
    given: HashMap<Fingerprint, bool>,
}

impl AsReadHome {
    /// Makes it below one of `places`.
    ///
    /// # Errors
    /// When there is no room for it, or gpg cannot be run.
    pub(super) fn open(places: &[PathBuf]) -> Result<Self, EngineError> {
        let home = Home::as_read(places).map_err(|error| EngineError::failed("making a second keyring", error))?;
        let gpg = Gpg::start(home.path())?;
        Ok(Self {
            gpg,
            _home: home,
            given: HashMap::new(),
        })
    }

    /// Gives it keys; whether it has taken the first of them. That it stops at something in them is no knowledge of any.
    ///
    /// # Errors
    /// When it does not answer.
    pub(super) fn takes(&mut self, keys: &[Arc<Certificate>]) -> Result<bool, EngineError> {
        let missing: Vec<_> = keys
            .iter()
            .filter(|own| !self.given.contains_key(own.fingerprint()))
            .filter_map(|own| Some((own.fingerprint(), own.packets_as_read()?)))
            .collect();
        if !missing.is_empty() {
            let packets = missing.iter().map(|(_, packets)| *packets).collect::<Vec<_>>().concat();
            // Of a copy without user ID it takes what is said only where it has the key already.
            let times = if keys.iter().any(|own| own.has_copies()) { 2 } else { 1 };
            let taken = match self.gpg.import(&packets.repeat(times)) {
                Ok(imported) => imported.taken,
                Err(error @ EngineError::Silent { .. }) => return Err(error),
                Err(error) => {
                    log::info!("no second reading of the signer's key: {error}");
                    Default::default()
                }
            };
            for (fingerprint, _) in missing {
                self.given.insert(fingerprint.clone(), taken.contains(fingerprint));
            }
        }
        let first = keys.first().and_then(|own| self.given.get(own.fingerprint()));
        Ok(first == Some(&true))
    }
}
