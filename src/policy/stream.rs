// SPDX-License-Identifier: Apache-2.0
//! The documents of a text with API objects, as `oc get -o yaml` and `-o json` print them, with the place of every value.

use serde_json::Value as Json;

use super::document::{join, parse_next, Fault, Outcome, PlacedMember, PlacedNode, Value};
use super::MAX_POLICY_BYTES;
use crate::json::{Reader, Rules};
use crate::text::safe;
use crate::yaml::{self, Content};

/// Parses all documents: JSON values one after the other, or YAML, with JSON among its documents.
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
    let (mut documents, rest) = json_between_markers(text);
    let stream = yaml::parse(&rest).map_err(|error| syntax(text, &error))?;
    documents.extend(stream.documents.iter().map(|root| convert(root, String::new())));
    documents.sort_by_key(|root| root.offset);
    Ok(documents)
}

/// The documents of a YAML stream that are JSON, and the text with blanks in their place. JSON may write characters in a way
/// that is not YAML: as two escapes, a surrogate pair.
fn json_between_markers(text: &str) -> (Vec<PlacedNode>, String) {
    let (mut documents, mut rest) = (Vec::new(), String::with_capacity(text.len()));
    let mut begin = 0;
    while begin < text.len() {
        // No string of JSON goes over a line, so that none has a marker in it.
        let end = marker(&text[begin..]).map_or(text.len(), |at| begin + at);
        let content = content_at(&text[begin..end]);
        let found = text[begin + content..end]
            .starts_with('{')
            .then(|| json(&text[begin + content..end]));
        if let Some(Ok(Some(found))) = found {
            documents.extend(found.into_iter().map(|root| moved(root, (begin + content) as u64)));
            rest.push_str(&text[begin..begin + content]);
            let blank = |byte| if byte == b'\n' { '\n' } else { ' ' };
            rest.extend(text[begin + content..end].bytes().map(blank));
        } else {
            rest.push_str(&text[begin..end]);
        }
        begin = end;
    }
    (documents, rest)
}

/// Where the next line begins that is a marker of YAML documents or begins with one.
fn marker(text: &str) -> Option<usize> {
    let mut lines = text.match_indices("\n---").map(|(at, _)| at + 1);
    lines.find(|at| is_marker(&text[*at..]))
}

fn is_marker(line: &str) -> bool {
    line.strip_prefix("---")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// Where the content of a document begins: after its marker, blanks and lines with comments.
fn content_at(document: &str) -> usize {
    let mut rest = document;
    if is_marker(document) {
        rest = &document[3..];
    }
    loop {
        rest = rest.trim_start();
        match rest.strip_prefix('#') {
            Some(comment) => rest = comment.find('\n').map_or("", |end| &comment[end..]),
            None => return document.len() - rest.len(),
        }
    }
}

/// A node of a part of a text that begins at this byte.
fn moved(mut node: PlacedNode, begin: u64) -> PlacedNode {
    node.offset += begin;
    node.value = match node.value {
        Value::Array(elements) => Value::Array(elements.into_iter().map(|own| moved(own, begin)).collect()),
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|member| PlacedMember {
                    offset: member.offset + begin,
                    node: moved(member.node, begin),
                    ..member
                })
                .collect(),
        ),
        value => value,
    };
    node
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
    let what = match error {
        yaml::Error::Rule { what, .. } | yaml::Error::Syntax(what) => what,
    };
    Fault {
        offset: error.offset(text) as u64,
        path: String::new(),
        what: format!("not valid YAML: {}", safe(what)),
    }
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
