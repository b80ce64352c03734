// SPDX-License-Identifier: Apache-2.0
//! What is to be recorded about an object of this run, and what is said about that.

use super::judged::Judged;
use super::run::Run;
use crate::edit::SignatureEdit;
use crate::report::console::Messages;
use crate::report::RecordResult;
use crate::run::planning::{self, AsRecorded, Author};
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
        &mut self,
        loaded: &Loaded,
        chosen: &[usize],
        author: Author,
        judged: &mut Judged,
    ) -> Vec<SignatureEdit> {
        if !self.is_asked_for(loaded) {
            return Vec::new();
        }
        let report = &judged.report;
        let signatures = planning::left_out::signatures(loaded, chosen);
        let left_out = self.judging.left_out(&signatures, &report.outcome);
        let planned = planning::plan(
            loaded,
            (chosen, &left_out),
            (&report.outcome, &AsRecorded::default()),
            &report.expected,
            author,
            &self.settings.record,
            &|_, _| false,
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
                judged.settle(RecordResult::No);
            }
            RecordFate::Failed(why) if self.settings.recording == Recording::Dry => return Some(why),
            RecordFate::Failed(why) => {
                self.stderr.error(why);
                judged.fail();
            }
        }
        None
    }

    /// Says what stays as it is recorded, and what is changed or would be. `refusal`: why nothing of this object can be
    /// recorded, so that no change may be promised.
    pub(super) fn tell_record(&mut self, judged: &Judged, refusal: Option<&str>) {
        let mut lines = Vec::new();
        self.word_record(judged, refusal, &mut Messages::to(&mut lines));
        self.aside.put(&mut self.stderr, &lines);
    }

    /// Writes what [`Run::tell_record`] says.
    pub(super) fn word_record(&mut self, judged: &Judged, refusal: Option<&str>, lines: &mut Messages<'_>) {
        for kept in &judged.words.kept {
            lines.tell(kept);
        }
        let is_dry = self.settings.recording == Recording::Dry;
        for withheld in &judged.words.withheld {
            match is_dry {
                true => lines.note(withheld),
                false => lines.error(withheld),
            }
        }
        if let Some(refusal) = refusal {
            if is_dry && !judged.words.changes.is_empty() {
                lines.note(refusal);
            }
            return;
        }
        if judged.is_refused {
            return;
        }
        for warning in &judged.words.warnings {
            lines.warning(warning);
        }
        if self.settings.recording == Recording::Confirm {
            for name in &judged.words.same {
                lines.tell(format_args!("{name}: already recorded"));
            }
        }
        for (name, change) in &judged.words.changes {
            if self.settings.recording == Recording::Confirm {
                lines.tell(format_args!("{name}: recorded: {change}"));
            } else {
                lines.tell(format_args!("{name}: would record: {change}"));
                self.told_changes = true;
                self.told_distrust |= change.contains("-> False");
            }
        }
    }
}
