// SPDX-License-Identifier: Apache-2.0
//! Waiting for an answer no longer than the run goes on: one that a signal is to end must say in time what is done, however
//! long a server takes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::unversioned::transport::time::Duration as Left;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};
use ureq::Error;

use crate::files::cleanup;

/// How often it is looked whether a signal has come.
const PERIOD: Duration = Duration::from_millis(100);

/// What is said of a request that was given up.
pub(super) const GIVEN_UP: &str = "given up: the run was interrupted";

/// Sleeps; tells whether the run still goes on then.
pub(super) fn sleep(time: Duration) -> bool {
    let begun = Instant::now();
    while !cleanup::is_ending() {
        let left = time.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(PERIOD));
    }
    false
}

/// Makes connections whose answers are waited for until the run is to end.
#[derive(Debug, Default)]
pub(super) struct WaitingConnector {
    /// The answer that is waited for may be given up. Of one to a change it would not be known whether that was made.
    pub(super) may_give_up: Arc<AtomicBool>,
}

impl<In: Transport> Connector<In> for WaitingConnector {
    type Out = Waiting<In>;

    fn connect(&self, _: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(|inner| Waiting {
            inner,
            may_give_up: Arc::clone(&self.may_give_up),
        }))
    }
}

/// A connection of which each answer is waited for in short spells.
#[derive(Debug)]
pub(super) struct Waiting<In> {
    inner: In,
    may_give_up: Arc<AtomicBool>,
}

impl<In: Transport> Transport for Waiting<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let begun = Instant::now();
        while self.may_give_up.load(Ordering::Relaxed) {
            if cleanup::is_ending() {
                return Err(Error::Io(std::io::Error::other(GIVEN_UP)));
            }
            let left = match timeout.after {
                Left::Exact(limit) => limit.saturating_sub(begun.elapsed()),
                Left::NotHappening => Duration::MAX,
            };
            if left <= PERIOD {
                return self.inner.await_input(NextTimeout {
                    after: Left::Exact(left),
                    ..timeout
                });
            }
            let part = NextTimeout {
                after: Left::Exact(PERIOD),
                ..timeout
            };
            match self.inner.await_input(part) {
                Err(Error::Timeout(_)) => {}
                other => return other,
            }
        }
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
