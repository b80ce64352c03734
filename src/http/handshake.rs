// SPDX-License-Identifier: Apache-2.0
//! Why a TLS handshake failed, in plain words.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use openssl::error::ErrorStack;
use openssl::ssl::{HandshakeError, SslRef};
use openssl::x509::{GeneralNameRef, X509NameEntryRef, X509NameRef, X509Ref, X509VerifyResult};

use super::alert::{self, OF_TLS};
use crate::text::io_message;

/// What there is to tell of the certificate that a server showed, where it is not accepted.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    /// Its names, where none of them is that of the server.
    pub(super) names: Vec<String>,
    /// Who issued the last certificate of its chain, where that one is not known; safe to print.
    pub(super) issuer: Option<String>,
}

/// The same, as it becomes known during the handshake.
pub(super) type Told = Arc<Mutex<Shown>>;

/// Most names of a certificate that are told.
const MAX_NAMES: usize = 8;

/// Longest list of names, in bytes: what to do stands behind it, and must not get out of sight.
const MAX_LIST: usize = 300;

/// What users can do where the certificate of a server is not accepted, in the words of what it is: the options for an API
/// server are not those for a registry. Safe to print.
#[derive(Debug, Clone, Default)]
pub struct Advice {
    /// How to name the authority that issued it, as what follows "if it is the right server, ".
    pub authority: String,
    /// How to ask for the server by a name that the certificate has.
    pub name: String,
    /// How to give a client certificate, where the server takes nobody without.
    pub client: String,
}

/// Whom a connection is to.
#[derive(Debug, Clone)]
pub(super) enum Peer {
    /// The server, and what users can do where it is not accepted.
    Server(Advice),
    /// A proxy on the way to it, as it is told.
    Proxy(String),
}

impl Peer {
    /// What is said of the connection, with a word on whom it is to where that is not the server.
    fn told(&self, what: String) -> Refused {
        Refused(match self {
            Peer::Server(_) => what,
            Peer::Proxy(proxy) => format!("the {proxy}: {what}"),
        })
    }

    /// Why a connection ended, by the alert that came, else in the words of OpenSSL.
    fn refused(&self, stack: &ErrorStack, ssl: &SslRef, during: &str) -> Refused {
        let proxy = match self {
            Peer::Server(_) => None,
            Peer::Proxy(proxy) => Some(format!("the {proxy}")),
        };
        let from = alert::From {
            who: proxy.as_deref().unwrap_or("the server"),
            client: match self {
                Peer::Server(advice) => &advice.client,
                Peer::Proxy(_) => "this program has none for proxies",
            },
        };
        match alert::meaning(stack, ssl, from) {
            Some(meaning) => Refused(meaning),
            None => self.told(format!("{during}: {}", short(stack))),
        }
    }

    /// What to do about a certificate that is for other names.
    fn name(&self) -> &str {
        match self {
            Peer::Server(advice) => &advice.name,
            Peer::Proxy(_) => "name the proxy by one of these, or have its certificate reissued",
        }
    }

    /// What to do about a certificate of an unknown authority.
    fn authority(&self) -> String {
        match self {
            Peer::Server(advice) => format!("if it is the right server, {}", advice.authority),
            Peer::Proxy(_) => {
                "if it is the right proxy, add the CA certificate of the authority that issued it to those of this machine"
                    .to_owned()
            }
        }
    }
}

/// Alternative names of a certificate as they are told.
pub(super) fn names_of(certificate: &X509Ref) -> Vec<String> {
    let alternatives = certificate.subject_alt_names();
    let text = |name: &GeneralNameRef| {
        let address = name.ipaddress().and_then(|bytes| match bytes.len() {
            4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
            16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
            _ => None,
        });
        let dns = |name: &str| match name.parse::<IpAddr>() {
            // RFC 9110 section 4.3.5: an address is compared with addresses only.
            Ok(address) => format!("{address} (as a DNS name, not as an address)"),
            Err(_) => crate::text::safe(name),
        };
        name.dnsname()
            .map(dns)
            .or_else(|| address.map(|address| address.to_string()))
    };
    alternatives.iter().flatten().filter_map(text).collect()
}

