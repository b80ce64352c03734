// SPDX-License-Identifier: Apache-2.0
//! TLS by the system's OpenSSL, whose configuration and crypto policy are obeyed, as a transport of ureq.
//!
//! ureq's own would do but for three things that kubeconfig files ask for: a server name other than the host, client
//! keys in each of their PEM forms, and a reason in plain words when a certificate is not accepted.

use std::fmt;
use std::io::{Read, Write};
use std::net::IpAddr;
use std::sync::Arc;

use openssl::pkey::{PKey, Private};
use openssl::ssl::{Ssl, SslContext, SslMethod, SslStream, SslVerifyMode, SslVersion};
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509CheckFlags, X509VerifyFlags};
use openssl::x509::X509;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

pub(crate) use super::handshake::party;
pub use super::handshake::Advice;
use super::handshake::{
    is_of_unknown_issuer, is_other_name, is_silent, names_of, other, refused, refused_later, short, Peer, Refused, Told,
};
use super::proxy::Proxy;

/// Server and client authentication.
#[derive(Clone, Default)]
pub struct Tls {
    /// Who may vouch for the server.
    pub roots: Roots,
    /// The name that its certificate must have, where that is not the host.
    pub server_name: Option<String>,
    /// The client certificate and its key, where the server asks who we are.
    pub identity: Option<Identity>,
    /// What to do where its certificate is not accepted.
    pub advice: Advice,
}

/// Who may vouch for a server.
#[derive(Clone, Default)]
pub enum Roots {
    /// The system's certificate store.
    #[default]
    System,
    /// The system's certificate store, and these.
    SystemAnd(Vec<X509>),
    /// Only these CA certificates.
    Only(Vec<X509>),
    /// No certificate is checked: any server is believed. For a proxy, the system's certificate store and these count.
    Unchecked(Vec<X509>),
}

/// A client certificate, those that lead from it to its issuer, and its key.
#[derive(Clone)]
pub struct Identity {
    certificates: Vec<X509>,
    key: PKey<Private>,
}

/// Certificates or keys that are of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum TlsError {
    #[error("it has no PEM certificate")]
    NoCertificate,
    #[error("it has a damaged certificate: {0}")]
    Certificate(String),
    #[error("it has no PEM private key that can be read without a passphrase: {0}")]
    Key(String),
    #[error("the private key does not belong to the certificate")]
    Mismatch,
    #[error("setting up TLS: {0}")]
    Setup(String),
}

/// The certificates in a PEM file.
///
/// # Errors
/// When there is none, or one is damaged.
pub fn certificates(pem: &[u8]) -> Result<Vec<X509>, TlsError> {
    let found = X509::stack_from_pem(pem).map_err(|error| TlsError::Certificate(short(&error)))?;
    if found.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    Ok(found)
}

impl Identity {
    /// Reads a certificate chain and a key: PKCS#1, PKCS#8 or SEC 1.
    ///
    /// # Errors
    /// When one of them is damaged or they do not belong together.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let certificates = certificates(certificate)?;
        // OpenSSL would ask for the passphrase of an encrypted key on the terminal.
        let key = PKey::private_key_from_pem_callback(key, |_| Ok(0)).map_err(|error| TlsError::Key(short(&error)))?;
        let public = certificates[0]
            .public_key()
            .map_err(|error| TlsError::Certificate(short(&error)))?;
        if !public.public_eq(&key) {
            return Err(TlsError::Mismatch);
        }
        Ok(Self { certificates, key })
    }

    /// The common name of the certificate: whom a Kubernetes server takes the holder for.
    #[must_use]
    pub fn common_name(&self) -> Option<String> {
        let subject = self.certificates.first()?.subject_name();
        let entry = subject.entries_by_nid(openssl::nid::Nid::COMMONNAME).next()?;
        String::from_utf8(entry.data().as_slice().to_vec()).ok()
    }

    /// When the certificate expired, as it says it itself; nothing where it is valid at `now`, in seconds since 1970.
    #[must_use]
    pub fn expired(&self, now: i64) -> Option<String> {
        let end = self.certificates.first()?.not_after();
        let now = openssl::asn1::Asn1Time::from_unix(now).ok()?;
        (*end < now).then(|| end.to_string())
    }

    /// Whether two are the same certificate.
    #[must_use]
    pub fn is(&self, other: &Identity) -> bool {
        self.certificates == other.certificates
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(...)")
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Roots::System => f.write_str("System"),
            Roots::SystemAnd(certificates) => write!(f, "SystemAnd({})", certificates.len()),
            Roots::Only(certificates) => write!(f, "Only({})", certificates.len()),
            Roots::Unchecked(certificates) => write!(f, "Unchecked({})", certificates.len()),
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("roots", &self.roots)
            .field("server_name", &self.server_name)
            .field("identity", &self.identity.is_some())
            .finish()
    }
}

/// The last step of ureq's chain: wraps connections to https servers.
pub(super) struct TlsConnector {
    server: SslContext,
    server_name: Option<String>,
    /// For a proxy that itself is reached by https: whatever is believed of servers, its certificate is checked.
    proxy: Option<(SslContext, Peer)>,
    checked: bool,
    peer: Peer,
}

