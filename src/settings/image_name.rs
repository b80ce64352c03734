// SPDX-License-Identifier: Apache-2.0
//! IMAGE arguments: the forms that are accepted, and what people write where one is expected.

use std::path::{Path, PathBuf};

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

/// What stands before a reference that is looked for in its registry.
const DOCKER: &str = "docker://";

/// Registries that docker.io is called.
const DOCKER_IO: [&str; 2] = ["docker.io/", "index.docker.io/"];

/// What to say of `docker://REFERENCE` without a registry: docker.io is taken for it, where podman resolves such names by its
/// configuration. Nothing where the registry is named.
#[must_use]
pub fn short_name(asked: &str, reference: &Reference) -> Option<String> {
    let text = asked.strip_prefix(DOCKER).unwrap_or(asked);
    let is_named = reference.domain() != "docker.io" || DOCKER_IO.iter().any(|host| text.starts_with(host));
    (!is_named).then(|| {
        format!(
            "{} names no registry, and docker.io is taken for it, whatever search list podman has: write {DOCKER}{reference}",
            safe(asked)
        )
    })
}

/// What TYPE/NAME may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Image,
    Tag,
    StreamImage,
}

/// Transports of skopeo that this program does not read and that cannot be meant as the name of a stream.
const TRANSPORTS: [&str; 5] = [
    "oci",
    "oci-archive",
    "docker-archive",
    "docker-daemon",
    "containers-storage",
];

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
pub fn without_type(text: &str) -> Option<&str> {
    let (word, name) = text.split_once('/')?;
    Type::parse(word).map(|_| name)
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
            "an IMAGE argument has a user name and a password in it, which is why it is not shown: write it without them, and the login into the file of --authfile, or as --creds USER:PASSWORD",
        ));
    }
    if let Some(path) = text.strip_prefix("dir:") {
        if path.is_empty() {
            return Err(UsageError::new("dir: needs the path of a directory: dir:PATH"));
        }
        return Ok(ImageName::Directory(path.into()));
    }
    if text.contains(|c: char| c.is_whitespace() || crate::text::is_unsafe(c)) {
        return wrong(blank(text));
    }
    if let Some(reference) = text.strip_prefix(DOCKER) {
        return in_registry(reference).map(ImageName::Registry).or_else(wrong);
    }
    if let Some((word, name)) = text.split_once('/') {
        if let Some(kind) = Type::parse(word) {
            return typed(kind, word, name).or_else(wrong);
        }
    }
    match other(text) {
        Some(what) => wrong(what),
        None => Ok(ImageName::Object(text.to_owned())),
    }
}

/// A name with white space in it or around it, as copied from a file with other line ends or a formatted page.
#[must_use]
pub fn blank(text: &str) -> String {
    let is_blank = |c: char| c.is_whitespace() || crate::text::is_unsafe(c);
    let trimmed = text.trim_matches(is_blank);
    if trimmed.is_empty() || trimmed.contains(is_blank) {
        return "white space or an invisible character cannot stand in a name".to_owned();
    }
    let place = if text.starts_with(is_blank) { "before" } else { "after" };
    format!("white space or an invisible character stands {place} it; write {trimmed}")
}

/// The name in TYPE/NAME, which must be one that the type has.
fn typed(kind: Type, word: &str, name: &str) -> Result<ImageName, String> {
    let meant = if word.contains('.') {
        String::new()
    } else {
        let namespace = word.to_ascii_lowercase();
        format!("; for a stream in a namespace called {namespace} write {name} -n {namespace}")
    };
    if name.contains('/') {
        return Err(format!(
            "{word}/ is a type, which one name follows; the namespace is given with -n, or without a type: NAMESPACE/STREAM:TAG"
        ));
    }
    let is_digest = |text: &str| Digest::parse(text).is_ok_and(|digest| digest.algorithm() == Algorithm::Sha256);
    match kind {
        Type::Image if is_digest(name) => {}
        Type::Image => {
            return Err(format!(
                "{word}/ is a type, which sha256: and 64 hexadecimal digits follow{meant}"
            ));
        }
        Type::Tag if name.contains(':') && !name.contains('@') => {}
        Type::Tag => return Err(format!("{word}/ is a type, which STREAM:TAG follows{meant}")),
        Type::StreamImage if name.split_once('@').is_some_and(|(_, digest)| is_digest(digest)) => {}
        Type::StreamImage => {
            return Err(format!("{word}/ is a type, which STREAM@sha256:DIGEST follows{meant}"));
        }
    }
    Ok(ImageName::Object(name.to_owned()))
}

