// SPDX-License-Identifier: Apache-2.0
//! Areas of subpackets in signatures of keys, and the subpackets that matter there (RFC 9580 section 5.2.3.7).

use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::framing::subpacket::split;

/// Types of subpackets (RFC 4880 5.2.3.1).
pub(super) mod kind {
    pub(in super::super) const CREATED: u8 = 2;
    pub(in super::super) const EXPIRES: u8 = 3;
    pub(in super::super) const TRUST: u8 = 5;
    pub(in super::super) const KEY_EXPIRES: u8 = 9;
    pub(in super::super) const REVOCATION_KEY: u8 = 12;
    pub(in super::super) const ISSUER: u8 = 16;
    pub(in super::super) const KEY_FLAGS: u8 = 27;
    pub(in super::super) const EMBEDDED: u8 = 32;
    pub(in super::super) const ISSUER_FINGERPRINT: u8 = 33;
}

/// Splits off an area of subpackets with its two-octet length.
pub(super) fn area(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = input.split_first_chunk()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

/// Subpackets without their critical bit, up to the first malformed one.
pub(super) fn subpackets(mut area: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (kind, body, rest) = split(area)?;
        area = rest;
        Some((kind & 0x7f, body))
    })
}

/// When the signature says that it was made, in seconds since 1970.
pub(super) fn created(hashed: &[u8]) -> Option<u32> {
    subpackets(hashed).find_map(|(kind, body)| match *body {
        [a, b, c, d] if kind == kind::CREATED => Some(u32::from_be_bytes([a, b, c, d])),
        _ => None,
    })
}

/// The key ID in an issuer subpacket of either kind.
pub(super) fn issuer(kind: u8, body: &[u8]) -> Option<KeyId> {
    match (kind, body) {
        // GnuPG takes the first eight octets, however many there are.
        (kind::ISSUER, _) => body.first_chunk().copied().map(KeyId),
        (kind::ISSUER_FINGERPRINT, [4, fingerprint @ ..]) if fingerprint.len() == 20 => {
            fingerprint.last_chunk().copied().map(KeyId)
        }
        _ => None,
    }
}

/// A subpacket, with the form of length that fits all.
pub(super) fn subpacket(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 1).unwrap_or(u32::MAX);
    [&[255], &length.to_be_bytes()[..], &[kind], body].concat()
}

/// The length of an area, or of a number in bits.
pub(super) fn two_octets(length: usize) -> [u8; 2] {
    // Areas were read with a length of two octets.
    u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
}
