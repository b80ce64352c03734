// SPDX-License-Identifier: Apache-2.0
//! Digests: a parsed, typed value, and how the bytes of a manifest get theirs.
//!
//! A digest is compared only as this type, never as text that nobody has checked (CVE-2024-3727).

use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::manifest;

/// Hash algorithms that a digest may name, with the length of their hexadecimal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    const ALL: [Algorithm; 3] = [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512];

    /// The name as it stands before the colon.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha384 => "sha384",
            Algorithm::Sha512 => "sha512",
        }
    }

    fn hex_length(self) -> usize {
        match self {
            Algorithm::Sha256 => 64,
            Algorithm::Sha384 => 96,
            Algorithm::Sha512 => 128,
        }
    }

    /// The hash of some bytes, in hexadecimal.
    fn hash(self, bytes: &[u8]) -> String {
        let hash = match self {
            Algorithm::Sha256 => Sha256::digest(bytes).to_vec(),
            Algorithm::Sha384 => Sha384::digest(bytes).to_vec(),
            Algorithm::Sha512 => Sha512::digest(bytes).to_vec(),
        };
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A digest in canonical text form: `sha256:` and 64 lower case hexadecimal digits, or a longer SHA-2.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    text: String,
}

/// Why a text is not a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Not of the form `algorithm:hex`, or not lower case hexadecimal.
    #[error("not of the form sha256:<64 lower case hexadecimal digits>")]
    Format,
    /// Another algorithm than SHA-256, SHA-384, SHA-512.
    #[error("the digest algorithm is not sha256, sha384 or sha512")]
    Algorithm,
    /// The wrong number of digits for the algorithm.
    #[error("the wrong number of digits for its algorithm")]
    Length,
}

