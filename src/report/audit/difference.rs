// SPDX-License-Identifier: Apache-2.0
//! `audit diff`: what has changed between two audits, kept by kind of change until all is known.

use std::io::{self, Write};

use serde_json::{json, Map, Value};

use super::json::indented;
use super::spool::Spool;
use crate::audit::difference::{Change, Difference, State};
use crate::audit::head::Head;
use crate::reason::Verdict;
use crate::report::json::{write_document, Syntax, API_VERSION};
use crate::report::table::short_key;
use crate::text::{safe, time};

/// Most identities of an image that text names.
const MAX_NAMED: usize = 3;

/// What stands around the differences.
#[derive(Debug, Default)]
pub struct Ends {
    /// What the two audits were asked for, where both reports could be opened.
    pub heads: Option<(Head, Head)>,
    /// Why more may have changed, or less, in words that are safe to print.
    pub incomplete: Vec<String>,
}

/// Differences that are gathered by kind until all are known.
pub struct Printer {
    is_json: bool,
    /// Those of each kind, in the order of [`Change::ALL`].
    kinds: Vec<(Change, Spool, u64)>,
}

impl std::fmt::Debug for Printer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Printer")
            .field("is_json", &self.is_json)
            .finish_non_exhaustive()
    }
}

/// A printer of text, or of one JSON document.
#[must_use]
pub fn printer(is_json: bool) -> Printer {
    let kinds = Change::ALL
        .into_iter()
        .map(|change| (change, Spool::new(), 0))
        .collect();
    Printer { is_json, kinds }
}

impl Printer {
    /// How many differences there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.kinds.iter().map(|(_, _, count)| count).sum()
    }

    /// Takes a difference.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn put(&mut self, difference: &Difference) -> io::Result<()> {
        let kind = self
            .kinds
            .iter_mut()
            .find(|(change, _, _)| *change == difference.change);
        let (_, spool, count) = kind.ok_or(io::ErrorKind::InvalidInput)?;
        *count += 1;
        if self.is_json {
            spool.write_all(b"\n    ")?;
            indented(spool, &item(difference), 4)?;
            spool.write_all(b",")
        } else {
            line(spool, difference)
        }
    }

    /// Prints the differences that were kept, and how both reports end.
    ///
    /// # Errors
    /// When reading what was kept or writing fails.
    pub fn end(&mut self, out: &mut dyn Write, ends: &Ends) -> io::Result<()> {
        if self.is_json {
            self.document(out, ends)?;
        } else {
            self.text(out, ends)?;
        }
        out.flush()
    }

    fn text(&mut self, out: &mut dyn Write, ends: &Ends) -> io::Result<()> {
        // Nothing was compared; standard error says why.
        let Some((old, new)) = &ends.heads else {
            return Ok(());
        };
        writeln!(out, "Old: {}, begun {}", safe(&old.source), time(old.started))?;
        writeln!(out, "New: {}, begun {}", safe(&new.source), time(new.started))?;
        let differing = old.differences(new);
        if !differing.is_empty() {
            writeln!(out, "The audits differ in: {}", differing.join(", "))?;
        }
        let mut counts = Vec::new();
        for (change, spool, count) in &mut self.kinds {
            if *count > 0 {
                writeln!(out, "\n{} ({count}):", title(*change))?;
                spool.pour(out)?;
                counts.push(format!("{count} {}", title(*change).to_lowercase()));
            }
        }
        writeln!(out)?;
        for why in &ends.incomplete {
            writeln!(out, "Incomplete: {why}")?;
        }
        match counts.is_empty() {
            true if ends.incomplete.is_empty() => writeln!(out, "no differences"),
            true => writeln!(out, "no differences found"),
            false => writeln!(out, "{}", counts.join(", ")),
        }
    }

    fn document(&mut self, out: &mut dyn Write, ends: &Ends) -> io::Result<()> {
        let (old, new) = match &ends.heads {
            Some((old, new)) => (serde_json::to_value(old)?, serde_json::to_value(new)?),
            None => (Value::Null, Value::Null),
        };
        let differing = ends
            .heads
            .as_ref()
            .map_or(Vec::new(), |(old, new)| old.differences(new));
        let summary = self
            .kinds
            .iter()
            .map(|(change, _, count)| (change.word().to_owned(), json!(count)));
        let document = json!({
            "apiVersion": API_VERSION,
            "kind": "AuditDifferenceList",
            "old": old,
            "new": new,
            "differing": differing,
            "incomplete": ends.incomplete,
            "summary": Value::Object(summary.collect::<Map<_, _>>()),
            "items": [],
        });
        let mut around = Vec::new();
        write_document(&mut around, &document, Syntax::Json)?;
        if self.count() == 0 {
            return out.write_all(&around);
        }
        out.write_all(around.strip_suffix(b"]\n}\n").unwrap_or(&around))?;
        let last = self.kinds.iter().rposition(|(_, _, count)| *count > 0);
        for (n, (_, spool, _)) in self.kinds.iter_mut().enumerate() {
            // The comma after the last item of all is not written.
            spool.pour_without(out, u64::from(Some(n) == last))?;
        }
        out.write_all(b"\n  ]\n}\n")
    }
}

