// SPDX-License-Identifier: Apache-2.0
//! Nodes out of events, with anchors, aliases and merge keys.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, Span};
use serde_json::Value;

use super::node::{Content, Error, Member, Node, Stream};
use super::offsets::Offsets;
use super::scalar;
use crate::json::MAX_DEPTH;

/// Bytes of memory that nodes may take whatever the length of the text.
const FREE: usize = 5 << 20;

/// Bytes of memory that nodes may take for each byte of text.
const RATIO: usize = 8;

/// Bytes of memory that nodes may take in all.
const MOST: usize = 96 << 20;

/// Most bytes of memory for what anchors and aliases repeat, so that a few lines cannot stand for gigabytes. Nothing
/// that prints objects uses them.
const MAX_REPEATED_BYTES: usize = 32 << 20;

/// Parses a file.
///
/// # Errors
/// When the text is not YAML, or has repeated or non-string keys, merge keys, deep nesting or too many aliases.
pub fn parse(text: &str) -> Result<Stream, Error> {
    let mut composer = Composer {
        parser: Parser::new_from_str(text),
        offsets: Offsets::new(text),
        anchors: HashMap::new(),
        repeated: 0,
        left: FREE + (RATIO * text.len()).min(MOST),
        has_anchors: false,
    };
    let mut documents = Vec::new();
    while let Some((event, span)) = composer.next()? {
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            event => documents.push(composer.node(event, span, 0)?),
        }
    }
    // A document of nothing but comments is an empty scalar, and `kubectl` passes over null too.
    documents.retain(|node| !matches!(&node.content, Content::Scalar(Value::Null)));
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
    /// What nodes may still take, in bytes.
    left: usize,
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
        let (line, column) = place(&span);
        let rule = |what: &str| Error::Rule {
            line,
            column,
            what: what.into(),
        };
        if depth > MAX_DEPTH {
            return Err(rule("nested too deep"));
        }
        self.left = self
            .left
            .checked_sub(size_of::<Member>())
            .ok_or_else(|| rule("too many values for a text of this length"))?;
        let start = self.offsets.byte(span.start.index());
        let (anchor, content, end) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar::value(text, style, tag.as_deref()).map_err(&rule)?;
                (anchor, Content::Scalar(value), self.offsets.byte(span.end.index()))
            }
            Event::Alias(id) => {
                self.has_anchors = true;
                let target = self.anchors.get(&id).ok_or_else(|| rule("an alias without anchor"))?;
                if depth + target.height() > MAX_DEPTH {
                    return Err(rule("nested too deep"));
                }
                let mut target = repeat(&mut self.repeated, target, (line, column))?;
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
                let mut merged: Vec<Node> = Vec::new();
                let end = loop {
                    let (event, span) = self.expect()?;
                    if matches!(event, Event::MappingEnd) {
                        let last = members.last().map_or(start, |member| member.value.place.end);
                        break if flow {
                            self.offsets.byte(span.end.index())
                        } else {
                            last
                        };
                    }
                    let (line, column) = place(&span);
                    let is_merge = matches!(&event, Event::Scalar(text, style, _, tag)
                        if scalar::is_merge(text, *style, tag.as_deref()));
                    let member = self.member(event, span, depth)?;
                    if is_merge {
                        merged.push(member.value);
                        continue;
                    }
                    if !names.insert(member.name.clone()) {
                        let what = format!("member \"{}\" is repeated", member.name);
                        return Err(Error::Rule { line, column, what });
                    }
                    members.push(member);
                };
                if !merged.is_empty() {
                    self.has_anchors = true;
                    merge(&mut members, names, merged).map_err(rule)?;
                }
                (anchor, Content::Mapping { members, flow }, end)
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
            let copy = repeat(&mut self.repeated, &node, (line, column))?;
            self.anchors.insert(anchor, copy);
        }
        Ok(node)
    }

    fn member(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Member, Error> {
        let (line, column) = place(&span);
        let rule = |what: &str| Error::Rule {
            line,
            column,
            what: what.into(),
        };
        let (start, column) = (self.offsets.byte(span.start.index()), span.start.col());
        let spelling = match &event {
            Event::Scalar(text, ..) => Some(text.to_string()),
            _ => None,
        };
        let key = self.node(event, span, depth + 1)?;
        let name = match key.content {
            Content::Scalar(Value::String(name)) => name,
            // As when YAML is converted to JSON: the spelling is the name.
            Content::Scalar(_) => spelling.unwrap_or_default(),
            _ => return Err(rule("a mapping key is not a string")),
        };
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

/// Adds the members of other mappings whose names are not there yet, those of the first mapping first.
fn merge(members: &mut Vec<Member>, mut names: HashSet<String>, sources: Vec<Node>) -> Result<(), &'static str> {
    const EXPECTED: &str = "a merge key needs a mapping, or a list of mappings";
    let mut mappings = Vec::new();
    for source in sources {
        match source.content {
            Content::Sequence(elements) => mappings.extend(elements),
            _ => mappings.push(source),
        }
    }
    for mapping in mappings {
        let Content::Mapping { members: others, .. } = mapping.content else {
            return Err(EXPECTED);
        };
        members.extend(others.into_iter().filter(|member| names.insert(member.name.clone())));
    }
    Ok(())
}

/// Line and column of an event, counted from 1.
fn place(span: &Span) -> (usize, usize) {
    (span.start.line(), span.start.col() + 1)
}

/// A copy of a node, while all copies together are not too large.
fn repeat(spent: &mut usize, node: &Node, (line, column): (usize, usize)) -> Result<Node, Error> {
    *spent = spent.saturating_add(node.weight());
    if *spent > MAX_REPEATED_BYTES {
        let what = "anchors and aliases stand for too much text".into();
        return Err(Error::Rule { line, column, what });
    }
    Ok(node.clone())
}
