// SPDX-License-Identifier: Apache-2.0
//! What a tag of an image stream is imported from or offered as.

use serde_json::Value;

use super::members;
use crate::reference::Reference;
use crate::text::quoted;

/// The reference with a tag that a tag, as `spec.tags` of its stream has it, is imported from, if it is from one; and what
/// of it cannot be read.
#[must_use]
pub(crate) fn imported_from(entry: &Value) -> (Vec<Reference>, Option<String>) {
    match entry {
        Value::Null => (Vec::new(), None),
        entry => named(&Value::Null, std::iter::once(entry), ""),
    }
}

/// What an entry of `spec.tags` is imported from, if it is from a registry.
///
/// # Errors
/// When that is not a reference, or cannot be read; safe to print.
pub(super) fn from(entry: &Value) -> Result<Option<Reference>, String> {
    let unknown = |what: String| format!("{what}; what it expects is unknown");
    if entry.get("from").is_some_and(Value::is_null) {
        return Ok(None);
    }
    if members::text(entry, "from.kind").map_err(unknown)? != "DockerImage" {
        return Ok(None);
    }
    let text = members::text(entry, "from.name").map_err(unknown)?;
    match Reference::parse(text) {
        Ok(reference) => Ok(Some(reference)),
        Err(_) => Err(unknown(format!(
            "it is imported from {}, which is not a valid reference",
            quoted(text)
        ))),
    }
}

/// The repositories that a stream says its tags are offered in, and what is wrong with others, safe to print.
pub(super) fn repositories(object: &Value) -> (Vec<&str>, Vec<String>) {
    let (mut found, mut troubles) = (Vec::new(), Vec::new());
    for path in ["status.dockerImageRepository", "status.publicDockerImageRepository"] {
        let what = match members::text(object, path) {
            Ok("") => continue,
            Ok(text) if Reference::parse(text).is_ok_and(|own| own.is_name_only()) => {
                found.push(text);
                continue;
            }
            Ok(text) => format!("{path} is {}, which is not a valid repository", quoted(text)),
            Err(what) => what,
        };
        troubles.push(format!(
            "{what}; the names under which its tags are offered are unknown"
        ));
    }
    (found, troubles)
}

/// The references of a tag with what is wrong with what it is imported from. `entries` are those of `spec.tags` with the
/// name of the tag.
pub(super) fn named<'o>(
    object: &Value,
    entries: impl Iterator<Item = &'o Value>,
    tag: &str,
) -> (Vec<Reference>, Option<String>) {
    let mut found: Vec<Reference> = Vec::new();
    let mut trouble = None;
    let imported = entries.filter_map(|entry| {
        from(entry).unwrap_or_else(|what| {
            trouble = Some(what);
            None
        })
    });
    let imported: Vec<Reference> = imported.collect();
    let offered = match object {
        Value::Null => Vec::new(),
        stream => repositories(stream).0,
    };
    let offered = offered
        .into_iter()
        .filter_map(|repository| Reference::parse(&format!("{repository}:{tag}")).ok());
    for reference in imported.into_iter().chain(offered) {
        if reference.tag().is_some() && reference.digest().is_none() && !found.contains(&reference) {
            found.push(reference);
        }
    }
    (found, trouble)
}
