// SPDX-License-Identifier: Apache-2.0
//! The tests that try mutants, one process each.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::tree::Tree;

/// A test that takes longer without a mutant is not run with one.
const LONGEST: Duration = Duration::from_secs(90);

/// Tests of a program.
#[derive(Debug, Clone)]
pub struct Selected {
    /// The test program, or `lib`.
    pub program: String,
    begins: Vec<String>,
}

impl Selected {
    /// Takes `PROGRAM` or `PROGRAM=BEGIN,BEGIN` apart.
    pub fn parse(word: &str) -> Self {
        let (program, begins) = word.split_once('=').unwrap_or((word, ""));
        Self {
            program: program.to_owned(),
            begins: begins
                .split(',')
                .filter(|begin| !begin.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }
}

/// One test of a test program.
#[derive(Debug, Clone)]
pub struct Test {
    program: PathBuf,
    /// Its name in the program.
    pub name: String,
}

/// The tests that are selected.
///
/// # Errors
/// When a program cannot be run, or a selection is empty.
pub fn found(root: &Path, built: &[(String, PathBuf)], selected: &[Selected]) -> io::Result<Vec<Test>> {
    let mut tests = Vec::new();
    for Selected { program, begins } in selected {
        let (_, path) = built
            .iter()
            .find(|(name, _)| name == program)
            .ok_or_else(|| io::Error::other(format!("no test program {program}")))?;
        let output = Command::new(path)
            .args(["--list", "--format", "terse"])
            .current_dir(root)
            .output()?;
        let before = tests.len();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let Some(name) = line.strip_suffix(": test") else {
                continue;
            };
            if begins.is_empty() || begins.iter().any(|begin| name.starts_with(begin.as_str())) {
                tests.push(Test {
                    program: path.clone(),
                    name: name.to_owned(),
                });
            }
        }
        if tests.len() == before {
            return Err(io::Error::other(format!("no tests of {program} begin with {begins:?}")));
        }
    }
    Ok(tests)
}

impl Test {
    fn command(&self, tree: &Tree) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["--exact", &self.name])
            .current_dir(&tree.root)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Runs it without a mutant: those that it reaches, and how long it took. Nothing if it fails or takes too long.
    pub fn reach(&self, tree: &Tree, job: usize) -> Option<(Vec<usize>, Duration)> {
        let file = tree
            .root
            .with_file_name(format!("reached-{}-{job}", std::process::id()));
        let file = std::path::absolute(file).ok()?;
        let _ = fs::remove_file(&file);
        let begin = Instant::now();
        let child = self.command(tree).env("MUTANTS_REACHED", &file).spawn().ok()?;
        if !ends_well(child, LONGEST) {
            return None;
        }
        let took = begin.elapsed();
        let numbers = fs::read_to_string(&file).unwrap_or_default();
        let _ = fs::remove_file(&file);
        let mut numbers: Vec<usize> = numbers.lines().filter_map(|number| number.parse().ok()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        Some((numbers, took))
    }

    /// Whether it passes with the mutant. One that takes much longer than without has noticed it.
    pub fn passes(&self, tree: &Tree, mutant: usize, usually: Duration) -> bool {
        let child = self.command(tree).env("MUTANT", mutant.to_string()).spawn();
        child.is_ok_and(|child| ends_well(child, usually * 6 + Duration::from_secs(10)))
    }
}

fn ends_well(mut child: Child, within: Duration) -> bool {
    let begin = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if begin.elapsed() < within => thread::sleep(Duration::from_millis(4)),
            _ => break,
        }
    }
    // It and all that it has started, by the number of its group.
    let _ = Command::new("kill")
        .args(["-KILL", "--", &format!("-{}", child.id())])
        .status();
    let _ = child.wait();
    false
}
