// SPDX-License-Identifier: Apache-2.0
//! `completion`

mod bash;
mod fish;
mod zsh;

use std::io::Write;

use clap::{Arg, Command, ValueHint};

use super::SUCCESS;
use crate::settings::completion::Shell;

/// The command that is `verify` by itself.
const VERIFY: &str = "verify-image-signature";

/// Other names of the program: the plugins of oc and kubectl.
const PLUGINS: [&str; 2] = ["oc-image_signature", "kubectl-image_signature"];

/// Prints a completion script for a command line, made from the very options that are parsed.
pub fn run(shell: Shell, command: Command, out: &mut dyn Write) -> u8 {
    let command = hinted(command);
    let script = match shell {
        Shell::Bash => bash::script(&command),
        Shell::Zsh => zsh::script(command),
        Shell::Fish => fish::script(command),
    };
    // Failures are told at the end: see report::output.
    let _ = out.write_all(script.as_bytes());
    SUCCESS
}

/// A command line with what each value is: its name says so.
fn hinted(command: Command) -> Command {
    let hint = |arg: Arg| {
        let hint = match value_name(&arg) {
            "FILE" | "OLD" | "NEW" => ValueHint::AnyPath,
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

/// What help texts call the value of an option or argument.
fn value_name(arg: &Arg) -> &str {
    let name = arg.get_value_names().unwrap_or_default().first();
    name.map_or("", |name| name.as_str())
}

/// The names of an option as they are typed.
fn names(arg: &Arg) -> Vec<String> {
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long_and_visible_aliases().unwrap_or_default();
    short
        .into_iter()
        .chain(long.into_iter().map(|long| format!("--{long}")))
        .collect()
}

/// The words that a value may be, where there is a list of them.
fn words(arg: &Arg) -> Option<Vec<String>> {
    let takes_values = arg.get_action().takes_values();
    let values = arg.get_value_parser().possible_values().filter(|_| takes_values)?;
    Some(values.map(|value| value.get_name().to_owned()).collect())
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
