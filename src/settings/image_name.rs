// SPDX-License-Identifier: Apache-2.0
//! IMAGE arguments: the forms that are accepted, and what people write where one is expected.

mod at_hand;
mod other;
mod words;

use std::path::PathBuf;

use self::at_hand::at_hand;
pub(super) use self::other::{as_in_a_registry, is_in_a_registry};
use self::other::{if_path, if_transport, other};
use self::words::{DIR, DOCKER};
use super::UsageError;
use crate::digest::{Algorithm, Digest};
use crate::reference::Reference;
use crate::text::safe;
use crate::text::url::has_login;

/// An image as the user names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageName {
    /// The name of an object, without TYPE/: `sha256:...`, `[NAMESPACE/]STREAM:TAG`, `[NAMESPACE/]STREAM@sha256:...`.
    Object(String),
    /// `dir:PATH`, a directory as skopeo writes it.
    Directory(PathBuf),
    /// `docker://REFERENCE`, with a tag or a digest.
    Registry(Reference),
}

impl std::fmt::Display for ImageName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ImageName::Object(name) => f.write_str(name),
            ImageName::Directory(path) => write!(f, "dir:{}", path.display()),
            ImageName::Registry(reference) => write!(f, "{DOCKER}{reference}"),
        }
    }
}

impl ImageName {
    /// The same with a namespace (`-n`) before the name of a stream that has none. In a cluster that is the matter of the
    /// API client, which has a default; objects in files are told apart by it.
    #[must_use]
    pub fn in_namespace(self, namespace: Option<&str>) -> Self {
        match (self, namespace) {
            (ImageName::Object(name), Some(namespace))
                if !name.contains('/') && name.contains([':', '@']) && Digest::parse(&name).is_err() =>
            {
                ImageName::Object(format!("{namespace}/{name}"))
            }
            (name, _) => name,
        }
    }
}

/// Registries that docker.io is called.
const DOCKER_IO: [&str; 2] = ["docker.io/", "index.docker.io/"];

/// What to say of `docker://REFERENCE` without a registry: docker.io is taken for it, where podman resolves such names by its
/// configuration. Nothing where the registry is named.
#[must_use]
pub(crate) fn short_name(asked: &str, reference: &Reference) -> Option<String> {
    let text = asked.strip_prefix(DOCKER).unwrap_or(asked);
    lacks_registry(text, reference).then(|| {
        format!(
            "{} names no registry, and docker.io is taken for it, whatever search list podman has: write {DOCKER}{reference}",
            safe(asked)
        )
    })
}

/// Whether a reference has no registry where it was written as this text.
pub(super) fn lacks_registry(text: &str, reference: &Reference) -> bool {
    reference.domain() == "docker.io" && !DOCKER_IO.iter().any(|host| text.starts_with(host))
}

/// Whether a text is the address of a registry, which would pass for an image of docker.io with the port as its tag.
fn is_registry(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, "0"));
    let is_ip = host.split('.').count() == 4 && host.split('.').all(|part| part.parse::<u8>().is_ok());
    let is_host = host == "localhost" || is_ip;
    is_host && port.parse::<u16>().is_ok()
}

/// What TYPE/NAME may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Image,
    Tag,
    StreamImage,
}

impl Type {
    /// The type that a word names, alone or with its group, as oc takes it.
    fn parse(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        let name = word
            .strip_suffix(".v1.image.openshift.io")
            .or_else(|| word.strip_suffix(".image.openshift.io"))
            .unwrap_or(&word);
        match name {
            "image" | "images" => Some(Type::Image),
            "istag" | "istags" | "imagestreamtag" | "imagestreamtags" => Some(Type::Tag),
            "isimage" | "isimages" | "imagestreamimage" | "imagestreamimages" => Some(Type::StreamImage),
            _ => None,
        }
    }
}

/// Splits TYPE/NAME where the part before the first slash is a TYPE.
#[must_use]
pub(crate) fn without_type(text: &str) -> Option<&str> {
    let (word, name) = text.split_once('/')?;
    Type::parse(word).map(|_| name)
}

/// Refuses a type that stands alone, as in `oc describe image NAME`.
///
/// # Errors
/// When the text is one; no object is called so in a cluster.
pub(crate) fn refuse_type_alone(text: &str) -> Result<(), UsageError> {
    let Some(kind) = Type::parse(text) else {
        return Ok(());
    };
    let name = match kind {
        Type::Image => "sha256:DIGEST",
        Type::Tag => "STREAM:TAG",
        Type::StreamImage => "STREAM@sha256:DIGEST",
    };
    let shown = safe(text);
    Err(UsageError::new(format!(
        "{shown}: a type must be followed by a slash and a name: {shown}/{name}"
    )))
}

/// What else the name of an object in a cluster may be meant as: whoever has no cluster at hand may not know that the name
/// stands for one. Nothing where it can be no other thing.
#[must_use]
pub fn elsewhere(text: &str) -> Option<String> {
    let is_other = text.starts_with("dir:") || without_type(text).is_some() || Digest::parse(text).is_ok();
    let reference = Reference::parse(text).ok().filter(|_| !is_other)?;
    let tag = if reference.is_name_only() { ":latest" } else { "" };
    let shown = safe(text);
    if let Some(instead) = if_transport(text) {
        return Some(format!("{shown} is taken for an image stream of a cluster; {instead}"));
    }
    Some(format!(
        "{shown} alone is taken for an image stream of a cluster; write {DOCKER}{shown}{tag} for an image in a registry, dir:PATH for a directory that skopeo wrote, --filename FILE for a file with the Image object"
    ))
}

