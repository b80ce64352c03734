// SPDX-License-Identifier: Apache-2.0
//! What is said where a registry refuses the TLS connection: what that means, not the words of OpenSSL and the line of its
//! source.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use openssl::ssl::{SslAcceptor, SslMethod, SslVerifyMode, SslVersion};

use crate::support::api::certificates::{Authority, KeyKind, Name};
use crate::support::program::Sandbox;

const V12: Option<SslVersion> = Some(SslVersion::TLS1_2);
const V13: Option<SslVersion> = Some(SslVersion::TLS1_3);

/// A server that takes nobody: it speaks one version of TLS, and demands a certificate of an authority where there is one.
fn server(own: &Authority, version: Option<SslVersion>, ciphers: &str, clients: Option<&Authority>) -> String {
    let (certificate, key) = own.server_for("registry", &[Name::Ip("127.0.0.1")], true);
    let mut builder = SslAcceptor::mozilla_intermediate(SslMethod::tls()).unwrap();
    builder.set_private_key(&key).unwrap();
    builder.set_certificate(&certificate).unwrap();
    let options = builder.options();
    builder.clear_options(options);
    builder.set_cipher_list(ciphers).unwrap();
    builder.set_min_proto_version(version).unwrap();
    builder.set_max_proto_version(version).unwrap();
    if let Some(clients) = clients {
        builder
            .cert_store_mut()
            .add_cert(clients.certificate().to_owned())
            .unwrap();
        builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    }
    let acceptor = builder.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            refuse(&acceptor, connection);
        }
    });
    host
}

/// Reads what comes after the alert: a connection that is closed before would be reset, and the alert lost.
fn refuse(acceptor: &SslAcceptor, connection: TcpStream) {
    let mut rest = connection.try_clone().unwrap();
    rest.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let accepted = acceptor.accept(connection);
    assert!(accepted.is_err(), "{accepted:?}");
    let _ = rest.shutdown(std::net::Shutdown::Write);
    let _ = rest.read_to_end(&mut Vec::new());
}

/// What is said of an image on a server, with the files of a client's certificate where there are some.
fn told(sandbox: &Sandbox, own: &Authority, host: &str, client: Option<&Authority>) -> String {
    let directory = format!("{}.d", host.replace(':', "-"));
    sandbox.file(&format!("{directory}/ca.crt"), own.pem());
    if let Some(authority) = client {
        let client = authority.client("reader", &[], KeyKind::EcPkcs8, true);
        sandbox.file(&format!("{directory}/client.cert"), &client.certificate);
        sandbox.file(&format!("{directory}/client.key"), &client.key);
    }
    let image = format!("docker://{host}/ns/app:v1");
    let outcome = sandbox.run(["inspect", &image, "--cert-dir", &directory]).expect(3);
    outcome.words()
}

#[test]
fn a_client_certificate_that_is_missing_or_not_accepted() {
    let (sandbox, own) = (Sandbox::new(), Authority::new("authority of a registry"));
    let (clients, others) = (
        Authority::new("authority of clients"),
        Authority::new("another authority"),
    );
    let host = |version| server(&own, version, "HIGH", Some(&clients));
    let missing = told(&sandbox, &own, &host(V13), None);
    assert!(
        missing.contains("the server requires a client certificate; put one"),
        "{missing}"
    );
    // Before TLS 1.3 there was no alert of its own for that.
    let missing = told(&sandbox, &own, &host(V12), None);
    assert!(
        missing.contains("no cipher is accepted on both sides, or it requires a client certificate; put one"),
        "{missing}"
    );
    for version in [V12, V13] {
        let unknown = told(&sandbox, &own, &host(version), Some(&others));
        let why = "the server does not accept the client certificate: the authority that issued it is unknown there";
        assert!(unknown.contains(why), "{unknown}");
    }
}

#[test]
fn a_server_with_which_there_is_no_version_or_cipher_in_common() {
    let (sandbox, own) = (Sandbox::new(), Authority::new("authority of a registry"));
    let old = server(&own, Some(SslVersion::TLS1_1), "ALL:@SECLEVEL=0", None);
    let old = told(&sandbox, &own, &old, None);
    let versions = "the server speaks no version of TLS that is accepted here: TLS 1.2 or 1.3";
    assert!(old.contains(versions), "{old}");
    let other = server(&own, V12, "NULL-SHA256:@SECLEVEL=0", None);
    let other = told(&sandbox, &own, &other, None);
    assert!(other.contains("no cipher is accepted on both sides"), "{other}");
}
