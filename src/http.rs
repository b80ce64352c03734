// SPDX-License-Identifier: Apache-2.0
//! Everything that goes over the network: one ureq agent with its TLS, proxy, time-outs, size limits and retries.
//!
//! Redirects are not followed: whom we talk to is what the user has configured. Nothing secret is logged.

mod date;
pub mod proxy;
pub mod secret;
pub mod tls;
pub mod url;
mod warning;

use std::collections::HashSet;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use ureq::http::{HeaderMap, HeaderValue};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, SocksConnector, TcpConnector};
use ureq::{Agent, Body};

use crate::text::safe;
use proxy::Proxy;
use secret::Secret;
use tls::{Tls, TlsConnector};

/// Longest time for a connection: name, TCP, proxy and TLS.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest time until an answer begins, and longest pause within it.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Longest time for the whole of an answer.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(300);

/// Longest wait that a server may ask for with `Retry-After` (product limits).
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Longest time for a request with all its retries (product limits).
pub const MAX_RETRY_TOTAL: Duration = Duration::from_secs(300);

/// A wait that a person at a terminal would wonder about.
const NOTICEABLE: Duration = Duration::from_secs(1);

/// Most retries that a server may ask for.
const MAX_RETRIES: u32 = 10;

/// Most retries of a read that nobody asked for: after a lost connection, or a 503 without `Retry-After`.
const MAX_OWN_RETRIES: u32 = 4;

/// How the client names itself: `program/version (system/architecture)`, as kubectl does.
fn user_agent() -> String {
    let (system, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
    format!(
        "image-signature/{} ({system}/{architecture})",
        env!("CARGO_PKG_VERSION")
    )
}

/// How a server is reached.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// How it is recognised.
    pub tls: Tls,
    /// What it is reached through.
    pub proxy: Option<Proxy>,
    /// Longest time for one request, instead of the limits of its parts.
    pub timeout: Option<Duration>,
    /// Whether answers may come compressed.
    pub compression: bool,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Post,
    Patch,
}

impl Method {
    fn word(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
        }
    }
}

/// One request.
#[derive(Debug)]
pub struct Request<'r> {
    /// What is done.
    pub method: Method,
    /// To what.
    pub url: &'r str,
    /// More headers: name and value.
    pub headers: &'r [(String, Secret)],
    /// Media type and content.
    pub body: Option<(&'static str, &'r [u8])>,
    /// Largest answer, in bytes after decompression.
    pub limit: u64,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The media type without parameters, in lower case.
    pub content_type: String,
    /// The content.
    pub body: Vec<u8>,
    /// The server's time when it answered, in seconds since 1970, if it told one that can be read.
    pub date: Option<i64>,
    /// When the answer began to arrive.
    pub received: Instant,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum Error {
    #[error("connection refused")]
    Refused,
    #[error("{0}")]
    Lost(String),
    #[error("{what} took longer than {} s", after.as_secs_f32())]
    TimedOut { what: String, after: Duration },
    #[error("{0}")]
    Unreached(String),
    #[error("{0}")]
    Handshake(String),
    #[error("the {proxy} {what}")]
    Proxy { proxy: String, what: String },
    #[error("the answer has more than {0} bytes")]
    TooLarge(u64),
    #[error("{0}")]
    Other(String),
}

impl Error {
    /// Whether nobody was reached who could have answered: neither the server nor, if there is one, the proxy to it.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        matches!(
            self,
            Error::Refused | Error::Unreached(_) | Error::Handshake(_) | Error::Proxy { .. }
        )
    }

    /// Whether a connection ended that may hold the next time.
    fn is_lost(&self) -> bool {
        matches!(self, Error::Lost(_) | Error::Handshake(_))
    }
}

/// A client.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    settings: Settings,
    seen: HashSet<String>,
    warnings: Vec<String>,
}

