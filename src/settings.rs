// SPDX-License-Identifier: Apache-2.0
//! From what was typed to what it means: flags, environment and files, merged and validated. Business code sees only
//! the types in here, and no other file reads the environment, the clock or the home directory.

pub(crate) mod audit;
pub(crate) mod by_policy;
pub(crate) mod cluster;
pub(crate) mod cluster_registry;
pub(crate) mod completion;
pub(crate) mod containers;
mod controls;
pub(crate) mod criteria;
pub(crate) mod demands;
pub(crate) mod describe;
mod duration;
pub mod environment;
pub(crate) mod expected_identity;
pub mod image_name;
pub(crate) mod images;
pub(crate) mod inspect;
pub(crate) mod keys;
pub mod logging;
pub(crate) mod objects;
pub(crate) mod platforms;
pub(crate) mod policy;
pub(crate) mod policy_reference;
pub(crate) mod registry;
pub(crate) mod remove;
pub(crate) mod requests;
pub(crate) mod tips;
pub(crate) mod verify;
pub(crate) mod workers;

use std::fmt;

/// A mistake in how the program was called: exit status 2, and nothing was contacted or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageError(pub String);

impl UsageError {
    /// An error from a sentence.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}
