// SPDX-License-Identifier: Apache-2.0
//! The settings of `inspect`.

use std::path::{Path, PathBuf};

use super::UsageError;
use crate::cli::inspect::{Inspect as Options, InspectOutput};

/// What `inspect` is to do.
#[derive(Debug, Clone)]
pub struct Inspect {
    /// Files with signatures, and directories of them; `-` is standard input.
    pub places: Vec<PathBuf>,
    /// How claims are printed.
    pub output: InspectOutput,
    /// As numbered lines.
    pub explain: bool,
}

impl Inspect {
    /// Validates the options of `inspect`.
    ///
    /// # Errors
    /// When they contradict each other.
    pub fn new(options: &Options) -> Result<Self, UsageError> {
        if options.explain && options.output != InspectOutput::Text {
            return Err(UsageError::new("--explain is text: it cannot be used with --output"));
        }
        if options.files.iter().filter(|path| *path == Path::new("-")).count() > 1 {
            return Err(UsageError::new(
                "`-` may be given only once: standard input can be read once",
            ));
        }
        Ok(Self {
            places: options.files.iter().map(|path| place(path)).collect(),
            output: options.output,
            explain: options.explain,
        })
    }
}

/// `dir:PATH` is a directory as for the other commands, unless a file has just this name.
fn place(path: &Path) -> PathBuf {
    let directory = path.to_str().and_then(|text| text.strip_prefix("dir:"));
    match directory {
        Some(directory) if !path.exists() && !directory.is_empty() => directory.into(),
        _ => path.to_owned(),
    }
}
