// SPDX-License-Identifier: Apache-2.0
//! `audit`
//!
//! One thread reads images and writes the report, in the order in which the images come; others judge. Of all images only
//! those are in memory that are being judged (docs/contract.md 10).

mod collector;
mod entries;
mod expected;
mod files;
mod findings;
mod held;
mod job;
mod judge;
mod lines;
mod parameters;
mod pool;
mod recording;
mod reports;

use std::io::Write;

use self::collector::Collector;
use self::files::Files;
use self::job::{Done, Job};
use self::judge::Judge;
use self::pool::Line;
use crate::files::cleanup::{self, Interruption};
use crate::report::progress::Progress;
use crate::settings::audit::{Audit, Images};
use crate::settings::UsageError;
use crate::source::objects::ObjectFiles;

/// Judges every image and reports on all of them.
///
/// # Errors
/// When a key file is of no use, or a report cannot be begun or gone on from.
pub(super) fn run(settings: &Audit, out: &mut dyn Write, stderr: &mut dyn Write) -> Result<u8, UsageError> {
    let head = parameters::head(settings);
    let judges = judge::judges(settings, stderr)?;
    let collector = Collector::new(settings, &head, out)?;
    match &settings.images {
        Images::Files {
            places, is_recursive, ..
        } => {
            let objects = ObjectFiles::open(places, *is_recursive);
            let files = Files::new(settings, &objects);
            let progress = Progress::start(files.count(), settings.shows_progress, false);
            let mut stderr = progress.over(stderr);
            let mut jobs = files.jobs();
            let interruption = cleanup::gently();
            let mut conveyor = Conveyor {
                jobs: &mut jobs,
                collector,
                progress: &progress,
                stderr: &mut stderr,
                interruption: &interruption,
            };
            conveyor.run(judges);
            conveyor.collector.complain(files.complaints());
            if let Some(note) = files.note() {
                let _ = writeln!(conveyor.stderr, "note: {note}");
            }
            conveyor.tick();
            interruption.no_longer();
            conveyor.collector.record(&objects, conveyor.stderr);
            Ok(conveyor.collector.end(&mut stderr))
        }
        Images::Places { named, .. } => {
            let progress = Progress::start(named.len(), settings.shows_progress, false);
            let mut stderr = progress.over(stderr);
            let interruption = cleanup::gently();
            let mut jobs = named.iter().map(|request| job::place(settings, request));
            let mut conveyor = Conveyor {
                jobs: &mut jobs,
                collector,
                progress: &progress,
                stderr: &mut stderr,
                interruption: &interruption,
            };
            conveyor.run(judges);
            Ok(conveyor.collector.end(&mut stderr))
        }
    }
}

/// Images on their way from where they are to the reports.
struct Conveyor<'r, 's> {
    jobs: &'r mut dyn Iterator<Item = Job>,
    collector: Collector<'s>,
    progress: &'r Progress,
    stderr: &'r mut dyn Write,
    interruption: &'r Interruption,
}

impl Conveyor<'_, '_> {
    fn run(&mut self, judges: Vec<Judge<'_>>) {
        let are_all_back = pool::each(judges, &|judge: &mut Judge<'_>, job| judge.job(job), self);
        if !are_all_back {
            self.collector
                .complain(["the threads that judge have ended before all images were judged".to_owned()]);
        }
    }
}

impl Line for Conveyor<'_, '_> {
    fn next(&mut self) -> Option<Job> {
        loop {
            self.tick();
            let job = self.jobs.next()?;
            if self.collector.wants(&job) {
                return Some(job);
            }
        }
    }

    fn take(&mut self, done: Done) {
        // A gpg that got the signal too has given up: what comes now says nothing.
        self.tick();
        self.collector.take(done, self.progress, self.stderr);
    }

    /// Ends the run if a signal wants that.
    fn tick(&mut self) {
        if self.interruption.is_told() {
            self.collector.interrupt();
            self.interruption.finish();
        }
    }
}
