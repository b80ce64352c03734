// SPDX-License-Identifier: Apache-2.0
//! The packets of a key as they were read, one copy after the other: what GnuPG would have been given by its user.

use crate::openpgp::framing::packet::{self, tag};
use crate::openpgp::keys::key_signature::parse;
use crate::openpgp::keys::material;

/// Most bytes that are kept of all copies of one key.
const MAX_AS_READ: usize = 1 << 20;

/// Most signatures of all copies of one key, and most of them times its parts. GnuPG checks each that seems to be by the key,
/// in several passes, and looks for the place of one that is bad at each part.
const MAX_SIGNATURES: usize = 512;
const MAX_TRIED: usize = 4096;

/// Longest user ID that GnuPG reads, in bytes (parse-packet.c): a longer one makes it drop the whole file.
pub(super) const MAX_USER_ID: usize = 2048;

/// The copies of one key. What stops GnuPG from reading on is left out.
#[derive(Debug, Clone)]
pub(super) struct AsRead {
    packets: Vec<u8>,
    copies: usize,
    signatures: usize,
    parts: usize,
    is_too_long: bool,
}

impl AsRead {
    /// Begins with the body of a public key packet.
    pub(super) fn begin(body: &[u8]) -> Self {
        Self {
            packets: packet::encode(tag::PUBLIC_KEY, body),
            copies: 1,
            signatures: 0,
            parts: 0,
            is_too_long: false,
        }
    }

    /// Takes the next packet after the key.
    pub(super) fn add(&mut self, tag: u8, body: &[u8]) {
        let is_read = match tag {
            tag::USER_ID => body.len() <= MAX_USER_ID,
            tag::USER_ATTRIBUTE => true,
            tag::PUBLIC_SUBKEY => material::is_readable(body),
            tag::SIGNATURE => parse(body).is_some(),
            _ => false,
        };
        if is_read {
            let is_signature = tag == tag::SIGNATURE;
            self.signatures += usize::from(is_signature);
            self.parts += usize::from(!is_signature);
            self.append(&packet::encode(tag, body));
        }
    }

    /// Appends the copies that came later.
    pub(super) fn unite(&mut self, other: &Self) {
        self.copies += other.copies;
        self.signatures += other.signatures;
        self.parts += other.parts;
        self.append(&other.packets);
        self.is_too_long |= other.is_too_long;
    }

    /// All of them; `None` where there is too much.
    pub(super) fn packets(&self) -> Option<&[u8]> {
        let tried = self.signatures.saturating_mul(self.parts);
        let is_small = self.signatures <= MAX_SIGNATURES && tried <= MAX_TRIED;
        (!self.is_too_long && is_small).then_some(&self.packets)
    }

    /// How many copies there are.
    pub(super) fn copies(&self) -> usize {
        self.copies
    }

    fn append(&mut self, packets: &[u8]) {
        if self.packets.len() + packets.len() > MAX_AS_READ {
            self.is_too_long = true;
        } else {
            self.packets.extend_from_slice(packets);
        }
    }
}
