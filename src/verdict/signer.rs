// SPDX-License-Identifier: Apache-2.0
//! Who made a signature, of whatever kind.

use crate::openpgp::keys::public_key::Material;
use crate::openpgp::signer::GpgSigner;
use crate::sigstore::keys::SigstoreSigner;
use crate::text::{safe, time};

/// Who made a signature that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// The OpenPGP key that made it.
    Gpg(GpgSigner),
    /// The sigstore key that made it.
    Sigstore(SigstoreSigner),
}

impl Signer {
    /// What a user knows the key by: the fingerprint of the primary key, or `sha256:` and the digest of the public key.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Signer::Gpg(signer) => signer.primary.to_string(),
            Signer::Sigstore(signer) => format!("sha256:{}", signer.id),
        }
    }

    /// The key's owner as the key says; [`Signer::id`] where it says nothing. Not safe to print as it is.
    #[must_use]
    pub fn owner(&self) -> String {
        match self {
            Signer::Gpg(signer) => signer.user_id.clone(),
            Signer::Sigstore(_) => self.id(),
        }
    }

    /// Owner and identifier, as every text names a signer; safe to print.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Signer::Gpg(signer) => format!("{} ({})", safe(&signer.user_id), signer.primary),
            Signer::Sigstore(_) => format!("sigstore key {}", self.id()),
        }
    }

    /// The OpenPGP key, if it is one.
    #[must_use]
    pub fn gpg(&self) -> Option<&GpgSigner> {
        match self {
            Signer::Gpg(signer) => Some(signer),
            Signer::Sigstore(_) => None,
        }
    }

    /// Whether two signers are one: the same primary key, or keys of the same numbers, whatever they are called.
    #[must_use]
    pub fn is_same(&self, other: &Signer) -> bool {
        let materials = other.materials();
        self.id() == other.id()
            || self
                .materials()
                .iter()
                .any(|own| materials.iter().any(|other| own.may_be(other)))
    }

    fn materials(&self) -> Vec<Material> {
        match self {
            Signer::Gpg(signer) => signer.materials.clone(),
            Signer::Sigstore(signer) => vec![Material::of_encoded(&signer.id)],
        }
    }

    /// What the first step found, in words.
    pub(super) fn describe(&self) -> String {
        match self {
            Signer::Gpg(signer) => {
                let subkey = if signer.fingerprint == signer.primary {
                    String::new()
                } else {
                    format!(", with subkey {}", signer.fingerprint)
                };
                format!(
                    "good, by {}{subkey}, {} and {}, made {}",
                    self.name(),
                    signer.key_algorithm,
                    signer.hash_algorithm,
                    time(signer.created)
                )
            }
            Signer::Sigstore(signer) => {
                let hash = match signer.hash_algorithm {
                    "none" => String::new(),
                    hash => format!(" and {hash}"),
                };
                format!("good, by {}, {}{hash}", self.name(), signer.key_algorithm)
            }
        }
    }
}
