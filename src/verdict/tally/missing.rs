// SPDX-License-Identifier: Apache-2.0
//! What signatures are missing: of which kind those are that a policy requires, where there is none, and whether more of them
//! would be enough.

use super::{Count, End, Tally};
use crate::subject::SignatureKind;

impl Tally {
    /// What is required and missing where there is no signature at all.
    pub(super) fn missing(&self) -> &'static str {
        let missed = || self.requirements.iter().filter(|count| count.end == End::Missed);
        let asks = |kind| missed().any(|count| count.kinds == [kind]);
        match (asks(SignatureKind::Gpg), asks(SignatureKind::Sigstore)) {
            (true, true) => "a GPG signature and a sigstore signature",
            (true, false) => "a GPG signature",
            (false, true) => "a sigstore signature",
            (false, false) => "one",
        }
    }

    /// Whether nothing but signatures is missing, and that many more GPG signatures may be enough.
    #[must_use]
    pub fn may_be_reached_by(&self, more: usize) -> bool {
        let may_be_met = |count: &Count| match count.end {
            End::Met | End::Anything => true,
            End::Missed | End::Open => {
                count.kinds.contains(&SignatureKind::Gpg) && count.signers.len() + more >= count.needed
            }
            End::Refusal(_) | End::Unsupported(_) => false,
        };
        !self.is_reached() && self.requirements.iter().all(may_be_met)
    }
}
