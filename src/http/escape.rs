// SPDX-License-Identifier: Apache-2.0
//! Percent-encoding (RFC 3986 section 2.1).

/// Writes every octet but letters, digits and those of `kept` as `%XX`. What no part of a URL gives a meaning to is
/// `UNRESERVED`; other places have other marks that need not be written so.
#[must_use]
pub(crate) fn escaped_but(text: &str, kept: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The marks that have no meaning of their own in any part of a URL (RFC 3986 section 2.3).
const UNRESERVED: &[u8] = b"-._~";

/// A text as one value in a path or query.
#[must_use]
pub fn escaped(text: &str) -> String {
    escaped_but(text, UNRESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_value_of_the_query() {
        assert_eq!(escaped("a in (b,c)&limit=1"), "a%20in%20%28b%2Cc%29%26limit%3D1");
        assert_eq!(escaped("a-b._~\u{e9}"), "a-b._~%C3%A9");
        assert_eq!(escaped_but("a/b-c", b"/"), "a/b%2Dc");
    }
}
