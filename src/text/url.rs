// SPDX-License-Identifier: Apache-2.0
//! URLs and references without a user name, a password or a query in them (contract 8), also where they are mistyped.
//! Whoever mistypes a URL with a password in it is told so on a terminal that others see.

use std::borrow::Cow;

/// What stands in the place of what is left out.
const LEFT_OUT: &str = "...";

/// Most decimal digits after an `@` that may be those of a port.
const MAX_PORT: usize = 5;

/// A URL or a reference without what may be secret in it. What is not a URL loses everything before its last `@`, unless
/// a digest follows there. It still has to be made safe to print.
#[must_use]
pub(crate) fn without_secrets(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) else {
        let (name, digest) = url.split_at(url.len() - digest_of(url).len());
        let bare = without_tail(name);
        return match (bare.rsplit_once('@'), name.contains('@')) {
            (Some((_, host)), _) => format!("{LEFT_OUT}@{host}{digest}"),
            // The `?` may be one of a password.
            (None, true) => format!("{LEFT_OUT}{digest}"),
            (None, false) => format!("{bare}{digest}"),
        };
    };
    // A password may have a `/`, `?` or `#` in it that should have been written as %2F, %3F or %23.
    let (authority, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    // `docker://NAME@DIGEST` has no login.
    let (bare, digest) = authority.split_at(authority.len() - digest_of(authority).len());
    if let Some((_, host)) = bare.rsplit_once('@') {
        return format!("{scheme}://{host}{digest}{}", without_tail(after));
    }
    if !digest.is_empty() {
        return format!("{scheme}://{authority}{}", without_tail(after));
    }
    match rest.rsplit_once('@') {
        Some((_, host)) if !is_host_and_port(authority) => format!("{scheme}://{LEFT_OUT}@{}", without_tail(host)),
        _ => format!(
            "{scheme}://{}{}",
            without_port_that_is_none(authority),
            without_tail(after)
        ),
    }
}

/// Whether the name of an image, as somebody typed it, has a user name and a password before its registry. The name is then
/// not to be shown. `NAME@sha256:...` has none.
#[must_use]
pub(crate) fn has_login(name: &str) -> bool {
    let rest = name.split_once("://").map_or(name, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    let Some((before, after)) = authority.rsplit_once('@') else {
        return false;
    };
    let is_digest = ["sha256", "sha384", "sha512"]
        .iter()
        .any(|algorithm| after.starts_with(algorithm));
    before.contains(':') && !is_digest
}

/// An untrusted sentence without user names and passwords of the URLs in it, as far as these are well-formed.
#[must_use]
pub(crate) fn without_logins(text: &str) -> Cow<'_, str> {
    if !(text.contains("://") && text.contains('@')) {
        return text.into();
    }
    let mut parts = text.split("://");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let ends = |c: char| c.is_whitespace() || "/?#\"<>".contains(c);
        let (authority, rest) = part.split_at(part.find(ends).unwrap_or(part.len()));
        out.push_str("://");
        let (bare, digest) = authority.split_at(authority.len() - digest_of(authority).len());
        out.push_str(bare.rsplit_once('@').map_or(bare, |(_, host)| host));
        out.push_str(digest);
        out.push_str(rest);
    }
    out.into()
}

/// The digest at the end of a reference, with its `@`; empty where there is none.
fn digest_of(reference: &str) -> &str {
    let Some(at) = reference.rfind('@') else { return "" };
    let is_digest = reference[at + 1..].split_once(':').is_some_and(|(algorithm, digits)| {
        ["sha256", "sha384", "sha512"].contains(&algorithm)
            && !is_port(digits)
            // One that was cut off is copied with the dots.
            && digits.trim_end_matches('.').bytes().all(|b| b.is_ascii_hexdigit())
    });
    if is_digest {
        &reference[at..]
    } else {
        ""
    }
}

