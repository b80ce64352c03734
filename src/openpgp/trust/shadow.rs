// SPDX-License-Identifier: Apache-2.0
//! The user's keyring seen through a home of our own: copies of the keyring and of the trust database.
//!
//! Running gpg in the user's home obeys its gpg.conf, rewrites a stale trust database and may write to the keyring. In
//! a copy it can do all of that without harm, and the trust model still gives the answer that it gives the user. (The
//! first design named the user's keyring from the shadow home; a copy is what was checked, cannot change meanwhile,
//! and costs 2 ms for 10,000 keys.)

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::openpgp::gnupg::gpgme::{self, Gpg};
use crate::openpgp::gnupg::home::{self, Home};
use crate::openpgp::gnupg::keyboxd;
use crate::openpgp::gnupg::system;
use crate::openpgp::keys::ring::{self, Format, Ring};
use crate::openpgp::trust::import::check_system;

/// Largest trust database in bytes; one of 10,000 keys has 1 MB.
const MAX_TRUSTDB: u64 = 64 << 20;

/// Length of its records (g10/tdbio.h of GnuPG).
const TRUSTDB_RECORD: usize = 40;

/// Why the user's keyring cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no home directory.
    #[error("there is no GnuPG home: {0}")]
    NoHome(String),
    /// The keyring.
    #[error("{0}")]
    Ring(#[from] ring::Error),
    /// The database of keys.
    #[error("{0}")]
    Keyboxd(#[from] keyboxd::Error),
    /// The trust database.
    #[error("{path}: {what}", path = .0.display(), what = .1)]
    TrustDb(PathBuf, String),
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
    _home: Home,
}

impl Shadow {
    /// Copies what is needed of a GnuPG home. The home itself is only read, by this program alone, unless GnuPG keeps the
    /// keys there in a database; then it must belong to `uid`.
    ///
    /// # Errors
    /// When the home, its keyring or its trust database is missing, unreadable or damaged, or gpg cannot be run.
    pub fn of_home(user_home: &Path, uid: u32, places: &[PathBuf]) -> Result<Self, Error> {
        match fs::metadata(user_home) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Err(Error::NoHome(format!("{} is not a directory", user_home.display()))),
            Err(error) => return Err(Error::NoHome(format!("reading {}: {error}", user_home.display()))),
        }
        if let Some(why) = system::vouching() {
            return Err(Error::System(format!(
                "{why}: gpg cannot be asked which keys are valid"
            )));
        }
        let ring = if keyboxd::is_used(user_home)? {
            let keys = keyboxd::export(user_home, uid)?;
            Ring::parse(keyboxd::database(user_home), Format::Packets, keys)?
        } else {
            Ring::of_home(user_home)?
        };
        let trustdb = read_trustdb(&user_home.join("trustdb.gpg"))?;
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
            _home: home,
        })
    }

    /// Whether the trust database has something to say about a key.
    #[must_use]
    pub fn in_trustdb(&self, fingerprint: Option<&[u8; 20]>) -> bool {
        fingerprint.is_some_and(|f| self.known_to_trustdb.contains(f))
    }
}

/// Reads a trust database if there is one.
fn read_trustdb(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let wrong = |what: String| Error::TrustDb(path.to_owned(), what);
    let content = match crate::files::read::read_regular(path, MAX_TRUSTDB) {
        Ok(Some(content)) => content,
        Ok(None) => return Err(wrong(format!("it has more than {MAX_TRUSTDB} bytes"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(format!("reading: {error}"))),
    };
    // gpg makes an empty one before it fills it.
    if content.is_empty() {
        return Ok(None);
    }
    // A trust database of garbage makes gpg list keys without an error, and without validity.
    if content.first_chunk() != Some(b"\x01gpg") || content.len() % TRUSTDB_RECORD != 0 {
        return Err(wrong(
            "it is damaged; gpg --check-trustdb makes a new one once it is moved away".into(),
        ));
    }
    Ok(Some(content))
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
