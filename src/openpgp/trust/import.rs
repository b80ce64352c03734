// SPDX-License-Identifier: Apache-2.0
//! From key files to the accepted keys: read, united over all files, and loaded into the checker, so that a mistake
//! with them is told before anything else is done.

mod united;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::united::{Applied, United};
use crate::files::exposed;
use crate::files::read::read_bounded;
use crate::input::Encoding;
use crate::openpgp::error::EngineError;
use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::key::Fingerprint;
use crate::openpgp::keys::key_file::{self, Contents, Found, Revocation, MAX_KEY_FILE};
use crate::openpgp::roles::SignatureCheck;
use crate::openpgp::trust::key_files::KeyFiles;
use crate::text::{io_message, safe};

/// Of how many keys that were left out it is told why.
const MAX_TOLD: usize = 10;

/// The keys of some files.
#[derive(Debug)]
pub struct Loaded {
    /// The set of accepted keys.
    pub keys: KeyFiles,
    /// What was left out and why, and what else a user should know; a sentence each, safe to print.
    pub warnings: Vec<String>,
}

/// Why there are none.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A key file is of no use: the caller's mistake.
    #[error("{0}")]
    KeyFile(String),
    /// The checker failed, whatever the key file is.
    #[error("{0}")]
    Engine(#[from] EngineError),
}

/// The keys that the checker cannot check on this system, and why.
type Unable<'k> = HashMap<&'k Fingerprint, String>;

/// A file and what is in it.
struct File {
    shown: String,
    keys: Vec<Found>,
    revocations: Vec<Revocation>,
    others: Vec<key_file::Other>,
}

/// Reads key files and loads their keys into a checker.
///
/// # Errors
/// [`ImportError::KeyFile`] for a file that cannot be read or of which the checker takes no key.
pub fn from_files(paths: &[PathBuf], check: &mut dyn SignatureCheck) -> Result<Loaded, ImportError> {
    // All files first: a mistake with them is told before anything is started.
    let contents = paths.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    from_contents(contents, &[], check)
}

/// Takes key files that were read already, each with the name that it has in messages, and loads their keys into a
/// checker. Of `others` only what is said against these keys counts: that they are revoked, and who may revoke them.
///
/// # Errors
/// [`ImportError::KeyFile`] for one of which the checker takes no key.
pub(crate) fn from_contents(
    contents: Vec<(String, Contents)>,
    others: &[(String, Contents)],
    check: &mut dyn SignatureCheck,
) -> Result<Loaded, ImportError> {
    let mut files = Vec::new();
    let mut united = United::default();
    for (shown, contents) in contents {
        for certificate in contents.certificates {
            united.add(certificate);
        }
        files.push(File {
            shown,
            keys: contents.keys,
            revocations: contents.revocations,
            others: contents.others,
        });
    }
    // Who may revoke them first.
    for (_, other) in others {
        united.adopt(other);
    }
    let mut warnings = Vec::new();
    let mut applied = Vec::new();
    for file in &files {
        let own = united.revoke(&file.revocations);
        warn_of_homeless(&file.shown, &own, &mut warnings);
        applied.push(own.alone);
    }
    for (_, other) in others {
        united.revoke(&other.revocations);
    }
    let revokers: Vec<Arc<Certificate>> = united.revokers(others).into_iter().map(Arc::new).collect();
    let certificates: Vec<Arc<Certificate>> = united.keys.into_iter().map(Arc::new).collect();
    // Of what a revoker says nothing is known before that is loaded.
    let all = [&certificates[..], &revokers].concat();
    for certificate in &all {
        certificate
            .write_own()
            .map_err(|error| ImportError::KeyFile(error.to_string()))?;
    }
    let facts = check.read(&all)?;
    let taken: HashSet<&Fingerprint> = certificates
        .iter()
        .zip(&facts)
        .filter_map(|(certificate, key)| key.as_ref().map(|_| certificate.fingerprint()))
        .collect();
    let checker = check.name()?;
    let mut unable = HashMap::new();
    for certificate in certificates.iter().filter(|own| !taken.contains(own.fingerprint())) {
        if let Some(why) = check.lacks(&certificate.needs(|_| false))? {
            unable.insert(certificate.fingerprint(), why);
        }
    }
    for (file, applied) in files.iter().zip(applied) {
        let is_taken = |key: &&Found| key.fingerprint.as_ref().is_some_and(|own| taken.contains(own));
        if !applied && !file.keys.iter().any(|key| is_taken(&key)) {
            return Err(ImportError::KeyFile(describe_useless(file, &checker, &unable)));
        }
        let left_out: Vec<&Found> = file.keys.iter().filter(|key| !is_taken(key)).collect();
        for key in left_out.iter().take(MAX_TOLD) {
            warnings.push(format!(
                "{}: skipped {key}: {}",
                file.shown,
                why_skipped(key, &checker, &unable)
            ));
        }
        if left_out.len() > MAX_TOLD {
            warnings.push(format!(
                "{}: skipped {} more keys",
                file.shown,
                left_out.len() - MAX_TOLD
            ));
        }
        for other in &file.others {
            warnings.push(format!("{}: skipped {other}, which is not a key", file.shown));
        }
    }
    let name = match &files[..] {
        [file] if file.shown == KEY_DATA => KEY_DATA.to_owned(),
        [file] => format!("the key file {}", file.shown),
        _ => "the key files".to_owned(),
    };
    Ok(Loaded {
        keys: KeyFiles::new(certificates, revokers, name),
        warnings,
    })
}

