// SPDX-License-Identifier: Apache-2.0
//! The user's keyring seen through a home of our own: copies of keys in it and of the trust database.
//!
//! Running gpg in the user's home obeys its gpg.conf, rewrites a stale trust database and may write to the keyring. In
//! a copy it can do all of that without harm, and the trust model still gives the answer that it gives the user. It is
//! given only the keys that it is asked about and those that may vouch for them: what it computes does not take longer
//! in a large keyring, and a key that must not vouch is left out.

mod certifications;
mod revocations;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::openpgp::error::EngineError;
use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::gnupg::check::check_system;
use crate::openpgp::gnupg::gpgme::Gpg;
use crate::openpgp::gnupg::home::{self, Home};
use crate::openpgp::gnupg::system;
use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::copies;
use crate::openpgp::keys::key::{Key, Validity};
use crate::openpgp::keys::ring::Ring;
use crate::openpgp::trust::other_keyrings;
use crate::openpgp::trust::trust_file;
use crate::openpgp::trust::user_home::{self, UserHome};
use crate::openpgp::trust::vouchers::Circle;

/// The copy of keys, in the older format: keys one after the other.
const KEYS: &str = "pubring.gpg";

/// Up to how many keys are asked for by name, not all that the copy has.
const ASKED_BY_NAME: usize = 100;

