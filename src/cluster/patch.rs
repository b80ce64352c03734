// SPDX-License-Identifier: Apache-2.0
//! One guarded write of an image: a JSON patch (RFC 6902) that fits only the object that was judged.

use serde_json::{json, Map, Value};

use super::status::Status;
use crate::record::edit::SignatureEdit;
use crate::record::Change;
use crate::text::safe;

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
            if !value.is_null() {
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

/// Whether an object already is what the changes would make of it.
#[must_use]
pub fn is_done(object: &Value, edits: &[SignatureEdit], before: &Value) -> bool {
    edits.iter().all(|edit| {
        let stored = &object["signatures"][edit.index];
        let was = &before["signatures"][edit.index];
        let same = ["content", "type"].iter().all(|member| stored[*member] == was[*member])
            && stored["metadata"]["name"] == was["metadata"]["name"];
        same && edit.changes.iter().all(|(member, change)| match change {
            Change::Set(value) => full(&stored[*member]) == full(value),
            Change::Remove => full(&stored[*member]).is_null(),
        })
    })
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

/// Which entries make the server refuse every update of an image, and what an administrator can do about it. The server
/// checks all entries, also those that nobody touches, and older servers have stored damaged ones (openshift-api.md
/// 2.3).
#[must_use]
pub fn blocked(status: &Status, object: &Value, edits: &[SignatureEdit]) -> Option<String> {
    let damaged = damaged_entries(status, object, edits);
    let untouched = damaged.iter().any(|(index, _)| {
        let ours = edits.iter().any(|edit| edit.index == *index);
        !ours || lacks_essentials(&object["signatures"][*index])
    });
    if damaged.is_empty() || !untouched {
        return None;
    }
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let list: Vec<String> = damaged
        .iter()
        .map(|(index, what)| format!("entry {} of its signatures ({what})", index + 1))
        .collect();
    let mut remedy = json!([{"op": "test", "path": "/metadata/resourceVersion",
        "value": object["metadata"]["resourceVersion"]}]);
    // From the last one: removing an entry moves those behind it.
    let empty: Vec<&usize> = damaged
        .iter()
        .map(|(index, _)| index)
        .filter(|index| {
            object["signatures"][**index]["content"]
                .as_str()
                .unwrap_or_default()
                .is_empty()
        })
        .collect();
    // The command is for a shell: nothing of the server's may end its quotes.
    let is_plain = remedy[0]["value"]
        .as_str()
        .is_some_and(|version| version.bytes().all(|b| b.is_ascii_digit()));
    let advice = if empty.len() == damaged.len() && is_plain {
        for index in empty.iter().rev() {
            if let Some(operations) = remedy.as_array_mut() {
                operations.push(json!({"op": "remove", "path": format!("/signatures/{index}")}));
            }
        }
        format!(
            "there is no signature in {}; an administrator can take {} away: oc patch image {} --type=json -p '{remedy}'",
            if empty.len() == 1 { "it" } else { "them" },
            if empty.len() == 1 { "it" } else { "them" },
            safe(name)
        )
    } else {
        format!("an administrator can correct that: oc edit image {}", safe(name))
    };
    Some(format!(
        "the server refuses every update of this image because of {}; {advice}",
        list.join(", ")
    ))
}

/// The entries that a refusal is about: as the server says, or, where it panics, those that make it do so.
fn damaged_entries(status: &Status, object: &Value, edits: &[SignatureEdit]) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    for (field, message) in &status.causes {
        let index = field
            .strip_prefix("signatures[")
            .and_then(|rest| rest.split_once(']'))
            .and_then(|(index, rest)| Some((index.parse::<usize>().ok()?, rest.trim_start_matches('.'))));
        let Some((index, member)) = index else { continue };
        let what = format!("{member}: {message}");
        match found.iter_mut().find(|(known, _)| *known == index) {
            Some((_, known)) => {
                known.push_str("; ");
                known.push_str(&what);
            }
            None => found.push((index, what)),
        }
    }
    if status.code == 500 && status.message.contains("panic") {
        let entries = object["signatures"].as_array().map_or(&[][..], Vec::as_slice);
        for (index, entry) in entries.iter().enumerate() {
            let rewritten = edits.iter().any(|edit| edit.index == index);
            if !rewritten && makes_server_panic(entry) {
                found.push((index, "its conditions make the server panic".to_owned()));
            }
        }
    }
    found.sort_by_key(|(index, _)| *index);
    found
}

/// Whether an entry is one that no version of the server would take.
fn lacks_essentials(entry: &Value) -> bool {
    [&entry["metadata"]["name"], &entry["type"], &entry["content"]]
        .iter()
        .any(|member| member.as_str().unwrap_or_default().is_empty())
}

/// The server looks for the latest ForImage before there is one (openshift-api.md 2.2): after a condition of another
/// type, or after a second Trusted that is older than the first.
fn makes_server_panic(entry: &Value) -> bool {
    let mut trusted: Option<&str> = None;
    for condition in entry["conditions"].as_array().map_or(&[][..], Vec::as_slice) {
        let probed = condition["lastProbeTime"].as_str().unwrap_or_default();
        match condition["type"].as_str() {
            Some("ForImage") => return false,
            Some("Trusted") => match trusted {
                Some(first) if probed < first => return true,
                _ => trusted = Some(probed),
            },
            _ => return true,
        }
    }
    false
}
