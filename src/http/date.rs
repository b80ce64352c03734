// SPDX-License-Identifier: Apache-2.0
//! The header `Date` (RFC 9110 section 6.6.1): when the server answered, by its own clock.

/// Seconds since 1970; nothing where the text is not a date.
pub(super) fn parse(header: &str) -> Option<i64> {
    let time = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(header.trim());
    time.ok().map(jiff::Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn dates() {
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(parse(" Thu, 01 Jan 1970 00:00:00 GMT "), Some(0));
        for bad in ["", "yesterday", "784111777", "Sun, 06 Nov", "1994-11-06T08:49:37Z"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