impl TlsConnector {
    /// `https_proxy` is a proxy that itself is reached by https.
    pub(super) fn new(tls: &Tls, https_proxy: Option<&Proxy>) -> Result<Self, TlsError> {
        let setup = |error| TlsError::Setup(short(&error));
        let server = context(&tls.roots, tls.identity.as_ref(), false).map_err(setup)?;
        let proxy = match https_proxy {
            Some(proxy) => {
                let context = context(&tls.roots, None, true).map_err(setup)?;
                Some((context, Peer::Proxy(proxy.to_string())))
            }
            None => None,
        };
        Ok(Self {
            server,
            server_name: tls.server_name.clone(),
            proxy,
            checked: !matches!(tls.roots, Roots::Unchecked(_)),
            peer: Peer::Server(tls.advice.clone()),
        })
    }
}

/// A context for connections. A proxy need not have its certificate from the authority of the server behind it.
fn context(
    roots: &Roots,
    identity: Option<&Identity>,
    for_proxy: bool,
) -> Result<SslContext, openssl::error::ErrorStack> {
    let mut builder = SslContext::builder(SslMethod::tls_client())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    let mut store = X509StoreBuilder::new()?;
    if let Roots::Only(certificates) | Roots::SystemAnd(certificates) | Roots::Unchecked(certificates) = roots {
        // Whom the user names need not be at the top of a chain.
        store.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
        for certificate in certificates {
            store.add_cert(certificate.clone())?;
        }
    }
    if matches!(roots, Roots::System | Roots::SystemAnd(_)) || for_proxy {
        store.set_default_paths()?;
    }
    builder.set_cert_store(store.build());
    let is_unchecked = matches!(roots, Roots::Unchecked(_)) && !for_proxy;
    builder.set_verify(if is_unchecked {
        SslVerifyMode::NONE
    } else {
        SslVerifyMode::PEER
    });
    if let Some(identity) = identity {
        let mut certificates = identity.certificates.iter();
        if let Some(own) = certificates.next() {
            builder.set_certificate(own)?;
        }
        for issuer in certificates {
            builder.add_extra_chain_cert(issuer.clone())?;
        }
        builder.set_private_key(&identity.key)?;
    }
    Ok(builder.build())
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnector").finish_non_exhaustive()
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(transport) = chained else {
            return Ok(None);
        };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let host = details.uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        // Without proxy settings although there is a proxy: this is the connection to the proxy itself.
        let (context, name, checked, peer) = match (&self.proxy, details.config.proxy()) {
            (Some((context, peer)), None) => (context, host, true, peer),
            _ => {
                let name = self.server_name.as_deref().unwrap_or(host);
                (&self.server, name, self.checked, &self.peer)
            }
        };
        let told = Told::default();
        let ssl = session(context, name, checked, &told).map_err(|error| other(TlsError::Setup(short(&error))))?;
        let mut adapter = TransportAdapter::new(transport.boxed(), details.current_time.clone());
        adapter.set_timeout(details.timeout);
        let stream = ssl.connect(adapter);
        let stream = stream.map_err(|error| refused(error, name, &told, peer))?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        let peer = peer.clone();
        Ok(Some(Either::B(TlsTransport {
            buffers,
            stream,
            peer,
            refused: None,
        })))
    }
}

fn session(context: &SslContext, name: &str, checked: bool, told: &Told) -> Result<Ssl, openssl::error::ErrorStack> {
    let mut ssl = Ssl::new(context)?;
    let address: Option<IpAddr> = name.parse().ok();
    if address.is_none() {
        // RFC 6066 section 3: no addresses there.
        ssl.set_hostname(name)?;
    }
    if checked {
        let param = ssl.param_mut();
        // Names stand in subjectAltName (RFC 9110 section 4.3.4); a common name is not one.
        param.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS | X509CheckFlags::NEVER_CHECK_SUBJECT);
        match address {
            Some(address) => param.set_ip(address)?,
            None => param.set_host(name)?,
        }
        // Only to tell what is the matter: what OpenSSL has decided stays as it is.
        let told = Arc::clone(told);
        ssl.set_verify_callback(SslVerifyMode::PEER, move |accepted, context| {
            if let (false, Some(certificate), Ok(mut told)) = (accepted, context.current_cert(), told.lock()) {
                if is_other_name(context.error()) {
                    told.names = names_of(certificate);
                } else if is_of_unknown_issuer(context.error()) {
                    told.issuer = Some(party(certificate.issuer_name()));
                }
            }
            accepted
        });
    }
    Ok(ssl)
}

/// A connection within TLS.
pub(super) struct TlsTransport {
    buffers: LazyBuffers,
    stream: SslStream<TransportAdapter>,
    peer: Peer,
    /// Why the other side has refused it, where that came after the handshake.
    refused: Option<Refused>,
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let output = &self.buffers.output()[..amount];
        let Err(error) = self.stream.write_all(output) else {
            return Ok(());
        };
        // A server that refuses may have ended the connection before this came: what it said is still there to be read.
        let said = is_silent(&error).then(|| self.stream.read(&mut [0; 1]).err()).flatten();
        let error = said.filter(|said| !is_silent(said)).unwrap_or(error);
        Err(refused_later(error, self.stream.ssl(), &self.peer, &mut self.refused))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf());
        let amount = amount.map_err(|error| refused_later(error, self.stream.ssl(), &self.peer, &mut self.refused))?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsTransport").finish_non_exhaustive()
    }
}
