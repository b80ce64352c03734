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

    /// Whether nothing but more signatures is missing.
    #[must_use]
    pub fn lacks_signatures(&self) -> bool {
        let may_be_met = |count: &Count| matches!(count.end, End::Met | End::Anything | End::Missed | End::Open);
        !self.is_reached() && self.requirements.iter().all(may_be_met)
    }
}
