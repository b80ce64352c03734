// SPDX-License-Identifier: Apache-2.0
//! Running a program and counting all that it takes, of itself and of what it starts.
//!
//! gpgme leaves its gpg processes to init, so that no parent ever sees their CPU time. The benchmark makes itself their
//! reaper (`PR_SET_CHILD_SUBREAPER`) and counts them, for all sides alike.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use rustix::process::{getpid, set_child_subreaper, waitpid, WaitOptions};

/// A program to be measured.
pub struct Case {
    pub name: &'static str,
    pub command: Vec<String>,
    pub home: Option<PathBuf>,
}

/// Wall and CPU seconds of each run.
#[derive(Default)]
pub struct Figures {
    pub wall: Vec<f64>,
    pub cpu: Vec<f64>,
}

/// Whether anything is to be measured: `cargo bench` passes `--bench`, and tests of all targets must not.
pub fn is_wanted() -> bool {
    let wanted = std::env::args().any(|arg| arg == "--bench");
    if wanted {
        set_child_subreaper(Some(getpid())).unwrap();
    }
    wanted
}

fn command(case: &Case) -> Command {
    let mut command = Command::new(&case.command[0]);
    command
        .args(&case.command[1..])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.env_remove("GNUPGHOME");
    if let Some(home) = &case.home {
        command.env("GNUPGHOME", home);
    }
    command
}

/// Runs once and waits for everything that it started: wall and CPU seconds.
pub fn run(case: &Case) -> (f64, f64) {
    let before = children_cpu();
    let begin = Instant::now();
    let status = command(case).status().unwrap();
    let wall = begin.elapsed().as_secs_f64();
    assert!(status.success(), "{}: {status}", case.name);
    while waitpid(None, WaitOptions::empty()).is_ok() {}
    (wall, children_cpu() - before)
}

/// User and system seconds of all children that were waited for (proc(5), cutime and cstime).
fn children_cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[13].parse::<f64>().unwrap() + fields[14].parse::<f64>().unwrap();
    ticks / rustix::param::clock_ticks_per_second() as f64
}

/// Lets programs take turns, so that a drift of the machine's speed meets all. The first two rounds warm the caches.
pub fn rounds<const N: usize>(cases: [&Case; N], count: usize) -> [Figures; N] {
    let mut figures = [const {
        Figures {
            wall: Vec::new(),
            cpu: Vec::new(),
        }
    }; N];
    for round in 0..count + 2 {
        for (case, figures) in cases.iter().zip(&mut figures) {
            let (wall, cpu) = run(case);
            if round >= 2 {
                figures.wall.push(wall);
                figures.cpu.push(cpu);
            }
        }
    }
    figures
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
