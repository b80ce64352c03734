// SPDX-License-Identifier: Apache-2.0
//! Subpackets of version 4 signatures (RFC 9580 section 5.2.3.7).
//!
//! Which critical ones are known and which ones are malformed is decided here, in both areas alike: engines and their
//! versions differ in it, and anybody can add to the unhashed area in transit.

use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::framing::refusal::{bad, malformed, version_refusal};
use crate::reason::{Reason, Refusal};
use crate::text::hex;

/// Most bytes of an area of subpackets, the limit of GnuPG: it finds no signature at all in a packet with more.
pub(crate) const MAX_AREA: usize = 10_000;

/// Subpacket types (RFC 9580 section 5.2.3.7; 38 is GnuPG's Key Block).
mod kind {
    pub const CREATED: u8 = 2;
    pub const EXPIRES: u8 = 3;
    pub const ISSUER: u8 = 16;
    pub const NOTATION: u8 = 20;
    pub const EMBEDDED: u8 = 32;
    pub const ISSUER_FINGERPRINT: u8 = 33;
    pub const KEY_BLOCK: u8 = 38;
    /// Types that every GnuPG since 2.2 accepts where they are marked critical (measured with each type in each area).
    pub const KNOWN: [u8; 20] = [2, 3, 4, 5, 6, 7, 9, 11, 12, 16, 21, 22, 24, 25, 26, 27, 29, 30, 32, 33];
}

/// The one notation that GnuPG knows, so that it may be critical.
const KNOWN_NOTATION: &[u8] = b"preferred-email-encoding@pgp.com";

/// What the subpackets of a version 4 signature say.
#[derive(Debug, Default)]
pub(super) struct Subpackets {
    pub(super) created: Option<u32>,
    pub(super) expires: Option<u32>,
    issuer: Option<KeyId>,
    pub(super) fingerprint: Option<String>,
}

impl Subpackets {
    pub(super) fn parse(hashed: &[u8], unhashed: &[u8]) -> Result<Self, Refusal> {
        let mut found = Self::default();
        for (name, area) in [("hashed", hashed), ("unhashed", unhashed)] {
            if area.len() > MAX_AREA {
                return Err(Refusal::new(
                    Reason::LimitExceeded,
                    format!("its {name} subpackets have {} bytes, more than {MAX_AREA}", area.len()),
                ));
            }
        }
        for (area, is_hashed) in [(hashed, true), (unhashed, false)] {
            let mut rest = area;
            while !rest.is_empty() {
                let (kind, body, after) = split(rest).ok_or_else(|| malformed("its subpackets are malformed"))?;
                found.take(kind, body, is_hashed)?;
                rest = after;
            }
        }
        Ok(found)
    }

