// SPDX-License-Identifier: Apache-2.0
//! Runs a program and all that it starts, and lets one of their system calls fail.
//!
//! strace counts calls for each process by itself; here they are counted over the whole run, so that each call of each
//! process fails once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{kill, raise, Signal};
use nix::sys::wait::{waitpid, WaitPidFlag, WaitStatus};
use nix::unistd::Pid;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

/// After this long a run counts as one that hangs. Our program gives a gpg up after five minutes.
pub const PATIENCE: Duration = Duration::from_secs(400);

/// A run that makes more of a call is one in which a process goes round in a circle: that process is killed, as an impatient
/// administrator would, since our program waits minutes for a gpg that has many keys.
const MOST: u64 = 100_000;

/// What a call comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is not made, and says this.
    Error(Errno),
    /// The process that makes it is killed.
    Kill,
}

/// Which call fails, and how.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// The call's number on this machine.
    pub call: i64,
    /// Which of these calls, counted from 1 over all processes since the program began.
    pub nth: u64,
    /// All that follow fail as well: a disk that stays full.
    pub lasts: bool,
    /// What it comes to.
    pub effect: Effect,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit status of the program, or the signal that ended it.
    pub status: Result<i32, Signal>,
    /// How many of each of the calls were made.
    pub counts: HashMap<i64, u64>,
    /// What the call was that failed: the program that made it, and the file that it was about.
    pub failed: String,
    /// Whether it had to be ended.
    pub hung: bool,
}

/// Runs a command with standard output and error in files; counts `calls`, and lets one fail if there is a fault.
///
/// # Errors
/// When it cannot be started or traced.
pub fn run(
    command: &mut Command,
    stdout: &Path,
    stderr: &Path,
    calls: &[i64],
    fault: Option<Fault>,
) -> io::Result<Ended> {
    let child = stopped(command, calls)?
        .stdin(Stdio::null())
        .stdout(File::create(stdout)?)
        .stderr(File::create(stderr)?)
        .spawn()?;
    let main = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
    waitpid(main, Some(WaitPidFlag::WUNTRACED))?;
    let options = Options::PTRACE_O_TRACESECCOMP
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_EXITKILL;
    ptrace::seize(main, options)?;
    kill(main, Signal::SIGCONT)?;
    // Ends the run if it does not end by itself: whoever waits in waitpid cannot.
    let (done, is_done) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        let hung = is_done.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout);
        if hung {
            let _ = kill(main, Signal::SIGKILL);
        }
        hung
    });
    let mut trace = Trace {
        main,
        fault,
        counts: HashMap::new(),
        failed: String::new(),
        met: HashSet::new(),
        began: false,
        status: Err(Signal::SIGKILL),
    };
    while trace.next()? {}
    drop(done);
    Ok(Ended {
        status: trace.status,
        counts: trace.counts,
        failed: trace.failed,
        hung: watch.join().unwrap_or(true),
    })
}

/// The word that makes this program a [`launch`]er.
pub const LAUNCH: &str = "--launch";

/// The command behind this program, which stops before it becomes it, so that nothing is missed.
fn stopped(command: &Command, calls: &[i64]) -> io::Result<Command> {
    let mut launcher = Command::new(std::env::current_exe()?);
    let calls: Vec<String> = calls.iter().map(ToString::to_string).collect();
    launcher.args([LAUNCH, &calls.join(",")]);
    launcher.arg(command.get_program()).args(command.get_args());
    launcher.env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            launcher.env(name, value);
        }
    }
    if let Some(directory) = command.get_current_dir() {
        launcher.current_dir(directory);
    }
    Ok(launcher)
}

