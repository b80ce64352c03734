// SPDX-License-Identifier: Apache-2.0
//! The keys of a requirement, as `policy why` tells of them.

use std::io::{self, Write};

use serde_json::{json, Value};

use super::paragraph::{paragraph, told};
use crate::policy::explanation::{KeyFile, KeyLine, SubkeyLine};
use crate::text::{safe, time};

/// Writes the keys of one file.
pub(super) fn write_keys(out: &mut dyn Write, file: &KeyFile) -> io::Result<()> {
    writeln!(out, "     {}", file.label)?;
    for key in &file.keys {
        writeln!(out, "       {}", key.fingerprint)?;
        if let Some(owner) = &key.owner {
            writeln!(out, "         {}", safe(owner))?;
        }
        let version = key
            .version
            .map_or(String::new(), |version| format!("OpenPGP v{version}, "));
        let expires = if key.version.is_some() {
            format!(", expires {}", expiry(key))
        } else {
            String::new()
        };
        paragraph(out, 9, &format!("{version}{}{expires}", key.algorithm), 11)?;
        for subkey in &key.subkeys {
            let expires = subkey.expires.map_or("never".to_owned(), time);
            let text = format!(
                "signs by subkey {}, {}, expires {expires}",
                subkey.fingerprint, subkey.algorithm
            );
            paragraph(out, 9, &text, 11)?;
        }
        if let Some(refusal) = &key.refusal {
            paragraph(out, 9, &format!("not accepted: {}", told(refusal)), 11)?;
        }
    }
    for note in &file.notes {
        paragraph(out, 7, &told(note), 9)?;
    }
    if let Some(trouble) = &file.trouble {
        let trouble = told(trouble);
        let why = trouble.strip_prefix("cannot use ").unwrap_or(&trouble);
        paragraph(out, 7, &format!("cannot be used: {why}"), 9)?;
    }
    match message_of_unasked(file) {
        Some(message) => paragraph(out, 7, &told(&message), 9),
        None => Ok(()),
    }
}

fn message_of_unasked(file: &KeyFile) -> Option<String> {
    let what = file.unasked.as_ref()?;
    Some(format!("its keys are unknown: GnuPG could not be asked: {what}"))
}

fn expiry(key: &KeyLine) -> String {
    match key.expires {
        Some(seconds) => time(seconds),
        None if key.checked => "never".to_owned(),
        None => "unknown".to_owned(),
    }
}

/// The keys of one file, as a member of a document.
pub(super) fn source(file: &KeyFile) -> Value {
    json!({
        "source": file.label,
        "keys": file.keys.iter().map(key).collect::<Vec<Value>>(),
        "message": file.trouble.clone().or_else(|| message_of_unasked(file)).unwrap_or_default(),
        "notes": file.notes,
    })
}

fn subkey(subkey: &SubkeyLine) -> Value {
    json!({
        "fingerprint": subkey.fingerprint,
        "keyAlgorithm": subkey.algorithm,
        "expiresAt": subkey.expires.map(time),
    })
}

fn key(key: &KeyLine) -> Value {
    json!({
        "fingerprint": key.fingerprint,
        "userID": key.owner,
        "openPGPVersion": key.version,
        "keyAlgorithm": key.algorithm,
        "expiresAt": key.expires.map(time),
        "checked": key.checked,
        "counts": key.refusal.is_none(),
        "message": key.refusal.as_deref().unwrap_or_default(),
        "subkeys": key.subkeys.iter().map(subkey).collect::<Vec<Value>>(),
    })
}
