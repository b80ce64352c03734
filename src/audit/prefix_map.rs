// SPDX-License-Identifier: Apache-2.0
//! Which prefix of a place is signed as which: the file of `--expected-identity-map`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use crate::reference::Reference;
use crate::text::{hidden_line, quoted, safe};

/// Most lines with prefixes.
pub(crate) const MAX_PREFIXES: usize = 10_000;

/// Prefixes of references where images are, each with what stands in its place where they are signed.
#[derive(Debug, Clone, Default)]
pub struct PrefixMap {
    lines: BTreeMap<String, Line>,
    /// Whether places were looked up, in this map or a copy of it, and whether a line was for one of them.
    looked_up: Arc<[AtomicBool; 2]>,
}

#[derive(Debug, Clone)]
struct Line {
    signed: String,
    number: usize,
}

impl PrefixMap {
    /// Reads a prefix of where images are and the prefix as they are signed on each line, white space between them. Empty
    /// lines and those that begin with `#` do not count.
    ///
    /// # Errors
    /// When a line has another form, a prefix occurs twice, or there is none; the sentence names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut map = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            if let Some(what) = hidden_line(line) {
                return Err(format!("line {number}: {what}"));
            }
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            let [prefix, signed] = words[..] else {
                return Err(format!(
                    "line {number}: expected two prefixes with white space between them, where images are and as they are signed, and not {}",
                    quoted(line)
                ));
            };
            for text in [prefix, signed] {
                if !Reference::is_prefix(text) {
                    return Err(format!(
                        "line {number}: {} is not a host or a repository prefix (HOST[:PORT][/NAME...], no tag, no digest)",
                        quoted(text)
                    ));
                }
            }
            let signed = signed.to_owned();
            if let Some(Line { number: first, .. }) = map.insert(prefix.to_owned(), Line { signed, number }) {
                return Err(format!(
                    "line {number}: prefix {} is already on line {first}",
                    safe(prefix)
                ));
            }
            if map.len() > MAX_PREFIXES {
                return Err(format!("line {number}: there are more than {MAX_PREFIXES} prefixes"));
            }
        }
        if map.is_empty() {
            return Err("it names no prefix".to_owned());
        }
        Ok(Self {
            lines: map,
            looked_up: Arc::default(),
        })
    }

    /// Whether places were looked up, and no line was for any of them.
    #[must_use]
    pub fn is_for_none(&self) -> bool {
        let [asked, found] = &*self.looked_up;
        asked.load(Ordering::Relaxed) && !found.load(Ordering::Relaxed)
    }

    /// The reference under which an image at `place` is signed: the longest prefix decides, which ends at a `/` of the
    /// place or is the whole of its repository. Nothing where no line is for it.
    ///
    /// # Errors
    /// When what comes out is not a reference, in words that are safe to print.
    pub fn signed(&self, place: &Reference) -> Option<Result<Reference, String>> {
        let name = place.name();
        let ends = std::iter::once(name.len()).chain(name.rmatch_indices('/').map(|(at, _)| at));
        let [asked, found] = &*self.looked_up;
        asked.store(true, Ordering::Relaxed);
        let (prefix, line) = ends
            .map(|end| &name[..end])
            .find_map(|prefix| self.lines.get_key_value(prefix))?;
        found.store(true, Ordering::Relaxed);
        let text = format!("{}{}", line.signed, &place.to_string()[prefix.len()..]);
        Some(Reference::parse_canonical(&text).map_err(|error| {
            format!(
                "line {} of the map of expected identities makes {} of {}: {error}",
                line.number,
                safe(&text),
                safe(&place.to_string())
            )
        }))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn signed(map: &str, place: &str) -> Option<String> {
        let map = PrefixMap::parse(map).unwrap();
        let signed = map.signed(&Reference::parse(place).unwrap());
        signed.map(|signed| signed.map_or_else(|error| error, |signed| signed.to_string()))
    }

    #[test]
    fn the_longest_prefix_that_ends_at_a_slash_or_the_end_decides() {
        let map = "m.local a.example\nm.local/b b.example/x\n\n# more\nm.local/b/app c.example/y/z\n";
        for (place, wanted) in [
            ("m.local/q/app:v1", Some("a.example/q/app:v1")),
            ("m.local/b/other:v1", Some("b.example/x/other:v1")),
            ("m.local/b/app:v1", Some("c.example/y/z:v1")),
            ("m.local/b/app/inner:v1", Some("c.example/y/z/inner:v1")),
            ("m.local/b/apple:v1", Some("b.example/x/apple:v1")),
            ("m.local/bb:v1", Some("a.example/bb:v1")),
            ("m.local:5000/b/app:v1", None),
            ("mm.local/b/app:v1", None),
        ] {
            assert_eq!(signed(map, place).as_deref(), wanted, "{place}");
        }
        let digest = format!("sha256:{:064x}", 1);
        let wanted = format!("c.example/y/z@{digest}");
        assert_eq!(signed(map, &format!("m.local/b/app@{digest}")), Some(wanted));
    }

    #[test]
    fn what_comes_out_must_be_a_reference() {
        let long = format!("a.example/{}", "n".repeat(240));
        let error = signed(&format!("m.local {long}"), "m.local/b/application:v1").unwrap();
        assert!(error.contains("line 1") && error.contains("longer than"), "{error}");
    }
}
