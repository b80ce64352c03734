// SPDX-License-Identifier: Apache-2.0
//! The list of `--images-from`: an image on each line, with its identity.

use std::path::Path;

use super::pairs::{group, itself, object_name, split_pair, Expected, Pair, Request};
use crate::files::read::read_bounded;
use crate::settings::expected_identity::expected_identity;
use crate::settings::image_name::{as_in_a_registry, image_name, ImageName};
use crate::settings::UsageError;
use crate::text::{hidden_line, io_message, safe};

/// Largest file for `--images-from`, in bytes.
const MAX_LIST: u64 = 64 << 20;

/// What the names of objects in a list are looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// They are those of a cluster, each with an expected identity.
    OfCluster,
    /// They are those of objects in files, each with an expected identity.
    OfFiles,
    /// `audit` looks at them itself, and needs no expected identity.
    Audited,
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
pub(crate) fn from_list(place: &str, text: &str, names: Names) -> Result<Vec<Request>, UsageError> {
    let expected = match names {
        Names::Audited => Expected::Optional,
        Names::OfCluster | Names::OfFiles => Expected::Required,
    };
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
        let words = line.split_whitespace().count();
        let pair = match line.rsplit_once(char::is_whitespace) {
            Some((image, _)) if words > 2 && image.starts_with("docker://") => Err(UsageError::new(format!(
                "expected an image and its identity, found {words} words"
            ))),
            Some((image, identity)) => {
                let asked = image.trim_end();
                image_name(asked).and_then(|image| {
                    if let (Names::OfCluster, ImageName::Object(name)) = (names, &image) {
                        object_name(name, asked)?;
                    }
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
                _ if line.contains('=') => Err(UsageError::new(
                    "expected an image and its identity, with white space between them and no equals sign",
                )),
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
