// SPDX-License-Identifier: Apache-2.0
//! Signatures in keys, taken apart as far as copies of a key are to be united (RFC 9580 section 5.2).
//!
//! Nothing here is checked: GnuPG does that. But whoever hands a key on can change what a signature does not cover,
//! such as the key that it names as its maker, and GnuPG goes by that. So what is covered is told from what is not, and
//! the rest is written anew.

mod digest;
mod makers;
mod numbers;
pub(crate) mod proof;
mod subpackets;
pub(crate) mod taken;

use std::collections::BTreeSet;

use self::numbers::numbers;
use self::subpackets::{area, created, issuer, kind, subpacket, subpackets, two_octets};
use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::framing::packet::{self, tag};

/// Signature classes (RFC 9580 section 5.2.1).
pub(crate) mod class {
    #![allow(missing_docs)]
    pub const BINARY: u8 = 0x00;
    pub const TEXT: u8 = 0x01;
    pub const CERTIFICATION: std::ops::RangeInclusive<u8> = 0x10..=0x13;
    pub const SUBKEY_BINDING: u8 = 0x18;
    pub const PRIMARY_BINDING: u8 = 0x19;
    pub const DIRECT: u8 = 0x1f;
    pub const KEY_REVOCATION: u8 = 0x20;
    pub const SUBKEY_REVOCATION: u8 = 0x28;
    pub const CERTIFICATION_REVOCATION: u8 = 0x30;
}

/// Largest area of subpackets that every GnuPG reads (parse-packet.c): one packet beyond it makes it drop a whole file.
const MAX_AREA: usize = 10_000;

/// RFC 9580 section 9.5.
const MD5: u8 = 1;

/// Most embedded signatures that are kept of one binding.
const MAX_EMBEDDED: usize = 4;

/// What a signature covers, and its numbers: two signatures that are equal in it are one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Core {
    /// Seconds since 1970; 0 where it does not say so. First, so that signatures sort by age.
    pub created: u32,
    /// Its class: one of those in [`class`].
    pub class: u8,
    /// Version of the packet: 3 or 4.
    pub version: u8,
    /// Algorithm number of the key.
    pub public_key: u8,
    /// Algorithm number of the digest.
    pub hash: u8,
    /// The hashed subpackets, as they stand in the packet.
    pub hashed: Vec<u8>,
    numbers: Vec<u8>,
}

/// What anybody can change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loose {
    /// The keys that copies of the signature name as its maker.
    pub issuers: BTreeSet<KeyId>,
    /// Signatures in it: by a subkey over its primary key.
    embedded: BTreeSet<Vec<u8>>,
    /// The first two octets of the digest.
    prefixes: BTreeSet<[u8; 2]>,
}

impl Loose {
    /// Takes over what another copy has.
    pub fn unite(&mut self, other: Self) {
        self.issuers.extend(other.issuers);
        self.embedded.extend(other.embedded);
        self.prefixes.extend(other.prefixes);
    }

    /// The same with one signature of a subkey in it.
    pub(super) fn with_consent(&self, body: &[u8]) -> Self {
        Self {
            embedded: BTreeSet::from([body.to_vec()]),
            ..self.clone()
        }
    }

    /// The same for each two octets that copies of the signature have of the digest.
    pub fn by_prefix(&self) -> impl Iterator<Item = Self> + '_ {
        self.prefixes.iter().map(|prefix| Self {
            issuers: self.issuers.clone(),
            embedded: self.embedded.clone(),
            prefixes: BTreeSet::from([*prefix]),
        })
    }

    /// Whether a copy of the signature has these two octets of the digest.
    #[must_use]
    pub fn has_prefix(&self, prefix: [u8; 2]) -> bool {
        self.prefixes.contains(&prefix)
    }
}

/// A designated revoker (RFC 9580 section 5.2.3.23): a version 4 fingerprint.
pub type Revoker = [u8; 20];

/// Parses the body of a signature packet; `None` where no GnuPG reads it.
#[must_use]
pub fn parse(body: &[u8]) -> Option<(Core, Loose)> {
    match body.first()? {
        2 | 3 => parse_v3(body),
        4 => parse_v4(body),
        _ => None,
    }
}

