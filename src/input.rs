// SPDX-License-Identifier: Apache-2.0
//! Text that people hand over, as `kubectl` reads it: UTF-8 with or without a byte order mark, or UTF-16 with one.
//!
//! For object files, kubeconfigs, armoured keys, lists and answers of plugins. Never for bytes that are hashed or
//! signed (manifests, signatures), nor for files that have a reader of their own elsewhere (policy.json,
//! registries.d): there a mark is a part of the content.

pub(crate) mod documents;
mod encoding;
pub(crate) mod tar;
pub(crate) mod utf16;

use std::io::{self, Read, Write};

pub use encoding::{Encoding, Error};
pub use utf16::Encoder;

/// The text of a small file, without its mark.
///
/// # Errors
/// When the bytes are not text in any of the encodings.
pub fn text(bytes: Vec<u8>) -> Result<String, Error> {
    let encoding = Encoding::of(&bytes);
    if encoding == Encoding::Utf8 {
        if looks_like_utf16(&bytes) {
            return Err(Error::Unmarked);
        }
        return String::from_utf8(bytes).map_err(|error| Error::Utf8(error.utf8_error().valid_up_to() as u64));
    }
    let mark = encoding.mark().len();
    if encoding == Encoding::Utf8Marked {
        let text = std::str::from_utf8(&bytes[mark..]);
        return text
            .map(str::to_owned)
            .map_err(|error| Error::Utf8((mark + error.valid_up_to()) as u64));
    }
    let mut out = Vec::with_capacity(bytes.len());
    utf16::decode(&bytes[mark..], encoding, &mut out)?;
    // What the decoder writes came out of characters.
    String::from_utf8(out).map_err(|error| Error::Utf8(error.utf8_error().valid_up_to() as u64))
}

/// [`text`] as bytes where there is a mark, and the bytes as they are where there is none: for files that may be text or
/// binary, such as key files. No OpenPGP packet begins with a mark.
///
/// # Errors
/// When the mark promises a text and there is none.
pub fn unmarked(bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    match Encoding::of(&bytes) {
        Encoding::Utf8 => Ok(bytes),
        _ => text(bytes).map(String::into_bytes),
    }
}

/// Whether bytes begin with the packet of an OpenPGP key, in either format of lengths (RFC 4880, section 4.2).
#[must_use]
pub(crate) fn looks_like_openpgp(bytes: &[u8]) -> bool {
    const KEYS: [u8; 2] = [5, 6];
    match bytes.first() {
        Some(first @ 0xc0..) => KEYS.contains(&(first & 0x3f)),
        Some(first @ 0x80..) => KEYS.contains(&(first >> 2 & 0x0f)),
        _ => false,
    }
}

/// Whether bytes begin as ASCII text does in UTF-16.
#[must_use]
pub(crate) fn looks_like_utf16(start: &[u8]) -> bool {
    matches!(start, [0, b, 0, c, ..] | [b, 0, c, 0, ..] if *b != 0 && *c != 0)
}

/// Copies a text as UTF-8 without its mark, which has been read already.
///
/// # Errors
/// When the text is malformed, or reading or writing fails.
pub(crate) fn copy_as_utf8(input: impl Read, encoding: Encoding, out: &mut impl Write) -> Result<(), Error> {
    if encoding.is_utf8() {
        let mut input = input;
        io::copy(&mut input, out)?;
        return Ok(());
    }
    utf16::decode(input, encoding, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str, encoding: Encoding) -> Vec<u8> {
        let mut bytes = encoding.mark().to_vec();
        let mut encoder = Encoder::new(&mut bytes, encoding);
        // Byte by byte, so that characters are cut everywhere.
        for byte in text.as_bytes() {
            encoder.write_all(&[*byte]).unwrap();
        }
        encoder.flush().unwrap();
        bytes
    }

    #[test]
    fn every_encoding_reads_back_as_it_is_written() {
        let all = [
            Encoding::Utf8,
            Encoding::Utf8Marked,
            Encoding::Utf16Little,
            Encoding::Utf16Big,
        ];
        for encoding in all {
            let written = "{\"a\": \"é☃🐳\u{feff}\"}\r\n";
            let bytes = encoded(written, encoding);
            assert_eq!(Encoding::of(&bytes), encoding);
            assert_eq!(text(bytes).unwrap(), written, "{encoding:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_place() {
        let error = |bytes: &[u8]| text(bytes.to_vec()).unwrap_err().to_string();
        assert_eq!(error(b"ab\xff"), "at byte 2: not valid UTF-8");
        assert_eq!(error(b"\xef\xbb\xbfab\xff"), "at byte 5: not valid UTF-8");
        // Half a character, and a surrogate alone.
        assert_eq!(error(b"\xff\xfea\0b"), "at byte 4: not valid UTF-16");
        assert_eq!(error(b"\xfe\xff\0a\xd8\x00\0b"), "at byte 4: not valid UTF-16");
        assert_eq!(error(b"\xff\xfea\0\x00\xdc"), "at byte 4: not valid UTF-16");
        assert!(error(b"a\0b\0").contains("byte order mark"));
    }

    #[test]
    fn bytes_without_a_mark_stay_as_they_are() {
        assert_eq!(unmarked(vec![0x99, 0xff]).unwrap(), [0x99, 0xff]);
        assert_eq!(
            unmarked(encoded("-----BEGIN", Encoding::Utf16Little)).unwrap(),
            b"-----BEGIN"
        );
    }
}
