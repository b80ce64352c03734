// SPDX-License-Identifier: Apache-2.0
//! Objects in files: judged one after the other, written back file by file.

use std::io::{self, Write};

use super::plan::Recorder;
use super::{Judged, Run};
use crate::digest::Digest;
use crate::reason::Reason;
use crate::reference::Reference;
use crate::report::Recorded;
use crate::run::objects::{self, Selected};
use crate::settings::objects::Recording;
use crate::settings::requests::Requests;
use crate::settings::UsageError;
use crate::source::objects::{ObjectFiles, Place};

/// Several identities for several images would make any of them good enough for each, and one digest is that of one
/// image.
pub(super) fn check_count(files: &ObjectFiles, requests: &Requests, digest: Option<&Digest>) -> Result<(), UsageError> {
    match requests {
        Requests::Everything(_) if digest.is_some() && files.positions().count() > 1 => Err(UsageError::new(
            "--expected-digest is for one image, and several objects are in the files: name the one with IMAGE",
        )),
        Requests::Everything(identities) if identities.len() > 1 && files.positions().count() > 1 => {
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
                Requests::Named(requests) => &requests[selected.request].identities,
            };
            if let Some(judged) = self.object(files, &selected, identities, names.is_some()) {
                self.take(files, judged);
            }
        }
        let everywhere: Vec<String> = places.iter().map(ToString::to_string).collect();
        self.signatures_not_found(&format!("file:{}", everywhere.join(", ")));
        if self.settings.recording == Recording::Confirm {
            self.record(files);
        }
    }

    /// Takes an image that was judged: prints it, or holds it until it is known what becomes of its record.
    fn take(&mut self, files: &ObjectFiles, judged: Judged) {
        if self.settings.recording == Recording::Confirm {
            self.any_not_found |= judged.report.outcome.reason() == Reason::NotFound;
            self.held.push(judged);
        } else {
            let refusal = judged.position.and_then(|position| objects::refusal(files, position));
            self.print_unless(&judged, refusal.as_deref());
        }
    }

    fn object(
        &mut self,
        files: &ObjectFiles,
        selected: &Selected,
        identities: &[Reference],
        by_name: bool,
    ) -> Option<Judged> {
        let (name, source) = (&selected.name, &selected.source);
        let loaded = selected
            .found
            .clone()
            .and_then(|position| Ok((position, files.load(position)?)));
        let (position, loaded) = match loaded {
            Ok(loaded) => loaded,
            Err(refusal) => return Some(self.refused(name, source, refusal, identities)),
        };
        let chosen = self.choose(&loaded);
        if !self.settings.signatures.is_empty() && chosen.is_empty() {
            // Of all objects, those without the signature are none of the user's business.
            return by_name.then(|| self.refused(name, source, self.carries_none(), identities));
        }
        let mut judged = self.judge_object(&loaded, &chosen, name, source, identities);
        let edits = self.plan(&loaded, &chosen, Recorder::default(), &mut judged);
        if self.is_asked_for(&loaded) {
            judged.position = Some(position);
            if self.settings.recording == Recording::Confirm {
                if files.entry(position).is_read_only() {
                    judged.fail();
                } else {
                    objects::add(&mut self.edits, position, edits);
                }
            }
        }
        Some(judged)
    }

    /// Writes what was worked out, then prints: to standard error where the document itself goes to standard output.
    fn record(&mut self, files: &ObjectFiles) {
        let mut nowhere = io::sink();
        let stdout: &mut dyn Write = match (self.settings.prints_document, &mut self.printer.out) {
            (true, Some(out)) => *out,
            _ => &mut nowhere,
        };
        let failed = objects::write_back(files, &self.edits, stdout);
        if !failed.is_empty() {
            // Also where the record itself would have stayed as it is: a document that was to be printed is lost.
            self.printer.record_failed();
        }
        for message in failed.values() {
            self.tell(&format!("error: {message}"));
        }
        for mut judged in std::mem::take(&mut self.held) {
            if let Some(position) = judged.position {
                if files.entry(position).is_read_only() {
                    if let Some(refusal) = objects::refusal(files, position) {
                        self.tell(&format!("error: {refusal}"));
                    }
                } else if failed.contains_key(&position.0) && judged.report.recorded_signatures.contains(&Recorded::Yes)
                {
                    judged.fail();
                }
            }
            self.tell_record(&judged, None);
            if self.settings.prints_document {
                let text = self.printer.render_apart(&judged.report);
                self.tell(text.trim_end());
            } else {
                self.report(&judged.report);
            }
        }
    }
}
