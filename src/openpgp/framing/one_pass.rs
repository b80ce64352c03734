// SPDX-License-Identifier: Apache-2.0
//! One-pass signature packets (RFC 9580 section 5.4): what stands before the data of a message and announces its signature.
//!
//! Nothing here is authenticated.

use crate::openpgp::framing::algorithm::{HashAlgorithm, PublicKeyAlgorithm};
use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::framing::refusal::{malformed, version_refusal};
use crate::openpgp::framing::signature::Signature;
use crate::reason::Refusal;

/// What a one-pass signature packet announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnePass {
    class: u8,
    hash: HashAlgorithm,
    public_key: PublicKeyAlgorithm,
    key_id: KeyId,
}

impl OnePass {
    /// Parses the body of a one-pass signature packet.
    ///
    /// # Errors
    /// When it is malformed or of an unknown version.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        match *body {
            [3, class, hash, public_key, a, b, c, d, e, f, g, h, _last] => Ok(Self {
                class,
                hash: HashAlgorithm(hash),
                public_key: PublicKeyAlgorithm(public_key),
                key_id: KeyId([a, b, c, d, e, f, g, h]),
            }),
            [3, ..] => Err(malformed("its one-pass signature packet has the wrong length")),
            [] => Err(malformed("its one-pass signature packet is empty")),
            [version, ..] => Err(version_refusal("its one-pass signature packet", version)),
        }
    }

    /// What announces a signature, the only one of its message.
    #[must_use]
    pub fn of(signature: &Signature) -> Self {
        Self {
            class: signature.class,
            hash: signature.hash,
            public_key: signature.public_key,
            key_id: signature.key_id,
        }
    }

    /// The body of the packet.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let head = [3, self.class, self.hash.0, self.public_key.0];
        [&head[..], &self.key_id.0, &[1]].concat()
    }

    /// Demands that the packet announces exactly this signature: otherwise the two do not belong together, and a
    /// reader that believes the first one is told a wrong key (RFC 9580 section 10.3, "corresponding").
    ///
    /// # Errors
    /// When a part differs.
    pub fn check(&self, signature: &Signature) -> Result<(), Refusal> {
        if self.key_id != signature.key_id {
            return Err(malformed(format!(
                "its one-pass signature packet announces key {}, its signature packet names key {}",
                self.key_id, signature.key_id
            )));
        }
        if (self.class, self.hash, self.public_key) != (signature.class, signature.hash, signature.public_key) {
            return Err(malformed(format!(
                "its one-pass signature packet announces {} with {} (class 0x{:02x}), its signature packet has {} with {} (class 0x{:02x})",
                self.public_key, self.hash, self.class, signature.public_key, signature.hash, signature.class
            )));
        }
        Ok(())
    }
}
