// SPDX-License-Identifier: Apache-2.0
//! `keys`: the keys that could say yes.

use std::io::{self, Write};

use serde_json::{json, Value};

use super::json::{write_document, Syntax, API_VERSION};
use super::validity::validity_word;
use crate::openpgp::keys::listing::ListedKey;
use crate::reason::Reason;
use crate::text::{safe, time};

fn expiry(key: &ListedKey) -> String {
    match key.expires {
        Some(seconds) => time(seconds),
        None if key.checked => "never".to_owned(),
        None => "unknown".to_owned(),
    }
}

/// Prints a line a key.
///
/// # Errors
/// When writing fails.
pub fn write_text(out: &mut dyn Write, keys: &[ListedKey], wide: bool) -> io::Result<()> {
    for key in keys {
        write!(
            out,
            "{} {} {}, expires {}{}, validity {}: ",
            key.fingerprint,
            key.algorithm,
            safe(&key.owner),
            expiry(key),
            key.signs_until()
                .map_or(String::new(), |end| format!(" (signs until {})", time(end))),
            validity_word(key.validity),
        )?;
        match &key.refusal {
            None => writeln!(out, "accepted")?,
            Some(refusal) => writeln!(out, "not accepted: {refusal}")?,
        }
        for subkey in key.subkeys.iter().filter(|_| wide) {
            let own = &subkey.subkey;
            write!(
                out,
                "  subkey {} {}, expires {}: ",
                own.fingerprint,
                own.algorithm_name(),
                own.expires.map_or("never".to_owned(), time),
            )?;
            match &subkey.refusal {
                None => writeln!(out, "signs")?,
                Some(refusal) => writeln!(out, "not accepted: {refusal}")?,
            }
        }
    }
    out.flush()
}

/// Prints fingerprints of the keys that count.
///
/// # Errors
/// When writing fails.
pub fn write_names(out: &mut dyn Write, keys: &[ListedKey]) -> io::Result<()> {
    for key in keys.iter().filter(|key| key.refusal.is_none()) {
        writeln!(out, "{}", key.fingerprint)?;
    }
    out.flush()
}

/// Prints one document.
///
/// # Errors
/// When writing fails.
pub fn write_json(out: &mut dyn Write, keys: &[ListedKey], syntax: Syntax) -> io::Result<()> {
    let items: Vec<Value> = keys.iter().map(item).collect();
    let document = json!({"apiVersion": API_VERSION, "kind": "KeyList", "items": items});
    write_document(out, &document, syntax)
}

/// Prints the document of a keyring that could not be listed, and why.
///
/// # Errors
/// When writing fails.
pub fn write_failure(out: &mut dyn Write, message: &str, syntax: Syntax) -> io::Result<()> {
    let reason = Reason::EngineFailed.word();
    let document = json!({
        "apiVersion": API_VERSION, "kind": "KeyList", "reason": reason, "message": message, "items": [],
    });
    write_document(out, &document, syntax)
}

fn item(key: &ListedKey) -> Value {
    let subkeys: Vec<Value> = key
        .subkeys
        .iter()
        .map(|listed| {
            let subkey = &listed.subkey;
            json!({
                "fingerprint": subkey.fingerprint.as_str(),
                "keyAlgorithm": subkey.algorithm_name(),
                "createdAt": time(subkey.created),
                "expiresAt": subkey.expires.map(time),
                "canSign": subkey.can_sign,
                "revoked": subkey.revoked,
                "counts": listed.refusal.is_none(),
                "reason": listed.refusal.as_ref().map_or("", |refusal| refusal.reason.word()),
                "message": listed.refusal.as_ref().map_or("", |refusal| refusal.message.as_str()),
            })
        })
        .collect();
    json!({
        "fingerprint": key.fingerprint.as_str(),
        "userID": key.owner,
        "keyAlgorithm": key.algorithm,
        "createdAt": time(key.created),
        "expiresAt": key.expires.map(time),
        "validity": validity_word(key.validity),
        "counts": key.refusal.is_none(),
        "reason": key.refusal.as_ref().map_or("", |refusal| refusal.reason.word()),
        "message": key.refusal.as_ref().map_or("", |refusal| refusal.message.as_str()),
        "checked": key.checked,
        "subkeys": subkeys,
    })
}
