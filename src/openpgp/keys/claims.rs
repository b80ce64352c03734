// SPDX-License-Identifier: Apache-2.0
//! Keys that several certificates have, as their primary key or as a subkey. Anybody can bind somebody else's key to his own,
//! and write its packet as that of a primary key: where the key itself has consented to one of them, what it has surely not
//! consented to counts for nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::openpgp::keys::certificate::claimed::Claim;
use crate::openpgp::keys::certificate::Certificate;

/// Most certificates that are asked for their claim to one key.
pub(crate) const MAX_CLAIMANTS: usize = 64;

/// Which of several claims to one key count for nothing, by their places.
fn void(claims: &[Claim]) -> impl Iterator<Item = usize> + '_ {
    let is_sure = claims.contains(&Claim::Sure);
    let void = claims.iter().enumerate().filter(|(_, own)| **own == Claim::Void);
    void.map(|(number, _)| number).filter(move |_| is_sure)
}

/// Takes the subkeys out of certificates that have no claim to them where another one has. Those that have none to their
/// primary key, by their places.
#[must_use]
pub(crate) fn disown(all: &mut [Certificate]) -> BTreeSet<usize> {
    let mut claimants: BTreeMap<[u8; 20], Vec<usize>> = BTreeMap::new();
    for (number, own) in all.iter().enumerate() {
        for held in own.keys_in() {
            claimants.entry(held).or_default().push(number);
        }
    }
    claimants.retain(|_, own| (2..=MAX_CLAIMANTS).contains(&own.len()));
    let mut without = BTreeSet::new();
    for (held, numbers) in claimants {
        let claims: Vec<Claim> = numbers.iter().map(|own| all[*own].claim_to(&held)).collect();
        for number in void(&claims).map(|place| numbers[place]) {
            if all[number].disown(&held) {
                without.insert(number);
            }
        }
    }
    without
}
