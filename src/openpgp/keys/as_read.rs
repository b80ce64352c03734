// SPDX-License-Identifier: Apache-2.0
//! The packets of a key as they were read, one copy after the other: what GnuPG would have been given by its user.

use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::framing::packet::{self, tag};
use crate::openpgp::keys::key_signature::{class, Core, Loose};
use crate::openpgp::keys::material;

/// Most bytes that are kept of all copies of one key.
const MAX_AS_READ: usize = 4 << 20;

/// Most different copies of one key.
const MAX_COPIES: usize = 256;

/// Longest user ID that GnuPG reads, in bytes (parse-packet.c): a longer one makes it drop the whole file.
pub(super) const MAX_USER_ID: usize = 2048;

/// The copies of one key, each once. What stops GnuPG from reading on is left out, and what others certify.
#[derive(Debug, Clone)]
pub(super) struct AsRead {
    id: KeyId,
    copies: Vec<Vec<u8>>,
    is_too_long: bool,
}

impl AsRead {
    /// Begins with the body of a public key packet.
    pub(super) fn begin(body: &[u8], id: KeyId) -> Self {
        Self {
            id,
            copies: vec![packet::encode(tag::PUBLIC_KEY, body)],
            is_too_long: false,
        }
    }

    /// Takes the next packet after the key; a signature as it was parsed.
    pub(super) fn add(&mut self, tag: u8, body: &[u8], parsed: Option<&(Core, Loose)>) {
        let is_read = match tag {
            tag::USER_ID => body.len() <= MAX_USER_ID,
            tag::USER_ATTRIBUTE => true,
            tag::PUBLIC_SUBKEY => material::is_readable(body),
            tag::SIGNATURE => parsed.is_some_and(|(core, loose)| self.concerns(core, loose)),
            _ => false,
        };
        if !is_read {
            return;
        }
        let own = packet::encode(tag, body);
        if self.length() + own.len() > MAX_AS_READ {
            self.is_too_long = true;
        } else if let Some(copy) = self.copies.last_mut() {
            copy.extend(own);
        }
    }

    /// Appends the copies that came later.
    pub(super) fn unite(&mut self, other: &Self) {
        self.is_too_long |= other.is_too_long;
        for copy in &other.copies {
            if self.is_too_long || self.copies.contains(copy) {
                continue;
            }
            if self.copies.len() >= MAX_COPIES || self.length() + copy.len() > MAX_AS_READ {
                self.is_too_long = true;
            } else {
                self.copies.push(copy.clone());
            }
        }
    }

    /// All of them; `None` where there is more than is kept.
    pub(super) fn packets(&self) -> Option<Vec<u8>> {
        (!self.is_too_long).then(|| self.copies.concat())
    }

    /// How many different copies there are.
    pub(super) fn copies(&self) -> usize {
        self.copies.len()
    }

    fn length(&self) -> usize {
        self.copies.iter().map(Vec::len).sum()
    }

    /// Whether a signature is not surely of no matter for what the key says of itself: others certify it, and do not all say
    /// who they are where that is covered.
    fn concerns(&self, core: &Core, loose: &Loose) -> bool {
        if core.class == class::KEY_REVOCATION {
            true
        } else if class::CERTIFICATION.contains(&core.class) && !core.takes_away() {
            core.seems_by(loose, self.id)
        } else {
            core.may_be_by(loose, self.id)
        }
    }
}
