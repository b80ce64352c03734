// SPDX-License-Identifier: Apache-2.0
//! The options of `remove`, with its help texts.

use clap::{Args, ValueEnum};

use super::output::OutputOption;
use super::verify::{DryRun, SourceOptions};

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RemoveOutput {
    /// One line per image
    Text,
    /// Names of the images that were or would be changed
    Name,
    /// One JSON document for all images
    Json,
    /// The same as YAML
    Yaml,
}

/// Calls for the end of the help text.
const EXIT_STATUS: &str = "\
Exit status: 0 done; 2 usage error, nothing was contacted; 3 something could not be read, written or printed; \
130 interrupted.";

const EXAMPLES: &str = "\
Examples:
  image-signature remove -f image.json
  image-signature remove -f image.json --confirm
  image-signature remove foo/bar:v1 --confirm";

/// Remove recorded verdicts. The signatures themselves are kept.
#[derive(Debug, Args)]
#[command(after_help = format!("{}\n\n{EXIT_STATUS}\n\n{EXAMPLES}", super::help::MEANING))]
pub struct RemoveCommand {
    /// Images, as for verify
    #[arg(value_name = "IMAGE")]
    pub images: Vec<String>,

    /// Remove only what is recorded about this signature, by its name or the part of it after @ (repeatable)
    #[arg(long, value_name = "NAME")]
    pub signature: Vec<String>,

    /// Where images come from.
    #[command(flatten)]
    pub source: SourceOptions,

    /// Write the change; without it nothing is written
    #[arg(long, help_heading = "Recording")]
    pub confirm: bool,

    /// server: validate on the server without storing; client: as without --confirm
    #[arg(long, value_name = "HOW", help_heading = "Recording")]
    pub dry_run: Option<DryRun>,

    /// How the results are printed.
    #[command(flatten)]
    pub format: OutputOption<RemoveOutput>,
}
