// SPDX-License-Identifier: Apache-2.0
//! The command line: syntax and help texts, nothing else. What it means is worked out in [`crate::settings`].

pub(crate) mod acceptance;
pub(crate) mod audit;
pub(crate) mod cluster;
pub(crate) mod completion;
pub(crate) mod describe;
mod help;
pub(crate) mod inspect;
pub(crate) mod keys;
pub(crate) mod output;
pub(crate) mod policy;
pub(crate) mod registry;
pub(crate) mod remove;
pub mod tilde;
pub mod unknown;
pub(crate) mod verify;

use std::ffi::OsString;
use std::path::Path;

use clap::{Args, Parser, Subcommand};

pub use self::help::{EXIT_STATUS, EXIT_STATUS_DONE, MEANING};

/// Calls for the end of the help text.
const EXAMPLES: &str = "\
Examples:
  image-signature verify -f image.json --public-key release-key.asc \\
      --expected-identity registry.local:5000/foo/bar:v1
  image-signature verify foo/bar:v1 --expected-identity registry.local:5000/foo/bar:v1
  image-signature verify docker://registry.local:5000/foo/bar:v1 --public-key release-key.asc
  image-signature describe -f image.json
  image-signature keys";

/// Verify container images by their GPG and sigstore signatures, record the verdicts, explain policies and audit clusters
#[derive(Debug, Parser)]
#[command(name = "image-signature", version = crate::VERSION, long_about = None, help_expected = true)]
#[command(max_term_width = 100, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = format!("{MEANING}\n\n{EXAMPLES}"))]
pub struct Cli {
    /// The subcommand; without one, the help is printed.
    #[command(subcommand)]
    pub command: Command,

    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Log to standard error what is being done; -v=2 to -v=10, or repeating the option, logs more
    #[arg(
        short = 'v',
        long = "v",
        visible_alias = "verbose",
        global = true,
        value_name = "LEVEL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "1",
        value_parser = clap::value_parser!(u8).range(0..=10),
        action = clap::ArgAction::Append,
    )]
    pub verbose: Vec<u8>,
}

/// The command line as the user typed it: kubectl and oc start their plugin `NAME-image_signature` for `NAME image-signature`.
#[must_use]
pub fn typed(mut args: Vec<OsString>) -> Vec<OsString> {
    let program = args
        .first()
        .and_then(|program| Path::new(program).file_name()?.to_str());
    let caller = program.and_then(|program| program.strip_suffix("-image_signature"));
    if let Some(caller @ ("kubectl" | "oc")) = caller {
        args[0] = format!("{caller} image-signature").into();
    }
    args
}

/// What the program is to do, with the options of that command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Verify that images are the ones you asked for
    #[command(long_about = verify::LONG_ABOUT)]
    Verify(Box<verify::VerifyCommand>),
    /// Remove recorded verdicts; the signatures are kept
    Remove(remove::RemoveCommand),
    /// Show signatures and what is recorded about them; nothing is checked
    Describe(describe::DescribeCommand),
    /// Show what signature blobs claim, unverified
    Inspect(inspect::InspectCommand),
    /// List the accepted keys, and why the others are not accepted
    Keys(keys::KeysCommand),
    /// Say who may sign what: explain a policy, find what is wrong with it, test it
    Policy(policy::PolicyCommand),
    /// Judge every image of a set, and report on all of them
    #[command(long_about = audit::LONG_ABOUT)]
    Audit(Box<audit::AuditCommand>),
    /// Print a shell completion script
    Completion(completion::CompletionCommand),
}
