// SPDX-License-Identifier: Apache-2.0
//! The options of `audit diff`, with its help texts.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::output::OutputOption;

/// How differences are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffOutput {
    /// Text for people to read
    Text,
    /// One JSON document for programs
    Json,
}

const EXIT_STATUS: &str = "\
Exit status: 0 nothing has changed; 1 something has changed; 2 usage error; 3 a report cannot be read, or is not complete, so that \
more may have changed; 130 interrupted.";

const EXAMPLES: &str = "\
Examples:
  image-signature audit diff monday.jsonl tuesday.jsonl
  image-signature audit diff monday.jsonl tuesday.jsonl -o json";

/// Compare the reports of two audits: images that are newly unsigned, newly rejected or otherwise judged differently, those
/// that other keys verify now, new ones, and those that are gone.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXIT_STATUS}\n\n{EXAMPLES}"))]
pub struct DiffCommand {
    /// The earlier report, in JSON lines
    #[arg(value_name = "OLD")]
    pub old: PathBuf,

    /// The later report, in JSON lines
    #[arg(value_name = "NEW")]
    pub new: PathBuf,

    /// How the results are printed.
    #[command(flatten)]
    pub format: OutputOption<DiffOutput>,
}
