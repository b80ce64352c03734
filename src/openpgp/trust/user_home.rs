// SPDX-License-Identifier: Apache-2.0
//! A user's GnuPG home, read as a whole while others may write to it.
//!
//! Keyring and trust database are read together, and again until nothing has changed meanwhile: a keyring that is just
//! being replaced must not look like one without the key, and a trust database must not be older than its keyring.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::files::exposed;
use crate::files::read::read_regular;
use crate::openpgp::gnupg::keyboxd;
use crate::openpgp::keys::home_ring;
use crate::openpgp::keys::ring::{self, Format, Ring};
use crate::openpgp::trust::trust_file::{self, has_owner_trust};
use crate::text::{io_message, shell_word};

/// Largest trust database in bytes; one of 10,000 keys has 1 MB.
const MAX_TRUSTDB: u64 = 64 << 20;

/// How long a home is waited for that does not hold still.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a keyring is waited for that is away while nothing else changes.
const PATIENCE_AWAY: Duration = Duration::from_millis(500);

/// Pause before it is read again.
const PAUSE: Duration = Duration::from_millis(3);

/// The files that are read, and must be the same before and after.
const FILES: [&str; 4] = ["common.conf", "pubring.kbx", "pubring.gpg", "trustdb.gpg"];

/// The way out where a home is of no use, which needs nothing of it.
const OFFER: &str = "name the signer's key file with --public-key FILE";

/// What was read of a home.
#[derive(Debug)]
pub struct UserHome {
    /// The keyring that GnuPG reads in this home.
    pub ring: Ring,
    /// Its trust database, if there is one with anything in it.
    pub trustdb: Option<Vec<u8>>,
}

