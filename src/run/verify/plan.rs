// SPDX-License-Identifier: Apache-2.0
//! What is to be recorded about an object that was judged, and what is said about that.

use super::{Judged, Run};
use crate::edit::SignatureEdit;
use crate::reason::Verdict;
use crate::record::{self, Context, Plan};
use crate::report::Recorded;
use crate::settings::objects::Recording;
use crate::source::objects::Loaded;
use crate::text::safe;

/// Who records, and when by whose clock.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    /// The user as the server names it; the one of this machine where there is none.
    pub(super) user: Option<String>,
    /// How far our clock is ahead of the server's, in seconds, where that is known.
    pub(super) clock_skew: Option<i64>,
}

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
        recorder: Recorder,
        judged: &mut Judged,
    ) -> Vec<SignatureEdit> {
        if !self.is_asked_for(loaded) {
            return Vec::new();
        }
        let outcome = &judged.report.outcome;
        let mut options = self.settings.record.options.clone();
        // The scopes that decided.
        for scope in outcome.tallies().iter().filter_map(|tally| tally.scope.as_ref()) {
            let scope = format!("required by {scope}");
            if !options.contains(&scope) {
                options.push(scope);
            }
        }
        let context = Context {
            options,
            expected: judged.report.expected.clone(),
            user: recorder.user.unwrap_or_else(|| self.settings.record.user.clone()),
            clock_skew: recorder.clock_skew,
            ..self.settings.record.clone()
        };
        let mut edits = Vec::new();
        let mut recorded = Vec::new();
        for (index, signature) in chosen.iter().zip(outcome.signatures()) {
            let name = match signature.name() {
                "" => format!("signature {} (without a name)", index + 1),
                name => safe(name),
            };
            let plan = record::plan(&loaded.object["signatures"][*index], signature, outcome, &context);
            recorded.push(match plan {
                Plan::Untouched if signature.verdict() == Verdict::Unchecked => Recorded::No,
                Plan::Untouched => Recorded::Unchanged,
                Plan::Kept => {
                    judged.kept.push(format!(
                        "{name}: kept as it is recorded: trusted for the reference that it is signed for"
                    ));
                    Recorded::Kept
                }
                Plan::Withheld(why) => {
                    judged.withheld.push(format!("{name}: {why}"));
                    Recorded::Failed
                }
                Plan::Write { changes, summary } => {
                    judged.changes.extend(summary.map(|summary| (name, summary)));
                    edits.push(SignatureEdit { index: *index, changes });
                    Recorded::Yes
                }
            });
        }
        if self.settings.recording != Recording::Dry {
            judged.report.recorded_signatures = recorded;
            judged.sum_up();
        }
        edits
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
        let mut lines = judged.kept.clone();
        let is_dry = self.settings.recording == Recording::Dry;
        let kind = if is_dry { "note" } else { "error" };
        lines.extend(judged.withheld.iter().map(|withheld| format!("{kind}: {withheld}")));
        if let Some(refusal) = refusal {
            if is_dry && !judged.changes.is_empty() {
                lines.push(format!("note: {refusal}"));
            }
            return lines;
        }
        if judged.is_refused {
            return lines;
        }
        for (name, change) in &judged.changes {
            if self.settings.recording == Recording::Confirm {
                lines.push(format!("{name}: recorded: {change}"));
            } else {
                lines.push(format!("{name}: would record: {change}"));
                self.told_changes = true;
            }
        }
        lines
    }
}
