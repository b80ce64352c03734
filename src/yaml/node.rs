// SPDX-License-Identifier: Apache-2.0
//! The nodes of a YAML document, with the places that they have in the text.

use std::ops::Range;

use serde_json::{Map, Value};

/// Why a text is not usable YAML.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The grammar is broken.
    #[error("{0}")]
    Syntax(String),
    /// A rule of ours is broken.
    #[error("line {line}: {what}")]
    Rule {
        /// The line of the file, counted from 1.
        line: usize,
        /// In characters, counted from 1; 0 where it is not known.
        column: usize,
        /// The rule that is broken.
        what: String,
    },
}

impl Error {
    /// Where it stands in the text, in bytes: the beginning of the line where no more is known.
    #[must_use]
    pub fn offset(&self, text: &str) -> usize {
        let (line, column) = match self {
            Error::Rule { line, column, .. } => (*line, *column),
            Error::Syntax(what) => place_in(what).unwrap_or((1, 1)),
        };
        let before = text.split_inclusive('\n').take(line.saturating_sub(1));
        let start: usize = before.map(str::len).sum();
        // The parser counts characters.
        let before = text[start..].chars().take(column.saturating_sub(1));
        start + before.map(char::len_utf8).sum::<usize>()
    }
}

/// Line and column that the parser names in its message: `... line 3 column 5`.
fn place_in(message: &str) -> Option<(usize, usize)> {
    let number_after = |word: &str| -> Option<usize> {
        let (_, rest) = message.rsplit_once(word)?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    Some((number_after("line ")?, number_after("column ")?))
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value: a scalar, sequence or mapping.
    pub content: Content,
    /// Its text, in bytes from the start of the file. Block collections end with their last element.
    pub place: Range<usize>,
    /// Line it begins in, counted from 1.
    pub(super) line: usize,
}

/// The kinds of values.
#[derive(Debug, Clone)]
pub enum Content {
    /// Anything that is not a collection.
    Scalar(Value),
    /// A sequence, with its items in order.
    Sequence(Vec<Node>),
    /// A mapping, with its members in order.
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
    /// The name, as it reads once quotes are taken off.
    pub name: String,
    /// Where the name begins, in bytes.
    pub start: usize,
    /// Column in which the name begins, in characters from 0.
    pub column: usize,
    /// The value of the member.
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
    pub(super) fn weight(&self) -> usize {
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
    pub(super) fn height(&self) -> usize {
        match &self.content {
            Content::Scalar(_) => 0,
            Content::Sequence(elements) => 1 + elements.iter().map(Node::height).max().unwrap_or(0),
            Content::Mapping { members, .. } => 1 + members.iter().map(|m| m.value.height()).max().unwrap_or(0),
        }
    }
}

/// The line that a node begins in, counted from 1; 0 where it was not read from YAML.
#[must_use]
pub fn line(node: &Node) -> usize {
    node.line
}
