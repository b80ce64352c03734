// SPDX-License-Identifier: Apache-2.0
//! Where everything that is found comes together: reports, records, and the exit status.

use std::io::Write;

use super::held::{Held, HeldEntries};
use super::job::{Done, Job, Record};
use super::lines::Known;
use super::reports::Reports;
use crate::audit::entry::{Entry, Finding, FindingKind, Recorded};
use crate::audit::head::Head;
use crate::audit::lines::END;
use crate::audit::tail::Tail;
use crate::audit::totals::Totals;
use crate::report::progress::Progress;
use crate::run::file_records::FileRecords;
use crate::run::{NEGATIVE, SUCCESS, TROUBLE};
use crate::settings::audit::Audit;
use crate::settings::UsageError;
use crate::source::objects::ObjectFiles;
use crate::text::safe;

/// Most reasons that are kept why an audit is not complete.
const MAX_REASONS: usize = 100;

/// What is found, on its way to reports and records.
pub(super) struct Collector<'s> {
    settings: &'s Audit,
    reports: Reports<'s>,
    known: Known,
    totals: Totals,
    incomplete: Vec<String>,
    /// Reasons why the audit is not complete that are not kept.
    more_reasons: u64,
    records: FileRecords,
    held: HeldEntries,
    /// How many records are to change from True to False.
    downgrades: u64,
}

impl<'s> Collector<'s> {
    /// Begins reports; one that is gone on from is taken in first.
    ///
    /// # Errors
    /// When one cannot be begun or gone on from.
    pub(super) fn new(settings: &'s Audit, head: &Head, out: &'s mut dyn Write) -> Result<Self, UsageError> {
        let mut totals = Totals::new(settings.fail_on.clone(), settings.now + settings.warn_expiry);
        let (reports, known) = Reports::begin(settings, head, out, &mut totals)?;
        let lost = [Recorded::Failed, Recorded::HeldBack].map(|fate| totals.recorded.get(&fate).copied().unwrap_or(0));
        let lost: u64 = lost.iter().sum();
        let incomplete = match lost {
            0 => Vec::new(),
            lost => vec![format!(
                "{lost} images of the report that is gone on from have records that were not written"
            )],
        };
        Ok(Self {
            settings,
            reports,
            known,
            totals,
            incomplete,
            more_reasons: 0,
            records: FileRecords::default(),
            held: HeldEntries::new(),
            downgrades: 0,
        })
    }

    /// Whether an image belongs to this run and is not in the report already.
    pub(super) fn wants(&self, job: &Job) -> bool {
        let is_here = job.is_named_later() || self.settings.shard.has(&job.image);
        is_here && !self.known.has(&job.image, &job.source)
    }

    /// Takes an image that was judged: reports it, or holds it until it is known what becomes of its record.
    pub(super) fn take(&mut self, done: Done, progress: &Progress, stderr: &mut dyn Write) {
        let Done { entry, told, record } = done;
        if !self.settings.shard.has(&entry.image) {
            return;
        }
        // There is nowhere else to tell that standard error is gone.
        let _ = stderr.write_all(&told);
        progress.judged(entry.verdict);
        match record {
            None => self.report(&entry),
            Some(record) => self.hold(entry, record, stderr),
        }
    }

    fn hold(&mut self, mut entry: Entry, record: Record, stderr: &mut dyn Write) {
        let Record {
            position,
            copies,
            edits,
            harmless,
            downgrades,
        } = record;
        self.downgrades += downgrades.len() as u64;
        let kept = self.records.add(position, &copies, &harmless).and_then(|()| {
            if downgrades.is_empty() {
                Ok(())
            } else {
                self.records.add_conditional(position, &copies, &edits)
            }
        });
        let held = Held {
            entry: entry.clone(),
            position,
            downgrades,
        };
        if let Err(error) = kept.and_then(|()| self.held.put(&held)) {
            let _ = writeln!(stderr, "error: {}: keeping the record: {error}", safe(&entry.image));
            entry.recorded = Recorded::Failed;
            self.report(&entry);
        }
    }

