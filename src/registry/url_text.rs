// SPDX-License-Identifier: Apache-2.0
//! URLs that servers give us, as text: where they lead, and how they are shown.

use crate::http::url::Url;
use crate::text::safe;

/// A URL without its query, which may hold signatures of storage services.
pub(super) fn shown(url: &str) -> String {
    safe(url.split(['?', '#']).next().unwrap_or(url))
}

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
        .map(|(name, value)| format!("{name}={}", escape(value)))
        .collect();
    pairs.join("&")
}

/// Percent-encoding of everything but unreserved characters (RFC 3986, section 2.3).
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
