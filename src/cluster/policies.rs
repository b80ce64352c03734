// SPDX-License-Identifier: Apache-2.0
//! The ClusterImagePolicies of a cluster and the ImagePolicies of a namespace, each list as a whole: a requirement that is
//! not seen is a requirement that is not made.

use std::collections::HashSet;

use serde_json::Value;

use super::api::{Api, ApiError};
use super::pages::{List, Pages, Step, PAGE};
use crate::json::select::Keep;
use crate::reason::{Reason, Refusal};
use crate::text::safe;

/// The API of both kinds.
const API: &str = "config.openshift.io/v1";

/// Most objects of one kind.
const MAX_POLICIES: usize = 10_000;

/// One of the two kinds.
#[derive(Debug, Clone, Copy)]
struct Kind<'n> {
    name: &'static str,
    namespace: Option<&'n str>,
}

/// All ClusterImagePolicies, and all ImagePolicies of `namespace`, a valid name, each with its kind.
///
/// # Errors
/// When a list cannot be read as a whole, or the cluster does not have these kinds.
pub fn read(api: &mut Api, namespace: Option<&str>) -> Result<Vec<Value>, Refusal> {
    let mut all = list(
        api,
        Kind {
            name: "ClusterImagePolicy",
            namespace: None,
        },
    )?;
    if let Some(namespace) = namespace {
        let kind = Kind {
            name: "ImagePolicy",
            namespace: Some(namespace),
        };
        all.extend(list(api, kind)?);
    }
    Ok(all)
}

fn list(api: &mut Api, kind: Kind<'_>) -> Result<Vec<Value>, Refusal> {
    let (what, path) = match kind.namespace {
        None => (
            "listing the ClusterImagePolicies, which say who may sign what".to_owned(),
            format!("/apis/{API}/clusterimagepolicies"),
        ),
        Some(namespace) => (
            format!("listing the ImagePolicies of namespace {namespace}, which say who may sign what"),
            format!("/apis/{API}/namespaces/{namespace}/imagepolicies"),
        ),
    };
    items(api, kind, path).map_err(|error| match error {
        ApiError::Status(status) if status.is_absent() => Refusal::new(
            Reason::SourceUnavailable,
            format!("{what}: the API server does not have the kind {} of {API}", kind.name),
        ),
        error => error.refusal(&what),
    })
}

fn items(api: &mut Api, kind: Kind<'_>, path: String) -> Result<Vec<Value>, ApiError> {
    let mut pages = Pages::whole(List {
        path,
        api_version: API,
        kind: kind.name,
        selector: String::new(),
        keep: Keep::All,
        first: PAGE,
    });
    let mut items = Vec::new();
    let mut names: HashSet<String> = HashSet::new();
    loop {
        let item = match pages.step(api)? {
            Step::Item(item) => typed(api, kind, item)?,
            // A policy of before beside one of now is a policy that nobody made.
            Step::Again => {
                items.clear();
                names.clear();
                continue;
            }
            Step::End => return Ok(items),
        };
        let name = item["metadata"]["name"].as_str().unwrap_or_default();
        if !names.insert(name.to_owned()) {
            return Err(api.nonsense(&format!("{} {} is listed twice", kind.name, safe(name))));
        }
        if items.len() == MAX_POLICIES {
            let what = format!("there are more than {MAX_POLICIES} objects of kind {}", kind.name);
            return Err(api.nonsense(&what));
        }
        items.push(item);
    }
}

/// An object with its kind, which lists may leave out; it is of the namespace that was asked for.
fn typed(api: &Api, kind: Kind<'_>, mut item: Value) -> Result<Value, ApiError> {
    let wrong = |what: &str| api.nonsense(&format!("in the list of {}: {what}", kind.name));
    let members = item.as_object_mut().ok_or_else(|| wrong("expected objects"))?;
    for (member, value) in [("kind", kind.name), ("apiVersion", API)] {
        members.insert(member.to_owned(), value.into());
    }
    let metadata = &item["metadata"];
    if metadata["name"].as_str().unwrap_or_default().is_empty() {
        return Err(wrong("an object has no name"));
    }
    if kind.namespace.is_some() && metadata["namespace"].as_str() != kind.namespace {
        return Err(wrong("an object belongs to another namespace"));
    }
    Ok(item)
}
