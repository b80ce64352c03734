// SPDX-License-Identifier: Apache-2.0
//! Patches: JSON patch (RFC 6902), merge patch (RFC 7386), and the two kinds that signatures do not survive.

use serde_json::{Map, Value};

use super::raw::Raw;
use super::status::{bad_request, failure, internal, too_large, unprocessable, unsupported_media_type, Failure};
use super::{go, json};

/// Most operations of one JSON patch.
const MAX_OPERATIONS: usize = 10_000;

const JSON_PATCH: &str = "application/json-patch+json";
const MERGE_PATCH: &str = "application/merge-patch+json";
const STRATEGIC_MERGE_PATCH: &str = "application/strategic-merge-patch+json";
const APPLY_PATCH: &str = "application/apply-patch+yaml";

/// Whether a content type is a patch's; else 415.
pub fn check_type(content_type: &str) -> Result<(), Failure> {
    let known = [JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH, APPLY_PATCH];
    if known.contains(&content_type) {
        Ok(())
    } else {
        Err(unsupported_media_type(&known))
    }
}

/// Applies a patch to an object, and says what its strict decoder would warn of.
pub fn apply(content_type: &str, body: &[u8], object: &Value, name: &str) -> Result<(Value, Vec<String>), Failure> {
    let document = json::parse(body).map_err(|e| bad_request(&format!("error decoding patch: {e}")))?;
    let mut complaints = document.complaints();
    let patched = match content_type {
        JSON_PATCH => {
            complaints.extend(unknown_members(&document.value));
            for complaint in &mut complaints {
                complaint.insert_str(0, "json patch ");
            }
            json_patch(object, &document.value, &Raw::of(body))?
        }
        MERGE_PATCH => merge(object, merge_object(&document.value)?),
        STRATEGIC_MERGE_PATCH => strategic(object, merge_object(&document.value)?)?,
        _ => server_side_apply(object, merge_object(&document.value)?, name)?,
    };
    Ok((patched, complaints))
}

/// Complaints about members that operations do not have.
fn unknown_members(operations: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    for (n, operation) in operations.as_array().into_iter().flatten().enumerate() {
        for name in operation.as_object().into_iter().flat_map(|o| o.keys()) {
            if !["op", "path", "from", "value"].contains(&name.as_str()) {
                complaints.push(format!("unknown field \"[{n}].{name}\""));
            }
        }
    }
    complaints
}

fn merge_object(patch: &Value) -> Result<&Map<String, Value>, Failure> {
    patch.as_object().ok_or_else(|| bad_request("Invalid JSON Patch"))
}

fn json_patch(object: &Value, patch: &Value, raw: &Raw) -> Result<Value, Failure> {
    let operations = patch.as_array().ok_or_else(|| {
        bad_request("error decoding patch: json: cannot unmarshal into Go value of type []handlers.jsonPatchOp")
    })?;
    if let Some(odd) = operations.iter().find(|o| !o.is_object()) {
        return Err(bad_request(&format!("error decoding patch: {odd} is no operation")));
    }
    if operations.len() > MAX_OPERATIONS {
        return Err(too_large(&format!(
            "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            operations.len()
        )));
    }
    let mut patched = object.clone();
    for (n, operation) in operations.iter().enumerate() {
        let raw = raw.at(n).and_then(|raw| raw.member("value"));
        operate(&mut patched, operation, raw).ok_or_else(unprocessable)?;
    }
    Ok(patched)
}

/// `None` where the operation cannot be done: the server does not say why.
fn operate(document: &mut Value, operation: &Value, raw: Option<&Raw>) -> Option<()> {
    let path = pointer(operation["path"].as_str()?)?;
    let value = operation.get("value");
    match operation["op"].as_str()? {
        "add" => add(document, &path, value?.clone()),
        "remove" => remove(document, &path).map(|_| ()),
        "replace" => {
            *find(document, &path)? = value?.clone();
            Some(())
        }
        "move" => {
            let from = pointer(operation["from"].as_str()?)?;
            if path.starts_with(&from) && path != from {
                return None;
            }
            let moved = remove(document, &from)?;
            add(document, &path, moved)
        }
        "copy" => {
            let copied = find(document, &pointer(operation["from"].as_str()?)?)?.clone();
            add(document, &path, copied)
        }
        "test" => {
            // What is absent equals null, but it must be one member away from what is there.
            let (last, parents) = path.split_last()?;
            let parent = find(document, parents)?;
            let found = match parent {
                Value::Object(members) => members.get(last).cloned().unwrap_or(Value::Null),
                Value::Array(items) => items.get(index(last, items.len())?)?.clone(),
                _ => return None,
            };
            // Texts are compared: another spelling of the same value is another value.
            raw.map_or(found.is_null(), |raw| raw.is(&found)).then_some(())
        }
        _ => None,
    }
}

