// SPDX-License-Identifier: Apache-2.0
//! The images by verdict and reason, and by what else was found.

use serde::Serialize;

use super::signs::{class, glyph};
use crate::audit::entry::FindingKind;
use crate::audit::totals::{Totals, Verdicts};
use crate::reason::{Reason, Verdict};
use crate::report::audit::words::title;

#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    pub(super) class: String,
    glyph: &'static str,
    verdict: &'static str,
    /// How many rows the verdict stands for, in the first of them; 0 in the others.
    rows: usize,
    pub(super) reason: &'static str,
    pub(super) filter: Option<String>,
    pub(super) count: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Found {
    pub(super) what: String,
    meaning: &'static str,
    pub(super) filter: String,
    pub(super) count: u64,
}

pub(super) fn of(verdicts: &Verdicts, verdict: Verdict) -> u64 {
    verdicts.get(&verdict).copied().unwrap_or(0)
}

pub(super) fn outcomes(totals: &Totals) -> Vec<Outcome> {
    let of_verdict = |verdict| totals.outcomes.keys().filter(move |(own, _)| *own == verdict);
    let row = |((verdict, reason), count): (&(Verdict, Reason), &u64)| Outcome {
        class: class(*verdict),
        glyph: glyph(*verdict),
        verdict: verdict.word(),
        rows: match of_verdict(*verdict).next() {
            Some((_, first)) if first == reason => of_verdict(*verdict).count(),
            _ => 0,
        },
        reason: reason.word(),
        filter: (*verdict != Verdict::Verified).then(|| format!("r-{reason}")),
        count: *count,
    };
    totals.outcomes.iter().map(row).collect()
}

pub(super) fn findings(totals: &Totals) -> Vec<Found> {
    let row = |(kind, count): (&FindingKind, &u64)| Found {
        what: title(kind.word()),
        meaning: meaning(*kind),
        filter: format!("f-{}", kind.word()),
        count: *count,
    };
    totals.findings.iter().map(row).collect()
}

fn meaning(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Stale => "What is recorded does not hold any more.",
        FindingKind::Damaged => "An entry of the record or a stored signature is damaged.",
        FindingKind::Contradictory => "Entries of the record contradict each other.",
        FindingKind::UnsignedInUse => "The image is in use and has no signature.",
        FindingKind::Expiring => "It will not be Verified when keys expire soon.",
        FindingKind::Gap => "A mirror lacks the image or signatures of it.",
        FindingKind::Unreachable => "A place could not be asked; more may be wrong.",
        FindingKind::HeldBack => "A record that is not true any more was kept back.",
    }
}
