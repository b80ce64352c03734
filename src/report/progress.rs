// SPDX-License-Identifier: Apache-2.0
//! How far a run is: one line on a terminal from two seconds on, and what is said of a run that is interrupted.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::appearance::WIDTH;
use super::pace::{bar, Pace};
use super::renderer::Summary;
use super::table::counts;
use super::{changes, terminal};
use crate::files::cleanup;
use crate::reason::Verdict;

/// Runs that take no longer show nothing.
const QUIET: Duration = Duration::from_secs(2);
/// How often the line is written again.
const PERIOD: Duration = Duration::from_millis(500);

/// A run's progress, until it is dropped.
#[derive(Debug)]
pub struct Progress {
    shared: Arc<Shared>,
    watcher: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    is_over: Condvar,
}

#[derive(Debug)]
struct State {
    /// What is done with images, such as `judged`.
    done: &'static str,
    total: usize,
    summary: Summary,
    /// Images whose records were written; nothing where none are to be.
    recorded: Option<usize>,
    /// Columns of the line that stands on the terminal.
    shown: usize,
    pace: Pace,
    is_over: bool,
}

impl Shared {
    /// Counts stay usable after a panic elsewhere.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn hide(&mut self) {
        if self.shown > 0 {
            let _ = write!(io::stderr(), "\r{:width$}\r", "", width = self.shown);
            self.shown = 0;
        }
    }

    fn show(&mut self) {
        let line = self.line(terminal::columns_of_stderr());
        self.hide();
        let _ = write!(io::stderr(), "{line}");
        self.shown = line.chars().count();
    }

    /// The line for a terminal of so many columns: one that is longer would go on in the next row, and stay there.
    fn line(&mut self, columns: Option<usize>) -> String {
        let (done, total) = (self.number(), self.total);
        self.pace.note(Instant::now(), done);
        let mut line = format!("{} {}", self.done, self.judged());
        if let Some(pace) = self.pace.text(total.saturating_sub(done)) {
            // Before the counts: on a narrow terminal these are cut off.
            let counts = line.find(": ").unwrap_or(line.len());
            line.insert_str(counts, &format!(" ({pace})"));
        }
        if done < total {
            line = format!("{} {line}", bar(done, total));
        }
        line.chars().take(columns.unwrap_or(WIDTH).saturating_sub(1)).collect()
    }

    fn number(&self) -> usize {
        self.summary.each().iter().map(|(_, count)| count).sum()
    }

    fn judged(&self) -> String {
        let judged = counts(&self.summary);
        let number = self.number();
        match judged.strip_prefix(&number.to_string()) {
            Some(rest) if number < self.total => {
                let rest = rest
                    .strip_prefix(" image")
                    .map_or(rest, |rest| rest.trim_start_matches('s'));
                format!("{number} of {} images{rest}", self.total)
            }
            _ => judged,
        }
    }

    fn interrupted(&self) -> String {
        let mut text = format!("interrupted; {} {}", self.done, self.judged());
        let told = changes::told();
        // What a server has taken is counted here only once it is printed.
        match self.recorded.map_or(told.images, |count| count.max(told.images)) {
            0 if self.recorded.is_none() || told.is_image_open => {}
            0 => text.push_str("; nothing was recorded"),
            count => {
                let images = if count == 1 { "image" } else { "images" };
                let _ = write!(text, "; recorded on {count} {images}");
            }
        }
        for line in &told.lines {
            let _ = write!(text, "\n{line}");
        }
        text
    }
}

impl Progress {
    /// Begins a run over so many images; 0 where that is not known yet. `is_shown`: on a terminal; `is_recording`: verdicts are to be recorded.
    #[must_use]
    pub fn start(total: usize, is_shown: bool, is_recording: bool) -> Self {
        Self::of("judged", total, is_shown, is_recording)
    }

    /// Begins a run that reads what was said of so many images; 0 where that is not known.
    #[must_use]
    pub fn reading(total: usize, is_shown: bool) -> Self {
        Self::of("read", total, is_shown, false)
    }

    fn of(done: &'static str, total: usize, is_shown: bool, is_recording: bool) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                done,
                total,
                summary: Summary::default(),
                recorded: is_recording.then_some(0),
                shown: 0,
                pace: Pace::default(),
                is_over: false,
            }),
            is_over: Condvar::new(),
        });
        let told = Arc::clone(&shared);
        cleanup::when_interrupted(Box::new(move || {
            let mut state = told.lock();
            state.hide();
            let _ = writeln!(io::stderr(), "{}", state.interrupted());
        }));
        let watched = Arc::clone(&shared);
        let watcher = is_shown.then(|| {
            std::thread::Builder::new()
                .name("progress".into())
                .spawn(move || watch(&watched))
        });
        Self {
            shared,
            // A run without a progress line is a run all the same.
            watcher: watcher.and_then(Result::ok),
        }
    }

    /// Says how many images there are.
    pub fn expect(&self, total: usize) {
        self.shared.lock().total = total;
    }

    /// Counts an image that was judged.
    pub fn judged(&self, verdict: Verdict) {
        self.shared.lock().summary.add(verdict);
    }

    /// Counts images whose records were written.
    pub fn recorded(&self, more: usize) {
        if let Some(count) = &mut self.shared.lock().recorded {
            *count += more;
        }
    }

    /// A writer to the terminal that takes the progress line away first.
    pub fn over<'w>(&self, inner: &'w mut dyn Write) -> Over<'w> {
        let shared = Arc::clone(&self.shared);
        Over { inner, shared }
    }
}

/// Shows the line again and again.
fn watch(shared: &Shared) {
    let begin = Instant::now();
    let mut state = shared.lock();
    while !state.is_over {
        if begin.elapsed() >= QUIET {
            state.show();
        }
        let waited = shared.is_over.wait_timeout(state, PERIOD);
        state = waited.map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        cleanup::when_interrupted(Box::new(|| {}));
        let mut state = self.shared.lock();
        state.is_over = true;
        state.hide();
        drop(state);
        self.shared.is_over.notify_all();
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
    }
}

/// The writer of [`Progress::over`].
pub struct Over<'w> {
    inner: &'w mut dyn Write,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Over<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Over").finish_non_exhaustive()
    }
}

impl Write for Over<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Not held while writing: who reads may be slow.
        self.shared.lock().hide();
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
