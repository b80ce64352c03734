// SPDX-License-Identifier: Apache-2.0
//! Reading manifests as leniently as the reference implementation does.

use crate::json::{JsonError, Kind, Reader, Rules};

/// Nesting at which the lenient reading gives up, as the reference implementation's JSON reader does.
const MAX_MANIFEST_DEPTH: usize = 10_000;

pub(super) fn lenient(bytes: &[u8]) -> Reader<&[u8]> {
    Reader::new(
        bytes,
        Rules {
            depth: MAX_MANIFEST_DEPTH,
            length: bytes.len(),
            finite_numbers: false,
            lossy_text: true,
        },
    )
}

pub(super) fn optional_string(reader: &mut Reader<&[u8]>) -> Result<Option<String>, JsonError> {
    if reader.kind()? == Kind::Null {
        reader.null()?;
        return Ok(None);
    }
    reader.string().map(Some)
}

/// Case folding of member names; the two letters outside ASCII that fold to ASCII ones are the long s and Kelvin.
#[must_use]
pub fn fold(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            '\u{17f}' => 's',
            '\u{212a}' => 'k',
            c => c.to_ascii_lowercase(),
        })
        .collect()
}
