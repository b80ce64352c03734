// SPDX-License-Identifier: Apache-2.0
//! What to do about a file that cannot be read, behind the words of the system.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::text::{safe, shell_word};

/// The same error with what to do next, where the path shows it.
pub(super) fn explained(path: &Path, error: io::Error) -> io::Error {
    let what = match error.kind() {
        ErrorKind::PermissionDenied => denied(path),
        ErrorKind::IsADirectory => directory(path),
        _ => return error,
    };
    io::Error::new(error.kind(), what)
}

/// Who may read it is a matter of the file, or of a directory above it that cannot be entered: then nobody knows whether there
/// is such a file.
fn denied(path: &Path) -> String {
    let is_unseen = |path: &Path| fs::metadata(path).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
    if !is_unseen(path) {
        return format!("Permission denied; ls -l {} shows who may read it", word("", path));
    }
    let above = path.ancestors().skip(1).find(|above| !is_unseen(above));
    let above = match above {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    };
    format!(
        "Permission denied: directory {} cannot be entered; ls -ld {} shows who may",
        safe(&above.display().to_string()),
        word("", above)
    )
}

/// Of a directory in place of a file.
fn directory(path: &Path) -> String {
    match path.join("manifest.json").is_file() {
        true => format!(
            "Is a directory with an image; as an IMAGE it is written {}",
            word("dir:", path)
        ),
        false => "Is a directory; name a file in it".to_owned(),
    }
}

/// A path as a shell takes it, with this before it.
fn word(before: &str, path: &Path) -> String {
    shell_word(&safe(&format!("{before}{}", path.display())))
}
