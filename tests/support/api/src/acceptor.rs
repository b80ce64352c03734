// SPDX-License-Identifier: Apache-2.0
//! The TLS side of servers.

use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslAcceptor, SslAcceptorBuilder, SslMethod, SslOptions, SslSessionCacheMode, SslVerifyMode};
use openssl::x509::X509;

use super::certificates::Authority;

/// TLS with a certificate and its key; clients may show one of an authority.
pub fn acceptor(own: (X509, PKey<Private>), client_authority: &Authority) -> SslAcceptor {
    let mut builder = builder(own, client_authority);
    // Any certificate is taken here; who issued it decides later between a user and a 401.
    builder.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
    builder.build()
}

/// The same for nobody but clients that show a certificate of the authority.
pub fn strict_acceptor(own: (X509, PKey<Private>), client_authority: &Authority) -> SslAcceptor {
    let mut builder = builder(own, client_authority);
    let authority = client_authority.certificate().to_owned();
    builder.cert_store_mut().add_cert(authority).unwrap();
    builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    builder.build()
}

fn builder((certificate, key): (X509, PKey<Private>), client_authority: &Authority) -> SslAcceptorBuilder {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    builder.set_private_key(&key).unwrap();
    builder.set_certificate(&certificate).unwrap();
    builder.check_private_key().unwrap();
    builder.add_client_ca(client_authority.certificate()).unwrap();
    // Each connection shows its certificate anew.
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_options(SslOptions::NO_TICKET);
    builder
}
