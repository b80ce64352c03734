// SPDX-License-Identifier: Apache-2.0
//! The time while a run goes on.

use std::time::Instant;

/// The time by the monotonic clock, counted on from what the wall clock said when the run began.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: i64,
    since: Instant,
}

impl Clock {
    /// A clock that now says `start`, in seconds since 1970.
    #[must_use]
    pub fn starting_at(start: i64) -> Self {
        Self {
            start,
            since: Instant::now(),
        }
    }

    /// The time now, in seconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        let elapsed = i64::try_from(self.since.elapsed().as_secs()).unwrap_or(i64::MAX);
        self.start.saturating_add(elapsed)
    }
}
