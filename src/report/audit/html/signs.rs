// SPDX-License-Identifier: Apache-2.0
//! How verdicts look on a page.

use crate::reason::Verdict;

/// The sign of a verdict, which stands before its word.
pub(super) fn glyph(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Verified => "\u{2713}",
        Verdict::Rejected => "\u{2717}",
        Verdict::Unsupported | Verdict::Unchecked => "?",
        Verdict::Unsigned => "\u{2205}",
        Verdict::Allowed => "~",
    }
}

/// The class of a verdict, of its rows and of the filter that shows them.
pub(super) fn class(verdict: Verdict) -> String {
    format!("v-{}", verdict.word().to_ascii_lowercase())
}
