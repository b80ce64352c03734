// SPDX-License-Identifier: Apache-2.0
//! The processes below this one: children that we wait for ourselves, and what gpgme leaves to whoever reaps it.
//!
//! gpgme starts gpg by forking twice, so that gpg's parent is gone at once and init reaps it. Process 1 of a container
//! often is this program, where each gpg would stay as a zombie until the limit of processes is reached; and a gpg that
//! hangs would be nobody's to end. So this process adopts its orphans (prctl(2), PR_SET_CHILD_SUBREAPER), reaps them
//! and can find them. It never takes an exit status that somebody else waits for: children that we start are listed
//! here, and those that gpgme waits for are told by the name of the thread that forks them.

pub(crate) mod answer;
pub(crate) mod program;
mod table;

use std::collections::{HashMap, HashSet};
use std::io;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::process::{Child, Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions};

use self::table::{below, children, name, parents, works_in};

/// Name of the threads on which gpgme works. The kernel gives it to what they fork, until that runs another program;
/// it cuts names after 15 bytes.
pub(crate) const FORKING_THREAD: &str = "gnupg-worker";

/// A place where no GnuPG home is or can be made. gpgme asks gpg for its version before it can be told a home; that must
/// not be the user's, whose gpg.conf gpg would read.
pub const NO_HOME: &str = "/dev/null/none";

/// Most rounds of ending the processes of a directory; each finds what those of the one before had started meanwhile.
const MAX_ROUNDS: u32 = 100;

/// Pause between two rounds.
const PAUSE: Duration = Duration::from_millis(5);

static STATE: Mutex<State> = Mutex::new(State {
    adopts: false,
    waited_for: Vec::new(),
    operations: 0,
});

/// What must not be reaped here.
struct State {
    /// Whether orphans are ours.
    adopts: bool,
    /// Children of ours that a [`Running`] waits for.
    waited_for: Vec<u32>,
    /// Operations of gpgme that are going on.
    operations: usize,
}

/// The state stays usable after a panic elsewhere: each change of it is a single step.
fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on orphans below this process become its children.
///
/// # Errors
/// When the kernel refuses; then init reaps them, as without this call.
pub fn adopt_orphans() -> io::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    state().adopts = true;
    Ok(())
}

/// A child whose exit status is waited for by whoever holds this.
#[derive(Debug)]
pub struct Running(Child);

/// Starts a program.
///
/// # Errors
/// When it cannot be started.
pub fn start(command: &mut Command) -> io::Result<Running> {
    // Under the lock: nobody must reap it before it is listed.
    let mut state = state();
    let child = command.spawn()?;
    state.waited_for.push(child.id());
    Ok(Running(child))
}

/// Runs a program to its end. What it prints is collected where `command` has pipes.
///
/// # Errors
/// When it cannot be started or its output not be read.
pub fn output(command: &mut Command) -> io::Result<Output> {
    use std::io::Read;
    let mut running = start(command)?;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    if let Some(mut pipe) = running.stdout.take() {
        pipe.read_to_end(&mut stdout)?;
    }
    if let Some(mut pipe) = running.stderr.take() {
        pipe.read_to_end(&mut stderr)?;
    }
    let status = running.wait()?;
    Ok(Output { status, stdout, stderr })
}

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let own = self.0.id();
        state().waited_for.retain(|pid| *pid != own);
    }
}

/// Held by whoever works with gpgme, and by whoever must not meet that: gpgme's pipes can be inherited.
static PIPES: RwLock<()> = RwLock::new(());

/// How long is waited for operations of gpgme to end.
const ALONE: Duration = Duration::from_secs(10);

/// Keeps operations of gpgme from beginning, once those that are going on have ended: a process that lives on must not
/// inherit their pipes, whose end gpgme would wait for. One that hangs is not waited for longer than ten seconds.
pub fn alone() -> Option<RwLockWriteGuard<'static, ()>> {
    let begun = Instant::now();
    loop {
        match PIPES.try_write() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(guard)) => return Some(guard.into_inner()),
            Err(TryLockError::WouldBlock) if begun.elapsed() > ALONE => return None,
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// An operation of gpgme that is going on. When it ends, what it has left is reaped.
#[derive(Debug)]
pub struct Operation {
    /// Held until it ends.
    _pipes: RwLockReadGuard<'static, ()>,
}

