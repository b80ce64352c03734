// SPDX-License-Identifier: Apache-2.0
//! The time that all requests about one image may take together: a limit for each alone leaves a server that answers slowly,
//! again and again, as long as it likes.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest time for all requests about one image.
const MAX_TOTAL: Duration = Duration::from_secs(600);

/// The same where the user limits the time of a request: as many times that.
const REQUESTS: u32 = 20;

/// The time that is left for the image that is looked at.
#[derive(Debug)]
pub struct Budget {
    limit: Duration,
    until: Mutex<Option<Instant>>,
    bound: Mutex<Option<(Duration, Instant)>>,
}

impl Budget {
    /// `request` is the user's limit for one request.
    #[must_use]
    pub fn new(request: Option<Duration>) -> Self {
        Self {
            limit: request.map_or(MAX_TOTAL, |request| request.saturating_mul(REQUESTS)),
            until: Mutex::new(None),
            bound: Mutex::new(None),
        }
    }

    /// Has all that is looked at from now on end by then, which was `limit` away when it began; `None` takes that back.
    pub fn within(&self, bound: Option<(Duration, Instant)>) {
        *self.bound.lock().unwrap_or_else(PoisonError::into_inner) = bound;
    }

    /// Another image is looked at from now on.
    pub fn begin(&self) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(self.limit);
    }

    /// The time for all requests about an image.
    #[must_use]
    pub fn limit(&self) -> Duration {
        let bound = self.bound().map(|(limit, _)| limit);
        bound.map_or(self.limit, |bound| bound.min(self.limit))
    }

    /// When the requests about this image must have ended.
    pub(super) fn until(&self) -> Option<Instant> {
        let own = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let bound = self.bound().map(|(_, until)| until);
        own.into_iter().chain(bound).min()
    }

    fn bound(&self) -> Option<(Duration, Instant)> {
        *self.bound.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether they must have ended by now.
    pub(super) fn is_over(&self) -> bool {
        self.until().is_some_and(|until| Instant::now() >= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_looks_end_within_one_bound() {
        let budget = Budget::new(None);
        let (limit, now) = (Duration::from_secs(120), Instant::now());
        budget.within(Some((limit, now + limit)));
        budget.begin();
        assert_eq!((budget.until(), budget.limit()), (Some(now + limit), limit));
        budget.within(Some((limit, now)));
        budget.begin();
        assert!(budget.is_over());
        budget.within(None);
        budget.begin();
        assert!(!budget.is_over() && budget.limit() == MAX_TOTAL);
        let strict = Budget::new(Some(Duration::from_secs(1)));
        strict.begin();
        strict.within(Some((limit, now + limit)));
        assert!(strict.until() < Some(now + limit) && strict.limit() == Duration::from_secs(20));
    }
}
