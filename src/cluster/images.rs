// SPDX-License-Identifier: Apache-2.0
//! Reading images from the API: by their names, or through image streams.
//!
//! What is written back is always the Image, fetched as such: the copy inside a stream's tag has the tag's annotations
//! and pull spec in it, and the version of the stream (openshift-api.md 1.3).

use serde_json::Value;

use super::api::{Api, Error};
use super::names::Name;
use crate::digest::Digest;
use crate::image::Image;
use crate::source::objects::Loaded;
use crate::text::safe;
use crate::verdict::reason::{Reason, Refusal};

/// Where the image group is served.
const GROUP: &str = "/apis/image.openshift.io/v1";

/// The role that may read and write images and nothing else.
pub const AUDITOR: &str = "system:image-auditor";

/// An image as it was found.
#[derive(Debug)]
pub struct Found {
    /// The Image, or the copy of it inside a view.
    pub loaded: Loaded,
    /// Why it can be read only: the Image itself could not be fetched.
    pub read_only: Option<Refusal>,
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
pub fn find(api: &mut Api, name: &Name) -> Result<Found, Refusal> {
    let own = api.access().namespace.clone();
    let (kind, resource, namespace, object) = match name {
        Name::Image(digest) => return image(api, digest).map(Found::writable),
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
    let refuse = |error: &Error| error.refusal(&what);
    let mut view = api
        .get(&format!("{GROUP}/namespaces/{namespace}/{resource}/{object}"))
        .map_err(|error| refuse(&error))?;
    if view["kind"] != kind {
        return Err(refuse(&other(api, kind, &view)));
    }
    let embedded = view["image"].take();
    let read = |object: Value| {
        let image = Image::from_json(&object).map_err(|error| refuse(&api_damage(api, &error.to_string())))?;
        Ok::<_, Refusal>(Loaded { image, object })
    };
    let embedded = read(embedded)?;
    // Without a digest there is no Image to fetch: what is wrong is told when it is judged.
    let digest = match embedded.image.digest() {
        Ok(digest) => digest,
        Err(refusal) => {
            return Ok(Found {
                loaded: embedded,
                read_only: Some(refusal),
            });
        }
    };
    if let Name::StreamImage { digest: asked, .. } = name {
        if *asked != digest {
            return Err(refuse(&api.nonsense(&format!("it is about image {digest}"))));
        }
    }
    match image(api, &digest) {
        Ok(loaded) => Ok(Found::writable(loaded)),
        // Whoever may use a stream need not have the right to read images; what is in the view suffices for judging.
        Err(refusal) if refusal.reason == Reason::Forbidden => Ok(Found {
            loaded: embedded,
            read_only: Some(refusal),
        }),
        Err(refusal) => Err(refusal),
    }
}

impl Found {
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
    let what = format!("reading Image {digest}");
    let object = api.get(&path(digest.as_str())).map_err(|error| {
        let mut refusal = error.refusal(&what);
        if refusal.reason == Reason::Forbidden && error.status().is_some_and(|status| status.code == 403) {
            refusal
                .message
                .push_str(&format!("; the cluster role {AUDITOR} allows it"));
        }
        refusal
    })?;
    if object["kind"] != "Image" {
        return Err(other(api, "Image", &object).refusal(&what));
    }
    let image = Image::from_json(&object).map_err(|error| api_damage(api, &error.to_string()).refusal(&what))?;
    if image.name != digest.as_str() {
        let error = api.nonsense(&format!("it is about image {:?}", safe(&image.name)));
        return Err(error.refusal(&what));
    }
    Ok(Loaded { image, object })
}

fn other(api: &Api, kind: &str, object: &Value) -> Error {
    let found = object["kind"].as_str().unwrap_or("nothing that has a kind");
    api.nonsense(&format!("expected an object of kind {kind}, found {:?}", safe(found)))
}

fn api_damage(api: &Api, what: &str) -> Error {
    api.nonsense(&format!("the object is damaged: {what}"))
}
