// SPDX-License-Identifier: Apache-2.0
//! Places that were asked for signatures of an image.

use serde::{Deserialize, Serialize};

/// Most places of an image that are told.
pub const MAX_SOURCES: usize = 100;

/// A place that was asked for signatures, and what it answered: words as everywhere in JSON output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskedPlace {
    /// What kind of place it is: `object`, `lookaside`, and so on.
    pub kind: String,
    /// A URL, a path or a reference.
    pub location: String,
    /// `found`, `absent`, or what kept it from saying which signatures it has.
    pub answer: String,
    /// What is wrong, where it did not say that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What to know about the place besides its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How many signatures came from there.
    pub signatures: u64,
}
