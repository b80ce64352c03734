// SPDX-License-Identifier: Apache-2.0
//! The engine: is this framed message signed, and by a key that may say so?
//!
//! One trait, so that a batch worker and another OpenPGP implementation can stand in for the one here. A signature is
//! accepted for the fingerprint of its primary key, which must be in an explicit set; never for GnuPG's mood alone.

use crate::openpgp::framing::message::Message;
use crate::openpgp::gnupg::gpgme::Error;
use crate::openpgp::keys::key::{Fingerprint, Validity};
use crate::openpgp::keys::listing::ListedKey;
use crate::reason::Refusal;

/// Who made a signature that GnuPG could check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The key or subkey that signed.
    pub fingerprint: Fingerprint,
    /// Its primary key: the identity that trust decisions are about.
    pub primary: Fingerprint,
    /// The key's owner, as the key says; the fingerprint where it says nothing usable. Not safe to print as it is.
    pub user_id: String,
    /// The key's validity in the user's keyring; `None` where it was named explicitly.
    pub validity: Option<Validity>,
    /// Algorithm and strength of the signing key, such as `rsa4096`.
    pub key_algorithm: String,
    /// Algorithm of the data digest, such as `SHA256`.
    pub hash_algorithm: String,
    /// The signature's own creation time, in seconds since 1970.
    pub created: i64,
}

/// What the engine found out about one message.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The signer, if GnuPG verified the signature with that key, acceptable or not.
    pub signer: Option<Signer>,
    /// Why the signature does not count. `None` only for a good signature by an acceptable key.
    pub refusal: Option<Refusal>,
}

/// Something that can judge signatures against a set of keys.
pub trait Engine {
    /// Judges one message.
    ///
    /// # Errors
    /// When the engine itself fails, so that nothing can be said about the signature.
    fn verify(&mut self, message: &Message) -> Result<Finding, Error>;

    /// Lists the keys, those that count and the others.
    ///
    /// # Errors
    /// When the keyring cannot be read.
    fn keys(&mut self) -> Result<Vec<ListedKey>, Error>;
}

/// Narrows the keys that count to named ones.
#[derive(Debug, Clone, Default)]
pub struct SignedBy(pub Vec<Fingerprint>);

impl SignedBy {
    /// Whether any keys are named.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether a signature by this key or subkey of this primary key is one that is asked for. Naming the primary key
    /// admits its subkeys; naming a subkey admits that one only.
    #[must_use]
    pub fn admits(&self, fingerprint: &Fingerprint, primary: &Fingerprint) -> bool {
        !self.is_limited() || self.0.contains(primary) || self.0.contains(fingerprint)
    }
}

impl std::fmt::Display for SignedBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (n, fingerprint) in self.0.iter().enumerate() {
            write!(f, "{}{fingerprint}", if n == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