/// Becomes a program that stops for a tracer at these calls, and so do all that it starts; at no others.
///
/// # Errors
/// Where it does not become it.
pub fn launch(calls: &str, program: &OsStr, arguments: impl Iterator<Item = OsString>) -> io::Error {
    let become_it = || -> io::Result<()> {
        let calls = calls.split(',').map(|call| call.parse().map(|call| (call, Vec::new())));
        let calls: Result<BTreeMap<i64, _>, _> = calls.collect();
        let filter = SeccompFilter::new(
            calls.map_err(io::Error::other)?,
            SeccompAction::Allow,
            SeccompAction::Trace(0),
            TargetArch::x86_64,
        );
        let program = BpfProgram::try_from(filter.map_err(io::Error::other)?).map_err(io::Error::other)?;
        // Before the filter: without a tracer a call that it stops at fails.
        raise(Signal::SIGSTOP)?;
        seccompiler::apply_filter(&program).map_err(io::Error::other)
    };
    match become_it() {
        Ok(()) => Command::new(program).args(arguments).exec(),
        Err(error) => error,
    }
}

/// A run that is traced.
struct Trace {
    main: Pid,
    fault: Option<Fault>,
    counts: HashMap<i64, u64>,
    failed: String,
    /// Threads and processes that stopped so far.
    met: HashSet<Pid>,
    /// The launcher has become the program.
    began: bool,
    status: Result<i32, Signal>,
}

impl Trace {
    /// Takes in one event; whether there may be more.
    fn next(&mut self) -> io::Result<bool> {
        let event = match waitpid(None, Some(WaitPidFlag::__WALL)) {
            Err(Errno::ECHILD) => return Ok(false),
            Err(Errno::EINTR) => return Ok(true),
            event => event?,
        };
        let (pid, signal) = match event {
            WaitStatus::Exited(pid, status) => {
                if pid == self.main {
                    self.status = Ok(status);
                    self.end_others();
                }
                return Ok(true);
            }
            WaitStatus::Signaled(pid, signal, _) => {
                if pid == self.main {
                    self.status = Err(signal);
                    self.end_others();
                }
                return Ok(true);
            }
            WaitStatus::StillAlive | WaitStatus::Continued(_) => return Ok(true),
            WaitStatus::PtraceSyscall(pid) => (pid, None),
            WaitStatus::PtraceEvent(pid, _, event) => {
                if event == libc::PTRACE_EVENT_EXEC && pid == self.main {
                    self.began = true;
                } else if event == libc::PTRACE_EVENT_SECCOMP && self.began {
                    self.at_call(pid);
                }
                (pid, None)
            }
            WaitStatus::Stopped(pid, Signal::SIGTRAP) => (pid, None),
            WaitStatus::Stopped(pid, signal) => (pid, Some(signal)),
        };
        self.met.insert(pid);
        // Who is gone in the meantime is told of by another event.
        let _ = ptrace::cont(pid, signal);
        Ok(true)
    }

    /// Nothing goes on without the program.
    fn end_others(&self) {
        for pid in &self.met {
            let _ = kill(*pid, Signal::SIGKILL);
        }
    }

    /// A process makes the call.
    fn at_call(&mut self, pid: Pid) {
        let Ok(mut registers) = ptrace::getregs(pid) else {
            return;
        };
        let call = registers.orig_rax.cast_signed();
        let count = self.counts.entry(call).or_default();
        *count += 1;
        if *count > MOST {
            let _ = kill(pid, Signal::SIGKILL);
        }
        let Some(fault) = self.fault.filter(|fault| fault.call == call) else {
            return;
        };
        if *count != fault.nth && !(fault.lasts && *count > fault.nth) {
            return;
        }
        if self.failed.is_empty() {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            let file = fs::read_link(format!("/proc/{pid}/fd/{}", registers.rdi)).unwrap_or_default();
            self.failed = format!("in {}, {}", name.trim(), file.display());
        }
        match fault.effect {
            Effect::Kill => {
                let _ = kill(pid, Signal::SIGKILL);
            }
            Effect::Error(errno) => {
                // No call has this number: none is made, and what it comes to is what stands here.
                registers.orig_rax = u64::MAX;
                registers.rax = (-i64::from(errno as i32)).cast_unsigned();
                let _ = ptrace::setregs(pid, registers);
            }
        }
    }
}
