// SPDX-License-Identifier: Apache-2.0
//! Image streams, and the views that are made out of a stream and its images: tags, images of a stream, layers.

use std::collections::BTreeMap;

use serde_json::{json, Map, Value};

use super::http::HttpRequest;
use super::images::IMAGE_API;
use super::list::{page, Page};
use super::objects::{untyped, with_type, Objects, Resource};
use super::route::Target;
use super::state::State;
use super::status::{
    bad_request, method_not_allowed, not_found, not_played, unknown_resource, Answer, Failure, IMAGE_GROUP,
};

/// Serves `imagestreams` and their layers.
pub fn serve(state: &mut State, request: &HttpRequest, target: &Target) -> Result<Answer, Failure> {
    match (target.verb.as_str(), target.subresource.as_str()) {
        ("get", "" | "layers") if target.namespace.is_empty() => Err(unknown_resource()),
        ("get", "") => Ok(Answer::json(
            200,
            stream(&state.objects, &target.namespace, &target.name)?,
        )),
        ("get", "layers") => layers(&state.objects, &target.namespace, &target.name),
        ("list", "") => {
            let page = streams_page(state, request, target)?;
            let list = json!({
                "kind": "ImageStreamList", "apiVersion": IMAGE_API, "metadata": page.metadata, "items": page.items,
            });
            Ok(Answer::json(200, list))
        }
        (verb, "") => Err(not_played(&format!("{verb} of imagestreams"))),
        ("get", _) => Err(unknown_resource()),
        _ => Err(method_not_allowed()),
    }
}

fn streams_page(state: &mut State, request: &HttpRequest, target: &Target) -> Result<Page, Failure> {
    let resume = state.settings.resume_expired;
    page(
        &mut state.objects,
        Resource::Streams,
        request,
        &target.namespace,
        resume,
    )
}

/// Serves requests for `imagestreamtags`.
pub fn serve_tags(state: &mut State, request: &HttpRequest, target: &Target) -> Result<Answer, Failure> {
    match target.verb.as_str() {
        _ if !target.subresource.is_empty() => Err(unknown_resource()),
        "get" if target.namespace.is_empty() => Err(unknown_resource()),
        "get" => tag(&state.objects, &target.namespace, &target.name),
        "list" => {
            // The limit reaches the list of streams inside, but its continue token does not come out again.
            let streams = streams_page(state, request, target)?;
            let items: Vec<Value> = streams.items.iter().flat_map(stubs).collect();
            let list = json!({"kind": "ImageStreamTagList", "apiVersion": IMAGE_API, "metadata": {}, "items": items});
            Ok(Answer::json(200, list))
        }
        verb => Err(not_played(&format!("{verb} of imagestreamtags"))),
    }
}

/// Serves `imagestreamimages`, which can be read one by one only.
pub fn serve_images(state: &mut State, target: &Target) -> Result<Answer, Failure> {
    match target.verb.as_str() {
        "get" if target.namespace.is_empty() || !target.subresource.is_empty() => Err(unknown_resource()),
        "get" => stream_image(&state.objects, &target.namespace, &target.name),
        _ => Err(method_not_allowed()),
    }
}

fn stream(objects: &Objects, namespace: &str, name: &str) -> Result<Value, Failure> {
    let found = objects.stream(namespace, name);
    found.ok_or_else(|| not_found("imagestreams", IMAGE_GROUP, name))
}

fn named<'a>(list: &'a Value, member: &str, name: &str) -> Option<&'a Value> {
    list.as_array()?.iter().find(|entry| entry[member] == name)
}

/// What a tag points to now.
fn latest<'a>(stream: &'a Value, tag: &str) -> Option<&'a Value> {
    let event = named(&stream["status"]["tags"], "tag", tag)?["items"].get(0)?;
    event["image"].as_str().filter(|image| !image.is_empty()).map(|_| event)
}

