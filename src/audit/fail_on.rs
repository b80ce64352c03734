// SPDX-License-Identifier: Apache-2.0
//! `--fail-on`: which findings of an audit make it fail.

use std::collections::BTreeSet;

use super::entry::{Entry, FindingKind};
use crate::reason::Verdict;

/// Something that may make an audit fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failure {
    /// An image has this verdict.
    Verdict(Verdict),
    /// Something of this kind was found.
    Finding(FindingKind),
}

impl Failure {
    /// All that `--fail-on` takes.
    pub const ALL: [Self; 8] = [
        Self::Verdict(Verdict::Rejected),
        Self::Verdict(Verdict::Unsupported),
        Self::Verdict(Verdict::Unsigned),
        Self::Verdict(Verdict::Allowed),
        Self::Verdict(Verdict::Unchecked),
        Self::Finding(FindingKind::Stale),
        Self::Finding(FindingKind::Expiring),
        Self::Finding(FindingKind::Gap),
    ];

    /// The word on the command line.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Self::Verdict(verdict) => verdict.word().to_ascii_lowercase(),
            Self::Finding(kind) => kind.word().to_owned(),
        }
    }
}

/// What makes an audit fail. Incomplete audits are trouble whatever it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailOn(BTreeSet<Failure>);

impl Default for FailOn {
    /// Every verdict but Verified.
    fn default() -> Self {
        let verdicts = Failure::ALL
            .into_iter()
            .filter(|failure| matches!(failure, Failure::Verdict(_)));
        Self(verdicts.collect())
    }
}

impl FromIterator<Failure> for FailOn {
    fn from_iter<I: IntoIterator<Item = Failure>>(failures: I) -> Self {
        Self(failures.into_iter().collect())
    }
}

impl FailOn {
    /// Whether an image with this verdict makes the audit fail.
    #[must_use]
    pub fn has_verdict(&self, verdict: Verdict) -> bool {
        self.0.contains(&Failure::Verdict(verdict))
    }

    /// Whether an image makes the audit fail.
    #[must_use]
    pub fn fails(&self, entry: &Entry) -> bool {
        self.has_verdict(entry.verdict) || entry.findings.iter().any(|found| self.has(found.kind))
    }

    /// Whether a finding of this kind makes the audit fail.
    #[must_use]
    pub fn has(&self, kind: FindingKind) -> bool {
        self.0.contains(&Failure::Finding(kind))
    }

    /// The words, in one order.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        self.0.iter().map(|failure| failure.word()).collect()
    }
}
