// SPDX-License-Identifier: Apache-2.0
//! Keys and parts of them as signatures are over them (RFC 9580 section 5.2.4).

use super::Kind;

/// A key as it is hashed.
pub(in super::super) fn hashed_key(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
    [&[0x99], &length.to_be_bytes()[..], body].concat()
}

/// A part as it is hashed after the key.
pub(in super::super) fn hashed_part(kind: Kind, body: &[u8]) -> Vec<u8> {
    let mark = match kind {
        Kind::Subkey => return hashed_key(body),
        Kind::Attribute => 0xd1,
        Kind::UserId => 0xb4,
    };
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    [&[mark], &length.to_be_bytes()[..], body].concat()
}