/// Why a handshake failed: the transport's own error where there is one, else the certificate, else OpenSSL's word.
pub(super) fn refused<S>(error: HandshakeError<S>, name: &str, told: &Told, peer: &Peer) -> ureq::Error {
    let stream = match error {
        HandshakeError::SetupFailure(error) => return other(Refused(format!("setting up TLS: {}", short(&error)))),
        HandshakeError::Failure(stream) | HandshakeError::WouldBlock(stream) => stream,
    };
    let verified = stream.ssl().verify_result();
    if verified != X509VerifyResult::OK {
        let of = match peer {
            Peer::Server(_) => crate::text::safe(name),
            Peer::Proxy(proxy) => format!("the {proxy}"),
        };
        let shown = told.lock().map(|shown| shown.clone()).unwrap_or_default();
        return other(Refused(format!(
            "the certificate of {of} is not accepted: {}{}",
            verified.error_string(),
            if is_other_name(verified) {
                name_advice(&shown.names, peer.name())
            } else {
                let issuer = shown.issuer.map(|issuer| format!("; it is issued by {issuer}"));
                issuer.unwrap_or_default() + &next_step(verified, &peer.authority())
            }
        )));
    }
    let said = stream.error().ssl_error();
    let said = said.map(|stack| peer.refused(stack, stream.ssl(), "TLS handshake"));
    match stream.into_error().into_io_error() {
        // A limit of time keeps its name.
        Ok(error) if is_lost(&error) => HandshakeLost::of(peer, &io_message(&error)).into(),
        Ok(error) => error.into(),
        Err(error) => match error.ssl_error() {
            Some(stack) if is_plain(stack) => match peer {
                Peer::Server(_) => other(NotTls),
                Peer::Proxy(proxy) => other(Refused(format!(
                    "the {proxy} does not speak TLS: write http:// in place of https:// in its URL"
                ))),
            },
            Some(stack) if says_nothing(stack) => HandshakeLost::of(peer, "").into(),
            _ => said.map_or_else(|| HandshakeLost::of(peer, "").into(), other),
        },
    }
}

/// Trouble after the handshake: by TLS 1.3 a server judges the client certificate, or asks for the one that is missing, only
/// then. `known` is what was told of the connection before.
pub(super) fn refused_later(error: io::Error, ssl: &SslRef, peer: &Peer, known: &mut Option<Refused>) -> ureq::Error {
    let Some(stack) = stack_of(&error) else {
        return error.into();
    };
    if says_nothing(stack) {
        let lost = || io::Error::new(io::ErrorKind::ConnectionReset, "the TLS connection has failed").into();
        return known.clone().map_or_else(lost, other);
    }
    let refused = peer.refused(stack, ssl, "TLS");
    *known = Some(refused.clone());
    other(refused)
}

/// Whether a connection ended without a word of the other side.
pub(super) fn is_silent(error: &io::Error) -> bool {
    stack_of(error).map_or_else(|| is_lost(error), says_nothing)
}

fn stack_of(error: &io::Error) -> Option<&ErrorStack> {
    let inner = error.get_ref()?.downcast_ref::<openssl::ssl::Error>();
    inner.and_then(openssl::ssl::Error::ssl_error)
}

/// Whether a certificate is for another host or address: X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH.
pub(super) fn is_other_name(verified: X509VerifyResult) -> bool {
    matches!(verified.as_raw(), 62 | 64)
}

/// Whether the issuer of a certificate is unknown: X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, with and without _LOCALLY.
pub(super) fn is_of_unknown_issuer(verified: X509VerifyResult) -> bool {
    matches!(verified.as_raw(), 2 | 20)
}

