// SPDX-License-Identifier: Apache-2.0
//! What signatures are missing: of which kind those are that a policy requires, where there is none, and whether more of them
//! would be enough.

use super::{AcceptedKeys, Count, End, Tally};
use crate::verdict::left_out::LeftOut;

impl Tally {
    /// What is required and missing where there is no signature at all.
    pub(super) fn missing(&self) -> &'static str {
        let missed = || self.requirements.iter().filter(|count| count.end == End::Missed);
        let asks = |is_only: fn(&AcceptedKeys) -> bool| missed().any(|count| is_only(&count.keys));
        let gpg = asks(|keys| keys.gpg.is_some() && keys.sigstore.is_none());
        let sigstore = asks(|keys| keys.sigstore.is_some() && keys.gpg.is_none());
        match (gpg, sigstore) {
            (true, true) => "a GPG signature and a sigstore signature",
            (true, false) => "a GPG signature",
            (false, true) => "a sigstore signature",
            (false, false) => "one",
        }
    }

    /// The sets of OpenPGP keys by which signatures are missing.
    pub(in crate::verdict) fn missed_sets(&self) -> impl Iterator<Item = usize> + '_ {
        let missed = self.requirements.iter().filter(|count| count.is_missed());
        missed.filter_map(|count| count.keys.gpg)
    }

    /// Whether nothing but signatures is missing, and those that were left out may be enough: by what they say of their keys,
    /// for each requirement.
    #[must_use]
    pub fn may_be_reached_by(&self, left_out: &LeftOut) -> bool {
        let may_be_met = |count: &Count| match count.end {
            End::Met | End::Anything => true,
            End::Missed | End::Open => count.keys.gpg.is_some_and(|set| {
                let more = left_out.most_keys(set, &count.signers);
                count.signers.len() + more >= count.needed
            }),
            End::Refusal(_) | End::Unsupported(_) => false,
        };
        !self.is_reached() && self.requirements.iter().all(may_be_met)
    }
}

impl Count {
    /// Whether too few signatures were found, as far as that is known.
    fn is_missed(&self) -> bool {
        matches!(self.end, End::Missed | End::Open)
    }
}