/// Why the user's keyring cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ShadowError {
    /// The user's home cannot be used.
    #[error("{0}")]
    UserHome(#[from] user_home::UserHomeError),
    /// Our own temporary home.
    #[error("{0}")]
    Home(#[from] home::HomeError),
    /// GnuPG could not be asked for what is in the user's keyring.
    #[error("{0}")]
    Gpg(#[from] EngineError),
    /// The system's configuration of GnuPG.
    #[error("{0}")]
    System(String),
}

/// The user's keyring, seen through a home of our own.
#[derive(Debug)]
pub struct Shadow {
    /// What stands in it.
    pub ring: Ring,
    /// GnuPG on the copy.
    gpg: Gpg,
    known_to_trustdb: HashSet<[u8; 20]>,
    vouching: HashSet<[u8; 20]>,
    disabled: HashSet<[u8; 20]>,
    user_home: PathBuf,
    /// The user's trust database as it was read.
    trustdb: Option<Vec<u8>>,
    /// Keys of the ring that were read, by their places.
    certificates: HashMap<usize, Arc<Certificate>>,
    /// The keys met so far whose certifications count for nothing, by their places.
    unfit: BTreeMap<usize, Key>,
    home: Home,
}

impl Shadow {
    /// Copies what is needed of a GnuPG home, which is only read, see [`UserHome::read`].
    ///
    /// # Errors
    /// When the home, its keyring or its trust database is missing, unreadable or damaged, or gpg cannot be run.
    pub fn of_home(user_home: &Path, uid: u32, by_validity: bool, places: &[PathBuf]) -> Result<Self, ShadowError> {
        if let Some(why) = system::vouching() {
            return Err(ShadowError::System(format!(
                "{why}: gpg cannot be asked which keys are valid"
            )));
        }
        let UserHome { ring, trustdb } = UserHome::read(user_home, uid, by_validity)?;
        let ring = copies::unite(ring).map_err(user_home::UserHomeError::from)?;
        let home = Home::shadow(places, KEYS)?;
        let mut gpg = Gpg::start(home.path())?;
        check_system(&mut gpg).map_err(ShadowError::System)?;
        Ok(Self {
            ring,
            gpg,
            known_to_trustdb: trustdb.as_deref().map(trust_file::keys_in).unwrap_or_default(),
            vouching: trustdb.as_deref().map(trust_file::vouching).unwrap_or_default(),
            disabled: trustdb.as_deref().map(trust_file::disabled).unwrap_or_default(),
            user_home: user_home.to_owned(),
            trustdb,
            certificates: HashMap::new(),
            unfit: BTreeMap::new(),
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

    /// A key of the ring with all that is said about it; `None` for a version that is not read.
    pub fn certificate(&mut self, place: usize) -> Option<Arc<Certificate>> {
        if let Some(known) = self.certificates.get(&place) {
            return Some(Arc::clone(known));
        }
        let read = Arc::new(Certificate::read(self.ring.packets(place))?);
        self.certificates.insert(place, Arc::clone(&read));
        Some(read)
    }

    /// Keys of the ring, by their places, with the validity that the user's trust gives them.
    ///
    /// A certification by a key that is revoked, expired or disabled gives none, whatever this gpg computes: the first
    /// answer tells which of the keys that may vouch are such; gpg is asked again without them.
    ///
    /// # Errors
    /// When gpg fails, or calls a key valid for which no key vouches that may.
    pub fn keys(&mut self, asked: &[usize], now: i64) -> Result<Vec<(usize, Key)>, EngineError> {
        let circle = Circle::around(asked, |place| self.vouchers_of(place));
        let mut left = circle.places();
        for place in circle.places() {
            left.extend(self.revokers_of(place));
        }
        // A key of another version is none that gpg could be asked about.
        left.retain(|place| self.certificate(*place).is_some());
        let mut found = BTreeMap::new();
        let fit = loop {
            let mut listed = self.ask(&left)?;
            let mut gone = Vec::new();
            for place in &left {
                let is_unfit = listed.get(place).is_none_or(|key| key.is_unfit(now));
                // What is said of a revoked key stays, whoever is left out later: the key that revoked it perhaps.
                let is_revoked = listed.get(place).is_some_and(|key| key.revoked);
                if is_revoked || is_unfit && self.may_vouch(*place) {
                    gone.push(*place);
                }
            }
            if gone.is_empty() {
                found.extend(listed);
                break left;
            }
            for place in gone {
                left.remove(&place);
                if let Some(mut key) = listed.remove(&place) {
                    // Computed while it still vouched, perhaps for itself.
                    key.user_ids.iter_mut().for_each(|id| id.validity = Validity::Unknown);
                    if self.may_vouch(place) {
                        self.unfit.insert(place, key.clone());
                    }
                    found.insert(place, key);
                }
            }
        };
        self.ensure_revokers_are_believed(&fit, &found)?;
        let roots = fit.iter().copied().filter(|place| self.is_ultimate(*place)).collect();
        let reached = circle.reached(&roots, &fit);
        let is_wrong = |(place, key): &(&usize, &Key)| key.validity().is_enough() && !reached.contains(place);
        if let Some((_, key)) = found.iter().find(is_wrong) {
            return Err(EngineError::Unreliable {
                doing: "listing keys",
                who: "gpg",
                why: format!(
                    "it calls key {} valid, and no key that may vouch has certified it",
                    key.fingerprint()
                ),
            });
        }
        found.retain(|place, _| asked.contains(place));
        Ok(found.into_iter().collect())
    }

    /// Makes sure that a key of the ring is not valid, as it was listed: gpg says nothing of records of the trust database
    /// that it cannot read, and then calls a key less valid than it is. It is asked anew.
    ///
    /// # Errors
    /// When it fails, or says something else now.
    pub fn confirm(&mut self, place: usize, listed: &Key, now: i64) -> Result<(), EngineError> {
        let again = self.keys(&[place], now)?;
        let is_same = |key: &Key| {
            (key.validity(), key.disabled, key.revoked) == (listed.validity(), listed.disabled, listed.revoked)
        };
        match again.first() {
            Some((_, key)) if is_same(key) => Ok(()),
            _ => Err(EngineError::Unreliable {
                doing: "listing keys",
                who: "gpg",
                why: format!(
                    "asked twice about key {}, it says two different things",
                    listed.fingerprint()
                ),
            }),
        }
    }

    /// Lists keys of the ring by a copy of nothing but these and of the trust database, with nothing computed in it.
    fn ask(&mut self, places: &BTreeSet<usize>) -> Result<BTreeMap<usize, Key>, EngineError> {
        if places.is_empty() {
            return Ok(BTreeMap::new());
        }
        let wrong = |error: home::HomeError| EngineError::failed("copying keys", error);
        let mut packets = Vec::new();
        for place in places {
            packets.extend(self.written(*place)?);
        }
        self.home.replace(KEYS, &packets).map_err(wrong)?;
        if let Some(trustdb) = &self.trustdb {
            let unfit = self
                .unfit
                .keys()
                .filter_map(|place| self.ring.fingerprint_bytes(*place));
            let trustdb = trust_file::anew(trustdb, &unfit.copied().collect());
            self.home.replace("trustdb.gpg", &trustdb).map_err(wrong)?;
        }
        let by_fingerprint: HashMap<String, usize> = places
            .iter()
            .map(|place| (self.ring.fingerprint(*place), *place))
            .collect();
        let patterns: Vec<&str> = match places.len() {
            ..=ASKED_BY_NAME => by_fingerprint.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        let mut listed = BTreeMap::new();
        for mut key in self.gpg.keys(&patterns)? {
            let Some(place) = by_fingerprint.get(key.fingerprint().as_str()) else {
                continue;
            };
            // gpg goes on without a word where it cannot read the record that says so.
            key.disabled |= self
                .ring
                .fingerprint_bytes(*place)
                .is_some_and(|own| self.disabled.contains(own));
            if let Some(key) = listed.insert(*place, key) {
                let twice = format!("it shows key {} twice", key.fingerprint());
                return Err(EngineError::failed("listing keys", twice));
            }
        }
        Ok(listed)
    }

    /// The keys of the ring that are said to have certified one and may vouch for others.
    fn vouchers_of(&mut self, place: usize) -> Vec<usize> {
        let certifiers = self.certificate(place).map(|own| own.certifiers()).unwrap_or_default();
        let ring = &self.ring;
        let is_primary = |place: usize, id: KeyId| ring.fingerprint_bytes(place).map(KeyId::of) == Some(id);
        let places = certifiers
            .into_iter()
            .flat_map(|id| ring.with_key_id(id).iter().map(move |place| (*place, id)));
        let places: Vec<usize> = places
            .filter(|(place, id)| is_primary(*place, *id))
            .map(|(place, _)| place)
            .collect();
        places.into_iter().filter(|place| self.may_vouch(*place)).collect()
    }

    /// Whether a key may vouch for others, if it is fit for that: its owner is trusted, or a trust signature says so.
    fn may_vouch(&mut self, place: usize) -> bool {
        let is_trusted = self
            .ring
            .fingerprint_bytes(place)
            .is_some_and(|own| self.vouching.contains(own));
        is_trusted || self.certificate(place).is_some_and(|own| own.is_introducer())
    }

    /// A key of the ring as gpg is given it, with what others say of it; nothing for a version that is not read.
    fn written(&mut self, place: usize) -> Result<Vec<u8>, EngineError> {
        let vouchers = self.vouchers_of(place);
        let vouchers: Vec<_> = vouchers.into_iter().filter_map(|own| self.certificate(own)).collect();
        let Some(own) = self.certificate(place) else {
            return Ok(Vec::new());
        };
        let written = own.write_all(&vouchers);
        written.ok_or_else(|| EngineError::crowded(own.fingerprint().as_str()))
    }

    /// Keys of the ring with all that may have vouched for them, as far as they can be read.
    pub fn behind(&mut self, places: &[usize]) -> Vec<Arc<Certificate>> {
        let circle = Circle::around(places, |place| self.vouchers_of(place)).places();
        circle.into_iter().filter_map(|place| self.certificate(place)).collect()
    }

    fn is_ultimate(&self, place: usize) -> bool {
        let trusted = self.trustdb.as_deref().zip(self.ring.fingerprint_bytes(place));
        trusted.is_some_and(|(trustdb, own)| trust_file::is_ultimate(trustdb, own))
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
