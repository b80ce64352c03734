// SPDX-License-Identifier: Apache-2.0
//! SARIF 2.1.0 (OASIS): a result for each image that is not Verified, and one for what else was found on it.

use std::io::{self, Write};

use serde_json::{json, Value};
use sha2::{Digest as _, Sha256};

use super::renderer::{Look, ReportRenderer};
use super::words::{message, title};
use crate::audit::controls::Control;
use crate::audit::entry::{Entry, FindingKind};
use crate::audit::fail_on::FailOn;
use crate::audit::head::Head;
use crate::audit::tail::Tail;
use crate::audit::totals::Totals;
use crate::reason::{Reason, Verdict};
use crate::report::json::write_line;
use crate::report::next::advice;
use crate::text::{bounded, hex, safe, time};

/// Longest part of an address, in characters.
const MAX_ADDRESS: usize = 2000;

/// `-o sarif`: findings for code scanning.
pub(super) struct Sarif {
    fail_on: FailOn,
    controls: Vec<Control>,
    started: i64,
    has_results: bool,
}

impl Sarif {
    pub(super) fn new(look: &Look) -> Self {
        Self {
            fail_on: look.fail_on.clone(),
            controls: look.controls.clone(),
            started: 0,
            has_results: false,
        }
    }

    fn result(&mut self, out: &mut dyn Write, entry: &Entry, rule: &str, fails: bool, text: &str) -> io::Result<()> {
        let separator = if std::mem::replace(&mut self.has_results, true) {
            ","
        } else {
            ""
        };
        let used = entry
            .uses
            .iter()
            .map(|used| safe(&used.to_string()))
            .collect::<Vec<_>>();
        let mut places = vec![json!({"fullyQualifiedName": safe(&entry.image), "kind": "resource"})];
        places.extend(
            used.iter()
                .map(|name| json!({"fullyQualifiedName": name, "kind": "resource"})),
        );
        let mut fingerprint = Sha256::new();
        for part in [rule, &entry.image, &entry.source, text] {
            fingerprint.update((part.len() as u64).to_be_bytes());
            fingerprint.update(part);
        }
        writeln!(out, "{separator}")?;
        write_line(
            out,
            &json!({
                "ruleId": rule,
                "level": if fails { "error" } else { "warning" },
                "message": {"text": text},
                "locations": [{
                    "physicalLocation": {"artifactLocation": {"uri": address(entry)}, "region": {"startLine": 1}},
                    "logicalLocations": places,
                }],
                "partialFingerprints": {"imageAndReason/v1": hex(&fingerprint.finalize()).to_ascii_lowercase()},
                "properties": {
                    "image": entry.image,
                    "source": entry.source,
                    "verdict": entry.verdict,
                    "expected": entry.expected,
                    "usedBy": used,
                },
            }),
        )
    }
}

/// Where the image is, as a relative reference (RFC 3986): the file; what is in no file has a place of its own.
fn address(entry: &Entry) -> String {
    let (begin, rest) = match entry.source.strip_prefix("file:").or(entry.source.strip_prefix("dir:")) {
        Some(path) if !path.is_empty() => ("", path.trim_start_matches('/')),
        _ => ("images/", entry.image.as_str()),
    };
    let mut address = begin.to_owned();
    for byte in bounded(rest, MAX_ADDRESS).bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/@".contains(&byte) {
            address.push(byte.into());
        } else {
            address.push_str(&format!("%{byte:02X}"));
        }
    }
    address
}

/// What each finding means.
fn meaning(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Stale => "What is recorded about the image does not hold.",
        FindingKind::Damaged => "An entry of the record or a stored signature is damaged.",
        FindingKind::Contradictory => "Entries of the record contradict each other.",
        FindingKind::UnsignedInUse => "The image is in use and has no signature.",
        FindingKind::Expiring => "Only keys that expire soon verify the image.",
        FindingKind::Gap => "A signature of the source is missing or different at the mirror.",
        FindingKind::Unreachable => "A place could not be asked, so more may be wrong with the image.",
        FindingKind::HeldBack => "A change of the record from True to False was kept back.",
    }
}