impl Client {
    /// Sets a client up; nothing is contacted.
    ///
    /// # Errors
    /// When TLS cannot be set up with these certificates.
    pub fn new(settings: Settings) -> Result<Self, tls::Error> {
        let has_https_proxy = settings.proxy.as_ref().is_some_and(Proxy::is_https);
        let connector =
            ().chain(SocksConnector::default())
                .chain(ConnectProxyConnector::default())
                .chain(TcpConnector::default())
                .chain(TlsConnector::new(&settings.tls, has_https_proxy)?);
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
            agent: Agent::with_parts(config, connector, DefaultResolver::default()),
            settings,
            seen: HashSet::new(),
            warnings: Vec::new(),
        })
    }

    /// Another client with another certificate of ours; warnings that were told are not told again.
    ///
    /// # Errors
    /// When TLS cannot be set up with it.
    pub fn with_identity(&self, identity: Option<tls::Identity>) -> Result<Self, tls::Error> {
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
    /// a lost connection or a bare 503.
    ///
    /// # Errors
    /// When there is no answer in time, or it is too large.
    pub fn send(&mut self, request: &Request<'_>) -> Result<Response, Error> {
        let started = Instant::now();
        let (mut asked_for, mut own) = (0, 0);
        loop {
            // The first attempt has the limits of its parts; further ones end with the time for all of them.
            let left = (asked_for + own > 0).then(|| MAX_RETRY_TOTAL.saturating_sub(started.elapsed()));
            let result = self.once(request, left);
            let wait = match &result {
                Ok((response, Some(wait))) if is_retryable(response.status) && asked_for < MAX_RETRIES => {
                    asked_for += 1;
                    Some((*wait).min(MAX_RETRY_AFTER))
                }
                Ok((response, None)) if response.status == 503 && request.method == Method::Get => {
                    backoff(&mut own, 500)
                }
                Err(error) if error.is_lost() && request.method == Method::Get => backoff(&mut own, 50),
                _ => None,
            };
            match wait {
                Some(wait) if started.elapsed() + wait < MAX_RETRY_TOTAL => {
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
                        request.url,
                        wait.as_millis()
                    );
                    std::thread::sleep(wait);
                }
                _ => return result.map(|(response, _)| response),
            }
        }
    }

    /// One attempt, in `left` at most where that is said.
    fn once(&mut self, request: &Request<'_>, left: Option<Duration>) -> Result<(Response, Option<Duration>), Error> {
        let started = Instant::now();
        let result = self.exchange(request, left);
        let (method, url, ms) = (request.method.word(), request.url, started.elapsed().as_millis());
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

    fn exchange(
        &mut self,
        request: &Request<'_>,
        left: Option<Duration>,
    ) -> Result<(Response, Option<Duration>), Error> {
        let limit = match (self.settings.timeout, left) {
            (Some(timeout), Some(left)) => Some(timeout.min(left)),
            (timeout, left) => timeout.or(left),
        };
        let mut builder = ureq::http::Request::builder()
            .method(request.method.word())
            .uri(request.url)
            .header("Accept", "application/json");
        for (name, value) in request.headers {
            let mut value = HeaderValue::from_bytes(value.reveal().as_bytes()).map_err(|_| {
                Error::Other(format!(
                    "the value for the header {name} has control characters, which no header may have"
                ))
            })?;
            value.set_sensitive(true);
            builder = builder.header(name.as_str(), value);
        }
        let malformed = |error: ureq::http::Error| Error::Other(error.to_string());
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
        let answer = answer.map_err(|error| self.explain(error, limit))?;
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
        let wait = header(&parts.headers, "retry-after").and_then(|seconds| seconds.parse().ok());
        let date = header(&parts.headers, "date").and_then(date::parse);
        let body = self.read(body, request.limit, limit)?;
        Ok((
            Response {
                status,
                content_type,
                body,
                date,
                received,
            },
            wait.map(Duration::from_secs),
        ))
    }

    fn read(&self, mut body: Body, limit: u64, time: Option<Duration>) -> Result<Vec<u8>, Error> {
        let mut content = Vec::new();
        // Counted after decompression: few bytes may stand for many.
        let read = body.as_reader().take(limit + 1).read_to_end(&mut content);
        if content.len() as u64 > limit {
            return Err(Error::TooLarge(limit));
        }
        match read {
            Ok(_) => Ok(content),
            Err(error) => Err(self.explain(ureq::Error::from(error), time)),
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

    /// `limit`: the time for the whole of a request, where there is one.
    fn explain(&self, error: ureq::Error, limit: Option<Duration>) -> Error {
        use ureq::Timeout;
        let through = |what: String| match &self.settings.proxy {
            Some(proxy) => Error::Proxy {
                proxy: proxy.to_string(),
                what,
            },
            None => Error::Unreached(what),
        };
        match error {
            ureq::Error::Io(error) => self.explain_io(&error),
            ureq::Error::Timeout(timeout) => {
                let (what, after) = match timeout {
                    Timeout::Global | Timeout::PerCall => ("the request", limit),
                    Timeout::Resolve => ("looking up the host", Some(CONNECT_TIMEOUT)),
                    Timeout::Connect => ("the connection", Some(CONNECT_TIMEOUT)),
                    Timeout::RecvBody => ("the whole of the answer", Some(BODY_TIMEOUT)),
                    Timeout::RecvResponse => ("the answer", Some(ANSWER_TIMEOUT)),
                    Timeout::PerRead => ("a part of the answer", Some(ANSWER_TIMEOUT)),
                    _ => ("sending the request", Some(ANSWER_TIMEOUT)),
                };
                let after = after.or(limit).unwrap_or_default();
                if matches!(timeout, Timeout::Resolve | Timeout::Connect) {
                    return match &self.settings.proxy {
                        Some(_) => through(format!("or what is behind it took longer than {} s", after.as_secs())),
                        None => Error::Unreached(format!("{what} took longer than {} s", after.as_secs())),
                    };
                }
                Error::TimedOut {
                    what: what.to_owned(),
                    after,
                }
            }
            ureq::Error::HostNotFound => match &self.settings.proxy {
                Some(_) => through("has a host name that is not found".into()),
                None => Error::Unreached("no such host".into()),
            },
            ureq::Error::ConnectProxyFailed(why) => through(format!("does not connect to it: {}", safe(&why))),
            ureq::Error::Other(error) => Error::Other(safe(&error.to_string())),
            ureq::Error::Decompress(_, error) => match error.kind() {
                io::ErrorKind::UnexpectedEof => Error::Lost("the connection ended within the answer".into()),
                _ => Error::Other(format!("the answer is not valid gzip: {}", safe(&error.to_string()))),
            },
            ureq::Error::Protocol(error) => Error::Other(format!("not an HTTP response: {}", safe(&error.to_string()))),
            other => Error::Other(safe(&other.to_string())),
        }
    }

    fn explain_io(&self, error: &io::Error) -> Error {
        use io::ErrorKind::{
            AddrNotAvailable, BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable,
            NetworkDown, NetworkUnreachable, NotConnected, TimedOut, UnexpectedEof,
        };
        let text = safe(&error.to_string());
        let in_handshake = error.get_ref().is_some_and(|inner| inner.is::<tls::HandshakeLost>());
        // The standard library has no kind for what getaddrinfo says.
        if text.starts_with("failed to lookup address") {
            return match &self.settings.proxy {
                Some(proxy) => Error::Proxy {
                    proxy: proxy.to_string(),
                    what: format!("has a host name that is not found: {text}"),
                },
                None => Error::Unreached(text),
            };
        }
        match (error.kind(), &self.settings.proxy) {
            // With a proxy we connect to nobody else.
            (ConnectionRefused, Some(proxy)) => Error::Proxy {
                proxy: proxy.to_string(),
                what: "refused the connection".into(),
            },
            (ConnectionRefused, None) => Error::Refused,
            (HostUnreachable | NetworkUnreachable | NetworkDown | AddrNotAvailable | TimedOut, Some(proxy)) => {
                Error::Proxy {
                    proxy: proxy.to_string(),
                    what: format!("is not reached: {text}"),
                }
            }
            (HostUnreachable | NetworkUnreachable | NetworkDown | AddrNotAvailable | TimedOut, None) => {
                Error::Unreached(text)
            }
            _ if in_handshake => Error::Handshake(text),
            (UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe | NotConnected, _) => {
                Error::Lost(format!("the connection was lost: {text}"))
            }
            // What a SOCKS proxy says about the connection that it was to make.
            (_, Some(proxy)) => Error::Proxy {
                proxy: proxy.to_string(),
                what: format!("does not connect to it: {text}"),
            },
            _ => Error::Other(text),
        }
    }
}

/// Most different warnings that are told.
const MAX_WARNINGS: usize = 64;

/// Statuses after which a server may say when to come again.
fn is_retryable(status: u16) -> bool {
    status == 429 || (500..600).contains(&status)
}

/// A longer wait each time, until there were enough.
fn backoff(count: &mut u32, first_ms: u64) -> Option<Duration> {
    *count += 1;
    (*count <= MAX_OWN_RETRIES).then(|| Duration::from_millis(first_ms << (*count - 1)))
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
