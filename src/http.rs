// SPDX-License-Identifier: Apache-2.0
//! Everything that goes over the network: one ureq agent with its TLS, proxy, time-outs, size limits and retries.
//!
//! Redirects are not followed here: whom we talk to is what the caller has decided. Nothing secret is logged.

mod addresses;
mod alert;
mod date;
mod error;
pub(crate) mod escape;
mod handshake;
mod message;
pub(crate) mod patience;
pub(crate) mod proxy;
mod retry;
pub mod secret;
pub mod tls;
mod tunnel;
pub mod url;
mod waiting;
mod warning;

use std::collections::HashSet;
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::http::{HeaderMap, HeaderValue};
use ureq::unversioned::transport::{Connector, SocksConnector, TcpConnector};
use ureq::{Agent, Body};

use crate::text::safe;
use addresses::Resolver;
pub use addresses::{is_address, Addresses, Nearness};
pub use error::{HttpError, ANSWER_TIMEOUT, BODY_TIMEOUT, CONNECT_TIMEOUT};
pub use message::{Headers, Method, Request, Response};
use patience::Patience;
use proxy::Proxy;
use retry::{Attempts, Rules};
pub use retry::{MAX_RETRY_AFTER, MAX_RETRY_TOTAL};
use tls::{Tls, TlsConnector};
use tunnel::TunnelConnector;
use waiting::WaitingConnector;

/// A wait that a person at a terminal would wonder about.
const NOTICEABLE: Duration = Duration::from_secs(1);

/// How the client names itself: `program/version (system/architecture)`, as kubectl does.
fn user_agent() -> String {
    format!(
        "image-signature/{} ({})",
        env!("CARGO_PKG_VERSION"),
        env!("IMAGE_SIGNATURE_PLATFORM")
    )
}

/// How a server is reached.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// How it is recognised.
    pub tls: Tls,
    /// What it is reached through.
    pub proxy: Option<Proxy>,
    /// Time limit per request, instead of the limits of its parts.
    pub timeout: Option<Duration>,
    /// Whether answers may come compressed.
    pub compression: bool,
    /// Which addresses the server may have.
    pub addresses: Addresses,
    /// Whether what only reads is sent again after a 429 that does not say when, as registries expect it.
    pub retries_429: bool,
    /// Whether queries of URLs are left out of the log: those of other servers may hold keys to what they store.
    pub hides_queries: bool,
}

/// A client for servers that are reached in one way.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    /// Whether the answer to the request under way may be given up.
    may_give_up: Arc<AtomicBool>,
    settings: Settings,
    /// It was said that the server takes its time.
    is_slow: Arc<AtomicBool>,
    seen: HashSet<String>,
    warnings: Vec<String>,
}

impl Client {
    /// Sets a client up; nothing is contacted.
    ///
    /// # Errors
    /// When TLS cannot be set up with these certificates.
    pub fn new(settings: Settings) -> Result<Self, tls::TlsError> {
        let https_proxy = settings.proxy.as_ref().filter(|proxy| proxy.is_https());
        let waiting = WaitingConnector::default();
        let may_give_up = Arc::clone(&waiting.may_give_up);
        let connector =
            ().chain(SocksConnector::default())
                .chain(TunnelConnector::default())
                .chain(TcpConnector::default())
                .chain(waiting)
                .chain(TlsConnector::new(&settings.tls, https_proxy)?);
        let part = |limit| settings.timeout.is_none().then_some(limit);
        let config = Agent::config_builder()
            .proxy(settings.proxy.as_ref().map(Proxy::for_agent))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(user_agent())
            .accept_encoding(if settings.compression { "gzip" } else { "" })
            .timeout_global(settings.timeout)
            .timeout_resolve(part(CONNECT_TIMEOUT))
            .timeout_connect(part(CONNECT_TIMEOUT))
            .timeout_send_request(part(ANSWER_TIMEOUT))
            .timeout_send_body(part(ANSWER_TIMEOUT))
            .timeout_recv_response(part(ANSWER_TIMEOUT))
            .timeout_per_read(part(ANSWER_TIMEOUT))
            .timeout_recv_body(part(BODY_TIMEOUT))
            .build();
        Ok(Self {
            agent: Agent::with_parts(config, connector, Resolver::new(settings.addresses)),
            may_give_up,
            settings,
            is_slow: Arc::default(),
            seen: HashSet::new(),
            warnings: Vec::new(),
        })
    }

    /// Another client with another certificate of ours; warnings that were told are not told again.
    ///
    /// # Errors
    /// When TLS cannot be set up with it.
    pub fn with_identity(&self, identity: Option<tls::Identity>) -> Result<Self, tls::TlsError> {
        let mut settings = self.settings.clone();
        settings.tls.identity = identity;
        let mut client = Self::new(settings)?;
        client.seen.clone_from(&self.seen);
        client.warnings.clone_from(&self.warnings);
        Ok(client)
    }