/// Whom a certificate is for or by, such as `CN=Some CA, O=Some Company`; safe to print.
pub(crate) fn party(name: &X509NameRef) -> String {
    let part = |entry: &X509NameEntryRef| {
        let kind = entry.object().nid().short_name().unwrap_or("?");
        let value = entry.data().to_string().unwrap_or_default();
        format!("{kind}={value}")
    };
    // The last one says most.
    let parts: Vec<String> = name.entries().map(part).collect();
    let parts: Vec<String> = parts.into_iter().rev().collect();
    crate::text::safe(&crate::text::cut(parts.join(", "), MAX_LIST))
}

/// The names that a certificate has instead, and how to use one.
fn name_advice(names: &[String], how: &str) -> String {
    if names.is_empty() {
        return "; it has no name at all (subjectAltName): have it reissued".into();
    }
    let mut list = String::new();
    let mut told = 0;
    for name in names.iter().take(MAX_NAMES) {
        if told > 0 && list.len() + name.len() > MAX_LIST {
            break;
        }
        list.push_str(if told > 0 { ", " } else { "" });
        list.push_str(name);
        told += 1;
    }
    if names.len() > told {
        list.push_str(&format!(" and {} more", names.len() - told));
    }
    format!("; it is for {list}: {how}")
}

/// What to look at next; never how to check less. The numbers are those of OpenSSL's x509_vfy.h.
fn next_step(verified: X509VerifyResult, authority: &str) -> String {
    match verified.as_raw() {
        9 | 10 => "; look at the clock of this machine, or have the certificate renewed".to_owned(),
        2 | 18..=21 => format!("; {authority}"),
        _ => String::new(),
    }
}

fn is_lost(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(
        error.kind(),
        UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe
    )
}

/// The connection ended before there was anybody to talk to: a balancer without a server behind it does so.
#[derive(Debug, thiserror::Error)]
#[error("the connection {to}ended in the TLS handshake{why}")]
pub(super) struct HandshakeLost {
    to: String,
    why: String,
}

impl HandshakeLost {
    fn of(peer: &Peer, why: &str) -> io::Error {
        let to = match peer {
            Peer::Server(_) => String::new(),
            Peer::Proxy(proxy) => format!("to the {proxy} "),
        };
        let why = if why.is_empty() {
            String::new()
        } else {
            format!(": {why}")
        };
        io::Error::new(io::ErrorKind::UnexpectedEof, Self { to, why })
    }
}

/// Whether it is not a word of the other side: OpenSSL 3.5 has an error of the system there, such as that of a connection that was
/// reset, and of one that failed before no error at all. Alerts that OpenSSL has no word for are one all the same.
fn says_nothing(stack: &ErrorStack) -> bool {
    let is_silent = |error: &openssl::error::Error| error.reason().is_none() && error.library() != Some(OF_TLS);
    stack.errors().iter().all(is_silent)
}

/// Whether what came is not TLS at all, of whatever version: an http server answers in its own way.
fn is_plain(stack: &ErrorStack) -> bool {
    let reasons = ["wrong version number", "http request"];
    let mut found = stack.errors().iter().filter_map(|error| error.reason());
    found.any(|reason| reasons.contains(&reason))
}

/// The server speaks something else than TLS.
#[derive(Debug, thiserror::Error)]
#[error("not TLS")]
pub(super) struct NotTls;

/// A handshake that failed, in words that are safe to print.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refused(String);

pub(super) fn other(error: impl std::error::Error + Send + Sync + 'static) -> ureq::Error {
    ureq::Error::Other(Box::new(error))
}

/// The reasons without OpenSSL's numbers and places in its source.
pub(super) fn short(stack: &ErrorStack) -> String {
    let reasons: Vec<&str> = stack.errors().iter().filter_map(|error| error.reason()).collect();
    if reasons.is_empty() {
        "OpenSSL gives no reason".into()
    } else {
        reasons.join(", ")
    }
}