fn parse_v3(body: &[u8]) -> Option<(Core, Loose)> {
    // The second octet is the length of what is covered: it is not covered itself, and GnuPG does not ask for it.
    let (&[_, _, class, t0, t1, t2, t3, a, b, c, d, e, f, g, h, public_key, hash, p, q], rest) =
        body.split_first_chunk()?;
    let core = Core {
        created: u32::from_be_bytes([t0, t1, t2, t3]),
        class,
        version: 3,
        public_key,
        hash,
        hashed: Vec::new(),
        numbers: numbers(public_key, rest)?,
    };
    let loose = Loose {
        issuers: BTreeSet::from([KeyId([a, b, c, d, e, f, g, h])]),
        prefixes: BTreeSet::from([[p, q]]),
        embedded: BTreeSet::new(),
    };
    Some((core, loose))
}

fn parse_v4(body: &[u8]) -> Option<(Core, Loose)> {
    let (&[version, class, public_key, hash], rest) = body.split_first_chunk()?;
    let (hashed, rest) = area(rest)?;
    let (unhashed, rest) = area(rest)?;
    let (prefix, rest) = rest.split_first_chunk::<2>()?;
    let mut loose = Loose {
        prefixes: BTreeSet::from([*prefix]),
        ..Loose::default()
    };
    for (kind, body) in subpackets(unhashed) {
        if kind == kind::EMBEDDED {
            // It stands for nothing but the consent of a subkey.
            if is_consent(body) {
                loose.embedded.insert(body.to_vec());
            }
        } else {
            loose.issuers.extend(issuer(kind, body));
        }
    }
    let core = Core {
        created: created(hashed).unwrap_or(0),
        class,
        version,
        public_key,
        hash,
        hashed: hashed.to_vec(),
        numbers: numbers(public_key, rest)?,
    };
    (hashed.len() <= MAX_AREA).then_some((core, loose))
}

impl Core {
    /// Whether it is about a subkey, not about the key or a name.
    pub(super) fn is_of_subkeys(&self) -> bool {
        matches!(self.class, class::SUBKEY_BINDING | class::SUBKEY_REVOCATION)
    }

    /// Whether there is a signature of the subkey in this binding of it.
    #[must_use]
    pub fn has_consent(&self, loose: &Loose) -> bool {
        let is_embedded = |(kind, body): (u8, &[u8])| kind == kind::EMBEDDED && is_consent(body);
        self.class == class::SUBKEY_BINDING && (!loose.embedded.is_empty() || subpackets(&self.hashed).any(is_embedded))
    }

