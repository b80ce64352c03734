// SPDX-License-Identifier: Apache-2.0
//! Which images are asked for, and as what: the pairing of IMAGE arguments and expected identities.

use std::path::Path;

use super::expected_identity::expected_identity;
use super::image_name::{as_in_a_registry, elsewhere, image_name, ImageName};
use super::UsageError;
use crate::digest::Digest;
use crate::files::read::read_bounded;
use crate::identity::{Remap, Rule};
use crate::reference::Reference;
use crate::text::{hidden_line, io_message, place, quoted, safe};

/// Largest file for `--images-from`, in bytes.
const MAX_LIST: u64 = 64 << 20;

/// One image and the references that it may be signed as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The image that is asked for.
    pub image: ImageName,
    /// The same as the user wrote it.
    pub asked: String,
    /// Alternatives; at least one.
    pub identities: Vec<Reference>,
    /// The image is expected to be signed as the reference that it is asked for by.
    pub names_itself: bool,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requests {
    /// These images, each with identities of its own.
    Named(Vec<Request>),
    /// Every object of the files, all with these identities.
    Everything(Vec<Reference>),
}

impl Requests {
    /// How many images are asked for by name; nothing where all are.
    #[must_use]
    pub fn count(&self) -> Option<usize> {
        match self {
            Requests::Named(named) => Some(named.len()),
            Requests::Everything(_) => None,
        }
    }
}

/// The rule that `--identity-match` names; without the option matchRepoDigestOrExact, as podman has it.
///
/// # Errors
/// When the rule is unknown or a prefix is invalid.
pub(crate) fn identity_rule(text: Option<&str>) -> Result<Rule, UsageError> {
    match text {
        None | Some("matchRepoDigestOrExact") => Ok(Rule::MatchRepoDigestOrExact),
        Some("matchExact") => Ok(Rule::MatchExact),
        Some("matchRepository") => Ok(Rule::MatchRepository),
        Some(text) => match text.strip_prefix("remap:").map(|rest| rest.split_once('=')) {
            Some(Some((prefix, signed))) => {
                let wrong = |what: String| UsageError::new(format!("--identity-match {}: {what}", place::shown(text)));
                let remap = Remap::new(prefix, signed).map_err(|error| wrong(error.to_string()))?;
                // One that gives no reference matches nothing, here as in a policy; each image says so.
                Ok(Rule::Remap(remap))
            }
            Some(None) => Err(UsageError::new(format!(
                "--identity-match {}: expected remap:PREFIX=SIGNED-PREFIX",
                place::shown(text)
            ))),
            None => Err(UsageError::new(format!(
                "--identity-match {}: expected matchRepoDigestOrExact, matchExact, matchRepository or remap:PREFIX=SIGNED-PREFIX",
                place::shown(text)
            ))),
        },
    }
}

/// The digest that `--expected-digest` names: sha256, by which images are named.
///
/// # Errors
/// When it is not a sha256 digest.
pub(crate) fn expected_digest(text: &str) -> Result<Digest, UsageError> {
    match Digest::parse(text) {
        Ok(digest) if digest.algorithm() == crate::digest::Algorithm::Sha256 => Ok(digest),
        Ok(_) => Err(UsageError::new(format!(
            "--expected-digest {text}: images are named by sha256 digests"
        ))),
        Err(error) => {
            let reference = text.rsplit_once('@').map(|(_, digest)| digest);
            let hint = match reference.filter(|digest| Digest::parse(digest).is_ok()) {
                Some(digest) => format!("; the digest in it is {digest}"),
                None => String::new(),
            };
            Err(UsageError::new(format!(
                "--expected-digest {}: {error}{hint}",
                quoted(text)
            )))
        }
    }
}

/// Pairs IMAGE arguments with identities.
///
/// # Errors
/// When images lack an identity, or many images stand against many identities.
pub fn pair(images: &[String], identities: &[String]) -> Result<Vec<Request>, UsageError> {
    if identities.is_empty() {
        return group(images.iter().map(|text| split_pair(text, Expected::Required)));
    }
    let references = identities
        .iter()
        .map(|text| expected_identity(text))
        .collect::<Result<Vec<_>, _>>()?;
    if images.len() > 1 && references.len() > 1 {
        return Err(UsageError::new(
            "several images and several expected identities: write IMAGE=REF for each, or use --images-from",
        ));
    }
    images
        .iter()
        .map(|text| {
            if !is_directory_as_it_stands(text)
                && split_pair(text, Expected::Required).is_ok_and(|pair| !pair.names_itself)
            {
                return Err(UsageError::new(format!(
                    "{}: IMAGE=REF cannot be used with --expected-identity",
                    safe(text)
                )));
            }
            let image = image_name(text)?;
            Ok(Request {
                image,
                asked: text.clone(),
                identities: references.clone(),
                names_itself: false,
            })
        })
        .collect()
}

/// Images, each with its identity where it has one.
///
/// # Errors
/// When an argument is no image.
pub fn named(images: &[String]) -> Result<Vec<Request>, UsageError> {
    group(images.iter().map(|text| split_pair(text, Expected::Optional)))
}

/// Whether each image must have an expected identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// An image without one is a usage error.
    Required,
    /// An image without one is Unchecked, unless something else says what is expected.
    Optional,
}

/// Whether the whole of an argument is a directory that is there, an equals sign in its name notwithstanding.
fn is_directory_as_it_stands(text: &str) -> bool {
    text.strip_prefix("dir:").is_some_and(|path| Path::new(path).is_dir())
}

