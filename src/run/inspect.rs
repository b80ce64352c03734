// SPDX-License-Identifier: Apache-2.0
//! `inspect`

use std::io::Write;
use std::path::Path;

use super::{SUCCESS, TROUBLE};
use crate::cli::inspect::{Inspect as Options, InspectOutput};
use crate::files::read::{read_bounded, read_regular};
use crate::image::too_many;
use crate::limits::{MAX_BLOB_BYTES, MAX_SIGNATURES};
use crate::openpgp::framing::message::Message;
use crate::payload::{Format as PayloadFormat, Payload};
use crate::reason::{Reason, Refusal};
use crate::report::inspection::{self, Format, Inspected, Inspection};
use crate::report::json::Syntax;
use crate::settings::inspect::Inspect;
use crate::settings::UsageError;
use crate::source::{directory, stored};
use crate::subject::Content;
use crate::text::safe;

/// Shows what signatures claim. Nothing is checked.
///
/// # Errors
/// When the options contradict each other.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<u8, UsageError> {
    let settings = Inspect::new(options)?;
    let mut inspections = Vec::new();
    for place in &settings.places {
        if place.is_dir() {
            inspections.extend(inspect_directory(place));
        } else {
            inspections.push(inspect(place, || {
                read_bounded(stored::file(place), MAX_BLOB_BYTES as u64)
            }));
        }
    }
    let unreadable = inspections.iter().any(|inspection| {
        let reason = match &inspection.content {
            Inspected::Refused(refusal) => Some(refusal.reason),
            _ => None,
        };
        matches!(reason, Some(Reason::SourceUnavailable | Reason::NotFound))
    });
    let format = match (settings.output, settings.explain) {
        (_, true) => Format::Explain,
        (InspectOutput::Text, false) => Format::Text,
        (InspectOutput::Wide, false) => Format::Wide,
        (InspectOutput::Name, false) => Format::Name,
        (InspectOutput::Json, false) => Format::Document(Syntax::Json),
        (InspectOutput::Yaml, false) => Format::Document(Syntax::Yaml),
    };
    // Failures are told at the end: see report::output.
    let _ = inspection::write(out, &inspections, format);
    Ok(if unreadable { TROUBLE } else { SUCCESS })
}

/// Shows the signatures in a directory, as skopeo and signature stores name them.
fn inspect_directory(directory: &Path) -> Vec<Inspection> {
    let shown = safe(&directory.display().to_string());
    let trouble = |reason, message| {
        vec![Inspection {
            file: directory.display().to_string(),
            kind: None,
            content: Inspected::Refused(Refusal::new(reason, message)),
        }]
    };
    let files = match directory::all_signature_files(directory) {
        Ok(files) => files,
        Err(error) => return trouble(Reason::SourceUnavailable, format!("reading {shown}: {error}")),
    };
    if files.is_empty() {
        return trouble(
            Reason::NotFound,
            format!("no file in {shown} is called signature-1, signature-2 ...; name files of other names themselves"),
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
            kind: None,
            content: Inspected::Refused(too_many(index)),
        });
    }
    inspections
}

fn inspect(path: &Path, read: impl FnOnce() -> std::io::Result<Option<Vec<u8>>>) -> Inspection {
    let stored = stored::signature(path, read());
    let kind = stored.kind();
    let content = match stored {
        Content::Gpg(blob) => blob.and_then(|blob| Message::parse(&blob)).map(|message| {
            let payload = Payload::parse(&message.payload, PayloadFormat::SimpleSigning);
            Inspected::Gpg(message, payload)
        }),
        Content::Sigstore(stored) => stored.map(|attachment| {
            let payload = Payload::parse(&attachment.payload, PayloadFormat::Sigstore);
            Inspected::Sigstore(attachment, payload)
        }),
    };
    Inspection {
        file: path.display().to_string(),
        kind: Some(kind),
        content: content.unwrap_or_else(Inspected::Refused),
    }
}
