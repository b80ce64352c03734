// SPDX-License-Identifier: Apache-2.0
//! Signatures that take trust away: revocations, and what a key says of itself that makes it count for less.
//!
//! Nothing in them that is not covered may decide whether they are looked at: anybody can change it.

use super::numbers::after_numbers;
use super::subpackets::{area, kind, subpackets};
use super::{class, parse, Core};
use crate::openpgp::framing::subpacket::has_unknown_critical;

/// In key flags (RFC 9580 section 5.2.3.29).
const MAY_SIGN: u8 = 2;

impl Core {
    /// Whether it takes something back.
    #[must_use]
    pub fn is_revocation(&self) -> bool {
        is_revocation(self.class)
    }

    /// Whether it makes a key count for less than it did without: it takes something back, or says of a key that it expires,
    /// may not sign, or may be revoked by another one. One that expires itself is the newest all the same, and GnuPG believes
    /// no older one then.
    #[must_use]
    pub fn takes_away(&self) -> bool {
        takes_away(self.class, &self.hashed)
    }

    /// Whether it says of a key that it expires or may not sign, or expires itself.
    #[must_use]
    pub fn limits(&self) -> bool {
        is_statement(self.class) && limits(&self.hashed)
    }

    /// Whether something is critical in it and not known to every GnuPG, which passes over it then.
    #[must_use]
    pub fn has_unknown_critical(&self) -> bool {
        has_unknown_critical(&self.hashed)
    }
}

/// Whether the body of a signature packet takes trust away, as far as it can be told, and is written in a way in which GnuPG
/// reads nothing of it or something else than its maker wrote.
#[must_use]
pub(crate) fn is_lost(body: &[u8]) -> bool {
    let is_of_a_kind =
        |class| matches!(class, 0..=2 | 0x10..=0x13 | 0x18 | 0x19 | 0x1f | 0x20 | 0x28 | 0x30 | 0x40 | 0x50);
    // No algorithm of a version 4 signature has the number of a class by which something is revoked.
    let is_known = |core: &Core| is_of_a_kind(core.class) && (core.version < 4 || !is_revocation(core.public_key));
    let is_read = parse(body).is_some_and(|(core, _)| is_known(&core)) && !goes_on(body);
    !is_read && (takes_away_as_4(body) || takes_away_as_3(body))
}

/// Whether something stands behind the numbers of a signature. No program writes it: where they begin is not covered.
fn goes_on(body: &[u8]) -> bool {
    let numbers = match *body {
        [2 | 3, ..] => body.get(15).copied().zip(body.get(19..)),
        [_, _, public_key, _, ref rest @ ..] => {
            let unhashed = area(rest).and_then(|(_, rest)| area(rest));
            let numbers = unhashed.and_then(|(_, rest)| rest.get(2..));
            numbers.map(|numbers| (public_key, numbers))
        }
        _ => None,
    };
    numbers.is_some_and(|(public_key, numbers)| after_numbers(public_key, numbers).is_some_and(|rest| !rest.is_empty()))
}

/// Read as one of version 4, and as LibrePGP writes those of version 5.
fn takes_away_as_4(body: &[u8]) -> bool {
    let Some((&[_, class, _, _], rest)) = body.split_first_chunk() else {
        return false;
    };
    takes_away(class, area(rest).map_or(&[], |(hashed, _)| hashed))
}

/// Read as one of version 3, of which the first two octets can be changed.
fn takes_away_as_3(body: &[u8]) -> bool {
    matches!(body, [_, _, class, ..] if is_revocation(*class))
}

fn takes_away(class: u8, hashed: &[u8]) -> bool {
    let designates = || subpackets(hashed).any(|(kind, _)| kind == kind::REVOCATION_KEY);
    is_revocation(class) || is_statement(class) && (limits(hashed) || designates())
}

/// Whether a key says by it what it is.
fn is_statement(class: u8) -> bool {
    matches!(class, 0x10..=0x13 | class::SUBKEY_BINDING | class::DIRECT)
}

fn is_revocation(class: u8) -> bool {
    matches!(
        class,
        class::KEY_REVOCATION | class::SUBKEY_REVOCATION | class::CERTIFICATION_REVOCATION
    )
}

fn limits(hashed: &[u8]) -> bool {
    subpackets(hashed).any(|(kind, body)| match kind {
        kind::EXPIRES | kind::KEY_EXPIRES => true,
        kind::KEY_FLAGS => body.first().is_none_or(|flags| flags & MAY_SIGN == 0),
        _ => false,
    })
}
