// SPDX-License-Identifier: Apache-2.0
//! The settings of `inspect`.

use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::image_name::{image_name, short_name, ImageName};
use super::registry::Asked;
use super::{registry, UsageError};
use crate::cli::inspect::InspectCommand;
pub use crate::cli::inspect::InspectOutput;
use crate::clock::Clock;
use crate::reference::Reference;
use crate::registry::configuration::Configuration;

/// What `inspect` is to do.
#[derive(Debug, Clone)]
pub struct Inspect {
    /// What is shown, in order.
    pub places: Vec<Place>,
    /// What to warn of, safe to print.
    pub warnings: Vec<String>,
    /// How registries are reached, if an image in one is there.
    pub registries: Option<Box<Configuration>>,
    /// The time while registries are asked.
    pub clock: Clock,
    /// How claims are printed.
    pub output: InspectOutput,
    /// Claims are printed as numbered lines of text.
    pub explain: bool,
}

/// Where the signatures are that are shown.
#[derive(Debug, Clone)]
pub enum Place {
    /// A file with a signature, or a directory of them; `-` is standard input.
    Path(PathBuf),
    /// An image in a registry.
    Registry(Reference),
}

impl Inspect {
    /// Validates the options of `inspect`.
    ///
    /// # Errors
    /// When they contradict each other.
    pub fn new(options: &InspectCommand, environment: &Environment) -> Result<Self, UsageError> {
        if options.explain && options.format.output != InspectOutput::Text {
            return Err(UsageError::new(
                "--explain prints text: it cannot be used with --output",
            ));
        }
        if options.files.iter().filter(|path| *path == Path::new("-")).count() > 1 {
            return Err(UsageError::new(
                "`-` may be given only once: standard input can be read once",
            ));
        }
        let places = options.files.iter().map(|path| place(path));
        let places = places.collect::<Result<Vec<_>, _>>()?;
        let needs_registries = places.iter().any(|place| matches!(place, Place::Registry(_)));
        if let (false, Some(option)) = (needs_registries, options.registry.given().first()) {
            return Err(UsageError::new(format!(
                "{option} applies only to images in registries; add docker://REFERENCE"
            )));
        }
        let timeout = options.request_timeout.as_deref();
        if let (false, Some(_)) = (needs_registries, timeout) {
            return Err(UsageError::new(
                "--request-timeout applies only to images in registries; add docker://REFERENCE",
            ));
        }
        let asked = Asked::of(places.iter().filter_map(|place| match place {
            Place::Registry(reference) => Some(reference),
            _ => None,
        }));
        let mut registries = needs_registries
            .then(|| registry::configuration(&options.registry, &asked, timeout, environment))
            .transpose()?
            .map(Box::new);
        if let Some(registries) = &mut registries {
            // Whatever is there is shown.
            registries.wants_attachments = true;
        }
        let warnings = options
            .files
            .iter()
            .zip(&places)
            .filter_map(|(file, place)| match place {
                Place::Registry(reference) => short_name(file.to_str()?, reference),
                Place::Path(_) => None,
            });
        Ok(Self {
            warnings: warnings.collect(),
            places,
            registries,
            clock: environment.clock(),
            output: options.format.output,
            explain: options.explain,
        })
    }
}

/// `dir:PATH` is a directory as for the other commands, unless a file has just this name.
fn place(path: &Path) -> Result<Place, UsageError> {
    if let Some(text) = path.to_str().filter(|text| text.starts_with("docker://")) {
        return match image_name(text)? {
            ImageName::Registry(reference) => Ok(Place::Registry(reference)),
            _ => Ok(Place::Path(path.to_owned())),
        };
    }
    let directory = path.to_str().and_then(|text| text.strip_prefix("dir:"));
    Ok(Place::Path(match directory {
        Some(directory) if !path.exists() && !directory.is_empty() => directory.into(),
        _ => path.to_owned(),
    }))
}
