// SPDX-License-Identifier: Apache-2.0
//! An image that was judged, on its way to being recorded and reported.

use crate::report::{ImageReport, RecordResult};
use crate::run::planning::Words;
use crate::source::objects::Position;

/// An image that was judged, and which object its record belongs to.
#[derive(Clone)]
pub(super) struct Judged {
    /// The report that is printed.
    pub(super) report: ImageReport,
    /// Where the object is that the record belongs to, if it is in a file.
    pub(super) position: Option<Position>,
    /// What is to be recorded, in words.
    pub(super) words: Words,
    /// Nothing could be written.
    pub(super) is_refused: bool,
    /// Of an image that is verified, the GPG signatures that passed all checks and are not on its object.
    pub(super) attachable: Vec<Vec<u8>>,
}

impl Judged {
    /// An image of which nothing is recorded yet.
    pub(super) fn new(report: ImageReport) -> Self {
        Self {
            report,
            position: None,
            words: Words::default(),
            is_refused: false,
            attachable: Vec::new(),
        }
    }

    /// What was to be written is not. That counts for the image even where there was nothing to write.
    pub(super) fn fail(&mut self) {
        self.is_refused = true;
        self.settle(RecordResult::Failed);
        self.report.recorded = RecordResult::Failed;
    }

    /// What was to be written has become something else.
    pub(super) fn settle(&mut self, fate: RecordResult) {
        for recorded in &mut self.report.recorded_signatures {
            if *recorded == RecordResult::Yes {
                *recorded = fate;
            }
        }
        self.sum_up();
    }

    /// What became of the image's record, by what became of those of its signatures: one failure is a failure.
    pub(super) fn sum_up(&mut self) {
        let signatures = &self.report.recorded_signatures;
        self.report.recorded = if signatures.contains(&RecordResult::Failed) {
            RecordResult::Failed
        } else if signatures.contains(&RecordResult::Yes) {
            RecordResult::Yes
        } else if signatures.iter().all(|recorded| *recorded == RecordResult::No) {
            RecordResult::No
        } else {
            RecordResult::Unchanged
        };
    }
}
