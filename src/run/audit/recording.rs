// SPDX-License-Identifier: Apache-2.0
//! What is to be recorded of an image: without writes that would change nothing, and with those apart that take a record
//! of trust back (docs/contract.md 5 and 10).

use serde::{Deserialize, Serialize};
use serde_json::{json, Value};

use super::findings::name;
use crate::audit::entry::Recorded;
use crate::edit::{Change, SignatureEdit};
use crate::record::{self, latest};
use crate::report;
use crate::report::console::Messages;
use crate::run::planning::Planned;
use crate::source::objects::Loaded;
use crate::verdict::ImageOutcome;

/// What is to be written on an object.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Every change that the verdicts call for.
    pub(super) all: Vec<SignatureEdit>,
    /// What of it takes no Trusted back.
    pub(super) harmless: Vec<SignatureEdit>,
    /// What that does, in words that are safe to print.
    pub(super) gains: Vec<Told>,
    /// What the rest does, in words that are safe to print.
    pub(super) downgrades: Vec<Told>,
    /// Whether there are changes that are not among these, since they wait until more is known.
    pub(super) has_waiting: bool,
}

/// A change of the record of a signature, in words that are safe to print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// As its object calls the signature.
    pub(super) name: String,
    /// Each condition before and after.
    pub(super) words: String,
}

impl Told {
    /// Says what became of it, as `verify` does: `SIGNATURE: recorded: CHANGE`. Most names of signatures begin with that of
    /// their `image`, which is safe to print; it stands before the others.
    pub(super) fn tell(&self, image: &str, fate: &str, stderr: &mut Messages<'_>) {
        let Self { name, words } = self;
        match name.starts_with(image) {
            true => stderr.tell(format_args!("{name}: {fate}: {words}")),
            false => stderr.tell(format_args!("{image}: {name}: {fate}: {words}")),
        }
    }
}

/// What becomes of the record on an object, and what is to be written.
pub(super) fn record(loaded: &Loaded, outcome: &ImageOutcome, planned: Planned) -> (Recorded, Changes) {
    let mut fates = planned.recorded;
    let mut changes = Changes::default();
    for edit in planned.edits {
        let stored = &loaded.object["signatures"][edit.index];
        let new = changed(stored, &edit);
        if is_same(stored, &new) {
            if let Some(fate) = fates.get_mut(edit.index) {
                *fate = report::RecordResult::Unchanged;
            }
            continue;
        }
        let signature = outcome.signatures().get(edit.index);
        let words = record::changes(stored, &edit.changes);
        let words = words.map(|words| Told {
            name: name(signature.map_or("", |own| own.name()), edit.index),
            words,
        });
        if is_true(stored) && !is_true(&new) {
            changes.downgrades.extend(words);
        } else {
            changes.gains.extend(words);
            changes.harmless.push(edit.clone());
        }
        changes.all.push(edit);
    }
    let is_said = |edit: &SignatureEdit| record::changes(&loaded.object["signatures"][edit.index], &edit.changes);
    changes.has_waiting = planned.waiting.iter().any(|edit| is_said(edit).is_some());
    (sum(&fates), changes)
}

/// A signature as it is after an edit.
pub(super) fn changed(stored: &Value, edit: &SignatureEdit) -> Value {
    let mut new = stored.clone();
    if let Some(members) = new.as_object_mut() {
        for (name, change) in &edit.changes {
            match change {
                Change::Remove => members.shift_remove(*name),
                Change::Set(value) => members.insert((*name).to_owned(), value.clone()),
            };
        }
    }
    new
}

/// Whether two records are the same but for the time when they were made.
fn is_same(one: &Value, other: &Value) -> bool {
    let timeless = |record: &Value| {
        let mut record = record.clone();
        for condition in record["conditions"].as_array_mut().into_iter().flatten() {
            if let Some(members) = condition.as_object_mut() {
                members.insert("lastProbeTime".to_owned(), json!(null));
            }
        }
        record
    };
    timeless(one) == timeless(other)
}

fn is_true(record: &Value) -> bool {
    latest(record, "Trusted").is_some_and(|trusted| trusted.status == "True")
}

/// What becomes of an image's record, by what becomes of those of its signatures: one failure is a failure.
fn sum(signatures: &[report::RecordResult]) -> Recorded {
    let has = |fate: report::RecordResult| signatures.contains(&fate);
    if has(report::RecordResult::Failed) {
        Recorded::Failed
    } else if has(report::RecordResult::Yes) {
        Recorded::Yes
    } else if signatures.iter().all(|fate| *fate == report::RecordResult::No) {
        Recorded::No
    } else if has(report::RecordResult::Kept) {
        Recorded::Kept
    } else {
        Recorded::Unchanged
    }
}
