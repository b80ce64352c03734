// SPDX-License-Identifier: Apache-2.0
//! Subpackets of version 4 signatures (RFC 9580 section 5.2.3.7).

use crate::openpgp::framing::signature::{area, bad, malformed, version_refusal, KeyId};
use crate::openpgp::keys::ring::hex;
use crate::reason::Refusal;

/// Subpacket types (RFC 9580 section 5.2.3.7; 38 is GnuPG's Key Block).
mod kind {
    pub const CREATED: u8 = 2;
    pub const EXPIRES: u8 = 3;
    pub const ISSUER: u8 = 16;
    pub const NOTATION: u8 = 20;
    pub const ISSUER_FINGERPRINT: u8 = 33;
    pub const KEY_BLOCK: u8 = 38;
    /// Types that GnuPG understands, so that it accepts them when they are marked critical.
    pub const KNOWN: [u8; 19] = [2, 3, 4, 5, 6, 7, 9, 11, 12, 16, 21, 22, 23, 25, 26, 27, 28, 32, 33];
}

/// What the subpackets of a version 4 signature say.
#[derive(Debug, Default)]
pub(super) struct Subpackets {
    pub(super) created: Option<u32>,
    pub(super) expires: Option<u32>,
    issuer: Option<KeyId>,
    pub(super) fingerprint: Option<String>,
    pub(super) critical: Option<String>,
}

impl Subpackets {
    pub(super) fn parse(hashed: &[u8], unhashed: &[u8]) -> Result<Self, Refusal> {
        let mut found = Self::default();
        for (area, is_hashed) in [(hashed, true), (unhashed, false)] {
            let mut rest = area;
            while !rest.is_empty() {
                let (kind, body, after) = subpacket(rest).ok_or_else(|| malformed("its subpackets are malformed"))?;
                found.take(kind, body, is_hashed)?;
                rest = after;
            }
        }
        Ok(found)
    }

    fn take(&mut self, kind: u8, body: &[u8], hashed: bool) -> Result<(), Refusal> {
        let critical = kind & 0x80 != 0;
        match (kind & 0x7f, body) {
            // Times count only where the signature covers them.
            (kind::CREATED, &[a, b, c, d]) if hashed => {
                once(&mut self.created, u32::from_be_bytes([a, b, c, d]), "creation times")?;
            }
            (kind::EXPIRES, &[a, b, c, d]) if hashed => {
                once(&mut self.expires, u32::from_be_bytes([a, b, c, d]), "expiration times")?;
            }
            (kind::CREATED | kind::EXPIRES, _) if hashed => {
                return Err(malformed("a time in its subpackets has the wrong length"));
            }
            (kind::ISSUER, &[a, b, c, d, e, f, g, h]) => {
                once(&mut self.issuer, KeyId([a, b, c, d, e, f, g, h]), "issuer key IDs")?;
            }
            (kind::ISSUER_FINGERPRINT, [4, fingerprint @ ..]) if fingerprint.len() == 20 => {
                once(&mut self.fingerprint, hex(fingerprint), "issuer fingerprints")?;
            }
            (kind::ISSUER_FINGERPRINT, [version @ 5..=u8::MAX, ..]) => {
                return Err(version_refusal("the key that made it", *version));
            }
            (kind::ISSUER | kind::ISSUER_FINGERPRINT, _) => {
                return Err(malformed("an issuer in its subpackets has the wrong length"));
            }
            // Keys come from the user's keyring or key files, never from a signature (GnuPG's auto-key-import).
            (kind::KEY_BLOCK, _) => {
                return Err(bad("it carries a key of its own, which no honest image signature does"))
            }
            (kind::NOTATION, _) if critical => {
                self.critical = Some(format!("a critical notation ({})", notation_name(body)));
            }
            (number, _) if critical && !kind::KNOWN.contains(&number) => {
                self.critical = Some(format!("a critical subpacket of type {number}"));
            }
            _ => {}
        }
        Ok(())
    }

    /// The key ID, by either kind of issuer subpacket; both must agree.
    pub(super) fn key_id(&self) -> Result<KeyId, Refusal> {
        let derived = self.fingerprint.as_deref().and_then(key_id_of);
        match (self.issuer, derived) {
            (Some(id), Some(derived)) if id != derived => Err(bad(format!(
                "its issuer key ID {id} contradicts its issuer fingerprint ({derived})"
            ))),
            (Some(id), _) | (None, Some(id)) => Ok(id),
            (None, None) => Err(malformed("it does not name the key that made it")),
        }
    }
}

/// The key ID of a version 4 fingerprint: its last 16 digits (RFC 9580 section 5.5.4.2).
fn key_id_of(fingerprint: &str) -> Option<KeyId> {
    let digits = fingerprint.get(fingerprint.len().checked_sub(16)?..)?;
    u64::from_str_radix(digits, 16).ok().map(|id| KeyId(id.to_be_bytes()))
}

fn once<T: PartialEq>(slot: &mut Option<T>, value: T, what: &str) -> Result<(), Refusal> {
    if slot.as_ref().is_some_and(|old| *old != value) {
        return Err(bad(format!("it has two different {what}")));
    }
    *slot = Some(value);
    Ok(())
}

/// Splits off one subpacket: its type with the critical bit, its body, the rest (RFC 9580 section 5.2.3.7).
fn subpacket(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&first, rest) = input.split_first()?;
    let (length, rest) = match first {
        0..=191 => (usize::from(first), rest),
        192..=254 => {
            let (&second, rest) = rest.split_first()?;
            (((usize::from(first) - 192) << 8) + usize::from(second) + 192, rest)
        }
        255 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::try_from(u32::from_be_bytes(*length)).ok()?, rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    let (&kind, body) = content.split_first()?;
    Some((kind, body, rest))
}

/// The name of a notation, in ASCII and short, for messages.
fn notation_name(body: &[u8]) -> String {
    let length = body.get(4..6).map_or(0, |l| usize::from(l[0]) << 8 | usize::from(l[1]));
    let name = body.get(8..8 + length).unwrap_or_default();
    name.iter()
        .take(64)
        .map(|b| if b.is_ascii_graphic() { char::from(*b) } else { '?' })
        .collect()
}

/// The key that a certification (classes 0x10 to 0x13) in a keyring is said to be made by. A hint, nothing more.
#[must_use]
pub fn certifier(body: &[u8]) -> Option<KeyId> {
    match *body.first_chunk::<6>()? {
        [3, _, 0x10..=0x13, ..] => body.get(7..15)?.try_into().ok().map(KeyId),
        [4, 0x10..=0x13, _, _, ..] => {
            let (hashed, rest) = area(&body[4..])?;
            let (unhashed, _) = area(rest)?;
            Subpackets::parse(hashed, unhashed).ok()?.key_id().ok()
        }
        _ => None,
    }
}
