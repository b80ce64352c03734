// SPDX-License-Identifier: Apache-2.0
//! Text: a table of what is wrong, row by row as images are judged, then what it amounts to.

use std::io::{self, Write};

use super::renderer::{Look, ReportRenderer};
use super::summary::Footer;
use super::words::{has_message, message, short};
use crate::audit::entry::{Entry, FindingKind, CLUSTER};
use crate::audit::finding::command_at;
use crate::audit::head::Head;
use crate::audit::tail::Tail;
use crate::audit::totals::Totals;
use crate::reason::Verdict;
use crate::report::{appearance, wrap};
use crate::text::{safe, time};

/// Columns of the longest verdict, `Unsupported`.
const VERDICT: usize = 11;
/// Columns of the longest reason, `UnsupportedSignature`.
const REASON: usize = 20;
/// Columns of a digest.
const IMAGE: usize = 71;
/// Space between two columns.
const GAP: &str = "   ";

/// `-o text`, `-o wide`
pub(super) struct Text {
    colour: bool,
    width: usize,
    /// Columns that a row may take.
    room: usize,
    /// Every image, and everything that is known of it.
    wide: bool,
    /// Whether the head of the table is written.
    has_rows: bool,
    summary: Footer,
}

impl Text {
    pub(super) fn new(look: &Look, wide: bool) -> Self {
        Self {
            colour: look.colour,
            width: look.width,
            room: look.room,
            wide,
            has_rows: false,
            summary: Footer {
                wide,
                controls: look.controls.clone(),
                width: look.width,
                room: look.room,
            },
        }
    }

    fn row(&mut self, out: &mut dyn Write, entry: &Entry) -> io::Result<()> {
        // In less than a row needs, the digest stands below the rest of it.
        let fits = VERDICT + REASON + IMAGE + 2 * GAP.len() <= self.room;
        let before = if fits { GAP } else { "\n    " };
        if !std::mem::replace(&mut self.has_rows, true) {
            let reason = if fits { REASON } else { 0 };
            writeln!(out, "\n{:VERDICT$}{GAP}{:reason$}{before}IMAGE", "VERDICT", "REASON")?;
        }
        appearance::verdict(out, entry.verdict, self.colour)?;
        let gap = VERDICT.saturating_sub(entry.verdict.word().len());
        let reason = match entry.verdict {
            Verdict::Verified => "-",
            _ => entry.reason.word(),
        };
        let filled = if fits { REASON } else { 0 };
        writeln!(out, "{:gap$}{GAP}{reason:filled$}{before}{}", "", safe(&entry.image))?;
        let keys: Vec<String> = entry.signers().map(|signer| safe(&signer.primary)).collect();
        if self.wide && !keys.is_empty() {
            self.below(out, &format!("key {}", keys.join(", ")))?;
        }
        let shown = if self.wide { entry.uses.len() } else { 1 };
        let mut uses: Vec<String> = entry
            .uses
            .iter()
            .take(shown)
            .map(|used| safe(&used.to_string()))
            .collect();
        let more = (entry.uses.len() - uses.len()) as u64 + entry.more_uses;
        if more > 0 {
            uses.push(format!("{more} more"));
        }
        match uses.is_empty() {
            true => Ok(()),
            false => self.below(out, &format!("used by {}", uses.join(", "))),
        }
    }

    /// A line below the row, broken between words.
    fn below(&self, out: &mut dyn Write, text: &str) -> io::Result<()> {
        write!(out, "    ")?;
        wrap::write(out, text, 4, 8, self.width)
    }

    fn details(&self, out: &mut dyn Write, entry: &Entry) -> io::Result<()> {
        if self.wide || has_message(entry) {
            self.below(out, &message(&entry.message))?;
        }
        let is_in_cluster = entry.source == CLUSTER;
        if self.wide || entry.verdict != Verdict::Verified && !is_in_cluster {
            self.below(out, &format!("source {}", safe(&entry.source)))?;
        }
        if self.wide {
            for identity in &entry.expected {
                let is_met = entry.matched.contains(identity);
                let word = if is_met { "accepted as" } else { "expected" };
                self.below(out, &format!("{word} {}", safe(identity)))?;
            }
            for signature in &entry.signatures {
                let name = safe(short(&signature.name));
                let maker = signature
                    .signer
                    .as_ref()
                    .filter(|signer| !signature.message.contains(&signer.user_id))
                    .map(|signer| format!(", by {}", safe(&signer.user_id)));
                let text = format!(
                    "signature {name}: {}{}: {}",
                    signature.reason,
                    maker.unwrap_or_default(),
                    message(&signature.message)
                );
                let owners = signature.signer.iter().map(|signer| safe(&signer.user_id));
                let owners: Vec<String> = owners.collect();
                wrap::line(out, "    ", &text, &owners, 8, Some(self.width))?;
            }
        }
        for (n, finding) in entry.findings.iter().enumerate() {
            if !self.wide && is_summed_up(finding.kind) {
                continue;
            }
            self.below(out, &format!("{}: {}", finding.kind.word(), message(&finding.message)))?;
            if let Some(command) = command_at(&entry.findings, n) {
                // On one line, so that it can be copied.
                writeln!(out, "    {}", message(command))?;
            }
        }
        Ok(())
    }
}

/// Whether nothing is to be said of a finding image by image: the reason says that there is no signature, and the end
/// which keys expire and how many images that is about.
fn is_summed_up(kind: FindingKind) -> bool {
    matches!(kind, FindingKind::UnsignedInUse | FindingKind::Expiring)
}

impl ReportRenderer for Text {
    fn begin(&mut self, out: &mut dyn Write, head: &Head) -> io::Result<()> {
        write!(out, "Audit of {}", safe(&head.source))?;
        if head.shard.count > 1 {
            write!(out, ", shard {}", head.shard)?;
        }
        writeln!(out, ", begun {}", time(head.started))?;
        match head.judged_by.as_str() {
            "" => Ok(()),
            by => wrap::line(out, "Judged by ", &message(by), &[], 4, Some(self.width)),
        }
    }

    fn entry(&mut self, out: &mut dyn Write, entry: &Entry) -> io::Result<()> {
        let is_well =
            entry.verdict == Verdict::Verified && entry.findings.iter().all(|finding| is_summed_up(finding.kind));
        if is_well && !self.wide {
            return Ok(());
        }
        self.row(out, entry)?;
        self.details(out, entry)
    }

    fn end(&mut self, out: &mut dyn Write, tail: &Tail, totals: &Totals) -> io::Result<()> {
        self.summary.write(out, tail, totals)?;
        out.flush()
    }
}
