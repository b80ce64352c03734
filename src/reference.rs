// SPDX-License-Identifier: Apache-2.0
//! Docker references: `[domain/]path[:tag][@digest]`, their grammar and normal form.
//!
//! The grammar is the one that containers/image and OpenShift use (older than the newest distribution/reference): a
//! short name gets `docker.io/`, one without namespace `docker.io/library/`, and never a default tag.

use crate::digest::{self, Digest};

/// Longest `domain/path`, in bytes, after normalisation.
const MAX_NAME: usize = 255;
/// Longest tag, in bytes.
const MAX_TAG: usize = 128;
/// Fewest digits of a digest that the grammar accepts; whether it is a real digest is checked afterwards.
const MIN_DIGEST_DIGITS: usize = 32;

const DEFAULT_DOMAIN: &str = "docker.io";
const LEGACY_DEFAULT_DOMAIN: &str = "index.docker.io";
const OFFICIAL_NAMESPACE: &str = "library/";

/// A parsed reference in normal form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    name: String,
    /// Length of the domain at the start of `name`; 0 when the first component is not a valid one.
    domain: usize,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is not a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// 64 hexadecimal digits: that is an image ID.
    #[error("64 hexadecimal digits are an image ID, not a reference")]
    Identifier,
    /// Capital letters where none may be.
    #[error("a repository name must be lower case")]
    Uppercase,
    /// Anything else that the grammar does not allow.
    #[error("not of the form [HOST[:PORT]/]NAME:TAG or [HOST[:PORT]/]NAME@sha256:DIGEST")]
    Format,
    /// The grammar does not allow the part after `@`, and would allow what is before it.
    #[error("its digest is not of the form sha256:<64 lower case hexadecimal digits>")]
    DigestForm,
    /// Host and path together are too long.
    #[error("the repository name is longer than {MAX_NAME} bytes")]
    TooLong,
    /// The part after `@` is not a digest.
    #[error("its digest is {0}")]
    Digest(digest::DigestError),
}

impl Reference {
    /// Parses a reference and brings it into normal form.
    ///
    /// # Errors
    /// When the text does not follow the grammar.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(ReferenceError::Identifier);
        }
        let (domain, remainder) = split_domain(text);
        let path_and_maybe_digest = remainder.split(':').next().unwrap_or_default();
        if path_and_maybe_digest.to_lowercase() != path_and_maybe_digest {
            return Err(ReferenceError::Uppercase);
        }
        let normal = if domain == DEFAULT_DOMAIN && !remainder.contains('/') {
            format!("{domain}/{OFFICIAL_NAMESPACE}{remainder}")
        } else {
            format!("{domain}/{remainder}")
        };
        match parse_grammar(&normal) {
            Some(parts) => parts.check(),
            None if parse_grammar(&normal.to_lowercase()).is_some() => Err(ReferenceError::Uppercase),
            None if has_other_digest(&normal) => Err(ReferenceError::DigestForm),
            None => Err(ReferenceError::Format),
        }
    }

    /// Parses a reference that must be in normal form already.
    ///
    /// # Errors
    /// When it is not a reference, or normalising would change it ([`ReferenceError::Format`]).
    pub fn parse_canonical(text: &str) -> Result<Self, ReferenceError> {
        let reference = Self::parse(text)?;
        if reference.to_string() == text {
            Ok(reference)
        } else {
            Err(ReferenceError::Format)
        }
    }

    /// Whether a text may be the beginning of names in normal form: a host, or a host and path components.
    #[must_use]
    pub fn is_prefix(text: &str) -> bool {
        match text.split_once('/') {
            None => is_domain(text),
            Some((domain, path)) => is_domain(domain) && is_path(path),
        }
    }

    /// Host and path, without tag and digest.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The host with its port; empty when the first component is not a valid host name.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.name[..self.domain]
    }

    /// What follows the host.
    #[must_use]
    pub fn path(&self) -> &str {
        match self.domain {
            0 => &self.name,
            n => &self.name[n + 1..],
        }
    }

    /// The tag, if there is one. None is ever added.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if there is one.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Whether it has neither tag nor digest.
    #[must_use]
    pub fn is_name_only(&self) -> bool {
        self.tag.is_none() && self.digest.is_none()
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// Splits off the part before the first slash if it looks like a host: it has a dot or a colon, or is `localhost`.
fn split_domain(text: &str) -> (&str, &str) {
    match text.split_once('/') {
        Some((LEGACY_DEFAULT_DOMAIN, rest)) => (DEFAULT_DOMAIN, rest),
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
        _ => (DEFAULT_DOMAIN, text),
    }
}

/// What the grammar finds in a text, before lengths and the digest are checked.
struct Parts<'a> {
    name: &'a str,
    domain: usize,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl Parts<'_> {
    fn check(self) -> Result<Reference, ReferenceError> {
        if self.name.len() > MAX_NAME {
            return Err(ReferenceError::TooLong);
        }
        let digest = self
            .digest
            .map(Digest::parse)
            .transpose()
            .map_err(ReferenceError::Digest)?;
        Ok(Reference {
            name: self.name.to_owned(),
            domain: self.domain,
            tag: self.tag.map(str::to_owned),
            digest,
        })
    }
}

