// SPDX-License-Identifier: Apache-2.0
//! Expected identities: references with a tag or a digest, and what people write where one is expected.

use super::image_name::{blank, lacks_registry, without_type};
use super::UsageError;
use crate::digest::Digest;
use crate::reference::Reference;
use crate::text::url::has_login;
use crate::text::{is_unsafe, quoted, safe};

/// Parses an expected identity, which must have either a tag or a digest.
///
/// # Errors
/// When it is not a reference, or has neither, or both.
pub(crate) fn expected_identity(text: &str) -> Result<Reference, UsageError> {
    let wrong = |what: String| Err(UsageError::new(format!("expected identity {}: {what}", quoted(text))));
    if has_login(text) {
        return Err(UsageError::new(
            "an expected identity has a user name and a password in it, which is why it is not shown: write REGISTRY/NAMESPACE/NAME:TAG without them",
        ));
    }
    if let Some(what) = other(text) {
        return wrong(what);
    }
    let reference = match Reference::parse(text) {
        Ok(reference) => reference,
        Err(error) => return wrong(error.to_string()),
    };
    let text = safe(text);
    match (reference.tag(), reference.digest()) {
        (None, None) => {
            // A word alone is as likely to be the tag.
            let whole = match text.contains('/') {
                true => String::new(),
                false => format!("; if {text} is the tag, write the whole reference: REGISTRY/NAMESPACE/NAME:{text}"),
            };
            Err(UsageError::new(format!(
                "expected identity {text} has neither a tag nor a digest; if you mean the tag latest, write {text}:latest{whole}"
            )))
        }
        (Some(_), Some(_)) => Err(UsageError::new(format!(
            "expected identity {text} has both a tag and a digest; give one of them; verify takes the digest that the image must have as --expected-digest"
        ))),
        _ => Ok(reference),
    }
}

/// What to say of expected identities without a registry, of which docker.io is taken to be meant: those of
/// `--expected-identity`, or of `IMAGE=REF` arguments where that is not given.
pub(super) fn short_identities(identities: &[String], images: &[String]) -> Vec<String> {
    let of_images = images.iter().filter(|_| identities.is_empty());
    let of_images = of_images.filter_map(|text| Some(text.rsplit_once('=')?.1));
    let texts = identities.iter().map(String::as_str).chain(of_images);
    let short = texts.filter_map(|text| {
        let reference = expected_identity(text).ok()?;
        lacks_registry(text, &reference).then(|| {
            format!(
                "expected identity {} names no registry, and docker.io is taken for it: write {reference}",
                safe(text)
            )
        })
    });
    short.collect()
}

/// What a text is, if it is not a reference but something that people have at hand, and what to write instead. Some of
/// it would pass for a reference by its grammar: `sha256:...` as a tag of docker.io/library/sha256.
pub(super) fn other(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("it is empty; write REGISTRY/NAMESPACE/NAME:TAG".to_owned());
    }
    if text.contains(|c: char| c.is_whitespace() || is_unsafe(c)) {
        return Some(blank(text));
    }
    if let Some(rest) = text.strip_prefix("docker://") {
        return Some(format!("write it without docker://: {}", safe(rest)));
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        return Some(format!(
            "it is a URL, not a reference; write it without {}://: {}",
            safe(scheme),
            safe(rest.trim_end_matches('/'))
        ));
    }
    if let Some(digest) = bare_digest(text) {
        return Some(format!(
            "it is a digest, not a reference; verify takes the digest that the image must have as --expected-digest {digest}, and the expected identity is what it is signed as: REGISTRY/NAMESPACE/NAME:TAG"
        ));
    }
    if text.starts_with("dir:") || text.starts_with(['/', '.', '~']) {
        return Some("it is a path, not a reference; write REGISTRY/NAMESPACE/NAME:TAG".to_owned());
    }
    if let Some(name) = without_type(text).filter(|name| !name.contains('/')) {
        let unless = if text.starts_with(|c: char| c.is_ascii_lowercase()) && Reference::parse(text).is_ok() {
            format!(" (an image of Docker Hub is written docker.io/{})", safe(text))
        } else {
            String::new()
        };
        return Some(format!(
            "it is TYPE/NAME, the name of an object in a cluster ({}), not a reference; write REGISTRY/NAMESPACE/NAME:TAG as the image is signed{unless}",
            safe(name)
        ));
    }
    if text.contains(['[', ']']) {
        return Some("an IPv6 address is not allowed in a reference; write a host name".to_owned());
    }
    None
}

/// The digest that a text is, or seems meant to be, in the form in which `--expected-digest` takes it.
fn bare_digest(text: &str) -> Option<String> {
    let text = text.strip_prefix('@').unwrap_or(text).to_ascii_lowercase();
    let is_hex = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if is_hex {
        return Some(format!("sha256:{text}"));
    }
    let (algorithm, _) = text.split_once(':')?;
    let is_algorithm = matches!(algorithm, "sha256" | "sha384" | "sha512");
    is_algorithm.then(|| match Digest::parse(&text) {
        Ok(digest) if algorithm == "sha256" => digest.to_string(),
        _ => "sha256:DIGEST".to_owned(),
    })
}
