// SPDX-License-Identifier: Apache-2.0
//! What tells whether two keys are the same numbers, whatever packet, file or fingerprint they are in.

use sha2::{Digest as _, Sha256};

use crate::text::hex;

/// Equal for keys with equal public key material, also across formats: SHA-256 of the DER encoding of the key
/// (`SubjectPublicKeyInfo`, RFC 5280) where the algorithm has one that other formats use too. OpenPGP can write one key in
/// several ways; `None` stands for a way that is not understood here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Material(Option<String>);

impl Material {
    /// Takes the SHA-256 of an encoded key, in hexadecimal digits.
    #[must_use]
    pub fn of_encoded(digest: &str) -> Self {
        Self(Some(digest.to_ascii_lowercase()))
    }

    /// Of a version 4 key packet. The time at which the key is said to be made, which only OpenPGP has, does not matter.
    #[must_use]
    pub fn of_packet(body: &[u8]) -> Self {
        Self(encoded(body).map(|key| hex(&Sha256::digest(key)).to_ascii_lowercase()))
    }

    /// Whether two keys are, or may be, the same numbers. Where that cannot be told they must not count as two.
    #[must_use]
    pub fn may_be(&self, other: &Self) -> bool {
        self == other || self.0.is_none() || other.0.is_none()
    }
}

/// A version 4 key packet as a `SubjectPublicKeyInfo`; `None` for what has none.
#[must_use]
pub fn encoded(body: &[u8]) -> Option<Vec<u8>> {
    let (&[.., algorithm], numbers) = body.split_first_chunk::<6>()?;
    encode(algorithm, numbers)
}

/// Object identifiers of curves as OpenPGP and DER have them, and the bytes of a coordinate.
const CURVES: [(&[u8], usize); 7] = [
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], 32),
    (&[0x2b, 0x81, 0x04, 0x00, 0x22], 48),
    (&[0x2b, 0x81, 0x04, 0x00, 0x23], 66),
    (&[0x2b, 0x81, 0x04, 0x00, 0x0a], 32),
    (&[0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07], 32),
    (&[0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0b], 48),
    (&[0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0d], 64),
];
/// Ed25519, as OpenPGP names it for its EdDSA keys.
const ED25519_LEGACY: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const ED448: &[u8] = &[0x2b, 0x65, 0x71];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// The key as a `SubjectPublicKeyInfo`; `None` for what has none.
fn encode(algorithm: u8, numbers: &[u8]) -> Option<Vec<u8>> {
    match algorithm {
        1..=3 => {
            let (modulus, rest) = number(numbers)?;
            let (exponent, _) = number(rest)?;
            let key = der(SEQUENCE, &[integer(modulus), integer(exponent)].concat());
            Some(info(&[der(OBJECT, RSA), der(NULL, &[])].concat(), &key))
        }
        17 => {
            let (prime, rest) = number(numbers)?;
            let (order, rest) = number(rest)?;
            let (generator, rest) = number(rest)?;
            let (own, _) = number(rest)?;
            let parameters = der(SEQUENCE, &[integer(prime), integer(order), integer(generator)].concat());
            Some(info(&[der(OBJECT, DSA), parameters].concat(), &integer(own)))
        }
        19 | 22 => {
            let (length, rest) = numbers.split_first()?;
            let (curve, rest) = rest.split_at_checked(usize::from(*length))?;
            let (point, _) = number(rest)?;
            let point = &point[point.iter().take_while(|byte| **byte == 0).count()..];
            match curve {
                // GnuPG goes by the curve alone.
                ED25519_LEGACY | ED25519 => Some(info(&der(OBJECT, ED25519), &edwards::<32>(point)?)),
                ED448 => Some(info(&der(OBJECT, ED448), &edwards::<57>(point)?)),
                _ => {
                    let (_, size) = CURVES.iter().find(|(own, _)| *own == curve)?;
                    let is_whole = point.first() == Some(&4) && point.len() == 2 * size + 1;
                    is_whole.then(|| info(&[der(OBJECT, EC), der(OBJECT, curve)].concat(), point))
                }
            }
        }
        _ => None,
    }
}

/// A point of an Edwards curve as RFC 8032 writes it in `N` octets. GnuPG takes it with a mark before it, as it is, and as
/// two coordinates, which are numbers with the most significant octet first.
fn edwards<const N: usize>(point: &[u8]) -> Option<[u8; N]> {
    let mut own = [0; N];
    match point.split_first() {
        Some((0x40, raw)) if raw.len() == N => own.copy_from_slice(raw),
        // Zeros before a number may be left out.
        _ if (1..=N).contains(&point.len()) => own[N - point.len()..].copy_from_slice(point),
        Some((4, both)) if both.len() % 2 == 0 && (N - 1..=N).contains(&(both.len() / 2)) => {
            let (x, y) = both.split_at(both.len() / 2);
            for (to, from) in own.iter_mut().zip(y.iter().rev()) {
                *to = *from;
            }
            let sign = x.last()? & 1;
            *own.last_mut()? |= sign << 7;
        }
        _ => return None,
    }
    Some(own)
}

const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const NULL: u8 = 0x05;
const OBJECT: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

fn info(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    let bits = [&[0][..], key].concat();
    der(SEQUENCE, &[der(SEQUENCE, algorithm), der(BITS, &bits)].concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    match (content.len(), u8::try_from(length.len())) {
        (0..=0x7f, _) => out.push(length.first().copied().unwrap_or(0)),
        (_, Ok(bytes)) => {
            out.push(0x80 | bytes);
            out.extend(length);
        }
        // A length has at most eight bytes.
        (_, Err(_)) => {}
    }
    out.extend(content);
    out
}

fn integer(number: &[u8]) -> Vec<u8> {
    let number = &number[number.iter().take_while(|byte| **byte == 0).count()..];
    let sign: &[u8] = if number.first().is_none_or(|byte| *byte & 0x80 != 0) {
        &[0]
    } else {
        &[]
    };
    der(INTEGER, &[sign, number].concat())
}

/// The first of some numbers (MPI), and what follows it.
fn number(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (bits, rest) = input.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*bits)).div_ceil(8))
}
