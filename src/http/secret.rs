// SPDX-License-Identifier: Apache-2.0
//! Text that must not be seen: tokens, passwords.

use std::fmt;

/// Text that neither logs nor errors show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a text that no log or message may show.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for those who send it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Shortest secret that is looked for in what others send: shorter ones are parts of ordinary words.
pub(crate) const MIN_ECHO: usize = 6;

/// An untrusted text without the secrets that were sent to them: servers and what stands before them send requests
/// back in their errors.
#[must_use]
pub fn without(text: &str, secrets: &[Secret]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.0.len() >= MIN_ECHO) {
        // Media types, for one, are put into lower case.
        let (wanted, lower) = (secret.0.to_ascii_lowercase(), text.to_ascii_lowercase());
        let (mut out, mut end) = (String::new(), 0);
        for (at, found) in lower.match_indices(&wanted) {
            out.push_str(&text[end..at]);
            out.push_str("[]");
            end = at + found.len();
        }
        out.push_str(&text[end..]);
        text = out;
    }
    text
}

/// For options of the command line.
impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(...)")
    }
}

#[cfg(test)]
mod tests {
    use super::{without, Secret};

    #[test]
    fn echoes() {
        let secrets = [Secret::new("Token-1"), Secret::new("ab")];
        assert_eq!(without("é Token-1, token-1 TOKEN-1", &secrets), "é [], [] []");
        assert_eq!(without("abc", &secrets), "abc");
    }
}
