// SPDX-License-Identifier: Apache-2.0
//! Stored signatures that make the server refuse every update of their image, and what an administrator can do.
//!
//! The server checks all entries at every update, also those that nobody touches, and older servers have stored damaged
//! ones (docs/openshift-api.md 2.2, 2.3). Nothing is repaired unasked: the message names each entry and gives the command.

use base64::Engine as _;
use serde_json::{json, Value};

use super::status::Status;
use crate::digest::Digest;
use crate::edit::SignatureEdit;
use crate::text::safe;

/// Most entries that a message names one by one.
const MAX_NAMED: usize = 8;

/// What the server holds against a stored entry whatever is recorded about it (docs/openshift-api.md 2.2, rules 1 to 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defect {
    /// There is no signature in it.
    Content,
    /// No name, or not one of the form `IMAGE@NAME`.
    Name,
    /// It has no type, or an empty one.
    Type,
    /// A member of its metadata that must not be there.
    Metadata(&'static str),
}

impl Defect {
    fn text(self) -> String {
        match self {
            Defect::Content => "it has no content".into(),
            Defect::Name => "its name is not of the form IMAGE@NAME".into(),
            Defect::Type => "it has no type".into(),
            Defect::Metadata(member) => format!("it has {member}"),
        }
    }
}

/// Which entries block an image, and the command that an administrator can run; nothing where the
/// refusal has another cause.
#[must_use]
pub fn blocked(status: &Status, object: &Value, edits: &[SignatureEdit]) -> Option<String> {
    let damaged = damaged_entries(status, object, edits);
    let is_ours = |index: usize| edits.iter().any(|edit| edit.index == index);
    // What is wrong with the members that were to be written is no damage of what is stored.
    if !damaged
        .iter()
        .any(|(index, _)| !is_ours(*index) || !defects(&object["signatures"][*index]).is_empty())
    {
        return None;
    }
    let mut list: Vec<String> = damaged
        .iter()
        .take(MAX_NAMED)
        .map(|(index, what)| format!("entry {} of its signatures ({what})", index + 1))
        .collect();
    if damaged.len() > MAX_NAMED {
        list.push(format!("and {} more", damaged.len() - MAX_NAMED));
    }
    Some(format!(
        "the server refuses every update of this image because of {}; {}",
        list.join(", "),
        advice(object, &damaged)
    ))
}

/// The command that repairs these entries, if there is one that loses nothing; else where to look.
fn advice(object: &Value, damaged: &[(usize, String)]) -> String {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let version = object["metadata"]["resourceVersion"].as_str().unwrap_or_default();
    let (mut repairs, mut removals) = (Vec::new(), Vec::new());
    for (index, _) in damaged {
        let entry = &object["signatures"][*index];
        let defects = defects(entry);
        if defects.contains(&Defect::Content) {
            removals.push(json!({"op": "remove", "path": format!("/signatures/{index}")}));
            continue;
        }
        let repair: Option<Vec<Value>> = defects
            .iter()
            .map(|defect| repair(*defect, *index, entry, name))
            .collect();
        match repair {
            Some(operations) if !operations.is_empty() => repairs.extend(operations),
            _ => return by_hand(name),
        }
    }
    // The command is for a shell: nothing that others chose may end its quotes.
    let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b':');
    if version.is_empty() || !is_plain(version) || !is_plain(name) {
        return by_hand(name);
    }
    let several = damaged.len() > 1;
    let what = if repairs.is_empty() {
        let them = if several { "them" } else { "it" };
        format!("there is no signature in {them}; an administrator can remove {them}")
    } else {
        "an administrator can correct that without loss of a signature".to_owned()
    };
    let mut patch = vec![json!({"op": "test", "path": "/metadata/resourceVersion", "value": version})];
    patch.append(&mut repairs);
    // From the last one: removing an entry moves those behind it.
    patch.extend(removals.into_iter().rev());
    format!("{what}: oc patch image {name} --type=json -p '{}'", Value::Array(patch))
}

fn by_hand(name: &str) -> String {
    format!("an administrator can correct that: oc edit image {}", safe(name))
}

/// The operation that takes a defect away and leaves the signature as it is.
fn repair(defect: Defect, index: usize, entry: &Value, image: &str) -> Option<Value> {
    let at = |member: &str| format!("/signatures/{index}/{member}");
    match defect {
        Defect::Content => None,
        Defect::Metadata(member) => Some(json!({"op": "remove", "path": at(&format!("metadata/{member}"))})),
        Defect::Type => Some(json!({"op": "add", "path": at("type"), "value": "atomic"})),
        Defect::Name => {
            let content = entry["content"].as_str()?;
            let blob = base64::engine::general_purpose::STANDARD.decode(content).ok()?;
            let digest = Digest::of_bytes(&blob);
            // As the import controller names signatures (docs/openshift-api.md 8.5).
            let name = format!("{image}@{}", digest.hex());
            Some(if entry["metadata"].is_object() {
                json!({"op": "add", "path": at("metadata/name"), "value": name})
            } else {
                json!({"op": "add", "path": at("metadata"), "value": {"name": name}})
            })
        }
    }
}

/// What the server holds against an entry as it is stored.
fn defects(entry: &Value) -> Vec<Defect> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &entry["metadata"];
    let name = text(&metadata["name"]);
    let halves: Vec<&str> = name.split('@').collect();
    let mut found = Vec::new();
    if text(&entry["content"]).is_empty() {
        found.push(Defect::Content);
    }
    if halves.len() != 2 || halves.contains(&"") || name.contains(['/', '%']) {
        found.push(Defect::Name);
    }
    if text(&entry["type"]).is_empty() {
        found.push(Defect::Type);
    }
    for member in ["annotations", "labels", "namespace"] {
        let is_empty = match &metadata[member] {
            Value::Null => true,
            Value::Object(members) => members.is_empty(),
            value => value == "",
        };
        if !is_empty {
            found.push(Defect::Metadata(member));
        }
    }
    found
}

/// The entries that a refusal is about: as the server says, or, where it panics, those that make it do so; and those
/// that it would name next.
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
    let entries = object["signatures"].as_array().map_or(&[][..], Vec::as_slice);
    let panicked = status.code == 500 && status.message.contains("panic");
    for (index, entry) in entries.iter().enumerate() {
        if panicked && !edits.iter().any(|edit| edit.index == index) && makes_server_panic(entry) {
            found.push((index, "its conditions make the server panic".to_owned()));
        }
    }
    // The causes of one refusal are bounded; what blocks as well is to be corrected by the same command.
    if !found.is_empty() && !panicked {
        for (index, entry) in entries.iter().enumerate() {
            let defects = defects(entry);
            if !defects.is_empty() && !found.iter().any(|(known, _)| *known == index) {
                let what: Vec<String> = defects.into_iter().map(Defect::text).collect();
                found.push((index, what.join("; ")));
            }
        }
    }
    found.sort_by_key(|(index, _)| *index);
    found
}

/// The server looks for the latest ForImage before there is one (docs/openshift-api.md 2.2): after a condition of another
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
