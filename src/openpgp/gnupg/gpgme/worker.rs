// SPDX-License-Identifier: Apache-2.0
//! The thread on which gpgme works, and how long it is waited for.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{channel, sync_channel, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use gpgme::{Context, Protocol};

use crate::openpgp::gnupg::gpgme::{answer, describe, failed, Error};
use crate::processes::{self, Operation, FORKING_THREAD};

/// Oldest GnuPG whose options and status lines are known to be what we rely on; 2.1 had not all of the import options.
pub const MIN_GNUPG: &str = "2.2.0";

/// How long gpg may take for one message, or to tell its version. It takes milliseconds.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How long it may take for keys, of which there may be many thousands.
pub const PATIENCE_WITH_KEYS: Duration = Duration::from_secs(300);

/// What gpgme gives as the version of a gpg that it could not ask (engine-gpg.c of gpgme).
const UNASKED: &str = "1.0.0";

/// Something for the thread that has the connection to do.
type Job = Box<dyn FnOnce(&mut Context) + Send>;

/// A thread with a connection to GnuPG with one home directory.
///
/// gpgme can neither be interrupted nor told how long to wait. So it works on a thread of its own; where gpg does not
/// answer in time, gpg is killed and the thread is not used any more.
#[derive(Debug)]
pub struct Worker {
    jobs: Sender<Job>,
    /// Whether it was waited for in vain before.
    is_silent: bool,
    home: PathBuf,
}

impl Worker {
    /// Uses GnuPG with a home directory, which it is told through this process's environment: a home set through gpgme
    /// costs one more start of gpg each (measured).
    ///
    /// # Errors
    /// When gpg cannot be run or is too old.
    pub fn start(home: &Path) -> Result<(Self, String), Error> {
        const DOING: &str = "asking gpg for its version";
        let (jobs, to_do) = channel::<Job>();
        let (report, answer_read) = sync_channel(1);
        // For gpg --version: without it, that reads the gpg.conf of the user.
        std::env::set_var("GNUPGHOME", home);
        thread::Builder::new()
            .name(FORKING_THREAD.into())
            .spawn(move || {
                let operation = Operation::begin();
                match connect() {
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
            .map_err(|error| Error::NotStarted {
                doing: DOING,
                why: explained(&error),
            })?;
        let home = home.to_owned();
        let version = wait(&answer_read, PATIENCE, DOING, &home)??;
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
    ) -> Result<T, Error> {
        if self.is_silent {
            return Err(Error::Silent { doing, patience });
        }
        // Every gpg process is started during an operation, and one operation is going on at a time.
        std::env::set_var("GNUPGHOME", &self.home);
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
        self.is_silent = matches!(result, Err(Error::Silent { .. }));
        result
    }
}

/// Connects to GnuPG and makes sure that it can be used.
fn connect() -> Result<(Context, String), Error> {
    // Without gpgconf, gpgme starts gpg alone: 5 processes less (measured). It must be set before the first use.
    let _ = gpgme::set_flag("disable-gpgconf", "1");
    gpgme::init();
    let missing = |error: gpgme::Error| Error::Missing(describe(error));
    let mut context = Context::from_protocol(Protocol::OpenPgp).map_err(missing)?;
    let info = context.engine_info();
    let version = match info.version() {
        Ok(UNASKED) => {
            return Err(match why_not_started() {
                Some(error) if is_exhausted(&error) => Error::NotStarted {
                    doing: "asking gpg for its version",
                    why: explained(&error),
                },
                Some(error) => Error::Missing(error.to_string()),
                None => Error::Missing("it tells no version".into()),
            });
        }
        Ok(version) if info.check_version(MIN_GNUPG) => version.to_owned(),
        Ok(version) => return Err(Error::TooOld(version.to_owned())),
        Err(_) => return Err(Error::Missing("it tells no version".into())),
    };
    context.set_offline(true);
    // All status lines go to a handler of ours; without this gpgme keeps VALIDSIG and others to itself.
    context
        .set_flag("full-status", "1")
        .map_err(|e| failed("preparing gpg", e))?;
    Ok((context, version))
}

/// Why gpg cannot be started, if it cannot: gpgme says that something failed, and keeps what to itself. It needs two
/// processes at a time, as here.
pub fn why_not_started() -> Option<io::Error> {
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
        format!("{error}: the limit of processes is reached (pids.max of the container or service, or ulimit -u)")
    } else {
        error.to_string()
    }
}

fn wait<T>(result: &Receiver<T>, patience: Duration, doing: &'static str, home: &Path) -> Result<T, Error> {
    result.recv_timeout(patience).map_err(|error| match error {
        RecvTimeoutError::Timeout => {
            let ended = processes::end_those_of(home);
            log::warn!("{doing}: gpg hangs; {ended} processes were killed");
            Error::Silent { doing, patience }
        }
        RecvTimeoutError::Disconnected => answer(doing, "the thread that was to give it has ended"),
    })
}
