// SPDX-License-Identifier: Apache-2.0
//! Times as kubectl takes them on the command line.

use std::time::Duration;

use crate::text::quoted;

/// A time as kubectl takes it: a number of seconds, or Go's notation with units. 0 stands for none.
pub(super) fn timeout(text: Option<&str>) -> Result<Option<Duration>, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let wrong = || {
        format!(
            "--request-timeout {}: expected a number of seconds, or a number with a unit: 500ms, 90s, 2m, 1h",
            quoted(text)
        )
    };
    let seconds = if text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse::<f64>().map_err(|_| wrong())?
    } else {
        go_duration(text).ok_or_else(wrong)?
    };
    if seconds == 0.0 {
        return Ok(None);
    }
    Duration::try_from_secs_f64(seconds).map(Some).map_err(|_| wrong())
}

/// Seconds of a duration such as `1m30s` or `1.5h`.
fn go_duration(mut text: &str) -> Option<f64> {
    let mut seconds = 0.0;
    while !text.is_empty() {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = text[..end].parse().ok()?;
        text = &text[end..];
        let end = text
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(text.len());
        seconds += number
            * match &text[..end] {
                "ns" => 1e-9,
                "us" | "µs" | "μs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
        text = &text[end..];
    }
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use super::timeout;

    #[test]
    fn request_timeouts() {
        let seconds = |text: &str| timeout(Some(text)).map(|time| time.map(|t| t.as_secs_f64()));
        assert_eq!(seconds("0"), Ok(None));
        assert_eq!(seconds("90"), Ok(Some(90.0)));
        assert_eq!(seconds("1m30s"), Ok(Some(90.0)));
        assert_eq!(seconds("1.5h"), Ok(Some(5400.0)));
        assert_eq!(seconds("500ms"), Ok(Some(0.5)));
        for bad in ["-1", "1x", "s", "1.2.3s", "1s2", "99999999999999999999h", "1 s"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
