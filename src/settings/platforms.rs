// SPDX-License-Identifier: Apache-2.0
//! Which instances of a manifest list are judged.

use super::UsageError;
use crate::cli;
use crate::subject::instances::Platform;
use crate::text::quoted;

/// Which instances of a list are judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Platforms {
    /// The list itself, or all where it is not signed.
    Default,
    /// The one for a platform.
    One(Platform),
    /// All images of the list, each judged by itself.
    All,
}

impl Platforms {
    /// Joins `--platform`, `--all-platforms` and `--require-list`.
    ///
    /// # Errors
    /// When a platform is malformed, or none is chosen where one must be.
    pub fn new(options: &cli::verify::VerifyCommand) -> Result<Self, UsageError> {
        match &options.platform {
            Some(text) => Platform::parse(text).map(Self::One).ok_or_else(|| {
                UsageError::new(format!(
                    "--platform {}: expected OS/ARCH or OS/ARCH/VARIANT, such as linux/amd64 or linux/arm/v7",
                    quoted(text)
                ))
            }),
            None if options.all_platforms => Ok(Self::All),
            None if options.require_list => Err(UsageError::new(
                "--require-list needs --platform or --all-platforms: without them the manifest list is what is judged",
            )),
            None => Ok(Self::Default),
        }
    }
}
