// SPDX-License-Identifier: Apache-2.0
//! Long times on the command line.

use crate::settings::UsageError;
use crate::text::quoted;

/// How long before they expire keys are told of where the user does not say it, in seconds.
pub(super) const DEFAULT_EXPIRY: i64 = 30 * 86400;

/// Longest time, in seconds: a hundred years.
const MAX: i64 = 100 * 366 * 86400;

/// The seconds of a number with a unit: `30d`, `12h`, `2w`.
pub(super) fn seconds(option: &str, text: &str) -> Result<i64, UsageError> {
    let wrong = || {
        UsageError::new(format!(
            "{option} {}: expected a number with a unit: 30d, 12h, 4w",
            quoted(text)
        ))
    };
    let end = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let unit = match &text[end..] {
        "h" => 3600,
        "d" => 86400,
        "w" => 7 * 86400,
        _ => return Err(wrong()),
    };
    let number: i64 = text[..end].parse().map_err(|_| wrong())?;
    number
        .checked_mul(unit)
        .filter(|seconds| *seconds <= MAX)
        .ok_or_else(wrong)
}
