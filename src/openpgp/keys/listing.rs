// SPDX-License-Identifier: Apache-2.0
//! Keys as they are listed for people: what would count, and why the rest does not.

use std::collections::HashMap;

use crate::limits::CLOCK_SKEW;
use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::key::{Fingerprint, Key, Subkey, Validity, MIN_BITS};
use crate::openpgp::keys::signed_by::SignedBy;
use crate::openpgp::roles::Standing;
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
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// Seconds since 1970, where it expires and that was looked into.
    pub expires: Option<i64>,
    /// Its validity in the user's keyring; `None` where it was named explicitly.
    pub validity: Option<Validity>,
    /// Why no signature by it would count; `None` where one would.
    pub refusal: Option<Refusal>,
    /// Whether a signature by the primary key itself would count.
    pub is_primary_signing: bool,
    /// Its subkeys, as far as they were looked into.
    pub subkeys: Vec<ListedSubkey>,
    /// Whether gpg was asked about it. If not, the owner is what the key claims, and its expiry is not known.
    pub checked: bool,
}

/// A subkey of it.
#[derive(Debug, Clone)]
pub struct ListedSubkey {
    /// What is known of it.
    pub subkey: Subkey,
    /// Why no signature by it would count; `None` where one would.
    pub refusal: Option<Refusal>,
}

/// How many keys claim each key or subkey.
pub type Claims = HashMap<[u8; 20], usize>;

impl ListedKey {
    /// A key about which gpg was asked.
    #[must_use]
    pub fn checked(
        key: &Key,
        certificate: &Certificate,
        standing: Standing,
        signed_by: &SignedBy,
        claims: &Claims,
        now: i64,
    ) -> Self {
        let primary = key.primary();
        let own = |subkey: &Subkey| part(key, subkey, certificate, signed_by, claims, now);
        let of_key = whole(key, &standing, now);
        let parts: Vec<ListedSubkey> = key
            .subkeys
            .iter()
            .map(|subkey| ListedSubkey {
                refusal: of_key.clone().or_else(|| own(subkey)),
                subkey: subkey.clone(),
            })
            .collect();
        // What is said of the key for a subkey of it names that.
        let named = |part: &ListedSubkey| {
            let refusal = part.refusal.clone()?;
            let is_own = of_key.is_none() && part.subkey.fingerprint != primary.fingerprint;
            Some(if is_own {
                let message = format!("of its subkey {}: {}", part.subkey.fingerprint, refusal.message);
                Refusal::new(refusal.reason, message)
            } else {
                refusal
            })
        };
        // Nothing of it can sign: what is wrong with the primary key says most, unless it is not one that signs.
        let refusal = if parts.iter().any(|part| part.refusal.is_none()) {
            standing.objection
        } else {
            let told = parts.iter().filter_map(named);
            let usage = |refusal: &Refusal| refusal.reason != Reason::WrongKeyUsage;
            told.clone().find(usage).or(told.clone().next())
        };
        Self {
            fingerprint: primary.fingerprint.clone(),
            algorithm: primary.algorithm_name(),
            owner: standing.owner.unwrap_or_else(|| key.owner(false)),
            created: primary.created,
            expires: primary.expires,
            validity: standing.validity,
            refusal,
            is_primary_signing: parts.first().is_some_and(|part| part.refusal.is_none()),
            subkeys: parts.into_iter().skip(1).collect(),
            checked: true,
        }
    }

    /// A key that cannot count, whatever gpg would say about it.
    #[must_use]
    pub fn claimed(certificate: &Certificate, refusal: Refusal) -> Self {
        let fingerprint = certificate.fingerprint().clone();
        Self {
            owner: certificate.user_id().unwrap_or_else(|| fingerprint.to_string()),
            fingerprint,
            algorithm: certificate.algorithm(),
            created: certificate.created(),
            expires: None,
            validity: Some(Validity::Unknown),
            refusal: Some(refusal),
            is_primary_signing: false,
            subkeys: Vec::new(),
            checked: false,
        }
    }

