// SPDX-License-Identifier: Apache-2.0
//! Several images as a table, as `oc get` prints them; what there is to say of those that are not Verified stands below.

use std::io::{self, Write};

use super::appearance::{self, Columns};
use super::image::ImageReport;
use super::renderer::{Renderer, Summary};
use super::signatures;
use super::wrap::{self, keep_together};
use crate::reason::Verdict;
use crate::reference::Reference;
use crate::text::safe;

/// Columns of the longest verdict, `Unsupported`.
const VERDICT: usize = 11;
/// Columns of the longest reason, `UnsupportedSignature`.
const REASON: usize = 20;
/// How much of a fingerprint is shown.
const SHORT_KEY: usize = 16;
/// Digits of a whole version 4 fingerprint.
const WHOLE_KEY: usize = 40;
/// Space between two columns.
const GAP: &str = "   ";

/// A row an image.
pub(super) struct Table {
    /// Whole fingerprints, sources, and everything that is known of each signature.
    pub(super) wide: bool,
    /// Verdicts are coloured: results go to a terminal.
    pub(super) colour: bool,
    /// Longest line of a message.
    pub(super) width: usize,
    /// Columns that a row may take. In less than it needs, what is long stands below the rest of it.
    pub(super) room: usize,
    /// Widths of the columns so far, in characters.
    pub(super) columns: Columns,
}

/// Expected identities as one cell.
#[must_use]
pub(crate) fn expected_cell(identities: &[Reference]) -> String {
    let identities: Vec<String> = identities.iter().map(ToString::to_string).collect();
    cell(identities.join(","))
}

fn cell(text: String) -> String {
    if text.is_empty() {
        "-".to_owned()
    } else {
        text
    }
}

impl Table {
    /// Columns of IMAGE, EXPECTED and KEY.
    fn widths(&self) -> [usize; 3] {
        let key = if self.wide { WHOLE_KEY } else { SHORT_KEY };
        let image = self.columns.image.max("IMAGE".len());
        [image, self.columns.expected.max("EXPECTED".len()), key]
    }

    /// Whether a row fits on one line, wherever the last cell ends that has no fixed width.
    fn fits(&self) -> bool {
        let gaps = 4 + usize::from(self.wide);
        VERDICT + self.widths().iter().sum::<usize>() + REASON + gaps * GAP.len() <= self.room
    }

    /// Writes what follows the verdict; the last cell is not filled up.
    fn row(&self, out: &mut dyn Write, cells: [&str; 5]) -> io::Result<()> {
        let [image, expected, key] = self.widths();
        let [image_cell, expected_cell, key_cell, reason, source] = cells;
        if !self.fits() {
            let is_short = !self.wide && key_cell.chars().count() <= SHORT_KEY;
            let beside = if is_short { key_cell } else { "" };
            writeln!(out, "{}", format!("{GAP}{reason:<REASON$}{GAP}{beside}").trim_end())?;
            let below = [image_cell, expected_cell, key_cell, source];
            for (n, cell) in below.into_iter().enumerate() {
                // Of a wide row the place alone tells what a cell is.
                let is_told = cell == "-" || n == 1 && is_told_by(image_cell, cell) || n == 2 && is_short || n == 3;
                if self.wide || !is_told {
                    writeln!(out, "    {cell}")?;
                }
            }
            return Ok(());
        }
        write!(
            out,
            "{GAP}{image_cell:<image$}{GAP}{expected_cell:<expected$}{GAP}{key_cell:<key$}{GAP}"
        )?;
        if self.wide {
            writeln!(out, "{reason:<REASON$}{GAP}{source}")
        } else {
            writeln!(out, "{reason}")
        }
    }
}

/// Whether the image of a row names what is expected of it already: `docker://REFERENCE`, maybe with a platform behind it.
fn is_told_by(image: &str, expected: &str) -> bool {
    let name = image.split_once(" [").map_or(image, |(name, _)| name);
    name.strip_prefix("docker://") == Some(expected)
}

/// A key in a table, as people shorten them: the end of a fingerprint, and the beginning of a hash, whose algorithm it names.
#[must_use]
pub(crate) fn short_key(whole: &str) -> &str {
    let part = match whole.starts_with("sha256:") {
        true => whole.get(..SHORT_KEY),
        false => whole.get(whole.len().saturating_sub(SHORT_KEY)..),
    };
    part.unwrap_or(whole)
}

impl Renderer for Table {
    fn begin(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{:<VERDICT$}", "VERDICT")?;
        // Rows that do not fit leave it out where it is the name of the image.
        let expected = match self.wide || self.fits() {
            true => "EXPECTED",
            false => "EXPECTED (unless it is IMAGE)",
        };
        self.row(out, ["IMAGE", expected, "KEY", "REASON", "SOURCE"])
    }

    fn image(&self, out: &mut dyn Write, report: &ImageReport) -> io::Result<()> {
        let outcome = &report.outcome;
        let keys: Vec<String> = signatures::makers(report)
            .into_iter()
            .map(|signer| {
                let whole = signer.id();
                if self.wide {
                    whole
                } else {
                    short_key(&whole).to_owned()
                }
            })
            .collect();
        let reason = match outcome.verdict() {
            Verdict::Verified => "-",
            _ => outcome.reason().word(),
        };
        appearance::verdict(out, outcome.verdict(), self.colour && !report.is_for_information())?;
        let gap = VERDICT.saturating_sub(outcome.verdict().word().len());
        write!(out, "{:gap$}", "")?;
        self.row(
            out,
            [
                &cell(safe(&report.title())),
                &expected_cell(&report.expected),
                &cell(keys.join(",")),
                reason,
                &safe(&report.source),
            ],
        )
    }

    fn below(&self, out: &mut dyn Write, report: &ImageReport) -> io::Result<()> {
        if report.is_for_information() && !self.wide {
            return Ok(());
        }
        let outcome = &report.outcome;
        let mut text = Vec::new();
        let has_message = outcome.verdict() != Verdict::Verified || outcome.matched().len() < report.expected.len();
        if has_message {
            let owners = signatures::owners(outcome);
            let message = match outcome.verdict() {
                Verdict::Verified => outcome.message().to_owned(),
                _ => format!("{}: {}", outcome.reason(), signatures::message(report)),
            };
            write!(text, "  ")?;
            let message = keep_together(&message, owners.iter().map(String::as_str));
            wrap::write(&mut text, &message, 2, 6, self.width)?;
        }
        if self.wide && outcome.verdict() == Verdict::Verified {
            for scope in signatures::scopes(outcome) {
                write!(text, "  ")?;
                wrap::write(&mut text, &format!("policy {scope}"), 2, 6, self.width)?;
            }
        }
        signatures::write(&mut text, report, self.wide, 2, self.width)?;
        if text.is_empty() {
            return Ok(());
        }
        write!(out, "\n{}", safe(&report.title()))?;
        if report.requested.is_some() && report.asked() != report.image {
            write!(out, " ({})", safe(&report.image))?;
        }
        writeln!(out)?;
        out.write_all(&text)
    }

    fn end(&self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        writeln!(out, "\n{}", counts(summary))
    }
}

/// How many images there are, and of which verdict.
#[must_use]
pub fn counts(summary: &Summary) -> String {
    let each = summary.each();
    let total: usize = each.iter().map(|(_, count)| count).sum();
    let counts: Vec<String> = each
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| format!("{count} {verdict}"))
        .collect();
    let images = if total == 1 { "image" } else { "images" };
    if counts.is_empty() {
        format!("{total} {images}")
    } else {
        format!("{total} {images}: {}", counts.join(", "))
    }
}
