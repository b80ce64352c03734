// SPDX-License-Identifier: Apache-2.0
//! The cryptographic check of a sigstore signature: by one of the keys, over the payload's bytes as they are stored.
//!
//! Nodes accept SHA-256 only, whatever the key, and plain Ed25519. Other digests are tried once a signature was found
//! bad, to say what is the matter; never to accept it.

use base64::Engine as _;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::sign::Verifier;

use super::attachment::{CERTIFICATE_ANNOTATION, SIGNATURE_ANNOTATION, SIGNATURE_TYPE};
use super::key::{Kind, PublicKey};
use crate::limits::MAX_PAYLOAD_BYTES;
use crate::reason::{Reason, Refusal};
use crate::subject::Attachment;
use crate::text::{quoted, safe};

/// Longest text of a signature, in bytes: that of the largest accepted RSA key has 2732.
const MAX_SIGNATURE_TEXT: usize = 4096;

/// What is said of a signature that no key fits: which of the two it is cannot be told.
pub const OR_ALTERED: &str = "or its payload was altered";

/// Most files of keys that are named.
const MAX_FILES: usize = 4;

/// Finds the key that made a signature. The outer error is trouble with the cryptographic library, which says nothing
/// about the signature.
///
/// # Errors
/// [`Reason::UnsupportedSignature`] for a keyless signature and for another media type, [`Reason::NotASignature`] for a
/// missing or broken signature text, [`Reason::BadSignature`] where none of the keys fits, in the inner result;
/// [`Reason::EngineFailed`] in the outer one.
pub fn check<'k>(attachment: &Attachment, keys: &'k [PublicKey]) -> Result<Result<&'k PublicKey, Refusal>, Refusal> {
    let signature = match signature_bytes(attachment) {
        Ok(signature) => signature,
        Err(refusal) => return Ok(Err(refusal)),
    };
    for key in keys {
        if fits(key, MessageDigest::sha256(), &attachment.payload, &signature).map_err(|error| trouble(&error))? {
            return Ok(Ok(key));
        }
    }
    Ok(Err(refuse(attachment, keys, &signature)))
}

fn trouble(error: &ErrorStack) -> Refusal {
    // Without the numbers and the places in its source that OpenSSL puts around them.
    let reasons: Vec<&str> = error
        .errors()
        .iter()
        .filter_map(openssl::error::Error::reason)
        .collect();
    let why = match reasons.as_slice() {
        [] => "it gives no reason".to_owned(),
        reasons => safe(&reasons.join(", ")),
    };
    Refusal::new(
        Reason::EngineFailed,
        format!("OpenSSL could not check the signature: {why}"),
    )
}

/// The raw signature out of its annotation.
fn signature_bytes(attachment: &Attachment) -> Result<Vec<u8>, Refusal> {
    if attachment.media_type != SIGNATURE_TYPE {
        return Err(Refusal::new(
            Reason::UnsupportedSignature,
            format!(
                "it is an attachment of type {}, not a signature ({SIGNATURE_TYPE})",
                quoted(&attachment.media_type)
            ),
        ));
    }
    if attachment.payload.len() > MAX_PAYLOAD_BYTES {
        return Err(Refusal::new(
            Reason::LimitExceeded,
            format!(
                "its payload has {} bytes, more than {MAX_PAYLOAD_BYTES}",
                attachment.payload.len()
            ),
        ));
    }
    let broken = |what: &str| {
        Refusal::new(
            Reason::NotASignature,
            format!("its annotation {SIGNATURE_ANNOTATION} {what}"),
        )
    };
    let text = attachment
        .annotations
        .get(SIGNATURE_ANNOTATION)
        .ok_or_else(|| broken("is missing"))?;
    if text.is_empty() || text.len() > MAX_SIGNATURE_TEXT {
        return Err(broken(if text.is_empty() {
            "is empty"
        } else {
            "is too long for a signature"
        }));
    }
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .map_err(|_| broken("is not base64"))
}

