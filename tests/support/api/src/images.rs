// SPDX-License-Identifier: Apache-2.0
//! The resource `images`: read, list, replace, patch; how they come and go is in `creation`.

use serde_json::{json, Value};
use sha2::{Digest as _, Sha256};

use super::field::FieldError;
use super::http::HttpRequest;
use super::list::page;
use super::objects::{with_type, Resource};
use super::route::Target;
use super::schema::{canonical, Decoder, Struct, IMAGE};
use super::state::State;
use super::status::{
    bad_request, body_too_large, conflict, internal, invalid, method_not_allowed, not_found, not_played, panicked,
    unsupported_media_type, Answer, Failure, IMAGE_GROUP,
};
use super::{go, json, patch, validation};

/// The version of the API that is spoken.
pub const IMAGE_API: &str = "image.openshift.io/v1";

/// Most bytes of an object that the server's own store takes.
const STORE_LIMIT: usize = 2 * 1024 * 1024;

/// What a changed object is refused with.
const MODIFIED: &str = "the object has been modified; please apply your changes to the latest version and try again";

/// Serves a request for images.
pub fn serve(state: &mut State, request: &HttpRequest, target: &Target) -> Result<Answer, Failure> {
    match target.verb.as_str() {
        _ if !target.subresource.is_empty() || !target.namespace.is_empty() => Err(super::status::unknown_resource()),
        "get" => {
            let image = state.objects.image(&target.name);
            let image = image.ok_or_else(|| not_found("images", IMAGE_GROUP, &target.name))?;
            Ok(Answer::json(200, image))
        }
        "list" => {
            let resume = state.settings.resume_expired;
            let page = page(&mut state.objects, Resource::Images, request, "", resume)?;
            let list = json!({
                "kind": "ImageList", "apiVersion": IMAGE_API, "metadata": page.metadata, "items": page.items,
            });
            Ok(Answer::json(200, list))
        }
        "update" => replace(state, request, &target.name),
        "patch" => patched(state, request, &target.name),
        "create" if target.name.is_empty() => super::creation::create(state, request),
        "delete" if !target.name.is_empty() => super::creation::delete(state, &target.name),
        "deletecollection" | "watch" => Err(not_played(&format!("{} of images", target.verb))),
        _ => Err(method_not_allowed()),
    }
}

