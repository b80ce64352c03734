// SPDX-License-Identifier: Apache-2.0
//! What an image stream says its tags are: references that an image may be signed as. Whoever may write the stream chooses
//! them, so that only a policy makes something of them.

use serde_json::Value;

use super::api::Api;
use super::names::Name;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::text::safe;

/// The references with a tag that a tag of a stream is imported from or offered as. A digest is never one: whoever may
/// write the stream chooses what its tags resolve to.
///
/// # Errors
/// When the name is not that of a tag, the stream cannot be read, or it names no such reference.
pub fn references(api: &mut Api, name: &Name) -> Result<Vec<Reference>, Refusal> {
    let Name::Tag { namespace, stream, tag } = name else {
        let message = format!("{name} is no tag of a stream: give --expected-identity REF");
        return Err(Refusal::new(Reason::NotFound, message));
    };
    let own = api.access().namespace.clone();
    let namespace = namespace.as_ref().unwrap_or(&own);
    let what = format!("reading ImageStream {namespace}/{stream}, which names what {name} is");
    let path = format!("/apis/image.openshift.io/v1/namespaces/{namespace}/imagestreams/{stream}");
    let object = api.get(&path).map_err(|error| error.refusal(&what))?;
    let metadata = &object["metadata"];
    let is_it =
        object["kind"] == "ImageStream" && metadata["name"] == *stream && metadata["namespace"] == namespace.as_str();
    if !is_it {
        let error = api.nonsense("expected the ImageStream that was asked for");
        return Err(error.refusal(&what));
    }
    let found = named(&object, tag);
    if found.is_empty() {
        let message = format!(
            "ImageStream {namespace}/{stream} names no reference with a tag for {}: give --expected-identity REF",
            safe(tag)
        );
        return Err(Refusal::new(Reason::NotFound, message));
    }
    Ok(found)
}

fn named(object: &Value, tag: &str) -> Vec<Reference> {
    let tags = object["spec"]["tags"].as_array().map_or(&[][..], Vec::as_slice);
    let from = tags
        .iter()
        .filter(|entry| entry["name"] == tag && entry["from"]["kind"] == "DockerImage")
        .filter_map(|entry| entry["from"]["name"].as_str().map(str::to_owned));
    let repositories = ["dockerImageRepository", "publicDockerImageRepository"];
    let offered = repositories
        .iter()
        .filter_map(|name| object["status"][*name].as_str().filter(|text| !text.is_empty()))
        .map(|repository| format!("{repository}:{tag}"));
    let mut found = Vec::new();
    for text in from.chain(offered) {
        let reference = Reference::parse(&text).ok();
        let reference = reference.filter(|own| own.tag().is_some() && own.digest().is_none());
        if let Some(reference) = reference.filter(|own| !found.contains(own)) {
            found.push(reference);
        }
    }
    found
}
