// SPDX-License-Identifier: Apache-2.0
//! Signature packets, as far as strict framing needs them (RFC 9580 section 5.2).
//!
//! Nothing here is authenticated. It serves to refuse early what need not reach GnuPG, to look the key up, and to
//! check afterwards that GnuPG read the same packet in the same way.

use crate::openpgp::framing::algorithm::{HashAlgorithm, PublicKeyAlgorithm};
use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::framing::refusal::{bad, malformed, unsupported, version_refusal};
use crate::openpgp::framing::subpacket::{self, area, Subpackets};
use crate::reason::{Reason, Refusal};

/// Largest signature packet, in bytes: RSA of 16 Kibit and a page of subpackets fit.
pub(crate) const MAX_SIGNATURE_PACKET: usize = 16 << 10;

/// EdDSA as GnuPG numbers it, and how many octets its numbers have at most on either curve.
pub(crate) const EDDSA: u8 = 22;
pub(crate) const ED25519_OCTETS: usize = 32;
pub(crate) const ED448_OCTETS: usize = 57;

/// Most bits of a number in a signature, the limit of GnuPG: it finds no signature at all in a packet with more.
pub(crate) const MAX_NUMBER_BITS: u16 = 16_384;

/// Signature over a binary document.
pub(crate) const CLASS_BINARY: u8 = 0x00;
/// Signature over a text document: line ends count as CR LF.
const CLASS_TEXT: u8 = 0x01;

/// What a signature packet says.
#[derive(Debug, Clone)]
pub struct Signature {
    /// Version of the packet: 3 or 4.
    pub version: u8,
    /// Always [`CLASS_BINARY`]: signatures of other classes are refused before.
    pub class: u8,
    /// Algorithm of the signing key.
    pub public_key: PublicKeyAlgorithm,
    /// Algorithm of the data digest.
    pub hash: HashAlgorithm,
    /// When it says it was made, in seconds since 1970.
    pub created: i64,
    /// Seconds since 1970, where the signature expires at all.
    pub expires: Option<i64>,
    /// The key that is said to have made it.
    pub key_id: KeyId,
    /// Its fingerprint, 40 upper case hexadecimal digits, where the packet has it.
    pub fingerprint: Option<String>,
    /// The body of the packet.
    pub body: Vec<u8>,
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
        // Times of OpenPGP have 32 bits: some readers would take the sum for a time long past.
        if subpackets
            .expires
            .is_some_and(|after| created.checked_add(after).is_none())
        {
            return Err(bad("it expires after the year 2106, in which the times of OpenPGP end"));
        }
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
            body: body.to_vec(),
        };
        check_mpis(signature.public_key, mpis)?;
        Ok(signature)
    }

    /// The key that is said to have made it: its fingerprint, or else its key ID.
    #[must_use]
    pub fn maker(&self) -> String {
        self.fingerprint.clone().unwrap_or_else(|| self.key_id.to_string())
    }

    /// The packet's body as an engine is given it: of a version 4 signature everything that is signed and, of what is
    /// not signed, only the issuer's key ID. What else stands in the unhashed area is nobody's word, and GnuPG looks
    /// for a fingerprint in the hashed area alone (measured with 2.2).
    #[must_use]
    pub fn bare_body(&self) -> Vec<u8> {
        let parts = || {
            let (_, rest) = self.body.split_at_checked(4)?;
            let (hashed, rest) = area(rest)?;
            let (_unhashed, end) = area(rest)?;
            Some((self.body.get(..6 + hashed.len())?, end))
        };
        match parts() {
            Some((signed, end)) if self.version == 4 => {
                let issuer = subpacket::issuer(self.key_id);
                [signed, &[0, 10], &issuer, end].concat()
            }
            _ => self.body.clone(),
        }
    }

    fn check_algorithms(&self) -> Result<(), Refusal> {
        if self.class == CLASS_TEXT {
            return Err(unsupported(
                "it is a text signature (class 0x01), which this build does not check: GnuPG leaves out white space at line ends and the end of long lines, so it does not cover every byte; a binary signature (class 0x00) is required",
            ));
        }
        if self.class != CLASS_BINARY {
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

/// Demands the right count of MPIs, none empty or too large, and nothing after them. Unknown algorithms are refused elsewhere.
fn check_mpis(algorithm: PublicKeyAlgorithm, mut rest: &[u8]) -> Result<(), Refusal> {
    let Some(count) = algorithm.signature_mpis() else {
        return Ok(());
    };
    let short = || malformed("its signature packet ends early");
    for _ in 0..count {
        let (bits, after) = rest.split_first_chunk().ok_or_else(short)?;
        let bits = u16::from_be_bytes(*bits);
        if bits > MAX_NUMBER_BITS {
            return Err(Refusal::new(
                Reason::LimitExceeded,
                format!("a number in its signature has {bits} bits, more than {MAX_NUMBER_BITS}"),
            ));
        }
        let octets = usize::from(bits).div_ceil(8);
        // GnuPG 2.4 ends at once at an empty number, and takes none of EdDSA with more octets than its curve has; older
        // ones skip zeros. No honest signature has either.
        if octets == 0 || algorithm.0 == EDDSA && octets > ED25519_OCTETS && octets != ED448_OCTETS {
            return Err(bad(match octets {
                0 => "a number in its signature is empty".to_owned(),
                _ => format!("a number in its signature has {octets} octets, too many for {algorithm}"),
            }));
        }
        (_, rest) = after.split_at_checked(octets).ok_or_else(short)?;
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(malformed("its signature packet has data after the signature"))
    }
}
