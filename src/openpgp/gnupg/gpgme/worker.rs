// SPDX-License-Identifier: Apache-2.0
//! The thread on which gpgme works, and how long it is waited for.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{channel, sync_channel, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use gpgme::{Context, Protocol};

use crate::openpgp::error::EngineError;
use crate::openpgp::gnupg::failure::{answer, describe, failed, GPG};
use crate::processes::{self, Operation, FORKING_THREAD};
use crate::text::io_message;

/// Oldest GnuPG whose options and status lines are known to be what we rely on; 2.1 had not all of the import options.
pub(crate) const MIN_GNUPG: &str = "2.2.0";

/// How long gpg may take for one message, or to tell its version. It takes milliseconds.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How long it may take for keys, of which there may be many thousands.
pub(crate) const PATIENCE_WITH_KEYS: Duration = Duration::from_secs(300);

/// What gpgme gives as the version of a gpg that it could not ask (engine-gpg.c of gpgme).
const UNASKED: &str = "1.0.0";

/// What happens where a connection cannot be made ready.
const PREPARING: &str = "preparing gpg";

/// Something for the thread that has the connection to do.
type Job = Box<dyn FnOnce(&mut Context) + Send>;

/// A thread with a connection to GnuPG with one home directory.
///
/// gpgme can neither be interrupted nor told how long to wait. So it works on a thread of its own; where gpg does not
/// answer in time, gpg is killed and the thread is not used any more.
#[derive(Debug)]
pub struct GpgmeWorker {
    jobs: Sender<Job>,
    /// Whether it was waited for in vain before.
    is_silent: bool,
    home: PathBuf,
}

impl GpgmeWorker {
    /// Uses GnuPG with a home directory. gpgme asks gpg for its version once more for each (measured: 2 ms); in return
    /// workers with different homes can be at work at the same time.
    ///
    /// # Errors
    /// When gpg cannot be run or is too old.
    pub fn start(home: &Path) -> Result<(Self, String), EngineError> {
        const DOING: &str = "asking gpg for its version";
        let (jobs, to_do) = channel::<Job>();
        let (report, answer_read) = sync_channel(1);
        let home = home.to_owned();
        let own_home = home.clone();
        thread::Builder::new()
            .name(FORKING_THREAD.into())
            .spawn(move || {
                let operation = Operation::begin();
                match connect(&own_home) {
                    Ok((mut context, version)) => {
                        drop(operation);
                        // Where nobody waits any more, no job comes either.
                        let _ = report.send(Ok(version));
                        for job in to_do {
                            job(&mut context);
                        }
                    }
                    Err(error) => {
                        drop(operation);
                        let _ = report.send(Err(error));
                    }
                }
            })
            .map_err(|error| EngineError::failed(DOING, format!("gpg cannot be started: {}", explained(&error))))?;
        // It is told no home yet.
        let version = wait(&answer_read, PATIENCE, DOING, Path::new(processes::NO_HOME))??;
        let is_silent = false;
        Ok((Self { jobs, is_silent, home }, version))
    }

    /// Lets the thread do something, and waits for it.
    ///
    /// # Errors
    /// When gpg does not answer.
    pub fn run<T: Send + 'static>(
        &mut self,
        patience: Duration,
        doing: &'static str,
        operation: impl FnOnce(&mut Context) -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        if self.is_silent {
            return Err(EngineError::Silent {
                doing,
                who: GPG,
                patience,
            });
        }
        let (report, result) = sync_channel(1);
        let job = Box::new(move |context: &mut Context| {
            let begun = Operation::begin();
            let result = operation(context);
            drop(begun);
            // Nobody waits any more for an answer that comes too late.
            let _ = report.send(result);
        });
        // A thread that has ended is noticed below.
        let _ = self.jobs.send(job);
        let result = wait(&result, patience, doing, &self.home);
        self.is_silent = matches!(result, Err(EngineError::Silent { .. }));
        result
    }
}

