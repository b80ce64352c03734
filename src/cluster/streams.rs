// SPDX-License-Identifier: Apache-2.0
//! What an image stream says its tags are: references that an image may be signed as. Whoever may write the stream chooses
//! them, so that only a policy or an audit makes something of them.

use std::collections::HashMap;

use serde_json::Value;

use super::api::Api;
use super::names::Name;
use super::pages::List;
use crate::digest::{Algorithm, Digest};
use crate::json::select::Keep;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::text::quoted;

/// What is kept of a stream in a list.
const STREAM: Keep = Keep::Members(&[
    ("apiVersion", Keep::All),
    ("kind", Keep::All),
    (
        "metadata",
        Keep::Members(&[("name", Keep::All), ("namespace", Keep::All), ("uid", Keep::All)]),
    ),
    (
        "spec",
        Keep::Members(&[(
            "tags",
            Keep::Elements(&Keep::Members(&[("name", Keep::All), ("from", Keep::All)])),
        )]),
    ),
    (
        "status",
        Keep::Members(&[
            ("dockerImageRepository", Keep::All),
            ("publicDockerImageRepository", Keep::All),
            (
                "tags",
                Keep::Elements(&Keep::Members(&[
                    ("tag", Keep::All),
                    ("items", Keep::Elements(&Keep::Members(&[("image", Keep::All)]))),
                ])),
            ),
        ]),
    ),
]);

/// A tag of a stream, and the image that it stands for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Namespace of the stream.
    pub namespace: String,
    /// `STREAM:TAG`, without the namespace.
    pub name: String,
    /// The image that the tag stands for.
    pub digest: Digest,
    /// The references with a tag that it is imported from or offered as.
    pub references: Vec<Reference>,
}

/// The list of streams, of one namespace or all.
#[must_use]
pub fn list(namespace: Option<&str>, selector: &str) -> List {
    let group = "/apis/image.openshift.io/v1";
    List {
        path: match namespace {
            Some(namespace) => format!("{group}/namespaces/{namespace}/imagestreams"),
            None => format!("{group}/imagestreams"),
        },
        api_version: "image.openshift.io/v1",
        kind: "ImageStream",
        selector: selector.to_owned(),
        keep: STREAM,
    }
}

/// The tags of a stream that stand for an image, and what is wrong with others.
#[must_use]
pub fn tags(object: &Value) -> (Vec<Tag>, Vec<String>) {
    let (mut found, mut troubles) = (Vec::new(), Vec::new());
    let stream = object["metadata"]["name"].as_str().unwrap_or_default();
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    if stream.is_empty() || namespace.is_empty() {
        return (found, vec!["an image stream has no name or no namespace".to_owned()]);
    }
    // A stream may have thousands of tags.
    let mut specified: HashMap<&str, Vec<&Value>> = HashMap::new();
    for entry in object["spec"]["tags"].as_array().into_iter().flatten() {
        specified
            .entry(entry["name"].as_str().unwrap_or_default())
            .or_default()
            .push(entry);
    }
    for entry in object["status"]["tags"].as_array().into_iter().flatten() {
        let tag = entry["tag"].as_str().unwrap_or_default();
        // The first is the one that the tag stands for; a tag that was never imported has none.
        let image = entry["items"][0]["image"].as_str().unwrap_or_default();
        if image.is_empty() {
            continue;
        }
        let digest = Digest::parse(image).ok();
        match digest.filter(|digest| digest.algorithm() == Algorithm::Sha256 && !tag.is_empty()) {
            Some(digest) => found.push(Tag {
                namespace: namespace.to_owned(),
                name: format!("{stream}:{tag}"),
                digest,
                references: named(object, specified.get(tag).into_iter().flatten().copied(), tag),
            }),
            None => troubles.push(format!(
                "ImageStream {}: tag {} stands for {}, which is not a sha256 digest",
                quoted(&format!("{namespace}/{stream}")),
                quoted(tag),
                quoted(image)
            )),
        }
    }
    (found, troubles)
}

