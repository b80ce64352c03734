// SPDX-License-Identifier: Apache-2.0
//! Image objects of OpenShift (`image.openshift.io/v1`): typed views over their JSON.
//!
//! Views only: what is written back is the object's own text with a few members replaced, so that members this
//! version does not know survive.

use crate::limits::{MAX_BLOB_BYTES, MAX_MANIFEST_BYTES, MAX_SIGNATURES};
use base64::Engine as _;
use serde_json::{Map, Value};

use crate::digest::Digest;
use crate::json::select::Keep;
use crate::reason::{Reason, Refusal};
use crate::subject::ManifestState;
use crate::text::quoted;

/// What is said of a signature beyond [`MAX_SIGNATURES`]; `index` counts from 0.
#[must_use]
pub(crate) fn too_many(index: usize) -> Refusal {
    let message = format!(
        "it is number {} of the image's signatures; {MAX_SIGNATURES} are looked at",
        index + 1
    );
    Refusal::new(Reason::LimitExceeded, message).sparing_record()
}

/// Members of an Image, each with what is looked at in it.
pub type Members = [(&'static str, Keep); 8];

/// The members of an Image that are looked at, wherever it is from; `signatures` is what is looked at in that member.
#[must_use]
pub const fn members(signatures: Keep) -> Members {
    [
        ("apiVersion", Keep::All),
        ("kind", Keep::All),
        ("metadata", Keep::All),
        ("dockerImageReference", Keep::All),
        ("dockerImageManifest", Keep::All),
        ("dockerImageManifestMediaType", Keep::All),
        ("dockerImageManifests", Keep::All),
        ("signatures", signatures),
    ]
}

/// An object that was read.
#[derive(Debug)]
pub struct Loaded {
    /// A view of it.
    pub image: Image,
    /// The Image object itself, or the image inside a view, with the members that are looked at.
    pub object: Value,
}

/// Types under which simple signing signatures are stored: by skopeo, podman and the registry, and
/// by the import controller.
pub(crate) const SIGNATURE_TYPES: [&str; 2] = ["atomic", "AtomicImageV1"];

/// What is used of an Image object of `image.openshift.io/v1`.
#[derive(Debug, Clone)]
pub struct Image {
    /// `metadata.name`, whatever it is.
    pub name: String,
    /// The manifest, where the object holds it.
    pub manifest: Option<String>,
    /// The stored signatures, in order.
    pub signatures: Vec<ImageSignature>,
}

/// One entry of an Image's `signatures`.
#[derive(Debug, Clone)]
pub struct ImageSignature {
    /// `metadata.name`; empty where there is none.
    pub name: String,
    /// The signature blob, or what is wrong with the entry.
    pub content: Result<Vec<u8>, Refusal>,
}

/// An object whose shape is not that of an Image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{member}: expected {expected}")]
pub struct ShapeError {
    /// Dotted path of the member.
    pub member: String,
    /// The expected type or form.
    pub expected: &'static str,
}

fn shape(member: impl Into<String>, expected: &'static str) -> ShapeError {
    ShapeError {
        member: member.into(),
        expected,
    }
}

impl Image {
    /// Reads an Image object.
    ///
    /// # Errors
    /// When it is not shaped like one. Damage inside single signatures is kept with them instead.
    pub fn from_json(object: &Value) -> Result<Self, ShapeError> {
        let object = object.as_object().ok_or_else(|| shape("the object", "an object"))?;
        let metadata = member_object(object, "metadata")?.ok_or_else(|| shape("metadata", "an object"))?;
        let name = member_string(metadata, "metadata.", "name")?.unwrap_or_default();
        let manifest = member_string(object, "", "dockerImageManifest")?.filter(|text| !text.is_empty());
        let signatures = match object.get("signatures") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(entries)) => entries.iter().enumerate().map(ImageSignature::from_json).collect(),
            Some(_) => return Err(shape("signatures", "an array")),
        };
        Ok(Self {
            name,
            manifest,
            signatures,
        })
    }

    /// The image's digest, which is its name.
    ///
    /// # Errors
    /// When the name is not a sha256 digest.
    pub fn digest(&self) -> Result<Digest, Refusal> {
        match Digest::parse(&self.name) {
            Ok(digest) if digest.algorithm() == crate::digest::Algorithm::Sha256 => Ok(digest),
            _ => Err(Self::not_a_digest(&self.name)),
        }
    }

    /// What is said of an object whose name is not a sha256 digest.
    #[must_use]
    pub fn not_a_digest(name: &str) -> Refusal {
        let message = format!("the object's name, {}, is not a sha256 digest", quoted(name));
        Refusal::new(Reason::MalformedImage, message)
    }
}

impl Image {
    /// What the object says about its manifest: the bytes in it, where it has them, must hash to its name.
    ///
    /// # Errors
    /// Unchecked when there are more than [`MAX_MANIFEST_BYTES`].
    pub fn manifest_state(&self, digest: &Digest) -> Result<ManifestState, Refusal> {
        match &self.manifest {
            Some(text) if text.len() as u64 > MAX_MANIFEST_BYTES => Err(Refusal::new(
                Reason::ManifestUnavailable,
                format!(
                    "the manifest in the object has {} bytes, more than {MAX_MANIFEST_BYTES}",
                    text.len()
                ),
            )),
            Some(text) => Ok(ManifestState::of_bytes(text.as_bytes(), digest)),
            None => Ok(ManifestState::NotAtHand),
        }
    }
}

