// SPDX-License-Identifier: Apache-2.0
//! What a program prints that is asked one thing, bounded in bytes and in time.

use std::io::{self, Read, Write};
use std::process::{Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{poll, PollFd, PollFlags, Timespec};

use super::{end_below, start, Running};

/// How often a program is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// The programs that are being asked, by their numbers.
static ASKED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// How much a program may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes that it may print.
    pub output: usize,
    /// Longest time until it has ended.
    pub time: Duration,
}

fn asked() -> MutexGuard<'static, Vec<u32>> {
    ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the programs that are being asked, with what they have started. Until what comes back is dropped, whoever has asked
/// goes on waiting: that a program was ended is no answer.
pub(crate) fn end_all() -> MutexGuard<'static, Vec<u32>> {
    let asked = asked();
    if !asked.is_empty() {
        end_below(&asked);
    }
    asked
}

/// Runs a program whose standard output is a pipe, and gives what it prints and how it ended. `question` goes to its standard
/// input where that is a pipe; it must be far shorter than a pipe holds, and need not be read.
///
/// # Errors
/// When it cannot be started, prints too much or takes too long: then it is ended.
pub fn ask(command: &mut Command, question: &[u8], limits: Limits) -> io::Result<(Vec<u8>, ExitStatus)> {
    let (mut child, own) = {
        // Whoever ends them all knows each that has begun.
        let mut asked = asked();
        let child = start(command)?;
        let own = child.id();
        asked.push(own);
        (child, own)
    };
    let ended = talk(&mut child, question, limits);
    if ended.is_err() {
        // It may still be printing, or wait for something that never comes, and so may what it has started.
        end_below(&[own]);
        let _ = child.kill();
        let _ = child.wait();
    }
    asked().retain(|pid| *pid != own);
    ended
}

fn talk(child: &mut Running, question: &[u8], limits: Limits) -> io::Result<(Vec<u8>, ExitStatus)> {
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
    let mut output = Vec::new();
    if let Some(mut stdout) = child.stdout.take() {
        let look = Timespec::try_from(LOOK).map_err(io::Error::other)?;
        let mut piece = [0; 8192];
        loop {
            in_time()?;
            match poll(&mut [PollFd::new(&stdout, PollFlags::IN)], Some(&look)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
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
    }
    // Its end need not come with the end of what it prints.
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((output, status));
        }
        in_time()?;
        std::thread::sleep(LOOK);
    }
}
