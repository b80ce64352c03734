// SPDX-License-Identifier: Apache-2.0
//! Whose signature it is, once it could be checked.

use crate::openpgp::framing::signature::Signature;
use crate::openpgp::keys::key::{Fingerprint, Key, Validity};
use crate::openpgp::keys::public_key::Material;
use crate::openpgp::roles::Standing;

/// Who made a signature that could be checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GpgSigner {
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
    /// When the key that signed or its primary key expires, whichever is first, in seconds since 1970; `None` if never.
    pub expires: Option<i64>,
    /// What the key that signed and its primary key are made of.
    pub materials: Vec<Material>,
}

impl GpgSigner {
    /// The signer of a signature that fits `maker`, which is `key` itself or a subkey of it.
    pub(super) fn of(
        signature: &Signature,
        maker: &Fingerprint,
        key: &Key,
        standing: &Standing,
        materials: Vec<Material>,
    ) -> Self {
        let own = key.subkey(maker);
        Self {
            materials,
            fingerprint: maker.clone(),
            primary: key.fingerprint().clone(),
            user_id: standing.owner.clone().unwrap_or_else(|| key.owner(false)),
            validity: standing.validity,
            key_algorithm: own.map(|own| own.algorithm_name()).unwrap_or_default(),
            hash_algorithm: signature.hash.to_string(),
            created: signature.created,
            expires: [own, Some(key.primary())]
                .into_iter()
                .flatten()
                .filter_map(|part| part.expires)
                .min(),
        }
    }
}
