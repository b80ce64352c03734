// SPDX-License-Identifier: Apache-2.0
//! Reading images from the API: by their names, or through image streams.
//!
//! What is written back is always the Image, fetched as such: the copy inside a stream's tag has the tag's annotations
//! and pull spec in it, and the version of the stream (docs/openshift-api.md 1.3).

use serde_json::Value;

use super::api::{Api, ApiError};
use super::names::Name;
use super::pages::{List, PAGE};
use super::tags;
use crate::digest::Digest;
use crate::image::{self, Image, Loaded};
use crate::json::select::Keep;
use crate::reason::Refusal;
use crate::text::{quoted, safe};

/// Where the image group is served.
const GROUP: &str = "/apis/image.openshift.io/v1";

/// An image as it was found.
#[derive(Debug)]
pub struct FoundImage {
    /// The Image, or the copy of it inside a view.
    pub loaded: Loaded,
    /// Why it can be read only: the Image itself could not be fetched.
    pub read_only: Option<Refusal>,
}

/// What is looked at of an Image in a list.
const IMAGE: Keep = Keep::Members(&MEMBERS);

const MEMBERS: image::Members = image::members(Keep::All);

/// What says which images there are, and which of them are lists of others.
const OUTLINE: Keep = Keep::Members(&[
    ("apiVersion", Keep::All),
    ("kind", Keep::All),
    ("metadata", Keep::Members(&[("name", Keep::All), ("uid", Keep::All)])),
    ("dockerImageManifest", Keep::All),
    ("dockerImageManifestMediaType", Keep::All),
    (
        "dockerImageManifests",
        Keep::Elements(&Keep::Members(&[("digest", Keep::All)])),
    ),
]);

/// The list of Images, as they are judged.
#[must_use]
pub fn list(selector: &str) -> List {
    List {
        path: format!("{GROUP}/images"),
        api_version: "image.openshift.io/v1",
        kind: "Image",
        selector: selector.to_owned(),
        keep: IMAGE,
        first: PAGE,
    }
}

/// The list of Images with what says which there are.
#[must_use]
pub(crate) fn outlines(selector: &str) -> List {
    List {
        keep: OUTLINE,
        ..list(selector)
    }
}

/// An item of [`list`]; an item that is not an Image is its own trouble.
///
/// # Errors
/// When it is damaged.
pub fn listed(api: &Api, object: Value) -> Result<Loaded, Refusal> {
    let image = Image::from_json(&object);
    let image = image.map_err(|error| damage(api, &error.to_string()).refusal("reading an Image out of the list"))?;
    Ok(Loaded { image, object })
}

/// Path of an Image.
#[must_use]
pub fn path(name: &str) -> String {
    format!("{GROUP}/images/{name}")
}

/// Finds an image.
///
/// # Errors
/// When there is none, or the server does not give it.
pub fn find(api: &mut Api, name: &Name) -> Result<FoundImage, Refusal> {
    let own = api.access().namespace.clone();
    let (kind, resource, namespace, object) = match name {
        Name::Image(digest) => return image(api, digest).map(FoundImage::writable),
        Name::Tag { namespace, stream, tag } => (
            "ImageStreamTag",
            "imagestreamtags",
            namespace,
            format!("{stream}:{tag}"),
        ),
        Name::StreamImage {
            namespace,
            stream,
            digest,
        } => (
            "ImageStreamImage",
            "imagestreamimages",
            namespace,
            format!("{stream}@{digest}"),
        ),
    };
    let namespace = namespace.as_ref().unwrap_or(&own);
    let what = format!("reading {kind} {namespace}/{object}");
    let view = api.get(&format!("{GROUP}/namespaces/{namespace}/{resource}/{object}"));
    let mut view = match (view, name) {
        (Ok(view), _) => view,
        (Err(error), Name::Tag { stream, tag, .. }) if is_missing(&error) => {
            let mut refusal = refusal(&error, &what);
            refusal
                .message
                .push_str(&tags::why_missing(api, namespace, stream, tag));
            return Err(refusal);
        }
        (Err(error), _) => return Err(refusal(&error, &what)),
    };
    let embedded = embedded(api, &mut view, kind, namespace, &object).map_err(|error| error.refusal(&what))?;
    // Without a digest there is no Image to fetch: what is wrong is told when it is judged.
    let digest = match embedded.image.digest() {
        Ok(digest) => digest,
        Err(refusal) => {
            return Ok(FoundImage {
                loaded: embedded,
                read_only: Some(refusal),
            });
        }
    };
    if let Name::StreamImage { digest: asked, .. } = name {
        if *asked != digest {
            return Err(api.nonsense(&format!("it describes image {digest}")).refusal(&what));
        }
    }
    match fetch(api, &digest) {
        Ok(loaded) => Ok(FoundImage::writable(loaded)),
        // Whoever may use a stream need not have the right to read images; what is in the view suffices for judging.
        Err(error) if is_forbidden(&error) => Ok(FoundImage {
            loaded: embedded,
            read_only: Some(image_refusal(&error, &digest)),
        }),
        Err(error) => Err(image_refusal(&error, &digest)),
    }
}

