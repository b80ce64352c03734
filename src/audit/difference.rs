// SPDX-License-Identifier: Apache-2.0
//! `audit diff`: what has changed between two reports, image by image.

use super::entry::Entry;
use crate::reason::{Reason, Verdict};

/// How an image differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// It had another verdict, and is Unsigned now.
    NewlyUnsigned,
    /// It had another verdict, and is Rejected now.
    NewlyRejected,
    /// It had another verdict, and is Unsupported, Allowed or Unchecked now.
    NoLongerVerified,
    /// It had another verdict, and is Verified now.
    NewlyVerified,
    /// It had another verdict, neither was Verified, and it is neither Unsigned nor Rejected now.
    VerdictChanged,
    /// The verdict is the same, not Verified, for another reason.
    ReasonChanged,
    /// It is Verified as before, by other keys.
    KeyChanged,
    /// It is expected to be signed as something else, or is Verified as before and signed as something else.
    IdentityChanged,
    /// It is not in the new report.
    Gone,
    /// It is not in the old report.
    New,
}

impl Change {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 10] = [
        Self::NewlyUnsigned,
        Self::NewlyRejected,
        Self::NoLongerVerified,
        Self::KeyChanged,
        Self::IdentityChanged,
        Self::NewlyVerified,
        Self::VerdictChanged,
        Self::ReasonChanged,
        Self::New,
        Self::Gone,
    ];

    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NewlyUnsigned => "newlyUnsigned",
            Self::NewlyRejected => "newlyRejected",
            Self::NoLongerVerified => "noLongerVerified",
            Self::NewlyVerified => "newlyVerified",
            Self::VerdictChanged => "verdictChanged",
            Self::ReasonChanged => "reasonChanged",
            Self::KeyChanged => "keyChanged",
            Self::IdentityChanged => "identityChanged",
            Self::Gone => "gone",
            Self::New => "new",
        }
    }
}

/// One image in two reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// In what way the two differ.
    pub change: Change,
    /// As it was, unless it is new.
    pub old: Option<State>,
    /// As it is, unless it is gone.
    pub new: Option<State>,
}

/// What is told of an image in one report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Its digest, or how it was asked for.
    pub image: String,
    /// Where it was found.
    pub source: String,
    /// What uses it: the first use, and how many more there are.
    pub used: Option<(String, u64)>,
    /// The verdict on the image in that report.
    pub verdict: Verdict,
    /// The reason of that verdict.
    pub reason: Reason,
    /// The keys that verify it, by primary fingerprint, in order.
    pub keys: Vec<String>,
    /// The expected identities, in order.
    pub expected: Vec<String>,
    /// Those that it is Verified for, in order.
    pub matched: Vec<String>,
}

impl State {
    /// What an entry says.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        let sorted = |mut texts: Vec<String>| {
            texts.sort_unstable();
            texts.dedup();
            texts
        };
        let used = entry.uses.first().map(|used| {
            let more = entry.uses.len() as u64 - 1 + entry.more_uses;
            (used.to_string(), more)
        });
        Self {
            image: entry.image.clone(),
            source: entry.source.clone(),
            used,
            verdict: entry.verdict,
            reason: entry.reason,
            keys: sorted(entry.signers().map(|signer| signer.primary.clone()).collect()),
            expected: sorted(entry.expected.clone()),
            matched: sorted(entry.matched.clone()),
        }
    }
}

/// What is remembered of an image of the old report until the new one has been read: its place there, from which all else
/// can be read again.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Where its line begins, in bytes.
    pub offset: u64,
    /// How long its line is, in bytes.
    pub length: u64,
}

/// How an image that is in both reports differs, in any way that means something else. Signatures by other keys of an
/// image that is not Verified are no difference.
#[must_use]
pub fn changes(old: &State, new: &State) -> Vec<Change> {
    let are_verified = old.verdict == Verdict::Verified && new.verdict == Verdict::Verified;
    let mut changes: Vec<Change> = of_outcome(old, new).into_iter().collect();
    if are_verified && old.keys != new.keys {
        changes.push(Change::KeyChanged);
    }
    if old.expected != new.expected || are_verified && old.matched != new.matched {
        changes.push(Change::IdentityChanged);
    }
    changes
}

/// How verdict or reason differ.
fn of_outcome(old: &State, new: &State) -> Option<Change> {
    if old.verdict != new.verdict {
        return Some(match (old.verdict, new.verdict) {
            (_, Verdict::Unsigned) => Change::NewlyUnsigned,
            (_, Verdict::Rejected) => Change::NewlyRejected,
            (_, Verdict::Verified) => Change::NewlyVerified,
            (Verdict::Verified, _) => Change::NoLongerVerified,
            _ => Change::VerdictChanged,
        });
    }
    (old.reason != new.reason).then_some(Change::ReasonChanged)
}