fn is_port(text: &str) -> bool {
    text.len() <= MAX_PORT && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// Without query and fragment, which may hold signatures of storage services.
fn without_tail(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// `HOST`, `HOST:PORT`, `[ADDRESS]:PORT`, or the nothing of `file:///`.
fn is_host_and_port(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => match port.parse::<u16>() {
            Ok(_) => host,
            Err(_) => return false,
        },
        _ => authority,
    };
    (host.starts_with('[') && host.ends_with(']')) || !host.contains(':')
}

/// Where the host is forgotten, the password stands in the place of the port.
fn without_port_that_is_none(authority: &str) -> String {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') && port.parse::<u16>().is_err() => format!("{host}:{LEFT_OUT}"),
        _ => authority.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_left_wherever_it_stands() {
        for url in [
            "https://bob:S3CR3T@h.example/x",
            "https://bob:S3CR3T@h.example:5000",
            "https://S3CR3T@h.example/x",
            "https://bob:a/S3CR3T@h.example/x",
            "https://bob:a?S3CR3T@h.example/x",
            "https://bob:S3CR3T/b@h.example/x",
            "https://bob:S3@CR3T@h.example/x",
            "https://bob:S3CR3T",
            "https:/bob:S3CR3T@h.example/x",
            "https//bob:S3CR3T@h.example/x",
            "bob:S3CR3T@h.example/x",
            "bob:S3CR3T@h.example://x",
            "https://h.example/x?sig=S3CR3T",
            "https://h.example/x#S3CR3T",
            "h.example/x?sig=S3CR3T",
            "bob:a?S3CR3T@h.example/x",
            "bob:S3CR3T@h.example/x@sha256:0123456789abcdef",
            "https://bob:S3CR3T@h.example/x@sha256:0123456789abcdef",
            "bob:S3CR3T@sha256:5000/h.example",
        ] {
            let shown = without_secrets(url);
            assert!(!shown.contains("CR3T"), "{url}: {shown}");
            assert!(
                shown.contains("h.example") || !url.contains("h.example") || shown == "...",
                "{url}: {shown}"
            );
        }
    }

    #[test]
    fn sentences_lose_logins_only() {
        for (text, wanted) in [
            (
                "Get \"https://bob:pw@h.example/v2/\": no such host",
                "Get \"https://h.example/v2/\": no such host",
            ),
            ("http://a@b@c http://d", "http://c http://d"),
            ("https://h.example/a@b and x@y", "https://h.example/a@b and x@y"),
            ("Zoë <z@example.com>", "Zoë <z@example.com>"),
            ("://", "://"),
            ("x://bob:it's(a)@h.example/y", "x://h.example/y"),
            (
                "of docker://busybox@sha256:0123456789abcdef here",
                "of docker://busybox@sha256:0123456789abcdef here",
            ),
        ] {
            assert_eq!(without_logins(text), wanted);
        }
    }

    #[test]
    fn names_of_images_with_a_login_are_told_apart_from_digests() {
        for name in [
            "docker://bob:PW@h/x:v1",
            "https://bob:PW@h/foo:v1",
            "bob:PW@h/x",
            "bob:PW@h:5000/x:v1",
        ] {
            assert!(has_login(name), "{name}");
        }
        for name in [
            "docker://h:5000/x@sha256:ab",
            "stream:v1@sha256:ab",
            "x@sha256:ab",
            "ns/stream@sha256:ab",
            "dir:/a@b",
            "h/x:v1",
            "",
        ] {
            assert!(!has_login(name), "{name}");
        }
    }

    #[test]
    fn what_is_not_secret_stays() {
        for url in [
            "https://h.example/x",
            "https://h.example:5000/a@b",
            "http://[::1]:5000/x",
            "http://[::1]/x@y",
            "file:///srv/sigs/a@b",
            "h.example:5000/a/b@sha256:0123456789abcdef",
            "h.example/a:v1@sha256:0123456789abcdef",
            "docker://busybox@sha256:0123456789abcdef",
            "*.h.example",
            "/srv/sigs",
            "",
        ] {
            assert_eq!(without_secrets(url), url);
        }
        assert_eq!(without_secrets("https://bob:pw@h.example/x?y"), "https://h.example/x");
        assert_eq!(
            without_secrets("docker://bob:pw@h.example@sha256:0123456789abcdef"),
            "docker://h.example@sha256:0123456789abcdef"
        );
        assert_eq!(without_secrets("bob:pw@h.example"), "...@h.example");
        assert_eq!(
            without_secrets("https://bob:pw/w@h.example/x"),
            "https://...@h.example/x"
        );
    }
}
