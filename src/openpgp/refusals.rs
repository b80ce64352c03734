// SPDX-License-Identifier: Apache-2.0
//! Refusals that more than one part gives.

use std::collections::BTreeSet;
use std::fmt::Display;

use crate::reason::{Reason, Refusal};
use crate::text::time;

/// A signature older than its key, in words.
pub(super) fn older_than_key(maker: impl Display) -> String {
    format!("the signature by {maker} is older than the key that made it")
}

/// Several keys claim the maker: the signer is ambiguous.
pub(super) fn claimed_by_several(maker: &str, primaries: &BTreeSet<&str>) -> Refusal {
    let names: Vec<&str> = primaries.iter().copied().collect();
    Refusal::new(
        Reason::KeyNotAccepted,
        format!(
            "it is made by key {maker}, which {} keys claim as theirs: {}",
            names.len(),
            names.join(", ")
        ),
    )
}

/// Something, named by the beginning of a sentence, is dated in the future.
pub(super) fn not_yet_valid(what: &str, dated: i64, now: i64) -> Refusal {
    Refusal::new(
        Reason::SignatureNotYetValid,
        format!(
            "{what} is dated {}, in the future; the clock here says {}",
            time(dated),
            time(now)
        ),
    )
}
