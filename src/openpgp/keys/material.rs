// SPDX-License-Identifier: Apache-2.0
//! Key packets: their numbers, and the fingerprints made of them (RFC 9580 sections 5.5.2, 5.5.4 and 5.5.5).

use std::borrow::Cow;

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use crate::openpgp::framing::algorithm::PublicKeyAlgorithm;
use crate::openpgp::keys::key::Fingerprint;
use crate::openpgp::keys::needs::Kind;
use crate::text::hex;

/// Longest number in a key that is read, in bytes; GnuPG reads 16 Kibit.
const MAX_NUMBER: usize = 2048;

/// How many bytes of a version 4 key packet are its public part: all of a public key, the beginning of a secret one.
/// `None` where the algorithm is unknown or the packet is malformed.
#[must_use]
pub(crate) fn public_length(body: &[u8]) -> Option<usize> {
    walk(body, |_, _| ())
}

/// A version 4 key packet as GnuPG hashes it and writes it: its numbers without zeros before them, nothing behind them. One
/// key may come in several forms.
#[must_use]
pub fn canonical(body: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::with_capacity(body.len());
    let mut done = 0;
    let length = walk(body, |at, number| {
        out.extend_from_slice(&body[done..at]);
        done = at + number.len();
        let octets = &number[2..];
        let octets = &octets[octets.iter().take_while(|octet| **octet == 0).count()..];
        match octets
            .first()
            .map(|first| 8 * octets.len() - first.leading_zeros() as usize)
        {
            Some(bits) => {
                out.extend(u16::try_from(bits).unwrap_or(u16::MAX).to_be_bytes());
                out.extend(octets);
            }
            None => out.extend(number),
        }
    });
    match length {
        Some(length) => {
            out.extend_from_slice(&body[done..length]);
            Cow::Owned(out)
        }
        None => Cow::Borrowed(body),
    }
}

/// Goes through the numbers of a key packet, each with its place and its length before it, to the end of its public part.
fn walk<'b>(body: &'b [u8], mut on_number: impl FnMut(usize, &'b [u8])) -> Option<usize> {
    let (head, mut rest) = body.split_at_checked(6)?;
    if head[0] != 4 {
        return None;
    }
    let (oid, mpis, kdf) = match head[5] {
        1..=3 => (false, 2, false),
        16 | 20 => (false, 3, false),
        17 => (false, 4, false),
        18 => (true, 1, true),
        19 | 22 => (true, 1, false),
        _ => return None,
    };
    let counted = |rest: &[u8]| rest.first().map(|length| usize::from(*length) + 1);
    if oid {
        rest = rest.get(counted(rest)?..)?;
    }
    for _ in 0..mpis {
        let after = after_number(rest, MAX_NUMBER)?;
        on_number(body.len() - rest.len(), rest.get(..rest.len() - after.len())?);
        rest = after;
    }
    if kdf {
        rest = rest.get(counted(rest)?..)?;
    }
    Some(body.len() - rest.len())
}

/// Whether this is a version 4 public key packet that every GnuPG can take apart, whether or not it knows the algorithm. In a
/// long one of an algorithm that it does not know GnuPG 2.2 loses its place (measured: from 9 KiB on), and reads no further.
#[must_use]
pub(crate) fn is_readable(body: &[u8]) -> bool {
    const MAX: usize = 4 << 10;
    const KNOWN: [u8; 8] = [1, 2, 3, 16, 17, 18, 19, 22];
    match body {
        [4, _, _, _, _, algorithm, ..] if KNOWN.contains(algorithm) || *algorithm == 20 => {
            public_length(body).is_some()
        }
        [4, _, _, _, _, _, _, ..] => body.len() <= MAX,
        _ => false,
    }
}

/// What follows a number (MPI) of at most `limit` bytes. An empty one is refused: GnuPG 2.4 ends at it without an answer.
#[must_use]
pub(crate) fn after_number(input: &[u8], limit: usize) -> Option<&[u8]> {
    let (bits, rest) = input.split_first_chunk()?;
    let length = usize::from(u16::from_be_bytes(*bits)).div_ceil(8);
    rest.get(length..).filter(|_| (1..=limit).contains(&length))
}

