// SPDX-License-Identifier: Apache-2.0
//! What a server gives under 200 where a signature is expected. Proxies, login pages and stores answer their own errors so
//! too, and whatever is between us and them may break off: that is trouble, and no signature that somebody made.

use serde_core::de::IgnoredAny;

use crate::openpgp::framing::armor::{self, Armored};
use crate::openpgp::framing::cut::is_cut_off;
use crate::openpgp::framing::message::Message;
use crate::reason::Reason;

/// Why an answer cannot be what is stored as a signature, in words that are safe to print; `None` for what is to be judged,
/// for better or worse.
#[must_use]
pub fn no_signature(body: &[u8]) -> Option<String> {
    match body.strip_prefix(&[0]) {
        Some(named) => no_signature_of_a_format(named),
        None => no_message(body),
    }
}

/// What follows the zero byte of a blob that names its format (see `source::stored`).
fn no_signature_of_a_format(named: &[u8]) -> Option<String> {
    let Some(end) = named.iter().position(|byte| *byte == b'\n') else {
        return Some("its format prefix does not end".into());
    };
    let (name, rest) = (&named[..end], &named[end + 1..]);
    match name {
        b"simple-signing" => no_message(rest),
        b"sigstore-json" => {
            let read = serde_json::from_slice::<IgnoredAny>(rest);
            let is_short = read.is_err_and(|error| error.is_eof());
            is_short.then(|| "its JSON ends early".into())
        }
        // Of a format that is not known here it is not known either what is missing.
        _ => None,
    }
}

fn no_message(blob: &[u8]) -> Option<String> {
    let refusal = Message::parse(blob).err()?;
    let is_trouble = refusal.reason == Reason::NotASignature && (is_text(blob) || is_cut_off(blob));
    is_trouble.then_some(refusal.message)
}

/// Whether some bytes are text, in which no OpenPGP packet is written; whole armour is a form in which people store them.
fn is_text(blob: &[u8]) -> bool {
    if matches!(armor::recognise(blob), Some(Armored::Block(_) | Armored::ClearSigned)) {
        return false;
    }
    let is_utf16 = blob.starts_with(b"\xff\xfe") || blob.starts_with(b"\xfe\xff");
    is_utf16 || blob.first().is_none_or(u8::is_ascii) || std::str::from_utf8(blob).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_say_themselves_is_no_signature() {
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
            b"-----BEGIN PGP MESSAGE-----\n\nxA0DAAoW",
            // The beginning of a signature packet, with and without a zero byte before the name of the format.
            b"\xc2\x20\x04",
            b"\0",
            b"\0\0\0\0",
            b"\0simple-signing",
            b"\0simple-signing\n",
            b"\0simple-signing\n\xc2\x20\x04",
            b"\0simple-signing\nNot found",
            b"\0sigstore-json\n{\"mimeType\": \"x\", ",
        ] {
            assert!(no_signature(body).is_some(), "{:?}", String::from_utf8_lossy(body));
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
            b"\0future-format\nx",
            b"\0\nx",
            b"\0sigstore-json\n[]",
            b"\0sigstore-json\n{\"mimeType\": 1}x",
            key,
        ] {
            assert_eq!(no_signature(body), None, "{:?}", String::from_utf8_lossy(body));
        }
    }
}
