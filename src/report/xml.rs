// SPDX-License-Identifier: Apache-2.0
//! Text as XML 1.0 can have it.

use crate::text::is_unsafe;

/// Text for an attribute or an element: what XML cannot have is escaped as in other text.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // In an attribute a line feed as it is would be read as a space.
            '\n' => out.push_str("&#10;"),
            c if is_unsafe(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}
