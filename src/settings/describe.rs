// SPDX-License-Identifier: Apache-2.0
//! The settings of `describe`.

use super::environment::Environment;
use super::objects::Objects;
use super::UsageError;
use crate::cli::describe::DescribeCommand;
pub use crate::cli::describe::DescribeOutput;

/// What `describe` is to do.
#[derive(Debug, Clone)]
pub struct Describe {
    /// Which objects are described.
    pub objects: Objects,
    /// Directories in directories of object files are read too.
    pub is_recursive: bool,
    /// How the descriptions are printed.
    pub output: DescribeOutput,
}

impl Describe {
    /// Validates the options of `describe`.
    ///
    /// # Errors
    /// When an image is not one that the source can have, none is named, or the cluster's configuration is of no use.
    pub fn new(options: &DescribeCommand, environment: &Environment) -> Result<Self, UsageError> {
        Ok(Self {
            objects: Objects::new(&options.source, &options.images, environment)?,
            is_recursive: options.source.recursive,
            output: options.format.output,
        })
    }
}