/// Whether an object stands for an image without being it, as in the server's lists of tags: of its metadata it has the
/// name only, and its signatures are left out (docs/openshift-api.md 10). That says nothing about what the image has.
#[must_use]
pub fn is_stub(object: &Value) -> bool {
    let is_absent = |value: &Value| value.as_str().is_none_or(str::is_empty);
    let metadata = &object["metadata"];
    is_absent(&metadata["uid"]) && is_absent(&metadata["resourceVersion"]) && object["signatures"].is_null()
}

/// One image of a manifest list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// Its digest, which is the name of its own Image object; as the list has it.
    pub digest: String,
    /// What it is for: `linux/arm64/v8`.
    pub platform: String,
}

/// The images of a manifest list or OCI index; none where the image is not one.
#[must_use]
pub fn children(object: &Value) -> Vec<Child> {
    let entries = object["dockerImageManifests"].as_array().map_or(&[][..], Vec::as_slice);
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    entries
        .iter()
        .map(|entry| {
            let parts = ["os", "architecture", "variant"].map(|name| text(entry, name));
            let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            Child {
                digest: text(entry, "digest"),
                platform: parts.join("/"),
            }
        })
        .collect()
}

/// Why an object may have no signature, to be added to a sentence that says so.
#[must_use]
pub fn absence(object: &Value) -> String {
    let mut text = String::new();
    let children = children(object).len();
    if children > 0 {
        text.push_str(&format!(
            "; it is a manifest list of {children} images, each with signatures of its own: describe shows which of them are signed"
        ));
    }
    // What was pushed to the cluster's own registry is left out by the controller that imports signatures.
    if object["metadata"]["annotations"]["openshift.io/image.managed"] != "true" {
        text.push_str(&format!(
            "; with an imported image that has more than {MAX_IMPORTED} signatures, OpenShift stores none of them"
        ));
    }
    text
}

/// Most signatures that the import controller stores (docs/openshift-api.md 8.5).
const MAX_IMPORTED: usize = 10;

impl ImageSignature {
    fn from_json((index, entry): (usize, &Value)) -> Self {
        let Some(object) = entry.as_object() else {
            return Self {
                name: String::new(),
                content: Err(damaged(index, "it is not an object")),
            };
        };
        let name = object
            .get("metadata")
            .and_then(|metadata| metadata.get("name"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let content = if index >= MAX_SIGNATURES {
            Err(too_many(index))
        } else {
            read_content(index, &name, object)
        };
        Self { name, content }
    }

    /// Whether `wanted` is its name, or the part of its name after the `@`.
    #[must_use]
    pub fn is_named(&self, wanted: &str) -> bool {
        !wanted.is_empty() && (self.name == wanted || self.name.split_once('@').is_some_and(|(_, own)| own == wanted))
    }
}

fn damaged(index: usize, what: &str) -> Refusal {
    Refusal::new(
        Reason::MalformedImage,
        format!("entry {} of signatures is damaged: {what}", index + 1),
    )
}

fn read_content(index: usize, name: &str, entry: &Map<String, Value>) -> Result<Vec<u8>, Refusal> {
    if name.is_empty() {
        return Err(damaged(index, "it has no metadata.name"));
    }
    match entry.get("type").and_then(Value::as_str) {
        None | Some("") => return Err(damaged(index, "it has no type")),
        Some(kind) if SIGNATURE_TYPES.contains(&kind) => {}
        Some(kind) => {
            return Err(Refusal::new(
                Reason::UnsupportedSignature,
                format!(
                    "it is of type {}; {} and {} are known",
                    quoted(kind),
                    SIGNATURE_TYPES[0],
                    SIGNATURE_TYPES[1]
                ),
            ));
        }
    }
    match entry.get("content").and_then(Value::as_str) {
        None | Some("") => Err(damaged(index, "it has no content")),
        Some(text) => decode_base64(text).map_err(|error| match error {
            DecodeError::TooLong => too_long(),
            DecodeError::Broken => damaged(index, "its content is not base64"),
        }),
    }
}

/// A signature blob that is kept as base64 elsewhere than on an Image.
///
/// # Errors
/// When it is not base64, or larger than a signature may be.
pub(crate) fn blob_of_base64(text: &str) -> Result<Vec<u8>, Refusal> {
    decode_base64(text).map_err(|error| match error {
        DecodeError::TooLong => too_long(),
        DecodeError::Broken => Refusal::new(Reason::NotASignature, "its content is not base64"),
    })
}

fn too_long() -> Refusal {
    Refusal::new(
        Reason::LimitExceeded,
        format!("it has more than {MAX_BLOB_BYTES} bytes"),
    )
}

enum DecodeError {
    TooLong,
    Broken,
}

/// Padded base64 with line ends anywhere, as the API server accepts it.
fn decode_base64(text: &str) -> Result<Vec<u8>, DecodeError> {
    let digits: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    if digits.len() / 4 * 3 > MAX_BLOB_BYTES + 3 {
        return Err(DecodeError::TooLong);
    }
    base64::engine::general_purpose::STANDARD
        .decode(digits)
        .map_err(|_| DecodeError::Broken)
}

fn member_object<'a>(
    object: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a Map<String, Value>>, ShapeError> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(member)) => Ok(Some(member)),
        Some(_) => Err(shape(name, "an object")),
    }
}

fn member_string(object: &Map<String, Value>, path: &str, name: &'static str) -> Result<Option<String>, ShapeError> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(shape(format!("{path}{name}"), "a string")),
    }
}
