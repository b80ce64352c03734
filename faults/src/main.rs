// SPDX-License-Identifier: Apache-2.0
//! The n-th system call of a run of image-signature fails, for every n: its outcome must be the true one, or that nothing is
//! known, and files and the records of an API server are the old or the right new ones.
//!
//! ```text
//! image-signature-faults PROGRAM SECONDS [PART/PARTS [SEED [SCENARIO CALL]]]
//! ```
//! tries them in an order that spreads over all and that SEED decides, for so long (0: all of them). PARTS runs with one SEED
//! share the work; PART counts from 0. SCENARIO and CALL choose those that are called so.

mod ground;
mod scenario;
mod stage;
mod tracer;

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::libc;

use ground::Ground;
use scenario::{Kind, Scenario, SCENARIOS};
use tracer::{Effect, Fault};

/// Calls that may fail, as they are called and by their number.
const CALLS: [(&str, i64); 18] = [
    // As the program itself opens what it reads; libraries and gpg use the other.
    ("open", libc::SYS_open),
    ("openat", libc::SYS_openat),
    ("read", libc::SYS_read),
    ("write", libc::SYS_write),
    ("ftruncate", libc::SYS_ftruncate),
    ("rename", libc::SYS_rename),
    ("renameat2", libc::SYS_renameat2),
    ("fsync", libc::SYS_fsync),
    ("mmap", libc::SYS_mmap),
    ("socket", libc::SYS_socket),
    ("connect", libc::SYS_connect),
    ("execve", libc::SYS_execve),
    ("clone", libc::SYS_clone),
    ("clone3", libc::SYS_clone3),
    ("vfork", libc::SYS_vfork),
    ("pipe2", libc::SYS_pipe2),
    ("newfstatat", libc::SYS_newfstatat),
    ("statx", libc::SYS_statx),
];

/// What a call may come to, whether it then stays so, and at every how many of them it is tried.
const EFFECTS: [(Effect, bool, usize); 7] = [
    (Effect::Error(Errno::ENOSPC), false, 1),
    (Effect::Error(Errno::EIO), false, 1),
    (Effect::Kill, false, 1),
    (Effect::Error(Errno::ENOSPC), true, 7),
    (Effect::Error(Errno::EMFILE), false, 7),
    (Effect::Error(Errno::ENOMEM), false, 7),
    (Effect::Error(Errno::EINTR), false, 7),
];

/// The calls that a full disk makes fail.
const FILLS: [i64; 7] = [
    libc::SYS_open,
    libc::SYS_openat,
    libc::SYS_write,
    libc::SYS_ftruncate,
    libc::SYS_rename,
    libc::SYS_renameat2,
    libc::SYS_fsync,
];

/// How much a run's number of calls differs from that of the next one.
const SPREAD: u64 = 5;

/// One run to make.
#[derive(Debug, Clone, Copy)]
struct Trial {
    scenario: &'static Scenario,
    call: &'static str,
    fault: Fault,
}

