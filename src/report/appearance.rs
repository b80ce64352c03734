// SPDX-License-Identifier: Apache-2.0
//! What text output looks like where it is printed.

use std::io::{self, Write};

use super::renderer::VerificationFormat;
use crate::reason::{Reason, Verdict};
use crate::settings::tips::Tips;

/// Longest line where nothing else is known, in columns.
pub(crate) const WIDTH: usize = 80;

/// Longest line of a message where a terminal is narrower than that, in columns.
const MIN_WIDTH: usize = 40;

/// Longest line of a message however wide the terminal is, in columns.
const MAX_WIDTH: usize = 160;

/// The longest line for a terminal, or for something else.
#[must_use]
pub fn width(columns: Option<usize>) -> usize {
    columns.unwrap_or(WIDTH).clamp(MIN_WIDTH, MAX_WIDTH)
}

/// Columns that a row of a table may take on a terminal. Elsewhere it stays whole, as those of `oc get` do: what reads it
/// goes by lines.
#[must_use]
pub fn room(columns: Option<usize>) -> usize {
    columns.unwrap_or(usize::MAX)
}

/// How results are printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appearance {
    /// How results are written.
    pub format: VerificationFormat,
    /// Verdicts are coloured. Their words are there all the same.
    pub colour: bool,
    /// Longest line of a message, in columns.
    pub width: usize,
    /// Columns that a row of a table may take.
    pub room: usize,
    /// Longest line of `--explain`, in columns. None where nobody reads it on a terminal: lines stay whole.
    pub explained: Option<usize>,
    /// Where several images are expected, the widths of the table's columns.
    pub table: Option<Columns>,
    /// What commands that are proposed take over from this run.
    pub tips: Tips,
}

/// Widths of the columns whose content the user chooses, in characters. They are known before the first image is judged:
/// so rows are printed as they come, and none is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    /// The longest name of an image.
    pub image: usize,
    /// The longest list of expected identities.
    pub expected: usize,
}

/// `Verified: ...` or `Rejected: UnknownKey: ...`: the reason word stands in each negative outcome.
#[must_use]
pub(crate) fn verdict_text(reason: Reason, message: &str) -> String {
    match reason {
        // The reason is the verdict's own word.
        Reason::Verified | Reason::Allowed => format!("{}: {message}", reason.verdict()),
        _ => format!("{}: {reason}: {message}", reason.verdict()),
    }
}

/// Writes a verdict.
///
/// # Errors
/// When writing fails.
pub(super) fn verdict(out: &mut dyn Write, verdict: Verdict, colour: bool) -> io::Result<()> {
    let code = match verdict {
        Verdict::Verified => 32,
        Verdict::Rejected => 31,
        Verdict::Unsupported | Verdict::Unsigned | Verdict::Allowed | Verdict::Unchecked => 33,
    };
    if colour {
        write!(out, "\u{1b}[1;{code}m{verdict}\u{1b}[0m")
    } else {
        write!(out, "{verdict}")
    }
}
