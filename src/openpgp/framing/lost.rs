// SPDX-License-Identifier: Apache-2.0
//! Telling what servers say in place of a message, and the beginning of one, from something that somebody stored as a message.

use crate::openpgp::framing::armor::{self, Armored};
use crate::openpgp::framing::cut::is_cut_off;
use crate::openpgp::framing::message::Message;
use crate::reason::Reason;

/// Why a blob is nothing that somebody made a signature of, in words that are safe to print; `None` for what is to be judged,
/// for better or worse.
#[must_use]
pub fn no_message(blob: &[u8]) -> Option<String> {
    let refusal = Message::parse(blob).err()?;
    let is_trouble = refusal.reason == Reason::NotASignature && (is_text(blob) || is_cut_off(blob));
    is_trouble.then_some(refusal.message)
}

/// Fewer bytes than this may be a packet that has no control character in it.
const MIN_LATIN_1: usize = 12;

/// Whether some bytes are text, in which no OpenPGP packet is written; whole armour is a form in which people store them.
fn is_text(blob: &[u8]) -> bool {
    if matches!(armor::recognise(blob), Some(Armored::Block(_) | Armored::ClearSigned)) {
        return false;
    }
    let is_utf16 = blob.starts_with(b"\xff\xfe") || blob.starts_with(b"\xfe\xff");
    let is_printable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0xa0..);
    let is_latin_1 = blob.len() >= MIN_LATIN_1 && blob.iter().all(is_printable);
    is_utf16 || is_latin_1 || blob.first().is_none_or(u8::is_ascii) || std::str::from_utf8(blob).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_say_themselves_is_no_message() {
        for body in [
            &b""[..],
            b" \n",
            b"upstream connect error or disconnect/reset before headers",
            b"{\"e\":1}",
            b"<?xml version=\"1.0\"?><Error><Code>SlowDown</Code></Error>",
            b"<head><title>x</title></head>",
            b"<!-- gateway --><html></html>",
            b"\xef\xbb\xbf<!doctype html><html>",
            b"\xff\xfe<\0h\0t\0m\0l\0>\0",
            b"\x1f\x8b\x08\0",
            b"=x",
            b"\xc3\xa4\xc3\xb6",
            b"\xabPage introuvable\xbb",
            b"-----BEGIN PGP MESSAGE-----\n\nxA0DAAoW",
            // The beginning of a signature packet.
            b"\xc2\x20\x04",
            b"\0",
            b"\0\0\0\0",
        ] {
            assert!(no_message(body).is_some(), "{:?}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn what_may_be_stored_is_judged() {
        let key = b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n/wEA\n-----END PGP PUBLIC KEY BLOCK-----\n";
        for body in [
            // A user ID, a private packet and a reserved one; each is whole.
            &b"\xcd\x01x"[..],
            b"\xff\x01\xff",
            b"\xc0\x00",
            // Something behind a packet.
            b"\xcd\x01xtext\xff",
            key,
        ] {
            assert_eq!(no_message(body), None, "{:?}", String::from_utf8_lossy(body));
        }
    }
}
