// SPDX-License-Identifier: Apache-2.0
//! Values out of JSON: the whole of a text, or those of its members that somebody needs.
//!
//! A value in memory takes many times its text (`[0,0,0]`: seventy bytes an element), so that what is kept is
//! weighed, and what nobody needs is checked and passed over.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::BufRead;

use serde_json::{Map, Number, Value};

use super::grammar::{JsonError, Kind, Rules};
use super::reader::Reader;

/// About how many bytes a value takes, with its place in its container.
const VALUE: usize = size_of::<Value>() + 32;

/// About how many bytes the name of a member takes beyond its text.
const NAME: usize = size_of::<String>() + 24;

/// About how many bytes an object takes that has members: there is room for four before it grows.
const OBJECT: usize = 4 * (size_of::<Value>() + 32);

/// What values may weigh whatever the length of the text, in bytes.
const FREE: usize = 4 << 20;

/// What they may weigh for each byte of text.
const RATIO: usize = 10;

/// What they may weigh in all, in bytes.
const MOST: usize = 256 << 20;

/// Which parts of a value are kept. A value of another type than its part says is kept as it is.
#[derive(Debug, Clone, Copy)]
pub enum Keep {
    /// The value with everything in it.
    All,
    /// These members of an object, and of each what stands beside it.
    Members(&'static [(&'static str, Keep)]),
    /// This of each element of an array.
    Elements(&'static Keep),
}

/// Parses one document into a value, refusing repeated members at every depth and anything after the value.
///
/// # Errors
/// When the text breaks the grammar, is nested deeper than [`super::MAX_DEPTH`], or stands for more memory than a text
/// of its length may: about 10 times its length and 4 MiB, 256 MiB at most.
pub fn parse(text: &[u8]) -> Result<Value, JsonError> {
    parse_part(text, Keep::All)
}

/// [`parse`] of those parts that are wanted; the others are checked alike.
///
/// # Errors
/// As for [`parse`].
pub(crate) fn parse_part(text: &[u8], keep: Keep) -> Result<Value, JsonError> {
    let mut selector = Selector {
        reader: Reader::new(text, Rules::object(text.len())),
        left: FREE + (RATIO * text.len()).min(MOST),
        names: RandomState::new(),
    };
    let value = selector.value(keep)?;
    selector.reader.end()?;
    Ok(value)
}

struct Selector<R> {
    reader: Reader<R>,
    /// What may still be kept, in bytes.
    left: usize,
    names: RandomState,
}

impl<R: BufRead> Selector<R> {
    fn weigh(&mut self, bytes: usize) -> Result<(), JsonError> {
        self.left = self.left.checked_sub(bytes).ok_or(JsonError::Weight {
            offset: self.reader.offset(),
        })?;
        Ok(())
    }

    /// Reads one value of any type; recursion is bounded by the reader's depth limit, which is small.
    fn value(&mut self, keep: Keep) -> Result<Value, JsonError> {
        self.weigh(VALUE)?;
        Ok(match self.reader.kind()? {
            Kind::Object => Value::Object(self.object(keep)?),
            Kind::Array => {
                let keep = match keep {
                    Keep::Elements(keep) => *keep,
                    _ => Keep::All,
                };
                self.reader.array()?;
                let mut elements = Vec::new();
                while self.reader.element()? {
                    elements.push(self.value(keep)?);
                }
                Value::Array(elements)
            }
            Kind::String => {
                let text = self.reader.string()?;
                self.weigh(text.len())?;
                Value::String(text)
            }
            Kind::Number => {
                let text = self.reader.number()?;
                // A number beyond a double is no error in an object; nothing here computes with such.
                text.parse::<Number>().map_or(Value::Null, Value::Number)
            }
            Kind::Bool => Value::Bool(self.reader.bool()?),
            Kind::Null => {
                self.reader.null()?;
                Value::Null
            }
        })
    }

    fn object(&mut self, keep: Keep) -> Result<Map<String, Value>, JsonError> {
        self.reader.object()?;
        let mut members = Map::new();
        let mut skipped = Seen::default();
        while let Some(name) = self.reader.key()? {
            let wanted = match keep {
                Keep::Members(wanted) => wanted.iter().find(|(n, _)| *n == name).map(|(_, keep)| *keep),
                _ => Some(Keep::All),
            };
            let is_new = match wanted {
                Some(keep) => {
                    self.weigh(NAME + name.len() + if members.is_empty() { OBJECT } else { 0 })?;
                    let value = self.value(keep)?;
                    // A member that is there twice is an error, so that the first need not be put back.
                    members.insert(name.clone(), value).is_none()
                }
                None => {
                    self.skip()?;
                    skipped.insert(self.names.hash_one(&name))
                }
            };
            if !is_new {
                let offset = self.reader.offset();
                return Err(JsonError::Repeated { offset, name });
            }
        }
        Ok(members)
    }

    /// Passes over a value, looking for repeated members in it.
    fn skip(&mut self) -> Result<(), JsonError> {
        match self.reader.kind()? {
            Kind::Object => {
                self.object(Keep::Members(&[]))?;
            }
            Kind::Array => {
                self.reader.array()?;
                while self.reader.element()? {
                    self.skip()?;
                }
            }
            _ => self.reader.skip()?,
        }
        Ok(())
    }
}

/// Hashes of names that were seen.
#[derive(Default)]
struct Seen {
    few: Vec<u64>,
    more: HashSet<u64>,
}

impl Seen {
    /// How many are looked through one by one, which is faster than a table.
    const FEW: usize = 32;

    /// Adds one; tells whether it is new.
    fn insert(&mut self, hash: u64) -> bool {
        if self.few.contains(&hash) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(hash);
            return true;
        }
        self.more.insert(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SOME: Keep = Keep::Members(&[
        ("a", Keep::All),
        ("list", Keep::Elements(&Keep::Members(&[("x", Keep::All)]))),
    ]);

    #[test]
    fn what_is_wanted_is_kept_and_the_rest_is_checked() {
        let text = br#"{"b":[{"c":1}],"a":{"d":[2]},"list":[{"y":1,"x":3},7],"e":null}"#;
        let kept = parse_part(text, SOME).unwrap();
        assert_eq!(kept, json!({"a": {"d": [2]}, "list": [{"x": 3}, 7]}));
        for repeated in [
            r#"{"b":[{"c":1,"\u0063":2}]}"#,
            r#"{"e":1,"e":2}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"d":1,"d":1}}"#,
        ] {
            let error = parse_part(repeated.as_bytes(), SOME).unwrap_err();
            assert!(matches!(error, JsonError::Repeated { .. }), "{repeated}: {error}");
        }
        assert!(parse_part(br#"{"b":[1,]}"#, SOME).is_err());
        // Of another type than expected: kept, so that its reader can say so.
        assert_eq!(
            parse_part(br#"{"list":{"y":1}}"#, SOME).unwrap(),
            json!({"list": {"y": 1}})
        );
    }

    #[test]
    fn values_that_take_much_more_than_their_text_are_refused() {
        let heavy = format!("[{}0]", "0,".repeat(1 << 20));
        assert!(matches!(parse(heavy.as_bytes()), Err(JsonError::Weight { .. })));
        let heavy = format!("{{\"b\":{heavy}}}");
        assert_eq!(parse_part(heavy.as_bytes(), SOME).unwrap(), json!({}));
        // What objects are made of is far below.
        let layer = format!("{{\"name\":\"sha256:{}\",\"size\":12345678}},", "0".repeat(64));
        let usual = format!("[{}0]", layer.repeat(1 << 16));
        assert!(parse(usual.as_bytes()).is_ok());
    }
}
