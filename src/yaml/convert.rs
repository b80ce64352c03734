// SPDX-License-Identifier: Apache-2.0
//! YAML to JSON as a stream, so that a document of any number of values takes no more memory than its text.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};

use saphyr_parser::{Event, Parser, Tag};
use serde_json::Value;

use super::node::Error;
use super::{compose, scalar};
use crate::json::MAX_DEPTH;
use crate::text::io_message;

/// Why a text was not converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// It is not YAML that is understood.
    #[error("{0}")]
    Yaml(#[from] Error),
    /// What was converted could not be written.
    #[error("{}", io_message(.0))]
    Io(#[from] io::Error),
}

/// Longest text with anchors, in bytes: what they repeat has to be kept. No object may be longer anyway.
const MAX_ANCHORED: usize = 16 << 20;

/// What a text is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Converted {
    /// How many documents there are that are not empty.
    pub documents: usize,
    /// Whether one of them has anchors, aliases or merge keys.
    pub has_anchors: bool,
}

/// Writes the documents of a text as JSON, each followed by a line feed. Empty ones, those with nothing but comments,
/// and `null` are left out, as `kubectl` does.
///
/// # Errors
/// When the text is not YAML, has repeated keys or keys that are no text, is nested deeper than
/// [`MAX_DEPTH`], or its anchors stand for too much.
pub fn to_json(text: &str, out: &mut dyn Write) -> Result<Converted, ConvertError> {
    let may_have_anchors = text.contains(['&', '*']) || text.contains("<<");
    if may_have_anchors && Converter::new(text, &mut io::sink()).run()?.is_none() {
        if text.len() > MAX_ANCHORED {
            let what = format!("a document with anchors has more than {MAX_ANCHORED} bytes");
            return Err(Error::Rule {
                line: 1,
                column: 1,
                what,
            }
            .into());
        }
        let stream = compose::parse(text)?;
        let documents = stream.documents.iter().map(|node| node.value());
        let documents: Vec<Value> = documents.filter(|value| !value.is_null()).collect();
        for value in &documents {
            serde_json::to_writer(&mut *out, value).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        }
        return Ok(Converted {
            documents: documents.len(),
            has_anchors: true,
        });
    }
    let documents = Converter::new(text, out).run()?.unwrap_or_default();
    Ok(Converted {
        documents,
        has_anchors: false,
    })
}

enum Frame {
    Sequence {
        is_first: bool,
    },
    Mapping {
        is_first: bool,
        /// Whether a key comes next.
        at_key: bool,
        names: HashSet<u64>,
    },
}

struct Converter<'t, 'w> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    out: &'w mut dyn Write,
    open: Vec<Frame>,
    names: RandomState,
    documents: usize,
}

impl<'t, 'w> Converter<'t, 'w> {
    fn new(text: &'t str, out: &'w mut dyn Write) -> Self {
        Self {
            parser: Parser::new_from_str(text),
            out,
            open: Vec::new(),
            names: RandomState::new(),
            documents: 0,
        }
    }

