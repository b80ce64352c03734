// SPDX-License-Identifier: Apache-2.0
//! The user's keyring seen through a home of our own: copies of the keyring and of the trust database.
//!
//! Running gpg in the user's home obeys its gpg.conf, rewrites a stale trust database and may write to the keyring. In
//! a copy it can do all of that without harm, and the trust model still gives the answer that it gives the user. (The
//! first design named the user's keyring from the shadow home; a copy is what was checked, cannot change meanwhile,
//! and costs 2 ms for 10,000 keys.)

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::openpgp::gnupg::gpgme::{self, Gpg};
use crate::openpgp::gnupg::home::{self, Home};
use crate::openpgp::gnupg::system;
use crate::openpgp::keys::ring::{Format, Ring};
use crate::openpgp::trust::import::check_system;
use crate::openpgp::trust::other_keyrings;
use crate::openpgp::trust::user_home::{self, UserHome};

/// Length of its records (g10/tdbio.h of GnuPG).
const TRUSTDB_RECORD: usize = 40;

/// Why the user's keyring cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user's home.
    #[error("{0}")]
    UserHome(#[from] user_home::Error),
    /// Our own temporary home.
    #[error("{0}")]
    Home(#[from] home::Error),
    /// GnuPG.
    #[error("{0}")]
    Gpg(#[from] gpgme::Error),
    /// The system's configuration of GnuPG.
    #[error("{0}")]
    System(String),
}

/// The user's keyring.
#[derive(Debug)]
pub struct Shadow {
    /// What stands in it.
    pub ring: Ring,
    /// GnuPG on the copy.
    pub gpg: Gpg,
    known_to_trustdb: HashSet<[u8; 20]>,
    user_home: PathBuf,
    _home: Home,
}

impl Shadow {
    /// Copies what is needed of a GnuPG home, which is only read, see [`UserHome::read`].
    ///
    /// # Errors
    /// When the home, its keyring or its trust database is missing, unreadable or damaged, or gpg cannot be run.
    pub fn of_home(user_home: &Path, uid: u32, by_validity: bool, places: &[PathBuf]) -> Result<Self, Error> {
        if let Some(why) = system::vouching() {
            return Err(Error::System(format!(
                "{why}: gpg cannot be asked which keys are valid"
            )));
        }
        let UserHome { ring, trustdb } = UserHome::read(user_home, uid, by_validity)?;
        let name = match ring.format {
            Format::Keybox => "pubring.kbx",
            Format::Packets => "pubring.gpg",
        };
        let home = Home::shadow(places, name, &ring.content, trustdb.as_deref())?;
        let mut gpg = Gpg::start(home.path())?;
        check_system(&mut gpg).map_err(Error::System)?;
        let known_to_trustdb = trustdb.as_deref().map(fingerprints_in).unwrap_or_default();
        Ok(Self {
            ring,
            gpg,
            known_to_trustdb,
            user_home: user_home.to_owned(),
            _home: home,
        })
    }

    /// Makes sure that a key which is not in the keyring, and which `holds` tells, is in no other keyring of the home
    /// either: only then is it unknown.
    ///
    /// # Errors
    /// When that cannot be said.
    pub fn confirm_absence(&self, holds: impl Fn(&Ring) -> bool) -> Result<(), gpgme::Error> {
        other_keyrings::confirm_absence(&self.user_home, &self.ring.path, holds).map_err(gpgme::Error::Elsewhere)
    }

    /// Whether the trust database has something to say about a key.
    #[must_use]
    pub fn in_trustdb(&self, fingerprint: Option<&[u8; 20]>) -> bool {
        fingerprint.is_some_and(|f| self.known_to_trustdb.contains(f))
    }
}

/// The keys that the trust records of a trust database are about: those whose owner trust was set, and those that had
/// some validity when it was last checked.
fn fingerprints_in(trustdb: &[u8]) -> HashSet<[u8; 20]> {
    const TRUST: u8 = 12;
    trustdb
        .chunks_exact(TRUSTDB_RECORD)
        .filter(|record| record[0] == TRUST)
        .filter_map(|record| record.get(2..)?.first_chunk::<20>().copied())
        .collect()
}
