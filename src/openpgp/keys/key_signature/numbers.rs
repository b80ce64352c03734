// SPDX-License-Identifier: Apache-2.0
//! The numbers that a signature consists of at its end, in one way of writing them.

use super::subpackets::two_octets;
use crate::openpgp::framing::signature::{ED25519_OCTETS, ED448_OCTETS, EDDSA};
use crate::openpgp::keys::material;

/// Longest number in a signature that GnuPG reads, in bytes.
const MAX_NUMBER: usize = 2048;

/// The numbers at the end of a signature without what follows them; all of it for unknown algorithms, whose form
/// GnuPG does not know either. GnuPG 2.4 does not skip zeros before a number of EdDSA, as 2.2 does, and anybody can add
/// some: they are taken away where it has more octets than its curve.
pub(super) fn numbers(public_key: u8, rest: &[u8]) -> Option<Vec<u8>> {
    let Some(count) = count(public_key) else {
        return (!rest.is_empty()).then(|| rest.to_vec());
    };
    let mut found = Vec::new();
    let mut left = rest;
    for _ in 0..count {
        let after = material::after_number(left, MAX_NUMBER)?;
        let (mut head, mut octets) = left.get(..left.len() - after.len())?.split_at_checked(2)?;
        let length;
        if public_key == EDDSA && octets.len() > ED25519_OCTETS && octets.len() != ED448_OCTETS {
            while let [0, more @ ..] = octets {
                if octets.len() <= ED25519_OCTETS {
                    break;
                }
                octets = more;
            }
            length = two_octets(8 * octets.len());
            head = &length;
        }
        found.extend([head, octets].concat());
        left = after;
    }
    Some(found)
}

/// What follows the numbers; `None` for unknown algorithms, and where the numbers are not whole.
pub(super) fn after_numbers(public_key: u8, rest: &[u8]) -> Option<&[u8]> {
    (0..count(public_key)?).try_fold(rest, |left, _| material::after_number(left, MAX_NUMBER))
}

/// How many numbers a signature has; `None` for unknown algorithms.
fn count(public_key: u8) -> Option<usize> {
    match public_key {
        1 | 3 => Some(1),
        16 | 17 | 19 | 20 | EDDSA => Some(2),
        _ => None,
    }
}
