// SPDX-License-Identifier: Apache-2.0
//! The use cases, one file a subcommand.

mod audit;
mod by_policy;
pub mod cluster;
pub mod completion;
pub mod describe;
pub mod engine;
pub mod file_records;
mod held;
pub mod inspect;
mod inspect_registry;
mod inspected;
mod judging;
pub mod keys;
mod manifests;
pub mod objects;
mod planning;
pub mod policy;
mod printer;
mod record_to;
pub mod remove;
pub mod verify;

use std::io::Write;

use clap::ValueEnum as _;

use crate::cli::{self, Cli, Command};
use crate::report::json::Syntax;
use crate::report::output::Output;
use crate::report::usage;
use crate::settings;
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
        Command::Verify(options) => run_verify(options, environment, &mut output, stderr),
        Command::Remove(options) => remove::run(options, environment, &mut output, stderr),
        Command::Describe(options) => describe::run(options, environment, &mut output, stderr),
        Command::Inspect(options) => inspect::run(options, environment, &mut output, stderr),
        Command::Completion(options) => Ok(completion::run(options, &mut output)),
        Command::Policy(options) => settings::policy::Action::new(&options.action, environment)
            .and_then(|action| policy::run(&action, &mut output, stderr)),
        Command::Keys(options) => keys::run(options, environment, &mut output, stderr),
        Command::Audit(options) => settings::audit::Audit::new(options, environment)
            .and_then(|settings| audit::run(&settings, &mut output, stderr)),
    };
    let status = match result {
        Ok(status) => status,
        Err(UsageError(message)) => {
            let _ = writeln!(stderr, "error: {message}");
            if let Some((command, syntax)) = document(&cli.command) {
                // Failures are told at the end: see report::output.
                let _ = usage::write(&mut output, command, &message, syntax);
            }
            USAGE
        }
    };
    let _ = output.flush();
    match fate.error() {
        Some(error) => {
            let _ = writeln!(stderr, "error: writing standard output: {error}");
            TROUBLE
        }
        None => status,
    }
}

/// The name of a command that is to print a document, and how that is written.
fn document(command: &Command) -> Option<(&'static str, Syntax)> {
    let (name, format) = match command {
        Command::Verify(options) => ("verify", options.output.to_possible_value()),
        Command::Remove(options) => ("remove", options.output.to_possible_value()),
        Command::Describe(options) => ("describe", options.output.to_possible_value()),
        Command::Inspect(options) => ("inspect", options.output.to_possible_value()),
        Command::Keys(options) => ("keys", options.output.to_possible_value()),
        Command::Policy(options) => match &options.action {
            cli::policy::Action::Why(options) => ("policy why", options.output.to_possible_value()),
            cli::policy::Action::Lint(options) => ("policy lint", options.output.to_possible_value()),
            cli::policy::Action::Test(options) => ("policy test", options.output.to_possible_value()),
        },
        Command::Audit(_) | Command::Completion(_) => return None,
    };
    match format?.get_name() {
        "json" => Some((name, Syntax::Json)),
        "yaml" => Some((name, Syntax::Yaml)),
        _ => None,
    }
}

/// `verify`, or `remove` in the words of `oc adm verify-image-signature`.
fn run_verify(
    options: &cli::verify::Verify,
    environment: &Environment,
    out: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<u8, UsageError> {
    if !options.remove && !options.remove_all {
        return verify::run(options, environment, out, stderr);
    }
    if options.remove_all {
        let _ = writeln!(
            stderr,
            "note: --remove-all removes recorded verdicts; signatures are kept; it writes only with --confirm"
        );
        if !options.confirm {
            return Err(UsageError::new("--remove-all needs --confirm"));
        }
    }
    remove::run(&as_removal(options)?, environment, out, stderr)
}

/// The options of `remove` out of those of `verify`; those that judge have no meaning there.
fn as_removal(options: &cli::verify::Verify) -> Result<cli::remove::Remove, UsageError> {
    let accepts = &options.acceptance;
    let judging = [
        (!options.expected_identity.is_empty(), "--expected-identity"),
        (!accepts.keys.public_key.is_empty(), "--public-key"),
        (!accepts.keys.signed_by.is_empty(), "--signed-by"),
        (accepts.keys.homedir.is_some(), "--homedir"),
        (accepts.keys.trust_model.is_some(), "--trust-model"),
        (accepts.engine != cli::acceptance::EngineChoice::Auto, "--engine"),
        (!accepts.sigstore_key.is_empty(), "--sigstore-key"),
        (accepts.policy.is_some(), "--policy"),
        (accepts.system_policy, "--system-policy"),
        (options.cluster_policy, "--cluster-policy"),
        (options.identity_match.is_some(), "--identity-match"),
        (options.expected_digest.is_some(), "--expected-digest"),
        (options.require.is_some(), "--require"),
        (options.images_from.is_some(), "--images-from"),
        (
            options.manifest.is_some() || !options.signature_file.is_empty(),
            "--manifest",
        ),
        (options.explain, "--explain"),
    ];
    if let Some((_, flag)) = judging.into_iter().find(|(given, _)| *given) {
        return Err(UsageError::new(format!(
            "{flag} cannot be used when removing records, which judges nothing"
        )));
    }
    Ok(cli::remove::Remove {
        images: options.images.clone(),
        signature: options.signature.clone(),
        source: options.source.clone(),
        confirm: options.confirm,
        dry_run: options.dry_run,
        output: match options.output {
            cli::verify::Output::Text => cli::remove::RemoveOutput::Text,
            cli::verify::Output::Wide => {
                return Err(UsageError::new("--output wide cannot be used when removing records"));
            }
            cli::verify::Output::Name => cli::remove::RemoveOutput::Name,
            cli::verify::Output::Json => cli::remove::RemoveOutput::Json,
            cli::verify::Output::Yaml => cli::remove::RemoveOutput::Yaml,
        },
    })
}
