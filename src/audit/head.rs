// SPDX-License-Identifier: Apache-2.0
//! What an audit was asked for: the first line of its report.

use serde::{Deserialize, Serialize};

/// The version of the report's lines. It changes when a reader of the version before would read them wrongly.
pub const VERSION: &str = "image-signature.io/audit/v1";

/// The first line of a report. Another run may go on from a report, or add it to others, only where all of it but the
/// shard and the start is equal (docs/contract.md 10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Head {
    /// [`VERSION`].
    pub api_version: String,
    /// Always `AuditReport`.
    pub kind: String,
    /// The program's version.
    pub program: String,
    /// SHA-256, in hex, of the keys that are accepted; of the keyring's content where it is a home.
    pub keys: String,
    /// SHA-256 of the policy with what it names, where one decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// SHA-256 of the map of expected identities, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<String>,
    /// SHA-256 of every other option that can change what is found.
    pub options: String,
    /// Which inventory is judged, in words for people: `cluster https://...`, `files DIR`.
    pub source: String,
    /// Which part of the inventory this run judges.
    pub shard: Shard,
    /// When the run began, in seconds since 1970 by the clock of the machine that judged.
    pub started: i64,
}

/// A part of an inventory, by the digests of its images. The whole is part 0 of 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// Which part, from 0.
    pub index: u32,
    /// How many parts there are, at least 1.
    pub count: u32,
}

impl Shard {
    /// The whole inventory.
    pub const WHOLE: Self = Self { index: 0, count: 1 };
}
