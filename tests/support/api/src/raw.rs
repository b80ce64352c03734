// SPDX-License-Identifier: Apache-2.0
//! JSON with its scalars as they are spelled: a patch's `test` compares texts, not values.

use serde_json::Value;

use super::go;

/// A document whose scalars are texts.
#[derive(Debug)]
pub enum Raw {
    Scalar(String),
    Array(Vec<Raw>),
    Object(Vec<(String, Raw)>),
}

impl Raw {
    /// Reads a document that is known to be JSON.
    pub fn of(text: &[u8]) -> Self {
        let text = std::str::from_utf8(text).unwrap();
        let mut rest = text.trim_start();
        read(&mut rest)
    }

    /// An element of an array.
    pub fn at(&self, n: usize) -> Option<&Raw> {
        match self {
            Raw::Array(items) => items.get(n),
            _ => None,
        }
    }

    /// A member of an object; of several the last one.
    pub fn member(&self, name: &str) -> Option<&Raw> {
        match self {
            Raw::Object(members) => members.iter().rev().find(|(n, _)| n == name).map(|(_, raw)| raw),
            _ => None,
        }
    }

    /// Whether it is what the server has, as the server spells it.
    pub fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Raw::Array(items), Value::Array(values)) => {
                items.len() == values.len() && items.iter().zip(values).all(|(raw, value)| raw.is(value))
            }
            (Raw::Object(members), Value::Object(values)) => {
                members.len() == values.len()
                    && members
                        .iter()
                        .all(|(name, raw)| values.get(name).is_some_and(|value| raw.is(value)))
            }
            (Raw::Scalar(text), value) if !value.is_array() && !value.is_object() => *text == go::json(value),
            _ => false,
        }
    }
}

fn read(rest: &mut &str) -> Raw {
    let raw = match rest.as_bytes()[0] {
        b'[' => {
            let mut items = Vec::new();
            list(rest, |rest| items.push(read(rest)));
            return Raw::Array(items);
        }
        b'{' => {
            let mut members = Vec::new();
            list(rest, |rest| {
                let name: String = serde_json::from_str(scalar(rest)).unwrap();
                *rest = rest.trim_start()[1..].trim_start();
                members.push((name, read(rest)));
            });
            return Raw::Object(members);
        }
        _ => scalar(rest),
    };
    Raw::Scalar(raw.to_owned())
}

/// The elements between brackets or braces, which commas part.
fn list(rest: &mut &str, mut element: impl FnMut(&mut &str)) {
    loop {
        // The bracket or brace at first, then a comma.
        *rest = rest[1..].trim_start();
        if !rest.starts_with([']', '}']) {
            element(rest);
            *rest = rest.trim_start();
        }
        if rest.starts_with([']', '}']) {
            *rest = &rest[1..];
            return;
        }
    }
}

fn scalar<'t>(rest: &mut &'t str) -> &'t str {
    let bytes = rest.as_bytes();
    let mut end = 1;
    if bytes[0] == b'"' {
        while bytes[end] != b'"' {
            end += 1 + usize::from(bytes[end] == b'\\');
        }
        end += 1;
    } else {
        end = rest.find([',', ']', '}', ' ', '\n', '\r', '\t']).unwrap_or(rest.len());
    }
    let (text, after) = rest.split_at(end);
    *rest = after;
    text
}