/// Every rule that a result may name.
fn rules() -> Vec<Value> {
    let reasons = Reason::ALL.into_iter().filter(|reason| *reason != Reason::Verified).map(|reason| {
        json!({
            "id": reason.word(),
            "name": reason.word(),
            "shortDescription": {"text": format!("{}: {}", reason.verdict(), title(reason.word()))},
            "fullDescription": {"text": format!("The verdict is {}, the reason {}.", reason.verdict(), reason.word())},
            "help": {"text": format!("Next: {}", advice(reason))},
            "defaultConfiguration": {"level": "error"},
            "properties": {"tags": ["security", "supply-chain", "signature"]},
        })
    });
    let findings = FindingKind::ALL.into_iter().map(|kind| {
        json!({
            "id": kind.word(),
            "name": kind.word(),
            "shortDescription": {"text": title(kind.word())},
            "fullDescription": {"text": meaning(kind)},
            "help": {"text": meaning(kind)},
            "defaultConfiguration": {"level": "warning"},
            "properties": {"tags": ["security", "supply-chain", "signature"]},
        })
    });
    reasons.chain(findings).collect()
}

impl ReportRenderer for Sarif {
    fn begin(&mut self, out: &mut dyn Write, head: &Head) -> io::Result<()> {
        self.started = head.started;
        let tool = json!({"driver": {
            "name": "image-signature",
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": rules(),
        }});
        write!(out, "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{{\"tool\":")?;
        write_line(out, &tool)?;
        let source = safe(&head.source);
        let mut description = format!("Audit of {source}");
        if !head.judged_by.is_empty() {
            description.push_str(&format!(", judged by {}", message(&head.judged_by)));
        }
        write!(out, ",\"automationDetails\":")?;
        write_line(
            out,
            &json!({"id": format!("image-signature/audit/{source}"), "description": {"text": description}}),
        )?;
        write!(out, ",\"columnKind\":\"utf16CodeUnits\",\"results\":[")
    }

    fn entry(&mut self, out: &mut dyn Write, entry: &Entry) -> io::Result<()> {
        if entry.verdict != Verdict::Verified {
            let text = format!("{}: {}: {}", entry.verdict, entry.reason, message(&entry.message));
            let verdict_fails = self.fail_on.has_verdict(entry.verdict);
            self.result(out, entry, entry.reason.word(), verdict_fails, &text)?;
        }
        for finding in &entry.findings {
            let mut text = message(&finding.message);
            if let Some(command) = &finding.command {
                text.push('\n');
                text.push_str(&message(command));
            }
            let fails = self.fail_on.has(finding.kind);
            self.result(out, entry, finding.kind.word(), fails, &text)?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, tail: &Tail, totals: &Totals) -> io::Result<()> {
        let why: Vec<String> = tail.reasons().map(message).collect();
        let notifications = why
            .iter()
            .map(|why| json!({"level": "error", "message": {"text": why}}));
        write!(out, "],\"invocations\":")?;
        write_line(
            out,
            &json!([{
                "executionSuccessful": why.is_empty(),
                "startTimeUtc": time(self.started),
                "endTimeUtc": time(tail.ended),
                "toolExecutionNotifications": notifications.collect::<Vec<_>>(),
            }]),
        )?;
        let mut frameworks: Vec<&str> = Vec::new();
        for control in &self.controls {
            if !frameworks.contains(&control.framework.as_str()) {
                frameworks.push(&control.framework);
            }
        }
        let taxonomies = frameworks.into_iter().map(|framework| {
            let own = self.controls.iter().filter(|control| control.framework == framework);
            let taxa = own.map(|control| {
                json!({
                    "id": control.id,
                    "shortDescription": {"text": control.asks},
                    "fullDescription": {"text": format!("Evidence: {}", control.evidence(totals).join(". "))},
                })
            });
            json!({"name": framework, "taxa": taxa.collect::<Vec<_>>()})
        });
        write!(out, ",\"taxonomies\":")?;
        write_line(out, &Value::from(taxonomies.collect::<Vec<_>>()))?;
        writeln!(out, "}}]}}")?;
        out.flush()
    }
}
