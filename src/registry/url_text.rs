// SPDX-License-Identifier: Apache-2.0
//! URLs that servers give us, as text: where they lead, and how they are shown.

use crate::http::escape::escaped;
use crate::http::url::Url;

/// How often percent-encoding may be put on.
const MAX_ENCODINGS: usize = 8;

/// Where a location leads that an answer to `url` names, as RFC 3986 section 5.2 has it: absolute, or relative to the server or
/// the path of `url`.
pub(super) fn absolute(url: &str, location: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let path = &path[..path.find(['?', '#']).unwrap_or(path.len())];
    let first = location.split(['/', '?', '#']).next().unwrap_or_default();
    if let Some((own, _)) = first.split_once(':') {
        let own = own.to_ascii_lowercase();
        let rest = location.get(own.len()..)?.strip_prefix("://")?;
        return matches!(own.as_str(), "https" | "http").then(|| format!("{own}://{rest}"));
    }
    if let Some(rest) = location.strip_prefix("//") {
        return Some(format!("{scheme}://{rest}"));
    }
    let tail = location.find(['?', '#']).unwrap_or(location.len());
    let (own, tail) = location.split_at(tail);
    let path = match own {
        // What stands for the answer itself leads nowhere.
        "" if !tail.starts_with('?') => return None,
        "" => path.to_owned(),
        own if own.starts_with('/') => without_dots(own),
        own => without_dots(&format!(
            "{}/{own}",
            path.rsplit_once('/').map_or("", |(directory, _)| directory)
        )),
    };
    Some(format!("{scheme}://{authority}{path}{tail}"))
}

/// A path without its segments `.` and `..` (RFC 3986 section 5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    for (index, segment) in segments.iter().enumerate() {
        match *segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
        // They name a directory.
        if matches!(*segment, "." | "..") && index + 1 == segments.len() {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
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

/// A text as it reads once percent-encoding is taken off, also where it is put on several times. What is not
/// UTF-8 then is replaced.
pub(super) fn decoded(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..MAX_ENCODINGS {
        let next = String::from_utf8_lossy(&decoded_bytes(&text)).into_owned();
        if next == text {
            break;
        }
        text = next;
    }
    text
}

/// The bytes of a text once percent-encoding is taken off. A `%` without two digits after it stays.
pub(super) fn decoded_bytes(text: &str) -> Vec<u8> {
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
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::place::shown;

    #[test]
    fn where_locations_lead() {
        let to = |location: &str| {
            absolute("https://registry.example:5000/v2/a/b?c=/d", location).filter(|url| server_of(url).is_some())
        };
        for (location, url) in [
            ("/v2/x", "https://registry.example:5000/v2/x"),
            ("x", "https://registry.example:5000/v2/a/x"),
            ("./x:y?z=1", "https://registry.example:5000/v2/a/x:y?z=1"),
            ("../x/", "https://registry.example:5000/v2/x/"),
            ("../../../../x", "https://registry.example:5000/x"),
            ("..", "https://registry.example:5000/v2/"),
            ("/v2/./x/../y/.", "https://registry.example:5000/v2/y/"),
            ("?next", "https://registry.example:5000/v2/a/b?next"),
            ("//other.example/x", "https://other.example/x"),
            ("https://cdn.example/x?sig=1", "https://cdn.example/x?sig=1"),
            ("HTTPS://cdn.example/X", "https://cdn.example/X"),
            ("Http://cdn.example/x", "http://cdn.example/x"),
        ] {
            assert_eq!(to(location).as_deref(), Some(url), "{location}");
        }
        assert_eq!(absolute("http://a.example", "x").as_deref(), Some("http://a.example/x"));
        for location in [
            "",
            "#x",
            "//",
            "///x",
            "//user:password@other.example/x",
            "https:x",
            "https:/x",
            "x:y",
            "ftp://x/",
            "file:///etc/passwd",
            "https://user:password@other.example/",
            "https://good.example\\@evil.example/",
            "//good.example\\@evil.example/",
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
