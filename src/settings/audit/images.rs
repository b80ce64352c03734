// SPDX-License-Identifier: Apache-2.0
//! Which images are judged.

use std::path::Path;

use crate::cli::audit::Audit as Options;
use crate::settings::image_name::ImageName;
use crate::settings::requests::{self, Lacking, Request};
use crate::settings::{objects, UsageError};
use crate::source::objects::{sources, Place};
use crate::text::safe;

/// The images of an audit.
#[derive(Debug, Clone)]
pub enum Images {
    /// Objects in files.
    Files {
        /// The files.
        places: Vec<Place>,
        /// Directories in directories are read too.
        is_recursive: bool,
        /// Which of the objects, with what is expected of them; all where none is named.
        named: Option<Vec<Request>>,
    },
    /// Directories.
    Places {
        /// The images.
        named: Vec<Request>,
        /// The list that names them, if one does.
        list: Option<String>,
    },
}

impl Images {
    pub(super) fn new(options: &Options) -> Result<Self, UsageError> {
        let places = objects::places(&options.source)?;
        if places.contains(&Place::Stdin) && options.images_from.as_deref() == Some(Path::new("-")) {
            return Err(UsageError::new(
                "`-` may be given only once: standard input can be read once",
            ));
        }
        let list = options
            .images_from
            .as_ref()
            .map(|list| safe(&list.display().to_string()));
        let named = named(options, list.as_deref())?;
        if !places.is_empty() {
            let namespace = options.source.client.namespace.as_deref();
            return Ok(Self::Files {
                places,
                is_recursive: options.source.recursive,
                named: named.map(|named| in_files(named, namespace)).transpose()?,
            });
        }
        let Some(named) = named else {
            return Err(UsageError::new("no image: give --filename, --images-from or IMAGE"));
        };
        let is_elsewhere = |request: &&Request| !matches!(request.image, ImageName::Directory(_));
        if let Some(request) = named.iter().find(is_elsewhere) {
            return Err(UsageError::new(format!(
                "{}: an object is named only with --filename; other images are dir:PATH",
                safe(&request.asked)
            )));
        }
        Ok(Self::Places { named, list })
    }

    /// Records stand on Image objects.
    pub(super) fn check_recordable(&self) -> Result<(), UsageError> {
        match self {
            Self::Files { places, .. } if places.contains(&Place::Stdin) => Err(UsageError::new(
                "--confirm cannot be used with --filename -: write the objects to a file",
            )),
            Self::Files { .. } => Ok(()),
            Self::Places { .. } => Err(UsageError::new(
                "--confirm is about Image objects: a directory or an image in a registry has no place for a record",
            )),
        }
    }

    /// Where they are, in words for people.
    pub(super) fn source(&self) -> String {
        match self {
            Self::Files {
                places, named: None, ..
            } => {
                format!("files {}", safe(sources(places).trim_start_matches("file:")))
            }
            Self::Files { places, .. } => {
                format!("named objects in {}", safe(sources(places).trim_start_matches("file:")))
            }
            Self::Places { list: Some(list), .. } => format!("list {list}"),
            Self::Places { named, .. } => {
                let names: Vec<String> = named.iter().map(|request| safe(&request.asked)).collect();
                format!("images {}", names.join(", "))
            }
        }
    }
}

fn named(options: &Options, list: Option<&str>) -> Result<Option<Vec<Request>>, UsageError> {
    match (&options.images_from, list) {
        (Some(_), _) if !options.images.is_empty() => Err(UsageError::new(
            "--images-from cannot be used with IMAGE: it names the images",
        )),
        (Some(file), Some(shown)) => {
            let text = requests::read_list(file)?;
            requests::from_list(shown, &text, Lacking::Fine).map(Some)
        }
        _ if options.images.is_empty() => Ok(None),
        _ => requests::named(&options.images).map(Some),
    }
}

/// With `--filename` each image is an object of the files.
fn in_files(mut named: Vec<Request>, namespace: Option<&str>) -> Result<Vec<Request>, UsageError> {
    for request in &mut named {
        if !matches!(request.image, ImageName::Object(_)) {
            return Err(UsageError::new(format!(
                "{}: with --filename IMAGE names an object in the files",
                safe(&request.asked)
            )));
        }
        request.image = request.image.clone().in_namespace(namespace);
    }
    Ok(named)
}
