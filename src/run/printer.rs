// SPDX-License-Identifier: Apache-2.0
//! Printing reports as images are judged, and the exit status that they amount to.

use std::io::{self, Read, Seek, Write};

use tempfile::SpooledTempFile;

use crate::report::appearance::Appearance;
use crate::report::exit::Exit;
use crate::report::listing::Listing;
use crate::report::{renderer, ImageReport, RecordResult, Renderer, Summary};
use crate::text::io_message;

/// The exit status of a run. Nothing judged is not a success.
fn exit_status(summary: &Summary, record_failed: bool) -> Exit {
    let Summary {
        verified,
        rejected,
        unsupported,
        unsigned,
        allowed,
        unchecked,
    } = *summary;
    if unchecked > 0 || record_failed {
        Exit::Trouble
    } else if rejected + unsupported + unsigned + allowed > 0 {
        Exit::Negative
    } else if verified > 0 {
        Exit::Success
    } else {
        Exit::Trouble
    }
}

/// What fits into memory before a file is made, in bytes.
const MAX_MEMORY: usize = 256 << 10;

/// An image as it is printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Item {
    /// In its place among the others.
    pub(super) text: Vec<u8>,
    /// After the last one.
    pub(super) below: Vec<u8>,
}

/// Prints reports as they come, and counts.
pub(super) struct Printer<'s> {
    listing: Listing<'s>,
    layout: Layout,
    summary: Summary,
    record_failed: bool,
}

/// What stands around the images.
struct Layout {
    renderer: Box<dyn Renderer>,
    has_begun: bool,
    /// What stands below the images, which waits for the last one.
    below: Option<SpooledTempFile>,
    /// The first failure to keep something.
    trouble: Option<io::Error>,
}

impl Layout {
    fn begin(&mut self, print: &mut dyn FnMut(&[u8])) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        let mut text = Vec::new();
        // Writing into memory cannot fail.
        let _ = self.renderer.begin(&mut text);
        print(&text);
    }

    fn put(&mut self, item: &Item, print: &mut dyn FnMut(&[u8])) {
        self.begin(print);
        print(&item.text);
        if !item.below.is_empty() {
            let below = self.below.get_or_insert_with(|| SpooledTempFile::new(MAX_MEMORY));
            if let Err(error) = below.write_all(&item.below) {
                self.trouble.get_or_insert(error);
            }
        }
    }

    fn end(&mut self, summary: &Summary, print: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        self.begin(print);
        if let Some(mut below) = self.below.take() {
            below.rewind()?;
            let mut buffer = [0; 8192];
            loop {
                match below.read(&mut buffer)? {
                    0 => break,
                    length => print(&buffer[..length]),
                }
            }
        }
        let mut text = Vec::new();
        self.renderer.end(&mut text, summary)?;
        print(&text);
        self.trouble.take().map_or(Ok(()), Err)
    }
}

impl<'s> Printer<'s> {
    pub(super) fn new(appearance: Appearance, out: &'s mut dyn Write) -> Self {
        let renderer = renderer(appearance);
        Self {
            listing: Listing::new(renderer.is_document(), out),
            layout: Layout {
                renderer,
                has_begun: false,
                below: None,
                trouble: None,
            },
            summary: Summary::default(),
            record_failed: false,
        }
    }

    /// Prints one image. Failures of the output are told at the end: see [`crate::report::output`].
    pub(super) fn print(&mut self, report: &ImageReport) {
        self.count(report);
        let item = self.render(report);
        self.put(&item);
    }

    /// Prints one image that is for information only: it decides nothing.
    pub(super) fn inform(&mut self, report: &ImageReport) {
        let item = self.render(report);
        self.put(&item);
    }

    /// One image as it is printed.
    pub(super) fn render(&self, report: &ImageReport) -> Item {
        let mut item = Item::default();
        // Writing into memory cannot fail.
        let _ = self.layout.renderer.image(&mut item.text, report);
        let _ = self.layout.renderer.below(&mut item.below, report);
        item
    }

    /// Prints an image that was rendered.
    pub(super) fn put(&mut self, item: &Item) {
        let listing = &mut self.listing;
        self.layout.put(item, &mut |text| listing.put(text));
    }

    /// Prints an image that was rendered somewhere else, where then the end is to be as well.
    pub(super) fn put_apart(&mut self, out: &mut dyn Write, item: &Item) {
        self.layout.put(item, &mut |text| {
            let _ = out.write_all(text);
        });
    }

    /// The destination of the report.
    pub(super) fn out(&mut self) -> &mut dyn Write {
        self.listing.out()
    }

    /// Counts one image, which is printed by somebody else.
    pub(super) fn count(&mut self, report: &ImageReport) {
        self.summary.add(report.outcome.verdict());
        self.record_failed |= report.recorded == RecordResult::Failed;
    }

    /// A record of an image that was counted could not be written.
    pub(super) fn fail(&mut self) {
        self.record_failed = true;
    }

    /// Prints what is left; the exit status comes back, and what went wrong.
    pub(super) fn end(&mut self) -> (Exit, Option<String>) {
        let (listing, summary) = (&mut self.listing, &self.summary);
        let end = self.layout.end(summary, &mut |text| listing.put(text));
        let renderer = &self.layout.renderer;
        let end = end.and(self.listing.end(|out, items| renderer.document(out, summary, items)));
        self.status(end)
    }

    /// As [`Printer::end`], for items that went through [`Printer::put_apart`].
    pub(super) fn end_apart(&mut self, out: &mut dyn Write) -> (Exit, Option<String>) {
        let end = self.layout.end(&self.summary, &mut |text| {
            let _ = out.write_all(text);
        });
        self.status(end)
    }

    fn status(&self, end: io::Result<()>) -> (Exit, Option<String>) {
        match end {
            Ok(()) => (exit_status(&self.summary, self.record_failed), None),
            Err(error) => (
                Exit::Trouble,
                Some(format!("storing the report temporarily: {}", io_message(&error))),
            ),
        }
    }
}
