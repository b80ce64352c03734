// SPDX-License-Identifier: Apache-2.0
//! From key files to an isolated keyring that holds their keys and nothing else.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::files::read::read_bounded;
use crate::openpgp::gnupg::gpgme::{self, Gpg};
use crate::openpgp::gnupg::home::{self, Home};
use crate::openpgp::gnupg::system::{self, SYSTEM_CONFIG};
use crate::openpgp::keys::key::Fingerprint;
use crate::openpgp::keys::key_file::{self, Contents, Found, MAX_KEY_FILE};
use crate::text::safe;

/// First GnuPG that can keep keys in a daemon.
const FIRST_WITH_KEYBOXD: &str = "2.3.0";

/// Of how many keys that were left out it is told why.
const MAX_TOLD: usize = 10;

/// An isolated keyring with the keys of some files.
#[derive(Debug)]
pub struct KeyFiles {
    /// The home directory; it must live as long as `gpg`.
    pub home: Home,
    /// GnuPG in that home.
    pub gpg: Gpg,
    /// Primary keys, in the order of their files, without repeats.
    pub fingerprints: Vec<Fingerprint>,
    /// What was left out and why, a sentence each, safe to print.
    pub skipped: Vec<String>,
}

/// Why there is no keyring.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A key file is of no use: the caller's mistake.
    #[error("{0}")]
    KeyFile(String),
    /// GnuPG or the temporary directory failed.
    #[error("{0}")]
    Engine(String),
}

impl From<home::Error> for Error {
    fn from(error: home::Error) -> Self {
        Self::Engine(error.to_string())
    }
}

impl From<gpgme::Error> for Error {
    fn from(error: gpgme::Error) -> Self {
        Self::Engine(error.to_string())
    }
}

/// Imports key files into a new isolated keyring below one of `places`.
///
/// # Errors
/// [`Error::KeyFile`] for a file that cannot be read or from which this GnuPG takes no key.
pub fn from_files(files: &[PathBuf], places: &[PathBuf]) -> Result<KeyFiles, Error> {
    // The files first: a mistake with them is told before anything is started.
    let contents = files.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let home = Home::isolated(places)?;
    let mut gpg = Gpg::start(home.path())?;
    check_system(&mut gpg).map_err(Error::Engine)?;
    check_empty(&mut gpg)?;
    let mut fingerprints: Vec<Fingerprint> = Vec::new();
    let mut known: HashSet<Fingerprint> = HashSet::new();
    let mut skipped = Vec::new();
    for (shown, contents) in contents {
        let keys = &contents.packets[..];
        let mut imported = gpg.import(keys)?;
        // Of a key that it has already, gpg takes parts that it would not take by themselves.
        if !imported.is_empty() && imported.iter().all(|fingerprint| known.contains(fingerprint)) {
            imported = import_alone(keys, places)?;
        }
        // A key that gpg is told not to understand looks like one without a valid self-signature.
        if let (true, Some(option)) = (imported.len() < contents.keys.len(), system::refusal()) {
            return Err(Error::Engine(format!(
                "{SYSTEM_CONFIG} has {option}, which may be why gpg does not take every key from {shown}"
            )));
        }
        if imported.is_empty() {
            return Err(Error::KeyFile(describe_useless(&shown, &contents, gpg.version())));
        }
        let taken: HashSet<&Fingerprint> = imported.iter().collect();
        let left_out = |key: &&Found| key.fingerprint.as_ref().is_none_or(|own| !taken.contains(own));
        let left_out: Vec<&Found> = contents.keys.iter().filter(left_out).collect();
        for key in left_out.iter().take(MAX_TOLD) {
            skipped.push(format!("{shown}: skipped {key}: {}", why_skipped(key, gpg.version())));
        }
        if left_out.len() > MAX_TOLD {
            skipped.push(format!("{shown}: skipped {} more keys", left_out.len() - MAX_TOLD));
        }
        for fingerprint in imported {
            if known.insert(fingerprint.clone()) {
                fingerprints.push(fingerprint);
            }
        }
    }
    Ok(KeyFiles {
        home,
        gpg,
        fingerprints,
        skipped,
    })
}

/// What gpg takes from a file when it has no other keys.
fn import_alone(keys: &[u8], places: &[PathBuf]) -> Result<Vec<Fingerprint>, Error> {
    let home = Home::isolated(places)?;
    Ok(Gpg::start(home.path())?.import(keys)?)
}

/// Reads a key file and looks into it. A damaged one is refused as a whole: what is missing may be a revocation.
fn read(path: &Path) -> Result<(String, Contents), Error> {
    let shown = safe(&path.display().to_string());
    let bytes = match read_bounded(path, MAX_KEY_FILE) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            return Err(Error::KeyFile(format!(
                "{shown}: it has more than {MAX_KEY_FILE} bytes"
            )))
        }
        Err(error) => return Err(Error::KeyFile(format!("reading key file {shown}: {error}"))),
    };
    let bytes = crate::input::unmarked(bytes).map_err(|error| Error::KeyFile(format!("key file {shown}: {error}")))?;
    let contents = key_file::look(&bytes);
    match contents.otherwise {
        Some(what) => Err(Error::KeyFile(format!("no key is taken from {shown}: {what}"))),
        None => Ok((shown, contents)),
    }
}

/// Makes sure that the system's configuration does not make GnuPG keep keys in a daemon, which ignores the keyrings
/// that it is told to use.
///
/// # Errors
/// When it does.
pub(super) fn check_system(gpg: &mut Gpg) -> Result<(), String> {
    let Some(file) = system::forces_keyboxd() else {
        return Ok(());
    };
    if gpg.is_at_least(FIRST_WITH_KEYBOXD).map_err(|error| error.to_string())? {
        return Err(format!(
            "{file} has use-keyboxd: this makes gpg keep all keys in one daemon and ignore the private keyring that checking needs"
        ));
    }
    Ok(())
}

/// Makes sure that an empty home is empty in spite of the system's configuration.
///
/// # Errors
/// When gpg sees keys in it.
pub(super) fn check_empty(gpg: &mut Gpg) -> Result<(), Error> {
    if Path::new(SYSTEM_CONFIG).exists() && !gpg.keys(&[])?.is_empty() {
        return Err(Error::Engine(format!(
            "{SYSTEM_CONFIG} names a keyring with keys in it, so that gpg cannot be kept to the keys that were given"
        )));
    }
    Ok(())
}

fn describe_useless(shown: &str, contents: &Contents, version: &str) -> String {
    /// A file may have any number of them.
    const SHOWN: usize = 3;
    let mut keys: Vec<String> = contents.keys.iter().take(SHOWN).map(ToString::to_string).collect();
    if contents.keys.len() > SHOWN {
        keys.push(format!("{} more", contents.keys.len() - SHOWN));
    }
    let keys = keys.join(", ");
    if contents.keys.iter().all(|key| key.version != 4) {
        format!("gpg takes no key from {shown}: it has {keys}, which gpg {version} does not read")
    } else {
        format!(
            "gpg takes no key from {shown}: it has {keys}, but none with a user ID and a valid self-signature, and not dated in the future"
        )
    }
}

fn why_skipped(key: &key_file::Found, version: &str) -> String {
    if key.version == 4 {
        "it has no user ID with a valid self-signature, is dated in the future, or is claimed by another key as a subkey"
            .to_owned()
    } else {
        format!("gpg {version} does not read such keys")
    }
}
