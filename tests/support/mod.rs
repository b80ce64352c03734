// SPDX-License-Identifier: Apache-2.0
//! What the tests share. No test uses all of it.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs
)]

pub mod apart;
pub mod calls;
pub mod cluster;
pub mod cosign;
pub mod deployment;
pub mod desk;
pub mod docker_registry;
pub mod forge;
pub mod gpg;
pub mod hub;
pub mod lists;
pub mod manual;
mod next;
pub mod packets;
pub mod program;
pub mod schema;
pub mod secrets;
pub mod signals;
pub mod system;
pub mod terminal;
pub mod vectors;

pub use image_signature_test_api as api;
pub use image_signature_test_api::samples as images;

/// Says that a test, or a part of one, did not run, and why. Never silent: CI prints these lines.
pub fn skipped(what: &str, why: &str) {
    println!("SKIPPED: {what}: {why}");
}

/// The commands that have output formats, each with these, as the command line has them. A command in another one is named with
/// it: `policy why`.
pub fn commands_with_formats() -> Vec<(String, Vec<String>)> {
    use clap::CommandFactory;
    let tree = image_signature::cli::Cli::command();
    let mut left: Vec<(String, &clap::Command)> = vec![(String::new(), &tree)];
    let mut found = Vec::new();
    while let Some((name, command)) = left.pop() {
        let output = command.get_arguments().find(|own| own.get_long() == Some("output"));
        if let Some(output) = output {
            let values = output.get_possible_values().into_iter();
            let formats: Vec<String> = values.map(|value| value.get_name().to_owned()).collect();
            assert!(formats.len() > 1, "{name}: {formats:?}");
            found.push((name.clone(), formats));
        }
        let inner = command.get_subcommands();
        left.extend(inner.map(|own| (format!("{name} {}", own.get_name()).trim_start().to_owned(), own)));
    }
    assert!(found.len() > 8, "{found:?}");
    found
}

/// The output formats of a command, as the command line has them.
pub fn formats(command: &str) -> Vec<String> {
    let mut all = commands_with_formats().into_iter();
    all.find(|(name, _)| name == command).unwrap().1
}

/// Those of them that are no JSON or YAML document.
pub fn text_formats(command: &str) -> Vec<String> {
    let mut formats = formats(command);
    formats.retain(|format| !["json", "yaml"].contains(&format.as_str()));
    formats
}
