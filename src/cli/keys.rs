// SPDX-License-Identifier: Apache-2.0
//! `keys`, and the options that say which keys count.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Which keys count.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Keys")]
pub struct KeyOptions {
    /// A file with keys, armoured or binary; only these keys count, all of them (repeatable)
    #[arg(long, value_name = "FILE")]
    pub public_key: Vec<PathBuf>,

    /// Of the keys, only this one counts: the whole fingerprint of a primary key, or of one subkey (repeatable)
    #[arg(long, value_name = "FINGERPRINT")]
    pub signed_by: Vec<String>,
}

/// How keys are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeyOutput {
    /// A line a key
    Text,
    /// With its subkeys
    Wide,
    /// Fingerprints of the keys that count
    Name,
    /// One JSON document
    Json,
}

/// List the keys whose signatures would count, and why the others do not.
#[derive(Debug, Args)]
#[command(after_help = super::MEANING)]
pub struct Keys {
    /// Which keys.
    #[command(flatten)]
    pub keys: KeyOptions,

    /// Output format
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true
    )]
    pub output: KeyOutput,
}
