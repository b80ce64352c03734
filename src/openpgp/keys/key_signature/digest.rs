// SPDX-License-Identifier: Apache-2.0
//! The first two octets of the digest that a signature is over: they stand in it, prove nothing, and tell
//! the honest from garbage.

use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

/// Most data over which a digest is computed, in bytes.
const MAX_DIGESTED: usize = 16 << 10;

/// These octets over `data` by the digest of this algorithm number; `None` for digests that are not computed here, and
/// for more data than is worth it.
pub(super) fn first_two(algorithm: u8, data: &[&[u8]], trailer: &[u8]) -> Option<[u8; 2]> {
    // Computed for each signature over it: not for large ones.
    if data.iter().map(|part| part.len()).sum::<usize>() > MAX_DIGESTED {
        return None;
    }
    let data = data.iter().copied().chain([trailer]);
    match algorithm {
        2 => first_two_of::<Sha1>(data),
        8 => first_two_of::<Sha256>(data),
        9 => first_two_of::<Sha384>(data),
        10 => first_two_of::<Sha512>(data),
        11 => first_two_of::<Sha224>(data),
        _ => None,
    }
}

fn first_two_of<'a, D: Digest>(data: impl Iterator<Item = &'a [u8]>) -> Option<[u8; 2]> {
    let hash = data.fold(D::new(), |hash, part| hash.chain_update(part));
    hash.finalize().first_chunk().copied()
}
