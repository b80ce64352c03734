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

/// The output formats of a command, as the command line has them.
pub fn formats(command: &str) -> Vec<String> {
    use clap::CommandFactory;
    let tree = image_signature::cli::Cli::command();
    let command = tree.find_subcommand(command).unwrap();
    let output = command
        .get_arguments()
        .find(|argument| argument.get_long() == Some("output"))
        .unwrap();
    let names = output.get_possible_values().into_iter();
    let names: Vec<String> = names.map(|value| value.get_name().to_owned()).collect();
    assert!(names.len() > 2, "{names:?}");
    names
}
