// SPDX-License-Identifier: Apache-2.0
//! JSON of a policy with the place of every value, so that errors can name line and column.

use crate::json::{self, Kind, Reader, Rules};
use crate::text::{place, quoted, safe};

/// Largest policy file, in bytes.
pub(crate) const MAX_POLICY_BYTES: usize = 4 << 20;

/// Most names that are compared for a "did you mean".
const MAX_DISTANCE: usize = 3;

/// A rule of the format that a policy breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}{path}{what}", place = place(*.line, *.column), path = if .path.is_empty() { String::new() } else { format!("{path}: ") })]
pub struct TextError {
    /// Counted from 1; 0 where it stands in no file.
    pub line: usize,
    /// In bytes, counted from 1; 0 where it stands in no file.
    pub column: usize,
    /// Where in the document, such as `transports.docker["registry.example"][0].keyType`; empty for the whole.
    pub path: String,
    /// What is wrong, and what was expected.
    pub what: String,
}

fn place(line: usize, column: usize) -> String {
    match line {
        0 => String::new(),
        line => format!("line {line}, column {column}: "),
    }
}

/// A value and its place.
#[derive(Debug)]
pub(super) struct PlacedNode {
    /// Bytes from the beginning of the text.
    pub offset: u64,
    /// From the document's root, as in [`TextError::path`].
    pub path: String,
    pub value: Value,
}

/// A JSON value whose members know their places.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool,
    Number(String),
    String(String),
    Array(Vec<PlacedNode>),
    Object(Vec<PlacedMember>),
}

/// A member of an object.
#[derive(Debug)]
pub(super) struct PlacedMember {
    pub name: String,
    /// Where its name begins.
    pub offset: u64,
    pub node: PlacedNode,
}

/// What is wrong, and where, before line and column are known.
#[derive(Debug)]
pub(super) struct Fault {
    pub offset: u64,
    pub path: String,
    pub what: String,
}

pub(super) type Outcome<T> = Result<T, Fault>;

/// Parses one JSON value; members of one object are different.
pub(super) fn parse(text: &[u8]) -> Outcome<PlacedNode> {
    if text.len() > MAX_POLICY_BYTES {
        return Err(Fault {
            offset: 0,
            path: String::new(),
            what: format!("the file has more than {MAX_POLICY_BYTES} bytes"),
        });
    }
    let mut reader = Reader::new(text, Rules::object(MAX_POLICY_BYTES));
    let node = read(&mut reader, String::new())?;
    reader.end().map_err(|error| syntax(&reader, String::new(), &error))?;
    Ok(node)
}

/// Parses the next of several JSON values that stand one after the other.
pub(super) fn parse_next(reader: &mut Reader<&[u8]>) -> Outcome<Option<PlacedNode>> {
    match reader.next_document() {
        Ok(None) => Ok(None),
        Ok(Some(_)) => read(reader, String::new()).map(Some),
        Err(error) => Err(syntax(reader, String::new(), &error)),
    }
}

fn syntax(reader: &Reader<&[u8]>, path: String, error: &json::JsonError) -> Fault {
    let (offset, what) = match error {
        json::JsonError::Syntax { offset, what } => (*offset, (*what).to_owned()),
        other => (reader.offset(), safe(&other.to_string())),
    };
    Fault { offset, path, what }
}

fn read(reader: &mut Reader<&[u8]>, path: String) -> Outcome<PlacedNode> {
    macro_rules! checked {
        ($result:expr) => {
            match $result {
                Ok(value) => value,
                Err(error) => return Err(syntax(reader, path, &error)),
            }
        };
    }
    let kind = checked!(reader.kind());
    let offset = reader.offset();
    let value = match kind {
        Kind::Null => {
            checked!(reader.null());
            Value::Null
        }
        Kind::Bool => {
            checked!(reader.bool());
            Value::Bool
        }
        Kind::Number => Value::Number(checked!(reader.number())),
        Kind::String => Value::String(checked!(reader.string())),
        Kind::Array => {
            checked!(reader.array());
            let mut elements = Vec::new();
            while checked!(reader.element()) {
                let element = format!("{path}[{}]", elements.len());
                elements.push(read(reader, element)?);
            }
            Value::Array(elements)
        }
        Kind::Object => {
            checked!(reader.object());
            let mut members: Vec<PlacedMember> = Vec::new();
            let mut names = std::collections::HashSet::new();
            loop {
                // Where the name begins; at the end of the object there is none.
                let _ = checked!(reader.at_member());
                let offset = reader.offset();
                let Some(name) = checked!(reader.key()) else { break };
                let inner = join(&path, &name);
                if !names.insert(name.clone()) {
                    let what = "this member is repeated".to_owned();
                    return Err(Fault {
                        offset,
                        path: inner,
                        what,
                    });
                }
                let node = read(reader, inner)?;
                members.push(PlacedMember { name, offset, node });
            }
            Value::Object(members)
        }
    };
    Ok(PlacedNode { offset, path, value })
}

