// SPDX-License-Identifier: Apache-2.0
//! What to say of `dir:PATH` where no image is: people name what they have.

use std::fs;
use std::path::{Path, PathBuf};

use crate::files::read::read_head;
use crate::input::tar::{is_tar, HEAD, TAR};
use crate::text::{home_word, safe, shell_word};

/// Most entries of a directory that are looked through for one that is meant.
const MAX_LOOKED_AT: usize = 1000;

/// What a directory is that an image can be verified from.
const WANTED: &str = "dir: takes a directory as skopeo copy docker://REFERENCE dir:PATH writes it";

/// Of a path where nothing is.
pub(super) fn no_directory(path: &Path) -> String {
    let text = path.display().to_string();
    let meant = match home_word(&text) {
        Some(word) => format!("; the shell did not replace ~: write dir:{word}"),
        None if text.contains('*') => {
            "; patterns are not supported: name each directory, or list them for --images-from".to_owned()
        }
        None => String::new(),
    };
    format!("there is no directory {}{meant}", safe(&text))
}

/// Of a path where a file is.
pub(super) fn not_a_directory(path: &Path) -> String {
    let shown = safe(&path.display().to_string());
    if read_head(path, HEAD).is_ok_and(|head| is_tar(&head)) {
        return format!("{shown} is not a directory but {TAR}");
    }
    match path.parent().filter(|_| path.ends_with("manifest.json")) {
        Some(parent) => format!("{shown} is not a directory; write {}", word(parent)),
        None => format!("{shown} is not a directory; {WANTED}"),
    }
}

/// Of a directory that has no manifest.
pub(super) fn no_manifest(path: &Path) -> String {
    let shown = safe(&path.display().to_string());
    if is_oci_layout(path) {
        return format!(
            "{shown} is an OCI layout, which is not supported here; verify the image where its signatures are: docker://REFERENCE"
        );
    }
    match image_within(path) {
        Some(inner) => format!(
            "there is no manifest.json in {shown}; directories in it have images: name each, such as {}, or list them for --images-from",
            word(&inner)
        ),
        None => format!("there is no manifest.json in {shown}; {WANTED}"),
    }
}

/// Whether a directory is one of the layout of OCI images, which has no place for signatures.
#[must_use]
pub fn is_oci_layout(path: &Path) -> bool {
    path.join("oci-layout").is_file()
}

/// A directory in this one that has an image, for an example: the first by name of those that are looked at.
fn image_within(path: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(path).ok()?.take(MAX_LOOKED_AT);
    let directories = entries.filter_map(|entry| Some(entry.ok()?.path()));
    directories.filter(|inner| inner.join("manifest.json").is_file()).min()
}

/// A directory as an IMAGE in a shell.
fn word(path: &Path) -> String {
    let path = match path.as_os_str().is_empty() {
        true => ".".to_owned(),
        false => path.display().to_string(),
    };
    shell_word(&safe(&format!("dir:{path}")))
}
