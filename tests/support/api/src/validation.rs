// SPDX-License-Identifier: Apache-2.0
//! The server's rules about Image objects and the signatures in them. Field paths and texts are the server's.

use serde_json::{json, Map, Value};

use super::field::FieldError;
use super::{go, reference, time};

/// Most bytes of all annotations together.
const ANNOTATIONS_LIMIT: usize = 256 * 1024;

/// The server crashes on this object instead of judging it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panic;

/// Complaints about an image that is to take another's place. Values are decoded, but not yet canonical.
pub fn image_update(new: &Value, old: &Value) -> Result<Vec<FieldError>, Panic> {
    let mut metadata = object_meta(&new["metadata"], "metadata");
    metadata.extend(immutable(new, old));
    // Two layers of the server look at the metadata, so that each complaint about it stands twice among the causes.
    let mut errors = [metadata.clone(), metadata].concat();
    errors.extend(image(new)?);
    Ok(errors)
}

/// Complaints about an image that is new.
pub fn new_image(new: &Value) -> Result<Vec<FieldError>, Panic> {
    let mut errors = object_meta(&new["metadata"], "metadata");
    errors.extend(image(new)?);
    Ok(errors)
}

fn image(image: &Value) -> Result<Vec<FieldError>, Panic> {
    let mut errors = Vec::new();
    let reference = text(image, "dockerImageReference");
    if reference.is_empty() {
        errors.push(FieldError::required("dockerImageReference", ""));
    } else if let Err(why) = reference::parse(reference) {
        errors.push(FieldError::invalid("dockerImageReference", &reference.into(), why));
    }
    for (n, entry) in items(image, "signatures").iter().enumerate() {
        errors.extend(signature(entry, &format!("signatures[{n}]."))?);
    }
    let manifests = items(image, "dockerImageManifests");
    for (n, manifest) in manifests.iter().enumerate() {
        errors.extend(child_manifest(manifest, &format!("dockerImageManifests[{n}].")));
    }
    let layers = items(image, "dockerImageLayers");
    if !manifests.is_empty() && !layers.is_empty() {
        errors.push(FieldError::invalid(
            "dockerImageLayers",
            &layers.iter().map(layer_as_go).collect(),
            "dockerImageLayers should not be set when dockerImageManifests is set",
        ));
    }
    Ok(errors)
}

fn layer_as_go(layer: &Value) -> Value {
    json!({"Name": text(layer, "name"), "LayerSize": layer["size"], "MediaType": text(layer, "mediaType")})
}

fn child_manifest(manifest: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let digest = text(manifest, "digest");
    if !digest_like(digest) {
        let detail = "digest does not conform with OCI image specification";
        errors.push(FieldError::invalid(format!("{path}digest"), &digest.into(), detail));
    }
    let media_type = text(manifest, "mediaType");
    if !media_type_like(media_type) {
        let detail = "media type does not conform to RFC6838";
        errors.push(FieldError::invalid(
            format!("{path}mediaType"),
            &media_type.into(),
            detail,
        ));
    }
    for member in ["architecture", "os"] {
        if text(manifest, member).is_empty() {
            errors.push(FieldError::required(format!("{path}{member}"), ""));
        }
    }
    let size = manifest["manifestSize"].as_i64().unwrap_or(0);
    if size < 0 {
        let detail = "manifest size cannot be negative";
        errors.push(FieldError::invalid(format!("{path}size"), &size.into(), detail));
    }
    errors
}

