// SPDX-License-Identifier: Apache-2.0
//! `completion`: writes a script for a shell from the command line's own syntax.

mod bash;
mod fish;
mod words;
mod zsh;

use std::io::Write;

use clap::{Arg, Command, ValueHint};

use self::words::value_name;
use crate::report::exit::Exit;
use crate::settings::completion::Shell;

/// Prints a completion script for a command line, made from the very options that are parsed.
pub fn run(shell: Shell, command: Command, out: &mut dyn Write) -> Exit {
    let command = hinted(command);
    let script = match shell {
        Shell::Bash => bash::script(&command),
        Shell::Zsh => zsh::script(command),
        Shell::Fish => fish::script(command),
    };
    // Failures are told at the end: see report::output.
    let _ = out.write_all(script.as_bytes());
    Exit::Success
}

/// A command line with what each value is: its name says so.
fn hinted(command: Command) -> Command {
    let hint = |arg: Arg| {
        let hint = match value_name(&arg) {
            "FILE" | "OLD" | "NEW" | "TABLE" => ValueHint::AnyPath,
            "DIR" => ValueHint::DirPath,
            _ => ValueHint::Other,
        };
        if arg.get_action().takes_values() {
            arg.value_hint(hint)
        } else {
            arg
        }
    };
    let mut command = command.mut_args(hint).mut_subcommands(|command| {
        let inner = |inner: Command| inner.mut_args(hint);
        command.mut_args(hint).mut_subcommands(inner)
    });
    command.build();
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;

    #[test]
    fn what_is_a_path_is_named_as_one() {
        let (mut files, mut directories) = (0, 0);
        let command = hinted(Cli::command());
        let inner = command.get_subcommands().flat_map(Command::get_subcommands);
        for subcommand in command.get_subcommands().chain(inner) {
            for arg in subcommand.get_arguments().filter(|arg| arg.get_action().takes_values()) {
                let is_path = arg.get_value_parser().type_id() == std::any::TypeId::of::<std::path::PathBuf>();
                match arg.get_value_hint() {
                    ValueHint::AnyPath => files += 1,
                    ValueHint::DirPath => directories += 1,
                    _ => assert!(!is_path, "{} {}", subcommand.get_name(), arg.get_id()),
                }
            }
        }
        assert!(files > 10 && directories > 3, "{files} {directories}");
    }
}
