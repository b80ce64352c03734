// SPDX-License-Identifier: Apache-2.0
//! The user's keyring seen through a home of our own: copies of the keyring and of the trust database.
//!
//! Running gpg in the user's home obeys its gpg.conf, rewrites a stale trust database and may write to the keyring. In
//! a copy it can do all of that without harm, and the trust model still gives the answer that it gives the user. (The
//! first design named the user's keyring from the shadow home; a copy is what was checked, cannot change meanwhile,
//! and costs 2 ms for 10,000 keys.)

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::openpgp::error::EngineError;
use crate::openpgp::gnupg::check::check_system;
use crate::openpgp::gnupg::gpgme::Gpg;
use crate::openpgp::gnupg::home::{self, Home};
use crate::openpgp::gnupg::system;
use crate::openpgp::keys::copies;
use crate::openpgp::keys::key::{Fingerprint, Key};
use crate::openpgp::keys::ring::{Format, Ring};
use crate::openpgp::trust::other_keyrings;
use crate::openpgp::trust::trust_file;
use crate::openpgp::trust::user_home::{self, UserHome};

/// Why the user's keyring cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user's home.
    #[error("{0}")]
    UserHome(#[from] user_home::Error),
    /// Our own temporary home.
    #[error("{0}")]
    Home(#[from] home::Error),
    /// GnuPG failed.
    #[error("{0}")]
    Gpg(#[from] EngineError),
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
    /// The user's trust database as it was read.
    trustdb: Option<Vec<u8>>,
    /// The keys whose certifications count for nothing, once that was looked into.
    unfit: Option<Vec<Key>>,
    home: Home,
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
        let ring = copies::unite(ring).map_err(user_home::Error::from)?;
        let name = match ring.format {
            Format::Keybox => "pubring.kbx",
            Format::Packets => "pubring.gpg",
        };
        let home = Home::shadow(places, name, &ring.content, trustdb.as_deref())?;
        let mut gpg = Gpg::start(home.path())?;
        check_system(&mut gpg).map_err(Error::System)?;
        let known_to_trustdb = trustdb.as_deref().map(trust_file::keys_in).unwrap_or_default();
        Ok(Self {
            ring,
            gpg,
            known_to_trustdb,
            user_home: user_home.to_owned(),
            trustdb,
            unfit: None,
            home,
        })
    }

    /// Makes sure that a key which is not in the keyring, and which `holds` tells, is in no other keyring of the home
    /// either: only then is it unknown.
    ///
    /// # Errors
    /// When that cannot be said.
    pub fn confirm_absence(&self, holds: impl Fn(&Ring) -> bool) -> Result<(), EngineError> {
        other_keyrings::confirm_absence(&self.user_home, &self.ring.path, holds).map_err(EngineError::Elsewhere)
    }

    /// The keys of these fingerprints as the copy has them, with the validity that the user's trust gives them.
    ///
    /// A certification by a key that is revoked, expired or disabled gives none, whatever this gpg computes: the first
    /// answer tells which of the keys that vouch are such; they are taken out of the copy of the trust database, and
    /// gpg is asked again.
    ///
    /// # Errors
    /// When gpg fails.
    pub fn keys(&mut self, fingerprints: &[String], now: i64) -> Result<Vec<Key>, EngineError> {
        let mut patterns: Vec<String> = fingerprints.to_vec();
        let vouching = match &self.unfit {
            None => self.trustdb.as_deref().map(trust_file::vouching).unwrap_or_default(),
            Some(_) => HashSet::new(),
        };
        let vouching: HashSet<Fingerprint> = vouching.iter().map(Fingerprint::of).collect();
        if !patterns.is_empty() {
            let in_ring = vouching.iter().filter(|f| !self.ring.with_fingerprint(f).is_empty());
            patterns.extend(in_ring.map(ToString::to_string).filter(|f| !fingerprints.contains(f)));
        }
        let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
        let mut listed = self.gpg.keys(&patterns)?;
        if self.unfit.is_none() {
            let is_unfit =
                |key: &Key| key.revoked || key.disabled || key.primary().revoked || key.primary().is_expired(now);
            let unfit: Vec<Key> = listed
                .iter()
                .filter(|key| vouching.contains(key.fingerprint()) && is_unfit(key))
                .cloned()
                .collect();
            if let (false, Some(trustdb)) = (unfit.is_empty(), &self.trustdb) {
                let bytes = unfit.iter().filter_map(|key| key.fingerprint().bytes()).collect();
                let path = self.home.path().join("trustdb.gpg");
                std::fs::write(&path, trust_file::without(trustdb, &bytes))
                    .map_err(|error| EngineError::failed("changing the copy of the trust database", error))?;
                listed = self.gpg.keys(&patterns)?;
            }
            self.unfit = Some(unfit);
        }
        if !fingerprints.is_empty() {
            listed.retain(|key| fingerprints.iter().any(|f| f == key.fingerprint().as_str()));
        }
        Ok(listed)
    }

    /// The keys whose certifications count for nothing though their owners are trusted; known once [`Shadow::keys`] was
    /// asked.
    #[must_use]
    pub fn unfit(&self) -> &[Key] {
        self.unfit.as_deref().unwrap_or_default()
    }

    /// Where the keyring is.
    #[must_use]
    pub fn place(&self) -> &Path {
        &self.ring.path
    }

    /// Whether the trust database has something to say about a key.
    #[must_use]
    pub fn in_trustdb(&self, fingerprint: Option<&[u8; 20]>) -> bool {
        fingerprint.is_some_and(|f| self.known_to_trustdb.contains(f))
    }
}
