// SPDX-License-Identifier: Apache-2.0
//! ImageDigestMirrorSet, ImageTagMirrorSet and ImageContentSourcePolicy: which mirrors stand for a source.

use super::document::{Outcome, PlacedNode};
use super::place::{Lines, Place};
use super::stream;
use crate::reference::Reference;
use crate::text::place::quoted;

/// An ImageDigestMirrorSet, ImageTagMirrorSet or ImageContentSourcePolicy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorSet {
    /// Its kind and name, such as `ImageDigestMirrorSet/release`.
    pub object: String,
    /// Whether its mirrors are for references by tag; else for those by digest.
    pub by_tag: bool,
    /// The sources that have mirrors, in the order of the object.
    pub sources: Vec<MirroredSource>,
}

/// A place of images and the mirrors of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirroredSource {
    /// Host, namespace or repository, or `*.domain`.
    pub source: String,
    /// Hosts, namespaces or repositories that are tried first, in this order.
    pub mirrors: Vec<String>,
    /// Whether the source must not be contacted; `None` for kinds that cannot say.
    pub never_contact: Option<bool>,
    /// Where the entry stands.
    pub place: Place,
}

impl MirrorSet {
    /// The path of the source of this number, after the object's name.
    #[must_use]
    pub fn path_of(&self, number: usize) -> String {
        let kind = self.object.split('/').next().unwrap_or_default();
        format!("{} spec.{}[{number}]", self.object, list_of(kind))
    }

    /// The set as it is wherever it stands.
    #[must_use]
    pub fn without_place(mut self) -> Self {
        for source in &mut self.sources {
            source.place = Place::default();
        }
        self
    }
}

/// The member of the spec of a kind that has its sources.
fn list_of(kind: &str) -> &'static str {
    match kind {
        "ImageDigestMirrorSet" => "imageDigestMirrors",
        "ImageTagMirrorSet" => "imageTagMirrors",
        _ => "repositoryDigestMirrors",
    }
}

pub(super) fn read(root: &PlacedNode, kind: &str, lines: &Lines) -> Outcome<MirrorSet> {
    let (name, _) = stream::names(root)?;
    let list = list_of(kind);
    let spec = root.required("spec")?;
    spec.only(&[list])?;
    let entries = match spec.member(list)? {
        Some(node) => node.array()?,
        None => &[],
    };
    Ok(MirrorSet {
        object: format!("{kind}/{name}"),
        by_tag: kind == "ImageTagMirrorSet",
        sources: entries
            .iter()
            .map(|node| source(node, kind, lines))
            .collect::<Outcome<_>>()?,
    })
}

fn source(node: &PlacedNode, kind: &str, lines: &Lines) -> Outcome<MirroredSource> {
    node.only(&["source", "mirrors", "mirrorSourcePolicy"])?;
    let never_contact = match node.member("mirrorSourcePolicy")? {
        Some(policy) => policy.word(&["AllowContactingSource", "NeverContactSource"])? == "NeverContactSource",
        None => false,
    };
    let source = node.required("source")?;
    let text = source.string()?;
    let is_wildcard = text.strip_prefix("*.").is_some_and(Reference::is_prefix) && !text.contains(['/', ':']);
    if !is_wildcard && !Reference::is_prefix(text) {
        return Err(source.fault(format!(
            "expected a host, namespace or repository, or *.DOMAIN, found {}",
            quoted(text)
        )));
    }
    let mirrors = match node.member("mirrors")? {
        Some(list) => list.array()?,
        None => &[],
    };
    let mirror = |node: &PlacedNode| {
        let text = node.string()?;
        if Reference::is_prefix(text) {
            Ok(text.to_owned())
        } else {
            let expected = "expected a host, namespace or repository (no scheme, no tag, no wildcard)";
            Err(node.fault(format!("{expected}, found {}", quoted(text))))
        }
    };
    Ok(MirroredSource {
        source: text.to_owned(),
        mirrors: mirrors.iter().map(mirror).collect::<Outcome<_>>()?,
        never_contact: (kind != "ImageContentSourcePolicy").then_some(never_contact),
        place: lines.at(node.offset),
    })
}
