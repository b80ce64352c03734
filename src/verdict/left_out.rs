// SPDX-License-Identifier: Apache-2.0
//! Signatures of an image that nobody asked for, so that it was judged without them: by whose keys they may be.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::pipeline::Judges;
use super::signer::Signer;
use super::ImageOutcome;
use crate::openpgp::framing::signature::Signature;
use crate::openpgp::roles::Maker;

/// GPG signatures that were left out. Whose each is, nobody has checked: what it says of its maker is all that is known.
#[derive(Debug, Default)]
pub struct LeftOut {
    count: usize,
    /// For each set of keys that was looked into.
    by_set: HashMap<usize, Vec<Claimed>>,
}

/// Signatures that name one maker.
#[derive(Debug)]
struct Claimed {
    count: usize,
    /// The primary keys of the set that may be the maker's; `None` where that is not known.
    keys: Option<BTreeSet<String>>,
}

impl LeftOut {
    /// Looks for the makers of `signatures` in the sets of keys by which too few signatures were found for an image.
    pub(crate) fn of(signatures: &[Signature], outcome: &ImageOutcome, judges: &mut Judges) -> Self {
        let mut makers: BTreeMap<String, (Maker, usize)> = BTreeMap::new();
        for signature in signatures {
            let entry = makers.entry(signature.maker());
            entry.or_insert_with(|| (Maker::of(signature), 0)).1 += 1;
        }
        let mut by_set = HashMap::new();
        for set in outcome.tallies().iter().flat_map(|tally| tally.missed_sets()) {
            by_set.entry(set).or_insert_with(|| {
                let claimed = makers.values().map(|(maker, count)| Claimed {
                    count: *count,
                    keys: judges.claimants(set, maker),
                });
                claimed.collect()
            });
        }
        Self {
            count: signatures.len(),
            by_set,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many keys of a set, other than the `signers`, may have made them, at most.
    pub(super) fn most_keys(&self, set: usize, signers: &[Signer]) -> usize {
        let Some(claimed) = self.by_set.get(&set) else {
            return self.count;
        };
        let signers: BTreeSet<String> = signers.iter().map(Signer::id).collect();
        let (mut keys, mut known, mut unknown) = (BTreeSet::new(), 0, 0);
        for Claimed { count, keys: own } in claimed {
            match own {
                None => unknown += count,
                Some(own) => {
                    let mut others = own.difference(&signers).peekable();
                    known += others.peek().map_or(0, |_| *count);
                    keys.extend(others);
                }
            }
        }
        unknown + keys.len().min(known)
    }
}
