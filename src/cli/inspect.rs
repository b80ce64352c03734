// SPDX-License-Identifier: Apache-2.0
//! `inspect`

use std::path::PathBuf;

use clap::Args;

use super::verify::Output;

/// Show what signature blobs claim. Nothing is verified: anyone can write such claims.
#[derive(Debug, Args)]
#[command(after_help = format!("{}\n\n{}", super::MEANING, super::EXIT_STATUS_DONE))]
pub struct Inspect {
    /// Files with signature blobs; - is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,

    /// Output format
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true
    )]
    pub output: Output,

    /// Show how each blob is put together
    #[arg(long)]
    pub explain: bool,
}
