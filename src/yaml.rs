// SPDX-License-Identifier: Apache-2.0
//! YAML as `oc` and `kubectl` read and write it: parsing into values with the places of all nodes, and emitting.
//!
//! The parser underneath (saphyr-parser) yields events. What is made of them here is JSON's data model: string keys,
//! no repeated keys, no merge keys, aliases expanded within bounds.

pub mod emit;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Map, Number, Value};

use crate::json::MAX_DEPTH;

/// Largest YAML file, in bytes. Larger lists come as JSON, which is read as a stream.
pub const MAX_YAML_BYTES: u64 = 64 << 20;

/// Most nodes of a file.
const MAX_NODES: usize = 4 << 20;

/// Most bytes of memory for what anchors and aliases repeat, so that a few lines cannot stand for gigabytes. Nothing
/// that prints objects uses them.
const MAX_REPEATED_BYTES: usize = 32 << 20;

/// Why a text is no usable YAML.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The grammar is broken.
    #[error("{0}")]
    Syntax(String),
    /// A rule of ours is broken.
    #[error("line {line}: {what}")]
    Rule {
        /// Counted from 1.
        line: usize,
        /// Which rule.
        what: String,
    },
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub content: Content,
    /// Its text, in bytes from the start of the file. Block collections end with their last element.
    pub place: Range<usize>,
    /// Line it begins in, counted from 1.
    line: usize,
}

/// The kinds of values.
#[derive(Debug, Clone)]
pub enum Content {
    /// Anything that is no collection.
    Scalar(Value),
    /// A sequence.
    Sequence(Vec<Node>),
    /// A mapping.
    Mapping {
        /// Its members, in order.
        members: Vec<Member>,
        /// Whether it is written in braces.
        flow: bool,
    },
}

/// A member of a mapping.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Where the name begins, in bytes.
    pub start: usize,
    /// Column in which the name begins, in characters from 0.
    pub column: usize,
    /// Its value.
    pub value: Node,
}

/// All documents of a file.
#[derive(Debug)]
pub struct Stream {
    /// The documents' root nodes; empty documents are left out.
    pub documents: Vec<Node>,
    /// Whether there are anchors, aliases or merge keys, so that the text of a node is not all there is to it.
    pub has_anchors: bool,
}

impl Node {
    /// A node that stands nowhere.
    #[must_use]
    pub fn of_json(value: &Value) -> Self {
        let content = match value {
            Value::Array(elements) => Content::Sequence(elements.iter().map(Node::of_json).collect()),
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| Member {
                    name: name.clone(),
                    start: 0,
                    column: 0,
                    value: Node::of_json(value),
                });
                let (members, flow) = (members.collect(), true);
                Content::Mapping { members, flow }
            }
            scalar => Content::Scalar(scalar.clone()),
        };
        Self {
            content,
            place: 0..0,
            line: 0,
        }
    }

    /// The value in JSON's data model.
    #[must_use]
    pub fn value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::Sequence(elements) => Value::Array(elements.iter().map(Node::value).collect()),
            Content::Mapping { members, .. } => {
                let members: Map<String, Value> = members.iter().map(|m| (m.name.clone(), m.value.value())).collect();
                Value::Object(members)
            }
        }
    }

    /// A member of a mapping.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Node> {
        match &self.content {
            Content::Mapping { members, .. } => members.iter().find(|m| m.name == name).map(|m| &m.value),
            _ => None,
        }
    }

    /// An element of a sequence.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<&Node> {
        match &self.content {
            Content::Sequence(elements) => elements.get(index),
            _ => None,
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// About how many bytes a copy takes.
    fn weight(&self) -> usize {
        size_of::<Self>()
            + match &self.content {
                Content::Scalar(Value::String(text)) => text.len(),
                Content::Scalar(_) => 0,
                Content::Sequence(elements) => elements.iter().map(Node::weight).sum(),
                Content::Mapping { members, .. } => members
                    .iter()
                    .map(|m| size_of::<Member>() + m.name.len() + m.value.weight())
                    .sum(),
            }
    }

    /// How many collections stand in each other.
    fn height(&self) -> usize {
        match &self.content {
            Content::Scalar(_) => 0,
            Content::Sequence(elements) => 1 + elements.iter().map(Node::height).max().unwrap_or(0),
            Content::Mapping { members, .. } => 1 + members.iter().map(|m| m.value.height()).max().unwrap_or(0),
        }
    }
}

/// Parses a file.
///
/// # Errors
/// When the text is no YAML, or has repeated or non-string keys, merge keys, deep nesting or too many aliases.
pub fn parse(text: &str) -> Result<Stream, Error> {
    let mut composer = Composer {
        parser: Parser::new_from_str(text),
        offsets: Offsets::new(text),
        anchors: HashMap::new(),
        repeated: 0,
        nodes: 0,
        has_anchors: false,
    };
    let mut documents = Vec::new();
    while let Some((event, span)) = composer.next()? {
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            event => documents.push(composer.node(event, span, 0)?),
        }
    }
    // A document of nothing but comments is an empty scalar.
    documents.retain(|node| !matches!(&node.content, Content::Scalar(Value::Null)) || !node.place.is_empty());
    Ok(Stream {
        documents,
        has_anchors: composer.has_anchors,
    })
}

struct Composer<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    offsets: Offsets<'t>,
    anchors: HashMap<usize, Node>,
    repeated: usize,
    nodes: usize,
    has_anchors: bool,
}

impl<'t> Composer<'t> {
    fn next(&mut self) -> Result<Option<(Event<'t>, Span)>, Error> {
        self.parser
            .next()
            .transpose()
            .map_err(|error| Error::Syntax(error.to_string()))
    }

