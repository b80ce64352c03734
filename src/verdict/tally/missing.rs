// SPDX-License-Identifier: Apache-2.0
//! Of which kind the signatures are that a policy requires, where there is none.

use super::{End, Tally};
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
}
