// SPDX-License-Identifier: Apache-2.0
//! What the places answered that were asked for signatures of an image. One place's trouble spoils no other and hides
//! none (docs/contract.md 8).

use crate::reason::{Reason, Refusal};

/// What to know of a lookaside store that nobody has configured; where one is configured for others, the name follows.
pub const NO_LOOKASIDE: &str = "built in: registries.d names no lookaside";

/// A place that was asked for signatures of an image, and what it answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceAnswer {
    /// What kind of place it is.
    pub kind: SourceKind,
    /// Where it is: a URL, a path, a reference. Not safe to print as it is.
    pub location: String,
    /// Whether it could be asked, and what it said.
    pub answer: Answer,
    /// How many signatures came from it.
    pub signatures: usize,
    /// What to know about the place besides its answer, safe to print.
    pub note: Option<String>,
}

impl SourceAnswer {
    /// Whether it is the lookaside store that is asked where no other one is configured.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        self.kind == SourceKind::Lookaside && self.note.as_deref().is_some_and(|note| note.starts_with(NO_LOOKASIDE))
    }

    /// Whether it is the place with sigstore signatures, which is not asked as the configuration of this machine stands.
    #[must_use]
    pub fn is_attachment_left_out(&self) -> bool {
        self.kind == SourceKind::Attachment && self.answer == Answer::NotAsked
    }
}

/// Why nothing is known where nobody looked for sigstore signatures: nowhere but on the object, or the configuration of this
/// machine does not say that they are to be asked for. Nodes have a configuration of their own, and may find some.
#[must_use]
pub fn unasked(sources: &[SourceAnswer]) -> Refusal {
    let why = match sources.iter().find(|source| source.is_attachment_left_out()) {
        Some(source) => format!(
            " that the policy requires: {}; name the configuration of the nodes with --registries.d DIR",
            source.note.as_deref().unwrap_or_default()
        ),
        None => ": they are in registries, and an Image object has none; for an image of a cluster, --registry-url auto asks there"
            .to_owned(),
    };
    let message = format!("no place was asked for the sigstore signatures{why}");
    Refusal::new(Reason::SourceUnavailable, message)
}

/// Kinds of places with signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// The Image object in the cluster or in a file.
    Object,
    /// A directory in skopeo's layout.
    Directory,
    /// A registry that did not give the manifest, so that no place beside it was asked.
    Registry,
    /// The signature extension of a registry's API.
    Extension,
    /// A lookaside store, as registries.d(5) names it.
    Lookaside,
    /// Sigstore signatures at a tag of the repository.
    Attachment,
    /// Manifests in the repository that refer to the image.
    Referrers,
    /// ConfigMaps of a cluster with signatures of release payloads.
    ConfigMap,
}

impl SourceKind {
    /// The word in output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            SourceKind::Object => "object",
            SourceKind::Directory => "directory",
            SourceKind::Registry => "registry",
            SourceKind::Extension => "extension",
            SourceKind::Lookaside => "lookaside",
            SourceKind::Attachment => "attachment",
            SourceKind::Referrers => "referrers",
            SourceKind::ConfigMap => "configMap",
        }
    }
}

/// What a place answered. All but the first three are trouble, in words that are safe to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was read, and has signatures.
    Found,
    /// It was read, and has none.
    Absent,
    /// It was not asked, as a node would not ask it: the note says why.
    NotAsked,
    /// It does not say: forbidden, or not there.
    Forbidden(String),
    /// Nobody answered, and why: it is not known what is there.
    Unreachable(String),
    /// A web page came instead of a signature.
    Page(String),
    /// An answer came that breaks a rule.
    Unusable(String),
}

impl Answer {
    /// The word in output.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Answer::Found => "found",
            Answer::Absent => "absent",
            Answer::NotAsked => "notAsked",
            Answer::Forbidden(_) => "forbidden",
            Answer::Unreachable(_) => "unreachable",
            Answer::Page(_) => "page",
            Answer::Unusable(_) => "unusable",
        }
    }

    /// Why it is not known which signatures are there, if it is not: that may keep an image from being decided.
    #[must_use]
    pub fn trouble(&self) -> Option<Refusal> {
        let (reason, message) = match self {
            Answer::Found | Answer::Absent | Answer::NotAsked => return None,
            Answer::Forbidden(message) => (Reason::Forbidden, message),
            Answer::Unreachable(message) | Answer::Page(message) | Answer::Unusable(message) => {
                (Reason::SourceUnavailable, message)
            }
        };
        Some(Refusal::new(reason, message.clone()))
    }
}
