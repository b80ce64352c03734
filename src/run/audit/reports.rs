// SPDX-License-Identifier: Apache-2.0
//! The reports of a run: those of [`super::outputs`], and the one of JSON lines that another run can go on from.

use std::io::Write;

use super::holding::Holding;
use super::lines::LinesFile;
use super::outputs::Outputs;
use super::unfinished::{Known, Unfinished};
use crate::audit::entry::Entry;
use crate::audit::format::ReportFormat;
use crate::audit::head::Head;
use crate::audit::tail::Tail;
use crate::audit::totals::Totals;
use crate::settings::audit::Audit;
use crate::settings::UsageError;

/// All reports of a run.
pub(super) struct Reports<'s> {
    outputs: Outputs<'s>,
    lines: Option<LinesFile>,
}

impl<'s> Reports<'s> {
    /// Begins all reports. What the one that is gone on from has comes back.
    ///
    /// # Errors
    /// When one cannot be begun or gone on from.
    pub(super) fn begin(
        settings: &Audit,
        head: &Head,
        holding: &Holding,
        out: &'s mut dyn Write,
    ) -> Result<(Self, Known), UsageError> {
        // Whatever cannot be gone on from is told before anything is made.
        let unfinished = settings
            .resume
            .as_ref()
            .map(|path| Unfinished::open(path, head, settings.uid, holding))
            .transpose()?;
        let begun = unfinished.as_ref().map(|unfinished| unfinished.head.clone());
        let head = begun.as_ref().unwrap_or(head);
        let reporting = &settings.reporting;
        let others = reporting
            .files
            .iter()
            .filter(|report| report.format != ReportFormat::Jsonl);
        let outputs = Outputs::new(reporting, others, out)?;
        let jsonl = reporting
            .files
            .iter()
            .find(|report| report.format == ReportFormat::Jsonl);
        let lines = match (&unfinished, jsonl) {
            (None, Some(report)) => Some(LinesFile::create(&report.path, head)?),
            _ => None,
        };
        // From here on nothing can be wrong with the call.
        let mut reports = Self { outputs, lines };
        reports.outputs.begin(head);
        let mut known = Known::default();
        if let Some(unfinished) = unfinished {
            let (lines, images) = unfinished.go_on()?;
            reports.lines = Some(lines);
            known = images;
        }
        Ok((reports, known))
    }

    /// Takes an image that the report which is gone on from has into the others.
    pub(super) fn known(&mut self, entry: &Entry) {
        self.outputs.entry(entry);
    }

    /// Takes an image into all reports.
    pub(super) fn entry(&mut self, entry: &Entry) {
        if let Some(lines) = &mut self.lines {
            lines.put(entry);
        }
        self.outputs.entry(entry);
    }

    /// Ends all reports. What could not be written is added to the reasons why the audit is not complete. Of a run that
    /// was interrupted no file takes its place but that of JSON lines. What this one has of images that are `known` and that
    /// the run has not come to stays there, and is counted there alone; where the inventory is whole, they are gone.
    pub(super) fn end(&mut self, tail: &mut Tail, totals: &Totals, known: Known, is_whole: bool) {
        if let Some(lines) = &mut self.lines {
            let mut own = tail.clone();
            if !is_whole {
                for (verdict, count) in known.left() {
                    own.images += count;
                    *own.verdicts.entry(verdict).or_default() += count;
                }
            }
            tail.incomplete.extend(lines.end(&own, known.gone(is_whole)));
        }
        let has_files = !tail.interrupted;
        self.outputs.end(tail, totals, has_files);
    }
}
