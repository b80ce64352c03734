// SPDX-License-Identifier: Apache-2.0
//! Who may have a say in whether keys of a user's keyring are valid: those that certified them, those that certified
//! these, and so on, as far as they may vouch for others at all.
//!
//! What GnuPG computes of it depends on its version, and on what it computed before. So it is given a keyring of these
//! keys only, without the ones that must not vouch; and whom it calls valid must be reached here, from a key that is
//! trusted by itself. A certification is told by the key that it names; whether it is good, GnuPG decides.

use std::collections::{BTreeMap, BTreeSet};

/// Some keys of a keyring, by their places in it, and all that may vouch for them.
#[derive(Debug, Default)]
pub struct Circle {
    /// Each key of the circle, and those of them that are said to have certified it and may vouch for others.
    certified_by: BTreeMap<usize, Vec<usize>>,
}

impl Circle {
    /// The circle around the keys at `asked`, where `vouchers_of` tells which keys may vouch for one.
    pub fn around(asked: &[usize], mut vouchers_of: impl FnMut(usize) -> Vec<usize>) -> Self {
        let mut own = Self::default();
        let mut open: Vec<usize> = asked.to_vec();
        while let Some(place) = open.pop() {
            if own.certified_by.contains_key(&place) {
                continue;
            }
            let vouchers = vouchers_of(place);
            open.extend(&vouchers);
            own.certified_by.insert(place, vouchers);
        }
        own
    }

    /// The places of its keys, in the order of the keyring.
    pub fn places(&self) -> BTreeSet<usize> {
        self.certified_by.keys().copied().collect()
    }

    /// The keys that `roots` reach by certifications, themselves included, over no other keys than `fit` ones.
    pub fn reached(&self, roots: &BTreeSet<usize>, fit: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut certified: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, vouchers) in &self.certified_by {
            for voucher in vouchers {
                certified.entry(*voucher).or_default().push(*place);
            }
        }
        let mut reached = BTreeSet::new();
        let mut open: Vec<usize> = roots.iter().copied().collect();
        while let Some(place) = open.pop() {
            if fit.contains(&place) && reached.insert(place) {
                open.extend(certified.get(&place).into_iter().flatten());
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set<const N: usize>(places: [usize; N]) -> BTreeSet<usize> {
        places.into()
    }

    /// 1 certified 2, 2 certified 3 and 5, 3 and 4 each other, 6 is nobody's.
    fn vouchers_of(place: usize) -> Vec<usize> {
        match place {
            2 => vec![1],
            3 => vec![2, 4],
            4 => vec![3],
            5 => vec![2],
            _ => Vec::new(),
        }
    }

    #[test]
    fn the_circle_goes_on_to_whoever_certified_the_certifiers() {
        let around = |asked: &[usize]| Circle::around(asked, vouchers_of).places();
        assert_eq!(around(&[3]), set([1, 2, 3, 4]));
        assert_eq!(around(&[5, 6]), set([1, 2, 5, 6]));
        assert_eq!(around(&[1]), set([1]));
        assert_eq!(around(&[]), set([]));
    }

    #[test]
    fn nobody_is_reached_over_a_key_that_is_unfit() {
        let circle = Circle::around(&[3, 5], vouchers_of);
        let all = circle.places();
        assert_eq!(circle.reached(&set([1]), &all), all);
        assert_eq!(circle.reached(&set([1]), &set([2, 3, 4, 5])), set([]));
        assert_eq!(circle.reached(&set([1]), &set([1, 3, 4, 5])), set([1]));
        assert_eq!(circle.reached(&set([4]), &all), set([3, 4]));
        assert_eq!(circle.reached(&set([]), &all), set([]));
    }
}
