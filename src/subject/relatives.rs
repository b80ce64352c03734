// SPDX-License-Identifier: Apache-2.0
//! What a manifest has to do with a digest that is not its own: it was reformatted after it was fetched, or it is the list
//! of which another manifest is an instance. Only for messages: nothing is ever accepted because of it.

use std::sync::OnceLock;

use serde_core::de::IgnoredAny;
use serde_json::Value;

use crate::digest::Digest;
use crate::manifest::{media_type, DOCKER_LIST, OCI_INDEX};
use crate::text::safe;

/// Most instances of a list that are looked at.
const MAX_INSTANCES: usize = 1000;

/// What to do about a manifest that is at hand with other bytes than it was published with, as messages say it.
pub const FETCH_AGAIN: &str = "fetch it again";

/// A manifest, and the digests of its relatives once somebody has asked for them.
#[derive(Debug, Clone)]
pub struct Relatives {
    bytes: Vec<u8>,
    known: OnceLock<Vec<(Digest, String)>>,
    stranger: OnceLock<Option<String>>,
}

impl Relatives {
    /// Takes a manifest. Nothing is worked out yet.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            known: OnceLock::new(),
            stranger: OnceLock::new(),
        }
    }

    /// Whether a digest is that of the manifest, by its own algorithm.
    #[must_use]
    pub fn has(&self, digest: &Digest) -> bool {
        digest.is_of_manifest(&self.bytes)
    }

    /// What the manifest has to do with a digest that is not its own, to be added to a sentence that says so; nothing
    /// where nothing is known.
    #[must_use]
    pub fn of(&self, digest: &Digest) -> Option<&str> {
        let known = self.known.get_or_init(|| {
            let mut known = instances(&self.bytes);
            known.extend(spellings(&self.bytes));
            known
        });
        let found = known.iter().find(|(other, _)| digest.names(other));
        let stranger = || self.stranger.get_or_init(|| stranger(&self.bytes)).as_deref();
        found.map(|(_, relation)| relation.as_str()).or_else(stranger)
    }
}

/// The instances of a list.
fn instances(bytes: &[u8]) -> Vec<(Digest, String)> {
    if !matches!(media_type(bytes), DOCKER_LIST | OCI_INDEX) {
        return Vec::new();
    }
    let list: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let entries = list["manifests"].as_array().map_or(&[][..], Vec::as_slice);
    let entries = entries.iter().take(MAX_INSTANCES);
    entries
        .filter_map(|entry| {
            let digest = Digest::parse(entry["digest"].as_str()?).ok()?;
            let parts = ["os", "architecture", "variant"].map(|name| entry["platform"][name].as_str());
            let parts: Vec<String> = parts.into_iter().flatten().map(safe).collect();
            let platform = match parts.as_slice() {
                [] => String::new(),
                parts => format!(" {}", parts.join("/")),
            };
            let relation = format!(
                "what is at hand is a manifest list, and the digest is that of its instance{platform}; take the manifest of the instance: skopeo inspect --raw docker://REPOSITORY@{digest}"
            );
            Some((digest, relation))
        })
        .collect()
}

/// The same document with the white space that editors, shells and JSON tools add or take away.
fn spellings(bytes: &[u8]) -> Vec<(Digest, String)> {
    const BARE: &str = "without the white space at its end";
    let without_mark = bytes.strip_prefix(b"\xef\xbb\xbf");
    let bare = without_mark.unwrap_or(bytes).trim_ascii_end();
    let mut spellings = vec![(
        bare.to_vec(),
        match without_mark {
            Some(_) => "without the byte order mark at its beginning",
            None => BARE,
        },
    )];
    let unix = bare.split(|b| *b == b'\r').collect::<Vec<_>>().concat();
    if unix != bare {
        spellings.push((unix, "without its carriage returns"));
    }
    spellings.push((
        reformat(bare, None, "", ""),
        "without the white space between its members",
    ));
    const OTHER: &str = "with other white space between its members";
    spellings.push((reformat(bare, None, " ", " "), OTHER));
    for indent in ["  ", "   ", "    ", "\t"] {
        spellings.push((reformat(bare, Some(indent), "", " "), OTHER));
    }
    let mut known = Vec::new();
    for (mut spelling, how) in spellings {
        let with_end = match how {
            BARE => "with one line end at its end".to_owned(),
            how => format!("{how}, with one line end at its end,"),
        };
        for (end, how) in [("", how.to_owned()), ("\n", with_end)] {
            spelling.extend(end.as_bytes());
            if spelling == bytes {
                continue;
            }
            if let Ok(digest) = Digest::of_manifest(&spelling) {
                let relation = format!(
                    "the manifest was changed after it was fetched: {how} it has that digest; {FETCH_AGAIN} and keep it as it is (skopeo inspect --raw)"
                );
                known.push((digest, relation));
            }
        }
    }
    known
}

