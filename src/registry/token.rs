// SPDX-License-Identifier: Apache-2.0
//! The answer of a token server.

use serde_json::Value;

use crate::http::secret::Secret;
use crate::json;
use crate::text::seconds;

/// Shortest time that a token is taken for valid, in seconds.
const MIN_LIFETIME: i64 = 60;

/// A token that a server has given for some repositories and actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What is sent; empty where the server gave none.
    pub token: Secret,
    /// Until when it is valid, in seconds since 1970.
    pub expires: i64,
}

/// Reads an answer that came at the time `now`, in seconds since 1970. Nothing of the answer is quoted in an error.
///
/// # Errors
/// When it is not the JSON of a token.
pub fn parse(body: &[u8], now: i64) -> Result<Token, &'static str> {
    let document = json::parse(body).map_err(|_| "it is not JSON with different member names")?;
    let root = document.as_object().ok_or("expected a JSON object")?;
    let text = |name: &str| match root.get(name) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(_) => Err("token or access_token: expected a string"),
    };
    let token = match text("token")? {
        "" => text("access_token")?,
        token => token,
    };
    let lifetime = match root.get("expires_in") {
        None | Some(Value::Null) => 0,
        Some(value) => value.as_i64().ok_or("expires_in: expected a whole number")?,
    };
    let issued = match root.get("issued_at") {
        None | Some(Value::Null) => now,
        Some(value) => value
            .as_str()
            .and_then(seconds)
            .ok_or("issued_at: expected an RFC 3339 time")?,
    };
    Ok(Token {
        token: Secret::new(token),
        expires: issued.saturating_add(lifetime.max(MIN_LIFETIME)),
    })
}
