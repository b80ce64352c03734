// SPDX-License-Identifier: Apache-2.0
//! What the server answers: objects, and `Status` bodies with the texts of the running server.

use serde_json::{json, Map, Value};

use super::field::{aggregate, FieldError};
use super::route::Target;

/// The API group of images and their streams.
pub const IMAGE_GROUP: &str = "image.openshift.io";

/// Most bytes of a request's body.
pub const BODY_LIMIT: usize = 3 * 1024 * 1024;

/// An answer before it is put on the wire.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub headers: Vec<(String, String)>,
    pub body: Content,
}

/// The body of an answer.
#[derive(Debug, Clone)]
pub enum Content {
    /// A document, which is serialised last, so that faults can change it.
    Json(Value),
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// Bytes, then one byte repeated, then bytes: bodies that nobody wants to hold in memory.
    Filled {
        head: Vec<u8>,
        filler: u8,
        length: u64,
        tail: Vec<u8>,
    },
}

impl Answer {
    /// A document with a status code.
    pub fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            content_type: "application/json".to_owned(),
            headers: Vec::new(),
            body: Content::Json(body),
        }
    }

    /// Plain text with a status code, as the server's lower layers write it.
    pub fn text(status: u16, body: &str) -> Self {
        Self {
            status,
            content_type: "text/plain; charset=utf-8".to_owned(),
            headers: vec![("X-Content-Type-Options".to_owned(), "nosniff".to_owned())],
            body: Content::Bytes(format!("{body}\n").into_bytes()),
        }
    }

    /// Adds a header to the answer.
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds warnings about unknown members and the like.
    pub fn with_warnings(mut self, warnings: &[String]) -> Self {
        for warning in warnings {
            let text = warning.replace('\\', "\\\\").replace('"', "\\\"");
            self = self.with_header("Warning", format!("299 - \"{text}\""));
        }
        self
    }
}

/// A request that fails. Boxed, because it is the rare case.
pub type Failure = Box<Answer>;

/// A `Status` of failure. Absent details are left out, as the server does.
pub fn failure(code: u16, reason: &str, message: &str, details: Option<Value>) -> Failure {
    failure_with_metadata(code, reason, message, details, json!({}))
}

fn failure_with_metadata(code: u16, reason: &str, message: &str, details: Option<Value>, metadata: Value) -> Failure {
    let mut body = Map::new();
    body.insert("kind".to_owned(), "Status".into());
    body.insert("apiVersion".to_owned(), "v1".into());
    body.insert("metadata".to_owned(), metadata);
    body.insert("status".to_owned(), "Failure".into());
    body.insert("message".to_owned(), message.into());
    if !reason.is_empty() {
        body.insert("reason".to_owned(), reason.into());
    }
    if let Some(details) = details {
        body.insert("details".to_owned(), details);
    }
    body.insert("code".to_owned(), code.into());
    Box::new(Answer::json(code, Value::Object(body)))
}

/// `plural.group`, as messages name a resource.
pub fn qualified(resource: &str, group: &str) -> String {
    if group.is_empty() {
        resource.to_owned()
    } else {
        format!("{resource}.{group}")
    }
}

fn details(group: &str, kind: &str, name: &str) -> Map<String, Value> {
    let mut details = Map::new();
    for (member, value) in [("name", name), ("group", group), ("kind", kind)] {
        if !value.is_empty() {
            details.insert(member.to_owned(), value.into());
        }
    }
    details
}

/// 401: no credential that was sent is known.
pub fn unauthorized() -> Failure {
    failure(401, "Unauthorized", "Unauthorized", None)
}

/// 403: the user lacks the right.
pub fn forbidden(user: &str, target: &Target) -> Failure {
    let Target {
        verb, group, resource, ..
    } = target;
    if !target.is_resource {
        let message = format!("forbidden: User \"{user}\" cannot {verb} path \"{}\"", target.path);
        return failure(403, "Forbidden", &message, Some(json!({})));
    }
    let full = if target.subresource.is_empty() {
        resource.clone()
    } else {
        format!("{resource}/{}", target.subresource)
    };
    let scope = if target.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace \"{}\"", target.namespace)
    };
    let name = if target.name.is_empty() {
        String::new()
    } else {
        format!(" \"{}\"", target.name)
    };
    let message = format!(
        "{}{name} is forbidden: User \"{user}\" cannot {verb} resource \"{full}\" in API group \"{group}\" {scope}",
        qualified(resource, group)
    );
    let details = details(group, resource, &target.name);
    failure(403, "Forbidden", &message, Some(details.into()))
}

