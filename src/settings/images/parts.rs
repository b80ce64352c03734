// SPDX-License-Identifier: Apache-2.0
//! An image by its bare parts: a manifest or its digest, and signatures.

use std::path::{Path, PathBuf};

use super::requested::identities;
use crate::cli;
use crate::digest::Digest;
use crate::reference::Reference;
use crate::settings::image_name::{image_name, ImageName};
use crate::settings::{requests, UsageError};
use crate::text::safe;

/// A manifest and signatures in files.
#[derive(Debug, Clone)]
pub struct Parts {
    /// What stands for the image.
    pub image: Bare,
    /// The files of the signatures; `-` is standard input.
    pub signatures: Vec<PathBuf>,
    /// What the image must be signed as.
    pub identities: Vec<Reference>,
}

/// The image that bare signatures are judged for.
#[derive(Debug, Clone)]
pub enum Bare {
    /// That of a manifest in a file; `-` is standard input.
    Manifest(PathBuf),
    /// That of a digest, which stands for a manifest that is not at hand.
    Digest(Digest),
}

impl Parts {
    /// The parts that the options name.
    ///
    /// # Errors
    /// When one is missing, or the options name another image beside them.
    pub fn new(options: &cli::verify::VerifyCommand) -> Result<Self, UsageError> {
        if options.images_from.is_some() || !options.source.filename.is_empty() {
            return Err(UsageError::new(
                "--manifest and --signature-file are the image: they cannot be used with --filename or --images-from",
            ));
        }
        let image = match &options.manifest {
            Some(_) if !options.images.is_empty() => {
                return Err(UsageError::new(
                    "--manifest cannot be used with IMAGE: it already names the image; the digest that the image must have is given with --expected-digest",
                ));
            }
            Some(manifest) => Bare::Manifest(manifest.clone()),
            None => Bare::Digest(bare_digest(options)?),
        };
        if options.signature_file.is_empty() {
            return Err(UsageError::new("--manifest needs --signature-file FILE"));
        }
        let files = options.signature_file.iter().chain(&options.manifest);
        if files.filter(|file| *file == Path::new("-")).count() > 1 {
            return Err(UsageError::new(
                "`-` may be given only once: standard input can be read once",
            ));
        }
        Ok(Self {
            image,
            signatures: options.signature_file.clone(),
            identities: identities(options)?,
        })
    }
}

/// The digest that stands for a manifest that is not at hand. It must be said that it is expected: an IMAGE alone may be
/// meant to be looked up somewhere.
fn bare_digest(options: &cli::verify::VerifyCommand) -> Result<Digest, UsageError> {
    let Some(expected) = &options.expected_digest else {
        return Err(UsageError::new(
            "--signature-file needs --manifest FILE, or, where the manifest is not at hand, its digest as IMAGE and in --expected-digest: sha256:DIGEST --expected-digest sha256:DIGEST",
        ));
    };
    let expected = requests::expected_digest(expected)?;
    match options.images.as_slice() {
        [] => Err(UsageError::new(format!(
            "--signature-file without --manifest is for an image that is named: write {expected} as IMAGE too"
        ))),
        [image] => match image_name(image)? {
            ImageName::Object(name) => Digest::parse(&name).ok(),
            ImageName::Directory(_) | ImageName::Registry(_) => None,
        }
        .ok_or_else(|| {
            UsageError::new(format!(
                "{}: with --signature-file and without --manifest, IMAGE can only be sha256:DIGEST: write {expected}",
                safe(image)
            ))
        }),
        _ => Err(UsageError::new("--signature-file is for one image; several are named")),
    }
}