/// How many of the keys a signature must be tried by.
pub(super) fn tries(attachment: &Attachment, keys: &[PublicKey]) -> usize {
    let signature = signature_bytes(attachment);
    signature.map_or(0, |signature| {
        keys.iter().filter(|key| has_form(key, &signature)).count()
    })
}

/// Whether a signature looks like one by this key.
fn has_form(key: &PublicKey, signature: &[u8]) -> bool {
    match key.kind {
        Kind::Rsa => signature.len() == key.key.size(),
        // DER in exactly one encoding: OpenSSL alone would pass over bytes that follow.
        Kind::Ecdsa => EcdsaSig::from_der(signature)
            .and_then(|parsed| parsed.to_der())
            .is_ok_and(|der| der == signature),
        Kind::Ed25519 => signature.len() == 64,
    }
}

/// Whether a signature over `payload` is by this key.
fn fits(key: &PublicKey, digest: MessageDigest, payload: &[u8], signature: &[u8]) -> Result<bool, ErrorStack> {
    if !has_form(key, signature) {
        return Ok(false);
    }
    let mut verifier = match key.kind {
        Kind::Rsa | Kind::Ecdsa => Verifier::new(digest, &key.key)?,
        Kind::Ed25519 => Verifier::new_without_digest(&key.key)?,
    };
    verifier.verify_oneshot(signature, payload)
}

/// Why no key fits.
fn refuse(attachment: &Attachment, keys: &[PublicKey], signature: &[u8]) -> Refusal {
    if attachment.annotations.contains_key(CERTIFICATE_ANNOTATION) {
        return Refusal::new(
            Reason::UnsupportedSignature,
            "present, not checked: a keyless signature (by certificate), and none of the given keys made it",
        );
    }
    let otherwise = [
        (MessageDigest::sha384(), "SHA-384"),
        (MessageDigest::sha512(), "SHA-512"),
    ];
    let hint = keys.iter().filter(|key| key.kind != Kind::Ed25519).find_map(|key| {
        let (_, name) = otherwise
            .iter()
            .find(|(digest, _)| matches!(fits(key, *digest, &attachment.payload, signature), Ok(true)))?;
        Some(format!(
            "it was made with {name} by {} key sha256:{}; nodes accept SHA-256 only: sign again with SHA-256",
            key.algorithm(),
            key.id()
        ))
    });
    Refusal::new(
        Reason::BadSignature,
        hint.unwrap_or_else(|| match keys {
            [key] => format!(
                "it is not by the given {} key sha256:{}{}, {OR_ALTERED}",
                key.algorithm(),
                key.id(),
                files_of(keys)
            ),
            keys => format!(
                "it is by none of the {} given keys{}, {OR_ALTERED}",
                keys.len(),
                files_of(keys)
            ),
        }),
    )
}

/// The files of keys, to stand behind them; nothing where they are from no file.
fn files_of(keys: &[PublicKey]) -> String {
    let files: Vec<&str> = keys.iter().filter_map(|key| key.file.as_deref()).collect();
    let more = if files.len() > MAX_FILES { ", ..." } else { "" };
    match files.as_slice() {
        [] => String::new(),
        files => format!(" ({}{more})", files[..files.len().min(MAX_FILES)].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_told_without_a_line_of_the_source_of_openssl() {
        let stack = openssl::pkey::PKey::public_key_from_pem(b"nothing").unwrap_err();
        let raw = stack.to_string();
        assert!(raw.contains("error:"), "{raw}");
        let message = trouble(&stack).message;
        assert!(
            message.starts_with("OpenSSL could not check the signature: "),
            "{message}"
        );
        assert!(!message.contains("error:") && !message.contains(".c:"), "{message}");
        assert_eq!(
            trouble(&ErrorStack::get()).message,
            "OpenSSL could not check the signature: it gives no reason"
        );
    }
}