/// Parses an IMAGE argument.
///
/// # Errors
/// When it is empty, of a kind that this version does not have, or something else than an image.
pub fn image_name(text: &str) -> Result<ImageName, UsageError> {
    let wrong = |what: String| Err(UsageError::new(format!("{}: {what}", safe(text))));
    if text.is_empty() {
        return Err(UsageError::new("an IMAGE argument is empty"));
    }
    if has_login(text) {
        return Err(UsageError::new(
            "an IMAGE argument has a user name and a password in it, which is why it is not shown: write it without them; verify, audit and inspect take the login in the file of --authfile, or as --creds USER:PASSWORD",
        ));
    }
    if let Some(path) = text.strip_prefix(DIR) {
        if path.is_empty() {
            return Err(UsageError::new("dir: needs the path of a directory: dir:PATH"));
        }
        return Ok(ImageName::Directory(path.into()));
    }
    if text.contains(|c: char| c.is_whitespace() || crate::text::is_unsafe(c)) {
        // What cannot be seen is told first; a blank within may be one in the name of a file.
        let visible = || Some(text).filter(|_| !text.contains(crate::text::is_unsafe));
        let path = visible().and_then(|text| at_hand(text).or_else(|| if_path(text)));
        return wrong(path.unwrap_or_else(|| blank(text)));
    }
    if let Some(reference) = text.strip_prefix(DOCKER) {
        return in_registry(reference).map(ImageName::Registry).or_else(wrong);
    }
    if let Some((word, name)) = text.split_once('/') {
        if let Some(kind) = Type::parse(word) {
            // A directory of files may be called as a type is.
            return typed(kind, word, name).or_else(|what| wrong(at_hand(text).unwrap_or(what)));
        }
    }
    match other(text) {
        Some(what) => wrong(what),
        None => Ok(ImageName::Object(text.to_owned())),
    }
}

/// A name with white space in it or around it, as copied from a file with other line ends or a formatted page.
#[must_use]
pub(crate) fn blank(text: &str) -> String {
    let is_blank = |c: char| c.is_whitespace() || crate::text::is_unsafe(c);
    let trimmed = text.trim_matches(is_blank);
    if trimmed.is_empty() || trimmed.contains(is_blank) {
        return "white space or an invisible character is not allowed in a name".to_owned();
    }
    let place = if text.starts_with(is_blank) { "before" } else { "after" };
    format!("white space or an invisible character is {place} it; write {trimmed}")
}

/// The name in TYPE/NAME, which must be one that the type has.
fn typed(kind: Type, word: &str, name: &str) -> Result<ImageName, String> {
    let meant = if word.contains('.') || name.starts_with("sha256:") {
        String::new()
    } else {
        let namespace = word.to_ascii_lowercase();
        format!("; for a stream in a namespace called {namespace} write {name} -n {namespace}")
    };
    if name.contains('/') {
        return Err(format!(
            "{word}/ must be followed by one name; the namespace is given with -n, or without a type: NAMESPACE/STREAM:TAG"
        ));
    }
    let is_digest = |text: &str| Digest::parse(text).is_ok_and(|digest| digest.algorithm() == Algorithm::Sha256);
    match kind {
        Type::Image if is_digest(name) => {}
        Type::Image => {
            return Err(format!(
                "{word}/ must be followed by sha256: and 64 hexadecimal digits{meant}"
            ));
        }
        Type::Tag if name.contains(':') && !name.contains('@') => {}
        Type::Tag => return Err(format!("{word}/ must be followed by STREAM:TAG{meant}")),
        Type::StreamImage if name.split_once('@').is_some_and(|(_, digest)| is_digest(digest)) => {}
        Type::StreamImage => {
            return Err(format!("{word}/ must be followed by STREAM@sha256:DIGEST{meant}"));
        }
    }
    Ok(ImageName::Object(name.to_owned()))
}

/// The reference after `docker://`, which must have either a tag or a digest.
fn in_registry(text: &str) -> Result<Reference, String> {
    if text.is_empty() {
        return Err(format!("{DOCKER} needs a reference: {DOCKER}REGISTRY/NAME:TAG"));
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        // Whether a registry is spoken to plainly is no matter of its images' names.
        let plainly = match scheme.eq_ignore_ascii_case("http") {
            true => "; plain http is spoken to registries that have insecure = true in registries.conf",
            false => "",
        };
        return Err(format!(
            "write it without {}://: {DOCKER}{}{plainly}",
            safe(scheme),
            safe(rest)
        ));
    }
    if text.contains(['[', ']']) {
        return Err("an IPv6 address is not allowed in a reference; write a host name".to_owned());
    }
    if Digest::parse(text).is_ok() {
        return Err(format!(
            "it is a digest, which does not say where the image is; write {DOCKER}REGISTRY/NAME@{text}"
        ));
    }
    if is_registry(text) {
        return Err(format!(
            "it is a registry, not an image; write {DOCKER}{}/NAME:TAG",
            safe(text)
        ));
    }
    let reference = Reference::parse(text).map_err(|error| error.to_string())?;
    // The grammar of references has no largest one.
    let port = reference.domain().rsplit_once(':').map(|(_, port)| port);
    if let Some(port) = port.filter(|port| !matches!(port.parse::<u16>(), Ok(1..))) {
        return Err(format!("{} is not a port (1 to 65535)", safe(port)));
    }
    match (reference.tag(), reference.digest()) {
        (None, None) => Err(format!(
            "it has neither a tag nor a digest; if you mean the tag latest, write {DOCKER}{}:latest",
            safe(text)
        )),
        (Some(_), Some(digest)) => Err(format!(
            "it has both a tag and a digest; give one of them; verify takes the digest that the image must have as --expected-digest {digest}"
        )),
        _ => Ok(reference),
    }
}
