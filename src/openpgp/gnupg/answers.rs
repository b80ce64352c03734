// SPDX-License-Identifier: Apache-2.0
//! What GnuPG's answers about one signature mean: a fact about the message, or trouble that says nothing of it.

use crate::openpgp::error::EngineError;
use crate::openpgp::framing::signature::Signature;
use crate::openpgp::gnupg::failure::GPG;
use crate::openpgp::gnupg::status::{Answer, StatusCheck, ValidSignature};
use crate::openpgp::gnupg::system::{self, SYSTEM_CONFIG};
use crate::openpgp::keys::key::{Fingerprint, Key, Subkey, MIN_BITS};
use crate::openpgp::refusals::{claimed_by_several, older_than_key};
use crate::reason::{Reason, Refusal};
use crate::text::{safe, time};

/// Sorts out the answers in which GnuPG could not check the signature, or found that it does not fit; otherwise gives
/// the facts, after making sure that GnuPG and the framing read the same packet.
///
/// A rejection may only come from the message or its key. So each answer is asked whether passing trouble, or a clock
/// that is behind (`now`, seconds since 1970), could be its cause as well. `lookup` gives the keys that GnuPG has with
/// a fingerprint or key ID; it is called only for signatures that GnuPG does not find good.
pub(super) fn checked_signature(
    answer: &Answer,
    signature: &Signature,
    now: i64,
    mut lookup: impl FnMut(&str) -> Result<Vec<Key>, EngineError>,
) -> Result<Result<ValidSignature, Refusal>, EngineError> {
    let maker = signature.maker();
    let mut keys = Vec::new();
    if matches!(answer.check, StatusCheck::Bad | StatusCheck::Error(_)) {
        keys = lookup(&maker)?;
        // GnuPG falls back to the key ID where it has no key of the fingerprint, and its answer is about that one.
        if let (true, Some(named)) = (keys.is_empty(), &signature.fingerprint) {
            let id = signature.key_id.to_string();
            let others = lookup(&id)?;
            if let Some(other) = others.iter().find_map(|key| made_by(key, &id)) {
                return Ok(Err(only_same_id(named, &other.fingerprint)));
            }
        }
    }
    match (&answer.check, &answer.valid) {
        (StatusCheck::Bad, _) => Ok(Err(Refusal::new(
            Reason::BadSignature,
            format!(
                "the signature by {} does not fit the signed data: one of the two was altered",
                with_owner(&maker, &keys)
            ),
        ))),
        (StatusCheck::Error(code), _) => refuse_code(*code, &maker, signature, now, &keys).map(Err),
        (_, None) => Err(untrusted("a verdict without VALIDSIG".into())),
        (_, Some(valid)) => {
            let same = valid.version == signature.version
                && valid.class == signature.class
                && valid.hash == signature.hash.0
                && valid.public_key == signature.public_key.0
                && valid.created == signature.created
                && valid.expires == signature.expires.unwrap_or(0)
                && (answer.check != StatusCheck::SignatureExpired || valid.expires != 0)
                && valid.fingerprint.as_str().ends_with(&signature.key_id.to_string());
            if !same {
                return Err(untrusted("it refers to another signature".into()));
            }
            if let Some(named) = signature
                .fingerprint
                .as_deref()
                .filter(|f| *f != valid.fingerprint.as_str())
            {
                return Ok(Err(only_same_id(named, &valid.fingerprint)));
            }
            Ok(Ok(valid.clone()))
        }
    }
}

/// A maker with the owner of its key, where one key alone claims it and has a user ID; safe to print.
fn with_owner(maker: &str, keys: &[Key]) -> String {
    match keys {
        [key] if made_by(key, maker).is_some() && key.owner(false) != key.fingerprint().as_str() => {
            format!("{} ({maker})", safe(&key.owner(false)))
        }
        _ => maker.to_owned(),
    }
}

/// The key that was looked for is not there; what GnuPG took instead does not count.
fn only_same_id(named: &str, taken: &Fingerprint) -> Refusal {
    Refusal::new(
        Reason::UnknownKey,
        format!("it is made by key {named}, which is not in the keyring; key {taken} only has the same key ID"),
    )
}

/// An answer that nothing can be concluded from.
fn untrusted(why: String) -> EngineError {
    EngineError::Unreliable {
        doing: "verifying a signature",
        who: GPG,
        why,
    }
}

/// gpg's error code for a subkey without back-signature, and for a digest that is too short or too long for the key.
const GENERAL: u32 = 1;