/// The steps of a JSON pointer (RFC 6901). The whole document cannot be patched as one.
fn pointer(text: &str) -> Option<Vec<String>> {
    let rest = text.strip_prefix('/')?;
    rest.split('/')
        .map(|step| {
            let valid = step.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
            valid.then(|| step.replace("~1", "/").replace("~0", "~"))
        })
        .collect()
}

/// An array index below `end`, without a sign or leading zeros.
fn index(step: &str, end: usize) -> Option<usize> {
    if step.is_empty() || !step.bytes().all(|b| b.is_ascii_digit()) || step.len() > 1 && step.starts_with('0') {
        return None;
    }
    step.parse().ok().filter(|n| *n < end)
}

fn find<'a>(document: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(document, |value, step| match value {
        Value::Object(members) => members.get_mut(step),
        Value::Array(items) => {
            let n = index(step, items.len())?;
            items.get_mut(n)
        }
        _ => None,
    })
}

fn add(document: &mut Value, path: &[String], value: Value) -> Option<()> {
    let (last, parents) = path.split_last()?;
    match find(document, parents)? {
        Value::Object(members) => {
            members.insert(last.clone(), value);
        }
        Value::Array(items) if last == "-" => items.push(value),
        Value::Array(items) => {
            let n = index(last, items.len() + 1)?;
            items.insert(n, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(document: &mut Value, path: &[String]) -> Option<Value> {
    let (last, parents) = path.split_last()?;
    match find(document, parents)? {
        Value::Object(members) => members.shift_remove(last),
        Value::Array(items) => {
            let n = index(last, items.len())?;
            Some(items.remove(n))
        }
        _ => None,
    }
}

fn merge(object: &Value, patch: &Map<String, Value>) -> Value {
    let mut members = object.as_object().cloned().unwrap_or_default();
    for (name, value) in patch {
        let merged = match value {
            Value::Null => {
                members.shift_remove(name);
                continue;
            }
            Value::Object(patch) => merge(members.get(name).unwrap_or(&Value::Null), patch),
            other => other.clone(),
        };
        members.insert(name.clone(), merged);
    }
    Value::Object(members)
}

/// Lists of signatures are declared to be merged by a member `name` that signatures do not have.
fn strategic(object: &Value, patch: &Map<String, Value>) -> Result<Value, Failure> {
    let stored = object["signatures"].as_array().map_or(&[][..], Vec::as_slice);
    if let Some(sent) = patch.get("signatures").and_then(Value::as_array) {
        let entries = sent.iter().chain(stored);
        let mut real = entries.filter(|entry| entry.get("$patch").is_none());
        if let Some(entry) = real.find(|entry| entry.get("name").is_none()) {
            let message = format!("map: {} does not contain declared merge key: name", go::show(entry));
            return Err(internal(&message));
        }
    }
    if patch.contains_key("$patch") || patch.keys().any(|k| k.starts_with('$')) {
        return Err(super::status::not_played("directives of strategic merge patches"));
    }
    Ok(merge(object, patch))
}

/// The same list keeps objects with signatures from being applied at all.
fn server_side_apply(object: &Value, patch: &Map<String, Value>, name: &str) -> Result<Value, Failure> {
    let signed = |value: Option<&Value>| value.and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    if signed(patch.get("signatures")) || signed(object.get("signatures")) {
        return Err(internal(&format!(
            "failed to convert new object (/{name}; image.openshift.io/v1, Kind=Image) to smd typed: .signatures: \
             element 0: associative list with keys has an element that omits all key fields [\"name\"]"
        )));
    }
    Err(failure(
        501,
        "",
        "this server for tests does not play server-side apply",
        None,
    ))
}
