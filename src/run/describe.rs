// SPDX-License-Identifier: Apache-2.0
//! `describe`: shows what is recorded on an image, and judges nothing.

use super::cluster::{Session, SOURCE};
use super::documents::Documents as _;
use super::objects;
use crate::digest::{Algorithm, Digest};
use crate::image::{self, Child};
use crate::reason::{Reason, Refusal};
use crate::report::console::Console;
use crate::report::description::{self, ChildDescription, Description, SignatureDescription};
use crate::report::exit::Exit;
use crate::report::json::Syntax;
use crate::report::listing::Listing;
use crate::settings::describe::Describe;
use crate::settings::objects::Objects;
use crate::settings::UsageError;
use crate::source::objects::{Loaded, ObjectFiles};
use crate::text::url::without_secrets;
use crate::text::{io_message, quoted, safe};

/// Most images of a manifest list that are looked up.
const MAX_CHILDREN: usize = 64;

/// Shows what is recorded about signatures.
///
/// # Errors
/// When TLS cannot be set up.
pub fn run(settings: Describe, console: &mut Console<'_>) -> Result<Exit, UsageError> {
    let syntax = settings.output.syntax();
    let width = console.width;
    let mut listing = Listing::new(syntax.is_some(), console.out);
    let (mut is_first, mut trouble) = (true, false);
    let mut put = |description: &Description| {
        listing.put(&description::render(description, is_first, syntax, width));
        is_first = false;
        trouble |= has_trouble(description);
    };
    match settings.objects {
        Objects::Files { places, names, asked } => {
            let files = ObjectFiles::open(&places, settings.is_recursive);
            if names.is_none() {
                files.parts().for_each(|part| console.err.warning(part));
            }
            for selected in objects::select(&files, names.as_deref(), &places) {
                let asked = selected.request.and_then(|request| asked.get(request));
                let loaded = selected.found.map(|found| found.loaded);
                let description = describe(selected.name, selected.source, loaded, &mut |child| {
                    in_files(&files, child)
                });
                put(&description.asked_for_as(asked));
            }
        }
        Objects::Cluster { access, names, asked } => {
            let mut cluster = Session::new(*access, &mut console.err)?;
            for (name, asked) in names.into_iter().zip(&asked) {
                let loaded = cluster.find(&name).map(|found| found.loaded);
                let shown = loaded
                    .as_ref()
                    .map_or_else(|_| name.to_string(), |loaded| loaded.image.name.clone());
                let description = describe(shown, SOURCE.to_owned(), loaded, &mut |child| {
                    cluster.image(&digest(child)?)
                });
                put(&description.asked_for_as(Some(asked)));
                cluster.tell_warnings(&mut console.err);
            }
        }
    }
    let ended = listing.end(|out, items| description::write_all(out, syntax.unwrap_or(Syntax::Json), items));
    if let Err(error) = &ended {
        console.err.error(format_args!(
            "storing the descriptions temporarily: {}",
            io_message(error)
        ));
    }
    Ok(if trouble || ended.is_err() {
        Exit::Trouble
    } else {
        Exit::Success
    })
}

/// Whether something could not be looked at. That an image of a list is not stored is nothing unusual.
fn has_trouble(description: &Description) -> bool {
    let mut children = description.children.iter();
    description.trouble.is_some()
        || children.any(|child| {
            let refusal = child.signatures.as_ref().err();
            refusal.is_some_and(|r| !matches!(r.reason, Reason::NotFound | Reason::LimitExceeded))
        })
}

/// Describes an object; `find` looks up the images of a manifest list.
fn describe(
    name: String,
    source: String,
    loaded: Result<Loaded, Refusal>,
    find: &mut dyn FnMut(&Child) -> Result<Loaded, Refusal>,
) -> Description {
    let mut description = Description {
        image: name,
        requested: None,
        source,
        reference: String::new(),
        trouble: None,
        signatures: Vec::new(),
        children: Vec::new(),
    };
    match loaded {
        Err(refusal) => description.trouble = Some(refusal),
        Ok(loaded) => {
            let reference = loaded.object["dockerImageReference"].as_str();
            description.reference = without_secrets(reference.unwrap_or_default());
            description.signatures = signatures(&loaded);
            description.children = image::children(&loaded.object)
                .into_iter()
                .enumerate()
                .map(|(n, child)| {
                    let signatures = if n < MAX_CHILDREN {
                        find(&child).map(|loaded| signatures(&loaded))
                    } else {
                        let message = format!(
                            "it is number {} of the manifest list; {MAX_CHILDREN} are looked up",
                            n + 1
                        );
                        Err(Refusal::new(Reason::LimitExceeded, message))
                    };
                    ChildDescription { child, signatures }
                })
                .collect();
        }
    }
    description
}

fn signatures(loaded: &Loaded) -> Vec<SignatureDescription> {
    let entries = loaded.image.signatures.iter().enumerate();
    entries
        .map(|(n, signature)| {
            let damage = signature.content.as_ref().err().cloned();
            SignatureDescription::of(&loaded.object["signatures"][n], damage)
        })
        .collect()
}

fn in_files(files: &ObjectFiles, child: &Child) -> Result<Loaded, Refusal> {
    let positions = files.find(&child.digest);
    let position = positions.first().ok_or_else(|| {
        let message = format!("no object {} is in the files", safe(&child.digest));
        Refusal::new(Reason::NotFound, message)
    })?;
    files.load(*position).loaded
}

/// A list is written by somebody else: what it names must be a digest before it becomes a part of a URL.
fn digest(child: &Child) -> Result<Digest, Refusal> {
    let digest = Digest::parse(&child.digest).ok();
    digest
        .filter(|digest| digest.algorithm() == Algorithm::Sha256)
        .ok_or_else(|| {
            let message = format!("{} is not a sha256 digest", quoted(&child.digest));
            Refusal::new(Reason::MalformedImage, message)
        })
}