    /// The signatures of the subkey in this binding of it.
    pub(super) fn consents<'s>(&'s self, loose: &'s Loose) -> impl Iterator<Item = &'s [u8]> + 's {
        let covered = subpackets(&self.hashed).filter(|(kind, _)| *kind == kind::EMBEDDED);
        let embedded = loose.embedded.iter().map(Vec::as_slice);
        embedded
            .chain(covered.map(|(_, body)| body))
            .filter(|body| is_consent(body))
    }

    /// The digests of the signatures of the subkey in this binding of it.
    pub fn digests_of_consent<'s>(&'s self, loose: &'s Loose) -> impl Iterator<Item = u8> + 's {
        self.consents(loose)
            .filter_map(|body| parse(body).map(|(core, _)| core.hash))
    }

    /// The designated revokers that it names.
    pub fn revokers(&self) -> impl Iterator<Item = Revoker> + '_ {
        subpackets(&self.hashed).filter_map(|(kind, body)| match body {
            // Class with bit 7 set, algorithm, fingerprint.
            [class, _, fingerprint @ ..] if kind == kind::REVOCATION_KEY && class & 0x80 != 0 => {
                fingerprint.try_into().ok()
            }
            _ => None,
        })
    }

    /// Whether it lets the key that it is about vouch for others (RFC 9580 section 5.2.3.21): a trust signature.
    #[must_use]
    pub fn makes_introducer(&self) -> bool {
        let is_trust = |(kind, body): (u8, &[u8])| kind == kind::TRUST && body.first().is_some_and(|depth| *depth > 0);
        class::CERTIFICATION.contains(&self.class) && subpackets(&self.hashed).any(is_trust)
    }

    /// Whether it is over an MD5 digest, by which anybody can make a signature stand for something else: GnuPG takes none
    /// unless its configuration for the system says so.
    #[must_use]
    pub fn is_by_md5(&self) -> bool {
        self.hash == MD5
    }

    /// The first two octets of the digest over `data`; `None` for digests that are not computed here.
    #[must_use]
    pub fn prefix(&self, data: &[&[u8]]) -> Option<[u8; 2]> {
        digest::first_two(self.hash, &self.over(data), &self.trailer())
    }

    /// Whether it may be over `data`, by the two octets of the digest that stand in it. They prove nothing, but tell
    /// the honest from garbage.
    #[must_use]
    pub fn seems_over(&self, loose: &Loose, data: &[&[u8]]) -> bool {
        self.prefix(data).is_none_or(|prefix| loose.has_prefix(prefix))
    }

    /// Data as it is hashed: before version 4 without the mark and the length of a name.
    fn over<'d>(&self, data: &[&'d [u8]]) -> Vec<&'d [u8]> {
        let hashed = |part: &&'d [u8]| match *part {
            [0xb4 | 0xd1, _, _, _, _, name @ ..] if self.version < 4 => name,
            whole => whole,
        };
        data.iter().map(hashed).collect()
    }

    /// RFC 9580 section 5.2.4
    pub(super) fn trailer(&self) -> Vec<u8> {
        if self.version == 3 {
            return [&[self.class], &self.created.to_be_bytes()[..]].concat();
        }
        let mut covered = vec![self.version, self.class, self.public_key, self.hash];
        covered.extend(two_octets(self.hashed.len()));
        covered.extend(&self.hashed);
        let length = u32::try_from(covered.len()).unwrap_or(u32::MAX);
        covered.extend([self.version, 0xff]);
        covered.extend(length.to_be_bytes());
        covered
    }

    /// The packet, with a maker and nothing else in it that is not covered but signatures of subkeys. `data` is what it is
    /// over, nothing where that is not known.
    pub fn encode(&self, loose: &Loose, maker: KeyId, data: &[&[u8]]) -> Vec<u8> {
        let computed = data.first().and_then(|_| self.prefix(data));
        let prefix = computed.or_else(|| loose.prefixes.first().copied());
        let prefix = prefix.unwrap_or_default();
        let mut body = vec![self.version];
        if self.version == 3 {
            body.extend([5, self.class]);
            body.extend(self.created.to_be_bytes());
            body.extend(maker.0);
            body.extend([self.public_key, self.hash]);
        } else {
            body.extend([self.class, self.public_key, self.hash]);
            body.extend(two_octets(self.hashed.len()));
            body.extend(&self.hashed);
            let mut unhashed = subpacket(kind::ISSUER, &maker.0);
            // GnuPG believes the newest. The order does not depend on that of the copies.
            let is_by_md5 = |body: &[u8]| parse(body).is_some_and(|(core, _)| core.is_by_md5());
            let mut embedded: Vec<_> = loose
                .embedded
                .iter()
                .filter(|body| !is_by_md5(body))
                .map(|body| (rank_embedded(body, data), body))
                .collect();
            embedded.sort();
            let fits = embedded.last().is_some_and(|((fits, _), _)| *fits);
            let embedded = embedded.iter().rev().filter(|((own, _), _)| *own == fits);
            for (_, body) in embedded.take(MAX_EMBEDDED) {
                let more = subpacket(kind::EMBEDDED, body);
                if unhashed.len() + more.len() <= MAX_AREA {
                    unhashed.extend(more);
                }
            }
            body.extend(two_octets(unhashed.len()));
            body.extend(unhashed);
        }
        body.extend(prefix);
        body.extend(&self.numbers);
        packet::encode(tag::SIGNATURE, &body)
    }
}

/// Whether a signature of a subkey seems to be one over the same keys, and when it was made.
fn rank_embedded(body: &[u8], data: &[&[u8]]) -> (bool, u32) {
    parse(body).map_or((false, 0), |(core, loose)| {
        (core.seems_over(&loose, data), core.created)
    })
}

fn is_consent(body: &[u8]) -> bool {
    matches!(
        body,
        [4, class::PRIMARY_BINDING, ..] | [3, _, class::PRIMARY_BINDING, ..]
    )
}