/// gpg's error codes (libgpg-error) for signatures that it could not check.
fn refuse_code(code: u32, maker: &str, signature: &Signature, now: i64, keys: &[Key]) -> Result<Refusal, EngineError> {
    const PUBKEY_ALGO: u32 = 4;
    const DIGEST_ALGO: u32 = 5;
    const BAD_PUBKEY: u32 = 6;
    const NO_PUBKEY: u32 = 9;
    const BAD_MPI: u32 = 30;
    const TIME_CONFLICT: u32 = 39;
    const WRONG_PUBKEY_ALGO: u32 = 41;
    const INV_OBJ: u32 = 65;
    const UNSUPPORTED_ALGORITHM: u32 = 84;
    const WRONG_KEY_USAGE: u32 = 125;
    const UNKNOWN_CURVE: u32 = 188;
    let (reason, message) = match code {
        // A clock that is behind makes GnuPG refuse a key as one of the future, or not take it at all.
        NO_PUBKEY | TIME_CONFLICT | BAD_PUBKEY if signature.created > now => (
            Reason::SignatureNotYetValid,
            format!(
                "the signature by {maker} is dated {}, in the future; the clock here says {}",
                time(signature.created),
                time(now)
            ),
        ),
        NO_PUBKEY => return refuse_absent(maker, keys),
        WRONG_KEY_USAGE => (
            Reason::WrongKeyUsage,
            format!("it is made by key {maker}, which may not sign data"),
        ),
        TIME_CONFLICT => (Reason::BadSignature, older_than_key(maker)),
        GENERAL => return refuse_general(maker, signature, keys),
        BAD_PUBKEY => (
            Reason::BadSignature,
            format!("gpg refuses the signature: key {maker} is damaged"),
        ),
        // What libgcrypt says of numbers that no signature by such a key has, or of a key of another algorithm.
        BAD_MPI | WRONG_PUBKEY_ALGO | INV_OBJ => (
            Reason::BadSignature,
            format!(
                "the {} data in the signature by {maker} does not match that key (gpg error {code})",
                signature.public_key
            ),
        ),
        // The framing lets only SHA-2 and common algorithms pass. A gpg that has no use for them was told so.
        DIGEST_ALGO | PUBKEY_ALGO if code == DIGEST_ALGO || system::refusal().is_some() => {
            return Err(untrusted(format!(
                "it refuses {} with {} (error {code}), perhaps for an option in {SYSTEM_CONFIG}",
                signature.public_key, signature.hash
            )));
        }
        PUBKEY_ALGO | UNSUPPORTED_ALGORITHM | UNKNOWN_CURVE => (
            Reason::UnsupportedSignature,
            format!(
                "this gpg does not check {} with {} (error {code})",
                signature.public_key, signature.hash
            ),
        ),
        // No message was ever seen to cause another one: lack of memory, of files, of entropy do.
        code => return Err(untrusted(format!("error {code} prevented the check"))),
    };
    Ok(Refusal::new(reason, message))
}

/// "Not found" is believed only where a look-up finds no such key either. Newer versions of GnuPG (measured: 2.4) say
/// it of keys that may not sign.
fn refuse_absent(maker: &str, keys: &[Key]) -> Result<Refusal, EngineError> {
    let own: Vec<&Subkey> = keys.iter().filter_map(|key| made_by(key, maker)).collect();
    if own.is_empty() {
        return Ok(Refusal::new(
            Reason::UnknownKey,
            format!("it is made by key {maker}, which is not in the keyring"),
        ));
    }
    if own.iter().any(|subkey| subkey.can_sign) {
        return Err(untrusted(format!(
            "it does not find key {maker}, which is in the keyring"
        )));
    }
    Ok(Refusal::new(
        Reason::WrongKeyUsage,
        format!("it is made by key {maker}, which may not sign data"),
    ))
}

/// The primary key or subkey that a fingerprint or key ID names.
fn made_by<'k>(key: &'k Key, maker: &str) -> Option<&'k Subkey> {
    key.subkeys
        .iter()
        .find(|subkey| subkey.fingerprint.as_str().ends_with(maker))
}

/// What "general error" stands for: told by the key, and nothing at all where the key gives no cause.
fn refuse_general(maker: &str, signature: &Signature, keys: &[Key]) -> Result<Refusal, EngineError> {
    let [key] = keys else {
        return match keys {
            [] => Err(untrusted(format!(
                "error {GENERAL} for key {maker}, which it does not list"
            ))),
            // It looked at the first of them only, and its refusal may be about the wrong one.
            several => {
                let primaries = several.iter().map(|key| key.fingerprint().as_str()).collect();
                Ok(claimed_by_several(maker, &primaries))
            }
        };
    };
    let Some(subkey) = made_by(key, maker) else {
        return Err(untrusted(format!(
            "error {GENERAL} for key {maker}, which it does not list"
        )));
    };
    let hash = signature.hash;
    let (reason, why) = if subkey.is_weak() {
        // The digest does not fit into a number as short as the key's.
        let bits = format!("fewer than {MIN_BITS} bits");
        (
            Reason::WeakAlgorithm,
            format!(
                "it is made by key {maker}, which is {}: {bits}",
                subkey.algorithm_name()
            ),
        )
    } else if hash.bits() < digest_bits(subkey) {
        let key = subkey.algorithm_name();
        (
            Reason::BadSignature,
            format!("gpg refuses the signature by {maker}: {hash} is too short a digest for a key of {key}"),
        )
    } else if subkey.fingerprint != *key.fingerprint() {
        (
            Reason::BadSignature,
            format!("gpg refuses the signature by {maker}: the subkey lacks the back-signature that binds it to its primary key"),
        )
    } else {
        return Err(untrusted(format!("error {GENERAL} prevented the check")));
    };
    Ok(Refusal::new(reason, why))
}

