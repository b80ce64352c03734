// SPDX-License-Identifier: Apache-2.0
//! What an image stream says its tags are: references that an image may be signed as. Whoever may write the stream chooses
//! them, so that only a policy or an audit makes something of them.

use std::collections::HashMap;

use serde_json::Value;

use super::api::Api;
use super::members;
use super::names::Name;
use super::origins;
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

/// How many are asked for at first: one may have a thousand tags.
const STREAMS: u32 = 50;

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
        first: STREAMS,
    }
}

/// What cannot be read of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamTrouble {
    /// The tag that it is about; none where it may be about any of them.
    pub tag: Option<String>,
    /// What is wrong, in a sentence that is safe to print.
    pub what: String,
}

/// The tags of a stream that stand for an image, and what of the stream cannot be read.
#[must_use]
pub fn tags(object: &Value) -> (Vec<Tag>, Vec<StreamTrouble>) {
    let (mut found, mut troubles) = (Vec::new(), Vec::new());
    let stream = object["metadata"]["name"].as_str().unwrap_or_default();
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    if stream.is_empty() || namespace.is_empty() {
        let what = "an image stream has no name or no namespace".to_owned();
        return (found, vec![StreamTrouble { tag: None, what }]);
    }
    let title = quoted(&format!("{namespace}/{stream}"));
    let mut complain = |tag: Option<&str>, what: String| {
        let place = tag.map(|tag| format!(" tag {}:", quoted(tag))).unwrap_or_default();
        troubles.push(StreamTrouble {
            tag: tag.map(str::to_owned),
            what: format!("ImageStream {title}:{place} {what}"),
        });
    };
    // A stream may have thousands of tags.
    let mut specified: HashMap<&str, Vec<&Value>> = HashMap::new();
    let entries = members::list(object, "spec.tags");
    for entry in entries.unwrap_or_else(|what| {
        complain(None, format!("{what}; what its tags expect is unknown"));
        &[]
    }) {
        match members::text(entry, "name") {
            Ok(name) => {
                specified.entry(name).or_default().push(entry);
                // What is said of a tag that stands for nothing yet would be taken for nothing later.
                if let Err(what) = origins::from(entry) {
                    complain(Some(name), what);
                }
            }
            Err(what) => complain(None, format!("spec.tags: {what}; what that tag expects is unknown")),
        }
    }
    for what in origins::repositories(object).1 {
        complain(None, what);
    }
    let entries = members::list(object, "status.tags");
    for entry in entries.unwrap_or_else(|what| {
        complain(None, format!("{what}; the images that its tags point to are unknown"));
        &[]
    }) {
        // The first is the one that the tag stands for; a tag that was never imported has none.
        let read = members::text(entry, "tag")
            .map_err(|what| (None, what))
            .and_then(|tag| {
                let first = members::list(entry, "items").map(<[Value]>::first);
                let image = first.and_then(|first| first.map_or(Ok(""), |first| members::text(first, "image")));
                Ok((tag, image.map_err(|what| (Some(tag), what))?))
            });
        let (tag, image) = match read {
            Ok((_, "")) => continue,
            Ok(read) => read,
            Err((tag, what)) => {
                complain(
                    tag,
                    format!("status.tags: {what}; the image that it points to is unknown"),
                );
                continue;
            }
        };
        let digest = Digest::parse(image).ok();
        match digest.filter(|digest| digest.algorithm() == Algorithm::Sha256 && !tag.is_empty()) {
            Some(digest) => found.push(Tag {
                namespace: namespace.to_owned(),
                name: format!("{stream}:{tag}"),
                digest,
                references: origins::named(object, specified.get(tag).into_iter().flatten().copied(), tag).0,
            }),
            None => complain(
                Some(tag),
                format!("it points to {}, which is not a sha256 digest", quoted(image)),
            ),
        }
    }
    (found, troubles)
}

/// The references with a tag that a tag of a stream is imported from or offered as, and what of them cannot be read. A
/// digest is never one: whoever may write the stream chooses what its tags resolve to.
///
/// # Errors
/// When the name is not that of a tag, or the stream cannot be read.
pub fn references(api: &mut Api, name: &Name) -> Result<(Vec<Reference>, Vec<String>), Refusal> {
    let Name::Tag { tag, .. } = name else {
        let message = format!("{name} is not a tag of a stream: give --expected-identity REF");
        return Err(Refusal::new(Reason::NotFound, message));
    };
    let object = stream(api, name)?;
    let entries = object["spec"]["tags"].as_array().into_iter().flatten();
    let (references, _) = origins::named(&object, entries.filter(|entry| entry["name"] == *tag), tag);
    Ok((references, troubles_of(tags(&object).1, |own| own == tag)))
}

/// The tags of the stream in the name of an image that stand for that image now, and what of them cannot be read.
///
/// # Errors
/// When the stream cannot be read.
pub(crate) fn tags_of(api: &mut Api, name: &Name) -> Result<(Vec<Tag>, Vec<String>), Refusal> {
    let Name::StreamImage {
        digest, stream: own, ..
    } = name
    else {
        return Ok((Vec::new(), Vec::new()));
    };
    let (mut found, troubles) = tags(&stream(api, name)?);
    found.retain(|tag| tag.digest == *digest);
    // Other tags of the stream are no matter of this image.
    let troubles = troubles_of(troubles, |tag| {
        found.iter().any(|own_tag| own_tag.name == format!("{own}:{tag}"))
    });
    Ok((found, troubles))
}

/// What is wrong with these tags or with the stream as a whole.
fn troubles_of(troubles: Vec<StreamTrouble>, is_own: impl Fn(&str) -> bool) -> Vec<String> {
    let own = troubles
        .into_iter()
        .filter(|own| own.tag.as_deref().is_none_or(&is_own));
    own.map(|own| own.what).collect()
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
