// SPDX-License-Identifier: Apache-2.0
//! Files that hold manifests and signature blobs, read within bounds.

use std::io;
use std::path::Path;

use crate::limits::MAX_BLOB_BYTES;
use crate::reason::{Reason, Refusal};
use crate::text::{quoted, safe};

/// The file that an argument names: `-` is standard input.
#[must_use]
pub fn file(path: &Path) -> &Path {
    if path == Path::new("-") {
        Path::new("/dev/stdin")
    } else {
        path
    }
}

/// Takes the format prefix off a signature blob that was read from `path`.
///
/// # Errors
/// Unchecked when the file cannot be read; rejections when it is too long or of another format.
pub fn signature(path: &Path, read: io::Result<Option<Vec<u8>>>) -> Result<Vec<u8>, Refusal> {
    match read {
        Ok(Some(blob)) => strip_format(&blob).map(<[u8]>::to_vec),
        Ok(None) => Err(Refusal::new(
            Reason::LimitExceeded,
            format!(
                "{} has more than {MAX_BLOB_BYTES} bytes",
                safe(&path.display().to_string())
            ),
        )),
        Err(error) => Err(Refusal::new(
            Reason::SourceUnavailable,
            format!("reading {}: {error}", safe(&path.display().to_string())),
        )),
    }
}

/// Blobs in `dir:` layouts and signature stores may begin with a zero byte, a format name and a line feed; simple
/// signing ones usually have no such prefix. Other formats are recognised, not checked.
///
/// # Errors
/// When the prefix is malformed or names another format.
pub fn strip_format(blob: &[u8]) -> Result<&[u8], Refusal> {
    const NAME: &[u8] = b"simple-signing";
    let Some(rest) = blob.strip_prefix(&[0]) else {
        return Ok(blob);
    };
    let malformed = |what: &str| Err(Refusal::new(Reason::NotASignature, format!("its format prefix {what}")));
    let Some(end) = rest.iter().position(|b| *b == b'\n') else {
        return malformed("does not end");
    };
    let (name, blob) = (&rest[..end], &rest[end + 1..]);
    if !name.iter().all(|b| (0x20..=0x7e).contains(b)) {
        return malformed("is not plain text");
    }
    if name != NAME {
        return Err(Refusal::new(
            Reason::UnsupportedSignature,
            format!(
                "it is of format {}; this build checks simple-signing",
                quoted(&String::from_utf8_lossy(name))
            ),
        ));
    }
    Ok(blob)
}
