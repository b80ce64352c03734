// SPDX-License-Identifier: Apache-2.0
//! Objects in files: judged one after the other, written back file by file.

use std::io::{self, Write};

use super::beside::Beside;
use super::judged::Judged;
use super::run::Run;
use crate::digest::Digest;
use crate::reason::Reason;
use crate::reference::Reference;
use crate::report::console::Messages;
use crate::report::RecordResult;
use crate::run::file_records::FileRecords;
use crate::run::held::{HeldReport, HeldReports, HeldText};
use crate::run::lists;
use crate::run::objects::{self, Found, Selected};
use crate::run::record_to::{record, ObjectRecorder, Recorder as _};
use crate::settings::objects::Recording;
use crate::settings::requests::Requests;
use crate::settings::UsageError;
use crate::source::objects::{sources, ObjectFiles, Place};
use crate::text::io_message;

/// Several identities for several images would make any of them good enough for each, and one digest is
/// that of one image.
pub(super) fn check_count(files: &ObjectFiles, requests: &Requests, digest: Option<&Digest>) -> Result<(), UsageError> {
    match requests {
        Requests::Everything(_) if digest.is_some() && files.count() > 1 => Err(UsageError::new(
            "--expected-digest is for one image, and several objects are in the files: name the one with IMAGE",
        )),
        Requests::Everything(identities) if identities.len() > 1 && files.count() > 1 => {
            Err(UsageError::new(
                "several expected identities and several objects in the files: write IMAGE=REF for each, or use --images-from",
            ))
        }
        _ => Ok(()),
    }
}

impl Run<'_, '_> {
    pub(super) fn objects(&mut self, files: &ObjectFiles, places: &[Place], requests: &Requests) {
        let names: Option<Vec<String>> = match requests {
            Requests::Everything(_) => None,
            Requests::Named(requests) => Some(requests.iter().map(|r| r.image.to_string()).collect()),
        };
        let mut records = FileRecords::default();
        for selected in objects::select(files, names.as_deref(), places) {
            let identities = match requests {
                Requests::Everything(identities) => identities,
                Requests::Named(requests) => &requests[selected.request.unwrap_or(0)].identities,
            };
            self.asked = match requests {
                Requests::Everything(_) => None,
                Requests::Named(requests) => selected.request.map(|request| requests[request].asked.clone()),
            };
            let judged = self.object(files, selected, identities, names.is_some(), &mut records);
            if let Some((judged, refusal)) = judged {
                self.take(&judged, refusal.as_deref());
            }
        }
        self.asked = None;
        self.signatures_not_found(&sources(places));
        if self.settings.recording == Recording::Confirm {
            self.record(files, records);
        }
    }

    /// Takes an image that was judged: prints it, or holds it until it is known what becomes of its record.
    /// `refusal` may say why nothing could be recorded on its object.
    fn take(&mut self, judged: &Judged, refusal: Option<&str>) {
        if self.settings.recording != Recording::Confirm {
            self.print_unless(judged, refusal);
            return;
        }
        self.any_not_found |= judged.report.outcome.reason() == Reason::NotFound;
        self.progress.judged(judged.report.outcome.verdict());
        self.printer.count(&judged.report);
        let waits = judged.report.recorded_signatures.contains(&RecordResult::Yes);
        let held = HeldReport {
            position: judged.position.filter(|_| waits),
            written: self.held_text(judged),
            failed: if waits {
                let mut failed = judged.clone();
                failed.fail();
                self.held_text(&failed)
            } else {
                HeldText::default()
            },
        };
        if let Err(error) = self.held.put(&held) {
            self.stderr
                .error(format_args!("storing the report temporarily: {}", io_message(&error)));
            self.printer.fail();
        }
    }

    fn held_text(&mut self, judged: &Judged) -> HeldText {
        let mut beside = Vec::new();
        let mut lines = Messages::to(&mut beside);
        self.word_record(judged, None, &mut lines);
        if let Some(line) = self.beside(&judged.report) {
            lines.tell(line);
        }
        HeldText {
            beside,
            item: self.printer.render(&judged.report),
        }
    }

    fn object(
        &mut self,
        files: &ObjectFiles,
        selected: Selected,
        identities: &[Reference],
        by_name: bool,
        records: &mut FileRecords,
    ) -> Option<(Judged, Option<String>)> {
        let (name, source) = (&selected.name, &selected.source);
        let Found {
            position,
            copies,
            loaded,
        } = match selected.found {
            Ok(found) => found,
            Err(refusal) => return Some((self.refused(name, source, refusal, identities), None)),
        };
        let chosen = self.choose(&loaded);
        if !self.settings.signatures.is_empty() && chosen.is_empty() {
            // Of all objects, those without the signature are none of the user's business.
            return by_name.then(|| (self.refused(name, source, self.carries_none(), identities), None));
        }
        let lists = lists::in_files(files, &loaded, identities);
        let beside = Beside {
            lists: Some(&lists),
            ..Beside::default()
        };
        let mut recorder = ObjectRecorder {
            files,
            records,
            recording: self.settings.recording,
            position,
            name,
            copies: &copies,
        };
        let recorded = record(&mut recorder, loaded, |loaded, recorder| {
            let mut judged = self.judge_object(loaded, &chosen, name, source, identities, beside);
            if !self.is_asked_for(loaded) {
                return Ok((judged, Ok(Vec::new())));
            }
            judged.position = Some(position);
            let edits = self.plan(loaded, &chosen, recorder.author()?, &mut judged);
            Ok((judged, recorder.refusal_to_confirm().map_or(Ok(edits), Err)))
        });
        Some(match recorded {
            Ok((mut judged, fate)) => {
                let refusal = self.settle(&mut judged, fate);
                (judged, refusal)
            }
            Err(refusal) => (self.refused(name, source, refusal, identities), None),
        })
    }

    /// Writes what was worked out, then prints: to standard error where the document itself goes to standard output.
    fn record(&mut self, files: &ObjectFiles, records: FileRecords) {
        let mut nowhere = io::sink();
        let stdout: &mut dyn Write = match self.settings.prints_document {
            true => self.printer.out(),
            false => &mut nowhere,
        };
        let stderr = &mut self.stderr;
        let failures = records.write(files, stdout, stderr);
        if failures.has_any() {
            // Also where the record itself would have stayed as it is: a document that was to be printed is lost.
            self.printer.fail();
        }
        let mut recorded = 0;
        let held = std::mem::replace(&mut self.held, HeldReports::new());
        let read = held.each(&mut |report| {
            let has_failed = report.position.is_some_and(|position| failures.has(position));
            let text = if has_failed { &report.failed } else { &report.written };
            if self.settings.prints_document {
                self.printer.put_apart(stderr.stream(), &text.item);
            } else {
                self.printer.put(&text.item);
            }
            self.aside.put(stderr, &text.beside);
            recorded += usize::from(report.position.is_some() && !has_failed);
        });
        if let Err(error) = read {
            stderr.error(format_args!("storing the report temporarily: {}", io_message(&error)));
            self.printer.fail();
        }
        self.progress.recorded(recorded);
    }
}