    /// The subkeys by which it signs, where the primary key may not.
    pub fn deputies(&self) -> impl Iterator<Item = &Subkey> {
        let own = self
            .subkeys
            .iter()
            .filter(|own| !self.is_primary_signing && own.refusal.is_none());
        own.map(|own| &own.subkey)
    }

    /// When the last of them expires, where all do: in seconds since 1970.
    #[must_use]
    pub fn signs_until(&self) -> Option<i64> {
        let ends: Option<Vec<i64>> = self.deputies().map(|own| own.expires).collect();
        ends?.into_iter().max()
    }
}

/// Why no signature by any part of a key would count, whoever vouches for it.
fn whole(key: &Key, standing: &Standing, now: i64) -> Option<Refusal> {
    let primary = key.primary();
    let refuse = |reason, what: String| Some(Refusal::new(reason, what));
    if key.revoked || primary.revoked || standing.revoked {
        return refuse(Reason::KeyRevoked, "it is revoked".into());
    }
    if key.disabled || standing.disabled {
        return refuse(Reason::KeyDisabled, "it is disabled in the keyring".into());
    }
    if primary.created > now + CLOCK_SKEW {
        return refuse(Reason::SignatureNotYetValid, future(primary, now));
    }
    if primary.is_expired(now) {
        return refuse(Reason::KeyExpired, expired(primary));
    }
    if primary.is_weak() {
        return refuse(Reason::WeakAlgorithm, weak(primary));
    }
    None
}

/// Why no signature by this part of a key would count, if the rest of it does.
fn part(
    key: &Key,
    subkey: &Subkey,
    certificate: &Certificate,
    signed_by: &SignedBy,
    claims: &Claims,
    now: i64,
) -> Option<Refusal> {
    let refuse = |reason, what: String| Some(Refusal::new(reason, what));
    let bytes = subkey.fingerprint.bytes();
    if let Some(several) = bytes.and_then(|own| claims.get(&own)).filter(|count| **count > 1) {
        return refuse(Reason::KeyNotAccepted, format!("{several} keys claim it as theirs"));
    }
    if subkey.revoked {
        return refuse(Reason::KeyRevoked, "it is revoked".into());
    }
    if subkey.created > now + CLOCK_SKEW {
        return refuse(Reason::SignatureNotYetValid, future(subkey, now));
    }
    if subkey.is_expired(now) {
        return refuse(Reason::KeyExpired, expired(subkey));
    }
    if subkey.invalid {
        return refuse(Reason::BadSignature, "gpg finds it invalid".into());
    }
    if !subkey.can_sign {
        return refuse(Reason::WrongKeyUsage, "it may not sign data".into());
    }
    if subkey.is_weak() {
        return refuse(Reason::WeakAlgorithm, weak(subkey));
    }
    let is_subkey = subkey.fingerprint != *key.fingerprint();
    if is_subkey && bytes.is_some_and(|own| !certificate.has_consent_of(&own)) {
        let what = "it lacks the back-signature that binds it to its primary key";
        return refuse(Reason::BadSignature, what.into());
    }
    if !signed_by.admits(&subkey.fingerprint, key.fingerprint()) {
        return refuse(Reason::KeyNotAccepted, "it is not named with --signed-by".into());
    }
    None
}

fn expired(subkey: &Subkey) -> String {
    match subkey.expires {
        Some(when) => format!("it expired on {}", time(when)),
        None => "it has expired".to_owned(),
    }
}

fn weak(subkey: &Subkey) -> String {
    format!("{} has fewer than {MIN_BITS} bits", subkey.algorithm_name())
}

fn future(subkey: &Subkey, now: i64) -> String {
    format!(
        "it is dated {}, in the future; the clock here says {}",
        time(subkey.created),
        time(now)
    )
}
