// SPDX-License-Identifier: Apache-2.0
//! The settings of `audit diff`.

use std::path::PathBuf;

use crate::cli;
pub use crate::cli::audit::diff::DiffOutput;

/// What `audit diff` is to do.
#[derive(Debug, Clone)]
pub struct Diff {
    /// The report from before.
    pub old: PathBuf,
    /// The report from now.
    pub new: PathBuf,
    /// How differences are printed.
    pub output: DiffOutput,
}

impl Diff {
    /// What the options mean, which are the settings themselves.
    #[must_use]
    pub fn new(options: &cli::audit::diff::DiffCommand) -> Self {
        Self {
            old: options.old.clone(),
            new: options.new.clone(),
            output: options.format.output,
        }
    }
}
