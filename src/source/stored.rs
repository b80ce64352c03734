// SPDX-License-Identifier: Apache-2.0
//! Files that hold manifests and signature blobs, read within bounds.

use std::io;
use std::path::Path;

use crate::limits::MAX_BLOB_BYTES;
use crate::reason::{Reason, Refusal};
use crate::sigstore::attachment;
use crate::subject::Content;
use crate::text::{io_message, quoted, safe};

/// The file that an argument names: `-` is standard input.
#[must_use]
pub fn file(path: &Path) -> &Path {
    if path == Path::new("-") {
        Path::new("/dev/stdin")
    } else {
        path
    }
}

/// How messages name it, safe to print.
#[must_use]
pub fn shown(path: &Path) -> String {
    match path == Path::new("-") {
        true => "standard input".to_owned(),
        false => safe(&path.display().to_string()),
    }
}

/// What a file holds that signatures are stored in, from what was read of it.
#[must_use]
pub fn signature(path: &Path, read: io::Result<Option<Vec<u8>>>) -> Content {
    match read {
        Ok(Some(blob)) => content(&blob),
        Ok(None) => Content::Gpg(Err(Refusal::new(
            Reason::LimitExceeded,
            format!("{} has more than {MAX_BLOB_BYTES} bytes", shown(path)),
        ))),
        Err(error) => Content::Gpg(Err(Refusal::new(
            Reason::SourceUnavailable,
            format!("reading {}: {}", shown(path), io_message(&error)),
        ))),
    }
}

/// Blobs in `dir:` layouts and signature stores may begin with a zero byte, a format name and a line feed; simple
/// signing ones usually have no such prefix. It decides what kind of signature follows.
#[must_use]
pub fn content(blob: &[u8]) -> Content {
    let Some(rest) = blob.strip_prefix(&[0]) else {
        return Content::Gpg(Ok(blob.to_vec()));
    };
    let malformed = |what: &str| {
        Content::Gpg(Err(Refusal::new(
            Reason::NotASignature,
            format!("its format prefix {what}"),
        )))
    };
    let Some(end) = rest.iter().position(|b| *b == b'\n') else {
        return malformed("does not end");
    };
    let (name, blob) = (&rest[..end], &rest[end + 1..]);
    match name {
        b"simple-signing" => Content::Gpg(Ok(blob.to_vec())),
        b"sigstore-json" => Content::Sigstore(attachment::parse(blob)),
        name if !name.iter().all(|b| (0x20..=0x7e).contains(b)) => malformed("is not plain text"),
        name => Content::Gpg(Err(Refusal::new(
            Reason::UnsupportedSignature,
            format!(
                "its format is {}; expected simple-signing or sigstore-json",
                quoted(&String::from_utf8_lossy(name))
            ),
        ))),
    }
}
