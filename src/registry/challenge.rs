// SPDX-License-Identifier: Apache-2.0
//! `WWW-Authenticate`: how a registry wants to be asked (RFC 9110, section 11.6.1, one challenge a line).

use std::collections::BTreeMap;

/// A way to log in that a server offers in `WWW-Authenticate` (RFC 9110 section 11.6.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Challenge {
    /// In lower case; empty for a line that is not a challenge.
    pub scheme: String,
    /// Parameters by their name in lower case; the last of repeated ones.
    pub parameters: BTreeMap<String, String>,
}

impl Challenge {
    /// Reads one header line as far as it can be understood: what follows a parameter that is not well
    /// formed is left out.
    #[must_use]
    pub fn parse(line: &str) -> Self {
        let (scheme, mut rest) = token(line);
        let mut challenge = Self {
            scheme: scheme.to_ascii_lowercase(),
            parameters: BTreeMap::new(),
        };
        if scheme.is_empty() {
            return challenge;
        }
        rest = rest.trim_start_matches([' ', '\t']);
        while let Some((name, value, left)) = parameter(rest) {
            challenge.parameters.insert(name.to_ascii_lowercase(), value);
            rest = left.trim_start_matches([' ', '\t']);
            match rest.strip_prefix(',') {
                Some(next) => rest = next.trim_start_matches([' ', '\t']),
                None => break,
            }
        }
        challenge
    }

    /// Whether it asks for what can be shown: a password or a token.
    pub(super) fn is_usable(&self) -> bool {
        matches!(self.scheme.as_str(), "basic" | "bearer")
    }

    /// The further scope that a registry asks for after a token was not enough: resource type, name and actions.
    #[must_use]
    pub fn further_scope(&self) -> Option<(&str, &str, &str)> {
        let is_for_scope =
            self.scheme == "bearer" && self.parameters.get("error").map(String::as_str) == Some("insufficient_scope");
        let scope = self.parameters.get("scope").filter(|_| is_for_scope)?;
        let mut parts = scope.split(':');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(kind), Some(name), Some(actions), None) => Some((kind, name, actions)),
            _ => None,
        }
    }
}

/// `name=value` and what follows it; a value is a token or a quoted string, and not empty.
fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let (name, rest) = token(text);
    let rest = rest.strip_prefix('=').filter(|_| !name.is_empty())?;
    let (value, rest) = match rest.strip_prefix('"') {
        Some(quoted) => quoted_string(quoted)?,
        None => {
            let (value, rest) = token(rest);
            (value.to_owned(), rest)
        }
    };
    (!value.is_empty()).then_some((name, value, rest))
}

/// A token (RFC 9110, section 5.6.2) and what follows it.
fn token(text: &str) -> (&str, &str) {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let end = text.bytes().position(|b| !is_token(b)).unwrap_or(text.len());
    text.split_at(end)
}

/// The rest of a quoted string, its escapes undone, and what follows it.
fn quoted_string(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}
