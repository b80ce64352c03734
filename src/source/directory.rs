// SPDX-License-Identifier: Apache-2.0
//! Images in skopeo's directory layout (`dir:PATH`): `manifest.json`, `signature-1`, `signature-2` ...; where that is a
//! manifest list, its instances are `HEX.manifest.json`, with `HEX.signature-1` ... An instance by another digest than
//! SHA-256 is `ALGORITHM-HEX` instead of `HEX`, or was written by a skopeo that does not do that yet.

mod absent;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use self::absent::is_oci_layout;
use super::stored;
use crate::digest::{Algorithm, Digest};
use crate::files::read::read_regular;
use crate::image::too_many;
use crate::limits::MAX_BLOB_BYTES;
use crate::limits::MAX_MANIFEST_BYTES;
use crate::limits::MAX_SIGNATURES;
use crate::reason::{Reason, Refusal};
use crate::subject::ManifestState;
use crate::subject::{Content, Relatives, SignatureBlob, Subject};
use crate::text::{io_message, quoted, safe};

/// Layout versions that are understood; a missing version file is fine.
const VERSION_PREFIX: &str = "Directory Transport Version: ";
const VERSIONS: [&str; 2] = ["1.1", "1.2"];

/// A directory with an image or a manifest list, and which signatures are in it.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// The bytes of its manifest.
    pub manifest: Vec<u8>,
    /// What they hash to: the directory has no name of its own, so that its manifest is what is judged.
    pub digest: Digest,
    signatures: Vec<(Key, String, PathBuf)>,
}

impl Directory {
    /// Reads the manifest, and finds the signatures. A gap in their numbers hides none.
    ///
    /// # Errors
    /// When there is no such directory, no manifest in it, or its layout is unknown.
    pub fn open(path: &Path) -> Result<Self, Refusal> {
        let (manifest, digest) = manifest(path)?;
        let signatures = numbered(path).map_err(|error| {
            let shown = safe(&path.display().to_string());
            Refusal::new(
                Reason::SourceUnavailable,
                format!("reading {shown}: {}", io_message(&error)),
            )
        })?;
        Ok(Self {
            path: path.to_owned(),
            manifest,
            digest,
            signatures,
        })
    }

    /// How messages name it, safe to print.
    #[must_use]
    pub fn shown(&self) -> String {
        safe(&format!("dir:{}", self.path.display()))
    }

    /// Its manifest as an image, with the signatures of that.
    #[must_use]
    pub fn subject(self) -> Subject {
        Subject {
            signatures: self.signatures(),
            digest: self.digest,
            manifest: ManifestState::Matches(Relatives::new(self.manifest)),
            lists: Vec::new(),
            sources: Vec::new(),
            is_object_alone: false,
        }
    }

    /// The signatures of its manifest.
    #[must_use]
    pub fn signatures(&self) -> Vec<SignatureBlob> {
        self.named(|of| of.is_empty())
    }

    /// The signatures of an instance. Which digest a file is named by decides nothing: what is signed does.
    #[must_use]
    pub fn signatures_of(&self, instance: &[u8], digest: &Digest) -> Vec<SignatureBlob> {
        let others = Digest::others_of_bytes(instance);
        self.named(|of| {
            let mut digests = others.iter().chain([digest]);
            of.strip_suffix('.')
                .is_some_and(|of| digests.any(|own| names(own).iter().any(|name| name == of)))
        })
    }

    fn named(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<SignatureBlob> {
        let wanted = self.signatures.iter().filter(|((of, _), ..)| is_wanted(of));
        let read = wanted.enumerate().map(|(index, (_, name, path))| SignatureBlob {
            name: name.clone(),
            content: if index < MAX_SIGNATURES {
                stored::signature(path, read_regular(path, MAX_BLOB_BYTES as u64))
            } else {
                Content::Gpg(Err(too_many(index)))
            },
        });
        read.collect()
    }

    /// The manifest of an instance of its list.
    ///
    /// # Errors
    /// When it is not there, or does not hash to the digest.
    pub fn instance(&self, digest: &Digest) -> Result<Vec<u8>, Refusal> {
        let unavailable = |what: String| Err(Refusal::new(Reason::ManifestUnavailable, what));
        let shown = self.shown();
        for name in names(digest) {
            let name = format!("{name}.manifest.json");
            return match read_regular(&self.path.join(&name), MAX_MANIFEST_BYTES) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Ok(Some(bytes)) if bytes.trim_ascii().is_empty() => unavailable(format!("{name} in {shown} is empty")),
                Ok(Some(bytes)) if digest.is_of_manifest(&bytes) => Ok(bytes),
                Ok(Some(_)) => Err(Refusal::new(
                    Reason::ManifestMismatch,
                    format!("{name} in {shown} does not hash to {digest}"),
                )),
                Ok(None) => unavailable(format!("{name} in {shown} has more than {MAX_MANIFEST_BYTES} bytes")),
                Err(error) => unavailable(format!("reading {name} in {shown}: {}", io_message(&error))),
            };
        }
        unavailable(format!(
            "its manifest is not in {shown}, so nothing is known of it; skopeo copy --all copies every instance"
        ))
    }
}

/// What the files of an instance may begin with.
fn names(digest: &Digest) -> Vec<String> {
    let plain = digest.hex().to_owned();
    match digest.algorithm() {
        Algorithm::Sha256 => vec![plain],
        _ => vec![digest.as_str().replacen(':', "-", 1), plain],
    }
}

/// The manifest in a directory, and what it hashes to.
fn manifest(path: &Path) -> Result<(Vec<u8>, Digest), Refusal> {
    let shown = safe(&path.display().to_string());
    let unavailable = |reason, what: String| Refusal::new(reason, what);
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => {}
        Ok(_) => return Err(unavailable(Reason::SourceUnavailable, absent::not_a_directory(path))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(unavailable(Reason::NotFound, absent::no_directory(path)));
        }
        Err(error) => {
            return Err(unavailable(
                Reason::SourceUnavailable,
                format!("reading {shown}: {}", io_message(&error)),
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
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(&manifest_path).is_err() => {
            return Err(unavailable(Reason::ManifestUnavailable, absent::no_manifest(path)));
        }
        Err(error) => {
            return Err(unavailable(
                Reason::ManifestUnavailable,
                format!(
                    "reading {}: {}",
                    safe(&manifest_path.display().to_string()),
                    io_message(&error)
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
    let digest = Digest::of_manifest(&manifest).map_err(|error| {
        Refusal::new(
            Reason::ManifestMismatch,
            format!("the manifest in {shown} has no digest: {error}"),
        )
    })?;
    Ok((manifest, digest))
}

fn check_version(directory: &Path) -> Result<(), Refusal> {
    let path = directory.join("version");
    let refuse = |what: String| Err(Refusal::new(Reason::SourceUnavailable, what));
    match read_regular(&path, 1024) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => refuse(format!(
            "reading {}: {}",
            safe(&path.display().to_string()),
            io_message(&error)
        )),
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
        || instance.strip_suffix('.').is_some_and(|of| {
            let is_hex = of.len() >= 32 && of.bytes().all(|b| b.is_ascii_hexdigit());
            is_hex || Digest::parse(&of.replacen('-', ":", 1)).is_ok()
        });
    if !is_instance || number.starts_with(['0', '+']) {
        return None;
    }
    Some((instance.to_owned(), number.parse().ok()?))
}
