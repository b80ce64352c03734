// SPDX-License-Identifier: Apache-2.0
//! A gpg process that verifies one message after the other.
//!
//! It reads names of files from its standard input and answers about each with status lines before it reads the next
//! one. It is never asked about two messages at a time, it must have said nothing before it is asked, and each file has a
//! name that nobody who made a message, a key or a directory can know: so an answer cannot be taken for that about
//! another message, and nothing that a message makes gpg say can be one.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::process::{kill_process_group, Pid, Signal};

use crate::openpgp::gnupg::batch::transcript::{read_line, DONE, START};
use crate::openpgp::gnupg::home::{random_name, Home, Scrap};
use crate::openpgp::gnupg::status::{log_status, StatusLine};
use crate::processes::{self, Running};

/// Most bytes that gpg may say about one message. The largest signature that the framing lets pass makes fewer.
const MAX_ANSWER: usize = 256 << 10;

/// A gpg process and the pipes to it. It ends, with whatever it has started, when this is dropped.
#[derive(Debug)]
pub struct Worker {
    process: Running,
    names: ChildStdin,
    answers: ChildStdout,
    /// What came after the last whole line.
    rest: Vec<u8>,
    /// What the names of its files begin with.
    secret: String,
    /// How many messages it was given.
    pub given: usize,
    /// When it was started.
    pub started: Instant,
}

impl Worker {
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
            rest: Vec::new(),
            secret,
            given: 0,
            started: Instant::now(),
        })
    }

    /// Has one message verified. What comes back is all that gpg says between the line in which it begins with just this
    /// file and the one in which it ends. After an error the worker is of no more use.
    ///
    /// # Errors
    /// When it ends, begins with another file, says anything else or too much, or has not finished at the deadline.
    pub fn ask(&mut self, home: &Home, message: &[u8], deadline: Instant) -> io::Result<Vec<StatusLine>> {
        if self.has_more(Duration::ZERO)? {
            return Err(io::Error::other("it has ended, or said something before it was asked"));
        }
        let name = format!("{}-{}", self.secret, self.given);
        self.given += 1;
        let _scrap = Scrap::new(home, &name, message)?;
        self.names.write_all(format!("{name}\n").as_bytes())?;
        let mut left = MAX_ANSWER;
        let (keyword, about) = self.line(deadline, &mut left)?;
        if keyword != START || about != format!("1 {name}") {
            return Err(io::Error::other("it begins with something else than what it was given"));
        }
        let mut lines = Vec::new();
        loop {
            let line = self.line(deadline, &mut left)?;
            match line.0.as_str() {
                DONE => break,
                // A file that it cannot open, or another one before it is done with this one.
                word if word.starts_with("FILE_") => {
                    return Err(io::Error::other(format!("it says {word} amid a message")));
                }
                _ => lines.push(line),
            }
        }
        log_status(&lines);
        if self.rest.is_empty() {
            Ok(lines)
        } else {
            Err(io::Error::other("it says more than it was asked"))
        }
    }

    /// The next status line; `left` is how much it may still say.
    fn line(&mut self, deadline: Instant, left: &mut usize) -> io::Result<StatusLine> {
        let mut searched = 0;
        loop {
            if let Some(end) = self.rest[searched..].iter().position(|byte| *byte == b'\n') {
                let next = self.rest.split_off(searched + end + 1);
                let line = std::mem::replace(&mut self.rest, next);
                *left = left
                    .checked_sub(line.len())
                    .ok_or_else(|| io::Error::other("it says too much"))?;
                return read_line(&line[..line.len() - 1])
                    .ok_or_else(|| io::Error::other("it says what is no status line"));
            }
            searched = self.rest.len();
            if searched > *left {
                return Err(io::Error::other("it says too much"));
            }
            self.wait(deadline)?;
            let mut buffer = [0; 4096];
            match self.answers.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.rest.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits until there is something to read, or nothing more to come.
    fn wait(&self, deadline: Instant) -> io::Result<()> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            if self.has_more(left)? {
                return Ok(());
            }
        }
    }

    /// Whether there is something to read, or the end of it all, now or before some time is over.
    fn has_more(&self, time: Duration) -> io::Result<bool> {
        let timeout = Timespec::try_from(time).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(&self.answers, PollFlags::IN)], Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => Ok(false),
            Ok(_) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Worker {
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
