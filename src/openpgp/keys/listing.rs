// SPDX-License-Identifier: Apache-2.0
//! Keys as they are listed for people: what would count, and why the rest does not.

use crate::openpgp::engine::SignedBy;
use crate::openpgp::keys::key::{Fingerprint, Key, Subkey, Validity, MIN_BITS};
use crate::openpgp::keys::ring::Claims;
use crate::reason::{Reason, Refusal};
use crate::text::time;

/// One key of a keyring.
#[derive(Debug, Clone)]
pub struct ListedKey {
    /// The primary key's fingerprint.
    pub fingerprint: Fingerprint,
    /// Its algorithm and strength.
    pub algorithm: String,
    /// Who owns it, as the key says. Not safe to print as it is.
    pub owner: String,
    /// Seconds since 1970.
    pub created: i64,
    /// Seconds since 1970, where it expires and that was looked into.
    pub expires: Option<i64>,
    /// Its validity in the user's keyring; `None` where it was named explicitly.
    pub validity: Option<Validity>,
    /// Why no signature by it would count; `None` where one would.
    pub refusal: Option<Refusal>,
    /// Its subkeys, as far as they were looked into.
    pub subkeys: Vec<Subkey>,
    /// Whether gpg was asked about it. If not, the owner is what the key claims, and its expiry is not known.
    pub checked: bool,
}

impl ListedKey {
    /// A key that gpg listed; `objection` is why it is not among those that count, if it is not.
    #[must_use]
    pub fn checked(
        key: &Key,
        owner: &str,
        validity: Option<Validity>,
        signed_by: &SignedBy,
        objection: Option<Refusal>,
        now: i64,
    ) -> Self {
        let primary = key.primary();
        Self {
            fingerprint: primary.fingerprint.clone(),
            algorithm: primary.algorithm_name(),
            owner: owner.to_owned(),
            created: primary.created,
            expires: primary.expires,
            validity,
            refusal: useless(key, signed_by, now).or(objection),
            subkeys: key.subkeys[1..].to_vec(),
            checked: true,
        }
    }

    /// A key that cannot count, whatever gpg would say about it.
    #[must_use]
    pub fn claimed(claims: Claims, refusal: Refusal) -> Self {
        Self {
            owner: claims.user_id.unwrap_or_else(|| claims.fingerprint.to_string()),
            fingerprint: claims.fingerprint,
            algorithm: claims.algorithm,
            created: claims.created,
            expires: None,
            validity: Some(Validity::Unknown),
            refusal: Some(refusal),
            subkeys: Vec::new(),
            checked: false,
        }
    }
}

/// Why no signature by a key would count, whoever vouches for it.
fn useless(key: &Key, signed_by: &SignedBy, now: i64) -> Option<Refusal> {
    let primary = key.primary();
    let refuse = |reason, what: String| Some(Refusal::new(reason, what));
    if key.revoked || primary.revoked {
        return refuse(Reason::KeyRevoked, "it is revoked".into());
    }
    if key.disabled {
        return refuse(Reason::KeyDisabled, "it is disabled in the keyring".into());
    }
    if primary.is_expired(now) {
        let when = primary.expires.map_or(String::new(), |t| format!(" since {}", time(t)));
        return refuse(Reason::KeyExpired, format!("it is expired{when}"));
    }
    if primary.is_weak() {
        return refuse(
            Reason::WeakAlgorithm,
            format!("{} has fewer than {MIN_BITS} bits", primary.algorithm_name()),
        );
    }
    let usable = |k: &&Subkey| k.can_sign && !k.revoked && !k.is_expired(now) && !k.invalid && !k.is_weak();
    let mut signing = key.subkeys.iter().filter(usable).peekable();
    if signing.peek().is_none() {
        return refuse(
            Reason::WrongKeyUsage,
            "it has no key that may sign data and is not revoked or expired".into(),
        );
    }
    if !signing.any(|k| signed_by.admits(&k.fingerprint, key.fingerprint())) {
        return refuse(Reason::KeyNotAccepted, "it is not named with --signed-by".into());
    }
    None
}