impl Digest {
    /// Parses `algorithm:hex` (the syntax of the OCI image specification, descriptor.md).
    ///
    /// # Errors
    /// When the text is not a digest of a known algorithm in canonical form.
    pub fn parse(text: &str) -> Result<Self, DigestError> {
        let Some((name, hex)) = text.split_once(':') else {
            return Err(DigestError::Format);
        };
        if name.is_empty() || hex.is_empty() {
            return Err(DigestError::Format);
        }
        let Some(algorithm) = Algorithm::ALL.into_iter().find(|a| a.name() == name) else {
            return Err(if is_algorithm_name(name) && hex.bytes().all(is_encoded_byte) {
                DigestError::Algorithm
            } else {
                DigestError::Format
            });
        };
        if hex.len() != algorithm.hex_length() {
            return Err(DigestError::Length);
        }
        if !hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(DigestError::Format);
        }
        Ok(Self {
            algorithm,
            text: text.to_owned(),
        })
    }

    /// The SHA-256 digest of some bytes.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self::from_hash(Sha256::digest(bytes).into())
    }

    /// The digests of some bytes by the other algorithms.
    #[must_use]
    pub fn others_of_bytes(bytes: &[u8]) -> [Self; 2] {
        [Algorithm::Sha384, Algorithm::Sha512].map(|algorithm| Self {
            algorithm,
            text: format!("{}:{}", algorithm.name(), algorithm.hash(bytes)),
        })
    }

    /// Whether some bytes hash to this digest, by its own algorithm.
    #[must_use]
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        self.algorithm.hash(bytes) == self.hex()
    }

    /// The SHA-256 digest with this hash.
    #[must_use]
    pub fn from_hash(hash: [u8; 32]) -> Self {
        let mut text = String::with_capacity(71);
        text.push_str("sha256:");
        for byte in hash {
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from_digit(nibble.into(), 16).unwrap_or('0'));
            }
        }
        Self {
            algorithm: Algorithm::Sha256,
            text,
        }
    }

    /// The hash of a SHA-256 digest, in less than half of the memory of its text.
    #[must_use]
    pub fn hash(&self) -> Option<[u8; 32]> {
        if self.algorithm != Algorithm::Sha256 {
            return None;
        }
        let mut hash = [0; 32];
        let mut digits = self.hex().chars().filter_map(|digit| digit.to_digit(16));
        for byte in &mut hash {
            let (high, low) = (digits.next()?, digits.next()?);
            *byte = u8::try_from(high * 16 + low).ok()?;
        }
        Some(hash)
    }

    /// The digest of a manifest: of its bytes, or for a signed schema 1 manifest of the payload inside its JWS.
    ///
    /// # Errors
    /// When a signed schema 1 manifest is malformed; the plain hash of such bytes is not a fallback.
    pub fn of_manifest(bytes: &[u8]) -> Result<Self, manifest::SignedManifestError> {
        if manifest::media_type(bytes) != manifest::SCHEMA1_SIGNED {
            return Ok(Self::of_bytes(bytes));
        }
        let payload = manifest::jws_payload(bytes)?;
        let mut hash = Sha256::new();
        hash.update(payload.head);
        hash.update(&payload.tail);
        Ok(Self::from_hash(hash.finalize().into()))
    }

    /// Whether this is the digest of a manifest, by its own algorithm, over what [`Digest::of_manifest`] hashes.
    #[must_use]
    pub fn is_of_manifest(&self, bytes: &[u8]) -> bool {
        if manifest::media_type(bytes) != manifest::SCHEMA1_SIGNED {
            return self.is_of(bytes);
        }
        let payload = manifest::jws_payload(bytes);
        payload.is_ok_and(|payload| self.is_of(&[payload.head, &payload.tail].concat()))
    }

    /// Whether `self`, a digest somebody claims, is the digest of the image `image`.
    ///
    /// Manifest digests are SHA-256 always: a claim of another algorithm never matches, even a true one
    /// (containers-signature(5), `docker-manifest-digest`). What a reference may have is another question,
    /// which [`crate::subject::ManifestState::has`] answers.
    #[must_use]
    pub fn names(&self, image: &Digest) -> bool {
        self.algorithm == Algorithm::Sha256 && self == image
    }

    /// The whole text: algorithm, colon, hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Which algorithm it names.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The digits after the colon.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.text[self.algorithm.name().len() + 1..]
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a name is of the form `[a-z0-9]+([.+_-][a-z0-9]+)*`.
fn is_algorithm_name(name: &str) -> bool {
    name.split(['.', '+', '_', '-'])
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

fn is_encoded_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'=' | b'_' | b'-')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_digest_is_told_apart() {
        let zeros = "0".repeat(64);
        for (text, error) in [
            ("sha256", DigestError::Format),
            ("sha256:", DigestError::Format),
            (":0", DigestError::Format),
            ("sha256:0", DigestError::Length),
            ("sha1:AZaz09=_-", DigestError::Algorithm),
            ("sha1:a b", DigestError::Format),
            ("sha1:", DigestError::Format),
            ("sha-:0", DigestError::Format),
            ("a+b.c_d-e:0", DigestError::Algorithm),
            ("Sha256:0", DigestError::Format),
            (&format!("sha256:{}g", &zeros[1..]), DigestError::Format),
            (&format!("sha256:{}A", &zeros[1..]), DigestError::Format),
            (&format!("sha512:{zeros}"), DigestError::Length),
        ] {
            assert_eq!(Digest::parse(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn bytes_are_compared_by_the_digests_own_algorithm() {
        // Of the empty text, from FIPS 180-4's examples.
        for text in [
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "sha384:38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
            "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
        ] {
            let digest = Digest::parse(text).unwrap();
            assert!(digest.is_of(b"") && !digest.is_of(b" "), "{text}");
        }
    }

    #[test]
    fn only_sha256_has_the_short_form_and_names_images() {
        let own = Digest::of_bytes(b"own");
        assert_eq!(Digest::from_hash(own.hash().unwrap()), own);
        assert!(own.names(&own) && !own.names(&Digest::of_bytes(b"other")));
        let long = Digest::parse(&format!("sha512:{}", "0f".repeat(64))).unwrap();
        assert_eq!(long.hash(), None);
        assert!(!long.names(&long));
    }
}