/// A kind of change, for people.
fn title(change: Change) -> &'static str {
    match change {
        Change::NewlyUnsigned => "Newly unsigned",
        Change::NewlyRejected => "Newly rejected",
        Change::NoLongerVerified => "No longer verified",
        Change::NewlyVerified => "Newly verified",
        Change::VerdictChanged => "Verdict changed",
        Change::ReasonChanged => "Reason changed",
        Change::KeyChanged => "Key changed",
        Change::IdentityChanged => "Identity changed",
        Change::Gone => "Gone",
        Change::New => "New",
    }
}

fn line(out: &mut dyn Write, difference: &Difference) -> io::Result<()> {
    let shown = difference
        .new
        .as_ref()
        .or(difference.old.as_ref())
        .ok_or(io::ErrorKind::InvalidInput)?;
    write!(out, "  {}", safe(&shown.image))?;
    let name = shown.matched.first().or(shown.expected.first());
    match (&shown.used, name) {
        (Some((used, more)), _) => {
            write!(out, "   {}", safe(used))?;
            if *more > 0 {
                write!(out, ", {more} more")?;
            }
        }
        // What nothing is known to use is called by the place that it was asked for by, or by what it is to be signed as.
        (None, _) if shown.source.starts_with("docker://") || shown.source.starts_with("dir:") => {
            write!(out, "   {}", safe(&shown.source))?;
        }
        (None, Some(name)) => write!(out, "   {}", safe(name))?,
        (None, None) => {}
    }
    let words = match (&difference.old, &difference.new) {
        (Some(old), Some(new)) if difference.change == Change::KeyChanged => {
            format!("by {} -> by {}", keys(old), keys(new))
        }
        (Some(old), Some(new)) if difference.change == Change::IdentityChanged => identities(old, new),
        (Some(old), Some(new)) => format!("{} -> {}", words(old), words(new)),
        (Some(one), None) | (None, Some(one)) => words(one),
        (None, None) => String::new(),
    };
    writeln!(out, "\n      {words}")
}

fn words(state: &State) -> String {
    match state.verdict {
        Verdict::Verified => format!("Verified by {}", keys(state)),
        verdict => format!("{verdict} ({})", state.reason),
    }
}

/// What an image is signed as, where that is another identity now; else what it is expected to be signed as.
fn identities(old: &State, new: &State) -> String {
    let (what, old, new) = match (&old.matched, &new.matched) {
        (from, to) if from != to && !from.is_empty() && !to.is_empty() => ("signed as", from, to),
        _ => ("expected", &old.expected, &new.expected),
    };
    format!("{what} {} -> {what} {}", named(old), named(new))
}

fn named(identities: &[String]) -> String {
    let mut names: Vec<String> = identities.iter().take(MAX_NAMED).map(|name| safe(name)).collect();
    match identities.len().saturating_sub(MAX_NAMED) {
        0 if names.is_empty() => return "nothing".to_owned(),
        0 => {}
        more => names.push(format!("{more} more")),
    }
    names.join(", ")
}

fn keys(state: &State) -> String {
    let keys: Vec<String> = state.keys.iter().map(|key| safe(short_key(key))).collect();
    keys.join(", ")
}

fn item(difference: &Difference) -> Value {
    let shown = difference.new.as_ref().or(difference.old.as_ref());
    let state = |state: &Option<State>| match state {
        Some(state) => json!({"verdict": state.verdict, "reason": state.reason, "keys": state.keys,
            "expected": state.expected, "matched": state.matched}),
        None => Value::Null,
    };
    json!({
        "change": difference.change.word(),
        "image": shown.map(|shown| &shown.image),
        "source": shown.map(|shown| &shown.source),
        "usedBy": shown.and_then(|shown| shown.used.as_ref()).map(|(used, _)| used),
        "moreUses": shown.and_then(|shown| shown.used.as_ref()).map_or(0, |(_, more)| *more),
        "old": state(&difference.old),
        "new": state(&difference.new),
    })
}
