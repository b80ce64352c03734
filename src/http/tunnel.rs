// SPDX-License-Identifier: Apache-2.0
//! Tunnels through HTTP proxies, made within the time for a connection: ureq gives each read of the proxy's answer that
//! time anew, so that a proxy which sends byte by byte could hold the program for ever.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::unversioned::transport::time::Duration as Left;
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, Either, NextTimeout, Transport,
};
use ureq::Error;

/// [`ConnectProxyConnector`] with a limit for all that is said until the tunnel stands.
#[derive(Debug, Default)]
pub(super) struct TunnelConnector(ConnectProxyConnector);

impl<In: Transport> Connector<In> for TunnelConnector {
    type Out = Either<In, Box<dyn Transport>>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        let limit = match details.timeout.after {
            Left::Exact(limit) => limit,
            Left::NotHappening => return self.0.connect(details, chained),
        };
        let (begun, stands) = (Instant::now(), Arc::new(AtomicBool::new(false)));
        let (to_proxy, is_standing) = (Arc::clone(&details.run_connector), Arc::clone(&stands));
        let details = ConnectionDetails {
            uri: details.uri,
            addrs: details.addrs.clone(),
            config: details.config,
            request_level: details.request_level,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: Arc::clone(&details.current_time),
            run_connector: Arc::new(move |details: &ConnectionDetails<'_>| {
                let inner = to_proxy(details)?;
                let stands = Arc::clone(&is_standing);
                let bounded: Box<dyn Transport> = Box::new(Bounded {
                    inner,
                    begun,
                    limit,
                    stands,
                });
                Ok(bounded)
            }),
            register_shutdown: Arc::clone(&details.register_shutdown),
        };
        let connected = self.0.connect(&details, chained);
        stands.store(true, Ordering::Relaxed);
        // Nothing else than the proxy was asked yet.
        connected.map_err(|error| match error {
            Error::Protocol(error) => Error::ConnectProxyFailed(format!("its answer is not an HTTP response: {error}")),
            error => error,
        })
    }
}

/// The connection to the proxy, with what is left of the limit as long as the tunnel does not stand.
#[derive(Debug)]
struct Bounded {
    inner: Box<dyn Transport>,
    begun: Instant,
    limit: Duration,
    stands: Arc<AtomicBool>,
}

impl Bounded {
    fn within(&self, timeout: NextTimeout) -> NextTimeout {
        if self.stands.load(Ordering::Relaxed) {
            return timeout;
        }
        let left = Left::Exact(self.limit.saturating_sub(self.begun.elapsed()));
        NextTimeout {
            after: timeout.after.min(left),
            ..timeout
        }
    }
}

impl Transport for Bounded {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.inner.transmit_output(amount, self.within(timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.inner.await_input(self.within(timeout))
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
