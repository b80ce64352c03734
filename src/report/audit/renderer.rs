// SPDX-License-Identifier: Apache-2.0
//! What every format of an audit's report does.

use std::io::{self, Write};

use crate::audit::controls::Control;
use crate::audit::entry::Entry;
use crate::audit::fail_on::FailOn;
use crate::audit::head::Head;
use crate::audit::tail::Tail;
use crate::audit::totals::Totals;

/// What reports look like where they are read.
#[derive(Debug, Clone)]
pub struct Look {
    /// Verdicts are coloured. Their words are there all the same.
    pub colour: bool,
    /// Longest line of a message, in columns.
    pub width: usize,
    /// Columns that a row of a table may take.
    pub room: usize,
    /// What makes the audit fail.
    pub fail_on: FailOn,
    /// The controls that the audit has evidence for.
    pub controls: Vec<Control>,
}

/// A report being written: [`ReportRenderer::begin`] once, [`ReportRenderer::entry`] an image, [`ReportRenderer::end`] once, all to one
/// writer. Memory does not grow with the number of images: what must wait for the totals is kept in a temporary file.
pub trait ReportRenderer {
    /// Writes what stands before the first image.
    ///
    /// # Errors
    /// When writing fails.
    fn begin(&mut self, out: &mut dyn Write, head: &Head) -> io::Result<()>;

    /// Writes one image, or keeps it for the end.
    ///
    /// # Errors
    /// When writing fails, here or to the temporary file.
    fn entry(&mut self, out: &mut dyn Write, entry: &Entry) -> io::Result<()>;

    /// Writes what is left. The totals are those of all entries.
    ///
    /// # Errors
    /// When writing fails, or reading the temporary file: what is written then is not all.
    fn end(&mut self, out: &mut dyn Write, tail: &Tail, totals: &Totals) -> io::Result<()>;
}