impl Operation {
    /// From here on, what this thread starts belongs to the operation.
    #[must_use]
    pub fn begin() -> Self {
        let pipes = PIPES.read().unwrap_or_else(PoisonError::into_inner);
        let mut state = state();
        // What the operation before has left may have ended only now.
        reap(&state);
        state.operations += 1;
        Self { _pipes: pipes }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        let mut state = state();
        state.operations = state.operations.saturating_sub(1);
        reap(&state);
    }
}

/// Reaps the orphans that have ended.
fn reap(state: &State) {
    if !state.adopts {
        return;
    }
    for pid in children() {
        if state.waited_for.contains(&pid) {
            continue;
        }
        // While gpgme works, a child of its thread's name may be the one that it waits for itself.
        if state.operations > 0 && name(pid).as_deref() == Some(FORKING_THREAD) {
            continue;
        }
        if let Some(pid) = self::pid(pid) {
            // Nothing is said of one that still runs, or that is gone.
            let _ = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }
}

fn pid(number: u32) -> Option<Pid> {
    i32::try_from(number).ok().and_then(Pid::from_raw)
}

/// Ends the processes below this one that work in a directory of ours, without asking them: a gpg that hangs, and
/// whatever it has started. Returns how many there were.
pub(crate) fn end_those_of(directory: &Path) -> usize {
    end(&|own| works_in(own, directory))
}

/// Ends the processes below this one that are meant, and those below them. Returns how many there were.
fn end(is_meant: &dyn Fn(u32) -> bool) -> usize {
    let mut ended = HashSet::new();
    for _ in 0..MAX_ROUNDS {
        let parents = parents();
        let descendants = below(std::process::id(), &parents);
        // Held before they are looked at, so that a number cannot come to mean another process; Linux before 5.3 cannot.
        let held: HashMap<u32, _> = descendants
            .iter()
            .filter_map(|number| Some((*number, pid(*number)?)))
            .map(|(number, pid)| (number, rustix::process::pidfd_open(pid, PidfdFlags::empty())))
            .collect();
        let mut found: HashSet<u32> = descendants.iter().copied().filter(|own| is_meant(*own)).collect();
        // What it has started belongs to it, whatever that was told.
        for top in found.clone() {
            found.extend(below(top, &parents));
        }
        found.retain(|number| match (held.get(number), pid(*number)) {
            (Some(Ok(held)), _) => rustix::process::pidfd_send_signal(held, Signal::KILL).is_ok(),
            (Some(Err(_)), Some(pid)) => rustix::process::kill_process(pid, Signal::KILL).is_ok(),
            _ => false,
        });
        if found.is_empty() {
            break;
        }
        ended.extend(found);
        thread::sleep(PAUSE);
    }
    if !ended.is_empty() {
        reap(&state());
    }
    ended.len()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use std::process::Stdio;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::null());
        command
    }

    /// No other unit test starts a process: all children here are those of this one.
    #[test]
    fn orphans_are_reaped_and_nobody_loses_an_exit_status() {
        adopt_orphans().unwrap();
        let stop = Mutex::new(false);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !*stop.lock().unwrap() {
                        drop(Operation::begin());
                    }
                });
            }
            for round in 0..50 {
                let code = round % 7;
                let mut child = start(&mut shell(&format!("exit {code}"))).unwrap();
                // It ends, and is a zombie for a while.
                thread::sleep(Duration::from_millis(2));
                assert_eq!(child.wait().unwrap().code(), Some(code));
                let printed =
                    output(shell(&format!("true & echo {round}; exit {code}")).stdout(Stdio::piped())).unwrap();
                assert_eq!(printed.status.code(), Some(code));
                assert_eq!(String::from_utf8(printed.stdout).unwrap(), format!("{round}\n"));
            }
            *stop.lock().unwrap() = true;
        });
        let begin = Instant::now();
        while !children().is_empty() {
            assert!(begin.elapsed() < Duration::from_secs(10), "{:?} are left", children());
            drop(Operation::begin());
        }
        // What works in a directory is ended with what it has started; what does not goes on.
        let directory = Path::new("/nonexistent/of-this-test");
        let mut hanging = start(shell("sleep 60 & sleep 60").env("GNUPGHOME", directory)).unwrap();
        let mut other = start(&mut shell("exec sleep 60")).unwrap();
        thread::sleep(Duration::from_millis(50));
        assert!(end_those_of(directory) >= 2);
        // Killed itself, or ended because the program that it waits for was killed before.
        assert!(!hanging.wait().unwrap().success());
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
