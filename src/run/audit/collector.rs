// SPDX-License-Identifier: Apache-2.0
//! Where everything that is found comes together: reports, records, and the exit status.

use std::io::{self, Write};
use std::path::Path;

use super::cluster::Cluster;
use super::held::{Held, HeldEntries, HeldExpected};
use super::holding::Holding;
use super::job::{Done, Job, On, Record};
use super::recording::Told;
use super::reported::Reported;
use super::reports::Reports;
use super::unfinished::{Known, Reached};
use super::unrecorded::Unrecorded;
use crate::audit::consistency;
use crate::audit::entry::{Entry, Recorded};
use crate::audit::format::ReportFormat;
use crate::audit::head::Head;
use crate::audit::lines::END;
use crate::audit::tail::{Tail, INTERRUPTED};
use crate::audit::totals::Totals;
use crate::edit::SignatureEdit;
use crate::report::console::Messages;
use crate::report::exit::Exit;
use crate::report::progress::Progress;
use crate::run::file_records::FileRecords;
use crate::run::planning::Author;
use crate::settings::audit::Audit;
use crate::settings::objects::Recording;
use crate::settings::UsageError;
use crate::source::objects::Position;
use crate::text::{io_message, safe};

/// Most reasons that are kept why an audit is not complete.
const MAX_REASONS: usize = 100;

/// What is found, on its way to reports and records.
pub(super) struct Collector<'s> {
    pub(super) settings: &'s Audit,
    head: Head,
    reports: Reports<'s>,
    known: Known,
    holding: Holding,
    /// Images that the report which is gone on from has, and that count as they are.
    taken_over: u64,
    totals: Totals,
    unrecorded: Unrecorded,
    /// The inventory is known to have no other images than those that it came to.
    is_whole: bool,
    incomplete: Vec<String>,
    /// Reasons why the audit is not complete that are not kept.
    more_reasons: u64,
    pub(super) records: FileRecords,
    pub(super) held: HeldEntries,
    /// How many records are to change from True to False.
    pub(super) downgrades: u64,
}

impl<'s> Collector<'s> {
    /// Begins reports; one that is gone on from is taken in first.
    ///
    /// # Errors
    /// When one cannot be begun or gone on from.
    pub(super) fn new(settings: &'s Audit, head: &Head, out: &'s mut dyn Write) -> Result<Self, UsageError> {
        let holding = Holding::of(settings);
        let (reports, known) = Reports::begin(settings, head, &holding, out)?;
        Ok(Self {
            settings,
            head: head.clone(),
            reports,
            known,
            holding,
            taken_over: 0,
            totals: Totals::new(
                settings.reporting.fail_on.clone(),
                settings.now + settings.reporting.warn_expiry,
            ),
            unrecorded: Unrecorded::default(),
            is_whole: true,
            incomplete: Vec::new(),
            more_reasons: 0,
            records: FileRecords::default(),
            held: HeldEntries::new(),
            downgrades: 0,
        })
    }

    /// Says who records, where that is done and the server names the user.
    pub(super) fn recording_for(&mut self, author: Option<&Author>) {
        self.holding.recording_for(self.settings, author);
    }

    /// Whether an image of the inventory is to be judged; what the report that is gone on from has of it and still
    /// holds is taken over.
    pub(super) fn wants(&mut self, job: &Job) -> bool {
        if !self.settings.shard.has(&job.image) {
            return false;
        }
        match self.known.reach(job, &self.holding) {
            Ok(Reached::Nothing) => return true,
            Ok(Reached::Entry(entry)) => {
                self.taken_over += 1;
                self.totals.add(&entry);
                self.unrecorded.add(&entry);
                self.reports.known(&entry);
            }
            Err(error) => {
                let (image, why) = (safe(&job.image), io_message(&error));
                self.complain([format!("{image}: reading the report that is resumed: {why}")]);
            }
        }
        false
    }

    /// Takes an image that was judged: reports it, or holds it until it is known what becomes of its record.
    pub(super) fn take(
        &mut self,
        done: Done,
        cluster: Option<&mut Cluster<'_>>,
        progress: &Progress,
        stderr: &mut Messages<'_>,
    ) {
        let Done {
            mut entry,
            told,
            record,
            lack,
            unmapped,
        } = done;
        self.unrecorded.remember(&entry, unmapped);
        self.complain(lack);
        stderr.pass_on(&told);
        progress.judged(entry.verdict);
        let Some(record) = record else {
            return self.report(&entry);
        };
        let Record {
            on,
            edits,
            harmless,
            mut gains,
            downgrades,
        } = record;
        self.downgrades += downgrades.len() as u64;
        let held = match (on, cluster) {
            (On::File(position, copies), _) => self
                .hold(position, &copies, &edits, &harmless)
                .map(|()| (Some(position), None)),
            (On::Image(own), Some(cluster)) => {
                let expected = HeldExpected::from(&own.expected);
                if !harmless.is_empty() {
                    entry.recorded = cluster.write(*own, harmless, (&Reported::of(&entry), &gains), stderr);
                    let gains = std::mem::take(&mut gains);
                    if entry.recorded == Recorded::Yes {
                        tell_gains(&entry, &gains, stderr);
                    }
                }
                if downgrades.is_empty() || entry.recorded == Recorded::Failed {
                    return self.report(&entry);
                }
                Ok((None, Some(expected)))
            }
            (On::Image(_), None) => Err(io::Error::other("there is no cluster")),
        };
        let held = held.and_then(|(position, expected)| {
            self.held.put(&Held {
                entry: entry.clone(),
                position,
                expected,
                gains,
                downgrades,
            })
        });
        if let Err(error) = held {
            let (image, why) = (safe(&entry.image), io_message(&error));
            stderr.error(format_args!("{image}: storing the record temporarily: {why}"));
            entry.recorded = Recorded::Failed;
            self.report(&entry);
        }
    }

