// SPDX-License-Identifier: Apache-2.0
//! Keys as gpgme lists them, turned into values of our own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::openpgp::error::EngineError;
use crate::openpgp::framing::algorithm::PublicKeyAlgorithm;
use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::gnupg::failure::answer;
use crate::openpgp::keys::key::{Fingerprint, Key, Subkey, UserId, Validity};

pub(super) fn convert_key(key: &gpgme::Key) -> Result<Key, EngineError> {
    const DOING: &str = "listing keys";
    let subkeys = key
        .subkeys()
        .map(|subkey| convert_subkey(&subkey))
        .collect::<Result<Vec<_>, _>>()?;
    if subkeys.is_empty() {
        return Err(answer(DOING, "a key without a primary key"));
    }
    let user_ids = key
        .user_ids()
        .map(|id| UserId {
            text: id
                .id_raw()
                .map(|text| text.to_string_lossy().into_owned())
                .unwrap_or_default(),
            validity: convert_validity(id.validity()),
            revoked: id.is_revoked() || id.is_invalid(),
        })
        .collect();
    Ok(Key {
        subkeys,
        user_ids,
        revoked: key.is_revoked(),
        disabled: key.is_disabled(),
        invalid: key.is_invalid(),
    })
}

/// Who has certified a user ID of a key, as far as gpg found the signature good; of several by one maker on one user ID
/// the newest counts, which may take the others back. The mode of the listing must have had gpg check signatures.
pub(super) fn certifiers(key: &gpgme::Key) -> BTreeSet<KeyId> {
    let mut makers = BTreeSet::new();
    for id in key.user_ids() {
        let mut newest: BTreeMap<KeyId, (i64, bool)> = BTreeMap::new();
        for signature in id.signatures() {
            let is_good = signature.status().code() == gpgme::Error::NO_ERROR.code();
            let maker = signature.signer_key_id().ok().and_then(KeyId::parse);
            let (true, Some(maker)) = (is_good, maker) else {
                continue;
            };
            let own = (signature.creation_time().map_or(0, seconds), signature.is_revocation());
            newest
                .entry(maker)
                .and_modify(|other| *other = own.max(*other))
                .or_insert(own);
        }
        let standing = newest.into_iter().filter(|(_, (_, is_revocation))| !is_revocation);
        makers.extend(standing.map(|(maker, _)| maker));
    }
    makers
}

fn convert_subkey(subkey: &gpgme::Subkey<'_>) -> Result<Subkey, EngineError> {
    const DOING: &str = "listing keys";
    let text = subkey
        .fingerprint()
        .map_err(|_| answer(DOING, "a key without fingerprint"))?;
    let curve = subkey.curve_raw().map(|c| c.to_string_lossy().into_owned());
    Ok(Subkey {
        fingerprint: Fingerprint::parse(text).map_err(|e| answer(DOING, e.to_string()))?,
        algorithm: convert_algorithm(subkey.algorithm()),
        bits: subkey.length(),
        curve: curve.filter(|c| !c.is_empty()),
        created: subkey.creation_time().map_or(0, seconds),
        expires: subkey.expiration_time().map(seconds),
        revoked: subkey.is_revoked(),
        expired: subkey.is_expired(),
        invalid: subkey.is_invalid(),
        can_sign: subkey.can_sign(),
    })
}

/// gpgme numbers the elliptic curve algorithms differently from OpenPGP.
fn convert_algorithm(algorithm: gpgme::KeyAlgorithm) -> PublicKeyAlgorithm {
    PublicKeyAlgorithm(match algorithm {
        gpgme::KeyAlgorithm::Rsa | gpgme::KeyAlgorithm::RsaEncrypt | gpgme::KeyAlgorithm::RsaSign => 1,
        gpgme::KeyAlgorithm::Dsa => 17,
        gpgme::KeyAlgorithm::ElgamalEncrypt | gpgme::KeyAlgorithm::Elgamal => 16,
        gpgme::KeyAlgorithm::Ecdsa => 19,
        gpgme::KeyAlgorithm::Ecdh => 18,
        gpgme::KeyAlgorithm::Eddsa => 22,
        _ => 0,
    })
}

fn convert_validity(validity: gpgme::Validity) -> Validity {
    match validity {
        gpgme::Validity::Undefined => Validity::Undefined,
        gpgme::Validity::Never => Validity::Never,
        gpgme::Validity::Marginal => Validity::Marginal,
        gpgme::Validity::Full => Validity::Full,
        gpgme::Validity::Ultimate => Validity::Ultimate,
        _ => Validity::Unknown,
    }
}

fn seconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|d| i64::try_from(d.as_secs()).ok())
        .unwrap_or(0)
}
