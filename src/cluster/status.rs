// SPDX-License-Identifier: Apache-2.0
//! What the API server says when it refuses: `Status` objects, and other answers turned into such, in the words
//! of oc and kubectl.

use std::fmt;

use serde_json::Value;

use crate::http::{Method, Response};
use crate::json;
use crate::text::{bounded, quoted, safe};

/// Longest message of a server that is shown, in characters.
const MAX_MESSAGE: usize = 1024;

/// Most causes that are shown.
const MAX_CAUSES: usize = 16;

/// What an API server says of a path for which it has no handler, such as that of a kind that it does not have.
const NO_SUCH_PATH: &str = "404 page not found";

/// A server's refusal, as its `Status` object states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The HTTP status code of the answer.
    pub code: u16,
    /// A word such as `NotFound`; empty where the server gives none.
    pub reason: String,
    /// A sentence; safe to print.
    pub message: String,
    /// Kind or resource of the object that it is about, as the server writes it.
    pub kind: String,
    /// The name of the object that it is about; empty where it is about none.
    pub name: String,
    /// Field and message of each single cause; safe to print.
    pub causes: Vec<(String, String)>,
    /// Whether the answer is a `Status` object, or what an API server says in its place of a path that it does not have,
    /// and not of something that stands between us and the API server.
    pub is_from_server: bool,
    /// What the user can do about it; empty where the message says it all.
    pub advice: String,
}

impl Status {
    /// Reads an answer with an error code. Without a `Status` in it, the code speaks.
    #[must_use]
    pub fn of(response: &Response, method: Method, path: &str) -> Self {
        let parsed = json::parse(&response.body)
            .ok()
            .filter(|value| value["kind"] == "Status" && value["status"] != "Success");
        let Some(value) = parsed else {
            return Self::by_code(response, method, path);
        };
        let text = |value: &Value| bounded(value.as_str().unwrap_or_default(), MAX_MESSAGE);
        let details = &value["details"];
        let mut causes: Vec<(String, String)> = Vec::new();
        for cause in details["causes"].as_array().map_or(&[][..], Vec::as_slice) {
            let cause = (text(&cause["field"]), text(&cause["message"]));
            if !causes.contains(&cause) && causes.len() < MAX_CAUSES {
                causes.push(cause);
            }
        }
        Self {
            code: response.status,
            reason: text(&value["reason"]),
            message: text(&value["message"]),
            kind: text(&details["kind"]),
            name: text(&details["name"]),
            causes,
            is_from_server: true,
            advice: String::new(),
        }
    }

    fn by_code(response: &Response, method: Method, path: &str) -> Self {
        let body = String::from_utf8_lossy(&response.body);
        let (reason, message) = match response.status {
            401 => ("Unauthorized", "Unauthorized".to_owned()),
            403 => ("Forbidden", format!("the server does not allow this: {}", safe(body.trim()))),
            404 => {
                let said = format!("the server could not find the requested resource ({} {})", verb(method), safe(path));
                let page = "; the answer is text/html instead of JSON: is it an API server?";
                let is_page = response.content_type == "text/html";
                ("NotFound", if is_page { said + page } else { said })
            }
            405 => ("MethodNotAllowed", "the server does not allow this method on the requested resource".into()),
            409 => ("Conflict", "the server reported a conflict".into()),
            410 => ("Expired", "the resource version is no longer available".into()),
            413 => ("RequestEntityTooLarge", safe(body.trim())),
            429 => (
                "TooManyRequests",
                "the server has received too many requests and has asked us to try again later".into(),
            ),
            503 => (
                "ServiceUnavailable",
                "the server is currently unable to handle the request".into(),
            ),
            504 => (
                "Timeout",
                "the server was unable to return a response in the time allotted, but may still be processing the request".into(),
            ),
            300..=399 => ("", format!("the server redirects elsewhere ({}), which is not followed", response.status)),
            500..=599 => (
                "InternalError",
                format!("an error on the server ({}) has prevented the request from succeeding", quoted(body.trim())),
            ),
            code => ("", format!("the server answered with status {code}: {}", safe(body.trim()))),
        };
        Self {
            code: response.status,
            reason: reason.to_owned(),
            message,
            kind: String::new(),
            name: String::new(),
            causes: Vec::new(),
            is_from_server: response.status == 404 && body.trim() == NO_SUCH_PATH,
            advice: String::new(),
        }
    }

    /// Whether the object has changed since it was read. `AlreadyExists` has the same code.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.code == 409 && self.reason == "Conflict"
    }

    /// Whether the patch did not fit the object: a failed `test`, or a path that is not there. The server says no more.
    #[must_use]
    pub fn is_misfit(&self) -> bool {
        self.code == 422 && self.causes.is_empty() && self.name.is_empty()
    }

    /// Whether the server itself says that it has no such resource at all, or not for this client. What stands between us
    /// and the server does not know.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self.code, 404..=406) && self.is_from_server
    }
}

/// What the rights of a cluster call a request.
fn verb(method: Method) -> &'static str {
    match method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Patch => "patch",
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sentence(f)?;
        if self.advice.is_empty() {
            return Ok(());
        }
        write!(f, "; {}", self.advice)
    }
}

impl Status {
    /// The refusal in the words of oc and kubectl.
    fn sentence(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code == 401 {
            return f.write_str("You must be logged in to the server (Unauthorized)");
        }
        if self.reason == "Invalid" && !self.causes.is_empty() {
            write!(f, "The {} \"{}\" is invalid: ", self.kind, self.name)?;
            // Several are marked as oc marks them, in one line: what is said of an image has one.
            let bullet = if self.causes.len() > 1 { "* " } else { "" };
            let causes = self.causes.iter();
            let causes: Vec<String> = causes
                .map(|(field, message)| format!("{bullet}{field}: {message}"))
                .collect();
            return f.write_str(&causes.join(" "));
        }
        match self.reason.as_str() {
            "" => write!(f, "Error from server: {}", self.message),
            reason => write!(f, "Error from server ({reason}): {}", self.message),
        }
    }
}
