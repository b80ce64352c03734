// SPDX-License-Identifier: Apache-2.0
//! What people write where the name of an image is expected, and what to write instead.

use super::at_hand::path;
use super::words::{AT_SIGNATURES, DIR, DOCKER};
use crate::digest::Digest;
use crate::policy::rulebook::other_transport;
use crate::reference::Reference;
use crate::text::{safe, shell_word};

/// Transports of skopeo that this program does not read and that are hardly meant as the name of a stream. With the others,
/// `ostree:v1` may well be a stream.
const TRANSPORTS: [&str; 5] = [
    "oci",
    "oci-archive",
    "docker-archive",
    "docker-daemon",
    "containers-storage",
];

/// What a text is, if it is not a name of an object but something that people have at hand, and what to write instead.
pub(super) fn other(text: &str) -> Option<String> {
    if text == "-" {
        return Some(
            "standard input is not an image: write --filename - for API objects, --images-from - for a list of images"
                .into(),
        );
    }
    if text.contains('*') && !text.contains('/') {
        return Some("patterns are not supported: name each image, or list them for --images-from".into());
    }
    let scheme = |name: &str| text.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name));
    if text.starts_with("docker:") {
        return Some(in_a_registry(
            text.trim_start_matches("docker:").trim_start_matches('/'),
        ));
    }
    if let Some(rest) = scheme(DOCKER).and_then(|start| text.strip_prefix(start)) {
        return Some(format!("this is written in small letters: {DOCKER}{}", safe(rest)));
    }
    if let Some(rest) = scheme(DIR).and_then(|start| text.strip_prefix(start)) {
        return Some(format!(
            "this is written in small letters: {}",
            shell_word(&safe(&format!("{DIR}{rest}")))
        ));
    }
    if scheme("https://").is_some() || scheme("http://").is_some() {
        return Some(
            "a URL is not the name of an image; write docker://REGISTRY/NAME:TAG, [NAMESPACE/]STREAM:TAG, sha256:DIGEST or dir:PATH".into(),
        );
    }
    if let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| *scheme != "file") {
        return Some(of_a_pod(scheme, rest));
    }
    if let Some((transport, rest)) = transport(text) {
        // No stream has a slash behind the colon.
        if TRANSPORTS.contains(&transport) || rest.is_empty() || rest.contains('/') {
            let stream = match rest {
                "" => String::new(),
                _ if rest.contains('/') => String::new(),
                _ => format!("; a stream called {transport} is written NAMESPACE/{text}"),
            };
            return Some(format!(
                "{transport}: is a transport of skopeo that is not supported here; {AT_SIGNATURES}{stream}"
            ));
        }
    }
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some(format!(
            "a digest is written with its algorithm: sha256:{}",
            text.to_ascii_lowercase()
        ));
    }
    if scheme("sha256:").is_some() && Digest::parse(text).is_err() {
        let lower = text.to_ascii_lowercase();
        return Some(match Digest::parse(&lower) {
            Ok(_) => format!("a digest is written in lower case: {lower}"),
            Err(_) => "expected sha256: and 64 hexadecimal digits".to_owned(),
        });
    }
    if let Some(what) = path(text) {
        return Some(what);
    }
    is_in_a_registry(text).then(|| in_a_registry(text))
}

/// The transport of skopeo that a text may begin with, one that is not supported here, and what follows it.
fn transport(text: &str) -> Option<(&'static str, &str)> {
    let transport = other_transport(text).filter(|transport| *transport != "dir")?;
    Some((transport, text.split_once(':')?.1))
}

/// What a text with a blank in it is, where that is one of a path behind a transport.
pub(super) fn if_path(text: &str) -> Option<String> {
    let (transport, rest) = text.split_once(':').filter(|(_, rest)| rest.contains('/'))?;
    let is_one = TRANSPORTS.contains(&transport) || transport.eq_ignore_ascii_case("dir");
    other(text).filter(|_| is_one && !rest.starts_with("//"))
}

/// What to say of a name that may begin with a transport of skopeo, but stands for a stream.
pub(super) fn if_transport(text: &str) -> Option<String> {
    let (transport, _) = transport(text)?;
    Some(format!(
        "the transport {transport}: of skopeo is not supported here; {AT_SIGNATURES}"
    ))
}

/// What to write for SCHEME://..., which is how the status of a pod spells an imageID on some runtimes.
fn of_a_pod(scheme: &str, rest: &str) -> String {
    let digest = rest.rsplit_once('@').and_then(|(_, digest)| Digest::parse(digest).ok());
    match digest {
        Some(digest) => format!(
            "it looks like an imageID from the status of a pod; write {digest}, the name of the Image object, without {scheme}:// and the repository"
        ),
        None => format!(
            "{scheme}:// does not begin the name of an image here; write [NAMESPACE/]STREAM:TAG, sha256:DIGEST or dir:PATH"
        ),
    }
}

/// Whether a text names an image in a registry: a namespace of a cluster has neither dots nor colons, and
/// one slash follows it.
pub(in crate::settings) fn is_in_a_registry(text: &str) -> bool {
    let Some((first, rest)) = text.split_once('/') else {
        return false;
    };
    let is_host = first.contains(['.', ':']) || first == "localhost";
    Reference::parse(text).is_ok() && (is_host || rest.contains('/'))
}

/// A text as the name of an image in a registry, where it is one without `docker://` before it.
pub(in crate::settings) fn as_in_a_registry(text: &str) -> Option<String> {
    let bare = text.strip_prefix("docker:").map(|rest| rest.trim_start_matches('/'));
    let bare = bare.unwrap_or(text);
    // What it is more likely to be is told before.
    let is_meant = is_in_a_registry(bare) && other(text) == Some(in_a_registry(bare));
    let reference = Reference::parse(bare).ok().filter(|_| is_meant)?;
    let is_one_image = reference.tag().is_none() || reference.digest().is_none();
    is_one_image.then(|| format!("{DOCKER}{}", tagged(bare).0))
}

/// A reference with a tag or a digest, in words that are safe to print, and what to say of the tag that it lacked.
fn tagged(reference: &str) -> (String, &'static str) {
    let reference = safe(reference);
    match Reference::parse(&reference) {
        Ok(parsed) if parsed.is_name_only() => (
            format!("{reference}:latest"),
            "; it has no tag: latest stands for it here",
        ),
        _ => (reference, ""),
    }
}

fn in_a_registry(reference: &str) -> String {
    let (whole, note) = tagged(reference);
    format!("it is an image in a registry; write {DOCKER}{whole}, or name it as the cluster does: [NAMESPACE/]STREAM:TAG or sha256:DIGEST{note}")
}