fn tag(objects: &Objects, namespace: &str, name: &str) -> Result<Answer, Failure> {
    let (stream_name, tag) = match name.split_once(':') {
        Some((stream, tag)) if !stream.is_empty() && !tag.is_empty() && !name.contains('@') && !tag.contains(':') => {
            (stream, tag)
        }
        _ => return Err(bad_request("ImageStreamTags must be retrieved with <name>:<tag>")),
    };
    let stream = stream(objects, namespace, stream_name)?;
    let event = latest(&stream, tag).ok_or_else(|| not_found("imagestreamtags", IMAGE_GROUP, name))?;
    let image_name = event["image"].as_str().unwrap_or("");
    let image = objects.image(image_name);
    let image = image.ok_or_else(|| not_found("images", IMAGE_GROUP, image_name))?;
    let tag = tag_object(&stream, tag, event, Some(blanked(image)));
    Ok(Answer::json(200, with_type("ImageStreamTag", IMAGE_API, &tag)))
}

/// An image as streams show it: without the manifest and configuration that may be stored.
fn blanked(image: Value) -> Value {
    let mut image = untyped(image);
    if let Some(members) = image.as_object_mut() {
        members.shift_remove("dockerImageManifest");
        members.shift_remove("dockerImageConfig");
    }
    image
}

/// A tag with its image, or with a stub of it.
fn tag_object(stream: &Value, tag: &str, event: &Value, image: Option<Value>) -> Value {
    let spec = named(&stream["spec"]["tags"], "name", tag);
    let annotations = spec
        .and_then(|s| s["annotations"].as_object())
        .cloned()
        .unwrap_or_default();
    let mut image = match image {
        Some(mut image) => {
            if !annotations.is_empty() {
                let all = &mut image["metadata"]["annotations"];
                let mut merged = all.as_object().cloned().unwrap_or_default();
                merged.extend(annotations.clone());
                *all = merged.into();
            }
            image
        }
        // Defaulted where it is empty, although nothing of the image is there.
        None => json!({
            "metadata": {"name": event["image"]},
            "dockerImageMetadata": {"kind": "DockerImage", "apiVersion": "image.openshift.io/1.0", "Id": "", "Created": null},
            "dockerImageMetadataVersion": "1.0",
        }),
    };
    image["dockerImageReference"] = resolved(stream, spec, event).into();
    let outer = &stream["metadata"];
    let mut metadata = Map::new();
    let name = format!("{}:{tag}", outer["name"].as_str().unwrap_or(""));
    for (member, value) in [
        ("name", Value::from(name)),
        ("namespace", outer["namespace"].clone()),
        ("uid", outer["uid"].clone()),
        ("resourceVersion", outer["resourceVersion"].clone()),
        ("creationTimestamp", event["created"].clone()),
        ("labels", outer["labels"].clone()),
        ("annotations", annotations.into()),
    ] {
        let empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
        if !empty {
            metadata.insert(member.to_owned(), value);
        }
    }
    let policy = &stream["spec"]["lookupPolicy"];
    let mut object = json!({
        "metadata": metadata,
        "tag": spec.cloned(),
        "generation": event["generation"].as_i64().unwrap_or(0),
        "lookupPolicy": if policy.is_null() { json!({"local": false}) } else { policy.clone() },
        "image": image,
    });
    let conditions = named(&stream["status"]["tags"], "tag", tag).map(|t| &t["conditions"]);
    if let Some(conditions) = conditions.filter(|c| !c.is_null()) {
        object["conditions"] = conditions.clone();
    }
    object
}

/// Where a tag's image is pulled from: the integrated registry if the tag's policy says so, else as it was imported.
fn resolved(stream: &Value, spec: Option<&Value>, event: &Value) -> String {
    let local = stream["status"]["dockerImageRepository"].as_str().unwrap_or("");
    let image = event["image"].as_str().unwrap_or("");
    let wants_local = spec.is_some_and(|s| s["referencePolicy"]["type"] == "Local");
    if wants_local && !local.is_empty() {
        return format!("{local}@{image}");
    }
    event["dockerImageReference"].as_str().unwrap_or("").to_owned()
}

