// SPDX-License-Identifier: Apache-2.0
//! What a program prints that is asked one thing, bounded in bytes and in time.

use std::io::{self, Read, Write};
use std::process::{ChildStdout, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{poll, PollFd, PollFlags, Timespec};

use super::table::{has_ended, name, writes_to};
use super::{end, start, Running, FORKING_THREAD};

/// How often a program is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How long is waited for more once a program has ended, and something that it has started can still print.
const GRACE: Duration = Duration::from_secs(1);

/// A program that is being asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// Its number, until it has ended.
    pid: Option<u32>,
    /// The inode of the pipe that it prints to.
    pipe: u64,
}

static ASKED: Mutex<Vec<Asked>> = Mutex::new(Vec::new());

/// How much a program may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes that it may print.
    pub output: usize,
    /// Longest time until it has ended.
    pub time: Duration,
}

fn asked() -> MutexGuard<'static, Vec<Asked>> {
    ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the programs that are being asked, with what they have started. Until what comes back is dropped, whoever has asked
/// goes on waiting: that a program was ended is not an answer.
pub(crate) fn end_all() -> MutexGuard<'static, Vec<Asked>> {
    let asked = asked();
    end_those(&asked);
    asked
}

/// A program may have ended, and have left others that print in its place.
fn end_those(asked: &[Asked]) {
    let is_meant = |own: u32| {
        // Until gpgme's thread runs a program, what it forks has everything open that is open here.
        let is_left = |pipe| writes_to(own, pipe) && name(own).as_deref() != Some(FORKING_THREAD);
        let mut asked = asked.iter();
        asked.any(|asked| asked.pid == Some(own) && !has_ended(own) || is_left(asked.pipe))
    };
    if !asked.is_empty() {
        end(&is_meant);
    }
}

/// Runs a program whose standard output is a pipe, and gives what it prints and how it ended. `question` goes to its standard
/// input where that is a pipe; it must be far shorter than a pipe holds, and need not be read. What it has started may keep
/// the pipe open after its end: that is waited for only until `is_whole` says that the answer is there.
///
/// # Errors
/// When it cannot be started, prints too much or takes too long: then it is ended.
pub fn ask(
    command: &mut Command,
    question: &[u8],
    limits: Limits,
    is_whole: &dyn Fn(&[u8]) -> bool,
) -> io::Result<(Vec<u8>, ExitStatus)> {
    let (mut child, mut stdout, pipe) = {
        // Whoever ends them all knows each that has begun.
        let mut asked = asked();
        let mut child = start(command)?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let pipe = rustix::fs::fstat(&stdout)?.st_ino;
        let pid = Some(child.id());
        asked.push(Asked { pid, pipe });
        (child, stdout, pipe)
    };
    let ended = talk(&mut child, (&mut stdout, pipe), question, limits, is_whole);
    if ended.is_err() {
        // It may still be printing, or wait for something that never comes, and so may what it has started.
        let own = asked().iter().find(|asked| asked.pipe == pipe).copied();
        end_those(own.as_slice());
        let _ = child.kill();
        let _ = child.wait();
    }
    asked().retain(|asked| asked.pipe != pipe);
    ended
}

fn talk(
    child: &mut Running,
    (stdout, pipe): (&mut ChildStdout, u64),
    question: &[u8],
    limits: Limits,
    is_whole: &dyn Fn(&[u8]) -> bool,
) -> io::Result<(Vec<u8>, ExitStatus)> {
    let deadline = Instant::now() + limits.time;
    let in_time = || match Instant::now() < deadline {
        true => Ok(()),
        false => Err(io::Error::other(format!(
            "it took longer than {} s and was ended",
            limits.time.as_secs()
        ))),
    };
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(question);
    }
    let look = Timespec::try_from(LOOK).map_err(io::Error::other)?;
    let (mut output, mut ended) = (Vec::new(), None);
    let mut piece = [0; 8192];
    loop {
        in_time()?;
        match poll(&mut [PollFd::new(stdout, PollFlags::IN)], Some(&look)) {
            Ok(0) => {
                ended = ended.or(look_at(child, pipe)?.map(|status| (status, Instant::now())));
                match ended {
                    // What it has printed itself was read before.
                    Some((status, since)) if since.elapsed() > GRACE && (!status.success() || is_whole(&output)) => {
                        return Ok((output, status));
                    }
                    _ => continue,
                }
            }
            Err(rustix::io::Errno::INTR) => continue,
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        match stdout.read(&mut piece)? {
            0 => break,
            amount => output.extend_from_slice(&piece[..amount]),
        }
        if output.len() > limits.output {
            return Err(io::Error::other(format!("it prints more than {} bytes", limits.output)));
        }
    }
    // Its end need not come with the end of what it prints.
    loop {
        if let Some((status, _)) = ended {
            return Ok((output, status));
        }
        ended = look_at(child, pipe)?.map(|status| (status, Instant::now()));
        if ended.is_none() {
            in_time()?;
            std::thread::sleep(LOOK);
        }
    }
}

/// How a program has ended, if it has. Its number may then be that of another one.
fn look_at(child: &mut Running, pipe: u64) -> io::Result<Option<ExitStatus>> {
    let mut asked = asked();
    let status = child.try_wait()?;
    if status.is_some() {
        let own = asked.iter_mut().find(|asked| asked.pipe == pipe);
        own.into_iter().for_each(|own| own.pid = None);
    }
    Ok(status)
}
