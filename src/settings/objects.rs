// SPDX-License-Identifier: Apache-2.0
//! The settings of commands that work on objects without judging them: `remove`, `describe`.

use std::path::Path;

use super::environment::Environment;
use super::image_name::{as_in_a_registry, image_name, refuse_type_alone, without_type, ImageName};
use super::{cluster, UsageError};
use crate::cli::verify::{DryRun, SourceOptions};
use crate::cluster::access::Access;
use crate::cluster::names::Name;
use crate::source::objects::Place;
use crate::text::{safe, shell_word};

/// What is done with changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recording {
    /// They are only told.
    Dry,
    /// The server is asked whether it would take them.
    Trial,
    /// They are written, as `--confirm` asks for.
    Confirm,
}

impl Recording {
    /// By `--confirm` and `--dry-run`, which wins: it is never wrong not to write.
    #[must_use]
    pub fn new(confirm: bool, dry_run: Option<DryRun>) -> Self {
        match (confirm, dry_run) {
            (_, Some(DryRun::Server)) => Self::Trial,
            (_, Some(DryRun::Client)) | (false, _) => Self::Dry,
            (true, None | Some(DryRun::None)) => Self::Confirm,
        }
    }
}

/// How to run a command again so that it writes what it told: in words, to be put behind "run it again".
#[must_use]
pub(crate) fn to_write(confirm: bool, dry_run: Option<DryRun>) -> &'static str {
    match dry_run {
        Some(DryRun::Client | DryRun::Server) if confirm => "without --dry-run",
        _ => "with --confirm",
    }
}

/// Which objects a command works on, and where they are.
#[derive(Debug, Clone)]
pub enum Objects {
    /// Objects in files, directories or standard input.
    Files {
        /// The files and directories, and standard input.
        places: Vec<Place>,
        /// Their names; all objects where there is none.
        names: Option<Vec<String>>,
        /// The names as the user wrote them.
        asked: Vec<String>,
    },
    /// Those of a cluster.
    Cluster {
        /// How it is reached.
        access: Box<Access>,
        /// What they are called, in the order in which they were named.
        names: Vec<Name>,
        /// The names as the user wrote them.
        asked: Vec<String>,
    },
}

impl Objects {
    /// Validates source and images.
    ///
    /// # Errors
    /// When an image is not one that the source can have, none is named, or the cluster's configuration is of no use.
    pub fn new(source: &SourceOptions, images: &[String], environment: &Environment) -> Result<Self, UsageError> {
        let places = places(source)?;
        let namespace = source.client.namespace.as_deref().filter(|_| !places.is_empty());
        let (mut names, mut asked): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for text in images {
            if places.is_empty() {
                refuse_type_alone(text)?;
            }
            // To write dir: before it would not help here.
            let is_directory = !text.contains(':') && Path::new(text).join("manifest.json").is_file();
            let name = match (image_name(text), as_in_a_registry(text)) {
                (Err(_), _) if is_directory => ImageName::Directory(text.into()),
                (Err(_), Some(whole)) if without_type(text).is_none() => return Err(no_records(text, &whole)),
                (name, _) => name?,
            };
            match name.in_namespace(namespace) {
                ImageName::Object(name) if names.contains(&name) => {}
                ImageName::Object(name) => {
                    names.push(name);
                    asked.push(text.clone());
                }
                ImageName::Registry(_) => {
                    return Err(no_records(text, &safe(text)));
                }
                ImageName::Directory(path) => {
                    return Err(UsageError::new(format!(
                        "{}: a directory has no records; to see what its signatures claim write: image-signature inspect {}",
                        safe(text),
                        shell_word(&safe(&path.display().to_string()))
                    )));
                }
            }
        }
        if !places.is_empty() {
            let names = (!names.is_empty()).then_some(names);
            return Ok(Self::Files { places, names, asked });
        }
        if names.is_empty() {
            return Err(UsageError::new("no image: give IMAGE or --filename"));
        }
        let names = names
            .iter()
            .map(|name| Name::parse(name).map_err(UsageError))
            .collect::<Result<_, _>>()?;
        let access = Box::new(cluster::access(&source.client, environment, false, "--filename")?);
        Ok(Self::Cluster { access, names, asked })
    }
}

/// What is said of an image in a registry, and where its signatures are shown: `whole` is the image with `docker://`.
fn no_records(asked: &str, whole: &str) -> UsageError {
    UsageError::new(format!(
        "{}: an image in a registry has no records; records are on Image objects: [NAMESPACE/]STREAM:TAG or sha256:DIGEST; to see what its signatures claim write: image-signature inspect {whole}",
        safe(asked)
    ))
}

/// The places of `--filename`.
///
/// # Errors
/// When standard input is named twice, or the name of an image stands in the place of a file's.
pub fn places(source: &SourceOptions) -> Result<Vec<Place>, UsageError> {
    if let Some(what) = source.filename.iter().find_map(|path| no_file(path)) {
        return Err(UsageError::new(what));
    }
    let places: Vec<Place> = source.filename.iter().map(|path| place(path)).collect();
    if places.iter().filter(|place| **place == Place::Stdin).count() > 1 {
        return Err(UsageError::new(
            "`-` may be given only once: standard input can be read once",
        ));
    }
    Ok(places)
}

/// What to say of the name of an image that is not a file.
fn no_file(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    let what = [
        ("docker://", "an image in a registry"),
        ("dir:", "a directory that skopeo wrote"),
    ];
    let (_, what) = what.into_iter().find(|(begin, _)| text.starts_with(begin))?;
    (!path.exists()).then(|| {
        format!(
            "--filename {}: {what} is given without --filename",
            shell_word(&safe(text))
        )
    })
}

fn place(path: &Path) -> Place {
    if path == Path::new("-") {
        Place::Stdin
    } else {
        Place::Path(path.to_owned())
    }
}
