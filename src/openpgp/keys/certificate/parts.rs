// SPDX-License-Identifier: Apache-2.0
//! What a key has besides itself, and how signatures are over it.

use std::collections::BTreeMap;

use crate::openpgp::framing::packet::tag;
use crate::openpgp::keys::as_read::MAX_USER_ID;
use crate::openpgp::keys::key_signature::{Core, Loose};
use crate::openpgp::keys::material;

/// Largest picture in a key, in bytes.
const MAX_ATTRIBUTE: usize = 256 << 10;

/// Signatures over one thing, by what they cover; the oldest first.
pub(in super::super) type Signatures = BTreeMap<Core, Loose>;

/// What a key can have besides itself; the order in which it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Kind {
    UserId,
    /// Pictures (RFC 9580 section 5.12).
    Attribute,
    Subkey,
}

impl Kind {
    pub(super) fn of(tag: u8, body: &[u8]) -> Option<Self> {
        match tag {
            tag::USER_ID => (body.len() <= MAX_USER_ID).then_some(Kind::UserId),
            tag::USER_ATTRIBUTE => (body.len() <= MAX_ATTRIBUTE).then_some(Kind::Attribute),
            tag::PUBLIC_SUBKEY => material::is_readable(body).then_some(Kind::Subkey),
            _ => None,
        }
    }

    pub(in super::super) fn tag(self) -> u8 {
        match self {
            Kind::UserId => tag::USER_ID,
            Kind::Attribute => tag::USER_ATTRIBUTE,
            Kind::Subkey => tag::PUBLIC_SUBKEY,
        }
    }
}

/// Of which kind a part is, and what it is.
pub(super) type Name = (Kind, Vec<u8>);

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

pub(in super::super) fn insert(signatures: &mut Signatures, core: Core, loose: Loose) {
    signatures.entry(core).or_default().unite(loose);
}
