// SPDX-License-Identifier: Apache-2.0
//! JUnit: a test case an image, in the members that Jenkins and GitLab read. What --fail-on names is a failure, Unchecked
//! an error; what is not Verified and yet does not make the audit fail is skipped.

use std::io::{self, Write};

use super::renderer::{Look, ReportRenderer};
use super::spool::Spool;
use super::words::message;
use crate::audit::controls::Control;
use crate::audit::entry::Entry;
use crate::audit::fail_on::FailOn;
use crate::audit::head::Head;
use crate::audit::tail::Tail;
use crate::audit::totals::Totals;
use crate::reason::Verdict;
use crate::report::xml::escaped;
use crate::text::{safe, time};

/// `-o junit`: a test case an image, for CI systems.
pub(super) struct Junit {
    cases: Spool,
    fail_on: FailOn,
    controls: Vec<Control>,
    head: Option<Head>,
    failures: u64,
    errors: u64,
    skipped: u64,
}

impl Junit {
    pub(super) fn new(look: &Look) -> Self {
        Self {
            cases: Spool::new(),
            fail_on: look.fail_on.clone(),
            controls: look.controls.clone(),
            head: None,
            failures: 0,
            errors: 0,
            skipped: 0,
        }
    }
}

/// The class of a case: the first namespace that uses the image, else where the image was found.
fn class(entry: &Entry) -> String {
    let namespace = entry
        .uses
        .iter()
        .map(|used| used.namespace.as_str())
        .find(|name| !name.is_empty());
    safe(namespace.unwrap_or(&entry.source))
}

/// The name of a case: what uses the image, and the image, which makes it unique.
fn name(entry: &Entry) -> String {
    match entry.uses.first() {
        Some(used) => format!("{} {}", safe(&used.to_string()), safe(&entry.image)),
        None => safe(&entry.image),
    }
}

impl ReportRenderer for Junit {
    fn begin(&mut self, _: &mut dyn Write, head: &Head) -> io::Result<()> {
        self.head = Some(head.clone());
        Ok(())
    }

    fn entry(&mut self, _: &mut dyn Write, entry: &Entry) -> io::Result<()> {
        let cases = &mut self.cases;
        write!(
            cases,
            "    <testcase classname=\"{}\" name=\"{}\" time=\"0\"",
            escaped(&class(entry)),
            escaped(&name(entry))
        )?;
        let kinds = entry.findings.iter().filter(|finding| self.fail_on.has(finding.kind));
        let mut details: Vec<String> = entry
            .findings
            .iter()
            .map(|finding| format!("{}: {}", finding.kind.word(), message(&finding.message)))
            .collect();
        details.insert(0, message(&entry.message));
        details.insert(1, format!("source: {}", safe(&entry.source)));
        let expected: Vec<String> = entry.expected.iter().map(|identity| safe(identity)).collect();
        details.insert(2, format!("expected: {}", expected.join(", ")));
        let is_verified = entry.verdict == Verdict::Verified;
        let (element, kind, what) = if self.fail_on.fails(entry) {
            if entry.verdict == Verdict::Unchecked {
                self.errors += 1;
                ("error", entry.reason.word(), message(&entry.message))
            } else if is_verified {
                self.failures += 1;
                let first = kinds.into_iter().next();
                let kind = first.map_or("", |finding| finding.kind.word());
                (
                    "failure",
                    kind,
                    first.map_or(String::new(), |finding| message(&finding.message)),
                )
            } else {
                self.failures += 1;
                ("failure", entry.reason.word(), message(&entry.message))
            }
        } else if is_verified {
            return writeln!(cases, "/>");
        } else {
            self.skipped += 1;
            let what = format!("{}: {}: {}", entry.verdict, entry.reason, message(&entry.message));
            return writeln!(
                cases,
                ">\n      <skipped message=\"{}\"/>\n    </testcase>",
                escaped(&what)
            );
        };
        writeln!(
            cases,
            ">\n      <{element} type=\"{kind}\" message=\"{}\">{}</{element}>\n    </testcase>",
            escaped(&format!("{}: {what}", entry.verdict)),
            escaped(&details.join("\n"))
        )
    }

    fn end(&mut self, out: &mut dyn Write, tail: &Tail, totals: &Totals) -> io::Result<()> {
        let is_complete = tail.incomplete.is_empty() && !tail.interrupted;
        let tests = tail.images + 1;
        let errors = self.errors + u64::from(!is_complete);
        let (failures, skipped) = (self.failures, self.skipped);
        let head = self.head.as_ref();
        let source = escaped(&head.map_or(String::new(), |head| safe(&head.source)));
        let started = head.map_or(0, |head| head.started);
        let seconds = (tail.ended - started).max(0);
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        writeln!(
            out,
            "<testsuites name=\"image-signature audit\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{seconds}\">"
        )?;
        // The time has no zone there, and is that of UTC.
        let timestamp = time(started);
        writeln!(
            out,
            "  <testsuite name=\"image-signature audit {source}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"{seconds}\" timestamp=\"{}\">",
            timestamp.trim_end_matches('Z')
        )?;
        writeln!(out, "    <properties>")?;
        if let Some(head) = head.filter(|head| !head.judged_by.is_empty()) {
            let by = escaped(&message(&head.judged_by));
            writeln!(out, "      <property name=\"judged by\" value=\"{by}\"/>")?;
        }
        for control in &self.controls {
            let name = escaped(&safe(&format!("evidence for {} {}", control.framework, control.id)));
            let value = escaped(&message(&control.evidence(totals).join(". ")));
            writeln!(out, "      <property name=\"{name}\" value=\"{value}\"/>")?;
        }
        writeln!(out, "    </properties>")?;
        // An audit that is not complete must not look like one that is.
        write!(
            out,
            "    <testcase classname=\"audit\" name=\"every image was audited\" time=\"{seconds}\""
        )?;
        if is_complete {
            writeln!(out, "/>")?;
        } else {
            let why: Vec<String> = tail.reasons().map(message).collect();
            writeln!(
                out,
                ">\n      <error type=\"Incomplete\" message=\"the audit is not complete\">{}</error>\n    </testcase>",
                escaped(&why.join("\n"))
            )?;
        }
        self.cases.pour(out)?;
        writeln!(out, "  </testsuite>\n</testsuites>")?;
        out.flush()
    }
}
