// SPDX-License-Identifier: Apache-2.0
//! Images in skopeo's directory layout (`dir:PATH`): `manifest.json`, `signature-1`, `signature-2` ...

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::stored;
use crate::digest::Digest;
use crate::files::read::read_regular;
use crate::image::too_many;
use crate::limits::MAX_BLOB_BYTES;
use crate::limits::MAX_MANIFEST_BYTES;
use crate::limits::MAX_SIGNATURES;
use crate::reason::{Reason, Refusal};
use crate::subject::ManifestState;
use crate::subject::{Content, Relatives, SignatureBlob, Subject};
use crate::text::{quoted, safe};

/// Layout versions that are understood; a missing version file is fine.
const VERSION_PREFIX: &str = "Directory Transport Version: ";
const VERSIONS: [&str; 2] = ["1.1", "1.2"];

/// Most entries of a directory that are looked through for one that is meant.
const MAX_LOOKED_AT: usize = 1000;

/// A directory in this one that has an image, for an example: the first by name of those that are looked at.
fn image_within(path: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(path).ok()?.take(MAX_LOOKED_AT);
    let directories = entries.filter_map(|entry| Some(entry.ok()?.path()));
    directories.filter(|inner| inner.join("manifest.json").is_file()).min()
}

/// Reads an image and its signatures from a directory. A gap in the numbers of the signatures hides none.
///
/// # Errors
/// When there is no such directory, no manifest in it, or its layout is unknown.
pub fn read(path: &Path) -> Result<Subject, Refusal> {
    let shown = safe(&path.display().to_string());
    let unavailable = |reason, what: String| Refusal::new(reason, what);
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => {}
        Ok(_) => {
            return Err(unavailable(
                Reason::SourceUnavailable,
                format!("{shown} is not a directory"),
            ))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let meant = match shown.contains('*') {
                true => "; patterns are not supported: name each directory, or list them for --images-from",
                false => "",
            };
            return Err(unavailable(
                Reason::NotFound,
                format!("there is no directory {shown}{meant}"),
            ));
        }
        Err(error) => {
            return Err(unavailable(
                Reason::SourceUnavailable,
                format!("reading {shown}: {error}"),
            ))
        }
    }
    check_version(path)?;
    let manifest_path = path.join("manifest.json");
    let manifest = match read_regular(&manifest_path, MAX_MANIFEST_BYTES) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            return Err(unavailable(
                Reason::ManifestUnavailable,
                format!("the manifest in {shown} has more than {MAX_MANIFEST_BYTES} bytes"),
            ));
        }
        Err(error) => {
            let inner = (error.kind() == io::ErrorKind::NotFound)
                .then(|| image_within(path))
                .flatten();
            let meant = inner.map(|inner| {
                let inner = safe(&inner.display().to_string());
                format!(
                    "; directories in it have images: name each, such as dir:{inner}, or list them for --images-from"
                )
            });
            return Err(unavailable(
                Reason::ManifestUnavailable,
                format!(
                    "reading {}: {error}{}",
                    safe(&manifest_path.display().to_string()),
                    meant.unwrap_or_default()
                ),
            ));
        }
    };
    // The digest of nothing is a digest; a file that was never filled is not a manifest.
    if manifest.trim_ascii().is_empty() {
        return Err(unavailable(
            Reason::ManifestUnavailable,
            format!("the manifest in {shown} is empty"),
        ));
    }
    // The directory has no name of its own: its manifest is what is judged.
    let digest = Digest::of_manifest(&manifest).map_err(|error| {
        Refusal::new(
            Reason::ManifestMismatch,
            format!("the manifest in {shown} has no digest: {error}"),
        )
    })?;
    let signatures = signature_files(path)
        .map_err(|error| unavailable(Reason::SourceUnavailable, format!("reading {shown}: {error}")))?
        .into_iter()
        .enumerate()
        .map(|(index, (name, path))| {
            let content = if index < MAX_SIGNATURES {
                stored::signature(&path, read_regular(&path, MAX_BLOB_BYTES as u64))
            } else {
                Content::Gpg(Err(too_many(index)))
            };
            SignatureBlob { name, content }
        })
        .collect();
    Ok(Subject {
        digest,
        manifest: ManifestState::Matches(Relatives::new(manifest)),
        lists: Vec::new(),
        signatures,
        sources: Vec::new(),
        is_object_alone: false,
    })
}

fn check_version(directory: &Path) -> Result<(), Refusal> {
    let path = directory.join("version");
    let refuse = |what: String| Err(Refusal::new(Reason::SourceUnavailable, what));
    match read_regular(&path, 1024) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => refuse(format!("reading {}: {error}", safe(&path.display().to_string()))),
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
            let version = text
                .strip_prefix(VERSION_PREFIX)
                .map(|rest| rest.trim_end_matches('\n'));
            if version.is_some_and(|v| VERSIONS.contains(&v)) {
                return Ok(());
            }
            refuse(format!(
                "{} says {}; layouts {} and {} are understood",
                safe(&path.display().to_string()),
                quoted(&text),
                VERSIONS[0],
                VERSIONS[1]
            ))
        }
    }
}

/// The files `signature-N`, in the order of N.
fn signature_files(directory: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let own = |(instance, _): &(String, u64)| instance.is_empty();
    Ok(numbered(directory)?
        .into_iter()
        .filter(|(key, ..)| own(key))
        .map(|(_, name, path)| (name, path))
        .collect())
}

/// All signatures in a directory, those of the instances of a list (`HEX.signature-N`) after its own.
///
/// # Errors
/// When the directory cannot be read.
pub(crate) fn all_signature_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(numbered(directory)?.into_iter().map(|(.., path)| path).collect())
}

/// What tells a signature's place: the instance that it is for, and its number.
type Key = (String, u64);

fn numbered(directory: &Path) -> io::Result<Vec<(Key, String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if let Some(key) = key(&name) {
            found.push((key, name, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

fn key(name: &str) -> Option<Key> {
    let (instance, number) = name.split_once("signature-")?;
    let is_instance = instance.is_empty()
        || instance
            .strip_suffix('.')
            .is_some_and(|hex| hex.len() >= 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if !is_instance || number.starts_with(['0', '+']) {
        return None;
    }
    Some((instance.to_owned(), number.parse().ok()?))
}
