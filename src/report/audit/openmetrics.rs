// SPDX-License-Identifier: Apache-2.0
//! OpenMetrics: what the audit amounts to, for a textfile collector. Images have no series of their own: there may be
//! hundreds of thousands.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::renderer::ReportRenderer;
use super::words::counts;
use crate::audit::entry::{Entry, FindingKind};
use crate::audit::head::Head;
use crate::audit::tail::Tail;
use crate::audit::totals::Totals;
use crate::report::renderer::Summary;
use crate::text::safe;

/// What all names begin with.
const PREFIX: &str = "image_signature_audit";

/// `-o openmetrics`: counts for monitoring.
#[derive(Default)]
pub(super) struct OpenMetrics {
    started: i64,
}

/// A metric with its series: labels, then the value. Series with equal labels, as when long names were cut, are added up.
struct Metric<'m> {
    out: &'m mut dyn Write,
    name: String,
    series: BTreeMap<String, i128>,
}

impl<'m> Metric<'m> {
    fn new(out: &'m mut dyn Write, name: &str, unit: Option<&str>, help: &str) -> io::Result<Self> {
        let name = format!("{PREFIX}_{name}");
        writeln!(out, "# TYPE {name} gauge")?;
        if let Some(unit) = unit {
            writeln!(out, "# UNIT {name} {unit}")?;
        }
        writeln!(out, "# HELP {name} {help}")?;
        let series = BTreeMap::new();
        Ok(Self { out, name, series })
    }

    fn set(&mut self, labels: &[(&str, &str)], value: i128) {
        let labels = labels.iter().map(|(name, text)| format!("{name}=\"{}\"", label(text)));
        let labels: Vec<String> = labels.collect();
        *self.series.entry(labels.join(",")).or_default() += value;
    }

    fn end(self) -> io::Result<()> {
        for (labels, value) in self.series {
            if labels.is_empty() {
                writeln!(self.out, "{} {value}", self.name)?;
            } else {
                writeln!(self.out, "{}{{{labels}}} {value}", self.name)?;
            }
        }
        Ok(())
    }
}

/// The value of a label: without control characters, and what the format escapes escaped.
fn label(text: &str) -> String {
    safe(text)
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// Sets a series a verdict, those that no image has included.
fn verdicts(metric: &mut Metric<'_>, labels: &[(&str, &str)], summary: &Summary) {
    for (verdict, count) in summary.each() {
        let mut all = labels.to_vec();
        all.push(("verdict", verdict.word()));
        metric.set(&all, count as i128);
    }
}

impl ReportRenderer for OpenMetrics {
    fn begin(&mut self, _: &mut dyn Write, head: &Head) -> io::Result<()> {
        self.started = head.started;
        Ok(())
    }

    fn entry(&mut self, _: &mut dyn Write, _: &Entry) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, tail: &Tail, totals: &Totals) -> io::Result<()> {
        let is_complete = tail.incomplete.is_empty() && !tail.interrupted;
        let mut metric = Metric::new(
            out,
            "complete",
            None,
            "Whether every image was judged and nothing is missing (1) or not (0).",
        )?;
        metric.set(&[], is_complete.into());
        metric.end()?;
        let seconds = Some("seconds");
        for (name, help, value) in [
            (
                "start_timestamp_seconds",
                "When the audit began, in seconds since 1970.",
                self.started,
            ),
            (
                "end_timestamp_seconds",
                "When the audit ended, in seconds since 1970.",
                tail.ended,
            ),
        ] {
            let mut metric = Metric::new(out, name, seconds, help)?;
            metric.set(&[], value.into());
            metric.end()?;
        }
        let mut metric = Metric::new(out, "images", None, "Images by verdict.")?;
        verdicts(&mut metric, &[], &counts(&tail.verdicts));
        metric.end()?;
        let mut metric = Metric::new(out, "failing_images", None, "Images that make the audit fail.")?;
        metric.set(&[], totals.failing.into());
        metric.end()?;
        let mut metric = Metric::new(out, "reason_images", None, "Images by verdict and reason.")?;
        for ((verdict, reason), count) in &totals.outcomes {
            metric.set(
                &[("verdict", verdict.word()), ("reason", reason.word())],
                (*count).into(),
            );
        }
        metric.end()?;
        let mut metric = Metric::new(
            out,
            "namespace_images",
            None,
            "Images by the namespace that uses them, and verdict.",
        )?;
        for (name, own) in &totals.namespaces.counted {
            verdicts(&mut metric, &[("namespace", name)], &counts(own));
        }
        metric.end()?;
        let help = "Images in namespaces that are not counted apart, once for each: so many at most.";
        let mut metric = Metric::new(out, "other_namespace_images", None, help)?;
        metric.set(&[], totals.namespaces.left_out.into());
        metric.end()?;
        let mut metric = Metric::new(out, "finding_images", None, "Images by what else was found.")?;
        for kind in FindingKind::ALL {
            let count = totals.findings.get(&kind).copied().unwrap_or(0);
            metric.set(&[("finding", kind.word())], count.into());
        }
        metric.end()?;
        keys(out, totals)?;
        let mut metric = Metric::new(
            out,
            "unknown_key_signatures",
            None,
            "Signatures by keys that are in no keyring, by the key that they claim.",
        )?;
        for (key, count) in &totals.strangers.counted {
            metric.set(&[("key", key)], (*count).into());
        }
        metric.end()?;
        writeln!(out, "# EOF")?;
        out.flush()
    }
}

fn keys(out: &mut dyn Write, totals: &Totals) -> io::Result<()> {
    let mut metric = Metric::new(out, "key_images", None, "Images that a key verifies.")?;
    for (fingerprint, key) in &totals.keys.counted {
        metric.set(&[("key", fingerprint), ("owner", &key.owner)], key.images.into());
    }
    metric.end()?;
    let mut metric = Metric::new(
        out,
        "key_sole_images",
        None,
        "Images that would not be Verified without a key.",
    )?;
    for (fingerprint, key) in &totals.keys.counted {
        metric.set(&[("key", fingerprint)], key.alone.into());
    }
    metric.end()?;
    let help = "When a key that verifies images expires, in seconds since 1970; keys that never do have no series.";
    let mut metric = Metric::new(out, "key_expiry_timestamp_seconds", Some("seconds"), help)?;
    for (fingerprint, key) in &totals.keys.counted {
        if let Some(expires) = key.expires {
            metric
                .series
                .insert(format!("key=\"{}\"", label(fingerprint)), expires.into());
        }
    }
    metric.end()
}
