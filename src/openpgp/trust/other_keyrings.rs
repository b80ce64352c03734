// SPDX-License-Identifier: Apache-2.0
//! Keyrings that a user's gpg.conf names. They accept no key here, where that file is not obeyed; but a key that one of
//! them has is not unknown to the user's gpg.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::files::read::read_regular;
use crate::openpgp::keys::ring::{Format, Ring, MAX_RING};
use crate::text::io_message;

/// Largest gpg.conf in bytes.
const MAX_CONFIG: u64 = 1 << 20;

/// Makes sure that no other keyring of a home has a key that `holds` tells. `used` is the keyring that was looked into.
///
/// # Errors
/// When one has it, or cannot be looked into: the message names it.
pub(crate) fn confirm_absence(home: &Path, used: &Path, holds: impl Fn(&Ring) -> bool) -> Result<(), String> {
    let config = home.join("gpg.conf");
    let text = match read_regular(&config, MAX_CONFIG) {
        Ok(Some(text)) => text,
        Ok(None) => return Err(format!("{} has more than {MAX_CONFIG} bytes", config.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(&config).is_err() => {
            return Ok(());
        }
        Err(error) => {
            return Err(format!(
                "reading {}, which may name other keyrings: {}",
                config.display(),
                io_message(&error)
            ))
        }
    };
    for (option, value) in options(&String::from_utf8_lossy(&text)) {
        match option {
            "use-keyboxd" => {
                return Err(format!(
                    "{} has use-keyboxd: the keys may be in GnuPG's database, and only {} was read",
                    config.display(),
                    used.display()
                ))
            }
            "keyring" | "primary-keyring" => {
                let named = format!("{} names keyring {value}", config.display());
                let ring = resolved(home, value)
                    .and_then(|path| read(&path, used))
                    .map_err(|error| {
                        format!(
                            "{named}, which may have the key, but {error}; only {} was read",
                            used.display()
                        )
                    })?;
                if ring.is_some_and(|ring| holds(&ring)) {
                    return Err(format!(
                        "{named}, which has the key; only {} is used here: name the file with --public-key",
                        used.display()
                    ));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Options and their values, as gpg reads them.
fn options(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().map(|line| {
        let line = line.trim().trim_start_matches('-');
        let (option, value) = line.split_once([' ', '\t', '=']).unwrap_or((line, ""));
        (option, value.trim().trim_matches('"'))
    })
}

/// Where a keyring is that is named like this: without a slash, in the home.
fn resolved(home: &Path, value: &str) -> Result<PathBuf, String> {
    let value = ["gnupg-ring:", "gnupg-kbx:"]
        .into_iter()
        .find_map(|prefix| value.strip_prefix(prefix))
        .unwrap_or(value);
    if value.is_empty() || value.starts_with('~') || value.contains('/') && !value.starts_with('/') {
        return Err("where that is cannot be told here".into());
    }
    Ok(home.join(value))
}

/// Reads a keyring of either format; `None` where it is the one that is used anyway.
fn read(path: &Path, used: &Path) -> Result<Option<Ring>, String> {
    let meta = fs::metadata(path).map_err(|error| format!("reading it: {}", io_message(&error)))?;
    let is_same = fs::metadata(used).is_ok_and(|own| (own.dev(), own.ino()) == (meta.dev(), meta.ino()));
    if is_same {
        return Ok(None);
    }
    let content = read_regular(path, MAX_RING).map_err(|error| format!("reading it: {}", io_message(&error)))?;
    let content = content.ok_or_else(|| format!("it has more than {MAX_RING} bytes"))?;
    let is_keybox = content.get(8..12) == Some(b"KBXf");
    let format = if is_keybox { Format::Keybox } else { Format::Packets };
    let ring = Ring::parse(path.to_owned(), format, content).map_err(|error| error.to_string())?;
    Ok(Some(ring))
}
