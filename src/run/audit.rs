// SPDX-License-Identifier: Apache-2.0
//! The command `audit`.
//!
//! One thread reads images and writes the report, in the order in which the images come; others judge. Of all images only
//! those are in memory that are being judged (docs/contract.md 11).

mod beside;
mod cluster;
mod collector;
mod conclusion;
mod content;
pub(super) mod diff;
mod entries;
mod expected;
mod files;
mod findings;
mod gone;
mod hashing;
mod held;
mod holding;
mod job;
mod judge;
mod judged;
mod lines;
pub(super) mod merge;
mod mirrors;
mod naming;
mod outputs;
mod parameters;
mod policy;
mod pool;
mod recording;
mod registries;
mod reported;
mod reports;
mod settling;
mod unfinished;
mod unrecorded;
mod uses;

use std::sync::Arc;

use self::cluster::Cluster;
use self::collector::Collector;
use self::files::Files;
use self::job::{Done, Job};
use self::judge::Judge;
use self::mirrors::{Mirrors, Seen};
use self::pool::Line;
use self::registries::{Lookups, Reach};
use crate::files::cleanup::{self, Interruption};
use crate::report::console::{Console, Messages};
use crate::report::exit::Exit;
use crate::report::progress::Progress;
use crate::run::short_names;
use crate::settings::audit::{AskedRange, Audit, Images};
use crate::settings::image_name::{short_name, ImageName};
use crate::settings::objects::Recording;
use crate::settings::requests::Request;
use crate::settings::UsageError;
use crate::source::objects::ObjectFiles;
use crate::text::safe;

/// Judges every image and reports on all of them.
///
/// # Errors
/// When a key file is of no use, or a report cannot be begun or gone on from.
pub(super) fn run(settings: &Audit, console: &mut Console<'_>) -> Result<Exit, UsageError> {
    let progress = Progress::start(0, settings.shows_progress, false);
    let mut session = policy::session(settings, &mut console.err)?;
    let settled = policy::settled(settings, session.as_mut());
    let (settings, trouble) = match &settled {
        Ok(settled) => (&**settled, None),
        Err(refusal) => (settings, Some(refusal)),
    };
    if let (Some(refusal), Some(file)) = (trouble, &settings.resume) {
        console.err.error(format_args!(
            "--resume {}: it is unknown whether it is a report by the same policies, and it stays as it is: {}",
            safe(&file.display().to_string()),
            refusal.message
        ));
        return Ok(Exit::Trouble);
    }
    let in_cluster = match settings.images {
        Images::Cluster { .. } => true,
        Images::Files { .. } | Images::Places { .. } => false,
    };
    let mut judges = judge::judges(
        settings,
        settings.workers + usize::from(in_cluster),
        trouble,
        &mut console.err,
    )?;
    let reach = session
        .as_mut()
        .and_then(|own| Reach::new(settings, own, &mut console.err));
    if let Some(lookups) = reach.as_ref().map(|reach| Arc::new(Lookups::new(reach, settings))) {
        judges.iter_mut().for_each(|judge| judge.looking(&lookups));
    }
    let width = console.err.width();
    let (mut out, mut stderr) = (progress.over(console.out), progress.over(console.err.stream()));
    let objects = match &settings.images {
        Images::Files {
            places, is_recursive, ..
        } => Some(ObjectFiles::open(places, *is_recursive)),
        Images::Places { .. } | Images::Cluster { .. } => None,
    };
    let head = parameters::head(settings, objects.as_ref());
    let mut collector = Collector::new(settings, &head, &mut out)?;
    // Every image is Unchecked then, and that is no finding about images.
    let without_keys = judges.first().and_then(|judge| judge.judging.without_keys());
    collector.lack(without_keys.map(|refusal| format!("no signature can be checked: {}", refusal.message)));
    collector.lack(trouble.map(|refusal| format!("no image can be judged: {}", refusal.message)));
    let mut run = Run {
        settings,
        collector,
        seen: Arc::default(),
        progress: &progress,
        stderr: Messages::to(&mut stderr).within(width),
        interruption: in_cluster.then(cleanup::gently),
    };
    tell_short(&settings.images, &mut run.stderr);
    Ok(match &settings.images {
        Images::Files { .. } => run.files(judges, &objects.unwrap_or_default()),
        Images::Places { named, .. } => run.places(judges, named),
        Images::Cluster { .. } => {
            // One stays here, for what others change meanwhile.
            let own = judges.pop().zip(session);
            match own.and_then(|(judge, session)| Cluster::read(settings, judge, session, &mut run.stderr)) {
                Some(cluster) => run.cluster(judges, cluster),
                None => run.places(judges, &[]),
            }
        }
    })
}

/// Warns of images that are looked for on docker.io because no registry is named.
fn tell_short(images: &Images, stderr: &mut Messages<'_>) {
    let named = match images {
        Images::Places { named, .. } => named.as_slice(),
        Images::Cluster {
            range: AskedRange::Named { places, .. },
            ..
        } => places.as_slice(),
        Images::Files { .. } | Images::Cluster { .. } => &[],
    };
    let short = named.iter().filter_map(|request| match &request.image {
        ImageName::Registry(reference) => short_name(&request.asked, reference),
        _ => None,
    });
    short_names::tell(&short.collect::<Vec<_>>(), stderr);
}

/// A run over the images of one kind of place.
struct Run<'s> {
    settings: &'s Audit,
    collector: Collector<'s>,
    /// Whether there was a mirror to compare with.
    seen: Arc<Seen>,
    progress: &'s Progress,
    stderr: Messages<'s>,
    /// Signals that are to end the run, where it has begun to look for them.
    interruption: Option<Interruption>,
}

