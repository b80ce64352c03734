// SPDX-License-Identifier: Apache-2.0
//! What must not be left behind: paths removed when their guard is dropped, and on signals that end the run.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use signal_hook::consts::signal::{
    SIGALRM, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU, SIGXFSZ,
};
use signal_hook::iterator::Signals;

use crate::processes;
use crate::text::io_message;

/// Exit status of an interrupted run.
pub(crate) const INTERRUPTED: i32 = 130;

/// Signals that end a process which does not handle them, but for those by which a fault in the program itself is told.
const ENDING: [i32; 11] = [
    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGIO,
];

/// Held while something is done that is to be done as a whole.
static WHOLE: Mutex<()> = Mutex::new(());

/// How long a signal waits for what is to be done as a whole: a file system that hangs must not keep the program.
const MAX_WHOLE: Duration = Duration::from_secs(10);

/// Until this is dropped no signal ends the run.
pub(crate) fn as_a_whole() -> MutexGuard<'static, ()> {
    WHOLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for the end of what is done as a whole, and lets nothing more of the kind begin.
fn wait_for_whole() -> Option<MutexGuard<'static, ()>> {
    let begun = Instant::now();
    loop {
        match WHOLE.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(error)) => return Some(error.into_inner()),
            Err(TryLockError::WouldBlock) if begun.elapsed() > MAX_WHOLE => return None,
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

static PENDING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// What tells the user of an interrupted run.
type Tell = Box<dyn Fn() + Send>;

static TELL: Mutex<Option<Tell>> = Mutex::new(None);

/// How long telling may take: a terminal that is stopped must not keep the program.
const MAX_TELLING: Duration = Duration::from_secs(1);

/// From now on this is called, instead of what was to be called before, when a signal ends the run.
pub(crate) fn when_interrupted(tell: Tell) {
    *TELL.lock().unwrap_or_else(PoisonError::into_inner) = Some(tell);
}

fn tell() {
    let (done, is_done) = std::sync::mpsc::channel();
    let teller = std::thread::Builder::new().spawn(move || {
        if let Some(tell) = &*TELL.lock().unwrap_or_else(PoisonError::into_inner) {
            tell();
        }
        let _ = done.send(());
    });
    if teller.is_ok() {
        let _ = is_done.recv_timeout(MAX_TELLING);
    }
}

/// The list stays usable after a panic elsewhere: it is only ever pushed to and filtered.
fn pending() -> MutexGuard<'static, Vec<PathBuf>> {
    PENDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a run that is interrupted may take to say what is done.
const MAX_FINISHING: Duration = Duration::from_secs(10);

static GENTLE: Mutex<Option<Interruption>> = Mutex::new(None);

/// Tells a run that a signal is to end it, so that it can say what is done.
#[derive(Debug, Clone)]
pub struct Interruption(Arc<[AtomicBool; 2]>);

impl Interruption {
    /// Whether a signal has come. A gpg of this run may have got it too: what fails from now on says nothing.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.0[0].load(Ordering::SeqCst)
    }

    /// Ends the process, with everything removed that is to be removed.
    pub fn finish(&self) -> ! {
        self.0[1].store(true, Ordering::SeqCst);
        loop {
            std::thread::sleep(MAX_FINISHING);
        }
    }

    /// From now on a signal ends the run at once, as it ends others.
    pub fn no_longer(&self) {
        *GENTLE.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn is_finished(&self) -> bool {
        self.0[1].load(Ordering::SeqCst)
    }
}

/// From now on a run that a signal is to end is told, and has some seconds to call [`Interruption::finish`]. A second
/// signal ends it at once.
pub(crate) fn gently() -> Interruption {
    let interruption = Interruption(Arc::new([AtomicBool::new(false), AtomicBool::new(false)]));
    *GENTLE.lock().unwrap_or_else(PoisonError::into_inner) = Some(interruption.clone());
    interruption
}

/// Whether a signal has come that is to end the run, which wants to be told.
#[must_use]
pub(crate) fn is_ending() -> bool {
    let gentle = GENTLE.lock().unwrap_or_else(PoisonError::into_inner);
    gentle.as_ref().is_some_and(Interruption::is_told)
}

/// Tells the run, if it wants that, and waits until it has said what is done, or another signal comes.
fn let_finish(signals: &mut Signals) {
    let gentle = GENTLE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(interruption) = gentle else { return };
    interruption.0[0].store(true, Ordering::SeqCst);
    let begun = Instant::now();
    while !interruption.is_finished() && begun.elapsed() < MAX_FINISHING && signals.pending().next().is_none() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Removes one file or directory tree when dropped.
#[derive(Debug)]
pub struct Guard {
    path: PathBuf,
}

impl Guard {
    /// Marks a path, which need not exist yet, as one to remove.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        pending().push(path.clone());
        Self { path }
    }

    /// Where the file or directory is that is removed with this.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets the path be: it is no longer ours to remove.
    #[must_use]
    pub fn keep(mut self) -> PathBuf {
        pending().retain(|p| *p != self.path);
        // An empty path is nothing to remove.
        std::mem::take(&mut self.path)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.path.as_os_str().is_empty() {
            return;
        }
        if let Err(error) = remove(&self.path) {
            log::warn!("removing {}: {}", self.path.display(), io_message(&error));
        }
        pending().retain(|p| *p != self.path);
    }
}

/// Removes a file or a directory tree; that there is none is fine. Symbolic links are not followed.
///
/// # Errors
/// When something remains.
pub fn remove(path: &Path) -> io::Result<()> {
    // A gpg process that is just ending may still put a file into a directory that is being emptied.
    let mut attempts = 5;
    loop {
        let result = match fs::symlink_metadata(path) {
            Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
            Ok(_) => fs::remove_file(path),
            Err(error) => Err(error),
        };
        attempts -= 1;
        match result {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(_) if attempts > 0 => std::thread::sleep(std::time::Duration::from_millis(10)),
            other => return other,
        }
    }
}

/// The signals that are ignored, as a set of bits; whoever started the program wants that (nohup).
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok())
        .unwrap_or_default()
}

/// From now on a signal that ends the run waits for what is done as a whole, ends the processes that work in pending
/// directories and the programs that are being asked, removes what is pending and ends this process with [`INTERRUPTED`]. Signals that are ignored stay so. Writing beyond the limit of file sizes
/// ends nothing: it fails.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn on_signals() -> io::Result<()> {
    // Once it is handled, whoever writes is told by an error. Programs that are started have it as usual.
    signal_hook::flag::register(SIGXFSZ, Arc::default())?;
    let ignored = ignored();
    let mut signals = Signals::new(ENDING.iter().filter(|signal| ignored >> (**signal - 1) & 1 == 0))?;
    std::thread::Builder::new()
        .name("signals".into())
        .stack_size(128 << 10)
        .spawn(move || {
            if signals.forever().next().is_some() {
                let_finish(&mut signals);
                // Held until the end of the process, so that nothing new is begun meanwhile.
                let _whole = wait_for_whole();
                let paths = pending();
                processes::end_those_of(Path::new(processes::NO_HOME));
                let _asked = processes::answer::end_all();
                for path in paths.iter() {
                    processes::end_those_of(path);
                    // There is nobody left to tell.
                    let _ = remove(path);
                }
                tell();
                std::process::exit(INTERRUPTED);
            }
        })?;
    Ok(())
}
