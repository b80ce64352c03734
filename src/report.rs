// SPDX-License-Identifier: Apache-2.0
//! Output: pure functions from outcomes to a writer. Nothing else prints results.

pub mod description;
pub mod explain;
pub mod inspection;
pub mod json;
pub mod keys;
pub mod listing;
pub mod output;
pub mod removal;
pub mod text;

use std::io::{self, Read, Write};

use crate::reason::Verdict;
use crate::reference::Reference;
use crate::verdict::{IdentitySource, ImageOutcome};

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A line an image, then its signatures.
    Text,
    /// The same with more columns and nothing summed up.
    Wide,
    /// Names of the verified images.
    Name,
    /// One JSON document.
    Json,
    /// The same as YAML.
    Yaml,
    /// Numbered steps with the values compared.
    Explain,
}

/// What became of a verdict that was to be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// Not asked for, or nothing that may be recorded.
    No,
    /// Nothing to write: there is no record, and none is to be made.
    Unchanged,
    /// Nothing to write: what is recorded still holds.
    Kept,
    /// It is written.
    Yes,
    /// It could not be written.
    Failed,
}

impl Recorded {
    /// The word in output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Recorded::No => "no",
            Recorded::Unchanged => "unchanged",
            Recorded::Kept => "kept",
            Recorded::Yes => "yes",
            Recorded::Failed => "failed",
        }
    }
}

/// One image as it is reported.
#[derive(Debug, Clone)]
pub struct ImageReport {
    /// The image's name, or what was asked for where there is none.
    pub image: String,
    /// Where it was found: `file:PATH`, `dir:PATH`.
    pub source: String,
    /// What was expected, in canonical form.
    pub expected: Vec<Reference>,
    /// Where that came from.
    pub identity_source: IdentitySource,
    /// The outcome.
    pub outcome: ImageOutcome,
    /// What became of the record.
    pub recorded: Recorded,
    /// The same for each signature.
    pub recorded_signatures: Vec<Recorded>,
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
    /// Counts one more.
    pub fn add(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Verified => &mut self.verified,
            Verdict::Rejected => &mut self.rejected,
            Verdict::Unsupported => &mut self.unsupported,
            Verdict::Unsigned => &mut self.unsigned,
            Verdict::Allowed => &mut self.allowed,
            Verdict::Unchecked => &mut self.unchecked,
        } += 1;
    }
}

/// Renders single images, each by itself.
pub trait Renderer {
    /// Writes one image.
    ///
    /// # Errors
    /// When writing fails.
    fn image(&self, out: &mut dyn Write, report: &ImageReport) -> io::Result<()>;

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
pub fn renderer(format: Format) -> Box<dyn Renderer> {
    match format {
        Format::Text => Box::new(text::Text::new(false)),
        Format::Wide => Box::new(text::Text::new(true)),
        Format::Name => Box::new(text::Names),
        Format::Json => Box::new(json::Json::new(json::Syntax::Json)),
        Format::Yaml => Box::new(json::Json::new(json::Syntax::Yaml)),
        Format::Explain => Box::new(explain::Explain),
    }
}