/// `name [":" tag] ["@" digest]`, the whole text.
fn parse_grammar(text: &str) -> Option<Parts<'_>> {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    if !digest.is_none_or(is_digest) {
        return None;
    }
    // A colon before the last slash belongs to the port of the host.
    let path_start = rest.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match rest[path_start..].split_once(':') {
        Some((last, tag)) => (&rest[..path_start + last.len()], Some(tag)),
        None => (rest, None),
    };
    if !tag.is_none_or(is_tag) {
        return None;
    }
    // The host is optional in the grammar: a first component that is none may still be a path component.
    let domain = match name.split_once('/') {
        Some((first, path)) if is_domain(first) && is_path(path) => first.len(),
        _ if is_path(name) => 0,
        _ => return None,
    };
    Some(Parts {
        name,
        domain,
        tag,
        digest,
    })
}

/// Whether a text would be a reference without the part after its `@`.
fn has_other_digest(text: &str) -> bool {
    let name = text.split_once('@').map(|(name, _)| name);
    name.is_some_and(|name| parse_grammar(name).is_some())
}

/// Host components separated by dots, and a port of digits.
fn is_domain(text: &str) -> bool {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let component = |c: &str| {
        let alnum = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        alnum(c.as_bytes().first())
            && alnum(c.as_bytes().last())
            && c.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host.split('.').all(component) && port.is_none_or(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
}

fn is_path(text: &str) -> bool {
    text.split('/').all(is_path_component)
}

/// Runs of `[a-z0-9]` with one dot, one or two underscores, or any number of dashes between them.
fn is_path_component(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let mut rest = text.as_bytes();
    loop {
        let run = rest.iter().take_while(|b| plain(**b)).count();
        if run == 0 {
            return false;
        }
        rest = &rest[run..];
        let separator = rest.iter().take_while(|b| !plain(**b)).count();
        match &rest[..separator] {
            [] => return true,
            [b'.'] | [b'_'] | [b'_', b'_'] => {}
            dashes if dashes.iter().all(|b| *b == b'-') => {}
            _ => return false,
        }
        rest = &rest[separator..];
    }
}

fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= MAX_TAG
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

/// `algorithm:hex`, looser than [`Digest::parse`] but enough to tell a digest from bad syntax.
fn is_digest(text: &str) -> bool {
    let Some((algorithm, hex)) = text.split_once(':') else {
        return false;
    };
    let component = |c: &str| {
        c.bytes().next().is_some_and(|b| b.is_ascii_alphabetic()) && c.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    algorithm.split(['-', '_', '+', '.']).all(component)
        && hex.len() >= MIN_DIGEST_DIGITS
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
}