    fn expect(&mut self) -> Result<(Event<'t>, Span), Error> {
        self.next()?.ok_or_else(|| Error::Syntax("the text ends early".into()))
    }

    /// Composes the node that begins with an event; recursion is bounded by [`MAX_DEPTH`].
    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, Error> {
        let line = span.start.line();
        let rule = |what: &str| Error::Rule {
            line,
            what: what.into(),
        };
        if depth > MAX_DEPTH {
            return Err(rule("nested too deep"));
        }
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(rule(&format!("more than {MAX_NODES} nodes")));
        }
        let start = self.offsets.byte(span.start.index());
        let (anchor, content, end) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
                let value = if style == ScalarStyle::Plain && !is_text {
                    resolve(&text)
                } else {
                    Value::String(text.into_owned())
                };
                (anchor, Content::Scalar(value), self.offsets.byte(span.end.index()))
            }
            Event::Alias(id) => {
                self.has_anchors = true;
                let target = self.anchors.get(&id).ok_or_else(|| rule("an alias without anchor"))?;
                if depth + target.height() > MAX_DEPTH {
                    return Err(rule("nested too deep"));
                }
                let mut target = repeat(&mut self.repeated, target, line)?;
                target.place = start..self.offsets.byte(span.end.index());
                return Ok(target);
            }
            Event::SequenceStart(anchor, _) => {
                let flow = self.offsets.text.as_bytes().get(start) == Some(&b'[');
                let mut elements: Vec<Node> = Vec::new();
                loop {
                    let (event, span) = self.expect()?;
                    if matches!(event, Event::SequenceEnd) {
                        let last = elements.last().map_or(start, |node| node.place.end);
                        let end = if flow {
                            self.offsets.byte(span.end.index())
                        } else {
                            last
                        };
                        break (anchor, Content::Sequence(elements), end);
                    }
                    elements.push(self.node(event, span, depth + 1)?);
                }
            }
            Event::MappingStart(anchor, _) => {
                let flow = self.offsets.text.as_bytes().get(start) == Some(&b'{');
                let mut members: Vec<Member> = Vec::new();
                let mut names = HashSet::new();
                loop {
                    let (event, span) = self.expect()?;
                    if matches!(event, Event::MappingEnd) {
                        let last = members.last().map_or(start, |member| member.value.place.end);
                        let end = if flow {
                            self.offsets.byte(span.end.index())
                        } else {
                            last
                        };
                        break (anchor, Content::Mapping { members, flow }, end);
                    }
                    let line = span.start.line();
                    let member = self.member(event, span, depth)?;
                    if !names.insert(member.name.clone()) {
                        let what = format!("member {:?} is repeated", crate::text::safe(&member.name));
                        return Err(Error::Rule { line, what });
                    }
                    members.push(member);
                }
            }
            _ => return Err(rule("expected a value")),
        };
        let node = Node {
            content,
            place: start..end.max(start),
            line,
        };
        if anchor != 0 {
            self.has_anchors = true;
            let copy = repeat(&mut self.repeated, &node, line)?;
            self.anchors.insert(anchor, copy);
        }
        Ok(node)
    }

    fn member(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Member, Error> {
        let line = span.start.line();
        let rule = |what: &str| Error::Rule {
            line,
            what: what.into(),
        };
        let (start, column) = (self.offsets.byte(span.start.index()), span.start.col());
        let key = self.node(event, span, depth + 1)?;
        let name = match key.content {
            Content::Scalar(Value::String(name)) => name,
            // As when YAML is converted to JSON: the spelling is the name.
            Content::Scalar(_) => self.offsets.text[key.place.clone()].to_owned(),
            _ => return Err(rule("a member's name is not text")),
        };
        if name == "<<" {
            return Err(rule("merge keys are not understood"));
        }
        let (event, span) = self.expect()?;
        let mut value = self.node(event, span, depth + 1)?;
        // An empty value ends with its key.
        if value.place.is_empty() {
            value.place = key.place.end..key.place.end;
        }
        Ok(Member {
            name,
            start,
            column,
            value,
        })
    }
}

/// A copy of a node, while all copies together are not too large.
fn repeat(spent: &mut usize, node: &Node, line: usize) -> Result<Node, Error> {
    *spent = spent.saturating_add(node.weight());
    if *spent > MAX_REPEATED_BYTES {
        let what = "anchors and aliases stand for too much text".into();
        return Err(Error::Rule { line, what });
    }
    Ok(node.clone())
}

/// Turns character indices into byte offsets. They come in nearly ascending order.
struct Offsets<'t> {
    text: &'t str,
    ascii: bool,
    at: (usize, usize),
}

impl<'t> Offsets<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            ascii: text.is_ascii(),
            at: (0, 0),
        }
    }

    fn byte(&mut self, index: usize) -> usize {
        if self.ascii {
            return index.min(self.text.len());
        }
        let (mut characters, mut bytes) = if index >= self.at.0 { self.at } else { (0, 0) };
        for c in self.text[bytes..].chars().take(index - characters) {
            characters += 1;
            bytes += c.len_utf8();
        }
        self.at = (characters, bytes);
        bytes
    }
}

/// Plain scalars of the core schema (YAML 1.2.2, section 10.3.2).
fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let looks_numeric = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    let number = looks_numeric
        .then(|| text.strip_prefix('+').unwrap_or(text))
        .and_then(|text| {
            text.parse::<i64>()
                .map(Number::from)
                .ok()
                .or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))
        });
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

/// The line that a node begins in, counted from 1; 0 where it was not read from YAML.
#[must_use]
pub fn line(node: &Node) -> usize {
    node.line
}
