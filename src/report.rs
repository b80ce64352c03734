// SPDX-License-Identifier: Apache-2.0
//! Output: pure functions from outcomes to a writer. Nothing else prints results.

pub mod appearance;
pub mod audit;
pub mod changes;
pub mod console;
pub mod description;
pub mod exit;
pub mod explain;
mod file_names;
pub mod inspection;
pub mod json;
pub mod keys;
pub mod listing;
pub mod output;
mod pace;
mod paragraph;
mod policy_keys;
pub mod policy_lint;
pub mod policy_test;
pub mod policy_why;
pub mod progress;
pub mod removal;
pub mod signatures;
pub mod table;
pub mod terminal;
pub mod text;
pub mod usage;
mod validity;
mod wrap;
pub mod xml;

use std::io::{self, Read, Write};

use self::appearance::Appearance;
use crate::reason::Verdict;
use crate::reference::Reference;
use crate::subject::SourceAnswer;
use crate::verdict::{IdentitySource, ImageOutcome};

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A block for one image, a table for several.
    Text,
    /// The same with more columns and nothing summed up.
    Wide,
    /// Names of the verified images.
    Name,
    /// One JSON document for all images.
    Json,
    /// The same as YAML.
    Yaml,
    /// Numbered steps with the values compared.
    Explain,
}

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
    /// What is known of it in its registry, if it is from there.
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

/// An image in a registry.
#[derive(Debug, Clone)]
pub struct InRegistry {
    /// The reference that was asked for, by digest.
    pub pinned: String,
    /// The platform that a list has it for, where it is an instance.
    pub platform: Option<String>,
    /// The instances of a list that were judged because the manifest list is not signed itself.
    pub instances: Vec<Instance>,
    /// Digests of the entries of a list that are no images: attestations.
    pub left_out: Vec<String>,
    /// Its verdict decides nothing: those of the instances do.
    pub for_information: bool,
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
        let asked = self.registry.as_ref().and_then(|own| own.pinned.split('@').next());
        let (Some(asked), Some(taken)) = (asked, self.source.strip_prefix("docker://")) else {
            return false;
        };
        !taken
            .strip_prefix(asked)
            .is_some_and(|rest| rest.starts_with([':', '@']))
    }
}

/// How many images have which verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Summary {
    pub verified: usize,
    pub rejected: usize,
    pub unsupported: usize,
    pub unsigned: usize,
    pub allowed: usize,
    pub unchecked: usize,
}

impl Summary {
    /// Counts one more image with this verdict.
    pub fn add(&mut self, verdict: Verdict) {
        *self.of(verdict) += 1;
    }

    /// The count of a verdict.
    fn of(&mut self, verdict: Verdict) -> &mut usize {
        match verdict {
            Verdict::Verified => &mut self.verified,
            Verdict::Rejected => &mut self.rejected,
            Verdict::Unsupported => &mut self.unsupported,
            Verdict::Unsigned => &mut self.unsigned,
            Verdict::Allowed => &mut self.allowed,
            Verdict::Unchecked => &mut self.unchecked,
        }
    }
}

impl Summary {
    /// Each verdict with its count, in the order in which they are told.
    #[must_use]
    pub fn each(&self) -> [(Verdict, usize); 6] {
        [
            (Verdict::Verified, self.verified),
            (Verdict::Rejected, self.rejected),
            (Verdict::Unsupported, self.unsupported),
            (Verdict::Unsigned, self.unsigned),
            (Verdict::Allowed, self.allowed),
            (Verdict::Unchecked, self.unchecked),
        ]
    }
}

/// Renders single images, each by itself.
pub trait Renderer {
    /// Writes one image.
    ///
    /// # Errors
    /// When writing fails.
    fn image(&self, out: &mut dyn Write, report: &ImageReport) -> io::Result<()>;

    /// Writes what stands before the first image.
    ///
    /// # Errors
    /// When writing fails.
    fn begin(&self, out: &mut dyn Write) -> io::Result<()> {
        let _ = out;
        Ok(())
    }

    /// Writes what is said of one image after the last one.
    ///
    /// # Errors
    /// When writing fails.
    fn below(&self, out: &mut dyn Write, report: &ImageReport) -> io::Result<()> {
        let _ = (out, report);
        Ok(())
    }

    /// Writes what stands at the end.
    ///
    /// # Errors
    /// When writing fails.
    fn end(&self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        let _ = (out, summary);
        Ok(())
    }

    /// For formats that are one document: writes what stands around the images, which `items` holds as they were
    /// rendered one after the other.
    ///
    /// # Errors
    /// When reading or writing fails.
    fn document(&self, out: &mut dyn Write, summary: &Summary, items: &mut dyn Read) -> io::Result<()> {
        let _ = summary;
        io::copy(items, out).map(|_| ())
    }

    /// Whether nothing can be printed before all images are known.
    fn is_document(&self) -> bool {
        false
    }
}

/// The renderer of a format.
#[must_use]
pub fn renderer(appearance: Appearance) -> Box<dyn Renderer> {
    let Appearance {
        format,
        colour,
        width,
        room,
        table,
        keys_shown_by,
    } = appearance;
    let wide = format == Format::Wide;
    match (format, table) {
        (Format::Text | Format::Wide, Some(columns)) => Box::new(table::Table {
            wide,
            colour,
            width,
            room,
            columns,
        }),
        (Format::Text | Format::Wide, None) => Box::new(text::Block { wide, colour, width }),
        (Format::Name, _) => Box::new(text::Names),
        (Format::Json, _) => Box::new(json::Json::new(json::Syntax::Json)),
        (Format::Yaml, _) => Box::new(json::Json::new(json::Syntax::Yaml)),
        (Format::Explain, _) => Box::new(explain::Explain {
            colour,
            has_several: table.is_some(),
            keys_shown_by,
        }),
    }
}
