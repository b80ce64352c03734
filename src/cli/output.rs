// SPDX-License-Identifier: Apache-2.0
//! `--output`, with the formats that each command has.

use clap::{Args, ValueEnum};

/// The format of what a command prints: one of those in `F`, all of which have `text`.
#[derive(Debug, Args)]
pub struct OutputOption<F: ValueEnum + Clone + Send + Sync + 'static> {
    /// Format of the results on standard output
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    pub output: F,
}
