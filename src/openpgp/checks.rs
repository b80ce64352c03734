// SPDX-License-Identifier: Apache-2.0
//! What is asked of a signature and its key after GnuPG has spoken, whatever keyring the key is from.

use crate::limits::CLOCK_SKEW;
use crate::openpgp::engine::{SignedBy, Signer};
use crate::openpgp::framing::algorithm::HashAlgorithm;
use crate::openpgp::framing::signature::Signature;
use crate::openpgp::gnupg::gpgme::Error;
use crate::openpgp::gnupg::status::{Answer, Check, ValidSignature};
use crate::openpgp::gnupg::system::{self, SYSTEM_CONFIG};
use crate::openpgp::keys::key::{Key, Subkey, Validity, MIN_BITS};
use crate::reason::{Reason, Refusal};
use crate::text::{safe, time};

/// Sorts out the answers in which GnuPG could not check the signature, or found that it does not fit; otherwise gives
/// the facts, after making sure that GnuPG and the framing read the same packet.
pub(super) fn checked_signature(
    answer: &Answer,
    signature: &Signature,
) -> Result<Result<ValidSignature, Refusal>, Error> {
    let maker = signature.maker();
    let refusal = |reason, message: String| Ok(Err(Refusal::new(reason, message)));
    match (&answer.check, &answer.valid) {
        (Check::Bad, _) => refusal(
            Reason::BadSignature,
            match &signature.critical {
                Some(critical) => {
                    format!("gpg refuses the signature by {maker}: it has {critical} that gpg does not know")
                }
                None => format!("the signature by {maker} does not fit the signed data: one of the two was altered"),
            },
        ),
        (Check::Error(code), _) => refuse_code(*code, &maker, signature).map(Err),
        (_, None) => Err(Error::Answer {
            doing: "verifying a signature",
            why: "a verdict without VALIDSIG".into(),
        }),
        (_, Some(valid)) => {
            let same = valid.version == signature.version
                && valid.class == signature.class
                && valid.hash == signature.hash.0
                && valid.public_key == signature.public_key.0
                && valid.created == signature.created
                && signature
                    .fingerprint
                    .as_deref()
                    .is_none_or(|f| f == valid.fingerprint.as_str())
                && valid.fingerprint.as_str().ends_with(&signature.key_id.to_string());
            if !same {
                return Err(Error::Answer {
                    doing: "verifying a signature",
                    why: "it speaks of another signature than the one it was given".into(),
                });
            }
            Ok(Ok(valid.clone()))
        }
    }
}

fn older_than_key(maker: impl std::fmt::Display) -> String {
    format!("the signature by {maker} is older than the key that made it")
}

/// gpg's error code for a subkey without back-signature.
const GENERAL: u32 = 1;

/// gpg's error codes (libgpg-error) for signatures that it could not check.
fn refuse_code(code: u32, maker: &str, signature: &Signature) -> Result<Refusal, Error> {
    const PUBKEY_ALGO: u32 = 4;
    const DIGEST_ALGO: u32 = 5;
    const BAD_PUBKEY: u32 = 6;
    const NO_PUBKEY: u32 = 9;
    const TIME_CONFLICT: u32 = 39;
    const UNSUPPORTED_ALGORITHM: u32 = 84;
    const WRONG_KEY_USAGE: u32 = 125;
    const UNKNOWN_CURVE: u32 = 188;
    /// Set in codes that stand for an error of the system, such as no memory.
    const SYSTEM_ERROR: u32 = 1 << 15;
    let (reason, message) = match code {
        NO_PUBKEY => (
            Reason::UnknownKey,
            format!("it is made by key {maker}, which is not in the keyring"),
        ),
        WRONG_KEY_USAGE => (
            Reason::WrongKeyUsage,
            format!("it is made by key {maker}, which may not sign data"),
        ),
        TIME_CONFLICT => (
            Reason::BadSignature,
            older_than_key(maker),
        ),
        GENERAL => (
            Reason::BadSignature,
            format!("gpg refuses the signature by {maker}: the subkey lacks the back-signature that binds it to its primary key"),
        ),
        BAD_PUBKEY => (
            Reason::BadSignature,
            format!("gpg refuses the signature: key {maker} is damaged"),
        ),
        // The framing lets only SHA-2 and common algorithms pass. A gpg that has no use for them was told so.
        DIGEST_ALGO | PUBKEY_ALGO if code == DIGEST_ALGO || system::refusal().is_some() => {
            return Err(Error::Answer {
                doing: "verifying a signature",
                why: format!(
                    "it refuses {} with {} (error {code}), perhaps for an option in {SYSTEM_CONFIG}",
                    signature.public_key, signature.hash
                ),
            });
        }
        PUBKEY_ALGO | UNSUPPORTED_ALGORITHM | UNKNOWN_CURVE => (
            Reason::UnsupportedSignature,
            format!(
                "this gpg does not check {} with {} (error {code})",
                signature.public_key, signature.hash
            ),
        ),
        code if code & SYSTEM_ERROR != 0 => {
            return Err(Error::Answer {
                doing: "verifying a signature",
                why: format!("a system error (code {code}) kept it from checking"),
            });
        }
        code => (
            Reason::BadSignature,
            format!("gpg refuses the signature by {maker} (error {code})"),
        ),
    };
    Ok(Refusal::new(reason, message))
}

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

/// Nobody can tell whose signature it is.
pub(super) fn claimed_by_several(maker: &str, keys: &[Key]) -> Refusal {
    let primaries: Vec<&str> = keys.iter().map(|key| key.fingerprint().as_str()).collect();
    Refusal::new(
        Reason::KeyNotAccepted,
        format!(
            "it is made by key {maker}, which {} keys claim as theirs: {}",
            keys.len(),
            primaries.join(", ")
        ),
    )
}

/// Whether gpg found a subkey without back-signature. Where several keys claim the subkey it looked at the first of
/// them only, and its refusal may be about the wrong one.
pub(super) fn lacks_back_signature(answer: &Answer) -> bool {
    answer.check == Check::Error(GENERAL)
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