/// The path of a member: plain names after a dot, others in brackets.
pub(super) fn join(path: &str, name: &str) -> String {
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    match (plain, path.is_empty()) {
        (true, true) => name.to_owned(),
        (true, false) => format!("{path}.{name}"),
        (false, _) => format!("{path}[{}]", place::quoted(name)),
    }
}

impl Fault {
    /// Finds line and column.
    pub fn locate(self, text: &[u8]) -> TextError {
        let end = usize::try_from(self.offset).unwrap_or(usize::MAX).min(text.len());
        let before = &text[..end];
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        TextError {
            line: before.iter().filter(|b| **b == b'\n').count() + 1,
            column: end - line_start + 1,
            path: self.path,
            what: self.what,
        }
    }
}

impl PlacedNode {
    pub fn fault(&self, what: impl Into<String>) -> Fault {
        Fault {
            offset: self.offset,
            path: self.path.clone(),
            what: what.into(),
        }
    }

    fn found(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::Bool => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }

    pub fn expected(&self, what: &str) -> Fault {
        self.fault(format!("expected {what}, found {}", self.found()))
    }

    pub fn object(&self) -> Outcome<&[PlacedMember]> {
        match &self.value {
            Value::Object(members) => Ok(members),
            _ => Err(self.expected("an object")),
        }
    }

    pub fn array(&self) -> Outcome<&[PlacedNode]> {
        match &self.value {
            Value::Array(elements) => Ok(elements),
            _ => Err(self.expected("an array")),
        }
    }

    /// A string; the readers of this format take null for the empty one.
    pub fn string(&self) -> Outcome<&str> {
        match &self.value {
            Value::String(text) => Ok(text),
            Value::Null => Ok(""),
            _ => Err(self.expected("a string")),
        }
    }

    pub fn member(&self, name: &str) -> Outcome<Option<&PlacedNode>> {
        Ok(self.object()?.iter().find(|m| m.name == name).map(|m| &m.node))
    }

    pub fn required(&self, name: &str) -> Outcome<&PlacedNode> {
        self.member(name)?
            .ok_or_else(|| self.fault(format!("member \"{name}\" is missing")))
    }

    /// Refuses members other than these.
    pub fn only(&self, known: &[&str]) -> Outcome<()> {
        for member in self.object()? {
            if !known.contains(&member.name.as_str()) {
                return Err(Fault {
                    offset: member.offset,
                    path: member.node.path.clone(),
                    what: match member.node.path.as_str() {
                        "schemaVersion" => "unknown member: this is the manifest of an image, not a policy".to_owned(),
                        _ => format!("unknown member{}", suggestion(&member.name, known)),
                    },
                });
            }
        }
        Ok(())
    }

    /// A word out of a list.
    pub fn word<'w>(&self, known: &[&'w str]) -> Outcome<&'w str> {
        let text = self.string()?;
        known.iter().copied().find(|word| *word == text).ok_or_else(|| {
            self.fault(format!(
                "expected one of {}, found {}{}",
                known.join(", "),
                quoted(text),
                suggestion(text, known)
            ))
        })
    }
}

/// What may have been meant: the nearest of the known words, if one is near.
pub fn suggestion(text: &str, known: &[&str]) -> String {
    let folded = text.to_lowercase();
    let nearest = known
        .iter()
        .map(|word| (distance(&folded, &word.to_lowercase()), *word))
        .min()
        .filter(|(distance, word)| *distance <= MAX_DISTANCE.min(word.len() / 2));
    nearest.map_or(String::new(), |(_, word)| format!("; did you mean \"{word}\"?"))
}

/// How many characters must be added, removed or exchanged to make one text the other; long texts are far.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 64;
    if a.len() > LONGEST || b.len() > LONGEST {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (n, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = n + 1;
        for (m, right) in b.iter().enumerate() {
            let above = row[m + 1];
            let exchanged = diagonal + usize::from(left != *right);
            row[m + 1] = exchanged.min(above + 1).min(row[m] + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}
