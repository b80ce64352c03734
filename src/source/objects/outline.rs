// SPDX-License-Identifier: Apache-2.0
//! What an object of a file says about itself, and which kind it is of by that.

use super::kind::ObjectKind;
use crate::text::safe;

/// What one object says about itself.
#[derive(Debug, Clone, Default)]
pub struct Outline {
    /// Its kind as it writes it; empty where that is not a name of a kind.
    pub(super) kind: Option<String>,
    /// Its group and version as it writes them.
    pub(super) api_version: Option<String>,
    /// `metadata.name`; empty where it has none.
    pub name: String,
    /// `metadata.namespace`; empty where it has none.
    pub namespace: String,
    /// Name of the image inside a view.
    pub embedded: String,
    /// Why it may be a part of a list, if it is one: what ends a sentence about it.
    pub part: Option<&'static str>,
    /// A member that determines its content occurs twice: other readers may take it for something else.
    pub(super) is_ambiguous: bool,
}

impl Outline {
    /// That of an object of which nothing but the name matters.
    #[must_use]
    pub fn named(name: String) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }

    /// Notes why it may be a part of a list, if `is_so`.
    pub(super) fn note(&mut self, is_so: bool, why: &'static str) {
        self.part = self.part.or(is_so.then_some(why));
    }

    /// Its kind; nothing where it does not say so, which elements of lists need not.
    #[must_use]
    pub fn kind(&self) -> Option<ObjectKind> {
        let own = self.kind.as_deref().map(|kind| self.kind_of(kind));
        match own {
            // What is of one of the kinds that are read is refused when it is.
            Some(ObjectKind::Other) if self.is_ambiguous => Some(ObjectKind::Unread),
            own => own,
        }
    }

    /// The kind that it says it is of, with the group or without.
    #[must_use]
    pub fn kind_name(&self) -> &str {
        self.kind.as_deref().unwrap_or_default()
    }

    /// Its kind as an element of a list of `kind`.
    #[must_use]
    pub fn kind_of(&self, kind: &str) -> ObjectKind {
        // An empty version is none, as one that is missing is.
        let version = self.api_version.as_deref().unwrap_or_default();
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let is_core = matches!(version, "" | "v1");
        // Before OpenShift 3.6 the group was part of the core API.
        let known_group = is_core || group == "image.openshift.io";
        let may_be_answer = matches!(group, "" | "meta.k8s.io");
        match kind {
            "Image" if known_group => ObjectKind::Image,
            "ImageStreamTag" if known_group => ObjectKind::Tag,
            "ImageStreamImage" if known_group => ObjectKind::StreamImage,
            "ImageStream" if known_group => ObjectKind::Stream,
            // It names an image and where that is from, in another shape than an ImageStreamTag.
            "ImageTag" if known_group => ObjectKind::Unread,
            "Pod" if is_core => ObjectKind::Pod,
            // What a server answers in place of a list or of what it would have in it, and what does not say what it is;
            // other groups have kinds of these names too.
            "" => ObjectKind::Unread,
            "Status" | "Table" | "PartialObjectMetadata" if may_be_answer => ObjectKind::Unread,
            kind if kind.ends_with("List") => ObjectKind::Unread,
            _ => ObjectKind::Other,
        }
    }

    /// The kind of the elements of a list that do not say it themselves; nothing where it is not a list.
    #[must_use]
    pub fn elements(&self) -> Option<ObjectKind> {
        let element = self.kind.as_deref()?.strip_suffix("List")?;
        Some(self.kind_of(element))
    }

    /// What it is, in words.
    #[must_use]
    pub fn description(&self) -> String {
        match self.kind.as_deref() {
            None | Some("") => "it has no kind".to_owned(),
            Some(kind) => format!(
                "its kind is {} of {}",
                safe(kind),
                safe(self.api_version.as_deref().unwrap_or("no API version"))
            ),
        }
    }
}
