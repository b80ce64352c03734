// SPDX-License-Identifier: Apache-2.0
//! Why there is no answer: who was not reached, what was lost, what took too long.

use std::io;
use std::time::Duration;

use super::handshake::{HandshakeLost, NotTls, Refused};
use super::proxy::Proxy;
use crate::text::{io_message, safe, sentence};

/// Longest time for a connection: name, TCP, proxy and TLS.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest time until an answer begins, and longest pause within it.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Longest time for the whole of an answer.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(300);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum HttpError {
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
    #[error("the server does not speak TLS; it seems to be one for plain http")]
    NotTls,
    #[error("the {proxy} {what}")]
    Proxy { proxy: String, what: String },
    #[error("the answer has more than {0} bytes")]
    TooLarge(u64),
    #[error("{0}")]
    Other(String),
}

impl HttpError {
    /// Whether nobody was reached who could have answered: neither the server nor, if there is one, the proxy to it.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        matches!(
            self,
            HttpError::Refused | HttpError::Unreached(_) | HttpError::Handshake(_) | HttpError::Proxy { .. }
        )
    }

    /// What a proxy says that makes no tunnel for plain http, with what to do: others forward that without one.
    pub(super) fn without_tunnel(self) -> Self {
        match self {
            HttpError::Proxy { proxy, what } => HttpError::Proxy {
                proxy,
                what: format!(
                    "{what}; plain http is sent through a tunnel, too: the proxy must allow CONNECT to that port, or NO_PROXY must name the host"
                ),
            },
            other => other,
        }
    }

    /// Whether a connection ended that may hold the next time.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self, HttpError::Lost(_) | HttpError::Handshake(_))
    }
}

/// What ureq's errors mean here; `limit` is the time for the whole of a request, where there is one.
pub(super) fn explain(error: ureq::Error, proxy: Option<&Proxy>, limit: Option<Duration>) -> HttpError {
    use ureq::Timeout;
    let through = |what: String| match proxy {
        Some(proxy) => HttpError::Proxy {
            proxy: proxy.to_string(),
            what,
        },
        None => HttpError::Unreached(what),
    };
    match error {
        ureq::Error::Io(error) => explain_io(&error, proxy),
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
                return match proxy {
                    Some(_) => through(format!("or what is behind it took longer than {} s", after.as_secs())),
                    None => HttpError::Unreached(format!("{what} took longer than {} s", after.as_secs())),
                };
            }
            HttpError::TimedOut {
                what: what.to_owned(),
                after,
            }
        }
        ureq::Error::HostNotFound => match proxy {
            Some(_) => through("has a host name that cannot be resolved".into()),
            None => HttpError::Unreached("no such host".into()),
        },
        ureq::Error::ConnectProxyFailed(why) => through(format!("cannot connect to it: {}", refusal_of_proxy(&why))),
        ureq::Error::Other(error) if error.is::<NotTls>() => HttpError::NotTls,
        // Not cut: what to do stands at the end.
        ureq::Error::Other(error) if error.is::<Refused>() => HttpError::Other(sentence(&error.to_string())),
        ureq::Error::Other(error) => HttpError::Other(safe(&error.to_string())),
        ureq::Error::Decompress(_, error) => match error.kind() {
            io::ErrorKind::UnexpectedEof => HttpError::Lost("the connection ended within the answer".into()),
            _ => HttpError::Other(format!("the answer is not valid gzip: {}", safe(&io_message(&error)))),
        },
        ureq::Error::Protocol(error) => HttpError::Other(format!("not an HTTP response: {}", safe(&error.to_string()))),
        other => HttpError::Other(safe(&other.to_string())),
    }
}

/// Why a proxy does not connect, out of ureq's text, which has the status twice.
fn refusal_of_proxy(why: &str) -> String {
    let status = why.strip_prefix("proxy server responded ");
    match status.and_then(|status| status.split('/').next()) {
        Some("407") => {
            "it requires authentication (407): put USER:PASSWORD@ before the host in the proxy URL".to_owned()
        }
        Some(status) => format!("it answers with status {}", safe(status)),
        None => safe(why),
    }
}

fn explain_io(error: &io::Error, proxy: Option<&Proxy>) -> HttpError {
    use io::ErrorKind::{
        AddrNotAvailable, BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable,
        NetworkDown, NetworkUnreachable, NotConnected, TimedOut, UnexpectedEof,
    };
    let text = safe(&io_message(error));
    let in_handshake = error.get_ref().is_some_and(|inner| inner.is::<HandshakeLost>());
    // The standard library has no kind for what getaddrinfo says.
    if text.starts_with("failed to lookup address") {
        return match proxy {
            Some(proxy) => HttpError::Proxy {
                proxy: proxy.to_string(),
                what: format!("has a host name that cannot be resolved: {text}"),
            },
            None => HttpError::Unreached(text),
        };
    }
    match (error.kind(), proxy) {
        // With a proxy we connect to nobody else.
        (ConnectionRefused, Some(proxy)) => HttpError::Proxy {
            proxy: proxy.to_string(),
            what: "refused the connection".into(),
        },
        (ConnectionRefused, None) => HttpError::Refused,
        (HostUnreachable | NetworkUnreachable | NetworkDown | AddrNotAvailable | TimedOut, Some(proxy)) => {
            HttpError::Proxy {
                proxy: proxy.to_string(),
                what: format!("cannot be reached: {text}"),
            }
        }
        (HostUnreachable | NetworkUnreachable | NetworkDown | AddrNotAvailable | TimedOut, None) => {
            HttpError::Unreached(text)
        }
        _ if in_handshake => HttpError::Handshake(text),
        (UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe | NotConnected, _) => {
            HttpError::Lost(format!("the connection was lost: {text}"))
        }
        // What a SOCKS proxy says about the connection that it was to make.
        (_, Some(proxy)) => HttpError::Proxy {
            proxy: proxy.to_string(),
            what: format!("cannot connect to it: {text}"),
        },
        _ => HttpError::Other(text),
    }
}
