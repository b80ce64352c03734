// SPDX-License-Identifier: Apache-2.0
//! What it rests on that something is met: until when enough of the keys last, and which of them it cannot do without.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::signer::Signer;

/// What it rests on that a requirement is met, or that an image is Verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Footing {
    /// The first moment at which the keys that are still valid are not enough, in seconds since 1970; none if never.
    pub until: Option<i64>,
    /// The keys without each of which it is not met, as [`Signer::id`] calls them.
    pub keys: BTreeSet<String>,
}

impl Footing {
    /// What rests on one signature.
    #[must_use]
    pub fn of(signer: &Signer) -> Self {
        Self {
            // Nothing says when a sigstore key ends.
            until: signer.gpg().and_then(|own| own.expires),
            keys: BTreeSet::from([signer.id()]),
        }
    }

    /// What rests on any one of these.
    #[must_use]
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::enough(&parts.into_iter().collect::<Vec<_>>(), 1)
    }

    /// What rests on all of these.
    #[must_use]
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let parts: Vec<Self> = parts.into_iter().collect();
        Self::enough(&parts, parts.len())
    }

    /// What rests on so many of these, of which there must not be fewer.
    #[must_use]
    pub fn enough(parts: &[Self], needed: usize) -> Self {
        let mut ends: Vec<i64> = parts.iter().map(|part| part.until.unwrap_or(i64::MAX)).collect();
        ends.sort_unstable_by_key(|end| Reverse(*end));
        let last = needed.checked_sub(1).and_then(|place| ends.get(place));
        let is_needed = |key: &&String| parts.iter().filter(|part| !part.keys.contains(*key)).count() < needed;
        Self {
            until: last.copied().filter(|end| *end != i64::MAX),
            keys: parts
                .iter()
                .flat_map(|part| &part.keys)
                .filter(is_needed)
                .cloned()
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn footing(until: Option<i64>, keys: &[&str]) -> Footing {
        Footing {
            until,
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        }
    }

    #[test]
    fn what_rests_on_several_keys_ends_when_too_few_are_left() {
        let keys = [
            footing(Some(5), &["a"]),
            footing(None, &["b"]),
            footing(Some(9), &["c"]),
        ];
        assert_eq!(Footing::any(keys.clone()), footing(None, &[]));
        assert_eq!(Footing::enough(&keys, 2), footing(Some(9), &[]));
        assert_eq!(Footing::all(keys), footing(Some(5), &["a", "b", "c"]));
        // What each of several ways needs is needed.
        let ways = [footing(Some(5), &["a", "b"]), footing(Some(7), &["b", "c"])];
        assert_eq!(Footing::any(ways), footing(Some(7), &["b"]));
        assert_eq!(Footing::all([]), footing(None, &[]));
    }
}