/// What is not a manifest at all.
fn stranger(bytes: &[u8]) -> Option<String> {
    let is_json = serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
    let is_page = bytes.trim_ascii_start().starts_with(b"<");
    (!is_json).then(|| {
        let what = if is_page { "a web page" } else { "not JSON" };
        format!("what is at hand is not a manifest: it is {what}; {FETCH_AGAIN} (skopeo inspect --raw)")
    })
}

/// Writes a JSON text with other white space, strings as they are. `indent` is what each level of nesting adds to the
/// beginning of a line; without it all is one line. The other two follow a comma and a colon. What is not JSON comes out
/// as something that nobody has signed.
fn reformat(text: &[u8], indent: Option<&str>, after_comma: &str, after_colon: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    let new_line = |out: &mut Vec<u8>, depth: usize| {
        if let Some(indent) = indent {
            out.push(b'\n');
            // Deeper nesting than any manifest has would make a short text long.
            (0..depth.min(MAX_INDENTS)).for_each(|_| out.extend(indent.as_bytes()));
        }
    };
    for byte in text.iter().copied() {
        if in_string {
            out.push(byte);
            in_string = is_escaped || byte != b'"';
            is_escaped = byte == b'\\' && !is_escaped;
            continue;
        }
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => continue,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if !matches!(out.last(), Some(b'{' | b'[')) {
                    new_line(&mut out, depth);
                }
            }
            _ if matches!(out.last(), Some(b'{' | b'[')) => new_line(&mut out, depth),
            _ => {}
        }
        out.push(byte);
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b',' => {
                out.extend(after_comma.as_bytes());
                new_line(&mut out, depth);
            }
            b':' => out.extend(after_colon.as_bytes()),
            _ => {}
        }
    }
    out
}

/// Deepest nesting that is indented; real manifests nest four deep.
const MAX_INDENTS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const COMPACT: &str = r#"{"a":[1,{"b":" {\"x\\\": [ "}],"c":{},"d":[],"e":"\\"}"#;
    const PRETTY: &str = "{\n  \"a\": [\n    1,\n    {\n      \"b\": \" {\\\"x\\\\\\\": [ \"\n    }\n  ],\n  \"c\": {},\n  \"d\": [],\n  \"e\": \"\\\\\"\n}";

    fn relation(have: &str, signed: &str) -> Option<String> {
        let digest = Digest::of_bytes(signed.as_bytes());
        let relatives = Relatives::new(have.as_bytes().to_vec());
        relatives.of(&digest).map(str::to_owned)
    }

    #[test]
    fn spellings_of_one_document_are_told() {
        let value: Value = serde_json::from_str(COMPACT).unwrap();
        assert_eq!(serde_json::from_str::<Value>(PRETTY).unwrap(), value);
        assert_eq!(serde_json::to_string_pretty(&value).unwrap(), PRETTY);
        let line = |text: &str| format!("{text}\n");
        let crlf = PRETTY.replace('\n', "\r\n");
        let tabs = PRETTY.replace("  ", "\t");
        let three = PRETTY.replace("  ", "   ");
        let python = r#"{"a": [1, {"b": " {\"x\\\": [ "}], "c": {}, "d": [], "e": "\\"}"#;
        for (have, signed) in [
            (line(COMPACT), COMPACT.to_owned()),
            (COMPACT.to_owned(), line(COMPACT)),
            (line(PRETTY), PRETTY.to_owned()),
            (PRETTY.to_owned(), COMPACT.to_owned()),
            (line(PRETTY), COMPACT.to_owned()),
            (COMPACT.to_owned(), PRETTY.to_owned()),
            (COMPACT.to_owned(), line(&tabs)),
            (PRETTY.to_owned(), three),
            (crlf, PRETTY.to_owned()),
            (python.to_owned(), COMPACT.to_owned()),
            (COMPACT.to_owned(), python.to_owned()),
            (format!("\u{feff}{COMPACT}"), COMPACT.to_owned()),
        ] {
            let found = relation(&have, &signed).unwrap_or_else(|| panic!("{have:?} {signed:?}"));
            assert!(found.contains("fetch it again"), "{found}");
        }
    }

    #[test]
    fn strangers_are_not_relatives() {
        for (have, signed) in [(COMPACT, "{}"), (COMPACT, COMPACT), ("{\"a b\":1}", "{\"ab\":1}")] {
            assert_eq!(relation(have, signed), None, "{have:?} {signed:?}");
        }
        for (have, what) in [
            ("]]]]\"", "not JSON"),
            ("", "not JSON"),
            (" <html></html>", "a web page"),
        ] {
            let found = relation(have, "x").unwrap();
            assert!(found.contains(what), "{found}");
        }
    }
}
