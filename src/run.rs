// SPDX-License-Identifier: Apache-2.0
//! The use cases, one file a subcommand.

pub mod engine;
pub mod inspect;
pub mod keys;
pub mod verify;

use std::io::Write;

use crate::cli::{Cli, Command};
use crate::report::output::Output;
use crate::settings::environment::Environment;
use crate::settings::UsageError;

/// Exit status: everything that was asked for holds.
pub const SUCCESS: u8 = 0;
/// Exit status: something does not hold.
pub const NEGATIVE: u8 = 1;
/// Exit status: the program was called wrongly; nothing was contacted.
pub const USAGE: u8 = 2;
/// Exit status: something could not be decided, recorded or printed.
pub const TROUBLE: u8 = 3;

/// Does what the command line says; results go to `stdout`, everything else to `stderr`. The exit status comes back.
pub fn run(cli: &Cli, environment: &Environment, stdout: &mut dyn Write, stderr: &mut dyn Write) -> u8 {
    let (mut output, fate) = Output::new(stdout);
    let result = match &cli.command {
        Command::Verify(options) => verify::run(options, environment, &mut output, stderr),
        Command::Inspect(options) => inspect::run(options, &mut output),
        Command::Keys(options) => keys::run(options, environment, &mut output, stderr),
    };
    let _ = output.flush();
    let status = match result {
        Ok(status) => status,
        Err(UsageError(message)) => {
            let _ = writeln!(stderr, "error: {message}");
            USAGE
        }
    };
    match fate.error() {
        Some(error) => {
            let _ = writeln!(stderr, "error: writing standard output: {error}");
            TROUBLE
        }
        None => status,
    }
}
