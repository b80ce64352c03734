// SPDX-License-Identifier: Apache-2.0
//! Objects in files: judged one after the other, written back file by file.

use std::io::{self, Write};

use super::{Judged, Run};
use crate::digest::Digest;
use crate::reason::Reason;
use crate::reference::Reference;
use crate::report::Recorded;
use crate::run::held::{HeldReport, HeldReports, HeldText};
use crate::run::objects::{self, Found, Selected};
use crate::run::planning::Author;
use crate::settings::objects::Recording;
use crate::settings::requests::Requests;
use crate::settings::UsageError;
use crate::source::objects::{sources, ObjectFiles, Place};

/// Several identities for several images would make any of them good enough for each, and one digest is that of one
/// image.
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
        for selected in objects::select(files, names.as_deref(), places) {
            let identities = match requests {
                Requests::Everything(identities) => identities,
                Requests::Named(requests) => &requests[selected.request.unwrap_or(0)].identities,
            };
            self.asked = match requests {
                Requests::Everything(_) => None,
                Requests::Named(requests) => selected.request.map(|request| requests[request].asked.clone()),
            };
            if let Some(judged) = self.object(files, selected, identities, names.is_some()) {
                self.take(files, &judged);
            }
        }
        self.asked = None;
        self.signatures_not_found(&sources(places));
        if self.settings.recording == Recording::Confirm {
            self.record(files);
        }
    }

    /// Takes an image that was judged: prints it, or holds it until it is known what becomes of its record.
    fn take(&mut self, files: &ObjectFiles, judged: &Judged) {
        if self.settings.recording != Recording::Confirm {
            let image = &judged.report.image;
            let refusal = judged
                .position
                .and_then(|position| objects::refusal(files, position, image));
            self.print_unless(judged, refusal.as_deref());
            return;
        }
        self.any_not_found |= judged.report.outcome.reason() == Reason::NotFound;
        self.progress.judged(judged.report.outcome.verdict());
        self.printer.count(&judged.report);
        let waits = judged.report.recorded_signatures.contains(&Recorded::Yes);
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
            self.tell(&format!("error: keeping the report: {error}"));
            self.printer.fail();
        }
    }

    fn held_text(&mut self, judged: &Judged) -> HeldText {
        let mut lines = self.record_lines(judged, None);
        lines.extend(self.beside(&judged.report));
        let beside: String = lines.iter().map(|line| format!("{line}\n")).collect();
        HeldText {
            beside: beside.into_bytes(),
            item: self.printer.render(&judged.report),
        }
    }

    fn object(
        &mut self,
        files: &ObjectFiles,
        selected: Selected,
        identities: &[Reference],
        by_name: bool,
    ) -> Option<Judged> {
        let (name, source) = (&selected.name, &selected.source);
        let Found {
            position,
            copies,
            loaded,
        } = match selected.found {
            Ok(found) => found,
            Err(refusal) => return Some(self.refused(name, source, refusal, identities)),
        };
        let chosen = self.choose(&loaded);
        if !self.settings.signatures.is_empty() && chosen.is_empty() {
            // Of all objects, those without the signature are none of the user's business.
            return by_name.then(|| self.refused(name, source, self.carries_none(), identities));
        }
        let mut judged = self.judge_object(&loaded, &chosen, name, source, identities, None);
        let edits = self.plan(&loaded, &chosen, Author::default(), &mut judged);
        if !self.is_asked_for(&loaded) {
            return Some(judged);
        }
        judged.position = Some(position);
        if self.settings.recording == Recording::Confirm {
            if files.is_read_only(position) {
                if let Some(refusal) = objects::refusal(files, position, name) {
                    self.tell(&format!("error: {refusal}"));
                }
                judged.fail();
            } else if let Err(error) = self.records.add(position, &copies, &edits) {
                self.tell(&format!("error: keeping the record: {error}"));
                judged.fail();
            }
        }
        Some(judged)
    }

    /// Writes what was worked out, then prints: to standard error where the document itself goes to standard output.
    fn record(&mut self, files: &ObjectFiles) {
        let mut nowhere = io::sink();
        let stdout: &mut dyn Write = match self.settings.prints_document {
            true => self.printer.out(),
            false => &mut nowhere,
        };
        let stderr = &mut *self.stderr;
        let failures = std::mem::take(&mut self.records).write(files, stdout, &mut |line| {
            // There is nowhere else to tell that standard error is gone.
            let _ = writeln!(stderr, "{line}");
        });
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
                self.printer.put_apart(stderr, &text.item);
            } else {
                self.printer.put(&text.item);
            }
            self.aside.put(stderr, &text.beside);
            recorded += usize::from(report.position.is_some() && !has_failed);
        });
        if let Err(error) = read {
            let _ = writeln!(stderr, "error: keeping the report: {error}");
            self.printer.fail();
        }
        self.progress.recorded(recorded);
    }
}