/// Why a home cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UserHomeError {
    /// There is no GnuPG home, for this reason.
    #[error("there is no GnuPG home: {0}")]
    NoHome(String),
    /// There is no keyring to be believed.
    #[error("{0}; {next}", next = next_step(.1))]
    NoRing(home_ring::HomeRingError, PathBuf),
    /// It is unreadable or damaged.
    #[error("{0}; {OFFER}")]
    Ring(#[from] ring::RingError),
    /// The database of keys.
    #[error("{0}")]
    Keyboxd(#[from] keyboxd::KeyboxdError),
    /// The trust database is unreadable or damaged. Which keys are disabled stands there alone, so that no way to accept
    /// keys of this keyring goes without it.
    #[error("{path}: {what}; without it GnuPG cannot say which keys are valid or disabled: restore it, or move it away and take owner trust in again with {gpg} --import-ownertrust FILE or name keys with --signed-by FINGERPRINT, or {OFFER}", path = .0.display(), what = .1, gpg = gpg(.0.parent()))]
    TrustDb(PathBuf, String),
    /// There is no trust database where validity decides.
    #[error("{path} {what}: no key can be valid without owner trust; restore it with {gpg} --import-ownertrust FILE, or let {gpg} --list-keys make \
        an empty one and certify the keys again; accept the key with --signed-by FINGERPRINT, or {OFFER}", path = .0.display(), what = .1, gpg = gpg(.0.parent()))]
    NoTrust(PathBuf, &'static str),
    /// It changes all the time.
    #[error("{0} was changed each time while it was read: another program is writing to it; run the command again")]
    Restless(PathBuf),
}

/// The two ways on for somebody without keys, each after a colon: it is on a line of its own where lines are broken. gpg
/// makes a home that is missing only where its name ends like that of the usual one, and no directory above it.
#[must_use]
pub fn next_step(home: &Path) -> String {
    let above = home.parent().filter(|above| !above.as_os_str().is_empty());
    let make = if above.is_some_and(|above| !above.exists()) {
        format!("mkdir -p -m 700 {} && ", word(home))
    } else if home.exists() || home.ends_with(".gnupg") {
        String::new()
    } else {
        format!("mkdir -m 700 {} && ", word(home))
    };
    format!(
        "import the signer's key with: {make}{} --import FILE; or name its file in the command: --public-key FILE",
        gpg(Some(home))
    )
}

/// How gpg is called so that it works on this home, whichever it would take by itself.
#[must_use]
pub fn gpg(home: Option<&Path>) -> String {
    home.map_or_else(|| "gpg".to_owned(), |home| format!("gpg --homedir {}", word(home)))
}

/// A path as a shell takes it.
fn word(path: &Path) -> String {
    shell_word(&path.display().to_string())
}

impl UserHome {
    /// Reads what is needed of a GnuPG home. It is only read, by this program alone, unless GnuPG keeps the keys there in
    /// a database; then it must belong to `uid`. Where validity decides which keys are accepted, a trust
    /// database must be there.
    ///
    /// # Errors
    /// When the home, its keyring or its trust database is missing, unreadable or damaged, or does not hold still.
    pub fn read(home: &Path, uid: u32, by_validity: bool) -> Result<Self, UserHomeError> {
        match fs::metadata(home) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => {
                return Err(UserHomeError::NoHome(format!(
                    "{} is not a directory; {OFFER}",
                    home.display()
                )))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(UserHomeError::NoHome(format!(
                    "{} does not exist; {}",
                    home.display(),
                    next_step(home)
                )))
            }
            Err(error) => {
                return Err(UserHomeError::NoHome(format!(
                    "reading {}: {}; {OFFER}",
                    home.display(),
                    io_message(&error)
                )));
            }
        }
        let begin = Instant::now();
        loop {
            let before = survey(home);
            let read = read_once(home, uid, by_validity);
            let is_still = before == survey(home);
            let is_passing = matches!(&read, Err(UserHomeError::NoRing(error, _)) if error.may_pass());
            if is_still && !is_passing {
                return read;
            }
            let waited = begin.elapsed();
            if is_still && waited >= PATIENCE_AWAY {
                return read;
            }
            if waited >= PATIENCE {
                return Err(UserHomeError::Restless(home.to_owned()));
            }
            thread::sleep(PAUSE);
        }
    }
}

fn read_once(home: &Path, uid: u32, by_validity: bool) -> Result<UserHome, UserHomeError> {
    let ring = if keyboxd::is_used(home)? {
        let keys = keyboxd::export(home, uid)?;
        let ring = Ring::parse(keyboxd::database(home), Format::Packets, keys.packets)?;
        if ring.len() != keys.count {
            return Err(keyboxd::KeyboxdError::Partial(home.to_owned(), keys.count, ring.len()).into());
        }
        ring
    } else {
        home_ring::find(home).map_err(|error| match error {
            home_ring::HomeRingError::Ring(error) => error.into(),
            error => UserHomeError::NoRing(error, home.to_owned()),
        })?
    };
    let path = home.join("trustdb.gpg");
    let trustdb = read_trustdb(&path)?;
    if ring.is_empty() {
        // gpg takes owner trust away when it deletes a key.
        if trustdb.as_deref().is_some_and(has_owner_trust) {
            let trace = "trustdb.gpg has owner trust for keys".to_owned();
            let ring = ring.path;
            return Err(UserHomeError::NoRing(
                home_ring::HomeRingError::Emptied { ring, trace },
                home.to_owned(),
            ));
        }
    } else if by_validity && trustdb.is_none() {
        let what = if path.exists() { "is empty" } else { "is not there" };
        return Err(UserHomeError::NoTrust(path, what));
    }
    exposed::warn("keyring", &ring.path);
    exposed::warn("trust database", &path);
    Ok(UserHome { ring, trustdb })
}

/// Reads a trust database if there is one; `None` also for one that is empty: gpg makes it before it fills it.
fn read_trustdb(path: &Path) -> Result<Option<Vec<u8>>, UserHomeError> {
    let wrong = |what: String| UserHomeError::TrustDb(path.to_owned(), what);
    let content = match read_regular(path, MAX_TRUSTDB) {
        Ok(Some(content)) => content,
        Ok(None) => return Err(wrong(format!("it has more than {MAX_TRUSTDB} bytes"))),
        // A link to nowhere is no missing trust database.
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_err() => {
            return Ok(None)
        }
        Err(error) => return Err(wrong(format!("reading: {}", io_message(&error)))),
    };
    if content.is_empty() {
        return Ok(None);
    }
    match trust_file::check(&content) {
        Ok(()) => Ok(Some(content)),
        Err(what) => Err(wrong(format!("it is damaged: {what}"))),
    }
}

/// What tells whether a file is another one or has changed: device, inode, size, times of change of content and inode.
type Stamp = (u64, u64, u64, (i64, i64), (i64, i64));

fn survey(home: &Path) -> [Option<Stamp>; FILES.len()] {
    FILES.map(|name| {
        let meta = fs::metadata(home.join(name)).ok()?;
        let (changed, touched) = ((meta.mtime(), meta.mtime_nsec()), (meta.ctime(), meta.ctime_nsec()));
        Some((meta.dev(), meta.ino(), meta.size(), changed, touched))
    })
}
