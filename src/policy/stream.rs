// SPDX-License-Identifier: Apache-2.0
//! The documents of a text with API objects, as `oc get -o yaml` and `-o json` print them, with the place of every value.

use serde_json::Value as Json;

use super::document::{join, parse_next, Fault, Outcome, PlacedMember, PlacedNode, Value};
use super::MAX_POLICY_BYTES;
use crate::json::{Reader, Rules};
use crate::text::safe;
use crate::yaml::{self, Content};

/// Parses all documents: JSON values one after the other, or YAML, which JSON between lines `---` is too.
pub(super) fn documents(text: &str) -> Outcome<Vec<PlacedNode>> {
    if text.len() > MAX_POLICY_BYTES {
        return Err(Fault {
            offset: 0,
            path: String::new(),
            what: format!("the file has more than {MAX_POLICY_BYTES} bytes"),
        });
    }
    if text.trim_start().starts_with('{') {
        if let Some(documents) = json(text)? {
            return Ok(documents);
        }
    }
    let stream = yaml::parse(text).map_err(|error| syntax(text, &error))?;
    Ok(stream
        .documents
        .iter()
        .map(|root| convert(root, String::new()))
        .collect())
}

/// The JSON values of a text; none where separators of YAML documents stand between them.
fn json(text: &str) -> Outcome<Option<Vec<PlacedNode>>> {
    let mut reader = Reader::new(text.as_bytes(), Rules::object(MAX_POLICY_BYTES));
    let mut documents = Vec::new();
    while let Some(document) = parse_next(&mut reader)? {
        documents.push(document);
        if matches!(reader.next_document(), Ok(Some(b'-'))) {
            return Ok(None);
        }
    }
    Ok(Some(documents))
}

fn syntax(text: &str, error: &yaml::Error) -> Fault {
    let (line, column, what) = match error {
        yaml::Error::Rule { line, what } => (*line, 1, what.clone()),
        yaml::Error::Syntax(what) => {
            let (line, column) = place_in(what).unwrap_or((1, 1));
            (line, column, what.clone())
        }
    };
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    Fault {
        offset: (start + column.saturating_sub(1)) as u64,
        path: String::new(),
        what: format!("not valid YAML: {}", safe(&what)),
    }
}

/// The place that the YAML parser names in its message: `... line 3 column 5`.
fn place_in(message: &str) -> Option<(usize, usize)> {
    let number_after = |word: &str| -> Option<usize> {
        let (_, rest) = message.rsplit_once(word)?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    Some((number_after("line ")?, number_after("column ")?))
}

/// Recursion is bounded by the YAML parser's limit on nesting.
fn convert(node: &yaml::Node, path: String) -> PlacedNode {
    let value = match &node.content {
        Content::Scalar(Json::String(text)) => Value::String(text.clone()),
        Content::Scalar(Json::Bool(_)) => Value::Bool,
        Content::Scalar(Json::Number(number)) => Value::Number(number.to_string()),
        Content::Scalar(_) => Value::Null,
        Content::Sequence(elements) => {
            let element = |(n, element)| convert(element, format!("{path}[{n}]"));
            Value::Array(elements.iter().enumerate().map(element).collect())
        }
        Content::Mapping { members, .. } => {
            let member = |member: &yaml::Member| PlacedMember {
                name: member.name.clone(),
                offset: member.start as u64,
                node: convert(&member.value, join(&path, &member.name)),
            };
            Value::Object(members.iter().map(member).collect())
        }
    };
    PlacedNode {
        offset: node.place.start as u64,
        path,
        value,
    }
}

/// `metadata.name`, and `metadata.namespace` where there is one.
pub(super) fn names(root: &PlacedNode) -> Outcome<(String, Option<String>)> {
    let metadata = root.required("metadata")?;
    let name = metadata.required("name")?;
    if name.string()?.is_empty() {
        return Err(name.fault("expected the name of the object, found nothing"));
    }
    let namespace = match metadata.member("namespace")? {
        Some(node) => Some(node.string()?.to_owned()).filter(|text| !text.is_empty()),
        None => None,
    };
    Ok((name.string()?.to_owned(), namespace))
}
