// SPDX-License-Identifier: Apache-2.0
//! Members of objects as they come from a server or a file: what has another type than the API gives it is told, and never
//! taken for a member that is not there.

use serde_json::Value;

/// The elements of the array at a dotted path; none where it is absent or null, as the API prints empty lists.
///
/// # Errors
/// When something else is found there, or on the way to it.
pub(super) fn list<'o>(object: &'o Value, path: &str) -> Result<&'o [Value], String> {
    match at(object, path)? {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(elements)) => Ok(elements),
        Some(other) => Err(wrong(path, "an array", other)),
    }
}

/// The text at a dotted path; empty where it is absent.
///
/// # Errors
/// When something else is found there, or on the way to it.
pub(super) fn text<'o>(object: &'o Value, path: &str) -> Result<&'o str, String> {
    match at(object, path)? {
        None => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(wrong(path, "a string", other)),
    }
}

/// What stands at a dotted path; nothing where a member on the way is absent.
fn at<'o>(object: &'o Value, path: &str) -> Result<Option<&'o Value>, String> {
    let mut value = object;
    for (place, name) in path.split('.').enumerate() {
        let Some(members) = value.as_object() else {
            let above: Vec<&str> = path.split('.').take(place).collect();
            let above = match above.as_slice() {
                [] => "it".to_owned(),
                names => names.join("."),
            };
            return Err(wrong(&above, "an object", value));
        };
        match members.get(name) {
            None => return Ok(None),
            Some(member) => value = member,
        }
    }
    Ok(Some(value))
}

fn wrong(path: &str, expected: &str, found: &Value) -> String {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    format!("{path}: expected {expected}, found {found}")
}
