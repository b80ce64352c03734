// SPDX-License-Identifier: Apache-2.0
//! From what was typed to what it means: flags, environment and files, merged and validated. Business code sees only
//! the types in here, and no other file reads the environment, the clock or the home directory.

pub mod audit;
pub mod by_policy;
pub mod cluster;
pub mod cluster_registry;
pub mod completion;
pub mod containers;
mod controls;
pub mod criteria;
pub mod demands;
pub mod describe;
mod duration;
pub mod environment;
pub mod expected_identity;
pub mod image_name;
pub mod images;
pub mod inspect;
pub mod keys;
pub mod logging;
pub mod objects;
pub mod platforms;
pub mod policy;
pub mod policy_reference;
pub mod registry;
pub mod remove;
pub mod requests;
pub mod tips;
pub mod verify;
pub mod workers;

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
