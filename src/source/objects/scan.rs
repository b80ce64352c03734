// SPDX-License-Identifier: Apache-2.0
//! The first pass over a file: what stands where, by the outline of each object.

use std::io::BufRead;

use super::{Entry, Kind, Location, MAX_OBJECT_BYTES};
use crate::json::{self, Kind as JsonKind, Reader, Rules};
use crate::text::safe;
use crate::yaml::{self, Content, Node};

/// Nesting at which the first pass gives up on a file. Objects by themselves are bounded far below.
const MAX_SCAN_DEPTH: usize = 1 << 20;

/// Longest member name or string that the first pass reads.
const MAX_WORD: usize = MAX_OBJECT_BYTES as usize;

/// Why a file as a whole is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// Bad JSON.
    #[error("{0}")]
    Json(#[from] json::Error),
    /// Bad YAML.
    #[error("{0}")]
    Yaml(#[from] yaml::Error),
    /// Nothing is in it.
    #[error("the file is empty")]
    Empty,
    /// A member that decides what the document is stands there twice.
    #[error("member {0:?} is repeated")]
    Repeated(&'static str),
    /// Not an API object.
    #[error("it has no kind")]
    NoKind,
    /// A list whose items are none.
    #[error("items: expected an array")]
    Items,
}

/// What one object says about itself.
#[derive(Debug, Default)]
struct Outline {
    kind: Option<String>,
    api_version: Option<String>,
    name: String,
    namespace: String,
    embedded: String,
}

/// Elements of a list, not sorted out yet.
type Items = Vec<(Outline, Location)>;

/// Notes the objects of a JSON document, checking the syntax of the whole.
///
/// # Errors
/// When the document is malformed or no API object.
pub fn json(input: impl BufRead) -> Result<Vec<Entry>, ScanError> {
    let mut reader = Reader::new(
        input,
        Rules {
            depth: MAX_SCAN_DEPTH,
            length: MAX_WORD,
            finite_numbers: false,
            lossy_text: true,
        },
    );
    reader.kind()?;
    let start = reader.offset();
    let mut items = None;
    let outline = json_outline(&mut reader, Some(&mut items))?;
    let length = reader.offset() - start;
    reader.end()?;
    entries(outline, items, Location::Span { start, length })
}

/// Notes the objects of all documents of a YAML file.
///
/// # Errors
/// When a document is no API object.
pub fn yaml(stream: &yaml::Stream) -> Result<Vec<Entry>, ScanError> {
    let mut found = Vec::new();
    for (document, node) in stream.documents.iter().enumerate() {
        let items = match node.get("items").map(|items| &items.content) {
            None => None,
            Some(Content::Scalar(serde_json::Value::Null)) => Some(Items::new()),
            Some(Content::Sequence(elements)) => Some(
                elements
                    .iter()
                    .enumerate()
                    .map(|(n, element)| {
                        let item = Some(n);
                        (yaml_outline(element), Location::Node { document, item })
                    })
                    .collect(),
            ),
            Some(_) => return Err(ScanError::Items),
        };
        let item = None;
        found.extend(entries(yaml_outline(node), items, Location::Node { document, item })?);
    }
    if stream.documents.is_empty() {
        return Err(ScanError::Empty);
    }
    Ok(found)
}

/// The objects of one document: itself, or the elements of the list that it is.
fn entries(outline: Outline, items: Option<Items>, whole: Location) -> Result<Vec<Entry>, ScanError> {
    let kind = outline.kind.clone().ok_or(ScanError::NoKind)?;
    let Some(element_kind) = kind.strip_suffix("List") else {
        return Ok(vec![entry(outline, &kind, whole)]);
    };
    Ok(items
        .unwrap_or_default()
        .into_iter()
        .map(|(item, location)| {
            // Elements of a list of one kind need not name it.
            let kind = item.kind.clone().unwrap_or_else(|| element_kind.to_owned());
            entry(item, &kind, location)
        })
        .collect())
}

fn entry(outline: Outline, kind: &str, location: Location) -> Entry {
    // Before OpenShift 3.6 the group was part of the core API.
    let known_group = outline
        .api_version
        .as_deref()
        .is_none_or(|version| version == "v1" || version.starts_with("image.openshift.io/"));
    let kind = match kind {
        "Image" if known_group => Kind::Image,
        "ImageStreamTag" if known_group => Kind::Tag,
        "ImageStreamImage" if known_group => Kind::StreamImage,
        "" => Kind::Other("of no kind".into()),
        kind => Kind::Other(format!(
            "a {} of {}",
            safe(kind),
            safe(outline.api_version.as_deref().unwrap_or("no API version"))
        )),
    };
    Entry {
        kind,
        name: outline.name,
        namespace: outline.namespace,
        embedded: outline.embedded,
        location,
    }
}

fn yaml_outline(node: &Node) -> Outline {
    let text = |node: Option<&Node>| node.and_then(Node::as_str).map(str::to_owned);
    let metadata = |node: &Node, name: &str| text(node.get("metadata").and_then(|m| m.get(name))).unwrap_or_default();
    Outline {
        // What is no mapping has no kind at all.
        kind: match node.content {
            Content::Mapping { .. } => text(node.get("kind")),
            _ => Some(String::new()),
        },
        api_version: text(node.get("apiVersion")),
        name: metadata(node, "name"),
        namespace: metadata(node, "namespace"),
        embedded: node
            .get("image")
            .map(|image| metadata(image, "name"))
            .unwrap_or_default(),
    }
}

/// Reads one object for its outline; the elements of `items` likewise where they are wanted.
fn json_outline<R: BufRead>(
    reader: &mut Reader<R>,
    mut items: Option<&mut Option<Items>>,
) -> Result<Outline, ScanError> {
    let mut outline = Outline::default();
    let mut seen = Vec::new();
    reader.object()?;
    while let Some(member) = reader.key()? {
        let known = ["kind", "apiVersion", "metadata", "image", "items"];
        let Some(member) = known.into_iter().find(|known| *known == member) else {
            reader.skip()?;
            continue;
        };
        // Repeats inside the elements of a list are found when these are read.
        if items.is_some() && seen.contains(&member) {
            return Err(ScanError::Repeated(member));
        }
        seen.push(member);
        match (member, reader.kind()?, items.as_deref_mut()) {
            ("kind", JsonKind::String, _) => outline.kind = Some(reader.string()?),
            ("apiVersion", JsonKind::String, _) => outline.api_version = Some(reader.string()?),
            ("metadata", JsonKind::Object, _) => json_names(reader, &mut outline.name, &mut outline.namespace)?,
            ("image", JsonKind::Object, _) => json_embedded(reader, &mut outline.embedded)?,
            ("items", JsonKind::Array, Some(items)) => *items = Some(json_items(reader)?),
            ("items", JsonKind::Null, _) => reader.null()?,
            ("items", _, Some(_)) => return Err(ScanError::Items),
            _ => reader.skip()?,
        }
    }
    Ok(outline)
}

fn json_items<R: BufRead>(reader: &mut Reader<R>) -> Result<Items, ScanError> {
    let mut items = Items::new();
    reader.array()?;
    while reader.element()? {
        let kind = reader.kind()?;
        let start = reader.offset();
        let outline = if kind == JsonKind::Object {
            json_outline(reader, None)?
        } else {
            reader.skip()?;
            Outline {
                kind: Some(String::new()),
                ..Outline::default()
            }
        };
        let length = reader.offset() - start;
        items.push((outline, Location::Span { start, length }));
    }
    Ok(items)
}

/// Reads `name` and `namespace` out of an object's metadata.
fn json_names<R: BufRead>(reader: &mut Reader<R>, name: &mut String, namespace: &mut String) -> Result<(), ScanError> {
    reader.object()?;
    while let Some(member) = reader.key()? {
        match (member.as_str(), reader.kind()?) {
            ("name", JsonKind::String) => *name = reader.string()?,
            ("namespace", JsonKind::String) => *namespace = reader.string()?,
            _ => reader.skip()?,
        }
    }
    Ok(())
}

fn json_embedded<R: BufRead>(reader: &mut Reader<R>, name: &mut String) -> Result<(), ScanError> {
    reader.object()?;
    while let Some(member) = reader.key()? {
        if member == "metadata" && reader.kind()? == JsonKind::Object {
            json_names(reader, name, &mut String::new())?;
        } else {
            reader.skip()?;
        }
    }
    Ok(())
}
