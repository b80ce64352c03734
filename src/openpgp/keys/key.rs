// SPDX-License-Identifier: Apache-2.0
//! Keys as GnuPG lists them: values without any handle on GnuPG.

use crate::text::hex;

/// A fingerprint: 40 or 64 upper case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(String);

/// Why a text is not a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FingerprintError {
    /// A short or long key ID.
    #[error(
        "{0} is a key ID, not a fingerprint: other keys can be made to have the same ID; give all 40 digits (gpg --fingerprint shows them)"
    )]
    KeyId(String),
    /// Not as many hexadecimal digits as a fingerprint has.
    #[error("\"{0}\" is not a fingerprint: 40 hexadecimal digits (64 for a version 6 key)")]
    Format(String),
}

impl Fingerprint {
    /// Parses a fingerprint as signatures and keys have it: exactly 40 or 64 upper case hexadecimal digits.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse(text: &str) -> Result<Self, FingerprintError> {
        match Self::read(text) {
            Ok(own) if own.0 == text => Ok(own),
            _ => Err(FingerprintError::Format(text.to_owned())),
        }
    }

    /// Reads a fingerprint as people write it: in upper or lower case, with `0x` before it, with the spaces that gpg
    /// prints or with colons.
    ///
    /// # Errors
    /// When it is something else; key IDs are told apart because they are what is most often given by mistake.
    pub fn read(text: &str) -> Result<Self, FingerprintError> {
        let plain: String = text.chars().filter(|c| !c.is_ascii_whitespace() && *c != ':').collect();
        let plain = plain.strip_prefix("0x").or(plain.strip_prefix("0X")).unwrap_or(&plain);
        let digits = plain.to_ascii_uppercase();
        let hexadecimal = digits.bytes().all(|b| b.is_ascii_hexdigit());
        match digits.len() {
            40 | 64 if hexadecimal => Ok(Self(digits)),
            8 | 16 if hexadecimal => Err(FingerprintError::KeyId(text.to_owned())),
            _ => Err(FingerprintError::Format(text.to_owned())),
        }
    }

    /// The fingerprint of a version 4 key by its octets.
    #[must_use]
    pub fn of(octets: &[u8; 20]) -> Self {
        Self(hex(octets))
    }

    /// The octets of a version 4 fingerprint.
    #[must_use]
    pub fn bytes(&self) -> Option<[u8; 20]> {
        let mut bytes = [0; 20];
        if self.0.len() != 2 * bytes.len() {
            return None;
        }
        for (byte, digits) in bytes.iter_mut().zip(self.0.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(bytes)
    }

    /// The hexadecimal digits, in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far GnuPG's trust model holds a user ID to belong to its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Validity {
    Unknown,
    Undefined,
    Never,
    Marginal,
    Full,
    Ultimate,
}

impl Validity {
    /// The word gpg uses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Validity::Unknown => "unknown",
            Validity::Undefined => "undefined",
            Validity::Never => "never",
            Validity::Marginal => "marginal",
            Validity::Full => "full",
            Validity::Ultimate => "ultimate",
        }
    }

    /// Whether a key of this validity counts by itself.
    #[must_use]
    pub fn is_enough(self) -> bool {
        matches!(self, Validity::Full | Validity::Ultimate)
    }
}

/// One user ID of a key.
#[derive(Debug, Clone)]
pub struct UserId {
    /// As it stands in the key; not safe to print as it is.
    pub text: String,
    /// By the trust model of the keyring it was listed from.
    pub validity: Validity,
    /// Revoked by its owner, or without a valid self-signature.
    pub revoked: bool,
}

