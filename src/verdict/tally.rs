// SPDX-License-Identifier: Apache-2.0
//! How many different keys signed for which expected identity (`--require`).

use std::collections::BTreeSet;

use super::signature::SignatureOutcome;
use super::{name_signer, Expectation};
use crate::openpgp::engine::Signer;
use crate::reason::Reason;
use crate::reference::Reference;

/// The keys that passed for one expected identity. Counts of different identities are never added up.
#[derive(Debug, Clone)]
pub struct Tally {
    /// The identity.
    pub identity: Reference,
    /// One signer for each different primary key.
    signers: Vec<Signer>,
    /// How many different keys are needed, at least 1.
    needed: usize,
}

impl Tally {
    /// Whether enough keys signed for it.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.signers.len() >= self.needed
    }

    /// How many different keys signed for it, and how many are needed.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.signers.len(), self.needed)
    }
}

/// Counts the keys for each expected identity.
pub(super) fn count(signatures: &[SignatureOutcome], expectation: &Expectation) -> Vec<Tally> {
    let mut tallies: Vec<Tally> = Vec::with_capacity(expectation.identities.len());
    for identity in &expectation.identities {
        if tallies.iter().any(|tally| tally.identity == *identity) {
            continue;
        }
        let mut seen = BTreeSet::new();
        let signers = signatures
            .iter()
            .filter(|s| s.reason == Reason::Verified && s.matched.contains(identity))
            .filter_map(|s| s.signer.as_ref())
            .filter(|signer| seen.insert(&signer.primary))
            .cloned()
            .collect();
        tallies.push(Tally {
            identity: identity.clone(),
            signers,
            needed: expectation.require.max(1),
        });
    }
    tallies
}

/// What a verified image is signed as, by whom, and which of the expected identities it is not.
pub(super) fn success(tallies: &[Tally]) -> String {
    let (reached, missed): (Vec<&Tally>, Vec<&Tally>) = tallies.iter().partition(|tally| tally.is_reached());
    let identities = join(reached.iter().map(|tally| tally.identity.to_string()));
    let mut seen = BTreeSet::new();
    let signers = reached.iter().flat_map(|tally| &tally.signers);
    let signers = join(signers.filter(|s| seen.insert(&s.primary)).map(name_signer));
    let (few, none): (Vec<&Tally>, Vec<&Tally>) = missed.into_iter().partition(|tally| !tally.signers.is_empty());
    let mut text = format!("{identities}, signed by {signers}");
    if !none.is_empty() {
        let none = join(none.iter().map(|tally| tally.identity.to_string()));
        text.push_str(&format!("; not signed as {none}"));
    }
    if !few.is_empty() {
        text.push_str(&format!("; {}", shortfall(few.into_iter())));
    }
    text
}

/// How many keys signed for identities that did not get enough of them.
pub(super) fn shortfall<'t>(tallies: impl Iterator<Item = &'t Tally>) -> String {
    let mut needed = 1;
    let counts: Vec<String> = tallies
        .map(|tally| {
            needed = tally.needed;
            let who = match tally.signers.as_slice() {
                [] => "none".to_owned(),
                signers => format!("{} ({})", signers.len(), join(signers.iter().map(name_signer))),
            };
            format!("{}: {who}", tally.identity)
        })
        .collect();
    format!(
        "{needed} different keys must each have signed for the same identity; signed for {}",
        counts.join("; for ")
    )
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
