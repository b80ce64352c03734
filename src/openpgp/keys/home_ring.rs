// SPDX-License-Identifier: Apache-2.0
//! Which keyring file of a GnuPG home is in force, and when an empty answer is not an answer.
//!
//! gpg replaces a keyring by renaming it to a backup and the new one into its place: for a moment there is none. It
//! makes an empty one wherever it finds none, so that a keyring that was lost looks like one without keys. An older file
//! beside the one that is away may hold a key that has been revoked since.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::files::read::read_regular;
use crate::openpgp::keys::ring::{self, Format, Ring, MAX_RING};

/// The keyring in GnuPG's own format, since 2.1.
const KEYBOX: &str = "pubring.kbx";

/// The older keyring: keys one after the other.
const PACKETS: &str = "pubring.gpg";

/// What gpg leaves while it replaces a keyring, and afterwards.
const BACKUP: &str = "~";
const NEW: &str = ".tmp";

/// The database of GnuPG 2.4.
const DATABASE: &str = "public-keys.d/pubring.db";

/// Size of a keybox without keys in bytes.
const HEADER: u64 = 32;

/// What else of a home shows that it had keys.
const TRACES: [&str; 10] = [
    "pubring.kbx~",
    "pubring.kbx.tmp",
    "pubring.gpg~",
    "pubring.gpg.tmp",
    DATABASE,
    "trustdb.gpg",
    "secring.gpg",
    "private-keys-v1.d",
    "openpgp-revocs.d",
    ".gpg-v21-migrated",
];

/// Why there is no keyring to be believed.
#[derive(Debug, thiserror::Error)]
pub enum HomeRingError {
    /// There is no keyring, and nothing that shows that there ever was one.
    #[error("{home} is not a GnuPG home: neither pubring.kbx nor pubring.gpg is in it{hint}", home = .home.display())]
    NoHome {
        /// The GnuPG home that was to be read.
        home: PathBuf,
        /// Where the home may be; empty where that is not known.
        hint: String,
    },
    /// There is no keyring, and there was one.
    #[error("the keyring of {home} is gone: neither pubring.kbx nor pubring.gpg is there, but {trace} is; restore it, or import the keys again", home = .home.display())]
    Gone {
        /// The GnuPG home that was to be read.
        home: PathBuf,
        /// What is still there.
        trace: &'static str,
    },
    /// The newer keyring is not there; the older one is not a substitute for it.
    #[error("{away} is not there, but {trace} is: it is being replaced, or was lost; an older keyring is not used in its place", away = .away.display())]
    Away {
        /// The keyring that GnuPG would read and that is not there.
        away: PathBuf,
        /// What shows that it should be there.
        trace: String,
    },
    /// It has no keys, and had some.
    #[error("{ring} holds no key, but {trace}: its keys were lost; restore the keyring, or import the keys again", ring = .ring.display())]
    Emptied {
        /// The keyring that was to be read.
        ring: PathBuf,
        /// What shows that it had keys.
        trace: String,
    },
    /// gpg does not use it as it is.
    #[error("{ring} holds OpenPGP keys, but its header does not say so: gpg uses {other} in its place", ring = .ring.display())]
    Hidden {
        /// The keyring that was to be read.
        ring: PathBuf,
        /// The file that gpg uses in its place.
        other: &'static str,
    },
    /// It cannot be read, or is damaged.
    #[error("{0}")]
    Ring(#[from] ring::RingError),
}

impl HomeRingError {
    /// Whether this may be over in a moment: gpg may just be replacing the keyring.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Gone { .. } | Self::Away { .. })
    }
}

