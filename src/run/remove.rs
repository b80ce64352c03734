// SPDX-License-Identifier: Apache-2.0
//! `remove`

use std::io::Write;

use super::objects::{self as session, Edits, Selected};
use super::{SUCCESS, TROUBLE};
use crate::cli::remove::{Remove as Options, RemoveOutput};
use crate::edit::SignatureEdit;
use crate::record::{forget, Plan};
use crate::report::json::Syntax;
use crate::report::removal::{self, Format, Removal};
use crate::report::Recorded;
use crate::settings::environment::Environment;
use crate::settings::objects::Objects;
use crate::settings::UsageError;
use crate::source::objects::{ObjectFiles, Place, Position};
use crate::text::safe;
use crate::verdict::reason::{Reason, Refusal};

/// Forgets what is recorded about signatures.
///
/// # Errors
/// When the options are wrong.
pub fn run(
    options: &Options,
    environment: &Environment,
    out: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<u8, UsageError> {
    let objects = Objects::new(&options.source, &options.images)?;
    let prints_document = options.confirm && objects.places.contains(&Place::Stdin);
    let format = match options.output {
        RemoveOutput::Text => Format::Text,
        RemoveOutput::Name => Format::Name,
        RemoveOutput::Json => Format::Document(Syntax::Json),
        RemoveOutput::Yaml => Format::Document(Syntax::Yaml),
    };
    if prints_document && format != Format::Text {
        return Err(UsageError::new(
            "--filename - with --confirm prints the changed document on standard output: it excludes --output",
        ));
    }
    let files = ObjectFiles::open(&objects.places);
    let mut edits = Edits::new();
    let mut removals = Vec::new();
    let mut told = false;
    for selected in session::select(&files, objects.names.as_deref(), &objects.places) {
        let (removal, position, changes, lines) = plan(&files, selected, &options.signature, environment.now);
        if !options.confirm {
            for line in lines {
                let _ = writeln!(stderr, "{line}");
                told = true;
            }
        } else if let Some(position) = position {
            session::add(&mut edits, position, changes);
        }
        removals.push((removal, position));
    }
    if told {
        let _ = writeln!(
            stderr,
            "nothing was written; to forget this, run the command again with --confirm"
        );
    }
    if options.confirm {
        let failed = session::write_back(&files, &edits, out);
        for message in failed.values() {
            let _ = writeln!(stderr, "error: {message}");
        }
        for (removal, position) in &mut removals {
            let is_read_only = position.is_some_and(|p| files.entry(p).is_read_only());
            let has_failed = is_read_only || position.is_some_and(|(file, _)| failed.contains_key(&file));
            settle(removal, has_failed);
        }
    }
    let removals: Vec<Removal> = removals.into_iter().map(|(removal, _)| removal).collect();
    // Output never fails: see report::output.
    let _ = removal::write(if prints_document { stderr } else { out }, &removals, format);
    let trouble = removals
        .iter()
        .any(|removal| removal.trouble.is_some() || removal.recorded == Recorded::Failed);
    Ok(if trouble { TROUBLE } else { SUCCESS })
}

/// Works out what is forgotten about one object.
fn plan(
    files: &ObjectFiles,
    selected: Selected,
    wanted: &[String],
    now: i64,
) -> (Removal, Option<Position>, Vec<SignatureEdit>, Vec<String>) {
    let mut removal = Removal {
        image: selected.name,
        source: selected.source,
        trouble: None,
        signatures: Vec::new(),
        recorded: Recorded::No,
    };
    let loaded = selected
        .found
        .and_then(|position| Ok((position, files.load(position)?)));
    let (position, loaded) = match loaded {
        Ok(loaded) => loaded,
        Err(refusal) => {
            removal.trouble = Some(refusal);
            return (removal, None, Vec::new(), Vec::new());
        }
    };
    let (mut edits, mut lines, mut carried) = (Vec::new(), Vec::new(), wanted.is_empty());
    for (index, signature) in loaded.image.signatures.iter().enumerate() {
        if !wanted.is_empty() && !wanted.iter().any(|name| signature.is_named(name)) {
            continue;
        }
        carried = true;
        if let Plan::Write { changes, summary } = forget(&loaded.object["signatures"][index], now) {
            lines.push(format!("{}: {summary}", safe(&signature.name)));
            removal.signatures.push((signature.name.clone(), Recorded::No));
            edits.push(SignatureEdit { index, changes });
        }
    }
    if !carried {
        let message = format!("it carries no signature {}", safe(&wanted.join(", ")));
        removal.trouble = Some(Refusal::new(Reason::NotFound, message));
    }
    (removal, Some(position), edits, lines)
}

/// Notes what became of a confirmed removal.
fn settle(removal: &mut Removal, failed: bool) {
    if removal.trouble.is_some() {
        return;
    }
    if removal.signatures.is_empty() {
        removal.recorded = Recorded::Unchanged;
        return;
    }
    let fate = if failed { Recorded::Failed } else { Recorded::Yes };
    removal.recorded = fate;
    for (_, recorded) in &mut removal.signatures {
        *recorded = fate;
    }
}