/// Splits `IMAGE=REF` at the last `=`.
fn split_pair(text: &str, expected: Expected) -> Result<Pair, UsageError> {
    let pair = text.rsplit_once('=').filter(|_| !is_directory_as_it_stands(text));
    let Some((image, identity)) = pair else {
        // What is no image at all is told first.
        match image_name(text)? {
            ImageName::Registry(reference) => return Ok(itself(text, reference)),
            image if expected == Expected::Optional => return Ok(alone(text, image)),
            _ => {}
        }
        let meant = elsewhere(text).map(|meant| format!("; {meant}")).unwrap_or_default();
        return Err(UsageError::new(format!(
            "no expected identity for {}: give --expected-identity REF, or write IMAGE=REF; the image itself cannot say what you expect it to be{meant}",
            safe(text)
        )));
    };
    Ok(Pair {
        image: image_name(image)?,
        asked: image.to_owned(),
        identity: Some(expected_identity(identity)?),
        names_itself: false,
    })
}

/// An image and one of its identities, if it has one.
struct Pair {
    image: ImageName,
    asked: String,
    identity: Option<Reference>,
    names_itself: bool,
}

/// An image of which nobody says what is expected.
fn alone(text: &str, image: ImageName) -> Pair {
    Pair {
        image,
        asked: text.to_owned(),
        identity: None,
        names_itself: false,
    }
}

/// An image in a registry, where nothing else is expected than that it is signed as what it is asked for by.
fn itself(text: &str, reference: Reference) -> Pair {
    Pair {
        image: ImageName::Registry(reference.clone()),
        asked: text.to_owned(),
        identity: Some(reference),
        names_itself: true,
    }
}

/// How messages name the file of `--images-from`, safe to print.
pub(crate) fn list_name(path: &Path) -> String {
    match path == Path::new("-") {
        true => "standard input".to_owned(),
        false => safe(&path.display().to_string()),
    }
}

/// Reads the file of `--images-from`; `-` is standard input.
///
/// # Errors
/// When it cannot be read, is too large or no text.
pub(crate) fn read_list(path: &Path) -> Result<String, UsageError> {
    let shown = list_name(path);
    let file = if path == Path::new("-") {
        Path::new("/dev/stdin")
    } else {
        path
    };
    let bytes = read_bounded(file, MAX_LIST)
        .map_err(|error| UsageError::new(format!("reading {shown}: {}", io_message(&error))))?
        .ok_or_else(|| UsageError::new(format!("{shown} has more than {MAX_LIST} bytes")))?;
    crate::input::text(bytes).map_err(|error| UsageError::new(format!("{shown} is not text: {error}")))
}

/// Reads a list with an image and an identity on each line; empty lines and those that begin with `#` do not count.
///
/// # Errors
/// When a line has another form. The message names it.
pub(crate) fn from_list(place: &str, text: &str, expected: Expected) -> Result<Vec<Request>, UsageError> {
    if looks_like_objects(text) {
        return Err(UsageError::new(format!(
            "{place}: it looks like a file of API objects, and a list has the name of an image on each line; --filename takes the objects"
        )));
    }
    let lines = text.lines().enumerate();
    let pairs = lines.filter_map(|(number, line)| {
        if let Some(what) = hidden_line(line) {
            return Some(Err(UsageError::new(format!("{place}, line {}: {what}", number + 1))));
        }
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        // Only the path of a directory may have white space in it.
        let pair = match line.rsplit_once(char::is_whitespace) {
            Some((image, identity)) => {
                let asked = image.trim_end();
                image_name(asked).and_then(|image| {
                    Ok(Pair {
                        image,
                        asked: asked.to_owned(),
                        identity: Some(expected_identity(identity)?),
                        names_itself: false,
                    })
                })
            }
            None if expected == Expected::Optional => split_pair(line, expected),
            None => match image_name(line) {
                Ok(ImageName::Registry(reference)) => Ok(itself(line, reference)),
                Err(error) if line.starts_with("docker://") => Err(error),
                _ => {
                    let registry = as_in_a_registry(line)
                        .map(|whole| format!("; an image in a registry needs none where it is written {whole}"));
                    Err(UsageError::new(format!(
                        "expected an image and its identity, with white space between them{}",
                        registry.unwrap_or_default()
                    )))
                }
            },
        };
        Some(pair.map_err(|error| UsageError::new(format!("{place}, line {}: {error}", number + 1))))
    });
    let requests = group(pairs)?;
    if requests.is_empty() {
        return Err(UsageError::new(format!("{place}: it names no image")));
    }
    Ok(requests)
}

/// Whether a text begins as API objects do, in JSON or YAML.
fn looks_like_objects(text: &str) -> bool {
    let begins = |word| text.lines().take(3).any(|line: &str| line.starts_with(word));
    text.trim_start().starts_with('{') || begins("apiVersion:") || begins("kind:")
}

/// Collects the identities of each image, images in the order of their first mention. An object that is also named without
/// one occurs twice: its stream says what is expected by that name.
fn group(pairs: impl Iterator<Item = Result<Pair, UsageError>>) -> Result<Vec<Request>, UsageError> {
    let mut requests: Vec<Request> = Vec::new();
    let mut known = std::collections::HashMap::new();
    for pair in pairs {
        let Pair {
            image,
            asked,
            identity,
            names_itself,
        } = pair?;
        let is_open = identity.is_none() && matches!(image, ImageName::Object(_));
        let index = *known.entry((image.to_string(), is_open)).or_insert_with(|| {
            requests.push(Request {
                image: image.clone(),
                asked: asked.clone(),
                identities: Vec::new(),
                names_itself: true,
            });
            requests.len() - 1
        });
        requests[index].names_itself &= names_itself;
        if let Some(identity) = identity.filter(|identity| !requests[index].identities.contains(identity)) {
            requests[index].identities.push(identity);
        }
    }
    Ok(requests)
}
