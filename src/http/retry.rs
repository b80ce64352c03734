// SPDX-License-Identifier: Apache-2.0
//! When a request is sent once more: where the server says when to come again, and, if it only reads, after a lost
//! connection or where the server is overloaded.

use std::time::{Duration, Instant};

use super::date;
use super::error::HttpError;

/// Longest wait that a server may ask for with `Retry-After` (product limits).
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Longest time for a request with all its retries (product limits).
pub const MAX_RETRY_TOTAL: Duration = Duration::from_secs(300);

/// Most retries that a server may ask for.
const MAX_RETRIES: u32 = 10;

/// Most retries of a read that nobody asked for: after a lost connection, or an overload of which the server does not say
/// how long it lasts.
const MAX_OWN_RETRIES: u32 = 4;

/// What a request allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// It changes nothing, so that it may be sent again.
    pub only_reads: bool,
    /// It is sent again after a 429 that does not say when.
    pub retries_429: bool,
    /// When it must have ended, all attempts included.
    pub until: Option<Instant>,
}

/// The attempts of one request.
#[derive(Debug)]
pub(super) struct Attempts {
    rules: Rules,
    started: Instant,
    asked_for: u32,
    own: u32,
}

impl Attempts {
    pub(super) fn begin(rules: Rules) -> Self {
        Self {
            rules,
            started: Instant::now(),
            asked_for: 0,
            own: 0,
        }
    }

    /// The time for the next one, where it is limited from outside: the first has the limits of its parts, further ones end
    /// with the time for all of them.
    pub(super) fn left(&self) -> Option<Duration> {
        let is_first = self.asked_for + self.own == 0;
        let total = (!is_first).then(|| MAX_RETRY_TOTAL.saturating_sub(self.started.elapsed()));
        let until = self.rules.until;
        let until = until.map(|until| until.saturating_duration_since(Instant::now()));
        total.into_iter().chain(until).min()
    }

    /// How long to wait before the next one, if there is to be one, after a status and the wait that came with it.
    pub(super) fn wait(&mut self, last: Result<(u16, Option<Duration>), &HttpError>) -> Option<Duration> {
        let Rules {
            only_reads,
            retries_429,
            until,
        } = self.rules;
        let wait = match last {
            Ok((status, Some(wait))) if is_retryable(status) && self.asked_for < MAX_RETRIES => {
                self.asked_for += 1;
                Some(wait.min(MAX_RETRY_AFTER))
            }
            Ok((503, None)) if only_reads => self.backoff(500),
            Ok((429, None)) if only_reads && retries_429 => self.backoff(2000),
            Err(error) if only_reads && error.is_lost() => self.backoff(50),
            _ => None,
        };
        let is_in_time = |wait: &Duration| {
            let is_before_end = until.is_none_or(|until| Instant::now() + *wait < until);
            is_before_end && self.started.elapsed() + *wait < MAX_RETRY_TOTAL
        };
        wait.filter(is_in_time)
    }

    /// A longer wait each time, until there were enough.
    fn backoff(&mut self, first_ms: u64) -> Option<Duration> {
        self.own += 1;
        (self.own <= MAX_OWN_RETRIES).then(|| Duration::from_millis(first_ms << (self.own - 1)))
    }
}

/// Statuses after which a server may say when to come again.
fn is_retryable(status: u16) -> bool {
    status == 429 || (500..600).contains(&status)
}

/// What `Retry-After` asks for (RFC 9110 section 10.2.3): seconds, or a date, which is understood by the server's own clock
/// where it says what time that has.
pub(super) fn after(text: &str, date: Option<i64>) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let seconds = date::parse(text)?.saturating_sub(date?);
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_come_again() {
        let now = date::parse("Sun, 06 Nov 1994 08:49:37 GMT");
        let seconds = |text: &str| after(text, now).map(|wait| wait.as_secs());
        assert_eq!(seconds("3"), Some(3));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:40 GMT"), Some(3));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:00 GMT"), Some(0), "it is over");
        for bad in ["", "-1", "soon", "1.5"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
        assert_eq!(
            after("Sun, 06 Nov 1994 08:49:40 GMT", None),
            None,
            "nobody knows its clock"
        );
    }
}
