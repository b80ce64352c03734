// SPDX-License-Identifier: Apache-2.0
//! What is to be recorded about an object that was judged.

mod as_recorded;
pub(super) mod left_out;

use serde_json::Value;

use self::as_recorded::Recorded;
pub(super) use self::as_recorded::{AsRecorded, MAX_IDENTITIES};
use crate::edit::SignatureEdit;
use crate::reason::{Reason, Verdict};
use crate::record::{self, Context, Plan};
use crate::reference::Reference;
use crate::report::RecordResult;
use crate::source::objects::Loaded;
use crate::text::safe;
use crate::verdict::left_out::LeftOut;
use crate::verdict::{ImageOutcome, SignatureOutcome};

/// Who records, and when by whose clock.
#[derive(Debug, Default)]
pub(super) struct Author {
    /// The user as the server names it; the one of this machine where there is none.
    pub(super) user: Option<String>,
    /// How far our clock is ahead of the server's, in seconds, where that is known.
    pub(super) clock_skew: Option<i64>,
}

impl Author {
    /// The same for another object.
    pub(super) fn again(&self) -> Self {
        Self {
            user: self.user.clone(),
            clock_skew: self.clock_skew,
        }
    }
}

/// What is to be recorded about an object.
#[derive(Debug, Clone, Default)]
pub(super) struct Planned {
    /// The changes to its signatures.
    pub(super) edits: Vec<SignatureEdit>,
    /// Changes that wait, and are not among these.
    pub(super) waiting: Vec<SignatureEdit>,
    /// What becomes of the record of each signature that was judged, once they are written.
    pub(super) recorded: Vec<RecordResult>,
    /// What is said about it.
    pub(super) words: Words,
}

/// A plan in words; safe to print.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    /// Signatures and the changes of their records that would be or are made.
    pub(super) changes: Vec<(String, String)>,
    /// What is recorded and stays.
    pub(super) kept: Vec<String>,
    /// What should be recorded and is not.
    pub(super) withheld: Vec<String>,
    /// Signatures whose record says the same already; only when that was found out is new.
    pub(super) same: Vec<String>,
    /// What the user should look at before or after a change.
    pub(super) warnings: Vec<String>,
}