/// When a key was made, in seconds since 1970.
#[must_use]
pub fn created(body: &[u8]) -> i64 {
    match *body {
        [_, a, b, c, d, ..] => u32::from_be_bytes([a, b, c, d]).into(),
        _ => 0,
    }
}

/// The fingerprint of a version 4 key (RFC 9580 section 5.5.4.2), whatever the form of its packet.
#[must_use]
pub fn fingerprint_4(body: &[u8]) -> [u8; 20] {
    let body = &canonical(body)[..];
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
    let hash = Sha1::new().chain_update([0x99]).chain_update(length.to_be_bytes());
    hash.chain_update(body).finalize().into()
}

/// The fingerprint of a key packet; `None` for versions that have none of the usual kind.
#[must_use]
pub fn fingerprint(body: &[u8]) -> Option<Fingerprint> {
    let text = match body.first()? {
        4 => return Some(Fingerprint::of(&fingerprint_4(body))),
        6 => {
            let length = u32::try_from(body.len()).ok()?;
            let hash = Sha256::new().chain_update([0x9b]).chain_update(length.to_be_bytes());
            hex(&hash.chain_update(body).finalize())
        }
        _ => return None,
    };
    Fingerprint::parse(&text).ok()
}

/// The kind of a key: what decides whether a checker can use it.
#[must_use]
pub fn kind(body: &[u8]) -> Kind {
    /// Below it libraries treat RSA keys in another way.
    const SHORT: u16 = 2048;
    let mut tells = Vec::new();
    if let Some((&[.., algorithm], material)) = body.split_first_chunk::<6>() {
        match algorithm {
            1..=3 => {
                tells.push(1);
                let bits = material.first_chunk().map_or(0, |bits| u16::from_be_bytes(*bits));
                if bits < SHORT {
                    tells.push(1);
                }
            }
            18 | 19 | 22 => {
                tells.push(algorithm);
                let length = material.first().map_or(0, |length| usize::from(*length));
                tells.extend(material.get(1..=length).unwrap_or_default());
            }
            _ => tells.push(algorithm),
        }
    }
    let name = algorithm_name(body);
    Kind { tells, name }
}

/// Algorithm and strength of a key, such as `rsa4096`: bits of the first number, or the curve.
#[must_use]
pub(crate) fn algorithm_name(body: &[u8]) -> String {
    /// Object identifiers in their encoding, and gpg's names for them.
    const CURVES: [(&[u8], &str); 9] = [
        (&[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01], "ed25519"),
        (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], "nistp256"),
        (&[0x2b, 0x81, 0x04, 0x00, 0x22], "nistp384"),
        (&[0x2b, 0x81, 0x04, 0x00, 0x23], "nistp521"),
        (
            &[0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07],
            "brainpoolp256r1",
        ),
        (
            &[0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0b],
            "brainpoolp384r1",
        ),
        (
            &[0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0d],
            "brainpoolp512r1",
        ),
        (&[0x2b, 0x81, 0x04, 0x00, 0x0a], "secp256k1"),
        (&[0x2b, 0x65, 0x71], "ed448"),
    ];
    let Some((&[.., algorithm], material)) = body.split_first_chunk::<6>() else {
        return String::new();
    };
    let algorithm = PublicKeyAlgorithm(algorithm);
    let bits = material.first_chunk().map_or(0, |bits| u16::from_be_bytes(*bits));
    match algorithm.0 {
        1..=3 => format!("rsa{bits}"),
        17 => format!("dsa{bits}"),
        19 | 22 => {
            let oid = material
                .first()
                .and_then(|length| material.get(1..=usize::from(*length)));
            let known = CURVES.iter().find(|(own, _)| Some(*own) == oid);
            known.map_or_else(|| algorithm.to_string(), |(_, name)| (*name).to_owned())
        }
        _ => algorithm.to_string(),
    }
}