    /// Holds the changes to an object in a file: those that take trust back may be left out in the end.
    fn hold(
        &mut self,
        position: Position,
        copies: &[Position],
        edits: &[SignatureEdit],
        harmless: &[SignatureEdit],
    ) -> io::Result<()> {
        self.records.add(position, copies, harmless)?;
        if harmless.len() < edits.len() {
            self.records.add_conditional(position, copies, edits)?;
        }
        Ok(())
    }

    pub(super) fn report(&mut self, entry: &Entry) {
        if let Some(what) = consistency::of_entry(entry, &self.head) {
            let image = safe(&entry.image);
            self.complain([format!(
                "image {image} contradicts itself because of a fault in this program: {what}"
            )]);
        }
        self.totals.add(entry);
        self.unrecorded.add(entry);
        // Of those that are held back the number is told, and each change.
        if entry.recorded == Recorded::Failed {
            self.complain([format!("{}: the record could not be written", safe(&entry.image))]);
        }
        self.reports.entry(entry);
    }

    /// Notes why not all images are known: what a report that is gone on from has of others may still be there.
    pub(super) fn lack(&mut self, complaints: impl IntoIterator<Item = String>) {
        for complaint in complaints {
            self.is_whole = false;
            self.complain([complaint]);
        }
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

    /// Ends the reports of a run that a signal ends, and says what there is to go on from.
    pub(super) fn interrupt(&mut self, stderr: &mut Messages<'_>) {
        self.complain([INTERRUPTED.to_owned()]);
        self.close(true);
        let reporting = &self.settings.reporting;
        let path = |path: &Path| safe(&path.display().to_string());
        let files = reporting
            .files
            .iter()
            .filter(|report| report.format != ReportFormat::Jsonl);
        for report in files {
            let is_there = report.path.symlink_metadata().is_ok_and(|meta| meta.is_file());
            let older = if is_there { "; an older one is unchanged" } else { "" };
            stderr.note(format_args!("{} was not written{older}", path(&report.path)));
        }
        let mut jsonl = reporting
            .files
            .iter()
            .filter(|report| report.format == ReportFormat::Jsonl);
        let lines = self
            .settings
            .resume
            .as_deref()
            .or_else(|| jsonl.next().map(|report| &*report.path));
        match lines {
            Some(lines) => stderr.note(format_args!(
                "to resume it, run the command again with --resume {}{}",
                path(lines),
                self.holding.judged_anew(self.settings)
            )),
            None => stderr.note("an audit that writes --report jsonl=FILE can be resumed with --resume FILE"),
        }
    }

    /// Ends the reports; the exit status comes back.
    pub(super) fn end(mut self, stderr: &mut Messages<'_>) -> Exit {
        let gone: u64 = match self.is_whole {
            true => self.known.left().values().sum(),
            false => 0,
        };
        let again = self.known.judged_again();
        if let Some(file) = self
            .settings
            .resume
            .as_ref()
            .filter(|_| self.taken_over > 0 || again == 0)
        {
            stderr.note(format_args!(
                "{} of {} images taken over from {}",
                self.taken_over,
                self.totals.images,
                safe(&file.display().to_string())
            ));
        }
        if again > 0 {
            let why = match self.holding.judged_anew(self.settings) {
                "" => "; it is not proven that their entries still hold",
                why => why,
            };
            stderr.note(format_args!(
                "images of the report that were judged again: {again}{why}"
            ));
        }
        if gone > 0 {
            stderr.note(format_args!(
                "the report that is resumed has {gone} images that no longer exist; they are left out"
            ));
        }
        let is_unused = self.settings.map.as_ref().is_some_and(|own| own.map.is_for_none());
        if is_unused && self.taken_over == 0 {
            stderr.note("no line of --expected-identity-map is for any of these images");
        }
        if self.settings.recording == Recording::Confirm {
            if let Some(why) = self.unrecorded.told() {
                stderr.note(why);
            }
        }
        let incomplete = self.close(false);
        if !self.settings.reporting.is_beside_messages {
            incomplete.iter().for_each(|reason| stderr.error(reason));
        }
        if !incomplete.is_empty() {
            Exit::Trouble
        } else if self.totals.failing > 0 {
            Exit::Negative
        } else {
            Exit::Success
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
        let known = std::mem::take(&mut self.known);
        let is_whole = self.is_whole && !interrupted;
        self.reports.end(&mut tail, &self.totals, known, is_whole);
        tail.incomplete
    }
}

/// Names the changes of a record that were written, but for those that take trust back.
pub(super) fn tell_gains(entry: &Entry, gains: &[Told], stderr: &mut Messages<'_>) {
    let image = safe(&entry.image);
    for gain in gains {
        gain.tell(&image, "recorded", stderr);
    }
}
