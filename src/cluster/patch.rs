// SPDX-License-Identifier: Apache-2.0
//! One guarded write of an image: a JSON patch (RFC 6902) that fits only the object that was judged.

use serde_json::{json, Map, Value};

use crate::edit::{Change, SignatureEdit};

/// The patch for changes to the signatures of an object. `test` operations hold each changed entry to the name and
/// content that were judged, and the resource version makes the server refuse when anything else has changed.
#[must_use]
pub fn patch(object: &Value, edits: &[SignatureEdit]) -> Value {
    let mut operations = Vec::new();
    for edit in edits {
        let path = format!("/signatures/{}", edit.index);
        let stored = &object["signatures"][edit.index];
        for (member, value) in [
            ("metadata/name", &stored["metadata"]["name"]),
            ("content", &stored["content"]),
        ] {
            if has_one_spelling(value) {
                operations.push(json!({"op": "test", "path": format!("{path}/{member}"), "value": value}));
            }
        }
        for (member, change) in &edit.changes {
            let path = format!("{path}/{member}");
            match change {
                // Adding a member that is there replaces it.
                Change::Set(value) => operations.push(json!({"op": "add", "path": path, "value": value})),
                Change::Remove if stored.get(member).is_some() => {
                    operations.push(json!({"op": "remove", "path": path}));
                }
                Change::Remove => {}
            }
        }
    }
    let version = &object["metadata"]["resourceVersion"];
    operations.push(json!({"op": "replace", "path": "/metadata/resourceVersion", "value": version}));
    Value::Array(operations)
}

/// Whether a value can be tested for: it is a string, and every version of the server spells it alike. Go has written
/// backspace and form feed as `\u0008` and `\u000c`, and since version 1.22 as `\b` and `\f`.
fn has_one_spelling(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.contains(['\u{8}', '\u{c}']))
}

/// A patch as it is sent. The server compares the *text* of what a `test` operation holds with its own, in which some
/// characters are escaped that need not be (docs/openshift-api.md 10): another spelling would never fit.
#[must_use]
pub fn spelled(patch: &Value) -> String {
    let mut out = String::new();
    // In JSON these characters stand in strings only.
    for c in patch.to_string().chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// Whether an object already is what the changes would make of it.
#[must_use]
pub fn is_done(object: &Value, edits: &[SignatureEdit], before: &Value) -> bool {
    edits.iter().all(|edit| {
        let stored = &object["signatures"][edit.index];
        is_same_signature(stored, &before["signatures"][edit.index])
            && edit.changes.iter().all(|(member, change)| match change {
                Change::Set(value) => full(&stored[*member]) == full(value),
                Change::Remove => full(&stored[*member]).is_null(),
            })
    })
}

/// Whether the answer to a write shows the whole of what was to be written: this object, stored, with the changes made
/// and every other signature where it was.
#[must_use]
pub(crate) fn is_answered(answer: &Value, edits: &[SignatureEdit], before: &Value) -> bool {
    let signatures = |object: &Value| object["signatures"].as_array().cloned().unwrap_or_default();
    let (now, then) = (signatures(answer), signatures(before));
    answer["kind"] == "Image"
        && is_same_object(answer, before)
        && now.len() == then.len()
        && now.iter().zip(&then).all(|(now, then)| is_same_signature(now, then))
        && is_done(answer, edits, before)
}

/// Whether two readings are of one object: by name and uid. Another one may have come in its place.
#[must_use]
pub(crate) fn is_same_object(now: &Value, then: &Value) -> bool {
    let version = now["metadata"]["resourceVersion"].as_str().unwrap_or_default();
    !version.is_empty()
        && ["name", "uid"]
            .iter()
            .all(|member| now["metadata"][*member] == then["metadata"][*member])
}

/// Whether two entries are the same signature, whatever is recorded about it.
fn is_same_signature(now: &Value, then: &Value) -> bool {
    ["content", "type"].iter().all(|member| now[*member] == then[*member])
        && now["metadata"]["name"] == then["metadata"]["name"]
}

/// A value without its empty members: the server leaves out some of them and writes `null` for others.
fn full(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), full(value)));
            let members: Map<String, Value> = members.filter(|(_, value)| !value.is_null()).collect();
            if members.is_empty() {
                Value::Null
            } else {
                members.into()
            }
        }
        Value::Array(entries) if entries.is_empty() => Value::Null,
        Value::Array(entries) => entries.iter().map(full).collect(),
        Value::String(text) if text.is_empty() => Value::Null,
        other => other.clone(),
    }
}