    /// How many documents there are; nothing where an anchor, alias or merge key was met.
    fn run(mut self) -> Result<Option<usize>, ConvertError> {
        while let Some(event) = self.parser.next() {
            let (event, span) = event.map_err(|error| Error::Syntax(error.to_string()))?;
            let line = span.start.line();
            let rule = |what: &str| Error::Rule {
                line,
                column: 0,
                what: what.into(),
            };
            match event {
                Event::Alias(_) => return Ok(None),
                Event::Scalar(text, style, anchor, tag) => {
                    let tag: Option<&Tag> = tag.as_deref();
                    let at_key = matches!(self.open.last(), Some(Frame::Mapping { at_key: true, .. }));
                    if anchor != 0 || (at_key && scalar::is_merge(&text, style, tag)) {
                        return Ok(None);
                    }
                    if at_key {
                        self.key(&text, line)?;
                        continue;
                    }
                    let value = scalar::value(text, style, tag).map_err(rule)?;
                    if self.open.is_empty() && value.is_null() {
                        continue;
                    }
                    self.before()?;
                    serde_json::to_writer(&mut *self.out, &value).map_err(io::Error::from)?;
                    self.after()?;
                }
                Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) if anchor != 0 => return Ok(None),
                Event::SequenceStart(..) => {
                    self.open_frame(b"[", Frame::Sequence { is_first: true }, line)?;
                }
                Event::MappingStart(..) => {
                    let names = HashSet::new();
                    let (is_first, at_key) = (true, true);
                    let frame = Frame::Mapping {
                        is_first,
                        at_key,
                        names,
                    };
                    self.open_frame(b"{", frame, line)?;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let is_mapping = matches!(self.open.pop(), Some(Frame::Mapping { .. }));
                    self.out.write_all(if is_mapping { b"}" } else { b"]" })?;
                    self.after()?;
                }
                Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(_)
                | Event::DocumentEnd
                | Event::Nothing => {}
            }
        }
        Ok(Some(self.documents))
    }

    fn open_frame(&mut self, bracket: &[u8], frame: Frame, line: usize) -> Result<(), ConvertError> {
        if matches!(self.open.last(), Some(Frame::Mapping { at_key: true, .. })) {
            let what = "a mapping key is not a string".into();
            return Err(Error::Rule { line, column: 0, what }.into());
        }
        if self.open.len() >= MAX_DEPTH {
            let what = "nested too deep".into();
            return Err(Error::Rule { line, column: 0, what }.into());
        }
        self.before()?;
        self.open.push(frame);
        Ok(self.out.write_all(bracket)?)
    }

    /// Numbers and words are names too: their spelling is the name.
    fn key(&mut self, name: &str, line: usize) -> Result<(), ConvertError> {
        let hash = self.names.hash_one(name);
        if let Some(Frame::Mapping {
            is_first,
            at_key,
            names,
        }) = self.open.last_mut()
        {
            if !names.insert(hash) {
                let what = format!("member \"{name}\" is repeated");
                return Err(Error::Rule { line, column: 0, what }.into());
            }
            if !std::mem::replace(is_first, false) {
                self.out.write_all(b",")?;
            }
            *at_key = false;
        }
        serde_json::to_writer(&mut *self.out, name).map_err(io::Error::from)?;
        Ok(self.out.write_all(b":")?)
    }

    /// What stands before a value.
    fn before(&mut self) -> io::Result<()> {
        if let Some(Frame::Sequence { is_first }) = self.open.last_mut() {
            if !std::mem::replace(is_first, false) {
                self.out.write_all(b",")?;
            }
        }
        Ok(())
    }

    /// What follows from the end of a value.
    fn after(&mut self) -> io::Result<()> {
        match self.open.last_mut() {
            Some(Frame::Mapping { at_key, .. }) => *at_key = true,
            Some(Frame::Sequence { .. }) => {}
            None => {
                self.documents += 1;
                self.out.write_all(b"\n")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> (String, Converted) {
        let mut out = Vec::new();
        let converted = to_json(text, &mut out).unwrap_or_else(|error| panic!("{text}: {error}"));
        (String::from_utf8(out).unwrap(), converted)
    }

    #[test]
    fn documents_become_json() {
        for (text, wanted) in [
            (
                "a: 1\nb: [x, {c: }, ~]\n",
                "{\"a\":1,\"b\":[\"x\",{\"c\":null},null]}\n",
            ),
            ("# only a comment\n", ""),
            ("---\n---\na: b\n--- # c\nnull\n", "{\"a\":\"b\"}\n"),
            ("? a\n: b\nc:\n", "{\"a\":\"b\",\"c\":null}\n"),
            ("{a, b: 1, }", "{\"a\":null,\"b\":1}\n"),
            ("1: x\ntrue: v\n", "{\"1\":\"x\",\"true\":\"v\"}\n"),
            (
                "a: !!binary aGVs\n  bG8=\nb: !!str 1\nc: !!int '2'\nd: ! 3\n",
                "{\"a\":\"hello\",\"b\":\"1\",\"c\":2,\"d\":\"3\"}\n",
            ),
        ] {
            let (out, converted) = json(text);
            assert_eq!(out, wanted, "{text}");
            assert_eq!(converted.documents, wanted.lines().count());
            assert!(!converted.has_anchors);
        }
    }

    /// Found by fuzzing: the nearest number of the machine, and not its neighbour.
    #[test]
    fn a_number_of_many_digits_stays_the_same() {
        let text = "2222222222222262222622222\n";
        let (out, _) = json(text);
        let value: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(value, compose::parse(text).unwrap().documents[0].value());
    }

    #[test]
    fn anchors_and_merge_keys_are_expanded() {
        let (out, converted) = json("base: &b {x: 1, y: 2}\none: {<<: *b, y: 3}\ntwo: {<<: [{z: 0, y: 9}, *b]}\n");
        assert!(converted.has_anchors);
        let value: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(value["one"], serde_json::json!({"x": 1, "y": 3}));
        assert_eq!(value["two"], serde_json::json!({"z": 0, "y": 9, "x": 1}));
        // Text that only looks like it.
        let (out, converted) = json("a: \"<<\"\nb: a*b&c\n'<<': 1\n");
        assert_eq!(out, "{\"a\":\"<<\",\"b\":\"a*b&c\",\"<<\":1}\n");
        assert!(!converted.has_anchors);
    }

    #[test]
    fn what_has_no_meaning_in_json_is_refused() {
        for text in [
            "[a]: b\n",
            "{a: 1, a: 2}",
            "a: 1\n\"a\": 2\n",
            "a: !!binary '%'\n",
            "<<: 1\n",
            "a: *b\n",
            "a: [\n",
        ] {
            assert!(to_json(text, &mut io::sink()).is_err(), "{text}");
        }
        let deep = "[".repeat(MAX_DEPTH + 1) + &"]".repeat(MAX_DEPTH + 1);
        assert!(to_json(&deep, &mut io::sink()).is_err());
    }
}
