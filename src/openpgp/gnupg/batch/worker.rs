// SPDX-License-Identifier: Apache-2.0
//! A gpg process that verifies one message after the other.
//!
//! It reads names of files from its standard input and answers about each with status lines before it reads the next
//! one. It must have said nothing before it is asked, it must answer about just these files in this order and say nothing
//! more, and each file has a name that nobody who made a message, a key or a directory can know: so an answer cannot be
//! taken for that about another message, and nothing that a message makes gpg say can be one.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::process::{kill_process_group, Pid, Signal};

use crate::openpgp::gnupg::batch::output::Output;
use crate::openpgp::gnupg::home::{random_name, Home, Sheet};
use crate::openpgp::gnupg::status::StatusLine;
use crate::processes::{self, Running};

/// Most messages that a worker is asked about at a time: their names fit into a pipe.
pub(crate) const MAX_TOGETHER: usize = 32;

/// Longest time to leave it alone, however long its answers are likely to take.
const MAX_PAUSE: Duration = Duration::from_millis(20);

/// A gpg process and the pipes to it. It ends, with whatever it has started, when this is dropped.
#[derive(Debug)]
pub struct BatchWorker {
    process: Running,
    names: ChildStdin,
    answers: ChildStdout,
    output: Output,
    /// What the names of its messages begin with.
    secret: String,
    /// The files that its messages are in, one after the other.
    sheets: Vec<Sheet>,
    /// How long it took for each of the messages before.
    pace: Duration,
    /// How many messages it was given.
    pub given: usize,
    /// When it was started.
    pub started: Instant,
}

impl BatchWorker {
    /// Starts gpg with the keyring of a home as it is now: it does not notice keys that are added later.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(home: &Home) -> io::Result<Self> {
        let secret = random_name()?;
        let mut command = Command::new("gpg");
        // In batch mode gpg would end at the first signature that is not good.
        command
            .arg("--homedir")
            .arg(home.path())
            .args(["--no-batch", "--no-tty", "--quiet", "--status-fd", "1"])
            .args(["--multifile", "--verify"])
            .env("GNUPGHOME", home.path())
            .current_dir(home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0);
        let alone = processes::alone();
        let mut process = processes::start(&mut command)?;
        drop(alone);
        let (Some(names), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            end(&mut process);
            return Err(io::Error::other("it has no pipes"));
        };
        Ok(Self {
            process,
            names,
            answers,
            output: Output::default(),
            secret,
            sheets: Vec::new(),
            pace: Duration::ZERO,
            given: 0,
            started: Instant::now(),
        })
    }

    /// Has messages verified, at most [`MAX_TOGETHER`]. What comes back for each is all that gpg says between the line in
    /// which it begins with just this file and the one in which it ends. After an error the worker is of no more use, and
    /// nothing that it said of these messages is to be relied on.
    ///
    /// # Errors
    /// When it ends, begins with another file, says anything else or too much, or takes longer than `patience` for one.
    pub fn ask(&mut self, home: &Home, messages: &[Vec<u8>], patience: Duration) -> io::Result<Vec<Vec<StatusLine>>> {
        if messages.len() > MAX_TOGETHER {
            return Err(io::Error::other("too many requests at once"));
        }
        if has_more(&self.answers, Duration::ZERO)? {
            return Err(io::Error::other("it ended, or sent output unasked"));
        }
        let mut names = Vec::with_capacity(messages.len());
        for (number, message) in messages.iter().enumerate() {
            let name = format!("{}-{}", self.secret, self.given);
            self.given += 1;
            match self.sheets.get_mut(number) {
                Some(sheet) => sheet.renew(home, &name, message)?,
                None => self.sheets.push(Sheet::new(home, &name, message)?),
            }
            names.push(name);
        }
        let begin = Instant::now();
        self.names.write_all(
            names
                .iter()
                .flat_map(|name| [name, "\n"])
                .collect::<String>()
                .as_bytes(),
        )?;
        if messages.len() > 1 {
            // gpg writes a line at a time, and being woken for each costs as much CPU time as all else that is done here.
            thread::sleep(self.pace.saturating_mul(messages.len() as u32).min(MAX_PAUSE) * 3 / 4);
        }
        let mut answers = Vec::with_capacity(names.len());
        for name in &names {
            let deadline = Instant::now() + patience;
            let from = &mut self.answers;
            let answer = self.output.answer(name, &mut |said| take(from, said, deadline))?;
            answers.push(answer);
        }
        self.pace = begin.elapsed() / names.len().max(1) as u32;
        if self.output.is_read() {
            Ok(answers)
        } else {
            Err(io::Error::other("it sent unexpected output"))
        }
    }
}

/// Takes in what a worker writes next.
fn take(answers: &mut ChildStdout, said: &mut Vec<u8>, deadline: Instant) -> io::Result<()> {
    let mut buffer = [0; 16 << 10];
    loop {
        wait(answers, deadline)?;
        match answers.read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                said.extend_from_slice(&buffer[..count]);
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Waits until there is something to read, or nothing more to come.
fn wait(answers: &ChildStdout, deadline: Instant) -> io::Result<()> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if has_more(answers, left)? {
            return Ok(());
        }
    }
}

/// Whether there is something to read, or the end of it all, now or before some time is over.
fn has_more(answers: &ChildStdout, time: Duration) -> io::Result<bool> {
    let timeout = Timespec::try_from(time).map_err(io::Error::other)?;
    match poll(&mut [PollFd::new(answers, PollFlags::IN)], Some(&timeout)) {
        Ok(0) | Err(rustix::io::Errno::INTR) => Ok(false),
        Ok(_) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

impl Drop for BatchWorker {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// Kills a worker and what it has started, and waits for it: until then its number is nobody else's.
fn end(process: &mut Running) {
    if let Some(group) = i32::try_from(process.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = process.wait();
}