/// 404: there is no such object.
pub fn not_found(resource: &str, group: &str, name: &str) -> Failure {
    let message = format!("{} \"{name}\" not found", qualified(resource, group));
    failure(404, "NotFound", &message, Some(details(group, resource, name).into()))
}

/// 404 of a group that is known, for a resource in it that is not.
pub fn unknown_resource() -> Failure {
    let message = "the server could not find the requested resource";
    failure(404, "NotFound", message, Some(json!({})))
}

/// 404 of a path that leads nowhere.
pub fn page_not_found() -> Failure {
    Box::new(Answer::text(404, "404 page not found"))
}

/// 405: the resource does not do that.
pub fn method_not_allowed() -> Failure {
    let message = "the server does not allow this method on the requested resource";
    failure(405, "MethodNotAllowed", message, Some(json!({})))
}

/// 400 with a message.
pub fn bad_request(message: &str) -> Failure {
    failure(400, "BadRequest", message, None)
}

/// 406: no form of the answer that the client accepts is known.
pub fn not_acceptable() -> Failure {
    let message = "only the following media types are accepted: application/json";
    failure(406, "NotAcceptable", message, None)
}

/// 409: the object changed since it was read, or is another one.
pub fn conflict(resource: &str, group: &str, name: &str, why: &str) -> Failure {
    let message = format!(
        "Operation cannot be fulfilled on {} \"{name}\": {why}",
        qualified(resource, group)
    );
    failure(409, "Conflict", &message, Some(details(group, resource, name).into()))
}

/// 409: there is one already.
pub fn already_exists(resource: &str, group: &str, name: &str) -> Failure {
    let message = format!("{} \"{name}\" already exists", qualified(resource, group));
    failure(
        409,
        "AlreadyExists",
        &message,
        Some(details(group, resource, name).into()),
    )
}

/// 410: the list that a continue token belongs to is gone. The token, if any, leads on inconsistently.
pub fn expired(token: Option<&str>) -> Failure {
    let message = "The provided continue parameter is too old to display a consistent list result.";
    let metadata = token.map_or_else(|| json!({}), |token| json!({"continue": token}));
    failure_with_metadata(410, "Expired", message, None, metadata)
}

/// 413: the body, or something in it, is too large.
pub fn too_large(why: &str) -> Failure {
    failure(
        413,
        "RequestEntityTooLarge",
        &format!("Request entity too large: {why}"),
        None,
    )
}

/// 413: the body has more bytes than are read.
pub fn body_too_large() -> Failure {
    too_large(&format!("limit is {BODY_LIMIT}"))
}

/// 415: the body's content type is not known here.
pub fn unsupported_media_type(accepted: &[&str]) -> Failure {
    let message = format!(
        "the body of the request was in an unknown format - accepted media types include: {}",
        accepted.join(", ")
    );
    failure(415, "UnsupportedMediaType", &message, None)
}

/// 422: fields are wrong.
pub fn invalid(kind: &str, group: &str, name: &str, errors: &[FieldError]) -> Failure {
    let message = format!(
        "{} \"{name}\" is invalid: {}",
        qualified(kind, group),
        aggregate(errors)
    );
    let mut details = details(group, kind, name);
    details.insert("causes".to_owned(), errors.iter().map(FieldError::cause).collect());
    failure(422, "Invalid", &message, Some(details.into()))
}

/// 422 without a word: a JSON patch that does not apply.
pub fn unprocessable() -> Failure {
    let message = "the server rejected our request due to an error in our request";
    failure(422, "Invalid", message, Some(json!({})))
}

/// 500 with a message and no reason.
pub fn internal(message: &str) -> Failure {
    failure(500, "", message, None)
}

/// 500 in plain text: the handler crashed.
pub fn panicked() -> Failure {
    let text = "This request caused apiserver to panic. Look in the logs for details.";
    Box::new(Answer::text(500, text))
}

/// 501: something that the real server does and this one does not play. No test should meet it.
pub fn not_played(what: &str) -> Failure {
    failure(501, "", &format!("this server for tests does not play {what}"), None)
}
