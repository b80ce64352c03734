// SPDX-License-Identifier: Apache-2.0
//! Whole outputs of commands of every kind: standard output, standard error and exit
//! status. See `tests/data/golden/README.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use clap::CommandFactory as _;
use image_signature::cli::Cli;

use super::golden::sandbox;
use crate::support::program::{Outcome, Sandbox};

/// What a command line in a file begins with.
const PROMPT: &str = "$ image-signature ";

/// Fewest commands, so that none gets lost.
const FEWEST: usize = 80;

const TABLE: &str = "\
registry.local:5000/foo/bar:v1: {verdict: Verified, scope: registry.local:5000/foo}
quay.io/other/app:v1: {verdict: Allowed}
";

/// The store for signatures that is built in for users, and the one for root, which the files have.
const BUILT_IN: (&str, &str) = (
    "file://SANDBOX/home/.local/share/containers/sigstore/",
    "file:///var/lib/containers/sigstore/",
);

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden/commands")
}

/// The example with a table for its policy, and configuration that names nothing.
fn scene() -> Sandbox {
    let sandbox = sandbox();
    sandbox.file("table.yaml", TABLE);
    sandbox.file("registries.conf", "");
    fs::create_dir(sandbox.path("registries.d")).unwrap();
    sandbox
}

fn run(line: &str) -> Outcome {
    let sandbox = scene();
    let (line, input) = match line.split_once(" < ") {
        Some((line, file)) => (line, fs::read(sandbox.path(file)).unwrap()),
        None => (line, Vec::new()),
    };
    let mut command = sandbox.command();
    command.env("LOGNAME", "somebody").args(line.split_whitespace());
    let begin = now();
    let mut outcome = sandbox.finish(&mut command, &input);
    for text in [&mut outcome.stdout, &mut outcome.stderr] {
        *text = timeless(text, begin)
            .replace(sandbox.root().to_str().unwrap(), "SANDBOX")
            .replace(BUILT_IN.0, BUILT_IN.1);
    }
    outcome
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap()
}

/// A text with `NOW` for each time since the run began.
fn timeless(text: &str, begin: jiff::Timestamp) -> String {
    let mut text = text.to_owned();
    for second in begin.as_second()..=now().as_second() {
        let time = jiff::Timestamp::from_second(second).unwrap();
        text = text.replace(&time.to_string(), "NOW");
    }
    text
}

/// A command with everything that it printed. Lines of standard error are marked; what does not end with a new
/// line is said to.
fn block(line: &str, outcome: &Outcome) -> String {
    let ended = |text: &str| match text {
        "" => String::new(),
        text if text.ends_with('\n') => text.to_owned(),
        text => format!("{text}(no new line)\n"),
    };
    let beside: String = ended(&outcome.stderr)
        .lines()
        .map(|line| format!("stderr: {line}\n"))
        .collect();
    format!(
        "{PROMPT}{line}\n{}{beside}(exit status {})\n\n",
        ended(&outcome.stdout),
        outcome.status
    )
}

/// The commands of a file.
fn commands(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix(PROMPT)).collect()
}

/// All files, by the subcommand whose commands they hold.
fn texts() -> Vec<(PathBuf, String)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder()).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

#[test]
fn outputs_are_as_they_were() {
    let mut differences = Vec::new();
    for (path, expected) in texts() {
        let lines = commands(&expected);
        let text: String = lines.iter().map(|line| block(line, &run(line))).collect();
        if std::env::var_os("IMAGE_SIGNATURE_RENEW").is_some() {
            fs::write(&path, &text).unwrap();
            continue;
        }
        let parts = |text: &str| -> Vec<String> { text.split(PROMPT).map(str::to_owned).collect() };
        for (was, is) in parts(&expected).iter().zip(parts(&text)) {
            if *was != is {
                differences.push(format!("--- it was\n{PROMPT}{was}--- it is\n{is}"));
            }
        }
        assert!(text == expected || !differences.is_empty(), "{}", path.display());
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_command_and_format_is_among_them() {
    let texts = texts();
    let lines: Vec<&str> = texts.iter().flat_map(|(_, text)| commands(text)).collect();
    assert!(lines.len() >= FEWEST, "{}", lines.len());
    let mut missing = BTreeSet::new();
    let tree = Cli::command();
    // Its reports have times, and tests of their own for each format: tests/audit_reports.rs.
    let own = tree.get_subcommands().filter(|command| command.get_name() != "audit");
    for command in own {
        let inner: Vec<_> = command.get_subcommands().collect();
        let leaves = match inner.is_empty() {
            true => vec![(command.get_name().to_owned(), command)],
            false => inner
                .iter()
                .map(|own| (format!("{} {}", command.get_name(), own.get_name()), *own))
                .collect(),
        };
        for (name, command) in leaves {
            let of_it: Vec<_> = lines.iter().filter(|line| line.starts_with(&name)).collect();
            let output = command
                .get_arguments()
                .find(|argument| argument.get_long() == Some("output"));
            let values = output.map(clap::Arg::get_possible_values).unwrap_or_default();
            let is_there = |value: &str| of_it.iter().any(|line| line.ends_with(&format!(" -o {value}")));
            missing.extend(
                values
                    .iter()
                    .map(clap::builder::PossibleValue::get_name)
                    .filter(|value| !is_there(value))
                    .map(|value| format!("{name} -o {value}")),
            );
            if of_it.is_empty() {
                missing.insert(name);
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