impl Trial {
    /// Where a seed puts it among the others, which does not depend on how many they are: that differs from run to run.
    fn place(&self, seed: u64) -> u64 {
        let Fault { nth, lasts, effect, .. } = self.fault;
        let mut hasher = DefaultHasher::new();
        (seed, self.scenario.name, self.call, format!("{effect:?}"), lasts, nth).hash(&mut hasher);
        hasher.finish()
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|word| word == tracer::LAUNCH) {
        let (Some(call), Some(program)) = (arguments.next(), arguments.next()) else {
            return ExitCode::FAILURE;
        };
        eprintln!(
            "error: {}",
            tracer::launch(&call.to_string_lossy(), &program, arguments)
        );
        return ExitCode::FAILURE;
    }
    match all() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How many trials went wrong.
fn all() -> io::Result<usize> {
    let mut arguments = std::env::args().skip(1);
    let (Some(program), Some(seconds)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other(
            "usage: image-signature-faults PROGRAM SECONDS [PART/PARTS [SEED [SCENARIO CALL]]]",
        ));
    };
    let seconds: u64 = seconds.parse().map_err(io::Error::other)?;
    let part = arguments.next().unwrap_or_else(|| "0/1".into());
    let (part, parts) = part.split_once('/').ok_or_else(|| io::Error::other("PART/PARTS"))?;
    let (part, parts): (u64, u64) = (
        part.parse().map_err(io::Error::other)?,
        parts.parse().map_err(io::Error::other)?,
    );
    let seed = match arguments.next() {
        Some(seed) => seed.parse().map_err(io::Error::other)?,
        None => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_err(io::Error::other)?
            .as_secs(),
    };
    let (scenario, call) = (arguments.next(), arguments.next());
    let is = |wanted: &Option<String>, name: &str| wanted.as_ref().is_none_or(|wanted| wanted == name);
    let ground = Ground::new(fs::canonicalize(program)?)?;
    let begin = Instant::now();
    let mut own = trials(&ground, &|name, own| is(&scenario, name) && is(&call, own))?;
    own.retain(|trial| trial.place(seed) % parts.max(1) == part);
    own.sort_by_key(|trial| trial.place(seed));
    let [mut truths, mut unknown, mut silent, mut unreached, mut tried, mut wrong] = [0_usize; 6];
    for trial in &own {
        if seconds > 0 && begin.elapsed() > Duration::from_secs(seconds) {
            break;
        }
        tried += 1;
        match attempt(&ground, trial)? {
            (false, _) => unreached += 1,
            (true, Ok(Kind::True)) => truths += 1,
            (true, Ok(Kind::Unknown)) => unknown += 1,
            (true, Ok(Kind::Silent)) => silent += 1,
            (true, Err(what)) => {
                wrong += 1;
                let Trial { scenario, call, fault } = trial;
                let lasts = if fault.lasts { " and all after it" } else { "" };
                println!(
                    "WRONG: {}: {call} {}{lasts}: {:?}: {what}",
                    scenario.name, fault.nth, fault.effect
                );
            }
        }
    }
    println!(
        "seed {seed}: {tried} of {} runs: {truths} with the true outcome, {unknown} that know nothing, {silent} that say nothing, \
         {unreached} that did not come so far, {wrong} wrong",
        own.len()
    );
    Ok(wrong)
}

/// Every run to make, by how many calls each scenario makes.
fn trials(ground: &Ground, chosen: &dyn Fn(&str, &str) -> bool) -> io::Result<Vec<Trial>> {
    let mut all = Vec::new();
    for scenario in &SCENARIOS {
        let (ended, outcome) = trace(ground, scenario, &CALLS.map(|(_, call)| call), None)?;
        if outcome != Ok(Kind::True) {
            let what = format!("{} without a fault: {outcome:?}", scenario.name);
            return Err(io::Error::other(what));
        }
        for (name, call) in CALLS {
            let count = ended.counts.get(&call).copied().unwrap_or_default();
            if count == 0 || !chosen(scenario.name, name) {
                continue;
            }
            for (effect, lasts, step) in EFFECTS {
                if lasts && !FILLS.contains(&call) {
                    continue;
                }
                for nth in (1..=count + SPREAD).step_by(step) {
                    all.push(Trial {
                        scenario,
                        call: name,
                        fault: Fault {
                            call,
                            nth,
                            lasts,
                            effect,
                        },
                    });
                }
            }
        }
    }
    Ok(all)
}

/// Makes a run; whether the call came, and what became of it.
fn attempt(ground: &Ground, trial: &Trial) -> io::Result<(bool, Result<Kind, String>)> {
    let fault = trial.fault;
    let (ended, outcome) = trace(ground, trial.scenario, &[fault.call], Some(fault))?;
    let count = ended.counts.get(&fault.call).copied().unwrap_or_default();
    Ok((count >= fault.nth, outcome))
}

fn trace(
    ground: &Ground,
    scenario: &Scenario,
    calls: &[i64],
    fault: Option<Fault>,
) -> io::Result<(tracer::Ended, Result<Kind, String>)> {
    let stage = scenario.stage(ground)?;
    let mut command = scenario.command(ground, &stage);
    let (out, err) = (stage.place().join("stdout"), stage.place().join("stderr"));
    let ended = tracer::run(&mut command, &out, &err, calls, fault)?;
    let printed = String::from_utf8_lossy(&fs::read(&out)?).into_owned();
    let outcome = scenario.judge(ground, &stage, &ended, fault, &printed);
    let outcome = outcome.and_then(|kind| match (fault, kind) {
        (None, Kind::Unknown | Kind::Silent) => Err(format!("{kind:?} without a fault")),
        _ => Ok(kind),
    });
    let outcome = outcome.map_err(|what| {
        let said = String::from_utf8_lossy(&fs::read(&err).unwrap_or_default()).into_owned();
        format!(
            "{what} ({})\n  stdout: {}\n  stderr: {}",
            ended.failed,
            printed.trim(),
            said.trim()
        )
    });
    Ok((ended, outcome))
}
