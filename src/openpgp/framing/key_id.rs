// SPDX-License-Identifier: Apache-2.0
//! Key IDs: short names of keys, which several keys may have.

use crate::text::hex;

/// An eight octet key ID, written as 16 upper case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 8]);

impl KeyId {
    /// Reads the 16 hexadecimal digits that GnuPG writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = is_id.then(|| u64::from_str_radix(text, 16).ok())??;
        Some(Self(number.to_be_bytes()))
    }

    /// The key ID of a version 4 fingerprint: its last eight octets (RFC 9580 section 5.5.4.2).
    #[must_use]
    pub fn of(fingerprint: &[u8; 20]) -> Self {
        let mut id = [0; 8];
        id.copy_from_slice(&fingerprint[12..]);
        Self(id)
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}
