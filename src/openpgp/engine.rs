// SPDX-License-Identifier: Apache-2.0
//! The engine: is this framed message signed, and by a key that may say so?
//!
//! One trait, so that a batch worker and another OpenPGP implementation can stand in for the one here. A signature is
//! accepted for the fingerprint of its primary key, which must be in an explicit set; never for GnuPG's mood alone.

use std::collections::HashMap;

use super::gpgme::{Answer, Check, Error, Gpg, ValidSignature};
use super::home::{system_refusal, Home, SYSTEM_CONFIG};
use super::key::{Fingerprint, Key, Validity, MIN_BITS};
use super::listing::ListedKey;
use super::message::Message;
use super::signature::{HashAlgorithm, Signature};
use crate::text::safe;
use crate::verdict::reason::{Reason, Refusal};

/// How far ahead of our clock a signature may be dated, in seconds, before it counts as one from the future.
pub const CLOCK_SKEW: i64 = 300;

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

/// Keys out of files: all of them count, and only they.
#[derive(Debug)]
pub struct KeyFileEngine {
    gpg: Gpg,
    accepted: Vec<Fingerprint>,
    signed_by: SignedBy,
    now: i64,
    listed: HashMap<Fingerprint, Vec<Key>>,
    _home: Home,
}

impl KeyFileEngine {
    /// Judges by the keys `accepted`, which stand in the keyring of `gpg`, at the time `now` (seconds since 1970).
    #[must_use]
    pub fn new(home: Home, gpg: Gpg, accepted: Vec<Fingerprint>, signed_by: SignedBy, now: i64) -> Self {
        Self {
            gpg,
            accepted,
            signed_by,
            now,
            listed: HashMap::new(),
            _home: home,
        }
    }

    /// The keys that have this primary key or subkey, looked up once.
    fn lookup(&mut self, fingerprint: &Fingerprint) -> Result<&[Key], Error> {
        if !self.listed.contains_key(fingerprint) {
            let keys = self.gpg.keys(&[fingerprint.as_str()])?;
            self.listed.insert(fingerprint.clone(), keys);
        }
        Ok(&self.listed[fingerprint])
    }
}

impl Engine for KeyFileEngine {
    fn verify(&mut self, message: &Message) -> Result<Finding, Error> {
        let answer = self.gpg.verify(&message.detached_signature(), &message.payload)?;
        let valid = match checked_signature(&answer, &message.signature)? {
            Ok(valid) => valid,
            Err(refusal) => {
                return Ok(Finding {
                    signer: None,
                    refusal: Some(refusal),
                });
            }
        };
        let keys = self.lookup(&valid.fingerprint)?.to_vec();
        let key = match sole_key(&keys, &valid)? {
            Ok(key) => key,
            Err(refusal) => {
                return Ok(Finding {
                    signer: None,
                    refusal: Some(refusal),
                });
            }
        };
        let signer = signer(key, &valid, None, key.owner(false));
        let refusal = judge_key(key, &valid, &answer, &message.signature, self.now)
            .err()
            .or_else(|| {
                let in_files = self.accepted.contains(&valid.primary);
                (!in_files || !self.signed_by.admits(&valid.fingerprint, &valid.primary))
                    .then(|| not_named(&signer, &self.signed_by))
            });
        Ok(Finding {
            signer: Some(signer),
            refusal,
        })
    }

    fn keys(&mut self) -> Result<Vec<ListedKey>, Error> {
        let patterns: Vec<&str> = self.accepted.iter().map(Fingerprint::as_str).collect();
        let mut keys = self.gpg.keys(&patterns)?;
        // In the order of their files.
        keys.sort_by_key(|key| self.accepted.iter().position(|f| f == key.fingerprint()));
        Ok(keys
            .iter()
            .map(|key| ListedKey::checked(key, key.owner(false), None, &self.signed_by, None, self.now))
            .collect())
    }
}

/// Sorts out the answers in which GnuPG could not check the signature, or found that it does not fit; otherwise gives
/// the facts, after making sure that GnuPG and the framing read the same packet.
pub(super) fn checked_signature(
    answer: &Answer,
    signature: &Signature,
) -> Result<Result<ValidSignature, Refusal>, Error> {
    let maker = signature
        .fingerprint
        .clone()
        .unwrap_or_else(|| signature.key_id.to_string());
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

/// gpg's error codes (libgpg-error) for signatures that it could not check.
fn refuse_code(code: u32, maker: &str, signature: &Signature) -> Result<Refusal, Error> {
    const GENERAL: u32 = 1;
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
            format!("gpg refuses the signature by {maker}: it is older than the key that made it"),
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
        DIGEST_ALGO | PUBKEY_ALGO if code == DIGEST_ALGO || system_refusal().is_some() => {
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
        several => {
            let primaries: Vec<&str> = several.iter().map(|key| key.fingerprint().as_str()).collect();
            Ok(Err(Refusal::new(
                Reason::KeyNotAccepted,
                format!(
                    "it is made by subkey {}, which {} keys claim as theirs: {}",
                    valid.fingerprint,
                    several.len(),
                    primaries.join(", ")
                ),
            )))
        }
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
            .map(super::key::Subkey::algorithm_name)
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
        let when = when.map_or(String::new(), |t| format!(" since {}", crate::text::time(t)));
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
        let when = signature
            .expires
            .map_or(String::new(), |t| format!(" on {}", crate::text::time(t)));
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
                crate::text::time(signature.created),
                crate::text::time(now)
            ),
        );
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