/// How a write is to be done.
#[derive(Debug)]
pub struct Options {
    pub dry_run: bool,
    strict: Strictness,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strictness {
    Ignore,
    Warn,
    Strict,
}

impl Options {
    /// Reads and checks the query of a write; `kind` is the server's name for these options.
    pub fn of(request: &HttpRequest, kind: &str) -> Result<Self, Failure> {
        let mut errors = Vec::new();
        for value in request.parameters("dryRun").filter(|v| *v != "All") {
            errors.push(FieldError::not_supported("dryRun", value, &["All"]));
        }
        let manager = request.parameter("fieldManager").unwrap_or("");
        if manager.len() > 128 {
            errors.push(FieldError::too_long("fieldManager", 128));
        }
        let strict = match request.parameter("fieldValidation").unwrap_or("") {
            "" | "Warn" => Strictness::Warn,
            "Ignore" => Strictness::Ignore,
            "Strict" => Strictness::Strict,
            other => {
                let known = ["", "Ignore", "Strict", "Warn"];
                errors.push(FieldError::not_supported("fieldValidation", other, &known));
                Strictness::Strict
            }
        };
        if !errors.is_empty() {
            return Err(invalid(kind, "meta.k8s.io", "", &errors));
        }
        Ok(Self {
            dry_run: request.parameters("dryRun").next().is_some(),
            strict,
        })
    }
}

/// Decodes an object; to the complaints about the document come those about members that are dropped.
pub fn decode(
    value: &Value,
    mut complaints: Vec<String>,
    shape: &'static Struct,
    kind: &str,
    newer: bool,
    options: &Options,
) -> Result<(Value, Vec<String>), String> {
    let text = |member: &str| value[member].as_str().unwrap_or("");
    let (found_kind, found_version) = (text("kind"), text("apiVersion"));
    if !found_version.is_empty() && found_version != IMAGE_API {
        return Err(format!(
            "the API version in the data ({found_version}) does not match the expected API version ({IMAGE_API})"
        ));
    }
    let cannot = |why: &str| format!("{kind} in version \"v1\" cannot be handled as a {kind}: {why}");
    if !found_kind.is_empty() && found_kind != kind {
        return Err(format!(
            "no kind \"{found_kind}\" is registered for version \"{IMAGE_API}\" as a {kind}"
        ));
    }
    if !value.is_object() {
        return Err(cannot("json: cannot unmarshal into Go value"));
    }
    let mut decoder = Decoder {
        newer,
        ..Decoder::default()
    };
    let decoded = decoder.decode(value, shape).map_err(|e| cannot(&e))?;
    let unknown = decoder.unknown.iter().map(|path| format!("unknown field \"{path}\""));
    complaints.extend(unknown);
    match options.strict {
        Strictness::Strict if !complaints.is_empty() => {
            Err(cannot(&format!("strict decoding error: {}", complaints.join(", "))))
        }
        Strictness::Ignore => Ok((decoded, Vec::new())),
        _ => Ok((decoded, complaints)),
    }
}

/// The body of a write, as one of the content types that this server reads.
pub fn body_of(request: &HttpRequest) -> Result<json::Document, Failure> {
    let content_type = content_type(request);
    if !content_type.is_empty() && content_type != "application/json" {
        return Err(unsupported_media_type(&["application/json"]));
    }
    if request.too_large {
        return Err(body_too_large());
    }
    json::parse(&request.body).map_err(|e| bad_request(&format!("couldn't get version/kind; json parse error: {e}")))
}

fn content_type(request: &HttpRequest) -> &str {
    let value = request.header("content-type").unwrap_or("");
    value.split(';').next().unwrap_or("").trim()
}

fn replace(state: &mut State, request: &HttpRequest, name: &str) -> Result<Answer, Failure> {
    let document = body_of(request)?;
    let options = Options::of(request, "UpdateOptions")?;
    let newer = state.settings.newer_schema;
    let (image, warnings) = decode(&document.value, document.complaints(), &IMAGE, "Image", newer, &options)
        .map_err(|e| bad_request(&e))?;
    check_name(&image, name)?;
    let old = state
        .objects
        .image(name)
        .ok_or_else(|| not_found("images", IMAGE_GROUP, name))?;
    let (uid, stored) = (&image["metadata"]["uid"], &old["metadata"]["uid"]);
    if !uid.as_str().unwrap_or("").is_empty() && uid != stored {
        let text = |v: &Value| v.as_str().unwrap_or("").to_owned();
        return Err(conflict(
            "images",
            IMAGE_GROUP,
            name,
            &format!(
                "StorageError: invalid object, Code: 4, Key: /openshift.io/images/{name}, ResourceVersion: 0, \
                 AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in object meta: {}",
                text(uid),
                text(stored)
            ),
        ));
    }
    let stored = update(state, image, &old, options.dry_run)?;
    Ok(Answer::json(200, stored).with_warnings(&warnings))
}

fn patched(state: &mut State, request: &HttpRequest, name: &str) -> Result<Answer, Failure> {
    let content_type = content_type(request);
    patch::check_type(content_type)?;
    if request.too_large {
        return Err(body_too_large());
    }
    let options = Options::of(request, "PatchOptions")?;
    let old = state
        .objects
        .image(name)
        .ok_or_else(|| not_found("images", IMAGE_GROUP, name))?;
    let (value, complaints) = patch::apply(content_type, &request.body, &old, name)?;
    let newer = state.settings.newer_schema;
    let (image, warnings) = decode(&value, complaints, &IMAGE, "Image", newer, &options).map_err(|e| {
        // The server shows the whole patched object here, and names no kind.
        let shown = FieldError::invalid("patch", &value.to_string().into(), &e);
        invalid("", "", "", &[shown])
    })?;
    check_name(&image, name)?;
    let stored = update(state, image, &old, options.dry_run)?;
    Ok(Answer::json(200, stored).with_warnings(&warnings))
}

fn check_name(image: &Value, name: &str) -> Result<(), Failure> {
    match image["metadata"]["name"].as_str().unwrap_or("") {
        "" => Err(bad_request(&format!(
            "the name of the object ({name} based on URL) was undeterminable: name must be provided"
        ))),
        found if found != name => Err(bad_request(&format!(
            "the name of the object ({found}) does not match the name on the URL ({name})"
        ))),
        _ => Ok(()),
    }
}

/// Puts an image in another's place by all the rules; gives it as stored, or as it would be.
pub fn update(state: &mut State, mut image: Value, old: &Value, dry_run: bool) -> Result<Value, Failure> {
    let name = old["metadata"]["name"].as_str().unwrap().to_owned();
    let sent = image["metadata"]["resourceVersion"].as_str().unwrap_or("");
    let version = match sent {
        "" => 0,
        text => go::parse_uint(text).map_err(|e| internal(&e))?,
    };
    if version == 0 {
        let field = FieldError::invalid("metadata.resourceVersion", &json!(0), "must be specified for an update");
        // This complaint comes from a layer that knows the resource but not its kind.
        return Err(invalid("images", IMAGE_GROUP, &name, &[field]));
    }
    if Some(version.to_string().as_str()) != old["metadata"]["resourceVersion"].as_str() {
        return Err(conflict("images", IMAGE_GROUP, &name, MODIFIED));
    }
    put_back(&mut image, old);
    match validation::image_update(&image, old) {
        Err(validation::Panic) => return Err(panicked()),
        Ok(errors) if !errors.is_empty() => return Err(invalid("Image", IMAGE_GROUP, &name, &errors)),
        Ok(_) => {}
    }
    let image = with_type("Image", IMAGE_API, &super::objects::untyped(canonical(&image, &IMAGE)));
    let size = image.to_string().len();
    if size > STORE_LIMIT {
        return Err(internal(&format!(
            "rpc error: code = ResourceExhausted desc = trying to send message larger than max ({size} vs. {STORE_LIMIT})"
        )));
    }
    // What changes nothing is not written, so that its resource version stays.
    if dry_run || image == *old {
        return Ok(image);
    }
    Ok(state.objects.commit_image(image))
}

/// What a client may send and the server keeps as it was, without a word.
fn put_back(image: &mut Value, old: &Value) {
    let mut members = vec!["dockerImageMetadata", "dockerImageMetadataVersion", "dockerImageLayers"];
    if !old["dockerImageSignatures"].is_null() {
        members.push("dockerImageSignatures");
    }
    for member in members {
        image[member] = old[member].clone();
    }
    let text = |value: &Value, member: &str| value[member].as_str().unwrap_or("").to_owned();
    let manifest = text(image, "dockerImageManifest");
    if manifest != text(old, "dockerImageManifest")
        && !manifest.is_empty()
        && digest(&manifest) != text(&old["metadata"], "name")
    {
        image["dockerImageManifest"] = old["dockerImageManifest"].clone();
    }
    let config = text(image, "dockerImageConfig");
    if config != text(old, "dockerImageConfig") && !config.is_empty() {
        let manifest: Value = serde_json::from_str(&text(image, "dockerImageManifest")).unwrap_or(Value::Null);
        if manifest["config"]["digest"] != digest(&config) {
            image["dockerImageConfig"] = old["dockerImageConfig"].clone();
        }
    }
    if image["metadata"]["annotations"]["image.openshift.io/manifestBlobStored"] == "true" {
        image["dockerImageManifest"] = Value::Null;
        image["dockerImageConfig"] = Value::Null;
    }
    let metadata = &mut image["metadata"];
    metadata["namespace"] = Value::Null;
    for member in ["generation", "creationTimestamp"] {
        metadata[member] = old["metadata"][member].clone();
    }
    if text(metadata, "uid").is_empty() {
        metadata["uid"] = old["metadata"]["uid"].clone();
    }
    for signature in image["signatures"].as_array_mut().into_iter().flatten() {
        if let Some(annotations) = signature["metadata"]["annotations"].as_object_mut() {
            annotations.shift_remove("image.openshift.io/managed-signature");
        }
    }
}

fn digest(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter()
        .fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}
