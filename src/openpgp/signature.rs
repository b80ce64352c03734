// SPDX-License-Identifier: Apache-2.0
//! Signature and one-pass signature packets, as far as strict framing needs them (RFC 9580 sections 5.2 and 5.4).
//!
//! Nothing here is authenticated. It serves to refuse early what need not reach GnuPG, to look the key up, and to
//! check afterwards that GnuPG read the same packet in the same way.

use super::ring::hex;
use crate::verdict::reason::{Reason, Refusal};

/// Largest signature packet, in bytes: RSA of 16 Kibit and a page of subpackets fit.
pub const MAX_SIGNATURE_PACKET: usize = 16 << 10;

/// Signature over a binary document.
pub const CLASS_BINARY: u8 = 0x00;
/// Signature over a text document: line ends count as CR LF.
pub const CLASS_TEXT: u8 = 0x01;

/// Subpacket types (RFC 9580 section 5.2.3.7; 38 is GnuPG's Key Block).
mod subpacket {
    pub const CREATED: u8 = 2;
    pub const EXPIRES: u8 = 3;
    pub const ISSUER: u8 = 16;
    pub const NOTATION: u8 = 20;
    pub const ISSUER_FINGERPRINT: u8 = 33;
    pub const KEY_BLOCK: u8 = 38;
    /// Types that GnuPG understands, so that it accepts them when they are marked critical.
    pub const KNOWN: [u8; 19] = [2, 3, 4, 5, 6, 7, 9, 11, 12, 16, 21, 22, 23, 25, 26, 27, 28, 32, 33];
}

/// A public key algorithm by its number (RFC 9580 section 9.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKeyAlgorithm(pub u8);

impl PublicKeyAlgorithm {
    /// How many numbers (MPIs) a signature of it has; `None` for algorithms that are not checked here.
    fn signature_mpis(self) -> Option<usize> {
        match self.0 {
            1 | 3 => Some(1),
            17 | 19 | 22 => Some(2),
            _ => None,
        }
    }
}

impl std::fmt::Display for PublicKeyAlgorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            1..=3 => f.write_str("RSA"),
            16 | 20 => f.write_str("Elgamal"),
            17 => f.write_str("DSA"),
            19 => f.write_str("ECDSA"),
            22 => f.write_str("EdDSA"),
            27 => f.write_str("Ed25519"),
            28 => f.write_str("Ed448"),
            n => write!(f, "public key algorithm {n}"),
        }
    }
}

/// A hash algorithm by its number (RFC 9580 section 9.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashAlgorithm(pub u8);

impl HashAlgorithm {
    /// Whether it belongs to the SHA-2 family.
    #[must_use]
    pub fn is_sha2(self) -> bool {
        matches!(self.0, 8..=11)
    }

    /// Whether it is known to be broken.
    #[must_use]
    pub fn is_weak(self) -> bool {
        matches!(self.0, 1..=3)
    }
}

impl std::fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            1 => "MD5",
            2 => "SHA1",
            3 => "RIPEMD160",
            8 => "SHA256",
            9 => "SHA384",
            10 => "SHA512",
            11 => "SHA224",
            12 => "SHA3-256",
            14 => "SHA3-512",
            n => return write!(f, "hash algorithm {n}"),
        })
    }
}

/// An eight octet key ID, written as 16 upper case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyId(pub [u8; 8]);

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// What a signature packet says.
#[derive(Debug, Clone)]
pub struct Signature {
    /// 3 or 4.
    pub version: u8,
    /// [`CLASS_BINARY`] or [`CLASS_TEXT`].
    pub class: u8,
    /// Algorithm of the signing key.
    pub public_key: PublicKeyAlgorithm,
    /// Algorithm of the data digest.
    pub hash: HashAlgorithm,
    /// Seconds since 1970.
    pub created: i64,
    /// Seconds since 1970, where the signature expires at all.
    pub expires: Option<i64>,
    /// The key that is said to have made it.
    pub key_id: KeyId,
    /// Its fingerprint, 40 upper case hexadecimal digits, where the packet has it.
    pub fingerprint: Option<String>,
    /// Something critical in it that GnuPG may not know, for a better message when it refuses.
    pub critical: Option<String>,
    /// The body of the packet, as GnuPG gets it.
    pub body: Vec<u8>,
}

