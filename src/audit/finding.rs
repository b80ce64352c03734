// SPDX-License-Identifier: Apache-2.0
//! What an audit finds on an image besides its verdict.

use serde::{Deserialize, Serialize};

/// Something to know about an image besides its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditFinding {
    /// What kind of finding it is.
    pub kind: FindingKind,
    /// A sentence for people: what, where and what next.
    pub message: String,
    /// For gaps: the command that would fill it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// What there is to know besides a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FindingKind {
    /// What is recorded does not hold.
    Stale,
    /// An entry of the record or a stored signature is damaged.
    Damaged,
    /// Entries of the record contradict each other.
    Contradictory,
    /// The image is in use and has no signature.
    UnsignedInUse,
    /// Only keys that expire soon verify it.
    Expiring,
    /// A signature of the source is missing or different at the mirror.
    Gap,
    /// A place could not be asked, so more may be wrong with it.
    Unreachable,
    /// A change from True to False that was kept back.
    HeldBack,
}

impl FindingKind {
    /// Every kind, in the order of the variants.
    pub const ALL: [Self; 8] = [
        Self::Stale,
        Self::Damaged,
        Self::Contradictory,
        Self::UnsignedInUse,
        Self::Expiring,
        Self::Gap,
        Self::Unreachable,
        Self::HeldBack,
    ];

    /// The word in output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::Damaged => "damaged",
            Self::Contradictory => "contradictory",
            Self::UnsignedInUse => "unsignedInUse",
            Self::Expiring => "expiring",
            Self::Gap => "gap",
            Self::Unreachable => "unreachable",
            Self::HeldBack => "heldBack",
        }
    }
}

/// The command of a finding, with the last of those that have the same: it does not occur twice.
#[must_use]
pub(crate) fn command_at(findings: &[AuditFinding], n: usize) -> Option<&str> {
    let (own, later) = findings.get(n..)?.split_first()?;
    let command = own.command.as_deref()?;
    let is_told_later = later.iter().any(|other| other.command.as_deref() == Some(command));
    (!is_told_later).then_some(command)
}