/// Says which revocations have no key here.
fn warn_of_homeless(shown: &str, applied: &Applied, warnings: &mut Vec<String>) {
    for makers in &applied.homeless {
        if warnings.len() >= MAX_TOLD {
            return;
        }
        let makers: Vec<String> = makers.iter().map(ToString::to_string).collect();
        let warning = format!(
            "{shown}: skipped a revocation made by key {}, which is of none of the keys here",
            makers.join(" or ")
        );
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
}

/// Reads a key file and looks into it. A damaged one is refused as a whole: what is missing may be a revocation.
///
/// # Errors
/// [`ImportError::KeyFile`] for one that cannot be read or used.
pub fn read(path: &Path) -> Result<(String, Contents), ImportError> {
    let (shown, bytes) = bytes_of(path)?;
    look(&shown, bytes).map(|contents| (shown, contents))
}

/// [`read`] for a key file whose keys a policy accepts.
///
/// # Errors
/// As [`read`] and [`look_of_policy`].
pub(crate) fn read_of_policy(path: &Path) -> Result<(String, Contents), ImportError> {
    let (shown, bytes) = bytes_of(path)?;
    look_of_policy(&shown, bytes).map(|contents| (shown, contents))
}

/// The name of a key file in messages, and its bytes.
///
/// # Errors
/// [`ImportError::KeyFile`] for one that cannot be read.
pub(crate) fn bytes_of(path: &Path) -> Result<(String, Vec<u8>), ImportError> {
    if path.as_os_str().is_empty() {
        return Err(ImportError::KeyFile("the path of a key file is empty".to_owned()));
    }
    let shown = safe(&path.display().to_string());
    let bytes = match read_bounded(path, MAX_KEY_FILE) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            return Err(ImportError::KeyFile(format!(
                "{shown}: it has more than {MAX_KEY_FILE} bytes"
            )))
        }
        Err(error) => {
            return Err(ImportError::KeyFile(format!(
                "reading key file {shown}: {}",
                io_message(&error)
            )))
        }
    };
    exposed::warn("key file", path);
    Ok((shown, bytes))
}

/// What messages call the keys that stand in a policy itself.
pub(crate) const KEY_DATA: &str = "keyData of the policy";

/// What messages call a key file that is `shown` as this.
fn called(shown: &str) -> String {
    match shown {
        KEY_DATA => KEY_DATA.to_owned(),
        path => format!("key file {path}"),
    }
}

/// Looks into the bytes of a key file, which `shown` is called in messages.
///
/// # Errors
/// [`ImportError::KeyFile`] for one that cannot be used.
pub fn look(shown: &str, bytes: Vec<u8>) -> Result<Contents, ImportError> {
    let called = called(shown);
    let bytes = crate::input::unmarked(bytes).map_err(|error| ImportError::KeyFile(format!("{called}: {error}")))?;
    let contents = key_file::look(&bytes);
    match contents.otherwise {
        Some(what) => Err(ImportError::KeyFile(format!("cannot use {called}: {what}"))),
        None => Ok(contents),
    }
}

/// [`look`] for key material of a policy. Other readers of policies hand the bytes to GnuPG as they are, which finds no key
/// in UTF-16 or behind a byte order mark: what they reject is not accepted here.
///
/// # Errors
/// [`ImportError::KeyFile`] for material that cannot be used, or that is text in such an encoding.
pub(crate) fn look_of_policy(shown: &str, bytes: Vec<u8>) -> Result<Contents, ImportError> {
    let encoding = Encoding::of(&bytes);
    if encoding == Encoding::Utf8 {
        return look(shown, bytes);
    }
    let what = if encoding.is_utf8() {
        "it begins with a byte order mark"
    } else {
        "it is in UTF-16"
    };
    let called = called(shown);
    Err(ImportError::KeyFile(format!(
        "cannot use {called}: {what}, so podman and skopeo find no key in it; save it as UTF-8 without a byte order mark"
    )))
}

fn describe_useless(file: &File, checker: &str, unable: &Unable<'_>) -> String {
    /// A file may have any number of them.
    const SHOWN: usize = 3;
    let called = called(&file.shown);
    if file.keys.is_empty() {
        return format!("cannot use {called}: it has only revocations of keys that are not here");
    }
    let mut keys: Vec<String> = file.keys.iter().take(SHOWN).map(ToString::to_string).collect();
    if file.keys.len() > SHOWN {
        keys.push(format!("{} more", file.keys.len() - SHOWN));
    }
    let keys = keys.join(", ");
    let mut fingerprints = file.keys.iter().filter_map(|key| key.fingerprint.as_ref());
    if let Some(why) = fingerprints.find_map(|own| unable.get(own)) {
        format!("cannot use {called}: it has {keys}; {why}")
    } else if file.keys.iter().all(|key| key.version != 4) {
        format!("cannot use {called}: it has {keys}, which {checker} does not read")
    } else {
        format!("cannot use {called}: it has {keys}, but none with a user ID and a valid self-signature")
    }
}

fn why_skipped(key: &Found, checker: &str, unable: &Unable<'_>) -> String {
    if let Some(why) = key.fingerprint.as_ref().and_then(|own| unable.get(own)) {
        why.clone()
    } else if key.version == 4 {
        "it has no user ID with a valid self-signature, or is claimed by another key as a subkey".to_owned()
    } else {
        format!("{checker} does not read such keys")
    }
}
