// SPDX-License-Identifier: Apache-2.0
//! Who am I, and what may I do: reviews, and the user object of the platform's own user API.

use serde_json::{json, Value};

use super::field::FieldError;
use super::http::HttpRequest;
use super::images::body_of;
use super::rbac::{allowed, User};
use super::route::Target;
use super::state::State;
use super::status::{bad_request, invalid, method_not_allowed, unknown_resource, Answer, Failure};
use super::time;

/// Serves `selfsubjectreviews`: the user as the server knows it, impersonation included.
pub fn who_am_i(request: &HttpRequest, target: &Target, user: &User) -> Result<Answer, Failure> {
    only_create(target)?;
    typed(request, "SelfSubjectReview", "authentication.k8s.io/v1")?;
    let mut info = json!({"username": user.name});
    if !user.uid.is_empty() {
        info["uid"] = user.uid.clone().into();
    }
    info["groups"] = user.groups.clone().into();
    if !user.extra.is_empty() {
        info["extra"] = json!(user.extra);
    }
    let review = json!({
        "kind": "SelfSubjectReview",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"creationTimestamp": time::now()},
        "status": {"userInfo": info},
    });
    Ok(Answer::json(201, review))
}

/// Serves `selfsubjectaccessreviews`: whether the user has one right.
pub fn may_i(state: &State, request: &HttpRequest, target: &Target, user: &User) -> Result<Answer, Failure> {
    only_create(target)?;
    let mut review = typed(request, "SelfSubjectAccessReview", "authorization.k8s.io/v1")?;
    let (resource, path) = (
        &review["spec"]["resourceAttributes"],
        &review["spec"]["nonResourceAttributes"],
    );
    if resource.is_object() == path.is_object() {
        let field = FieldError::invalid(
            "spec.resourceAttributes",
            resource,
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        );
        return Err(invalid("SelfSubjectAccessReview", "authorization.k8s.io", "", &[field]));
    }
    let text = |value: &Value, member: &str| value[member].as_str().unwrap_or("").to_owned();
    let asked = Target {
        verb: text(if resource.is_object() { resource } else { path }, "verb"),
        group: text(resource, "group"),
        version: text(resource, "version"),
        namespace: text(resource, "namespace"),
        resource: text(resource, "resource"),
        subresource: text(resource, "subresource"),
        name: text(resource, "name"),
        path: text(path, "path"),
        is_resource: resource.is_object(),
    };
    review["kind"] = "SelfSubjectAccessReview".into();
    review["apiVersion"] = "authorization.k8s.io/v1".into();
    review["metadata"] = json!({});
    review["status"] = if allowed(&state.rules, user, &asked) {
        json!({"allowed": true, "reason": format!("RBAC: allowed to User \"{}\"", user.name)})
    } else {
        json!({"allowed": false})
    };
    Ok(Answer::json(201, review))
}

/// Serves `users/~`; users whom nobody stored are made up from the request, service accounts and certificates too.
pub fn user(target: &Target, user: &User) -> Result<Answer, Failure> {
    if target.verb != "get" || target.name != "~" || !target.subresource.is_empty() {
        return Err(unknown_resource());
    }
    let mut groups = user.groups.clone();
    groups.sort();
    let mut object = json!({
        "kind": "User",
        "apiVersion": "user.openshift.io/v1",
        "metadata": {"name": user.name},
        "identities": null,
        "groups": groups,
    });
    if !user.uid.is_empty() {
        object["metadata"]["uid"] = user.uid.clone().into();
    }
    Ok(Answer::json(200, object))
}

fn only_create(target: &Target) -> Result<(), Failure> {
    match (target.verb.as_str(), target.name.is_empty()) {
        ("create", true) => Ok(()),
        (_, false) => Err(unknown_resource()),
        _ => Err(method_not_allowed()),
    }
}

/// The body, which must be of the right type.
fn typed(request: &HttpRequest, kind: &str, version: &str) -> Result<Value, Failure> {
    let document = body_of(request)?.value;
    let text = |member: &str| document[member].as_str().unwrap_or("").to_owned();
    if !document.is_object() || text("kind") != kind || text("apiVersion") != version {
        return Err(bad_request(&format!(
            "no kind \"{}\" is registered for version \"{}\": expected {kind} of {version}",
            text("kind"),
            text("apiVersion")
        )));
    }
    Ok(document)
}