/// The tags of a stream as lists carry them: images are stubs without signatures.
fn stubs(stream: &Value) -> Vec<Value> {
    let mut tags: Vec<&str> = stream["status"]["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|entry| entry["tag"].as_str())
        .collect();
    tags.sort_unstable();
    tags.into_iter()
        .filter_map(|tag| Some(tag_object(stream, tag, latest(stream, tag)?, None)))
        .collect()
}

/// Names of all images of a stream, in all positions of its tags, and of what they are lists of; whether each is stored.
fn members(objects: &Objects, stream: &Value) -> BTreeMap<String, bool> {
    let mut names = BTreeMap::new();
    for entry in stream["status"]["tags"].as_array().into_iter().flatten() {
        for event in entry["items"].as_array().into_iter().flatten() {
            let Some(name) = event["image"].as_str().filter(|n| !n.is_empty()) else {
                continue;
            };
            let image = objects.image(name);
            for child in image
                .iter()
                .flat_map(|i| i["dockerImageManifests"].as_array())
                .flatten()
            {
                let digest = child["digest"].as_str().unwrap_or("");
                names.insert(digest.to_owned(), objects.image(digest).is_some());
            }
            names.insert(name.to_owned(), image.is_some());
        }
    }
    names
}

fn stream_image(objects: &Objects, namespace: &str, name: &str) -> Result<Answer, Failure> {
    let (stream_name, id) = match name.split_once('@') {
        Some((stream, id)) if !stream.is_empty() && !id.is_empty() && !id.contains('@') => (stream, id),
        _ => return Err(bad_request("ImageStreamImages must be retrieved with <name>@<id>")),
    };
    let stream = stream(objects, namespace, stream_name)?;
    let matches = |digest: &str| {
        let hex = digest.split_once(':').map_or("", |(_, hex)| hex);
        digest.starts_with(id) || hex.starts_with(id)
    };
    let members = members(objects, &stream);
    // Of several that a short prefix matches the server takes any.
    let found = members.keys().rev().find(|digest| matches(digest));
    let found = found.ok_or_else(|| not_found("imagestreamimage", IMAGE_GROUP, name))?;
    let image = objects
        .image(found)
        .ok_or_else(|| not_found("images", IMAGE_GROUP, found))?;
    let mut metadata = json!({
        "name": name,
        "namespace": namespace,
        "creationTimestamp": image["metadata"]["creationTimestamp"],
    });
    if stream["metadata"]["annotations"].is_object() {
        metadata["annotations"] = stream["metadata"]["annotations"].clone();
    }
    let object = json!({
        "kind": "ImageStreamImage", "apiVersion": IMAGE_API, "metadata": metadata, "image": blanked(image),
    });
    Ok(Answer::json(200, object))
}

fn layers(objects: &Objects, namespace: &str, name: &str) -> Result<Answer, Failure> {
    let stream = stream(objects, namespace, name)?;
    let mut blobs = Map::new();
    let mut images = Map::new();
    for (digest, stored) in members(objects, &stream) {
        let mut entry = json!({"layers": null});
        match objects.image(&digest).filter(|_| stored) {
            None => entry["imageMissing"] = true.into(),
            Some(image) => {
                let layers = image["dockerImageLayers"].as_array().cloned().unwrap_or_default();
                for layer in &layers {
                    let blob = json!({"size": layer["size"], "mediaType": layer["mediaType"]});
                    blobs.insert(layer["name"].as_str().unwrap_or("").to_owned(), blob);
                }
                entry["layers"] = layers.iter().map(|layer| layer["name"].clone()).collect();
                blobs.insert(
                    digest.clone(),
                    json!({"mediaType": image["dockerImageManifestMediaType"]}),
                );
            }
        }
        images.insert(digest, entry);
    }
    let object = json!({
        "kind": "ImageStreamLayers", "apiVersion": IMAGE_API, "metadata": stream["metadata"],
        "blobs": blobs, "images": images,
    });
    Ok(Answer::json(200, object))
}
