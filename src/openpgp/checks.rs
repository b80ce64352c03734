// SPDX-License-Identifier: Apache-2.0
//! What is asked of a signature and its key after GnuPG has spoken, whatever keyring the key is from.

use crate::limits::CLOCK_SKEW;
use crate::openpgp::framing::signature::Signature;
use crate::openpgp::keys::key::{Key, MIN_BITS};
use crate::openpgp::keys::signed_by::SignedBy;
use crate::openpgp::refusals::{not_yet_valid, older_than_key};
use crate::openpgp::roles::{Fit, Standing};
use crate::openpgp::signer::GpgSigner;
use crate::reason::{Reason, Refusal};
use crate::text::{safe, time};

/// Checks everything about a key and a signature that fits it except whether the key is accepted.
///
/// Times are judged by our clock as well as by GnuPG's: `faked-system-time` in its configuration moves only the latter.
pub(super) fn judge_key(
    key: &Key,
    fit: &Fit,
    standing: &Standing,
    signature: &Signature,
    now: i64,
) -> Result<(), Refusal> {
    let who = format!("{} ({})", safe(&key.owner(false)), key.fingerprint());
    let refuse = |reason, what: String| Err(Refusal::new(reason, what));
    let primary = key.primary();
    let Some(subkey) = key.subkey(&fit.maker) else {
        return refuse(Reason::UnknownKey, format!("it is made by an unknown subkey of {who}"));
    };
    let part = if subkey.fingerprint == primary.fingerprint {
        String::new()
    } else {
        format!("subkey {} of ", subkey.fingerprint)
    };
    if key.revoked || primary.revoked || subkey.revoked || standing.revoked || fit.key_revoked {
        return refuse(
            Reason::KeyRevoked,
            format!("it is made by {part}{who}, which is revoked"),
        );
    }
    if key.disabled || standing.disabled {
        return refuse(
            Reason::KeyDisabled,
            format!("it is made by {who}, which is disabled in the keyring"),
        );
    }
    if let Some(early) = [primary, subkey].into_iter().find(|k| k.created > now + CLOCK_SKEW) {
        return Err(not_yet_valid(
            &format!("it is made by {part}{who}, which"),
            early.created,
            now,
        ));
    }
    if primary.is_expired(now) || subkey.is_expired(now) || fit.key_expired {
        let when = [primary, subkey].into_iter().filter_map(|k| k.expires).min();
        let when = when.map_or("has expired".to_owned(), |t| format!("expired on {}", time(t)));
        return refuse(Reason::KeyExpired, format!("it is made by {part}{who}, which {when}"));
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
    if fit.signature_expired || signature.expires.is_some_and(|expires| expires <= now) {
        let when = signature.expires.map_or(String::new(), |t| format!(" on {}", time(t)));
        return refuse(
            Reason::SignatureExpired,
            format!("the signature by {who} expired{when}"),
        );
    }
    if signature.created > now + CLOCK_SKEW {
        return Err(not_yet_valid(
            &format!("the signature by {who}"),
            signature.created,
            now,
        ));
    }
    // gpg is told to leave this to us: it knows no leeway for clocks.
    if signature.created < subkey.created {
        return refuse(Reason::BadSignature, older_than_key(&fit.maker));
    }
    if !fit.is_good {
        return refuse(
            Reason::BadSignature,
            format!("gpg does not call the signature by {who} good"),
        );
    }
    Ok(())
}

/// A good signature by a key that is not among those named with `--signed-by`.
pub(super) fn not_named(signer: &GpgSigner, signed_by: &SignedBy) -> Refusal {
    let key = match signer.fingerprint == signer.primary {
        true => signer.fingerprint.to_string(),
        false => format!("key {}, of primary key {}", signer.fingerprint, signer.primary),
    };
    Refusal::new(
        Reason::KeyNotAccepted,
        format!(
            "it is made by {} ({key}), which is not among the keys named with --signed-by: {signed_by}",
            safe(&signer.user_id)
        ),
    )
}
