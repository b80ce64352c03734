// SPDX-License-Identifier: Apache-2.0
//! The settings of commands that work on objects without judging them: `remove`, `describe`.

use std::path::Path;

use super::requests::{image_name, ImageName};
use super::UsageError;
use crate::cli::verify::SourceOptions;
use crate::source::objects::Place;
use crate::text::safe;

/// Which objects.
#[derive(Debug, Clone)]
pub struct Objects {
    /// The files.
    pub places: Vec<Place>,
    /// Their names; all objects where there is none.
    pub names: Option<Vec<String>>,
}

impl Objects {
    /// Validates source and images.
    ///
    /// # Errors
    /// When there are no files, or an image is none that can be in them.
    pub fn new(source: &SourceOptions, images: &[String]) -> Result<Self, UsageError> {
        let mut names = Vec::new();
        for text in images {
            match image_name(text)? {
                ImageName::Object(name) => names.push(name),
                ImageName::Directory(_) => {
                    return Err(UsageError::new(format!("{}: a directory has no records", safe(text))));
                }
            }
        }
        let places = places(source)?;
        if places.is_empty() {
            return Err(UsageError::new(
                "no source: a cluster is not one in this version; give the objects with --filename",
            ));
        }
        let names = (!names.is_empty()).then_some(names);
        Ok(Self { places, names })
    }
}

/// The places of `--filename`.
///
/// # Errors
/// When standard input is named twice.
pub fn places(source: &SourceOptions) -> Result<Vec<Place>, UsageError> {
    let places: Vec<Place> = source.filename.iter().map(|path| place(path)).collect();
    if places.iter().filter(|place| **place == Place::Stdin).count() > 1 {
        return Err(UsageError::new(
            "standard input can be read once: --filename - is given twice",
        ));
    }
    Ok(places)
}

fn place(path: &Path) -> Place {
    if path == Path::new("-") {
        Place::Stdin
    } else {
        Place::Path(path.to_owned())
    }
}
