// SPDX-License-Identifier: Apache-2.0
//! `--output`, with the formats that each command has, and `--color`.

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

/// When verdicts are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always, in files and pipes too
    Always,
    /// Never, not even on a terminal
    Never,
}

/// Whether the output is coloured.
#[derive(Debug, Args)]
pub struct ColourOption {
    /// Colour the verdicts in text [default: auto, on a terminal where NO_COLOR is not set]
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        help_heading = "Output"
    )]
    pub color: ColorWhen,
}
