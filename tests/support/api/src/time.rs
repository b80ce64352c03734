// SPDX-License-Identifier: Apache-2.0
//! Times of the API: RFC 3339 as Go reads it, whole seconds in UTC as the server stores them.

use jiff::{SignedDuration, Timestamp};

use super::go::quote;

/// The layout that Go names in its complaints.
const LAYOUT: &str = "2006-01-02T15:04:05Z07:00";

/// The moment that Go's zero time stands for, year 1, which the server takes as no time at all.
const ZERO: &str = "0001-01-01T00:00:00Z";

/// Reads a time with its fraction; `None` is the zero time.
pub fn parse(text: &str) -> Result<Option<Timestamp>, String> {
    let mut rest = text;
    let mut numbers = [0i64; 6];
    let parts = [
        ("2006", 4),
        ("-", 0),
        ("01", 2),
        ("-", 0),
        ("02", 2),
        ("T", 0),
        ("15", 2),
        (":", 0),
        ("04", 2),
        (":", 0),
        ("05", 2),
    ];
    let mut n = 0;
    for (element, digits) in parts {
        let taken = if digits == 0 {
            rest.strip_prefix(element).map(|rest| (0, rest))
        } else {
            number(rest, digits)
        };
        let Some((value, left)) = taken else {
            return Err(cannot(text, rest, element));
        };
        if digits > 0 {
            numbers[n] = value;
            n += 1;
        }
        rest = left;
    }
    let [year, month, day, hour, minute, second] = numbers;
    let mut nanoseconds = 0;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            nanoseconds = format!("{:0<9.9}", &fraction[..digits]).parse::<i64>().unwrap_or(0);
            rest = &fraction[digits..];
        }
    }
    let offset = offset(text, rest)?;
    let range = |what: &str| Err(format!("parsing time {}: {what} out of range", quote(text)));
    if !(1..=12).contains(&month) {
        return range("month");
    }
    for (what, value, end) in [("hour", hour, 24), ("minute", minute, 60), ("second", second, 60)] {
        if value >= end {
            return range(what);
        }
    }
    let Ok(date) = jiff::civil::Date::new(small(year), small(month), small(day)) else {
        return range("day");
    };
    let time = jiff::civil::Time::midnight()
        .checked_add(SignedDuration::from_secs(hour * 3600 + minute * 60 + second))
        .and_then(|t| t.checked_add(SignedDuration::from_nanos(nanoseconds)))
        .map_err(|e| e.to_string())?;
    let moment = date
        .to_datetime(time)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map_err(|e| e.to_string())?
        .timestamp();
    let moment = moment
        .checked_sub(SignedDuration::from_secs(offset))
        .map_err(|e| e.to_string())?;
    Ok((format(moment) != ZERO).then_some(moment))
}

/// A time as the server writes it: fractions are dropped.
pub fn format(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The present moment as the server writes it.
pub fn now() -> String {
    format(Timestamp::now())
}

fn number(text: &str, digits: usize) -> Option<(i64, &str)> {
    let (head, rest) = text.split_at_checked(digits)?;
    if !head.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((head.parse().ok()?, rest))
}

/// Seconds east of UTC.
fn offset(text: &str, rest: &str) -> Result<i64, String> {
    let extra = |rest: &str| format!("parsing time {}: extra text: {}", quote(text), quote(rest));
    if let Some(left) = rest.strip_prefix('Z') {
        return if left.is_empty() { Ok(0) } else { Err(extra(left)) };
    }
    let sign = match rest.chars().next() {
        Some('+') => 1,
        Some('-') => -1,
        _ => return Err(cannot(text, rest, "Z07:00")),
    };
    let bad = || cannot(text, rest, "Z07:00");
    let (hours, left) = number(&rest[1..], 2).ok_or_else(bad)?;
    let (minutes, left) = left.strip_prefix(':').and_then(|l| number(l, 2)).ok_or_else(bad)?;
    if hours > 24 || minutes >= 60 {
        return Err(format!(
            "parsing time {}: time zone offset hour out of range",
            quote(text)
        ));
    }
    if left.is_empty() {
        Ok(sign * (hours * 3600 + minutes * 60))
    } else {
        Err(extra(left))
    }
}

fn cannot(text: &str, rest: &str, element: &str) -> String {
    format!(
        "parsing time {} as {}: cannot parse {} as {}",
        quote(text),
        quote(LAYOUT),
        quote(rest),
        quote(element)
    )
}

/// Numbers of two or four digits.
fn small<T: TryFrom<i64> + Default>(value: i64) -> T {
    T::try_from(value).unwrap_or_default()
}
