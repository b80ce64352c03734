// SPDX-License-Identifier: Apache-2.0
//! The settings of `audit merge`.

use std::path::PathBuf;

use super::inputs::Inputs;
use super::reporting::Reporting;
use crate::cli;
use crate::settings::environment::Environment;
use crate::settings::UsageError;

/// What `audit merge` is to do.
#[derive(Debug, Clone)]
pub struct Merging {
    /// The reports of the shards.
    pub files: Vec<PathBuf>,
    /// How the sum is reported.
    pub reporting: Reporting,
    /// Progress may be shown on standard error.
    pub shows_progress: bool,
}

impl Merging {
    /// Validates the options.
    ///
    /// # Errors
    /// When one is malformed.
    pub fn new(options: &cli::audit::merge::MergeCommand, environment: &Environment) -> Result<Self, UsageError> {
        Ok(Self {
            files: options.files.clone(),
            reporting: Reporting::new(&options.report, None, &Inputs::of_merge(&options.files), environment)?,
            shows_progress: environment.terminal.stderr,
        })
    }
}
