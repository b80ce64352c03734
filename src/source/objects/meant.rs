// SPDX-License-Identifier: Apache-2.0
//! What a file may be that has no API objects in it, by its first bytes: people hand over what they have.

use std::path::{Path, PathBuf};

use super::places::Place;
use super::scan::ScanError;
use crate::input::tar::{self, is_tar, TAR};
use crate::text::{safe, shell_word};

/// How many bytes of a file are looked at: as many as tell a tar archive.
pub(super) const HEAD: u64 = tar::HEAD;

/// What to say of a file that could not be read as one of API objects, behind why; nothing of one that looks like nothing
/// known. `head` is its beginning.
pub(super) fn meant(place: &Place, error: &ScanError, head: &[u8]) -> Option<String> {
    if let (ScanError::Empty, Place::Stdin) = (error, place) {
        return Some("; did the command before the pipe fail?".to_owned());
    }
    if let ScanError::NoKind = error {
        if let Some(directory) = of_an_image(place) {
            return Some(directory);
        }
    }
    if is_tar(head) {
        return Some(format!("; it is {TAR}"));
    }
    // The first bit of an OpenPGP packet is set, and that of a character in ASCII is not.
    if head.first().is_some_and(|byte| byte & 0x80 != 0) && std::str::from_utf8(head).is_err() {
        return Some(format!(
            "; it looks like a signature or a key of OpenPGP; verify takes a signature with --signature-file, and a key with --public-key; to see what a signature claims: image-signature inspect {}",
            name(place)
        ));
    }
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with("-----BEGIN PGP PUBLIC KEY") {
        return Some(format!("; it has OpenPGP keys: --public-key {}", name(place)));
    }
    if text.starts_with("-----BEGIN PUBLIC KEY") {
        return Some(format!("; it has a public key in PEM: --sigstore-key {}", name(place)));
    }
    let first = text.lines().next().unwrap_or_default();
    if is_head_of_table(first) {
        return Some("; it looks like the table that oc prints: add -o json to the command of oc".to_owned());
    }
    let is_complaint = first.to_ascii_lowercase().starts_with("error");
    is_complaint.then(|| "; it looks like an error message of the command that wrote it".to_owned())
}

fn name(place: &Place) -> String {
    match place {
        Place::Stdin => "FILE".to_owned(),
        Place::Path(path) => word("", path),
    }
}

/// A path in a command, with this before it.
fn word(before: &str, path: &Path) -> String {
    shell_word(&safe(&format!("{before}{}", path.display())))
}

/// Whether a line is that of the names of columns: NAME first, all in capitals, several blanks between them.
fn is_head_of_table(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next() == Some("NAME")
        && line.contains("   ")
        && words.all(|word| word.bytes().all(|b| b.is_ascii_uppercase() || b"-()".contains(&b)))
}

/// What to say of a directory that has no files with API objects, where there is something in its directories.
pub(super) fn below(place: &Place) -> Option<String> {
    let Place::Path(path) = place else { return None };
    let entries = std::fs::read_dir(path).ok()?.filter_map(Result::ok);
    let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut directories: Vec<PathBuf> = directories.map(|entry| entry.path()).collect();
    directories.sort_unstable();
    let image = directories.iter().find(|own| own.join("manifest.json").is_file());
    let shown = |path: &Path| safe(&path.display().to_string());
    match image {
        Some(image) => Some(format!(
            "; {} looks like an image that skopeo wrote: verify and audit take {}",
            shown(image),
            word("dir:", image)
        )),
        None if directories.is_empty() => None,
        None => Some(format!(
            "; {} has directories, which are read with --recursive",
            shown(path)
        )),
    }
}

/// What to say of a file that stands where skopeo writes an image; nothing of any other.
fn of_an_image(place: &Place) -> Option<String> {
    let Place::Path(path) = place else { return None };
    let directory = path.parent().filter(|_| path.ends_with("manifest.json"))?;
    let directory = match directory.as_os_str().is_empty() {
        true => Path::new("."),
        false => directory,
    };
    Some(format!(
        "; it looks like an image that skopeo wrote: verify and audit take {}, and image-signature inspect {} shows its signatures",
        word("dir:", directory),
        word("", directory)
    ))
}
