// SPDX-License-Identifier: Apache-2.0
//! Why a tag of a stream stands for no image: it was never imported, or there is none of that name.

use serde_json::Value;

use super::api::Api;
use crate::text::place::shown;
use crate::text::{bounded, safe};

/// Most tags of a stream that are named.
const MAX_TAGS: usize = 10;

/// Longest message of a failed import that is shown, in characters.
const MAX_MESSAGE: usize = 512;

/// What to add to the message that a tag is not found; empty where the stream cannot be read, which needs another right.
pub(super) fn why_missing(api: &mut Api, namespace: &str, stream: &str, tag: &str) -> String {
    let path = format!("/apis/image.openshift.io/v1/namespaces/{namespace}/imagestreams/{stream}");
    match api.get(&path) {
        Ok(object) if object["kind"] == "ImageStream" && object["metadata"]["name"] == stream => {
            explain(&object, namespace, stream, tag)
        }
        _ => String::new(),
    }
}

fn explain(object: &Value, namespace: &str, stream: &str, tag: &str) -> String {
    let entries = |list: &Value| list.as_array().cloned().unwrap_or_default();
    let (wanted, imported) = (entries(&object["spec"]["tags"]), entries(&object["status"]["tags"]));
    let status = imported.iter().find(|entry| entry["tag"] == tag);
    let has_image = status.is_some_and(|entry| !entries(&entry["items"]).is_empty());
    if has_image {
        return String::new();
    }
    let spec = wanted.iter().find(|entry| entry["name"] == tag);
    if spec.is_none() && status.is_none() {
        return known_tags(&imported, &wanted);
    }
    let mut text = "; the tag is in the stream, but no image was ever imported for it".to_owned();
    let from = spec
        .and_then(|entry| entry["from"]["name"].as_str())
        .unwrap_or_default();
    if !from.is_empty() {
        text.push_str(&format!(" from {}", shown(from)));
    }
    let conditions = status.map(|entry| entries(&entry["conditions"])).unwrap_or_default();
    let failed = conditions
        .iter()
        .find(|condition| condition["type"] == "ImportSuccess" && condition["status"] == "False");
    if let Some(condition) = failed {
        let part = |member: &str| bounded(condition[member].as_str().unwrap_or_default(), MAX_MESSAGE);
        text.push_str(&format!(": {}: {}", part("reason"), part("message")));
    }
    text.push_str(&format!("; import it: oc import-image {stream}:{tag} -n {namespace}"));
    text
}

/// The tags that there are.
fn known_tags(imported: &[Value], wanted: &[Value]) -> String {
    let mut names: Vec<&str> = imported
        .iter()
        .filter_map(|entry| entry["tag"].as_str())
        .chain(wanted.iter().filter_map(|entry| entry["name"].as_str()))
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return "; the stream has no tags".into();
    }
    let more = match names.len().saturating_sub(MAX_TAGS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown: Vec<String> = names.iter().take(MAX_TAGS).map(|name| safe(name)).collect();
    format!("; the stream has the tags {}{more}", shown.join(", "))
}