/// Works out what is to be recorded. `chosen` are the places of the judged signatures on the object, in the order of the
/// outcome's; where others, `left_out`, may be all that the image lacks, nothing is recorded of a good one. Those of the outcome beyond
/// them are not on the object. `record` is what every record of the run says. A record of trust that holds
/// `as_recorded` is not taken back, whatever else is expected of the image. What is to be recorded of a signature that
/// `waits`, by whether it takes a record of trust back, is noted, and not said; what is so by the scope that the record is
/// of waits for no other.
pub(super) fn plan(
    loaded: &Loaded,
    (chosen, left_out): (&[usize], &LeftOut),
    (outcome, as_recorded): (&ImageOutcome, &AsRecorded),
    expected: &[Reference],
    author: Author,
    record: &Context,
    waits: &dyn Fn(&SignatureOutcome, bool) -> bool,
) -> Planned {
    let mut context = Context {
        expected: expected.to_vec(),
        user: author.user.unwrap_or_else(|| record.user.clone()),
        clock_skew: author.clock_skew,
        ..record.clone()
    };
    let mut planned = Planned::default();
    for (number, (index, signature)) in chosen.iter().zip(outcome.signatures()).enumerate() {
        let name = match signature.name() {
            "" => format!("signature {} (without a name)", index + 1),
            name => safe(name),
        };
        context.options = options(record, outcome, signature);
        let stored = &loaded.object["signatures"][*index];
        let mut plan = record::plan(stored, signature, outcome, &context);
        let recorded = as_recorded.of(stored, number, outcome);
        let mut is_certain = false;
        if let Some(Recorded { image, own, is_settled }) = recorded {
            let as_recorded = own.map_or(Plan::Untouched, |own| {
                record::plan(stored, own, image, &context.of(image, options(record, image, own)))
            });
            let is_lost = record::takes_back(stored, &as_recorded);
            let is_refused_anywhere = own.is_some_and(SignatureOutcome::is_refused_anywhere);
            is_certain = is_lost && is_settled;
            plan = match (record::takes_back(stored, &plan), as_recorded) {
                // Why it does not hold is said by the scope that accepted it.
                (true, own) if is_lost && signature.is_refused_by_scope() => own,
                // A scope that accepts an image unsigned says nothing of its signatures.
                (false, own) if is_lost && is_refused_anywhere => own,
                (false, _) => plan,
                (true, _) if is_lost => plan,
                (true, Plan::Write { .. }) => Plan::Kept,
                (true, own) => own,
            };
        }
        let is_written = matches!(plan, Plan::Write { .. } | Plan::Withheld(_));
        if is_written && left_out::may_be_enough(left_out, stored, number, outcome, as_recorded) {
            let (what, fate) = match left_out::is_trusted(stored) {
                true => ("kept as it is recorded", RecordResult::Kept),
                false => ("not recorded", RecordResult::No),
            };
            planned.words.kept.push(format!(
                "{name}: {what}: the signature is good, and --signature leaves out others that the image may need"
            ));
            planned.recorded.push(fate);
            continue;
        }
        let takes_back = record::takes_back(stored, &plan);
        if !(takes_back && is_certain) && waits(signature, takes_back) {
            if let Plan::Write { changes, .. } = plan {
                planned.waiting.push(SignatureEdit { index: *index, changes });
            }
            planned.recorded.push(RecordResult::No);
            continue;
        }
        let words = &mut planned.words;
        planned.recorded.push(match plan {
            Plan::Untouched if signature.verdict() == Verdict::Unchecked => RecordResult::No,
            Plan::Untouched => RecordResult::Unchanged,
            Plan::Kept => {
                words.kept.push(format!(
                    "{name}: kept as it is recorded: trusted for the reference that it is signed for"
                ));
                RecordResult::Kept
            }
            Plan::Withheld(why) => {
                words.withheld.push(format!("{name}: {why}"));
                RecordResult::Failed
            }
            Plan::Write { changes, summary } => {
                words
                    .warnings
                    .extend(over_revocation(stored, signature.verdict(), &name));
                match summary {
                    Some(summary) => words.changes.push((name, summary)),
                    None => words.same.push(name),
                }
                planned.edits.push(SignatureEdit { index: *index, changes });
                RecordResult::Yes
            }
        });
    }
    planned
}

/// The options that the record of a signature names, and the scopes that decided: of one that is trusted, those of the identities
/// that it is trusted for.
fn options(record: &Context, outcome: &ImageOutcome, signature: &SignatureOutcome) -> Vec<String> {
    let reached = outcome.reached(signature);
    let mut options = record.options.clone();
    for tally in outcome.tallies() {
        let has_decided = reached.is_empty() || reached.contains(&&tally.identity);
        let scope = tally.scope.as_ref().filter(|_| has_decided);
        let scope = scope.map(|scope| record::required_by(scope));
        options.extend(scope.filter(|scope| !options.contains(scope)));
    }
    options
}

/// What is to be said where a signature is trusted again whose key was recorded as revoked: a revocation is for good, so
/// that the keys at hand may be older than it.
fn over_revocation(stored: &Value, verdict: Verdict, name: &str) -> Option<String> {
    let before = record::latest(stored, "Trusted")?;
    let is_revoked = before.status == "False" && before.reason == Reason::KeyRevoked.word();
    (is_revoked && verdict == Verdict::Verified).then(|| {
        format!(
            "{name}: its key was recorded as revoked (KeyRevoked, {}), but the given keys lack the revocation: they may be older than it; get the key again from its owner before this is recorded",
            safe(&before.last_probe)
        )
    })
}