/// What a text is, if it is no name of an object but something that people have at hand, and what to write instead.
fn other(text: &str) -> Option<String> {
    let scheme = |name: &str| text.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name));
    if text.starts_with("docker:") {
        return Some(in_a_registry(
            text.trim_start_matches("docker:").trim_start_matches('/'),
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
    if let Some((transport, rest)) = text.split_once(':') {
        if TRANSPORTS.contains(&transport) {
            let stream = match rest {
                "" => String::new(),
                _ if rest.contains('/') => String::new(),
                _ => format!("; a stream called {transport} is written NAMESPACE/{text}"),
            };
            return Some(format!(
                "{transport}: is a transport of skopeo that is not read here, and that keeps no signatures; verify the image where its signatures are: docker://REFERENCE{stream}"
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

/// Whether a text names an image in a registry: a namespace of a cluster has neither dots nor colons, and one slash
/// follows it.
fn is_in_a_registry(text: &str) -> bool {
    let Some((first, rest)) = text.split_once('/') else {
        return false;
    };
    let is_host = first.contains(['.', ':']) || first == "localhost";
    Reference::parse(text).is_ok() && (is_host || rest.contains('/'))
}

fn in_a_registry(reference: &str) -> String {
    let reference = safe(reference);
    let (whole, note) = match Reference::parse(&reference) {
        Ok(parsed) if parsed.is_name_only() => (
            format!("{reference}:latest"),
            "; it has no tag: latest stands for it here".to_owned(),
        ),
        _ => (reference, String::new()),
    };
    format!("it is an image in a registry; write {DOCKER}{whole}, or name it as the cluster does: [NAMESPACE/]STREAM:TAG or sha256:DIGEST{note}")
}

/// The reference after `docker://`, which must have either a tag or a digest.
fn in_registry(text: &str) -> Result<Reference, String> {
    if text.is_empty() {
        return Err(format!("{DOCKER} needs a reference: {DOCKER}REGISTRY/NAME:TAG"));
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        return Err(format!("write it without {}://: {DOCKER}{}", safe(scheme), safe(rest)));
    }
    if text.contains(['[', ']']) {
        return Err("an IPv6 address cannot stand in a reference; write a host name".to_owned());
    }
    let reference = Reference::parse(text).map_err(|error| error.to_string())?;
    match (reference.tag(), reference.digest()) {
        (None, None) => Err(format!(
            "it has neither a tag nor a digest; if you mean the tag latest, write {DOCKER}{}:latest",
            safe(text)
        )),
        (Some(_), Some(digest)) => Err(format!(
            "it has both a tag and a digest; give one of them, and a digest that the image must have with --expected-digest {digest}"
        )),
        _ => Ok(reference),
    }
}

/// What to write for a file or a directory. A name that could be one of an object is not looked up among the files.
fn path(text: &str) -> Option<String> {
    const ENDINGS: [&str; 8] = [".json", ".yaml", ".yml", ".sig", ".gpg", ".asc", ".tar", ".tgz"];
    let begins = ["/", "./", "../", "~/", "file:"]
        .iter()
        .any(|start| text.starts_with(start));
    let is_word = !text.contains([':', '@', '=']);
    let ends = is_word && (ENDINGS.iter().any(|end| text.ends_with(end)) || text.ends_with('/'));
    let is_there = Path::new(text).exists();
    if !(begins || ends || text == "." || text == ".." || is_there && is_word) {
        return None;
    }
    let (shown, path) = (safe(text), Path::new(text));
    let looks = if is_there { "is" } else { "looks like the path of" };
    Some(if path.join("manifest.json").is_file() {
        format!("it is a directory with an image; write dir:{shown}")
    } else if path.is_dir() || text.ends_with('/') {
        format!(
            "it {looks} a directory; write --filename {shown} for the API objects in it, dir:{shown} for an image that skopeo copied"
        )
    } else if [".json", ".yaml", ".yml"].iter().any(|end| text.ends_with(end)) {
        format!(
            "it {looks} a file; write --filename {shown} for the API objects in it (the option before each file), --manifest {shown} and --signature-file for a manifest"
        )
    } else {
        format!(
            "it {looks} a file; write --filename for API objects, --manifest and --signature-file for bare parts, dir:PATH for a directory that skopeo wrote"
        )
    })
}
