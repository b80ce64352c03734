// SPDX-License-Identifier: Apache-2.0
//! The signature extension of OpenShift's registry: `GET /extensions/v2/NAME/signatures/DIGEST`.

use base64::Engine as _;
use serde_json::Value;

use crate::json;
use crate::text::safe;

/// Types under which simple signing signatures are listed: by the registry, and by the import controller.
const TYPES: [&str; 2] = ["atomic", "AtomicImageV1"];

/// The version of an entry.
const VERSION: i64 = 2;

/// An entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name; empty where there is none.
    pub name: String,
    /// The signature, or what is wrong with the entry.
    pub content: Result<Vec<u8>, String>,
}

/// Reads the list. Entries of other versions and types are left out; one that is broken spoils no other.
///
/// # Errors
/// When the answer is not such a list.
pub fn parse(body: &[u8]) -> Result<Vec<Entry>, String> {
    let document = json::parse(body).map_err(|error| safe(&error.to_string()))?;
    let root = document.as_object().ok_or("expected a JSON object")?;
    let list = match root.get("signatures") {
        // What a server writes that has an empty list.
        Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err("signatures: expected an array".into()),
        // Another document: what it does not speak of is not known to be absent.
        None => return Err("it has no member signatures".into()),
    };
    let mut entries = Vec::new();
    for entry in list {
        match entry.get("schemaVersion") {
            None | Some(Value::Null) => continue,
            Some(Value::Number(version)) if version.as_i64() == Some(VERSION) => {}
            Some(Value::Number(_)) => continue,
            Some(_) => return Err("schemaVersion of an entry: expected a number".into()),
        }
        if !entry["type"].as_str().is_some_and(|kind| TYPES.contains(&kind)) {
            continue;
        }
        entries.push(Entry {
            name: entry["name"].as_str().unwrap_or_default().to_owned(),
            content: content(&entry["content"]),
        });
    }
    Ok(entries)
}

fn content(value: &Value) -> Result<Vec<u8>, String> {
    let text = match value {
        Value::Null => "",
        Value::String(text) => text,
        _ => return Err("its content is not text".into()),
    };
    let digits: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    base64::engine::general_purpose::STANDARD
        .decode(digits)
        .map_err(|_| "its content is not base64".into())
}
