// SPDX-License-Identifier: Apache-2.0
//! Text as a page shows it.

use minijinja::{HtmlEscape, Value};

use crate::text::time;

/// The filter `breaks`: escaped text that a narrow column breaks between the parts of a name first, and within them last.
pub(super) fn breaks(text: &str) -> Value {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(end) = first_break(rest) {
        let (part, next) = rest.split_at(end);
        out.push_str(&HtmlEscape(part).to_string());
        out.push_str("<wbr>");
        rest = next;
    }
    out.push_str(&HtmlEscape(rest).to_string());
    Value::from_safe_string(out)
}

/// Where a name is broken first: behind a slash and before an at sign, not within `://`.
fn first_break(name: &str) -> Option<usize> {
    let all = name.bytes().zip(name.bytes().skip(1)).enumerate();
    let mut ends = all.filter(|(_, (own, next))| *own == b'/' && *next != b'/' || *next == b'@');
    ends.next().map(|(at, _)| at + 1)
}

/// A moment as people write it: `2026-11-28 07:10:47 UTC`.
pub(super) fn moment(seconds: i64) -> String {
    let time = time(seconds);
    match time.strip_suffix('Z').and_then(|time| time.split_once('T')) {
        Some((day, hour)) => format!("{day} {hour} UTC"),
        None => time,
    }
}

/// The day of a time.
pub(super) fn day(seconds: i64) -> String {
    let time = time(seconds);
    time.split('T').next().unwrap_or(&time).to_owned()
}

/// A part of a whole in percent, cut and not rounded: what is not all of it is never 100 %, what is there never 0 %.
pub(super) fn share(part: u64, whole: u64) -> String {
    let thousandths = u128::from(part) * 1000 / u128::from(whole.max(1));
    match (part, thousandths) {
        (0, _) => "0 %".to_owned(),
        (_, 0) => "< 0.1 %".to_owned(),
        (_, tenths) if tenths % 10 == 0 => format!("{} %", tenths / 10),
        (_, tenths) => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_and_broken_between_their_parts() {
        let broken = |text: &str| breaks(text).to_string();
        assert_eq!(broken("a.example/b@sha256:c"), "a.example&#x2f;<wbr>b<wbr>@sha256:c");
        assert_eq!(broken("https://a/"), "https:&#x2f;&#x2f;<wbr>a&#x2f;");
        assert_eq!(broken("@ä@/ö"), "@ä<wbr>@&#x2f;<wbr>ö");
        assert_eq!(broken("<b>&\"'"), "&lt;b&gt;&amp;&quot;&#x27;");
        assert_eq!(broken(""), "");
    }

    #[test]
    fn shares_are_not_rounded_up() {
        for (part, whole, said) in [
            (0, 0, "0 %"),
            (0, 5, "0 %"),
            (1, 5000, "< 0.1 %"),
            (1, 3, "33.3 %"),
            (4400, 5000, "88 %"),
            (199_999, 200_000, "99.9 %"),
            (7, 7, "100 %"),
            (u64::MAX, u64::MAX, "100 %"),
        ] {
            assert_eq!(share(part, whole), said);
        }
    }

    #[test]
    fn moments() {
        assert_eq!(moment(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(moment(i64::MAX), i64::MAX.to_string());
    }
}
