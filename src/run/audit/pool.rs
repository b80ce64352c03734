// SPDX-License-Identifier: Apache-2.0
//! Threads that work on one image after the other. What they make comes out in the order in which the images went in.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{channel, sync_channel, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::job::{Done, Job};
use crate::text::io_message;

/// Most images on the way, for each thread: one that takes long must not hold up the others at once.
const MAX_AHEAD: usize = 64;

/// How many images a thread gets at a time once the run is under way: waking a thread for each costs more than judging
/// it. Of the first ones each goes by itself, so that a few images are judged side by side.
const BATCH: usize = 16;

/// After how many images a run is under way.
const SINGLE: u64 = 64;

/// Most bytes of images on the way; one image may be more.
const MAX_BYTES: usize = 8 << 20;

/// How often [`Line::tick`] is called while nothing comes.
const PERIOD: Duration = Duration::from_millis(100);

/// Where images come from and go to, all on one thread.
pub(super) trait Line {
    /// The next image, if there is one.
    fn next(&mut self) -> Option<Job>;

    /// Takes an image that was worked on.
    fn take(&mut self, done: Done);

    /// Called again and again.
    fn tick(&mut self);
}

/// What is done with some images: the same number comes back, in the same order.
type Work<'w, W> = dyn Fn(&mut W, Vec<Job>) -> Vec<Done> + Sync + 'w;

/// Has every image of a line worked on by one of the workers, of which there must be one. Tells whether
/// all came out again.
pub(super) fn each<W: Send>(workers: Vec<W>, work: &Work<'_, W>, line: &mut dyn Line) -> bool {
    let ahead = MAX_AHEAD * workers.len();
    let (to_do, jobs) = sync_channel::<Vec<(u64, Job)>>(ahead);
    let (report, results) = channel();
    let jobs = Mutex::new(jobs);
    let waiting = Mutex::new(workers);
    thread::scope(|scope| {
        let mut started = 0_usize;
        let count = lock(&waiting).len();
        for _ in 0..count {
            let (jobs, waiting, report) = (&jobs, &waiting, report.clone());
            let thread = thread::Builder::new()
                .name("judge".into())
                .spawn_scoped(scope, move || {
                    let worker = lock(waiting).pop();
                    if let Some(mut worker) = worker {
                        serve(&mut worker, work, jobs, &report);
                    }
                });
            match thread {
                Ok(_) => started += 1,
                // Fewer threads are slower, and nothing else.
                Err(error) => log::warn!("a thread cannot be started: {}", io_message(&error)),
            }
        }
        drop(report);
        if started > 0 {
            return hand_out(line, to_do, &results, ahead);
        }
        let worker = lock(&waiting).pop();
        worker.is_some_and(|mut worker| {
            while let Some(job) = line.next() {
                work(&mut worker, vec![job])
                    .into_iter()
                    .for_each(|done| line.take(done));
                line.tick();
            }
            true
        })
    })
}

/// What is locked stays usable after a panic elsewhere: it is only taken from.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve<W>(
    worker: &mut W,
    work: &Work<'_, W>,
    jobs: &Mutex<Receiver<Vec<(u64, Job)>>>,
    report: &Sender<Vec<(u64, Done)>>,
) {
    loop {
        // Held while waiting: one thread waits for an image, the others for that one.
        let batch = lock(jobs).recv();
        let Ok(batch) = batch else { return };
        let (numbers, jobs): (Vec<u64>, Vec<Job>) = batch.into_iter().unzip();
        let done = numbers.into_iter().zip(work(worker, jobs)).collect();
        if report.send(done).is_err() {
            return;
        }
    }
}

/// Hands images out and takes them back. When it is done, so are the threads: there is nobody left to send anything.
fn hand_out(
    line: &mut dyn Line,
    to_do: SyncSender<Vec<(u64, Job)>>,
    results: &Receiver<Vec<(u64, Done)>>,
    ahead: usize,
) -> bool {
    let mut sizes = VecDeque::new();
    let mut bytes = 0;
    let (mut sent, mut taken) = (0_u64, 0_u64);
    let mut has_more = true;
    let mut ready = BTreeMap::new();
    loop {
        line.tick();
        while let Some(done) = ready.remove(&taken) {
            taken += 1;
            bytes -= sizes.pop_front().unwrap_or(0);
            line.take(done);
        }
        if has_more && sizes.len() < ahead && (bytes < MAX_BYTES || sizes.is_empty()) {
            let most = if sent < SINGLE { 1 } else { BATCH };
            let mut batch = Vec::with_capacity(most);
            while batch.len() < most && (bytes < MAX_BYTES || sizes.is_empty()) {
                let Some(job) = line.next() else {
                    has_more = false;
                    break;
                };
                let (size, is_slow) = (job.size(), job.is_slow());
                sizes.push_back(size);
                bytes += size;
                batch.push((sent, job));
                sent += 1;
                if is_slow {
                    break;
                }
            }
            if !batch.is_empty() && to_do.send(batch).is_err() {
                return false;
            }
            ready.extend(results.try_iter().flatten());
        } else if sent == taken {
            return true;
        } else {
            match results.recv_timeout(PERIOD) {
                Ok(done) => ready.extend(done),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }
}
