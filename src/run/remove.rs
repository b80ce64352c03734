// SPDX-License-Identifier: Apache-2.0
//! `remove`: takes records of verification off objects, and keeps the signatures.

use std::io::Write;

use super::cluster::{Session, SOURCE};
use super::file_records::{Failures, FileRecords};
use super::held::{HeldReport, HeldReports, HeldText};
use super::objects;
use super::printer::Item;
use super::record_to::{record, ImageRecorder, ObjectRecorder, RecordFate, Recorder};
use crate::cluster::images::FoundImage;
use crate::cluster::names::Name;
use crate::edit::SignatureEdit;
use crate::reason::{Reason, Refusal};
use crate::record::{forget, Plan};
use crate::report::changes::tell_removals_when_interrupted;
use crate::report::console::{Console, Messages};
use crate::report::exit::Exit;
use crate::report::json::Syntax;
use crate::report::listing::Listing;
use crate::report::removal::{self, Removal, RemovalFormat};
use crate::report::RecordResult;
use crate::settings::objects::{Objects, Recording};
use crate::settings::remove::{Remove, RemoveOutput};
use crate::settings::UsageError;
use crate::source::objects::{Loaded, ObjectFiles, Place, Position};
use crate::text::{io_message, safe};

/// Forgets what is recorded about signatures.
///
/// # Errors
/// When TLS cannot be set up.
pub fn run(settings: Remove, console: &mut Console<'_>) -> Result<Exit, UsageError> {
    let Remove {
        objects,
        recording,
        to_write,
        prints_document,
        ..
    } = settings;
    let format = match settings.output {
        RemoveOutput::Text => RemovalFormat::Text,
        RemoveOutput::Name => RemovalFormat::Name,
        RemoveOutput::Json => RemovalFormat::Document(Syntax::Json),
        RemoveOutput::Yaml => RemovalFormat::Document(Syntax::Yaml),
    };
    let mut run = Run {
        wanted: &settings.signatures,
        now: settings.now,
        recording,
        told: false,
        format,
        has_failed: false,
        held: HeldReports::new(),
        failures: Failures::default(),
        stderr: console.err.lend(),
    };
    match &objects {
        Objects::Cluster { .. } if recording == Recording::Confirm => tell_removals_when_interrupted(true),
        _ => tell_removals_when_interrupted(false),
    }
    match objects {
        Objects::Files { places, names, .. } => {
            let files = ObjectFiles::open(&places, settings.is_recursive);
            if names.is_none() {
                files.parts().for_each(|part| run.stderr.warning(part));
            }
            run.files(&files, &places, names.as_deref(), console.out);
        }
        Objects::Cluster { access, names, .. } => {
            let mut session = Session::new(*access, &mut run.stderr)?;
            run.cluster(&mut session, &names);
        }
    }
    if run.told {
        let done = match recording {
            Recording::Trial => "nothing was stored (server dry run)",
            _ => "nothing was written",
        };
        run.tell(&format!("{done}; to forget this, run the command again {to_write}"));
    }
    let Run {
        mut has_failed,
        held,
        failures,
        mut stderr,
        ..
    } = run;
    let mut listing = Listing::new(
        format.syntax().is_some(),
        if prints_document {
            stderr.stream()
        } else {
            &mut *console.out
        },
    );
    let read = held.each(&mut |report| {
        let is_lost = report.position.is_some_and(|position| failures.has(position));
        has_failed |= is_lost;
        let text = if is_lost { &report.failed } else { &report.written };
        listing.put(&text.item.text);
    });
    let syntax = format.syntax().unwrap_or(Syntax::Json);
    let ended = read.and_then(|()| listing.end(|out, items| removal::write_all(out, syntax, items)));
    if let Err(error) = &ended {
        stderr.error(format_args!("storing the report temporarily: {}", io_message(error)));
    }
    Ok(if has_failed || ended.is_err() {
        Exit::Trouble
    } else {
        Exit::Success
    })
}

/// The state of a run, from the first image to the last line.
struct Run<'r> {
    wanted: &'r [String],
    now: i64,
    recording: Recording,
    told: bool,
    format: RemovalFormat,
    /// Something could not be looked at or written.
    has_failed: bool,
    /// What is reported, which may depend on what becomes of the files.
    held: HeldReports,
    failures: Failures,
    stderr: Messages<'r>,
}