/// `algorithm:hexadecimal`, at least 32 digits, anywhere in the text: the server's pattern is not anchored.
fn digest_like(text: &str) -> bool {
    text.match_indices(':').any(|(at, _)| {
        let algorithm = text[..at]
            .rsplit(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or("");
        let digits = text[at + 1..].bytes().take_while(u8::is_ascii_hexdigit).count();
        algorithm.bytes().any(|b| b.is_ascii_alphabetic()) && digits >= 32
    })
}

fn media_type_like(text: &str) -> bool {
    let part = |part: &str, more: &[u8]| {
        part.len() <= 127
            && part.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&^_-".contains(&b) || more.contains(&b))
    };
    text.trim_matches(' ')
        .split_once('/')
        .is_some_and(|(kind, subtype)| part(kind, b"") && part(subtype, b".+"))
}

/// Complaints about one signature; `path` ends with a dot or is empty.
pub fn signature(signature: &Value, path: &str) -> Result<Vec<FieldError>, Panic> {
    let metadata = &signature["metadata"];
    let mut errors = object_meta(metadata, &format!("{path}metadata"));
    for (member, detail) in [
        ("labels", "signature labels cannot be set"),
        ("annotations", "signature annotations cannot be set"),
    ] {
        if metadata[member].as_object().is_some_and(|m| !m.is_empty()) {
            errors.push(FieldError::forbidden(format!("{path}metadata.{member}"), detail));
        }
    }
    let name = text(metadata, "name");
    if split_name(name).is_none() {
        let detail = "name must be of format <imageName>@<signatureName>";
        errors.push(FieldError::invalid(
            format!("{path}metadata.name"),
            &name.into(),
            detail,
        ));
    }
    if text(signature, "type").is_empty() {
        errors.push(FieldError::required(format!("{path}type"), ""));
    }
    if go::decode_base64(text(signature, "content")).is_ok_and(|bytes| bytes.is_empty()) {
        errors.push(FieldError::required(format!("{path}content"), ""));
    }
    errors.extend(conditions(signature, path)?);
    Ok(errors)
}

/// Image and name of a signature out of its whole name, which has exactly one `@`.
pub fn split_name(name: &str) -> Option<(&str, &str)> {
    let (image, own) = name.split_once('@')?;
    (!image.is_empty() && !own.is_empty() && !own.contains('@')).then_some((image, own))
}

/// Rules about what is recorded. The server looks for the latest condition of each of two types with a condition that
/// reads `(is ForImage and none was found) or (not earlier than the one found)`: for whatever is not the latest Trusted
/// it looks at the time of a ForImage that may not have been found yet, and crashes.
fn conditions(signature: &Value, path: &str) -> Result<Vec<FieldError>, Panic> {
    let conditions = items(signature, "conditions");
    let probed = |n: usize| {
        let text = text(&conditions[n], "lastProbeTime");
        time::parse(text).unwrap_or_default()
    };
    let (mut trusted, mut for_image): (Option<usize>, Option<usize>) = (None, None);
    for (n, condition) in conditions.iter().enumerate() {
        let not_before = |found: usize| probed(n) >= probed(found);
        if text(condition, "type") == "Trusted" && trusted.is_none_or(not_before) {
            trusted = Some(n);
            continue;
        }
        let first = text(condition, "type") == "ForImage" && for_image.is_none();
        if first || not_before(for_image.ok_or(Panic)?) {
            for_image = Some(n);
        }
    }
    let mut errors = Vec::new();
    let missing = match (trusted, for_image) {
        (Some(_), None) => Some("ForImage"),
        (None, Some(_)) => Some("Trusted"),
        _ => None,
    };
    if let Some(missing) = missing {
        let detail = format!("missing \"{missing}\" condition type");
        let shown = conditions.iter().map(condition_as_go).collect();
        errors.push(FieldError::invalid(format!("{path}conditions"), &shown, &detail));
    }
    if trusted.is_none_or(|n| text(&conditions[n], "status") == "Unknown") {
        let detail = "must be unset for unknown signature state";
        let mut refuse = |member: &str, shown: Value| {
            errors.push(FieldError::invalid(format!("{path}{member}"), &shown, detail));
        };
        if !text(signature, "imageIdentity").is_empty() {
            refuse("imageIdentity", signature["imageIdentity"].clone());
        }
        if signature["signedClaims"].as_object().is_some_and(|c| !c.is_empty()) {
            refuse("signedClaims", signature["signedClaims"].clone());
        }
        for (member, key) in [("issuedBy", false), ("issuedTo", true)] {
            let entity = &signature[member];
            if entity.is_object() {
                let mut shown = Map::new();
                shown.insert("Organization".to_owned(), text(entity, "organization").into());
                shown.insert("CommonName".to_owned(), text(entity, "commonName").into());
                if key {
                    shown.insert("PublicKeyID".to_owned(), text(entity, "publicKeyID").into());
                }
                refuse(member, shown.into());
            }
        }
    }
    Ok(errors)
}

/// A condition as the server's messages show it: the members of its own type.
fn condition_as_go(condition: &Value) -> Value {
    let moment = |member: &str| match time::parse(text(condition, member)) {
        Ok(Some(moment)) => time::format(moment).into(),
        _ => Value::Null,
    };
    json!({
        "Type": text(condition, "type"),
        "Status": text(condition, "status"),
        "LastProbeTime": moment("lastProbeTime"),
        "LastTransitionTime": moment("lastTransitionTime"),
        "Reason": text(condition, "reason"),
        "Message": text(condition, "message"),
    })
}

/// Rules about the metadata of whatever is not in a namespace.
fn object_meta(metadata: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let name = text(metadata, "name");
    if name.is_empty() {
        let detail = "name or generateName is required";
        errors.push(FieldError::required(format!("{path}.name"), detail));
    }
    let mut refuse = |detail: String| {
        errors.push(FieldError::invalid(format!("{path}.name"), &name.into(), &detail));
    };
    if name == "." || name == ".." {
        refuse(format!("may not be '{name}'"));
    }
    for c in ['/', '%'] {
        if name.contains(c) {
            refuse(format!("may not contain '{c}'"));
        }
    }
    if !text(metadata, "namespace").is_empty() {
        let detail = "not allowed on this type";
        errors.push(FieldError::forbidden(format!("{path}.namespace"), detail));
    }
    let annotations = metadata["annotations"].as_object();
    let size: usize = annotations
        .into_iter()
        .flatten()
        .map(|(name, value)| name.len() + value.as_str().map_or(0, str::len))
        .sum();
    if size > ANNOTATIONS_LIMIT {
        errors.push(FieldError::too_long(format!("{path}.annotations"), ANNOTATIONS_LIMIT));
    }
    errors
}

fn immutable(new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for member in ["name", "uid", "deletionTimestamp"] {
        let (new, old) = (&new["metadata"][member], &old["metadata"][member]);
        if new != old {
            errors.push(FieldError::invalid(
                format!("metadata.{member}"),
                new,
                "field is immutable",
            ));
        }
    }
    errors
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or("")
}

fn items<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value[member].as_array().map_or(&[], Vec::as_slice)
}