/// Connects to GnuPG with a home and makes sure that it can be used.
fn connect(home: &Path) -> Result<(Context, String), EngineError> {
    // Without gpgconf, gpgme starts gpg alone: 5 processes less (measured). It must be set before the first use.
    let _ = gpgme::set_flag("disable-gpgconf", "1");
    gpgme::init();
    let missing = |error: gpgme::Error| unusable(&describe(error));
    let mut context = Context::from_protocol(Protocol::OpenPgp).map_err(missing)?;
    let info = context.engine_info();
    let version = match info.version() {
        Ok(UNASKED) => {
            return Err(match why_not_started() {
                Some(error) if is_exhausted(&error) => EngineError::failed(
                    "asking gpg for its version",
                    format!("gpg cannot be started: {}", explained(&error)),
                ),
                Some(error) => unusable(&io_message(&error)),
                None => unusable("it tells no version"),
            });
        }
        Ok(version) if info.check_version(MIN_GNUPG) => version.to_owned(),
        Ok(version) => {
            return Err(EngineError::Unusable(format!(
                "gpg is version {version}; {MIN_GNUPG} or newer is needed"
            )))
        }
        Err(_) => return Err(unusable("it tells no version")),
    };
    let home = CString::new(home.as_os_str().as_bytes()).map_err(|error| answer(PREPARING, error.to_string()))?;
    context.set_engine_home_dir(home).map_err(|e| failed(PREPARING, e))?;
    context.set_offline(true);
    // All status lines go to a handler of ours; without this gpgme keeps VALIDSIG and others to itself.
    context.set_flag("full-status", "1").map_err(|e| failed(PREPARING, e))?;
    Ok((context, version))
}

/// There is no gpg, or it cannot be run.
fn unusable(why: &str) -> EngineError {
    EngineError::Unusable(format!(
        "gpg cannot be run: {why}; install GnuPG (package gpg, gnupg2 or gpg2) {MIN_GNUPG} or newer"
    ))
}

/// Why gpg cannot be started, if it cannot: gpgme says that something failed, and keeps what to itself. It needs two
/// processes at a time, as here.
pub(crate) fn why_not_started() -> Option<io::Error> {
    let start = || {
        let mut command = Command::new("gpg");
        command.arg("--version");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        processes::start(&mut command)
    };
    let (first, second) = (start(), start());
    let mut why = None;
    for started in [first, second] {
        match started {
            Ok(mut running) => {
                let _ = running.kill();
                let _ = running.wait();
            }
            Err(error) => why = Some(error),
        }
    }
    why
}

/// Whether an error says that there can be no more processes now.
fn is_exhausted(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory)
}

/// An error of starting a process or thread, with what is behind it where the words of the system do not tell.
pub fn explained(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::WouldBlock {
        format!(
            "{}: the limit of processes is reached (pids.max of the container or service, or ulimit -u)",
            io_message(error)
        )
    } else {
        io_message(error)
    }
}

/// Ends a gpg that hangs, and those that gpgme starts in its place, until gpgme has given up; how many there were.
fn end<T>(result: &Receiver<T>, home: &Path) -> usize {
    /// It is done as soon as it notices.
    const PATIENCE: Duration = Duration::from_secs(5);
    /// Between two looks for what was started meanwhile.
    const PAUSE: Duration = Duration::from_millis(20);
    let begun = Instant::now();
    let mut ended = processes::end_those_of(home);
    while begun.elapsed() < PATIENCE
        && result
            .recv_timeout(PAUSE)
            .is_err_and(|error| error == RecvTimeoutError::Timeout)
    {
        ended += processes::end_those_of(home);
    }
    ended + processes::end_those_of(home)
}

fn wait<T>(result: &Receiver<T>, patience: Duration, doing: &'static str, home: &Path) -> Result<T, EngineError> {
    result.recv_timeout(patience).map_err(|error| match error {
        RecvTimeoutError::Timeout => {
            let ended = end(result, home);
            log::warn!("{doing}: gpg hangs; {ended} processes were killed");
            EngineError::Silent {
                doing,
                who: GPG,
                patience,
            }
        }
        RecvTimeoutError::Disconnected => answer(doing, "the thread that was to give it has ended"),
    })
}