/// Shortest digest that GnuPG takes for a key (FIPS 186-4 sections 4.2 and 6.1): that of its group, which is 256 bits
/// for DSA keys of the sizes that are accepted here.
fn digest_bits(key: &Subkey) -> usize {
    match key.algorithm.0 {
        17 => 256,
        19 => key.bits.min(512),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::openpgp::framing::algorithm::{HashAlgorithm, PublicKeyAlgorithm};
    use crate::openpgp::framing::key_id::KeyId;

    const NOW: i64 = 1_800_000_000;
    const PRIMARY: &str = "00112233445566778899AABBCCDDEEFF00112233";
    const SUBKEY: &str = "FFEEDDCCBBAA99887766554433221100FFEEDDCC";

    fn part(fingerprint: &str, can_sign: bool) -> Subkey {
        Subkey {
            fingerprint: Fingerprint::parse(fingerprint).unwrap(),
            algorithm: PublicKeyAlgorithm(22),
            bits: 255,
            curve: Some("ed25519".into()),
            created: NOW - 1000,
            expires: None,
            revoked: false,
            expired: false,
            invalid: false,
            can_sign,
        }
    }

    fn key(primary: &str, can_sign: bool) -> Key {
        Key {
            subkeys: vec![part(primary, can_sign), part(SUBKEY, can_sign)],
            user_ids: Vec::new(),
            revoked: false,
            disabled: false,
            invalid: false,
        }
    }

    /// The reason for a check of a signature by `maker`, made at `created`, where gpg lists `keys`; `None` for trouble.
    fn reason(check: StatusCheck, maker: &str, created: i64, keys: &[Key]) -> Option<Reason> {
        let id = u64::from_str_radix(&maker[24..], 16).unwrap().to_be_bytes();
        let signature = Signature {
            version: 4,
            class: 0,
            public_key: PublicKeyAlgorithm(22),
            hash: HashAlgorithm(8),
            created,
            expires: None,
            key_id: KeyId(id),
            fingerprint: Some(maker.to_owned()),
            body: Vec::new(),
        };
        let answer = Answer { check, valid: None };
        let found = checked_signature(&answer, &signature, NOW, |_| Ok(keys.to_vec()));
        found.ok().map(|finding| finding.unwrap_err().reason)
    }

    #[test]
    fn what_no_message_causes_is_trouble() {
        let keys = [key(PRIMARY, true)];
        let codes = |code| reason(StatusCheck::Error(code), PRIMARY, NOW - 10, &keys);
        // General error of a primary key, not found though it is there; no memory, no files, no entropy, not operational.
        for code in [GENERAL, 9, 5, 31, 57, 61, 67, 176, 32_854, 32_792, 99_999] {
            assert_eq!(codes(code), None, "{code}");
        }
        for (code, expected) in [
            (6, Reason::BadSignature),
            (30, Reason::BadSignature),
            (39, Reason::BadSignature),
            (84, Reason::UnsupportedSignature),
            (125, Reason::WrongKeyUsage),
        ] {
            assert_eq!(codes(code), Some(expected), "{code}");
        }
        assert_eq!(reason(StatusCheck::Error(GENERAL), PRIMARY, NOW - 10, &[]), None);
        let general = reason(StatusCheck::Error(GENERAL), SUBKEY, NOW - 10, &keys);
        assert_eq!(general, Some(Reason::BadSignature));
        // Good without a word on what.
        assert_eq!(reason(StatusCheck::Good, PRIMARY, NOW - 10, &keys), None);
    }

    #[test]
    fn not_found_is_believed_only_where_nothing_is_found() {
        let absent = |created, keys: &[Key]| reason(StatusCheck::Error(9), PRIMARY, created, keys);
        assert_eq!(absent(NOW - 10, &[]), Some(Reason::UnknownKey));
        assert_eq!(absent(NOW - 10, &[key(PRIMARY, true)]), None);
        assert_eq!(absent(NOW - 10, &[key(PRIMARY, false)]), Some(Reason::WrongKeyUsage));
        // The clock may be behind.
        assert_eq!(absent(NOW + 10, &[]), Some(Reason::SignatureNotYetValid));
    }

    #[test]
    fn a_clock_that_is_behind_is_no_fault_of_the_key() {
        for code in [6, 9, 39] {
            let found = reason(StatusCheck::Error(code), PRIMARY, NOW + 10, &[key(PRIMARY, true)]);
            assert_eq!(found, Some(Reason::SignatureNotYetValid), "{code}");
        }
        let found = reason(StatusCheck::Bad, PRIMARY, NOW + 10, &[key(PRIMARY, true)]);
        assert_eq!(found, Some(Reason::BadSignature));
    }
}
