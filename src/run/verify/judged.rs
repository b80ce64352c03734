// SPDX-License-Identifier: Apache-2.0
//! An image that was judged, on its way to being recorded and reported.

use crate::report::{ImageReport, Recorded};
use crate::source::objects::Position;

/// An image that was judged, and which object its record belongs to.
pub(super) struct Judged {
    /// What is reported.
    pub(super) report: ImageReport,
    /// Where the object is that the record belongs to, if it is in a file.
    pub(super) position: Option<Position>,
    /// Changes that would be or are recorded, in words.
    pub(super) changes: Vec<String>,
    /// What is recorded and stays, in words.
    pub(super) kept: Vec<String>,
}

impl Judged {
    /// An image of which nothing is recorded yet.
    pub(super) fn new(report: ImageReport) -> Self {
        Self {
            report,
            position: None,
            changes: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// What was to be written is not.
    pub(super) fn fail(&mut self) {
        self.settle(Recorded::Failed);
    }

    /// What was to be written has become something else.
    pub(super) fn settle(&mut self, fate: Recorded) {
        self.report.recorded = fate;
        for recorded in &mut self.report.recorded_signatures {
            if *recorded == Recorded::Yes {
                *recorded = fate;
            }
        }
    }
}
