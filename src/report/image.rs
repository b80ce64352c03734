// SPDX-License-Identifier: Apache-2.0
//! An image as it is reported, whatever the format.

use crate::reference::Reference;
use crate::subject::SourceAnswer;
use crate::verdict::{IdentitySource, ImageOutcome};

/// What became of a verdict that was to be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordResult {
    /// Not asked for, or nothing that may be recorded.
    No,
    /// Nothing to write: there is no record, and none is to be made.
    Unchanged,
    /// Nothing to write: what is recorded still holds.
    Kept,
    /// What was to be recorded has been written.
    Yes,
    /// It could not be written.
    Failed,
}

impl RecordResult {
    /// The word in output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            RecordResult::No => "no",
            RecordResult::Unchanged => "unchanged",
            RecordResult::Kept => "kept",
            RecordResult::Yes => "yes",
            RecordResult::Failed => "failed",
        }
    }
}

/// What stands behind the name of a list whose verdict decides nothing.
pub const FOR_INFORMATION: &str = " [list, for information]";

/// One image as it is reported.
#[derive(Debug, Clone)]
pub struct ImageReport {
    /// The image's name, or what was asked for where there is none.
    pub image: String,
    /// How the user named it, where that is something else.
    pub requested: Option<String>,
    /// Where it was found: `file:PATH`, `dir:PATH`.
    pub source: String,
    /// What was expected, in canonical form.
    pub expected: Vec<Reference>,
    /// Where that came from.
    pub identity_source: IdentitySource,
    /// What is known of it in its registry, if it is from there; of a list in a directory, what is known of its instances.
    pub registry: Option<InRegistry>,
    /// The places that were asked for signatures, where there are several.
    pub sources: Vec<SourceAnswer>,
    /// The verdict on the image, with that on each signature.
    pub outcome: ImageOutcome,
    /// Signatures that were to be added to the Image, and what became of that.
    pub attached: Vec<Attached>,
    /// What became of the record.
    pub recorded: RecordResult,
    /// The same for each signature.
    pub recorded_signatures: Vec<RecordResult>,
}

/// A signature that was to be added to an Image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// Its name on the Image.
    pub name: String,
    /// What became of it.
    pub fate: Attachment,
}

/// What became of a signature that was to be added to an Image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attachment {
    /// It was added, and is there.
    Added,
    /// The object had one of this name or content before.
    AlreadyThere,
    /// It is not there, or nobody knows: why, safe to print.
    Failed(String),
}

impl Attachment {
    /// The word in output.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Attachment::Added => "added",
            Attachment::AlreadyThere => "alreadyThere",
            Attachment::Failed(_) => "failed",
        }
    }
}

/// An image in a registry, or a list in a directory.
#[derive(Debug, Clone)]
pub struct InRegistry {
    /// The reference that was asked for, by digest, if it is in a registry.
    pub pinned: Option<String>,
    /// It was taken from a mirror that is asked for tags and not for digests.
    pub is_for_tags: bool,
    /// The platform that a list has it for, where it is an instance.
    pub platform: Option<String>,
    /// The instances of a list that were judged because the manifest list is not signed itself.
    pub instances: Vec<Instance>,
    /// Digests of the entries of a list that are no images: attestations.
    pub left_out: Vec<String>,
    /// Its verdict decides nothing: those of the instances do.
    pub for_information: bool,
    /// The references at sources for which registries.conf has the place of this one as a mirror.
    pub mirrored_as: Vec<Reference>,
}

/// An instance of a list.
#[derive(Debug, Clone)]
pub struct Instance {
    /// The digest of its manifest.
    pub image: String,
    /// The platform that it is for.
    pub platform: String,
    /// What was found out about it.
    pub outcome: ImageOutcome,
}

impl ImageReport {
    /// The image as the user named it.
    #[must_use]
    pub fn asked(&self) -> &str {
        self.requested.as_deref().unwrap_or(&self.image)
    }

    /// The same, and which instance of a list it is, or that it is a list whose verdict decides nothing.
    #[must_use]
    pub fn title(&self) -> String {
        let asked = self.asked();
        match self.registry.as_ref() {
            Some(InRegistry {
                platform: Some(platform),
                ..
            }) => format!("{asked} [{platform}]"),
            Some(InRegistry {
                for_information: true, ..
            }) => format!("{asked}{FOR_INFORMATION}"),
            _ => asked.to_owned(),
        }
    }

    /// Whether its verdict decides nothing: those of the instances do.
    #[must_use]
    pub fn is_for_information(&self) -> bool {
        self.registry.as_ref().is_some_and(|registry| registry.for_information)
    }

    /// Whether the manifest was taken from another repository than the one that was asked for.
    #[must_use]
    pub fn is_at_a_mirror(&self) -> bool {
        let asked = self
            .registry
            .as_ref()
            .and_then(|own| own.pinned.as_ref()?.split('@').next());
        let (Some(asked), Some(taken)) = (asked, self.source.strip_prefix("docker://")) else {
            return false;
        };
        !taken
            .strip_prefix(asked)
            .is_some_and(|rest| rest.starts_with([':', '@']))
    }
}
