// SPDX-License-Identifier: Apache-2.0
//! What is asked of a signature and its key after GnuPG has spoken, whatever keyring the key is from.

use crate::limits::CLOCK_SKEW;
use crate::openpgp::answers::{claimed_by_several, older_than_key};
use crate::openpgp::engine::{SignedBy, Signer};
use crate::openpgp::framing::algorithm::HashAlgorithm;
use crate::openpgp::framing::signature::Signature;
use crate::openpgp::gnupg::gpgme::Error;
use crate::openpgp::gnupg::status::{Answer, Check, ValidSignature};
use crate::openpgp::keys::key::{Key, Subkey, Validity, MIN_BITS};
use crate::reason::{Reason, Refusal};
use crate::text::{safe, time};

/// The one key that a signing (sub)key belongs to. Two primary keys may claim one subkey: then nobody can tell whose
/// signature it is.
pub(super) fn sole_key<'k>(keys: &'k [Key], valid: &ValidSignature) -> Result<Result<&'k Key, Refusal>, Error> {
    match keys {
        [key] if *key.fingerprint() == valid.primary && key.subkey(&valid.fingerprint).is_some() => Ok(Ok(key)),
        [] | [_] => Err(Error::Answer {
            doing: "looking up the signer",
            why: format!("the keyring does not show key {} as it signed", valid.fingerprint),
        }),
        several => Ok(Err(claimed_by_several(valid.fingerprint.as_str(), several))),
    }
}

/// The signer of a checked signature.
pub(super) fn signer(key: &Key, valid: &ValidSignature, validity: Option<Validity>, owner: &str) -> Signer {
    Signer {
        fingerprint: valid.fingerprint.clone(),
        primary: valid.primary.clone(),
        user_id: owner.to_owned(),
        validity,
        key_algorithm: key
            .subkey(&valid.fingerprint)
            .map(Subkey::algorithm_name)
            .unwrap_or_default(),
        hash_algorithm: HashAlgorithm(valid.hash).to_string(),
        created: valid.created,
    }
}

/// Checks everything about a key and a signature that fits it except whether the key is one of those that count.
///
/// Times are judged by our clock as well as by GnuPG's: `faked-system-time` in its configuration moves only the latter.
pub(super) fn judge_key(
    key: &Key,
    valid: &ValidSignature,
    answer: &Answer,
    signature: &Signature,
    now: i64,
) -> Result<(), Refusal> {
    let who = format!("{} ({})", safe(key.owner(false)), key.fingerprint());
    let refuse = |reason, what: String| Err(Refusal::new(reason, what));
    let primary = key.primary();
    let Some(subkey) = key.subkey(&valid.fingerprint) else {
        return refuse(Reason::UnknownKey, format!("it is made by an unknown subkey of {who}"));
    };
    let part = if subkey.fingerprint == primary.fingerprint {
        String::new()
    } else {
        format!("subkey {} of ", subkey.fingerprint)
    };
    if key.revoked || primary.revoked || subkey.revoked || answer.check == Check::KeyRevoked {
        return refuse(
            Reason::KeyRevoked,
            format!("it is made by {part}{who}, which is revoked"),
        );
    }
    if key.disabled {
        return refuse(
            Reason::KeyDisabled,
            format!("it is made by {who}, which is disabled in the keyring"),
        );
    }
    if primary.is_expired(now) || subkey.is_expired(now) || answer.check == Check::KeyExpired {
        let when = [primary, subkey].into_iter().filter_map(|k| k.expires).min();
        let when = when.map_or(String::new(), |t| format!(" since {}", time(t)));
        return refuse(
            Reason::KeyExpired,
            format!("it is made by {part}{who}, which is expired{when}"),
        );
    }
    if key.invalid || primary.invalid || subkey.invalid {
        return refuse(
            Reason::BadSignature,
            format!("it is made by {part}{who}, which gpg finds invalid"),
        );
    }
    if !subkey.can_sign {
        return refuse(
            Reason::WrongKeyUsage,
            format!("it is made by {part}{who}, which may not sign data"),
        );
    }
    if let Some(weak) = [primary, subkey].into_iter().find(|k| k.is_weak()) {
        return refuse(
            Reason::WeakAlgorithm,
            format!(
                "it is made by {part}{who}, whose key is {}: fewer than {MIN_BITS} bits",
                weak.algorithm_name()
            ),
        );
    }
    if answer.check == Check::SignatureExpired || signature.expires.is_some_and(|expires| expires <= now) {
        let when = signature.expires.map_or(String::new(), |t| format!(" on {}", time(t)));
        return refuse(
            Reason::SignatureExpired,
            format!("the signature by {who} expired{when}"),
        );
    }
    if signature.created > now + CLOCK_SKEW {
        return refuse(
            Reason::SignatureNotYetValid,
            format!(
                "the signature by {who} is dated {}, in the future; the clock here says {}",
                time(signature.created),
                time(now)
            ),
        );
    }
    // `ignore-time-conflict` in the system's configuration makes gpg accept it.
    if signature.created < subkey.created {
        return refuse(Reason::BadSignature, older_than_key(&valid.fingerprint));
    }
    if answer.check != Check::Good {
        return refuse(
            Reason::BadSignature,
            format!("gpg does not call the signature by {who} good"),
        );
    }
    Ok(())
}

/// A good signature by a key that is not among those named with `--signed-by`.
pub(super) fn not_named(signer: &Signer, signed_by: &SignedBy) -> Refusal {
    Refusal::new(
        Reason::KeyNotAccepted,
        format!(
            "it is made by {} (key {}, of primary key {}), which is not among the keys named with --signed-by: {signed_by}",
            safe(&signer.user_id),
            signer.fingerprint,
            signer.primary
        ),
    )
}
