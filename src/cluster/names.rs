// SPDX-License-Identifier: Apache-2.0
//! How images are named in a cluster. Names become parts of URLs, so that only what cannot mean anything else is taken.

use std::fmt;

use crate::digest::{Algorithm, Digest};
use crate::text::{quoted, safe};

/// Longest name of a namespace or stream: RFC 1123 labels, and subdomains.
const MAX_NAMESPACE: usize = 63;
const MAX_STREAM: usize = 253;

/// Longest tag, in bytes.
const MAX_TAG: usize = 128;

/// An image in a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Name {
    /// The Image object of this name.
    Image(Digest),
    /// What a tag of a stream stands for now.
    Tag {
        namespace: Option<String>,
        stream: String,
        tag: String,
    },
    /// An image of a stream.
    StreamImage {
        namespace: Option<String>,
        stream: String,
        digest: Digest,
    },
}

impl Name {
    /// Reads `sha256:...`, `[NAMESPACE/]STREAM:TAG` or `[NAMESPACE/]STREAM@sha256:...`; also
    /// `image.image.openshift.io/sha256:...`, as `-o name` prints it.
    ///
    /// # Errors
    /// When it has none of these forms, in a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("{}: {what}", safe(text));
        // A namespace has no dots, so that this can be nothing else.
        let name = text.strip_prefix("image.image.openshift.io/").unwrap_or(text);
        if name.starts_with("sha256:") {
            return match digest(name) {
                Some(digest) => Ok(Name::Image(digest)),
                None => Err(wrong("expected sha256: and 64 hexadecimal digits in lower case")),
            };
        }
        if Digest::parse(name).is_ok() {
            return Err(wrong("images in a cluster are named by sha256 digests"));
        }
        let (namespace, rest) = match name.split_once('/') {
            Some((_, rest)) if rest.contains('/') => {
                return Err(wrong(
                    "expected sha256:DIGEST, [NAMESPACE/]STREAM:TAG or [NAMESPACE/]STREAM@sha256:DIGEST; this looks like an image in a registry",
                ));
            }
            Some((namespace, rest)) => (Some(namespace), rest),
            None => (None, name),
        };
        if let Some(namespace) = namespace {
            if !is_label(namespace) {
                return Err(wrong(&format!("{} is not a valid namespace name", quoted(namespace))));
            }
        }
        let namespace = namespace.map(str::to_owned);
        if let Some((stream, text)) = rest.split_once('@') {
            check_stream(stream).map_err(|what| wrong(&what))?;
            let Some(digest) = digest(text) else {
                return Err(wrong(
                    "expected sha256: and 64 hexadecimal digits in lower case after the @",
                ));
            };
            let stream = stream.to_owned();
            return Ok(Name::StreamImage {
                namespace,
                stream,
                digest,
            });
        }
        let Some((stream, tag)) = rest.split_once(':') else {
            let latest = match check_stream(rest) {
                Ok(()) => format!("; for the tag latest write {}:latest", safe(text)),
                Err(_) => String::new(),
            };
            return Err(wrong(&format!(
                "expected sha256:DIGEST, [NAMESPACE/]STREAM:TAG or [NAMESPACE/]STREAM@sha256:DIGEST{latest}"
            )));
        };
        check_stream(stream).map_err(|what| wrong(&what))?;
        if !is_tag(tag) {
            return Err(wrong(&format!("{} is not a valid tag", quoted(tag))));
        }
        Ok(Name::Tag {
            namespace,
            stream: stream.to_owned(),
            tag: tag.to_owned(),
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = |namespace: &Option<String>| namespace.as_ref().map_or(String::new(), |n| format!("{n}/"));
        match self {
            Name::Image(digest) => write!(f, "{digest}"),
            Name::Tag { namespace, stream, tag } => write!(f, "{}{stream}:{tag}", prefix(namespace)),
            Name::StreamImage {
                namespace,
                stream,
                digest,
            } => write!(f, "{}{stream}@{digest}", prefix(namespace)),
        }
    }
}

fn digest(text: &str) -> Option<Digest> {
    Digest::parse(text)
        .ok()
        .filter(|digest| digest.algorithm() == Algorithm::Sha256)
}

fn is_word(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

/// Whether a text is an RFC 1123 label, as namespaces are.
#[must_use]
pub(crate) fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_NAMESPACE
        && text.chars().all(|c| is_word(c) || c == '-')
        && text.starts_with(is_word)
        && text.ends_with(is_word)
}

fn check_stream(stream: &str) -> Result<(), String> {
    let good = !stream.is_empty()
        && stream.len() <= MAX_STREAM
        && stream.chars().all(|c| is_word(c) || "-._".contains(c))
        && stream.starts_with(is_word)
        && stream.ends_with(is_word);
    if good {
        Ok(())
    } else {
        Err(format!("{} is not a valid image stream name", quoted(stream)))
    }
}

fn is_tag(tag: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !tag.is_empty()
        && tag.len() <= MAX_TAG
        && tag.starts_with(is_word)
        && tag.chars().all(|c| is_word(c) || c == '.' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let digest = format!("sha256:{}", "a1".repeat(32));
        for text in [
            digest.clone(),
            "ruby:latest".into(),
            "openshift/ruby:2.5-ubi8".into(),
            "ns/a.b_c-d:V1".into(),
            format!("ruby@{digest}"),
            format!("openshift/ruby@{digest}"),
        ] {
            assert_eq!(Name::parse(&text).map(|name| name.to_string()), Ok(text));
        }
        let named = format!("image.image.openshift.io/{digest}");
        assert_eq!(Name::parse(&named).map(|name| name.to_string()), Ok(digest));
    }

    #[test]
    fn what_could_mean_something_else_in_a_url_is_no_name() {
        let digest = format!("sha256:{}", "a1".repeat(32));
        for text in [
            "",
            "ruby",
            "sha256:abc",
            "SHA256:abc",
            "a/b/c:d",
            "../x:y",
            "ns/..:y",
            "ns/x:..",
            "ns/x:y/z",
            "ns/x:y?a=b",
            "ns/x%2f:y",
            "NS/x:y",
            "ns/X:y",
            "ns/:y",
            "/x:y",
            "ns/x:",
            "x@sha256:abc",
            "ns/x:a b",
            &digest.to_uppercase(),
            &format!("x:y@{digest}"),
        ] {
            assert!(Name::parse(text).is_err(), "{text}");
        }
    }
}
