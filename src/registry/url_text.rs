// SPDX-License-Identifier: Apache-2.0
//! URLs that servers give us, as text: where they lead, and how they are shown.

use crate::http::escape::escaped;
use crate::http::url::Url;

/// How often percent-encoding may be put on.
const MAX_ENCODINGS: usize = 8;

/// A location, absolute or relative to a server.
pub(super) fn absolute(base: &Url, location: &str) -> Option<String> {
    if location.starts_with("https://") || location.starts_with("http://") {
        return Some(location.to_owned());
    }
    let path = location.strip_prefix('/').filter(|path| !path.starts_with('/'))?;
    let scheme = if base.is_https() { "https" } else { "http" };
    Some(format!("{scheme}://{}/{path}", base.address()))
}

/// The server of a URL. One with a user name in it is refused.
pub(super) fn server_of(url: &str) -> Option<Url> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    Url::parse(&format!("{scheme}://{authority}")).ok()
}

/// Whether two are the same server, reached in the same way.
pub(super) fn is_same(one: &Url, other: &Url) -> bool {
    one.is_https() == other.is_https() && one.port() == other.port() && one.host().eq_ignore_ascii_case(other.host())
}

/// Adds parameters to a URL, which may have some already.
pub(super) fn with_query(url: &str, query: &[(&str, String)]) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{}", encoded(query))
}

/// Parameters as a query or a form has them.
pub(super) fn encoded(query: &[(&str, String)]) -> String {
    let pairs: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={}", escaped(value)))
        .collect();
    pairs.join("&")
}

/// A text as it reads once percent-encoding is taken off, also where it is put on several times. What is no
/// UTF-8 then is replaced.
pub(super) fn decoded(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..MAX_ENCODINGS {
        let next = decoded_once(&text);
        if next == text {
            break;
        }
        text = next;
    }
    text
}

fn decoded_once(text: &str) -> String {
    let hex = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
    };
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                if let (Some(high), Some(low)) = (hex(*high), hex(*low)) {
                    out.push(high << 4 | low);
                    rest = after;
                    continue;
                }
                out.push(first);
            }
            _ => out.push(first),
        }
        rest = after;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::place::shown;

    #[test]
    fn where_locations_lead() {
        let base = Url::parse("https://registry.example:5000").unwrap();
        let to = |location: &str| {
            absolute(&base, location).and_then(|url| server_of(&url).map(|server| (server.address(), url)))
        };
        assert_eq!(
            to("/v2/x").unwrap(),
            (
                "registry.example:5000".into(),
                "https://registry.example:5000/v2/x".into()
            )
        );
        assert_eq!(to("https://cdn.example/x?sig=1").unwrap().0, "cdn.example:443");
        for location in [
            "//other.example/x",
            "x",
            "ftp://x/",
            "file:///etc/passwd",
            "https://user:password@other.example/",
            "https://good.example\\@evil.example/",
            "https://",
            "javascript:x",
        ] {
            assert!(to(location).is_none(), "{location}");
        }
    }

    #[test]
    fn queries_are_not_shown() {
        assert_eq!(shown("https://cdn.example/x?sig=secret#y"), "https://cdn.example/x");
        assert_eq!(
            with_query("http://r/t?a=b", &[("scope", "repository:a/b:pull".into())]),
            "http://r/t?a=b&scope=repository%3Aa%2Fb%3Apull"
        );
    }

    #[test]
    fn what_is_encoded_several_times_is_read() {
        assert_eq!(decoded("/v2/%62ob%3a%50"), "/v2/bob:P");
        assert_eq!(decoded("%2562ob"), "bob");
        assert_eq!(decoded("%"), "%");
        assert_eq!(decoded("%6"), "%6");
        assert_eq!(decoded("%zz%62"), "%zzb");
        assert_eq!(decoded("%ff"), "\u{fffd}");
    }
}
