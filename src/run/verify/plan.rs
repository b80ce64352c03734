// SPDX-License-Identifier: Apache-2.0
//! What is to be recorded about an object of this run, and what is said about that.

use super::{Judged, Run};
use crate::edit::SignatureEdit;
use crate::report::Recorded;
use crate::run::planning::{self, Author};
use crate::run::record_to::RecordFate;
use crate::settings::objects::Recording;
use crate::source::objects::Loaded;
use crate::text::safe;

impl Run<'_, '_> {
    /// Whether a verdict is one that may be recorded: not that on an image which is not the one asked for.
    pub(super) fn is_asked_for(&self, loaded: &Loaded) -> bool {
        let digest = self.settings.digest.as_ref();
        digest.is_none_or(|digest| loaded.image.name == digest.as_str())
    }

    /// Works out what is to be recorded about an object.
    pub(super) fn plan(
        &self,
        loaded: &Loaded,
        chosen: &[usize],
        author: Author,
        judged: &mut Judged,
    ) -> Vec<SignatureEdit> {
        if !self.is_asked_for(loaded) {
            return Vec::new();
        }
        let report = &judged.report;
        let planned = planning::plan(
            loaded,
            chosen,
            &report.outcome,
            &report.expected,
            author,
            &self.settings.record,
        );
        judged.words = planned.words;
        if self.settings.recording != Recording::Dry {
            judged.report.recorded_signatures = planned.recorded;
            judged.sum_up();
        }
        planned.edits
    }

    /// Notes what becomes of the record of an image, and says it where nobody else does. Where nothing is to be written,
    /// the reason why nothing could be comes back.
    pub(super) fn settle(&mut self, judged: &mut Judged, fate: RecordFate) -> Option<String> {
        match fate {
            RecordFate::Unchanged | RecordFate::NotAskedFor | RecordFate::Held(_) => {}
            RecordFate::Written => self.progress.recorded(1),
            RecordFate::Accepted => {
                let image = safe(&judged.report.image);
                self.tell(&format!("{image}: accepted by the server (dry run)"));
                judged.settle(Recorded::No);
            }
            RecordFate::Failed(why) if self.settings.recording == Recording::Dry => return Some(why),
            RecordFate::Failed(why) => {
                self.tell(&format!("error: {why}"));
                judged.fail();
            }
        }
        None
    }

    /// Says what stays as it is recorded, and what is changed or would be. `refusal`: why nothing of this object can be
    /// recorded, so that no change may be promised.
    pub(super) fn tell_record(&mut self, judged: &Judged, refusal: Option<&str>) {
        let lines = self.record_lines(judged, refusal);
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        self.aside.put(self.stderr, lines.as_bytes());
    }

    /// What [`Run::tell_record`] says.
    pub(super) fn record_lines(&mut self, judged: &Judged, refusal: Option<&str>) -> Vec<String> {
        let mut lines = judged.words.kept.clone();
        let is_dry = self.settings.recording == Recording::Dry;
        let kind = if is_dry { "note" } else { "error" };
        lines.extend(
            judged
                .words
                .withheld
                .iter()
                .map(|withheld| format!("{kind}: {withheld}")),
        );
        if let Some(refusal) = refusal {
            if is_dry && !judged.words.changes.is_empty() {
                lines.push(format!("note: {refusal}"));
            }
            return lines;
        }
        if judged.is_refused {
            return lines;
        }
        lines.extend(
            judged
                .words
                .warnings
                .iter()
                .map(|warning| format!("warning: {warning}")),
        );
        if self.settings.recording == Recording::Confirm {
            let same = judged.words.same.iter();
            lines.extend(same.map(|name| format!("{name}: already recorded")));
        }
        for (name, change) in &judged.words.changes {
            if self.settings.recording == Recording::Confirm {
                lines.push(format!("{name}: recorded: {change}"));
            } else {
                lines.push(format!("{name}: would record: {change}"));
                self.told_changes = true;
                self.told_distrust |= change.contains("-> False");
            }
        }
        lines
    }
}