/// What a one-pass signature packet announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnePass {
    class: u8,
    hash: HashAlgorithm,
    public_key: PublicKeyAlgorithm,
    key_id: KeyId,
}

fn unsupported(message: impl Into<String>) -> Refusal {
    Refusal::new(Reason::UnsupportedSignature, message)
}

fn malformed(message: impl Into<String>) -> Refusal {
    Refusal::new(Reason::NotASignature, message)
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::new(Reason::BadSignature, message)
}

/// Names a packet version that is not checked here.
fn version_refusal(what: &str, version: u8) -> Refusal {
    match version {
        5 => unsupported(format!(
            "{what} has version 5 (LibrePGP), which this build does not check"
        )),
        6 => unsupported(format!(
            "{what} has version 6 (OpenPGP v6, RFC 9580), which this build does not check"
        )),
        v => unsupported(format!("{what} has version {v}, which this build does not check")),
    }
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

impl Signature {
    /// Parses the body of a signature packet of version 3 or 4 and refuses what is weak or not for documents.
    ///
    /// # Errors
    /// When it is malformed, of an unknown version, uses an unknown or weak algorithm, or is not over a document.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        if body.len() > MAX_SIGNATURE_PACKET {
            return Err(Refusal::new(
                Reason::LimitExceeded,
                format!(
                    "its signature packet has {} bytes, more than {MAX_SIGNATURE_PACKET}",
                    body.len()
                ),
            ));
        }
        let signature = match body.first() {
            Some(3) => Self::parse_v3(body)?,
            Some(4) => Self::parse_v4(body)?,
            Some(version) => return Err(version_refusal("its signature packet", *version)),
            None => return Err(malformed("its signature packet is empty")),
        };
        signature.check_algorithms()?;
        Ok(signature)
    }

    /// RFC 9580 section 5.2.2
    fn parse_v3(body: &[u8]) -> Result<Self, Refusal> {
        let short = || malformed("its version 3 signature packet ends early");
        let (head, mpis) = body.split_at_checked(19).ok_or_else(short)?;
        let &[_, hashed, class, t0, t1, t2, t3, a, b, c, d, e, f, g, h, public_key, hash, _, _] = head else {
            return Err(short());
        };
        if hashed != 5 {
            return Err(malformed("its version 3 signature packet hashes other than 5 bytes"));
        }
        let signature = Self {
            version: 3,
            class,
            public_key: PublicKeyAlgorithm(public_key),
            hash: HashAlgorithm(hash),
            created: u32::from_be_bytes([t0, t1, t2, t3]).into(),
            expires: None,
            key_id: KeyId([a, b, c, d, e, f, g, h]),
            fingerprint: None,
            critical: None,
            body: body.to_vec(),
        };
        check_mpis(signature.public_key, mpis)?;
        Ok(signature)
    }

    /// RFC 9580 section 5.2.3
    fn parse_v4(body: &[u8]) -> Result<Self, Refusal> {
        let short = || malformed("its version 4 signature packet ends early");
        let (&[_, class, public_key, hash], rest) = body.split_first_chunk().ok_or_else(short)?;
        let (hashed, rest) = area(rest).ok_or_else(short)?;
        let (unhashed, rest) = area(rest).ok_or_else(short)?;
        let (_prefix, mpis) = rest.split_at_checked(2).ok_or_else(short)?;
        let subpackets = Subpackets::parse(hashed, unhashed)?;
        let created = subpackets.created.ok_or_else(|| {
            bad("it has no creation time among the hashed subpackets, where RFC 9580 section 5.2.3.11 demands one")
        })?;
        let signature = Self {
            version: 4,
            class,
            public_key: PublicKeyAlgorithm(public_key),
            hash: HashAlgorithm(hash),
            created: created.into(),
            expires: subpackets
                .expires
                .filter(|after| *after != 0)
                .map(|after| i64::from(created) + i64::from(after)),
            key_id: subpackets.key_id()?,
            fingerprint: subpackets.fingerprint,
            critical: subpackets.critical,
            body: body.to_vec(),
        };
        check_mpis(signature.public_key, mpis)?;
        Ok(signature)
    }

    fn check_algorithms(&self) -> Result<(), Refusal> {
        if self.class != CLASS_BINARY && self.class != CLASS_TEXT {
            return Err(bad(format!(
                "it is a signature of class 0x{:02x}, which is not one over a document",
                self.class
            )));
        }
        if self.public_key.signature_mpis().is_none() {
            return Err(unsupported(format!(
                "it is made with {}, which this build does not check",
                self.public_key
            )));
        }
        if self.hash.is_weak() {
            return Err(Refusal::new(
                Reason::WeakAlgorithm,
                format!("it signs a {} digest; SHA-2 is required", self.hash),
            ));
        }
        if !self.hash.is_sha2() {
            return Err(unsupported(format!(
                "it uses {}, which this build does not check",
                self.hash
            )));
        }
        Ok(())
    }
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