/// A primary key or subkey.
#[derive(Debug, Clone)]
pub struct Subkey {
    /// The fingerprint of this key itself, not of its primary key.
    pub fingerprint: Fingerprint,
    /// The public-key algorithm by its OpenPGP number.
    pub algorithm: crate::openpgp::framing::algorithm::PublicKeyAlgorithm,
    /// Length in bits; for elliptic curves that of the field.
    pub bits: usize,
    /// Name of the curve where it has one.
    pub curve: Option<String>,
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// Seconds since 1970, where it expires.
    pub expires: Option<i64>,
    /// Its owner, or somebody whom the owner has named, has taken it back.
    pub revoked: bool,
    /// Expired by GnuPG's clock.
    pub expired: bool,
    /// Unusable for another reason.
    pub invalid: bool,
    /// Its flags allow signing data.
    pub can_sign: bool,
}

impl Subkey {
    /// Short name of algorithm and strength, such as `rsa4096` or `ed25519`, as gpg writes it.
    #[must_use]
    pub fn algorithm_name(&self) -> String {
        match (&self.curve, self.algorithm.0) {
            (Some(curve), _) => curve.to_ascii_lowercase(),
            (None, 1..=3) => format!("rsa{}", self.bits),
            (None, 17) => format!("dsa{}", self.bits),
            (None, 16 | 20) => format!("elg{}", self.bits),
            (None, n) => format!("algorithm{n}"),
        }
    }

    /// Whether it is too weak to be believed: RSA and DSA below 2048 bits.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        matches!(self.algorithm.0, 1..=3 | 17) && self.bits < MIN_BITS
    }

    /// Whether it has expired at `now`, in seconds since 1970, or by GnuPG's own clock.
    #[must_use]
    pub fn is_expired(&self, now: i64) -> bool {
        self.expired || self.expires.is_some_and(|expires| expires <= now)
    }
}

/// Fewest bits of an RSA or DSA key (docs/contract.md 1).
pub(crate) const MIN_BITS: usize = 2048;

/// A primary key with its subkeys and user IDs.
#[derive(Debug, Clone)]
pub struct Key {
    /// The primary key first, then the subkeys; never empty.
    pub subkeys: Vec<Subkey>,
    /// User IDs in the order in which GnuPG lists them: the primary one first.
    pub user_ids: Vec<UserId>,
    /// The primary key is revoked.
    pub revoked: bool,
    /// Disabled in the keyring it was listed from.
    pub disabled: bool,
    /// GnuPG finds no valid self-signature or other fault.
    pub invalid: bool,
}

impl Key {
    /// The primary key, without its subkeys.
    #[must_use]
    pub fn primary(&self) -> &Subkey {
        &self.subkeys[0]
    }

    /// The primary key's fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.primary().fingerprint
    }

    /// Whether it must not vouch for other keys at `now` (seconds since 1970): revoked, expired, disabled
    /// or without valid self-signature.
    #[must_use]
    pub fn is_unfit(&self, now: i64) -> bool {
        let primary = self.primary();
        self.revoked || self.disabled || self.invalid || primary.revoked || primary.invalid || primary.is_expired(now)
    }

    /// The primary key or subkey of a fingerprint.
    #[must_use]
    pub fn subkey(&self, fingerprint: &Fingerprint) -> Option<&Subkey> {
        self.subkeys.iter().find(|k| k.fingerprint == *fingerprint)
    }

    /// The validity that the key has for its owner: the best of its unrevoked user IDs.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.user_ids
            .iter()
            .filter(|id| !id.revoked)
            .map(|id| id.validity)
            .max()
            .unwrap_or(Validity::Unknown)
    }

    /// Who the key belongs to: where validity decides, the first user ID that has it, because anyone can add user IDs
    /// to a key that somebody else certified; otherwise the primary one; of a revoked key, all of whose user IDs GnuPG
    /// calls revoked, the first one, marked; failing that the fingerprint.
    #[must_use]
    pub fn owner(&self, by_validity: bool) -> String {
        let accepted = |id: &&UserId| !id.revoked && (!by_validity || id.validity.is_enough());
        match (self.user_ids.iter().find(accepted), self.user_ids.first()) {
            (Some(id), _) => id.text.clone(),
            (None, Some(id)) if self.revoked || self.primary().revoked => format!("{} [revoked]", id.text),
            _ => self.fingerprint().to_string(),
        }
    }
}
