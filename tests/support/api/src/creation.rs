// SPDX-License-Identifier: Apache-2.0
//! Images that come and go.

use serde_json::{json, Value};

use super::http::HttpRequest;
use super::images::{body_of, decode, Options, IMAGE_API};
use super::objects::with_type;
use super::schema::{canonical, IMAGE};
use super::state::State;
use super::status::{already_exists, bad_request, invalid, not_found, panicked, Answer, Failure, IMAGE_GROUP};
use super::{time, validation};

/// Stores a new image by the rules.
pub fn create(state: &mut State, request: &HttpRequest) -> Result<Answer, Failure> {
    let document = body_of(request)?;
    let options = Options::of(request, "CreateOptions")?;
    let newer = state.settings.newer_schema;
    let decoded = decode(&document.value, document.complaints(), &IMAGE, "Image", newer, &options);
    let (mut image, warnings) = decoded.map_err(|e| bad_request(&e))?;
    let name = image["metadata"]["name"].as_str().unwrap_or("").to_owned();
    match validation::new_image(&image) {
        Err(validation::Panic) => return Err(panicked()),
        Ok(errors) if !errors.is_empty() => return Err(invalid("Image", IMAGE_GROUP, &name, &errors)),
        Ok(_) => {}
    }
    if state.objects.image(&name).is_some() {
        return Err(already_exists("images", IMAGE_GROUP, &name));
    }
    image["metadata"]["uid"] = state.objects.new_uid().into();
    image["metadata"]["creationTimestamp"] = time::now().into();
    super::objects::fill_metadata(&mut image);
    let stored = if options.dry_run {
        with_type("Image", IMAGE_API, &super::objects::untyped(canonical(&image, &IMAGE)))
    } else {
        state.objects.commit_image(image)
    };
    Ok(Answer::json(201, stored).with_warnings(&warnings))
}

/// Removes an image, as `DELETE` does.
pub fn delete(state: &mut State, name: &str) -> Result<Answer, Failure> {
    let found: Option<Value> = state.objects.image(name);
    let image = found.ok_or_else(|| not_found("images", IMAGE_GROUP, name))?;
    state.objects.remove_image(name);
    let details = json!({"name": name, "group": IMAGE_GROUP, "kind": "images", "uid": image["metadata"]["uid"]});
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details});
    Ok(Answer::json(200, status))
}