/// The references with a tag that a tag of a stream is imported from or offered as. A digest is never one: whoever may
/// write the stream chooses what its tags resolve to.
///
/// # Errors
/// When the name is not that of a tag, or the stream cannot be read.
pub fn references(api: &mut Api, name: &Name) -> Result<Vec<Reference>, Refusal> {
    let Name::Tag { tag, .. } = name else {
        let message = format!("{name} is no tag of a stream: give --expected-identity REF");
        return Err(Refusal::new(Reason::NotFound, message));
    };
    let object = stream(api, name)?;
    let entries = object["spec"]["tags"].as_array().into_iter().flatten();
    Ok(named(&object, entries.filter(|entry| entry["name"] == *tag), tag))
}

/// The tags of the stream in the name of an image that stand for that image now.
///
/// # Errors
/// When the stream cannot be read.
pub fn tags_of(api: &mut Api, name: &Name) -> Result<Vec<Tag>, Refusal> {
    let Name::StreamImage { digest, .. } = name else {
        return Ok(Vec::new());
    };
    // Other tags of the stream are no matter of this image.
    let (mut found, _) = tags(&stream(api, name)?);
    found.retain(|tag| tag.digest == *digest);
    Ok(found)
}

/// Reads the stream in the name of an image.
fn stream(api: &mut Api, name: &Name) -> Result<Value, Refusal> {
    let (Name::Tag { namespace, stream, .. } | Name::StreamImage { namespace, stream, .. }) = name else {
        return Err(Refusal::new(Reason::NotFound, format!("{name} is not in a stream")));
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
    Ok(object)
}

/// The reference with a tag that a tag, as `spec.tags` of its stream has it, is imported from, if it is from one.
#[must_use]
pub fn imported_from(entry: &Value) -> Vec<Reference> {
    named(&Value::Null, std::iter::once(entry), "")
}

/// `entries` are those of `spec.tags` with the name of the tag.
fn named<'o>(object: &Value, entries: impl Iterator<Item = &'o Value>, tag: &str) -> Vec<Reference> {
    let from = entries
        .filter(|entry| entry["from"]["kind"] == "DockerImage")
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tag_stands_for_the_first_of_its_items_and_for_no_digest_that_it_was_resolved_to() {
        let image = |c: char| format!("sha256:{}", c.to_string().repeat(64));
        let stream = json!({
            "metadata": {"namespace": "shop", "name": "web"},
            "spec": {"tags": [
                {"name": "v1", "from": {"kind": "DockerImage", "name": "quay.io/x/web:1.0"}},
                {"name": "v2", "from": {"kind": "DockerImage", "name": format!("quay.io/x/web@{}", image('b'))}},
                {"name": "v3", "from": {"kind": "ImageStreamTag", "name": "web:v1"}},
            ]},
            "status": {"dockerImageRepository": "registry.local:5000/shop/web", "tags": [
                {"tag": "v1", "items": [{"image": image('a')}, {"image": image('0')}]},
                {"tag": "v2", "items": [{"image": image('b'), "dockerImageReference": "quay.io/x/web@x"}]},
                {"tag": "v3", "items": [{"image": "latest"}]},
                {"tag": "v4", "items": []},
                {"tag": "v5", "items": null},
            ]},
        });
        let (tags, troubles) = tags(&stream);
        let found: Vec<(String, String, Vec<String>)> = tags
            .into_iter()
            .map(|tag| {
                let references = tag.references.iter().map(Reference::to_string).collect();
                (tag.name, tag.digest.to_string(), references)
            })
            .collect();
        let own = |tag: &str| format!("registry.local:5000/shop/web:{tag}");
        assert_eq!(
            found,
            [
                (
                    "web:v1".to_owned(),
                    image('a'),
                    vec!["quay.io/x/web:1.0".to_owned(), own("v1")]
                ),
                ("web:v2".to_owned(), image('b'), vec![own("v2")]),
            ]
        );
        assert_eq!(troubles.len(), 1, "{troubles:?}");
    }
}
