// SPDX-License-Identifier: Apache-2.0
//! What every format of `verify` can do, and the counts that stand at its end.

use std::io::{self, Read, Write};

use super::image::ImageReport;
use crate::reason::Verdict;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerificationFormat {
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
    pub(super) fn of(&mut self, verdict: Verdict) -> &mut usize {
        match verdict {
            Verdict::Verified => &mut self.verified,
            Verdict::Rejected => &mut self.rejected,
            Verdict::Unsupported => &mut self.unsupported,
            Verdict::Unsigned => &mut self.unsigned,
            Verdict::Allowed => &mut self.allowed,
            Verdict::Unchecked => &mut self.unchecked,
        }
    }

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