impl Run<'_> {
    /// Takes what is reported of an image; `position` where that waits for a file to be written.
    fn put(&mut self, removal: &Removal, position: Option<Position>) {
        let text = |removal: &Removal, fate: Option<RecordResult>| {
            let mut removal = removal.clone();
            if let Some(fate) = fate {
                settle(&mut removal, fate);
            }
            HeldText {
                beside: Vec::new(),
                item: Item {
                    text: removal::render(&removal, self.format),
                    below: Vec::new(),
                },
            }
        };
        let waits = position.is_some();
        let report = HeldReport {
            position,
            written: text(removal, waits.then_some(RecordResult::Yes)),
            failed: match waits {
                true => text(removal, Some(RecordResult::Failed)),
                false => HeldText::default(),
            },
        };
        self.has_failed |= removal.trouble.is_some() || removal.recorded == RecordResult::Failed;
        if let Err(error) = self.held.put(&report) {
            self.stderr
                .error(format_args!("storing the report temporarily: {}", io_message(&error)));
            self.has_failed = true;
        }
    }

    fn tell(&mut self, line: &str) {
        self.stderr.tell(line);
    }

    fn tell_changes(&mut self, lines: &[String]) {
        if self.recording != Recording::Confirm {
            for line in lines {
                self.tell(line);
                self.told = true;
            }
        }
    }

    fn files(&mut self, files: &ObjectFiles, places: &[Place], names: Option<&[String]>, out: &mut dyn Write) {
        let mut records = FileRecords::default();
        for selected in objects::select(files, names, places) {
            let mut removal = removal(selected.name, selected.source);
            let position = match selected.found {
                Err(refusal) => {
                    removal.trouble = Some(refusal);
                    None
                }
                Ok(found) => self.forget(files, found, &mut removal, &mut records),
            };
            self.put(&removal, position);
        }
        if self.recording == Recording::Confirm {
            self.failures = records.write(files, out, &mut self.stderr);
            self.has_failed |= self.failures.has_any();
        }
    }

    /// Forgets what is recorded on an object in a file; gives its place where that is yet to be written.
    fn forget(
        &mut self,
        files: &ObjectFiles,
        found: objects::Found,
        removal: &mut Removal,
        records: &mut FileRecords,
    ) -> Option<Position> {
        let name = removal.image.clone();
        let mut recorder = ObjectRecorder {
            files,
            records,
            recording: self.recording,
            position: found.position,
            name: &name,
            copies: &found.copies,
        };
        self.record(&mut recorder, found.loaded, removal)
    }

    /// Works out what is forgotten about an object, and writes it; gives its place where it is written with its file.
    fn record<R: Recorder>(&mut self, recorder: &mut R, object: Loaded, removal: &mut Removal) -> Option<Position> {
        let recorded = record(recorder, object, |object, _| {
            removal.signatures.clear();
            removal.trouble = None;
            let (edits, lines) = plan(object, removal, self.wanted, self.now);
            Ok((lines, Ok(edits)))
        });
        match recorded {
            Err(refusal) => removal.trouble = Some(refusal),
            Ok((_, RecordFate::Failed(why))) => {
                self.stderr.error(why);
                settle(removal, RecordResult::Failed);
            }
            Ok((lines, RecordFate::NotAskedFor | RecordFate::Accepted)) => self.tell_changes(&lines),
            Ok((_, RecordFate::Unchanged | RecordFate::Written)) => {
                if self.recording == Recording::Confirm {
                    settle(removal, RecordResult::Yes);
                }
            }
            Ok((_, RecordFate::Held(position))) => return Some(position),
        }
        None
    }

    fn cluster(&mut self, session: &mut Session, names: &[Name]) {
        for name in names {
            let mut removal = removal(name.to_string(), SOURCE.to_owned());
            if let Err(refusal) = self.image(session, name, names.len() == 1, &mut removal) {
                removal.trouble = Some(refusal);
            }
            session.tell_warnings(&mut self.stderr);
            self.put(&removal, None);
        }
    }

    fn image(
        &mut self,
        session: &mut Session,
        name: &Name,
        is_only: bool,
        removal: &mut Removal,
    ) -> Result<(), Refusal> {
        let FoundImage { loaded, read_only } = if self.recording == Recording::Dry {
            session.find(name)?
        } else {
            session.find_to_write(name, is_only)?
        };
        removal.image.clone_from(&loaded.image.name);
        let mut recorder = ImageRecorder::new(session, self.recording, read_only);
        self.record(&mut recorder, loaded, removal);
        Ok(())
    }
}

fn removal(image: String, source: String) -> Removal {
    Removal {
        image,
        source,
        trouble: None,
        signatures: Vec::new(),
        recorded: RecordResult::No,
    }
}

/// Works out what is forgotten about one object: the changes, and each in words.
fn plan(loaded: &Loaded, removal: &mut Removal, wanted: &[String], now: i64) -> (Vec<SignatureEdit>, Vec<String>) {
    let (mut edits, mut lines, mut carried) = (Vec::new(), Vec::new(), wanted.is_empty());
    for (index, signature) in loaded.image.signatures.iter().enumerate() {
        if !wanted.is_empty() && !wanted.iter().any(|name| signature.is_named(name)) {
            continue;
        }
        carried = true;
        if let Plan::Write { changes, summary } = forget(&loaded.object["signatures"][index], now) {
            let summary = summary.unwrap_or_else(|| "signer and identity".to_owned());
            lines.push(format!("{}: would remove: {summary}", safe(&signature.name)));
            removal.signatures.push((signature.name.clone(), RecordResult::No));
            edits.push(SignatureEdit { index, changes });
        }
    }
    if !carried {
        let message = format!("it carries no signature {}", safe(&wanted.join(", ")));
        removal.trouble = Some(Refusal::new(Reason::NotFound, message));
    }
    (edits, lines)
}

/// Notes what became of a removal.
fn settle(removal: &mut Removal, fate: RecordResult) {
    if removal.trouble.is_some() {
        return;
    }
    if removal.signatures.is_empty() {
        removal.recorded = RecordResult::Unchanged;
        return;
    }
    removal.recorded = fate;
    for (_, recorded) in &mut removal.signatures {
        *recorded = fate;
    }
}
