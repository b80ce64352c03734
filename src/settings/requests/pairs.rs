// SPDX-License-Identifier: Apache-2.0
//! An image and what it is expected to be signed as, as arguments and lines of lists say it.

use std::path::Path;

use crate::cluster::names::Name;
use crate::reference::Reference;
use crate::settings::expected_identity::expected_identity;
use crate::settings::image_name::{elsewhere, image_name, refuse_type_alone, ImageName};
use crate::settings::UsageError;
use crate::text::safe;

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

/// Whether each image must have an expected identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// An image without one is a usage error.
    Required,
    /// An image without one is Unchecked, unless something else says what is expected.
    Optional,
}

/// Whether the whole of an argument is a directory that is there, an equals sign in its name notwithstanding.
pub(super) fn is_directory_as_it_stands(text: &str) -> bool {
    text.strip_prefix("dir:").is_some_and(|path| Path::new(path).is_dir())
}

/// Splits `IMAGE=REF` at the last `=`.
pub(super) fn split_pair(text: &str, expected: Expected) -> Result<Pair, UsageError> {
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
pub(super) struct Pair {
    pub(super) image: ImageName,
    pub(super) asked: String,
    pub(super) identity: Option<Reference>,
    pub(super) names_itself: bool,
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
pub(super) fn itself(text: &str, reference: Reference) -> Pair {
    Pair {
        image: ImageName::Registry(reference.clone()),
        asked: text.to_owned(),
        identity: Some(reference),
        names_itself: true,
    }
}

/// The name of an object in a cluster, as an image was asked for.
///
/// # Errors
/// When no object can have it. The message says what an image elsewhere is called.
pub(in crate::settings) fn object_name(name: &str, asked: &str) -> Result<Name, UsageError> {
    refuse_type_alone(name)?;
    Name::parse(name).map_err(|what| {
        let meant = elsewhere(asked).map(|meant| format!("; {meant}"));
        UsageError(what + &meant.unwrap_or_default())
    })
}

/// Collects the identities of each image, images in the order of their first mention. An object that is also named without
/// one occurs twice: its stream says what is expected by that name.
pub(super) fn group(pairs: impl Iterator<Item = Result<Pair, UsageError>>) -> Result<Vec<Request>, UsageError> {
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