    /// What servers have warned of since the last call (RFC 7234 section 5.5, code 299), each text once.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Sends a request and reads the answer. It is sent again where the server says when, and, if it only reads, after
    /// a lost connection, a bare 503 or, where the settings say so, a bare 429.
    ///
    /// # Errors
    /// When there is no answer in time, or it is too large.
    pub fn send(&mut self, request: &Request<'_>) -> Result<Response, HttpError> {
        let only_reads = request.method == Method::Get;
        self.may_give_up.store(only_reads, Ordering::Relaxed);
        let mut attempts = Attempts::begin(Rules {
            only_reads,
            retries_429: self.settings.retries_429,
            until: request.until,
        });
        loop {
            let result = self.once(request, attempts.left());
            let last = result.as_ref().map(|(response, wait)| (response.status, *wait));
            let Some(wait) = attempts.wait(last) else {
                return result.map(|(response, _)| response);
            };
            // Nobody is to wonder why nothing happens.
            let level = if wait < NOTICEABLE {
                log::Level::Info
            } else {
                log::Level::Warn
            };
            let answer = match &result {
                Ok((response, _)) => format!("status {}", response.status),
                Err(error) => safe(&error.to_string()),
            };
            log::log!(
                level,
                "{} {}: {answer}; once more in {} ms",
                request.method.word(),
                self.shown(request.url),
                wait.as_millis()
            );
            if !waiting::sleep(wait) && only_reads {
                return result.map(|(response, _)| response);
            }
        }
    }

    /// One attempt, in `left` at most where that is said.
    fn once(
        &mut self,
        request: &Request<'_>,
        left: Option<Duration>,
    ) -> Result<(Response, Option<Duration>), HttpError> {
        let started = Instant::now();
        let patience = Patience::begin(request.url, &self.is_slow);
        let result = self.exchange(request, left);
        drop(patience);
        let (method, url) = (request.method.word(), self.shown(request.url));
        let ms = started.elapsed().as_millis();
        match &result {
            Ok((response, _)) => log::info!(
                "{method} {url}: {} in {ms} ms, {} bytes",
                response.status,
                response.body.len()
            ),
            Err(error) => log::info!("{method} {url}: {} after {ms} ms", safe(&error.to_string())),
        }
        result
    }

    /// A URL as the log has it.
    fn shown<'u>(&self, url: &'u str) -> &'u str {
        match url.split_once('?') {
            Some((url, _)) if self.settings.hides_queries => url,
            _ => url,
        }
    }

    fn exchange(
        &mut self,
        request: &Request<'_>,
        left: Option<Duration>,
    ) -> Result<(Response, Option<Duration>), HttpError> {
        let limit = match (self.settings.timeout, left) {
            (Some(timeout), Some(left)) => Some(timeout.min(left)),
            (timeout, left) => timeout.or(left),
        };
        let mut builder = ureq::http::Request::builder()
            .method(request.method.word())
            .uri(request.url)
            .header("Accept", request.accept);
        for (name, value) in request.headers {
            let mut value = HeaderValue::from_bytes(value.reveal().as_bytes())
                .map_err(|_| HttpError::Other(format!("header {name}: control characters are not allowed")))?;
            value.set_sensitive(true);
            builder = builder.header(name.as_str(), value);
        }
        let malformed = |error: ureq::http::Error| HttpError::Other(error.to_string());
        let answer = match request.body {
            Some((media_type, body)) => {
                let request = builder
                    .header("Content-Type", media_type)
                    .body(body)
                    .map_err(malformed)?;
                let request = self.agent.configure_request(request).timeout_global(limit).build();
                self.agent.run(request)
            }
            None => {
                let request = builder.body(()).map_err(malformed)?;
                let request = self.agent.configure_request(request).timeout_global(limit).build();
                self.agent.run(request)
            }
        };
        let answer = answer.map_err(|error| {
            let is_refused = matches!(error, ureq::Error::ConnectProxyFailed(_));
            let error = error::explain(error, self.settings.proxy.as_ref(), limit);
            match is_refused && request.url.starts_with("http://") {
                true => error.without_tunnel(),
                false => error,
            }
        })?;
        let received = Instant::now();
        let (parts, body) = answer.into_parts();
        self.note_warnings(&parts.headers);
        let status = parts.status.as_u16();
        let content_type = header(&parts.headers, "content-type").unwrap_or_default();
        let content_type = content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let date = header(&parts.headers, "date").and_then(date::parse);
        let wait = header(&parts.headers, "retry-after").and_then(|text| retry::after(text, date));
        let body = self.read(body, request.limit, limit)?;
        Ok((
            Response {
                status,
                content_type,
                body,
                headers: Headers(parts.headers),
                date,
                received,
            },
            wait,
        ))
    }

    fn read(&self, mut body: Body, limit: u64, time: Option<Duration>) -> Result<Vec<u8>, HttpError> {
        let mut content = Vec::new();
        // Counted after decompression: few bytes may stand for many.
        let read = body.as_reader().take(limit + 1).read_to_end(&mut content);
        if content.len() as u64 > limit {
            return Err(HttpError::TooLarge(limit));
        }
        match read {
            Ok(_) => Ok(content),
            Err(error) => Err(error::explain(
                ureq::Error::from(error),
                self.settings.proxy.as_ref(),
                time,
            )),
        }
    }

    fn note_warnings(&mut self, headers: &HeaderMap) {
        for value in headers.get_all("warning") {
            for text in value.to_str().map(warning::texts).unwrap_or_default() {
                if self.seen.len() < MAX_WARNINGS && self.seen.insert(text.clone()) {
                    self.warnings.push(text);
                }
            }
        }
    }
}

/// Most different warnings that are told.
const MAX_WARNINGS: usize = 64;

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
