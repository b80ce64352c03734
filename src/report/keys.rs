// SPDX-License-Identifier: Apache-2.0
//! `keys`: the keys that could say yes.

use std::io::{self, Write};

use serde_json::{json, Value};

use super::json::{write_document, Syntax, API_VERSION};
use super::validity::validity_word;
use super::wrap;
use crate::openpgp::keys::listing::ListedKey;
use crate::reason::{Reason, Refusal};
use crate::text::{safe, time};

fn expiry(key: &ListedKey) -> String {
    match key.expires {
        Some(seconds) => time(seconds),
        None if key.checked => "never".to_owned(),
        None => "unknown".to_owned(),
    }
}

/// Prints a line a key, broken between words where there is a longest one.
///
/// # Errors
/// When writing fails.
pub fn write_text(out: &mut dyn Write, keys: &[ListedKey], wide: bool, width: Option<usize>) -> io::Result<()> {
    let accepted = |refusal: &Option<Refusal>, yes: &str| match refusal {
        None => yes.to_owned(),
        Some(refusal) => format!("not accepted: {refusal}"),
    };
    for key in keys {
        let owner = safe(&key.owner);
        let until = key.signs_until();
        let text = format!(
            "{} {} {owner}, expires {}{}, validity {}: {}",
            key.fingerprint,
            key.algorithm,
            expiry(key),
            until.map_or(String::new(), |end| format!(" (signs until {})", time(end))),
            validity_word(key.validity),
            accepted(&key.refusal, "accepted"),
        );
        wrap::line(out, "", &text, &[owner], 4, width)?;
        for subkey in key.subkeys.iter().filter(|_| wide) {
            let own = &subkey.subkey;
            let text = format!(
                "subkey {} {}, expires {}: {}",
                own.fingerprint,
                own.algorithm_name(),
                own.expires.map_or("never".to_owned(), time),
                accepted(&subkey.refusal, "signs"),
            );
            wrap::line(out, "  ", &text, &[], 6, width)?;
        }
    }
    out.flush()
}

/// Prints fingerprints of the accepted keys.
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
