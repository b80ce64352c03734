// SPDX-License-Identifier: Apache-2.0
//! How fast a run is, how long it still takes, and a bar that shows how far it is.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How much of the past the pace is that of: a run that becomes slower says so soon.
const WINDOW: Duration = Duration::from_secs(20);
/// Most moments that are remembered.
const MAX_MOMENTS: usize = 64;
/// Columns of the bar between its brackets.
const BAR: usize = 20;

/// How many were done at some moments, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Pace(VecDeque<(Instant, usize)>);

impl Pace {
    /// Notes how many are done now.
    pub(super) fn note(&mut self, now: Instant, done: usize) {
        self.0.push_back((now, done));
        let is_old = |moment: &(Instant, usize)| now.duration_since(moment.0) > WINDOW;
        // One that is older than the window begins it.
        while self.0.len() > MAX_MOMENTS || self.0.get(1).is_some_and(is_old) {
            self.0.pop_front();
        }
    }

    /// How many are done in a second; nothing where that cannot be told yet.
    fn rate(&self) -> Option<f64> {
        let ((begin, before), (now, done)) = (self.0.front()?, self.0.back()?);
        let seconds = now.duration_since(*begin).as_secs_f64();
        let more = done.saturating_sub(*before);
        (more > 0 && seconds > 0.0).then(|| more as f64 / seconds)
    }

    /// The pace in words, and how long `left` more take, where there are any: `12/s, 40 s left`.
    pub(super) fn text(&self, left: usize) -> Option<String> {
        let rate = self.rate()?;
        let mut text = if rate < 10.0 {
            format!("{rate:.1}/s")
        } else {
            format!("{rate:.0}/s")
        };
        if left > 0 {
            let seconds = (left as f64 / rate).ceil();
            text.push_str(&format!(", {} left", duration(seconds)));
        }
        Some(text)
    }
}

/// A time in the two largest units that say something.
fn duration(seconds: f64) -> String {
    // Beyond this nobody counts; the cast of a float that is too large is the largest number.
    let seconds = seconds as u64;
    let (minutes, hours) = (seconds.div_ceil(60), seconds / 3600);
    match seconds {
        0..=99 => format!("{seconds} s"),
        100..=5999 => format!("{minutes} min"),
        _ => format!("{hours} h {} min", seconds % 3600 / 60),
    }
}

/// A bar that is as full as the run is far.
pub(super) fn bar(done: usize, total: usize) -> String {
    let full = (done.min(total) * BAR).checked_div(total).unwrap_or(0);
    format!("[{}{}]", "#".repeat(full), "-".repeat(BAR - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_the_last_seconds() {
        let mut pace = Pace::default();
        let begin = Instant::now();
        assert_eq!(pace.text(10), None);
        pace.note(begin, 0);
        assert_eq!(pace.text(10), None);
        for n in 1..=10 {
            pace.note(begin + Duration::from_secs(n), n as usize * 100);
        }
        assert_eq!(pace.text(1000).unwrap(), "100/s, 10 s left");
        assert_eq!(pace.text(0).unwrap(), "100/s");
        // A hundred seconds later nothing has come: what was before does not count any more.
        pace.note(begin + Duration::from_secs(100), 1000);
        pace.note(begin + Duration::from_secs(125), 1000);
        assert_eq!(pace.text(1000), None);
        pace.note(begin + Duration::from_secs(130), 1003);
        assert_eq!(pace.text(1).unwrap(), "0.1/s, 10 s left");
    }

    #[test]
    fn times_and_bars() {
        for (seconds, text) in [
            (0.0, "0 s"),
            (99.0, "99 s"),
            (100.0, "2 min"),
            (5999.0, "100 min"),
            (7200.0, "2 h 0 min"),
        ] {
            assert_eq!(duration(seconds), text);
        }
        assert_eq!(bar(1, 2), "[##########----------]");
        assert_eq!(bar(0, 3), "[--------------------]");
        assert_eq!(bar(9, 3), "[####################]");
        assert_eq!(bar(0, 0), "[--------------------]");
        assert!(!duration(f64::MAX).is_empty());
    }
}