/// Splits off an area of subpackets with its two-octet length.
fn area(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = input.split_first_chunk()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

/// Demands the right count of MPIs and nothing after them. Unknown algorithms are refused elsewhere.
fn check_mpis(algorithm: PublicKeyAlgorithm, mut rest: &[u8]) -> Result<(), Refusal> {
    let Some(count) = algorithm.signature_mpis() else {
        return Ok(());
    };
    for _ in 0..count {
        rest = rest
            .split_first_chunk()
            .and_then(|(bits, rest)| rest.split_at_checked(usize::from(u16::from_be_bytes(*bits)).div_ceil(8)))
            .ok_or_else(|| malformed("its signature packet ends early"))?
            .1;
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(malformed("its signature packet has data after the signature"))
    }
}

/// What the subpackets of a version 4 signature say.
#[derive(Debug, Default)]
struct Subpackets {
    created: Option<u32>,
    expires: Option<u32>,
    issuer: Option<KeyId>,
    fingerprint: Option<String>,
    critical: Option<String>,
}

impl Subpackets {
    fn parse(hashed: &[u8], unhashed: &[u8]) -> Result<Self, Refusal> {
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
            (subpacket::CREATED, &[a, b, c, d]) if hashed => {
                once(&mut self.created, u32::from_be_bytes([a, b, c, d]), "creation times")?;
            }
            (subpacket::EXPIRES, &[a, b, c, d]) if hashed => {
                once(&mut self.expires, u32::from_be_bytes([a, b, c, d]), "expiration times")?;
            }
            (subpacket::CREATED | subpacket::EXPIRES, _) if hashed => {
                return Err(malformed("a time in its subpackets has the wrong length"));
            }
            (subpacket::ISSUER, &[a, b, c, d, e, f, g, h]) => {
                once(&mut self.issuer, KeyId([a, b, c, d, e, f, g, h]), "issuer key IDs")?;
            }
            (subpacket::ISSUER_FINGERPRINT, [4, fingerprint @ ..]) if fingerprint.len() == 20 => {
                once(&mut self.fingerprint, hex(fingerprint), "issuer fingerprints")?;
            }
            (subpacket::ISSUER_FINGERPRINT, [version @ 5..=u8::MAX, ..]) => {
                return Err(version_refusal("the key that made it", *version));
            }
            (subpacket::ISSUER | subpacket::ISSUER_FINGERPRINT, _) => {
                return Err(malformed("an issuer in its subpackets has the wrong length"));
            }
            // Keys come from the user's keyring or key files, never from a signature (GnuPG's auto-key-import).
            (subpacket::KEY_BLOCK, _) => {
                return Err(bad("it carries a key of its own, which no honest image signature does"))
            }
            (subpacket::NOTATION, _) if critical => {
                self.critical = Some(format!("a critical notation ({})", notation_name(body)));
            }
            (kind, _) if critical && !subpacket::KNOWN.contains(&kind) => {
                self.critical = Some(format!("a critical subpacket of type {kind}"));
            }
            _ => {}
        }
        Ok(())
    }

    /// The key ID, by either kind of issuer subpacket; both must agree.
    fn key_id(&self) -> Result<KeyId, Refusal> {
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
