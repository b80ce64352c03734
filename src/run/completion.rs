// SPDX-License-Identifier: Apache-2.0
//! `completion`

use std::io::Write;

use clap::CommandFactory;
use clap_complete::shells;

use super::SUCCESS;
use crate::cli::completion::{Completion as Options, Shell};
use crate::cli::Cli;

/// Prints a completion script, made from the very options that are parsed.
pub fn run(options: &Options, out: &mut dyn Write) -> u8 {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    match options.shell {
        Shell::Bash => clap_complete::generate(shells::Bash, &mut command, name, &mut script),
        Shell::Zsh => clap_complete::generate(shells::Zsh, &mut command, name, &mut script),
        Shell::Fish => clap_complete::generate(shells::Fish, &mut command, name, &mut script),
    }
    // Failures are told at the end: see report::output.
    let _ = out.write_all(&script);
    SUCCESS
}