/// The image inside a view, which must be the view that was asked for.
fn embedded(api: &Api, view: &mut Value, kind: &str, namespace: &str, object: &str) -> Result<Loaded, ApiError> {
    if view["kind"] != kind {
        return Err(other(api, kind, view));
    }
    let metadata = &view["metadata"];
    if metadata["name"] != object || metadata["namespace"] != namespace {
        let text = |member: &str| safe(metadata[member].as_str().unwrap_or_default());
        let found = format!("{}/{}", text("namespace"), text("name"));
        return Err(api.nonsense(&format!("it describes \"{found}\"")));
    }
    let object = view["image"].take();
    if image::is_stub(&object) {
        return Err(api.nonsense("the image in it is a stub without signatures"));
    }
    let image = Image::from_json(&object).map_err(|error| damage(api, &error.to_string()))?;
    Ok(Loaded { image, object })
}

impl FoundImage {
    fn writable(loaded: Loaded) -> Self {
        Self {
            loaded,
            read_only: None,
        }
    }
}

/// Reads an Image.
///
/// # Errors
/// When there is none, or the server does not give it.
pub fn image(api: &mut Api, digest: &Digest) -> Result<Loaded, Refusal> {
    fetch(api, digest).map_err(|error| image_refusal(&error, digest))
}

fn fetch(api: &mut Api, digest: &Digest) -> Result<Loaded, ApiError> {
    let object = api.get(&path(digest.as_str()))?;
    if object["kind"] != "Image" {
        return Err(other(api, "Image", &object));
    }
    let image = Image::from_json(&object).map_err(|error| damage(api, &error.to_string()))?;
    if image.name != digest.as_str() {
        return Err(api.nonsense(&format!("it describes image {}", quoted(&image.name))));
    }
    if object["metadata"]["uid"].as_str().is_none_or(str::is_empty) {
        return Err(damage(api, "metadata.uid: expected that of a stored object"));
    }
    Ok(Loaded { image, object })
}

fn image_refusal(error: &ApiError, digest: &Digest) -> Refusal {
    refusal(error, &format!("reading Image {digest}"))
}

/// Whether the user is known and lacks a right; an unknown one gets a 401.
fn is_forbidden(error: &ApiError) -> bool {
    error.status().is_some_and(|status| status.code == 403)
}

/// Whether a tag is missing, and not its stream or the whole resource.
fn is_missing(error: &ApiError) -> bool {
    error
        .status()
        .is_some_and(|status| status.code == 404 && status.kind == "imagestreamtags")
}

fn refusal(error: &ApiError, what: &str) -> Refusal {
    let mut refusal = error.refusal(what);
    // Not this object is missing, but the whole resource.
    if error
        .status()
        .is_some_and(|status| status.code == 404 && status.name.is_empty())
    {
        refusal
            .message
            .push_str("; is this an OpenShift cluster? Other clusters have no Image objects");
    }
    refusal
}

fn other(api: &Api, kind: &str, object: &Value) -> ApiError {
    let found = object["kind"].as_str().unwrap_or("an object without kind");
    api.nonsense(&format!("expected an object of kind {kind}, found {}", quoted(found)))
}

fn damage(api: &Api, what: &str) -> ApiError {
    api.nonsense(&format!("the object is damaged: {what}"))
}
