// SPDX-License-Identifier: Apache-2.0
//! A registry's own words on why it refuses: the errors of the distribution specification, and what token servers say.

use serde_json::Value;

use crate::http::Response;
use crate::json;
use crate::text::place::quoted;

/// Largest answer that is searched for words, in bytes.
const MAX_ANSWER: usize = 64 << 10;

/// Most errors of one answer that are told.
const MAX_ERRORS: usize = 2;

/// What an answer says, to follow the status; empty where it says nothing, or what is secret by `is_secret`.
pub fn told(response: &Response, is_secret: impl FnOnce(&str) -> bool) -> String {
    match words(response) {
        words if words.is_empty() || is_secret(&words) => String::new(),
        words => format!("; the server says {}", quoted(&words)),
    }
}

/// The same as it came.
fn words(response: &Response) -> String {
    if response.body.len() > MAX_ANSWER {
        return String::new();
    }
    let Ok(answer) = json::parse(&response.body) else {
        return String::new();
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().trim().to_owned();
    let errors = answer["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let pairs = errors
        .iter()
        .take(MAX_ERRORS)
        .map(|error| (text(&error["code"]), text(&error["message"])))
        // RFC 6749 section 5.2, and what some token servers have instead.
        .chain([
            (text(&answer["error"]), text(&answer["error_description"])),
            (String::new(), text(&answer["details"])),
        ]);
    let said = pairs.filter_map(|(code, message)| match (code.as_str(), message.as_str()) {
        ("", "") => None,
        ("", _) => Some(message),
        (_, "") => Some(code),
        _ => Some(format!("{code}: {message}")),
    });
    said.collect::<Vec<_>>().join("; ")
}
