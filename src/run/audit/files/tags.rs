// SPDX-License-Identifier: Apache-2.0
//! Views of tags among the objects of files whose streams are there too: both say what one tag stands for, and where they say
//! the same, the stream has said all of it.

use std::collections::{HashMap, HashSet};

use serde_json::{json, Value};

use crate::cluster::origins::imported_from;
use crate::cluster::streams;
use crate::digest::Digest;
use crate::reference::Reference;

/// What a tag stands for, and what it is imported from or offered as.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// The tag, as `NAMESPACE/STREAM:TAG`.
    name: String,
    digest: Option<Digest>,
    references: Vec<Reference>,
}

impl Said {
    /// The tag, as `NAMESPACE/STREAM:TAG`.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What an ImageStreamTag says.
    pub(super) fn of_view(object: &Value) -> Self {
        Self {
            name: name(object),
            digest: object["image"]["metadata"]["name"]
                .as_str()
                .and_then(|own| Digest::parse(own).ok()),
            references: imported_from(&object["tag"]).0,
        }
    }

    /// What an ImageTag says: the parts of its stream that are about the tag.
    pub(super) fn of_image_tag(object: &Value) -> Self {
        let own = name(object);
        let stream = own.split_once(':').map_or(own.as_str(), |(stream, _)| stream);
        let (namespace, stream) = stream.split_once('/').unwrap_or_default();
        let part = |member: &str| match &object[member] {
            Value::Null => json!([]),
            part => json!([part]),
        };
        let (tags, _) = streams::tags(&json!({"metadata": {"namespace": namespace, "name": stream},
            "spec": {"tags": part("spec")}, "status": {"tags": part("status")}}));
        let tag = tags
            .into_iter()
            .find(|tag| format!("{}/{}", tag.namespace, tag.name) == own);
        let (digest, references) = tag.map(|tag| (tag.digest, tag.references)).unzip();
        Self {
            name: own,
            digest,
            references: references.unwrap_or_default(),
        }
    }
}

fn name(object: &Value) -> String {
    let text = |member: &str| object["metadata"][member].as_str().unwrap_or_default();
    format!("{}/{}", text("namespace"), text("name"))
}

/// How a view of a tag stands to the streams in the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its stream is not there.
    Alone,
    /// Its stream says the same.
    Same,
    /// Its stream says something else.
    Other,
}

/// The tags of the streams in files.
#[derive(Debug, Default)]
pub(super) struct StreamTags {
    streams: HashSet<String>,
    tags: HashMap<String, Vec<(Digest, Vec<Reference>)>>,
}

impl StreamTags {
    /// Adds those of a stream.
    pub(super) fn add(&mut self, stream: &Value) {
        self.streams.insert(name(stream));
        for tag in streams::tags(stream).0 {
            let all = self.tags.entry(format!("{}/{}", tag.namespace, tag.name)).or_default();
            all.push((tag.digest, tag.references));
        }
    }

    /// How a view stands to them.
    pub(super) fn standing(&self, view: &Said) -> Standing {
        let stream = view.name.split_once(':').map_or("", |(stream, _)| stream);
        if !self.streams.contains(stream) {
            return Standing::Alone;
        }
        let is_same = |(digest, references): &(Digest, Vec<Reference>)| {
            view.digest.as_ref() == Some(digest) && view.references.iter().all(|own| references.contains(own))
        };
        match self.tags.get(&view.name) {
            Some(tags) if !tags.is_empty() && tags.iter().all(is_same) => Standing::Same,
            None if view.digest.is_none() => Standing::Same,
            _ => Standing::Other,
        }
    }
}
