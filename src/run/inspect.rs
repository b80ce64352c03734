// SPDX-License-Identifier: Apache-2.0
//! `inspect`: shows what signatures claim, and checks none.

use crate::openpgp::framing::lost::no_message;
use std::io::ErrorKind;
use std::path::Path;

use super::inspect_registry;
use super::inspected::shown;
use crate::digest::Digest;
use crate::files::read::{read_bounded, read_regular};
use crate::image::too_many;
use crate::limits::{MAX_BLOB_BYTES, MAX_SIGNATURES};
use crate::policy::rulebook::other_transport;
use crate::reason::{Reason, Refusal, Verdict};
use crate::reference::Reference;
use crate::report::console::Console;
use crate::report::exit::Exit;
use crate::report::inspection::{self, Inspected, Inspection, InspectionFormat};
use crate::report::json::Syntax;
use crate::settings::inspect::{Inspect, InspectOutput, Place};
use crate::source::registry::Registries;
use crate::source::{directory, stored};
use crate::text::{home_word, io_message, safe};

/// Shows what signatures claim. Nothing is checked.
pub fn run(settings: &Inspect, console: &mut Console<'_>) -> Exit {
    for warning in &settings.warnings {
        console.err.warning(warning);
    }
    let configuration = settings.registries.as_deref();
    let mut registries = configuration.map(|configuration| Registries::new(configuration, settings.clock, no_message));
    let mut inspections = Vec::new();
    for place in &settings.places {
        match (place, &mut registries) {
            (Place::Path(path), _) if path.is_dir() => inspections.extend(inspect_directory(path)),
            (Place::Path(path), _) => inspections.push(inspect(path, || {
                read_bounded(stored::file(path), MAX_BLOB_BYTES as u64)
            })),
            (Place::Registry(reference), Some(registries)) => {
                inspections.extend(inspect_registry::image(registries, reference));
                for warning in registries.take_warnings() {
                    console.err.warning(warning);
                }
            }
            // The settings have a configuration where an image is in a registry. It must not be left out in silence.
            (Place::Registry(reference), None) => {
                let refusal = Refusal::new(Reason::SourceUnavailable, "no client is configured for it");
                inspections.push(Inspection {
                    file: format!("docker://{reference}"),
                    image: None,
                    kind: None,
                    content: Inspected::Refused(refusal),
                });
            }
        }
    }
    let unreadable = inspections.iter().any(|inspection| {
        let reason = match &inspection.content {
            Inspected::Refused(refusal) => Some(refusal.reason),
            Inspected::Source(source) => source.answer.trouble().map(|trouble| trouble.reason),
            _ => None,
        };
        reason.is_some_and(|reason| reason.verdict() == Verdict::Unchecked)
    });
    let format = match (settings.output, settings.explain) {
        (_, true) => InspectionFormat::Explain,
        (InspectOutput::Text, false) => InspectionFormat::Text,
        (InspectOutput::Wide, false) => InspectionFormat::Wide,
        (InspectOutput::Name, false) => InspectionFormat::Name,
        (InspectOutput::Json, false) => InspectionFormat::Document(Syntax::Json),
        (InspectOutput::Yaml, false) => InspectionFormat::Document(Syntax::Yaml),
    };
    // Failures are told at the end: see report::output.
    let _ = inspection::write(console.out, &inspections, format, console.width);
    if unreadable {
        Exit::Trouble
    } else {
        Exit::Success
    }
}

/// Shows the signatures in a directory, as skopeo and signature stores name them.
fn inspect_directory(directory: &Path) -> Vec<Inspection> {
    let shown = safe(&directory.display().to_string());
    let trouble = |reason, message| {
        vec![Inspection {
            file: directory.display().to_string(),
            image: None,
            kind: None,
            content: Inspected::Refused(Refusal::new(reason, message)),
        }]
    };
    let files = match directory::all_signature_files(directory) {
        Ok(files) => files,
        Err(error) => {
            return trouble(
                Reason::SourceUnavailable,
                format!("reading {shown}: {}", io_message(&error)),
            )
        }
    };
    if files.is_empty() {
        let what = if directory.join("manifest.json").is_file() {
            "it is an image without signatures"
        } else if has_directories(directory) {
            "in a signature store they are further down: name a directory called NAME@sha256=DIGEST"
        } else {
            "give files with other names one by one"
        };
        return trouble(
            Reason::NotFound,
            format!("no file in {shown} is called signature-1, signature-2 ...; {what}"),
        );
    }
    let mut inspections: Vec<Inspection> = files
        .iter()
        .take(MAX_SIGNATURES)
        .map(|path| inspect(path, || read_regular(path, MAX_BLOB_BYTES as u64)))
        .collect();
    for (index, path) in files.iter().enumerate().skip(MAX_SIGNATURES) {
        inspections.push(Inspection {
            file: path.display().to_string(),
            image: None,
            kind: None,
            content: Inspected::Refused(too_many(index)),
        });
    }
    inspections
}

fn has_directories(directory: &Path) -> bool {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.take(MAX_SIGNATURES).any(|entry| entry.path().is_dir())
}

fn inspect(path: &Path, read: impl FnOnce() -> std::io::Result<Option<Vec<u8>>>) -> Inspection {
    let read = read().map_err(|error| match (error.kind(), elsewhere(path)) {
        (ErrorKind::NotFound, Some(meant)) => {
            std::io::Error::new(error.kind(), format!("{}; {meant}", io_message(&error)))
        }
        _ => error,
    });
    shown(path.display().to_string(), stored::signature(path, read))
}

/// What a file that is not there may be meant as: an image in a registry has a tag or a digest.
fn elsewhere(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    if let Some(transport) = other_transport(text) {
        return Some(format!(
            "{transport}: is a transport of skopeo that is not supported here; name the image where its signatures are: docker://REFERENCE"
        ));
    }
    if let Some(word) = home_word(text) {
        return Some(format!("the shell did not replace ~: write {word}"));
    }
    if Digest::parse(text).is_ok() {
        return Some(format!(
            "a digest does not say where the image is: for one in a registry write docker://REGISTRY/NAME@{text}; image-signature describe {text} shows the signatures of an Image object"
        ));
    }
    let reference = Reference::parse(text)
        .ok()
        .filter(|reference| !reference.is_name_only())?;
    (reference.tag().is_none() || reference.digest().is_none())
        .then(|| format!("for an image in a registry write docker://{}", safe(text)))
}
