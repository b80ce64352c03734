// SPDX-License-Identifier: Apache-2.0
//! JSON: one document. Its images are written as they come, and what they amount to after them.

use std::io::{self, Write};

use serde_json::{json, Map, Value};

use super::renderer::{Look, ReportRenderer};
use crate::audit::controls::Control;
use crate::audit::entry::Entry;
use crate::audit::head::Head;
use crate::audit::tail::Tail;
use crate::audit::totals::{Totals, Verdicts};
use crate::report::json::{write_document, Syntax, API_VERSION};
use crate::text::time;

/// `-o json`: one document with all images.
pub(super) struct JsonReport {
    controls: Vec<Control>,
    has_items: bool,
}

impl JsonReport {
    pub(super) fn new(look: &Look) -> Self {
        Self {
            controls: look.controls.clone(),
            has_items: false,
        }
    }
}

/// Writes a value so many spaces from the margin, without the end of its last line.
pub(super) fn indented(out: &mut dyn Write, value: &Value, spaces: usize) -> io::Result<()> {
    let mut text = Vec::new();
    write_document(&mut text, value, Syntax::Json)?;
    // Line feeds stand between values only: in strings they are escaped.
    for (n, line) in text.trim_ascii_end().split(|byte| *byte == b'\n').enumerate() {
        if n > 0 {
            write!(out, "\n{:spaces$}", "")?;
        }
        out.write_all(line)?;
    }
    Ok(())
}

/// Writes a member of the document after others.
fn member(out: &mut dyn Write, name: &str, value: &Value) -> io::Result<()> {
    write!(out, ",\n  \"{name}\": ")?;
    indented(out, value, 2)
}

impl ReportRenderer for JsonReport {
    fn begin(&mut self, out: &mut dyn Write, head: &Head) -> io::Result<()> {
        let mut begin = Vec::new();
        indented(&mut begin, &json!({"apiVersion": API_VERSION, "kind": "Audit"}), 0)?;
        out.write_all(begin.strip_suffix(b"\n}").unwrap_or(&begin))?;
        member(out, "parameters", &serde_json::to_value(head)?)?;
        member(out, "started", &time(head.started).into())?;
        write!(out, ",\n  \"items\": [")
    }

    fn entry(&mut self, out: &mut dyn Write, entry: &Entry) -> io::Result<()> {
        let separator = if std::mem::replace(&mut self.has_items, true) {
            ","
        } else {
            ""
        };
        write!(out, "{separator}\n    ")?;
        indented(out, &serde_json::to_value(entry)?, 4)
    }

    fn end(&mut self, out: &mut dyn Write, tail: &Tail, totals: &Totals) -> io::Result<()> {
        out.write_all(if self.has_items { b"\n  ]" } else { b"]" })?;
        member(out, "summary", &summary(&tail.verdicts))?;
        member(out, "totals", &sums(totals))?;
        let controls = self.controls.iter().map(|control| {
            json!({
                "framework": control.framework,
                "id": control.id,
                "also": control.also,
                "asks": control.asks,
                "evidence": control.evidence(totals),
            })
        });
        member(out, "evidenceForControls", &controls.collect())?;
        member(out, "end", &serde_json::to_value(tail)?)?;
        member(out, "ended", &time(tail.ended).into())?;
        let is_complete = tail.incomplete.is_empty() && !tail.interrupted;
        member(out, "complete", &is_complete.into())?;
        out.write_all(b"\n}\n")?;
        out.flush()
    }
}

/// Images by verdict, as every document has them.
pub(super) fn summary(verdicts: &Verdicts) -> Value {
    let counts = super::words::counts(verdicts).each();
    let member =
        |(verdict, count): (crate::reason::Verdict, usize)| (verdict.word().to_ascii_lowercase(), json!(count));
    Value::Object(counts.into_iter().map(member).collect::<Map<_, _>>())
}

fn sums(totals: &Totals) -> Value {
    let outcomes = totals.outcomes.iter();
    let outcomes =
        outcomes.map(|((verdict, reason), images)| json!({"verdict": verdict, "reason": reason, "images": images}));
    let namespaces = totals.namespaces.counted.iter();
    let namespaces = namespaces.map(|(name, verdicts)| json!({"namespace": name, "images": summary(verdicts)}));
    let uses = totals.uses.iter();
    let uses = uses.map(|(kind, verdicts)| json!({"kind": kind, "images": summary(verdicts)}));
    let keys = totals.keys.counted.iter().map(|(fingerprint, key)| {
        json!({
            "primaryFingerprint": fingerprint,
            "userID": key.owner,
            "keyAlgorithm": key.algorithm,
            "images": key.images,
            "alone": key.alone,
            "expires": key.expires.map(time),
            "expiring": key.expires.is_some_and(|expires| expires <= totals.horizon),
        })
    });
    let algorithms = totals.algorithms.counted.iter();
    let algorithms = algorithms.map(|(name, signatures)| json!({"algorithms": name, "signatures": signatures}));
    let strangers = totals.strangers.counted.iter();
    let strangers = strangers.map(|(key, signatures)| json!({"claimedKey": key, "signatures": signatures}));
    let findings = totals
        .findings
        .iter()
        .map(|(kind, images)| json!({"kind": kind, "images": images}));
    let recorded = totals
        .recorded
        .iter()
        .map(|(fate, images)| json!({"recorded": fate, "images": images}));
    json!({
        "images": totals.images,
        "failing": totals.failing,
        "failOn": totals.fail_on().words(),
        "outcomes": outcomes.collect::<Vec<_>>(),
        "namespaces": namespaces.collect::<Vec<_>>(),
        "uses": uses.collect::<Vec<_>>(),
        "keys": keys.collect::<Vec<_>>(),
        "algorithms": algorithms.collect::<Vec<_>>(),
        "unknownKeys": strangers.collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(),
        "recorded": recorded.collect::<Vec<_>>(),
        "leftOut": {
            "namespaces": totals.namespaces.left_out,
            "keys": totals.keys.left_out,
            "algorithms": totals.algorithms.left_out,
            "unknownKeys": totals.strangers.left_out,
        },
    })
}
