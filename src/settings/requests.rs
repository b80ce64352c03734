// SPDX-License-Identifier: Apache-2.0
//! Which images are asked for, and as what: the pairing of IMAGE arguments and expected identities.

mod listed;
mod pairs;

pub(crate) use self::listed::{from_list, list_name, read_list, Names};
pub(super) use self::pairs::object_name;
use self::pairs::{group, is_directory_as_it_stands, split_pair};
pub use self::pairs::{Expected, Request};
use super::expected_identity::expected_identity;
use super::image_name::image_name;
use super::UsageError;
use crate::digest::Digest;
use crate::identity::{Remap, Rule};
use crate::reference::Reference;
use crate::text::{place, quoted, safe};

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
/// When an argument is not an image.
pub fn named(images: &[String]) -> Result<Vec<Request>, UsageError> {
    group(images.iter().map(|text| split_pair(text, Expected::Optional)))
}
