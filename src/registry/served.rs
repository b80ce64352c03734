// SPDX-License-Identifier: Apache-2.0
//! What a server gives under 200 where a signature is expected. Proxies, login pages and stores answer their own errors so
//! too, and whatever is between us and them may break off: that is trouble, and no signature that somebody made.

use serde_core::de::IgnoredAny;

use crate::http::Response;

/// Why a blob is not an OpenPGP message that somebody stored, in words that are safe to print; `None` for what is to be judged.
/// Whoever has the stores read knows the format.
pub type Framing = fn(&[u8]) -> Option<String>;

/// Why an answer cannot be what is stored as a signature, in words that are safe to print; `None` for what is to be judged,
/// for better or worse.
#[must_use]
pub fn no_signature(body: &[u8], no_message: Framing) -> Option<String> {
    let Some(named) = body.strip_prefix(&[0]) else {
        return no_message(body);
    };
    // What follows the zero byte of a blob that names its format (see `source::stored`).
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

/// Whether the server calls an answer a web page.
pub(super) fn is_page(response: &Response) -> bool {
    response.content_type == "text/html" || response.content_type == "application/xhtml+xml"
}

/// Whether an answer is a web page, whatever the server calls it: no signature of any format begins so.
pub(super) fn is_markup(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    let begins_with = |text: &str| {
        let begin = body.get(..text.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(text.as_bytes()))
    };
    begins_with("<!doctype html") || begins_with("<html")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes one text for a message.
    fn is_good(blob: &[u8]) -> Option<String> {
        (blob != b"good").then(|| "no message".to_owned())
    }

    #[test]
    fn what_servers_say_themselves_is_no_signature() {
        for body in [
            &b""[..],
            b"Not found",
            b"\0",
            b"\0\0\0\0",
            b"\0simple-signing",
            b"\0simple-signing\n",
            b"\0simple-signing\nNot found",
            b"\0sigstore-json\n{\"mimeType\": \"x\", ",
        ] {
            assert!(
                no_signature(body, is_good).is_some(),
                "{:?}",
                String::from_utf8_lossy(body)
            );
        }
    }

    #[test]
    fn what_may_be_stored_is_judged() {
        for body in [
            &b"good"[..],
            b"\0simple-signing\ngood",
            b"\0future-format\nx",
            b"\0\nx",
            b"\0sigstore-json\n[]",
            b"\0sigstore-json\n{\"mimeType\": 1}x",
        ] {
            assert_eq!(no_signature(body, is_good), None, "{:?}", String::from_utf8_lossy(body));
        }
    }
}
