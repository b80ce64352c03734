// SPDX-License-Identifier: Apache-2.0
//! How an audit ended: the last line of its report. A report without it is not complete.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::reason::Verdict;

/// Why the report of a run that a signal ended is not complete.
pub(crate) const INTERRUPTED: &str = "the audit was interrupted";

/// The last line of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tail {
    /// Always `AuditEnd`, by which readers know that the report is whole.
    pub kind: String,
    /// When, in seconds since 1970.
    pub ended: i64,
    /// How many entries the report has, one an image.
    pub images: u64,
    /// How many of them have which verdict. They add up to `images`.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// Why the inventory or the records are not complete, in sentences for people; empty if they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<String>,
    /// Whether it was interrupted (a signal).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
}

impl Tail {
    /// Why the audit is not complete, each reason once.
    pub fn reasons(&self) -> impl Iterator<Item = &str> {
        // The sum of several names those that were interrupted.
        let is_said = self.incomplete.iter().any(|why| why.contains("was interrupted"));
        let interrupted = (self.interrupted && !is_said).then_some(INTERRUPTED);
        self.incomplete.iter().map(String::as_str).chain(interrupted)
    }
}
