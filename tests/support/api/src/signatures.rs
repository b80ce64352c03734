// SPDX-License-Identifier: Apache-2.0
//! The resource `imagesignatures`: it adds and removes signatures, and writes whatever `dryRun` says.

use serde_json::{json, Value};

use super::http::HttpRequest;
use super::images::{body_of, decode, update, Options, IMAGE_API};
use super::objects::with_type;
use super::route::Target;
use super::schema::{canonical, SIGNATURE};
use super::state::State;
use super::status::{
    already_exists, bad_request, invalid, method_not_allowed, not_found, panicked, unknown_resource, Answer, Failure,
    IMAGE_GROUP,
};
use super::validation::{self, split_name};
use super::{go, time};

/// The resource's name in messages, which differs from that in paths.
const SIGNATURES: &str = "imageSignatures";

/// Serves a request for signatures.
pub fn serve(state: &mut State, request: &HttpRequest, target: &Target) -> Result<Answer, Failure> {
    match target.verb.as_str() {
        _ if !target.subresource.is_empty() || !target.namespace.is_empty() => Err(unknown_resource()),
        "create" if target.name.is_empty() => create(state, request),
        "delete" => delete(state, &target.name),
        _ => Err(method_not_allowed()),
    }
}

fn create(state: &mut State, request: &HttpRequest) -> Result<Answer, Failure> {
    let document = body_of(request)?;
    let options = Options::of(request, "CreateOptions")?;
    let newer = state.settings.newer_schema;
    let (mut signature, warnings) = decode(
        &document.value,
        document.complaints(),
        &SIGNATURE,
        "ImageSignature",
        newer,
        &options,
    )
    .map_err(|e| bad_request(&e))?;
    // A verdict cannot be recorded this way.
    for member in [
        "conditions",
        "imageIdentity",
        "signedClaims",
        "created",
        "issuedBy",
        "issuedTo",
    ] {
        signature[member] = Value::Null;
    }
    let name = signature["metadata"]["name"].as_str().unwrap_or("").to_owned();
    match validation::signature(&signature, "") {
        Err(validation::Panic) => return Err(panicked()),
        Ok(errors) if !errors.is_empty() => return Err(invalid("ImageSignature", IMAGE_GROUP, &name, &errors)),
        Ok(_) => {}
    }
    let image_name = split_name(&name).map_or("", |(image, _)| image);
    let old = image(state, image_name)?;
    let content = |s: &Value| go::decode_base64(s["content"].as_str().unwrap_or(""));
    let entries = old["signatures"].as_array().cloned().unwrap_or_default();
    let same = |s: &Value| {
        s["metadata"]["name"] == *name || s["type"] == signature["type"] && content(s) == content(&signature)
    };
    if entries.iter().any(same) {
        return Err(already_exists(SIGNATURES, IMAGE_GROUP, &name));
    }
    signature["metadata"]["uid"] = state.objects.new_uid().into();
    signature["metadata"]["creationTimestamp"] = time::now().into();
    let stored = super::objects::untyped(canonical(&signature, &SIGNATURE));
    let mut changed = old.clone();
    changed["signatures"] = entries.into_iter().chain([stored.clone()]).collect();
    update(state, changed, &old, false)?;
    let answer = with_type("ImageSignature", IMAGE_API, &stored);
    Ok(Answer::json(201, answer).with_warnings(&warnings))
}

fn delete(state: &mut State, name: &str) -> Result<Answer, Failure> {
    let Some((image_name, _)) = split_name(name) else {
        let message = "ImageSignatures must be accessed with <imageName>@<signatureName>";
        return Err(bad_request(message));
    };
    let old = image(state, image_name)?;
    let mut entries = old["signatures"].as_array().cloned().unwrap_or_default();
    let Some(found) = entries.iter().position(|s| s["metadata"]["name"] == name) else {
        return Err(not_found(SIGNATURES, IMAGE_GROUP, name));
    };
    entries.remove(found);
    let mut changed = old.clone();
    changed["signatures"] = entries.into();
    update(state, changed, &old, false)?;
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"});
    Ok(Answer::json(200, status))
}

fn image(state: &State, name: &str) -> Result<Value, Failure> {
    let found = state.objects.image(name);
    found.ok_or_else(|| not_found("images", IMAGE_GROUP, name))
}