    fn take(&mut self, kind: u8, body: &[u8], hashed: bool) -> Result<(), Refusal> {
        let critical = kind & 0x80 != 0;
        let kind = kind & 0x7f;
        // Keys come from the user's keyring or key files, never from a signature (GnuPG's auto-key-import).
        if kind == kind::KEY_BLOCK {
            return Err(bad(
                "it carries a key of its own, which legitimate image signatures never do",
            ));
        }
        if !is_well_formed(kind, body) {
            return Err(malformed(format!("its subpacket of type {kind} is malformed")));
        }
        if critical {
            check_known(kind, body)?;
        }
        match (kind, body) {
            // Times count only where the signature covers them.
            (kind::CREATED, &[a, b, c, d]) if hashed => {
                once(&mut self.created, u32::from_be_bytes([a, b, c, d]), "creation times")?;
            }
            (kind::EXPIRES, &[a, b, c, d]) if hashed => {
                once(&mut self.expires, u32::from_be_bytes([a, b, c, d]), "expiration times")?;
            }
            (kind::ISSUER, &[a, b, c, d, e, f, g, h]) => {
                once(&mut self.issuer, KeyId([a, b, c, d, e, f, g, h]), "issuer key IDs")?;
            }
            (kind::ISSUER_FINGERPRINT, [4, fingerprint @ ..]) => {
                once(&mut self.fingerprint, hex(fingerprint), "issuer fingerprints")?;
            }
            (kind::ISSUER_FINGERPRINT, [version, ..]) => {
                return Err(version_refusal("the key that made it", *version));
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

/// Refuses what is critical and unknown (RFC 9580 section 5.2.3.7: the signature is then in error).
fn check_known(kind: u8, body: &[u8]) -> Result<(), Refusal> {
    if kind == kind::NOTATION {
        let name = notation(body).unwrap_or_default();
        if name != KNOWN_NOTATION {
            return Err(bad(format!(
                "it has a critical notation ({}), which GnuPG does not know",
                printable(name)
            )));
        }
    } else if !kind::KNOWN.contains(&kind) {
        return Err(bad(format!(
            "it has a critical subpacket of type {kind}, which some versions of GnuPG do not know"
        )));
    }
    Ok(())
}

/// Whether something in an area is critical and not known to every GnuPG, which passes over the signature then.
#[must_use]
pub(crate) fn has_unknown_critical(mut area: &[u8]) -> bool {
    while let Some((kind, body, rest)) = split(area) {
        if kind & 0x80 != 0 && check_known(kind & 0x7f, body).is_err() {
            return true;
        }
        area = rest;
    }
    false
}

/// Whether a body has the form that its type demands (RFC 9580 sections 5.2.3.11 to 5.2.3.37). Types without a form of
/// their own, and unknown ones, may have any body.
fn is_well_formed(kind: u8, body: &[u8]) -> bool {
    match kind {
        kind::CREATED | kind::EXPIRES => body.len() == 4,
        // Key expiration time.
        9 => body.len() == 4,
        // Booleans: exportable, revocable, primary user ID.
        4 | 7 | 25 => matches!(body, [0 | 1]),
        // Trust: depth and amount.
        5 => body.len() == 2,
        // A regular expression ends in a zero octet.
        6 => body.last() == Some(&0),
        // Revocation key: class, algorithm, fingerprint.
        12 => body.len() == 22 && body[0] & 0x80 != 0,
        kind::ISSUER => body.len() == 8,
        kind::NOTATION => notation(body).is_some(),
        // Reason for revocation: a code, then text.
        29 => !body.is_empty(),
        // Signature target: two algorithms, then a digest.
        31 => body.len() > 2,
        kind::EMBEDDED => is_signature(body),
        // Fingerprints: of the issuer, of an intended recipient.
        kind::ISSUER_FINGERPRINT | 35 => match body {
            [4, fingerprint @ ..] => fingerprint.len() == 20,
            [5 | 6, fingerprint @ ..] => fingerprint.len() == 32,
            [7..=u8::MAX, _, ..] => true,
            _ => false,
        },
        // AEAD cipher suites: pairs of algorithms.
        39 => body.len() % 2 == 0,
        _ => true,
    }
}

/// The name of a notation, where the lengths in it add up: flags, two lengths, name and value.
fn notation(body: &[u8]) -> Option<&[u8]> {
    let (&[_, _, _, _, a, b, c, d], text) = body.split_first_chunk()?;
    let (name, value) = text.split_at_checked(u16::from_be_bytes([a, b]).into())?;
    (value.len() == usize::from(u16::from_be_bytes([c, d]))).then_some(name)
}

/// Whether an embedded signature has the outline of one; what is in it does not matter to a signature over a document.
fn is_signature(body: &[u8]) -> bool {
    let outline = |body| {
        let (_hashed, rest) = area(body)?;
        let (_unhashed, rest) = area(rest)?;
        Some(rest.len())
    };
    match body {
        [3, 5, rest @ ..] => rest.len() > 17 + 2,
        [4, _, _, _, rest @ ..] => outline(rest).is_some_and(|left| left > 2 + 2),
        _ => false,
    }
}

fn once<T: PartialEq>(slot: &mut Option<T>, value: T, what: &str) -> Result<(), Refusal> {
    if slot.as_ref().is_some_and(|old| *old != value) {
        return Err(bad(format!("it has two different {what}")));
    }
    *slot = Some(value);
    Ok(())
}

/// Splits off one subpacket: its type with the critical bit, its body, the rest (RFC 9580 section 5.2.3.7).
#[must_use]
pub fn split(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
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

/// An issuer subpacket with a key ID.
pub(super) fn issuer(key_id: KeyId) -> Vec<u8> {
    [&[9, kind::ISSUER], &key_id.0[..]].concat()
}

/// In ASCII and short, for messages.
fn printable(name: &[u8]) -> String {
    name.iter()
        .take(64)
        .map(|b| if b.is_ascii_graphic() { char::from(*b) } else { '?' })
        .collect()
}

/// The key that a certification (classes 0x10 to 0x13) in a keyring is said to be made by. A hint, nothing more, so
/// that only the issuer is looked for and everything else about the certification is left to GnuPG.
#[must_use]
pub fn certifier(body: &[u8]) -> Option<KeyId> {
    match *body.first_chunk::<6>()? {
        [2 | 3, _, 0x10..=0x13, ..] => body.get(7..15)?.try_into().ok().map(KeyId),
        [4, 0x10..=0x13, _, _, ..] => {
            let (hashed, rest) = area(&body[4..])?;
            let (unhashed, _) = area(rest)?;
            named_in(hashed).or_else(|| named_in(unhashed))
        }
        _ => None,
    }
}

/// The key ID that the subpackets of an area name, by fingerprint or by itself.
fn named_in(area: &[u8]) -> Option<KeyId> {
    let mut rest = area;
    let mut found = None;
    while let Some((kind, body, after)) = split(rest) {
        match (kind & 0x7f, body) {
            (kind::ISSUER_FINGERPRINT, [4, fingerprint @ ..]) if fingerprint.len() == 20 => {
                return fingerprint[12..].try_into().ok().map(KeyId);
            }
            (kind::ISSUER, body) if found.is_none() => found = body.first_chunk().copied().map(KeyId),
            _ => {}
        }
        rest = after;
    }
    found
}

/// Splits off an area of subpackets with its two-octet length.
pub(super) fn area(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = input.split_first_chunk()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}