/// Finds and reads the keyring of a GnuPG home: the file that gpg itself would use, or none.
///
/// # Errors
/// When it is not there, cannot be read, is damaged, or is not what it was. Only a keyring file without keys, in a home
/// in which nothing shows that there were any, is an empty keyring.
pub fn find(home: &Path) -> Result<Ring, HomeRingError> {
    let (keybox, packets) = (home.join(KEYBOX), home.join(PACKETS));
    let Some(content) = read(&keybox)? else {
        for name in [
            format!("{KEYBOX}{BACKUP}"),
            format!("{KEYBOX}{NEW}"),
            DATABASE.to_owned(),
        ] {
            if exists(&home.join(&name)) {
                return Err(HomeRingError::Away {
                    away: keybox,
                    trace: name,
                });
            }
        }
        let content = read(&packets)?.ok_or_else(|| missing(home))?;
        return believed(home, Ring::parse(packets, Format::Packets, content)?, false);
    };
    if content.is_empty() {
        if size(&packets) > 0 {
            return Err(HomeRingError::Emptied {
                ring: keybox,
                trace: format!("there is an older {PACKETS}"),
            });
        }
        return believed(home, Ring::parse(keybox, Format::Keybox, content)?, false);
    }
    // A keybox hides the older file only if it is one for OpenPGP keys: gpgsm makes keyboxes as well.
    let for_openpgp = content.get(7).is_some_and(|flags| flags & 2 != 0);
    let has_certificates = content.len() as u64 > HEADER;
    let ring = Ring::parse(keybox, Format::Keybox, content)?;
    if !for_openpgp {
        if let Some(content) = read(&packets)?.filter(|content| !content.is_empty()) {
            if !ring.is_empty() {
                return Err(HomeRingError::Hidden {
                    ring: ring.path,
                    other: PACKETS,
                });
            }
            return believed(home, Ring::parse(packets, Format::Packets, content)?, false);
        }
        // Only gpg makes a trust database, and backups of the older keyring.
        if ring.is_empty() {
            let trace = ["trustdb.gpg", "pubring.gpg~", "secring.gpg", DATABASE];
            if let Some(trace) = trace.into_iter().find(|name| size(&home.join(name)) > 0) {
                return Err(HomeRingError::Gone {
                    home: home.to_owned(),
                    trace,
                });
            }
        }
    }
    believed(home, ring, has_certificates)
}

/// Whether a keyring without keys may be believed. Secret keys in the home may also be those of `certificates`.
fn believed(home: &Path, ring: Ring, certificates: bool) -> Result<Ring, HomeRingError> {
    if !ring.is_empty() {
        return Ok(ring);
    }
    let trace = if size(&home.join("secring.gpg")) > 0 {
        Some("secring.gpg has secret keys")
    } else if !certificates && has_secret_keys(home) {
        Some("private-keys-v1.d has secret keys")
    } else if ring.content.is_empty() && was_rewritten(home, ring.format) {
        // A keyring that gpg has emptied itself is no empty file.
        Some("there is a backup of it")
    } else {
        None
    };
    match trace {
        Some(trace) => Err(HomeRingError::Emptied {
            ring: ring.path,
            trace: trace.to_owned(),
        }),
        None => Ok(ring),
    }
}

fn was_rewritten(home: &Path, format: Format) -> bool {
    match format {
        Format::Keybox => exists(&home.join(format!("{KEYBOX}{BACKUP}"))),
        Format::Packets => size(&home.join(format!("{PACKETS}{BACKUP}"))) > 0,
    }
}

fn has_secret_keys(home: &Path) -> bool {
    let entries = fs::read_dir(home.join("private-keys-v1.d"))
        .into_iter()
        .flatten()
        .flatten();
    entries
        .into_iter()
        .any(|entry| entry.path().extension().is_some_and(|ending| ending == "key"))
}

/// What to say where there is no keyring file at all.
fn missing(home: &Path) -> HomeRingError {
    if let Some(trace) = TRACES.into_iter().find(|name| exists(&home.join(name))) {
        return HomeRingError::Gone {
            home: home.to_owned(),
            trace,
        };
    }
    let inner = home.join(".gnupg");
    let hint = if inner.is_dir() {
        format!("; there is {}", inner.display())
    } else {
        String::new()
    };
    HomeRingError::NoHome {
        home: home.to_owned(),
        hint,
    }
}

/// Reads a file if it is there. A link to nowhere is a file that is away.
fn read(path: &Path) -> Result<Option<Vec<u8>>, ring::RingError> {
    match read_regular(path, MAX_RING) {
        Ok(Some(content)) => Ok(Some(content)),
        Ok(None) => Err(ring::RingError::TooLarge(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !exists(path) => Ok(None),
        Err(error) => Err(ring::RingError::Unreadable(path.to_owned(), error)),
    }
}

/// Whether there is anything of this name, be it a link to nowhere.
fn exists(path: &Path) -> bool {
    !fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |meta| meta.len())
}
