// SPDX-License-Identifier: Apache-2.0
//! Printing reports as images are judged, and the exit status that they amount to.

use std::io::Write;

use super::{NEGATIVE, SUCCESS, TROUBLE};
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
    /// Standard output, as long as nothing is printed yet.
    pub(super) out: Option<&'s mut dyn Write>,
    renderer: Option<Box<dyn Renderer + 's>>,
    format: Format,
    summary: Summary,
    record_failed: bool,
}

impl<'s> Printer<'s> {
    pub(super) fn new(format: Format, out: &'s mut dyn Write) -> Self {
        Self {
            out: Some(out),
            renderer: None,
            format,
            summary: Summary::default(),
            record_failed: false,
        }
    }

    /// Notes that something could not be written.
    pub(super) fn record_failed(&mut self) {
        self.record_failed = true;
    }

    /// Prints one image. Failures of the output are told at the end: see [`crate::report::output`].
    pub(super) fn print(&mut self, report: &ImageReport) {
        self.summary.add(report.outcome.verdict());
        self.record_failed |= report.recorded == Recorded::Failed;
        if let Some(renderer) = self.renderer() {
            let _ = renderer.image(report);
        }
    }

    /// Counts one image, and gives what would be printed.
    pub(super) fn render_apart(&mut self, report: &ImageReport) -> String {
        let mut text = Vec::new();
        let mut printer = Printer::new(self.format, &mut text);
        printer.print(report);
        drop(printer);
        self.summary.add(report.outcome.verdict());
        self.record_failed |= report.recorded == Recorded::Failed;
        String::from_utf8_lossy(&text).into_owned()
    }

    fn renderer(&mut self) -> Option<&mut Box<dyn Renderer + 's>> {
        if let Some(out) = self.out.take() {
            self.renderer = Some(renderer(self.format, Box::new(out)));
        }
        self.renderer.as_mut()
    }

    pub(super) fn end(&mut self) -> u8 {
        let summary = self.summary;
        if let Some(renderer) = self.renderer() {
            let _ = renderer.end(&summary);
        }
        exit_status(&self.summary, self.record_failed)
    }
}
