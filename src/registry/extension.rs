// SPDX-License-Identifier: Apache-2.0
//! The signature extension of OpenShift's registry: `GET /extensions/v2/NAME/signatures/DIGEST`.

use base64::Engine as _;
use serde_json::Value;

use super::trouble::Fault;
use crate::json;
use crate::text::{quoted, safe};

/// Types under which simple signing signatures are listed: by the registry, and by the import controller.
const TYPES: [&str; 2] = ["atomic", "AtomicImageV1"];

/// The version of an entry.
const VERSION: &str = "2";

/// An entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name; empty where there is none.
    pub name: String,
    /// The signature, or why there is none to judge.
    pub content: Result<Vec<u8>, Fault>,
}

/// Reads the list. An entry that is broken, or of another version or type, spoils no other.
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
    let entries = list.iter().map(|entry| Entry {
        name: entry["name"].as_str().unwrap_or_default().to_owned(),
        content: read(entry),
    });
    Ok(entries.collect())
}

fn read(entry: &Value) -> Result<Vec<u8>, Fault> {
    let broken = |what: &str| Err(Fault::Broken(what.to_owned()));
    if !entry.is_object() {
        return broken("it is not an object");
    }
    let version = match &entry["schemaVersion"] {
        Value::Null => None,
        Value::Number(version) if version.is_i64() || version.is_u64() => Some(version.to_string()),
        _ => return broken("its schemaVersion is not a whole number"),
    };
    let kind = match &entry["type"] {
        Value::Null => None,
        Value::String(kind) => Some(kind.as_str()),
        _ => return broken("its type is not text"),
    };
    let is_known = kind.is_some_and(|kind| TYPES.contains(&kind));
    if is_known && version.as_deref() == Some(VERSION) {
        return content(&entry["content"]).map_err(Fault::Broken);
    }
    Err(Fault::Unknown(format!(
        "it is of type {} and version {}; {} and {} of version {VERSION} are known",
        kind.map_or("none".to_owned(), quoted),
        version.as_deref().unwrap_or("none"),
        TYPES[0],
        TYPES[1]
    )))
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
