// SPDX-License-Identifier: Apache-2.0
//! What a file that says who may sign what holds: a policy, or API objects.

use super::document::TextError;
use super::objects::{is_objects, Objects};
use super::Policy;
use crate::input;

/// The content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyText {
    /// A policy as containers-policy.json(5) describes it.
    Policy(Policy),
    /// ClusterImagePolicies, ImagePolicies and mirror sets.
    Objects(Objects),
}

impl PolicyText {
    /// Reads the bytes of a file. API objects are text as `kubectl` reads it, a policy is what its own readers take.
    ///
    /// # Errors
    /// When it is neither, or breaks a rule of its format.
    pub fn parse(bytes: &[u8]) -> Result<Self, TextError> {
        match input::text(bytes.to_vec()) {
            Ok(text) if is_objects(&text) => Objects::parse(&text).map(Self::Objects),
            _ => Policy::parse(bytes).map(Self::Policy),
        }
    }
}
