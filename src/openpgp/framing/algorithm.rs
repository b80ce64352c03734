// SPDX-License-Identifier: Apache-2.0
//! Algorithms by their OpenPGP numbers.

/// A public key algorithm by its number (RFC 9580 section 9.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKeyAlgorithm(pub u8);

impl PublicKeyAlgorithm {
    /// How many numbers (MPIs) a signature of it has; `None` for algorithms that are not checked here.
    pub(super) fn signature_mpis(self) -> Option<usize> {
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

    /// Length of its digests in bits; 0 for algorithms that are not checked here.
    #[must_use]
    pub fn bits(self) -> usize {
        match self.0 {
            8 => 256,
            9 => 384,
            10 => 512,
            11 => 224,
            _ => 0,
        }
    }

    /// Whether GnuPG, as it comes, takes signatures over it in keys.
    #[must_use]
    pub fn is_taken_in_keys(self) -> bool {
        matches!(self.0, 2 | 3 | 8..=11)
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
