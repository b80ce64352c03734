// SPDX-License-Identifier: Apache-2.0
//! Whether a signature in a key is good, by OpenSSL: what is good over one part of a key is over no other one. Nothing else
//! follows from it: whether a signature counts, GnuPG says, and what is not found good here may be good all the same.

use openssl::bn::{BigNum, BigNumContext};
use openssl::dsa::DsaSig;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::{Hasher, MessageDigest};
use openssl::pkey::{Id, PKey, Public};
use openssl::rsa::Padding;
use openssl::sign::Verifier;

use super::Core;
use crate::openpgp::framing::signature::{ED25519_OCTETS, ED448_OCTETS};
use crate::openpgp::keys::public_key;

/// A key whose signatures can be told.
#[derive(Debug)]
pub struct Prover(PKey<Public>);

impl Prover {
    /// Takes the body of a key packet; `None` where OpenSSL has no such keys.
    #[must_use]
    pub fn of(body: &[u8]) -> Option<Self> {
        let key = PKey::public_key_from_der(&public_key::encoded(body)?);
        key.ok().map(Self)
    }

    /// Whether it has surely made a signature over `data`.
    #[must_use]
    pub fn has_made(&self, core: &Core, data: &[&[u8]]) -> bool {
        self.has_made_with(core.hash, core, data)
    }

    /// Whether it has surely made a signature of version 3 over `data`, which says that it is over another digest than it is:
    /// that is not covered.
    #[must_use]
    pub fn has_made_by_another_digest(&self, core: &Core, data: &[&[u8]]) -> bool {
        core.version < 4 && DIGESTS.iter().any(|hash| self.has_made_with(*hash, core, data))
    }

    /// Whether it has surely not made a signature, whatever that may be over: what an RSA key makes can be opened.
    #[must_use]
    pub fn has_never_made(&self, core: &Core) -> bool {
        self.is_of_algorithm(core) == Some(false)
            || self.is_of_algorithm(core) == Some(true)
                && self.0.id() == Id::RSA
                && matches!(self.opens(core), Ok(false))
    }

    /// Whether what is not found made by it over some data has surely not been made by it over them.
    #[must_use]
    pub fn can_tell(&self, core: &Core) -> bool {
        let is_able = || digest(core.hash).is_some_and(|digest| self.check(core, digest, &[]).is_ok());
        self.has_never_made(core) || self.is_of_algorithm(core) == Some(true) && is_able()
    }

    /// Whether a signature says that it is by a key of this algorithm; `None` before version 4, where that is not covered, and
    /// for unknown algorithms.
    fn is_of_algorithm(&self, core: &Core) -> Option<bool> {
        let id = self.0.id();
        match core.public_key {
            _ if core.version < 4 => None,
            1 | 3 => Some(id == Id::RSA),
            17 => Some(id == Id::DSA),
            19 => Some(id == Id::EC),
            22 => Some(matches!(id, Id::ED25519 | Id::ED448)),
            _ => None,
        }
    }

    /// Whether the number of a signature by an RSA key has the padding of one (RFC 8017 section 9.2).
    fn opens(&self, core: &Core) -> Result<bool, ErrorStack> {
        let rsa = self.0.rsa()?;
        let number = BigNum::from_slice(numbers(&core.numbers).first().copied().unwrap_or_default())?;
        // GnuPG takes larger ones.
        let mut least = BigNum::new()?;
        least.nnmod(&number, rsa.n(), &mut *BigNumContext::new()?)?;
        let least = padded(&least.to_vec(), self.0.size()).unwrap_or_default();
        let mut opened = vec![0; self.0.size()];
        rsa.public_decrypt(&least, &mut opened, Padding::NONE)?;
        Ok(opened.starts_with(&[0, 1, 0xff]))
    }

    fn has_made_with(&self, hash: u8, core: &Core, data: &[&[u8]]) -> bool {
        let trailer = core.trailer();
        let data = [&core.over(data)[..], &[&trailer]].concat();
        let is_good = digest(hash).map(|digest| self.check(core, digest, &data));
        matches!(is_good, Some(Ok(true)))
    }

    fn check(&self, core: &Core, digest: MessageDigest, data: &[&[u8]]) -> Result<bool, ErrorStack> {
        let numbers = numbers(&core.numbers);
        let number = |at: usize| BigNum::from_slice(numbers.get(at).copied().unwrap_or_default());
        let signature = match (core.public_key, self.0.id()) {
            (1 | 3, Id::RSA) => {
                let Some(padded) = numbers.first().and_then(|own| padded(own, self.0.size())) else {
                    return Ok(false);
                };
                padded
            }
            (17, Id::DSA) => DsaSig::from_private_components(number(0)?, number(1)?)?.to_der()?,
            (19, Id::EC) => EcdsaSig::from_private_components(number(0)?, number(1)?)?.to_der()?,
            (22, id @ (Id::ED25519 | Id::ED448)) => {
                let octets = if id == Id::ED25519 {
                    ED25519_OCTETS
                } else {
                    ED448_OCTETS
                };
                let halves = [0, 1].map(|at| padded(numbers.get(at).copied().unwrap_or_default(), octets));
                let [Some(first), Some(second)] = halves else {
                    return Ok(false);
                };
                // OpenPGP signs the digest.
                let mut hasher = Hasher::new(digest)?;
                data.iter().try_for_each(|part| hasher.update(part))?;
                let mut verifier = Verifier::new_without_digest(&self.0)?;
                return verifier.verify_oneshot(&[first, second].concat(), &hasher.finish()?);
            }
            _ => return Ok(false),
        };
        let mut verifier = Verifier::new(digest, &self.0)?;
        data.iter().try_for_each(|part| verifier.update(part))?;
        verifier.verify(&signature)
    }
}

/// Numbers of digests that OpenSSL may have.
const DIGESTS: [u8; 9] = [1, 2, 3, 8, 9, 10, 11, 12, 14];

/// By its number (RFC 9580 section 9.5).
fn digest(number: u8) -> Option<MessageDigest> {
    match number {
        1 => Some(MessageDigest::md5()),
        2 => Some(MessageDigest::sha1()),
        3 => Some(MessageDigest::ripemd160()),
        8 => Some(MessageDigest::sha256()),
        9 => Some(MessageDigest::sha384()),
        10 => Some(MessageDigest::sha512()),
        11 => Some(MessageDigest::sha224()),
        12 => Some(MessageDigest::sha3_256()),
        14 => Some(MessageDigest::sha3_512()),
        _ => None,
    }
}

/// The octets of each number (MPI).
fn numbers(mut all: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while let Some((bits, rest)) = all.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*bits)).div_ceil(8);
        let Some((number, rest)) = rest.split_at_checked(length) else {
            break;
        };
        found.push(number);
        all = rest;
    }
    found
}

/// With as many zeros before it as it lacks octets; `None` for one that is longer.
fn padded(number: &[u8], octets: usize) -> Option<Vec<u8>> {
    let number = &number[number.iter().take_while(|octet| **octet == 0).count()..];
    let zeros = octets.checked_sub(number.len())?;
    Some([&vec![0; zeros][..], number].concat())
}
