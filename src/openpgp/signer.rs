// SPDX-License-Identifier: Apache-2.0
//! Whose signature it is, once it could be checked.

use crate::openpgp::keys::key::{Fingerprint, Validity};
use crate::openpgp::keys::public_key::Material;

/// Who made a signature that could be checked.
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
    /// When the key that signed or its primary key expires, whichever is first, in seconds since 1970; `None` if never.
    pub expires: Option<i64>,
    /// What the key that signed and its primary key are made of.
    pub materials: Vec<Material>,
}
