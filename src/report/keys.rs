// SPDX-License-Identifier: Apache-2.0
//! `keys`: the keys that could say yes.

use std::io::{self, Write};

use serde_json::{json, Value};

use super::json::{write_document, API_VERSION};
use crate::openpgp::key::{Key, Validity};
use crate::text::{safe, time};

/// A key, and why signatures by it count or do not.
#[derive(Debug, Clone)]
pub struct KeyReport {
    /// The key.
    pub key: Key,
    /// Who owns it.
    pub owner: String,
    /// Its validity in the user's keyring; `None` where it was named explicitly.
    pub validity: Option<Validity>,
    /// Why it does not count; `None` where it does.
    pub refusal: Option<String>,
}

/// The word for a validity: keys that were named explicitly need none.
#[must_use]
pub fn validity_word(validity: Option<Validity>) -> &'static str {
    validity.map_or("explicit", Validity::word)
}

/// Prints a table.
///
/// # Errors
/// When writing fails.
pub fn write_text(out: &mut dyn Write, keys: &[KeyReport], wide: bool) -> io::Result<()> {
    for report in keys {
        let primary = report.key.primary();
        let expires = primary.expires.map_or("never".to_owned(), time);
        write!(
            out,
            "{} {} {} expires {expires} validity {}: ",
            primary.fingerprint,
            primary.algorithm_name(),
            safe(&report.owner),
            validity_word(report.validity),
        )?;
        match &report.refusal {
            None => writeln!(out, "counts")?,
            Some(why) => writeln!(out, "does not count: {why}")?,
        }
        if wide {
            for subkey in &report.key.subkeys[1..] {
                let expires = subkey.expires.map_or("never".to_owned(), time);
                let signs = if subkey.can_sign { "signs" } else { "does not sign" };
                let state = if subkey.revoked { ", revoked" } else { "" };
                writeln!(
                    out,
                    "  subkey {} {} expires {expires}, {signs}{state}",
                    subkey.fingerprint,
                    subkey.algorithm_name()
                )?;
            }
        }
    }
    out.flush()
}

/// Prints fingerprints of the keys that count.
///
/// # Errors
/// When writing fails.
pub fn write_names(out: &mut dyn Write, keys: &[KeyReport]) -> io::Result<()> {
    for report in keys.iter().filter(|report| report.refusal.is_none()) {
        writeln!(out, "{}", report.key.fingerprint())?;
    }
    out.flush()
}

/// The document for `-o json`.
#[must_use]
pub fn document(keys: &[KeyReport]) -> Value {
    let items: Vec<Value> = keys
        .iter()
        .map(|report| {
            let primary = report.key.primary();
            let subkeys: Vec<Value> = report.key.subkeys[1..]
                .iter()
                .map(|subkey| {
                    json!({
                        "fingerprint": subkey.fingerprint.as_str(),
                        "keyAlgorithm": subkey.algorithm_name(),
                        "createdAt": time(subkey.created),
                        "expiresAt": subkey.expires.map(time),
                        "canSign": subkey.can_sign,
                        "revoked": subkey.revoked,
                    })
                })
                .collect();
            json!({
                "fingerprint": primary.fingerprint.as_str(),
                "userID": report.owner,
                "keyAlgorithm": primary.algorithm_name(),
                "createdAt": time(primary.created),
                "expiresAt": primary.expires.map(time),
                "validity": validity_word(report.validity),
                "counts": report.refusal.is_none(),
                "message": report.refusal.as_deref().unwrap_or(""),
                "subkeys": subkeys,
            })
        })
        .collect();
    json!({"apiVersion": API_VERSION, "kind": "KeyList", "items": items})
}

/// Prints the document.
///
/// # Errors
/// When writing fails.
pub fn write_json(out: &mut dyn Write, keys: &[KeyReport]) -> io::Result<()> {
    write_document(out, &document(keys))
}