impl<'s> Run<'s> {
    fn files(self, judges: Vec<Judge<'_>>, objects: &ObjectFiles) -> Exit {
        let files = Files::new(self.settings, objects);
        let mut jobs = files.jobs();
        self.over(judges, files.count(), Feed::Jobs(&mut jobs), &mut |line| {
            line.collector.lack(files.complaints());
            if let Some(note) = files.note() {
                line.stderr.note(note);
            }
            line.collector.record_in_files(objects, &mut line.stderr);
        })
    }

    fn places(self, mut judges: Vec<Judge<'s>>, named: &[Request]) -> Exit {
        if let Some(configuration) = self.settings.images.registries() {
            self.compare_mirrors(&mut judges, Ok(configuration.mirrors.clone()));
        }
        let mut jobs = named.iter().map(|request| job::place(self.settings, request));
        self.over(judges, named.len(), Feed::Jobs(&mut jobs), &mut |_| {})
    }

    fn cluster(mut self, mut judges: Vec<Judge<'s>>, mut cluster: Cluster<'_>) -> Exit {
        if self.settings.recording == Recording::Confirm {
            let author = cluster.author();
            judges.iter_mut().for_each(|judge| judge.recording_for(&author));
            self.collector.recording_for(author.as_ref().ok());
        }
        let mirrors = self.settings.mirrors.then(|| cluster.mirrors());
        let unknown = mirrors.as_ref().and_then(|known| known.as_ref().err()).cloned();
        if let Some(known) = mirrors {
            self.compare_mirrors(&mut judges, known);
        }
        let total = cluster.total();
        self.over(judges, total, Feed::Cluster(&mut cluster), &mut |line| {
            if let Feed::Cluster(cluster) = &mut line.feed {
                line.collector.lack(cluster.complaints());
                for note in cluster.notes() {
                    line.stderr.note(note);
                }
                let unknown = unknown.iter().map(|refusal| &refusal.message);
                line.collector
                    .complain(unknown.map(|why| format!("{why}; it is unknown what mirrors lack")));
                line.collector.record_in_cluster(cluster, &mut line.stderr);
                cluster.tell_warnings(&mut line.stderr);
            }
        })
    }

    /// Has images at mirrors compared with those at the sources, if that is asked for.
    fn compare_mirrors(&self, judges: &mut [Judge<'s>], known: mirrors::Known) {
        let known = Arc::new(known);
        let Some(configuration) = self.settings.images.registries().filter(|_| self.settings.mirrors) else {
            return;
        };
        for judge in judges {
            let all = (Arc::clone(&known), Arc::clone(&self.seen));
            judge.comparing(Mirrors::new(configuration, all, self.settings.clock));
        }
    }

    /// Has all images judged, then does what is to be done at the `end`; the exit status comes back.
    fn over(
        mut self,
        mut judges: Vec<Judge<'_>>,
        total: usize,
        feed: Feed<'_, '_>,
        end: &mut dyn FnMut(&mut Conveyor<'_, '_, '_, '_>),
    ) -> Exit {
        self.progress.expect(total);
        let each = total / judges.len().max(1);
        judges.iter_mut().for_each(|judge| judge.expect(each));
        let interruption = self.interruption.take().unwrap_or_else(cleanup::gently);
        let mut line = Conveyor {
            feed,
            collector: self.collector,
            progress: self.progress,
            stderr: self.stderr.lend(),
            interruption: &interruption,
        };
        let are_all_back = pool::each(judges, &|judge: &mut Judge<'_>, jobs| judge.jobs(jobs), &mut line);
        if !are_all_back {
            let what = "the threads that judge ended before all images were judged";
            line.collector.lack([what.to_owned()]);
        }
        line.tick();
        interruption.no_longer();
        end(&mut line);
        if self.seen.no_mirror() {
            line.stderr.note("mirrors: none is configured for any of the images");
        }
        line.collector.end(&mut line.stderr)
    }
}

/// Where images come from.
enum Feed<'f, 's> {
    Jobs(&'f mut dyn Iterator<Item = Job>),
    Cluster(&'f mut Cluster<'s>),
}

/// Images on their way from where they are to the reports.
struct Conveyor<'r, 'c, 'f, 's> {
    feed: Feed<'f, 's>,
    collector: Collector<'c>,
    progress: &'r Progress,
    stderr: Messages<'r>,
    interruption: &'r Interruption,
}

impl Line for Conveyor<'_, '_, '_, '_> {
    fn next(&mut self) -> Option<Job> {
        loop {
            self.tick();
            let collector = &mut self.collector;
            let job = match &mut self.feed {
                Feed::Jobs(jobs) => jobs.next()?,
                Feed::Cluster(cluster) => {
                    let shard = collector.settings.shard;
                    cluster.next(&mut |name| shard.has(name))?
                }
            };
            if collector.wants(&job) {
                return Some(job);
            }
        }
    }

    fn take(&mut self, done: Done) {
        // A gpg that got the signal too has given up: what comes now says nothing.
        self.tick();
        let cluster = match &mut self.feed {
            Feed::Jobs(_) => None,
            Feed::Cluster(cluster) => {
                cluster.heed(&done.entry);
                Some(&mut **cluster)
            }
        };
        self.collector.take(done, cluster, self.progress, &mut self.stderr);
    }

    /// Ends the run if a signal wants that.
    fn tick(&mut self) {
        if self.interruption.is_told() {
            self.collector.interrupt(&mut self.stderr);
            self.interruption.finish();
        }
    }
}
