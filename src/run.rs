// SPDX-License-Identifier: Apache-2.0
//! The use cases, one file a subcommand.

mod audit;
mod by_policy;
pub(crate) mod cluster;
pub(crate) mod completion;
pub(crate) mod describe;
mod documents;
mod elsewhere;
pub(crate) mod engine;
pub(crate) mod file_records;
mod held;
pub(crate) mod inspect;
mod inspect_registry;
mod inspected;
mod instances;
mod judging;
pub(crate) mod keys;
mod lists;
mod manifests;
pub(crate) mod objects;
mod planning;
pub(crate) mod policy;
mod printer;
mod record_to;
pub(crate) mod remove;
mod short_names;
pub(crate) mod unknown_lists;
mod verify;

use std::io::Write;

use clap::CommandFactory as _;

use self::documents::Documents as _;
use crate::cli::{self, Cli, Command};
use crate::report::console::Console;
use crate::report::exit::Exit;
use crate::report::json::Syntax;
use crate::report::output::Output;
use crate::report::usage;
use crate::settings;
use crate::settings::environment::Environment;
use crate::settings::UsageError;

/// Does what the command line says; results go to `stdout`, everything else to `stderr`. The exit status comes back.
pub fn run(cli: &Cli, environment: &Environment, stdout: &mut dyn Write, stderr: &mut dyn Write) -> Exit {
    let (mut output, fate) = Output::new(stdout);
    let mut console = Console::new(&mut output, stderr).on(environment.terminal);
    let console = &mut console;
    let result = match &cli.command {
        Command::Verify(options) => run_verify(options, environment, console),
        Command::Remove(options) => {
            settings::remove::Remove::new(options, environment).and_then(|settings| remove::run(settings, console))
        }
        Command::Describe(options) => settings::describe::Describe::new(options, environment)
            .and_then(|settings| describe::run(settings, console)),
        Command::Inspect(options) => {
            settings::inspect::Inspect::new(options, environment).map(|settings| inspect::run(&settings, console))
        }
        Command::Completion(options) => Ok(completion::run(options.shell, Cli::command(), console.out)),
        Command::Policy(options) => {
            settings::policy::Action::new(&options.action, environment).and_then(|action| policy::run(&action, console))
        }
        Command::Keys(options) => {
            settings::keys::Listing::new(options, environment).and_then(|settings| keys::run(&settings, console))
        }
        Command::Audit(options) => run_audit(options, environment, console),
    };
    let status = match result {
        Ok(status) => status,
        Err(UsageError(message)) => {
            console.err.error(&message);
            if let Some((command, syntax)) = document(&cli.command) {
                // Failures are told at the end: see report::output.
                let _ = usage::write(console.out, command, &message, syntax);
            }
            Exit::Usage
        }
    };
    let _ = console.out.flush();
    match fate.error() {
        Some(error) => {
            console.err.error(format_args!("writing standard output: {error}"));
            Exit::Trouble
        }
        None => status,
    }
}

/// The name of a command that is to print a document, and how that is written.
fn document(command: &Command) -> Option<(&'static str, Syntax)> {
    let (name, syntax) = match command {
        Command::Verify(options) => ("verify", options.format.output.syntax()),
        Command::Remove(options) => ("remove", options.format.output.syntax()),
        Command::Describe(options) => ("describe", options.format.output.syntax()),
        Command::Inspect(options) => ("inspect", options.format.output.syntax()),
        Command::Keys(options) => ("keys", options.format.output.syntax()),
        Command::Policy(options) => match &options.action {
            cli::policy::PolicySubcommand::Why(options) => ("policy why", options.format.output.syntax()),
            cli::policy::PolicySubcommand::Lint(options) => ("policy lint", options.format.output.syntax()),
            cli::policy::PolicySubcommand::Test(options) => ("policy test", options.format.output.syntax()),
        },
        Command::Audit(options) => match &options.action {
            None => ("audit", options.report.format.output.syntax()),
            Some(cli::audit::AuditSubcommand::Merge(options)) => ("audit merge", options.report.format.output.syntax()),
            Some(cli::audit::AuditSubcommand::Diff(options)) => ("audit diff", options.format.output.syntax()),
        },
        Command::Completion(_) => return None,
    };
    Some((name, syntax?))
}

/// `audit`, or what is done with reports.
fn run_audit(
    options: &cli::audit::AuditCommand,
    environment: &Environment,
    console: &mut Console<'_>,
) -> Result<Exit, UsageError> {
    match &options.action {
        None => audit::run(&settings::audit::Audit::new(options, environment)?, console),
        Some(cli::audit::AuditSubcommand::Merge(options)) => {
            let settings = settings::audit::merge::Merging::new(options, environment)?;
            audit::merge::run(&settings, console)
        }
        Some(cli::audit::AuditSubcommand::Diff(options)) => {
            Ok(audit::diff::run(&settings::audit::diff::Diff::new(options), console))
        }
    }
}

/// `verify`, or `remove` in the words of `oc adm verify-image-signature`.
fn run_verify(
    options: &cli::verify::VerifyCommand,
    environment: &Environment,
    console: &mut Console<'_>,
) -> Result<Exit, UsageError> {
    if !options.remove && !options.remove_all {
        return verify::run(&settings::verify::Verify::new(options, environment)?, console);
    }
    if options.remove_all {
        console
            .err
            .note("--remove-all removes recorded verdicts; signatures are kept; it writes only with --confirm");
        if !options.confirm {
            return Err(UsageError::new("--remove-all needs --confirm"));
        }
    }
    remove::run(settings::remove::Remove::of_verify(options, environment)?, console)
}
