// SPDX-License-Identifier: Apache-2.0
//! The first two octets of the digest that a signature is over: they stand in it, prove nothing, and tell
//! the honest from garbage.

use std::cell::RefCell;

use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

/// Most data over which a digest is computed, in bytes.
const MAX_DIGESTED: usize = 16 << 10;

/// A digest that was computed over a key, and then over what comes after it.
#[derive(Default)]
struct Begun<D> {
    key: Vec<u8>,
    after_key: D,
    rest: Vec<u8>,
    after_rest: D,
}

/// The last one of each algorithm: signatures over one thing come one after the other, and there may be a million of them.
#[derive(Default)]
struct Last {
    sha1: Begun<Sha1>,
    sha224: Begun<Sha224>,
    sha256: Begun<Sha256>,
    sha384: Begun<Sha384>,
    sha512: Begun<Sha512>,
}

thread_local! {
    static LAST: RefCell<Last> = RefCell::default();
}

/// These octets over `data` by the digest of this algorithm number; `None` for digests that are not computed here, and
/// for more data than is worth it.
pub(super) fn first_two(algorithm: u8, data: &[&[u8]], trailer: &[u8]) -> Option<[u8; 2]> {
    // Computed for each signature over it: not for large ones.
    if data.iter().map(|part| part.len()).sum::<usize>() > MAX_DIGESTED {
        return None;
    }
    LAST.with_borrow_mut(|last| match algorithm {
        2 => last.sha1.first_two(data, trailer),
        8 => last.sha256.first_two(data, trailer),
        9 => last.sha384.first_two(data, trailer),
        10 => last.sha512.first_two(data, trailer),
        11 => last.sha224.first_two(data, trailer),
        _ => None,
    })
}

impl<D: Digest + Clone> Begun<D> {
    fn first_two(&mut self, data: &[&[u8]], trailer: &[u8]) -> Option<[u8; 2]> {
        let (key, rest) = data.split_first().map_or((&[][..], data), |(key, rest)| (*key, rest));
        let rest = rest.concat();
        let is_same_key = self.key == key;
        if !is_same_key {
            self.key = key.to_vec();
            self.after_key = D::new().chain_update(key);
        }
        if !is_same_key || self.rest != rest {
            self.after_rest = self.after_key.clone().chain_update(&rest);
            self.rest = rest;
        }
        let hash = self.after_rest.clone().chain_update(trailer);
        hash.finalize().first_chunk().copied()
    }
}