    fn report(&mut self, entry: &Entry) {
        self.totals.add(entry);
        if matches!(entry.recorded, Recorded::Failed | Recorded::HeldBack) {
            let what = match entry.recorded {
                Recorded::HeldBack => "a change from True to False was kept back",
                _ => "the record could not be written",
            };
            self.complain([format!("{}: {what}", safe(&entry.image))]);
        }
        self.reports.entry(entry);
    }

    /// Notes why not everything is known or recorded.
    pub(super) fn complain(&mut self, complaints: impl IntoIterator<Item = String>) {
        for complaint in complaints {
            if self.incomplete.len() < MAX_REASONS {
                self.incomplete.push(complaint);
            } else {
                self.more_reasons += 1;
            }
        }
    }

    /// Writes what was worked out, and reports what has waited for that. Where too many records would change from True to
    /// False, these changes are left out.
    pub(super) fn record(&mut self, objects: &ObjectFiles, stderr: &mut dyn Write) {
        let is_too_much = self.downgrades > self.settings.max_downgrades;
        let mut records = std::mem::take(&mut self.records);
        if is_too_much {
            records.drop_conditional();
            let _ = writeln!(
                stderr,
                "error: {} records would change from True to False, more than --max-downgrades {}: none of them is written; look at the reasons, and run the command again with a higher number if they are right",
                self.downgrades, self.settings.max_downgrades
            );
        }
        let failures = records.write(objects, &mut std::io::sink(), &mut |line| {
            let _ = writeln!(stderr, "{line}");
        });
        let held = std::mem::replace(&mut self.held, HeldEntries::new());
        let read = held.each(&mut |held| {
            let Held {
                mut entry,
                position,
                downgrades,
            } = held;
            entry.recorded = if failures.has(position) {
                Recorded::Failed
            } else if is_too_much && !downgrades.is_empty() {
                Recorded::HeldBack
            } else {
                Recorded::Yes
            };
            for downgrade in downgrades {
                let image = safe(&entry.image);
                if is_too_much {
                    let _ = writeln!(stderr, "{image}: {downgrade}: kept back");
                    entry.findings.push(Finding {
                        kind: FindingKind::HeldBack,
                        message: downgrade,
                        command: None,
                    });
                } else if entry.recorded == Recorded::Yes {
                    let _ = writeln!(stderr, "{image}: {downgrade}: recorded");
                }
            }
            self.report(&entry.bounded());
        });
        if let Err(error) = read {
            self.complain([format!("keeping the report: {error}")]);
        }
        if failures.has_any() {
            self.complain(["records could not be written".to_owned()]);
        }
    }

    /// Ends the reports of a run that a signal ends.
    pub(super) fn interrupt(&mut self) {
        self.complain(["it was interrupted".to_owned()]);
        self.close(true);
    }

    /// Ends the reports; the exit status comes back.
    pub(super) fn end(mut self, stderr: &mut dyn Write) -> u8 {
        let incomplete = self.close(false);
        for reason in &incomplete {
            let _ = writeln!(stderr, "error: {reason}");
        }
        if !incomplete.is_empty() {
            TROUBLE
        } else if self.totals.failing > 0 {
            NEGATIVE
        } else {
            SUCCESS
        }
    }

    /// Ends the reports; why the audit is not complete comes back.
    fn close(&mut self, interrupted: bool) -> Vec<String> {
        let mut incomplete = std::mem::take(&mut self.incomplete);
        if self.more_reasons > 0 {
            incomplete.push(format!("{} more reasons like these", self.more_reasons));
        }
        let mut tail = Tail {
            kind: END.to_owned(),
            ended: self.settings.clock.now(),
            images: self.totals.images,
            verdicts: self.totals.verdicts(),
            incomplete,
            interrupted,
        };
        self.reports.end(&mut tail, &self.totals);
        tail.incomplete
    }
}
