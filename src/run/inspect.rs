// SPDX-License-Identifier: Apache-2.0
//! `inspect`

use std::io::Write;
use std::path::Path;

use super::{SUCCESS, TROUBLE};
use crate::cli::inspect::Inspect as Options;
use crate::files::read::read_bounded;
use crate::limits::MAX_BLOB_BYTES;
use crate::openpgp::framing::message::Message;
use crate::payload::Payload;
use crate::reason::Reason;
use crate::report::inspection::{self, Inspection};
use crate::settings::verify::format;
use crate::settings::UsageError;
use crate::source::stored;

/// Shows what blobs claim. Nothing is checked.
///
/// # Errors
/// When the options contradict each other.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<u8, UsageError> {
    let format = format(options.output, options.explain)?;
    if options.files.iter().filter(|path| *path == Path::new("-")).count() > 1 {
        return Err(UsageError::new("standard input can be read once: - is given twice"));
    }
    let inspections: Vec<Inspection> = options.files.iter().map(|path| inspect(path)).collect();
    let unreadable = inspections
        .iter()
        .any(|inspection| matches!(&inspection.message, Err(refusal) if refusal.reason == Reason::SourceUnavailable));
    // Failures are told at the end: see report::output.
    let _ = inspection::write(out, &inspections, format);
    Ok(if unreadable { TROUBLE } else { SUCCESS })
}

fn inspect(path: &Path) -> Inspection {
    let file = if path == Path::new("-") {
        Path::new("/dev/stdin")
    } else {
        path
    };
    let blob = stored::signature(path, read_bounded(file, MAX_BLOB_BYTES as u64));
    let message = blob.and_then(|blob| Message::parse(&blob));
    let payload = message.as_ref().ok().map(|message| Payload::parse(&message.payload));
    Inspection {
        file: path.display().to_string(),
        message,
        payload,
    }
}
