// SPDX-License-Identifier: Apache-2.0
//! Printing reports as images are judged, and the exit status that they amount to.

use std::io::Write;

use super::{NEGATIVE, SUCCESS, TROUBLE};
use crate::report::listing::Listing;
use crate::report::{renderer, Format, ImageReport, Recorded, Renderer, Summary};

/// The exit status of a run. Nothing judged is no success.
fn exit_status(summary: &Summary, record_failed: bool) -> u8 {
    let Summary {
        verified,
        rejected,
        unsupported,
        unsigned,
        allowed,
        unchecked,
    } = *summary;
    if unchecked > 0 || record_failed {
        TROUBLE
    } else if rejected + unsupported + unsigned + allowed > 0 {
        NEGATIVE
    } else if verified > 0 {
        SUCCESS
    } else {
        TROUBLE
    }
}

/// Prints reports as they come, and counts.
pub(super) struct Printer<'s> {
    pub(super) listing: Listing<'s>,
    renderer: Box<dyn Renderer>,
    summary: Summary,
    record_failed: bool,
}

impl<'s> Printer<'s> {
    pub(super) fn new(format: Format, out: &'s mut dyn Write) -> Self {
        let renderer = renderer(format);
        Self {
            listing: Listing::new(renderer.is_document(), out),
            renderer,
            summary: Summary::default(),
            record_failed: false,
        }
    }

    /// Prints one image. Failures of the output are told at the end: see [`crate::report::output`].
    pub(super) fn print(&mut self, report: &ImageReport) {
        self.count(report);
        let item = self.render(report);
        self.listing.put(&item);
    }

    /// One image as it is printed.
    pub(super) fn render(&self, report: &ImageReport) -> Vec<u8> {
        let mut item = Vec::new();
        // Writing into memory cannot fail.
        let _ = self.renderer.image(&mut item, report);
        item
    }

    /// Counts one image, which is printed by somebody else.
    pub(super) fn count(&mut self, report: &ImageReport) {
        self.summary.add(report.outcome.verdict());
        self.record_failed |= report.recorded == Recorded::Failed;
    }

    /// A record of an image that was counted could not be written.
    pub(super) fn fail(&mut self) {
        self.record_failed = true;
    }

    /// Prints what is left; the exit status comes back, and what went wrong.
    pub(super) fn end(&mut self) -> (u8, Option<String>) {
        let (renderer, summary) = (&self.renderer, &self.summary);
        match self.listing.end(|out, items| renderer.document(out, summary, items)) {
            Ok(()) => (exit_status(&self.summary, self.record_failed), None),
            Err(error) => (TROUBLE, Some(format!("error: keeping the report: {error}"))),
        }
    }
}
