// SPDX-License-Identifier: Apache-2.0
//! What is said where a registry refuses the TLS connection: what that means, and no line of OpenSSL's source.

use std::io::{Read, Write};
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

/// A server that answers the first message of every client with an alert.
fn alerting(alert: u8) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let _ = connection.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = connection.read(&mut [0; 4096]);
            let _ = connection.write_all(&[0x15, 3, 3, 0, 2, 2, alert]);
            let _ = connection.shutdown(std::net::Shutdown::Write);
            let _ = connection.read_to_end(&mut Vec::new());
        }
    });
    host
}

/// It is a refusal all the same, and no connection that was lost.
#[test]
fn an_alert_that_has_no_name() {
    let (sandbox, own) = (Sandbox::new(), Authority::new("authority of a registry"));
    for alert in [121, 200] {
        let text = told(&sandbox, &own, &alerting(alert), None);
        let expected = format!("the server ends the TLS connection with alert {alert}");
        assert!(text.contains(&expected), "{text}");
    }
}

/// Servers ask for a client certificate when they show their own, and not before.
#[test]
fn nothing_is_said_of_a_client_certificate_that_nobody_asked_for() {
    let (sandbox, own) = (Sandbox::new(), Authority::new("authority of a registry"));
    let clients = Authority::new("authority of clients");
    for (alert, name) in [(42, "bad_certificate"), (46, "certificate_unknown"), (48, "unknown_ca")] {
        for client in [None, Some(&clients)] {
            let text = told(&sandbox, &own, &alerting(alert), client);
            let expected =
                format!("the server refuses the TLS connection ({name}) before it asks for a client certificate");
            assert!(text.contains(&expected), "{text}");
        }
    }
    for client in [None, Some(&clients)] {
        let text = told(&sandbox, &own, &alerting(40), client);
        assert!(
            text.contains("(handshake_failure)") && !text.contains("client certificate"),
            "{text}"
        );
        let text = told(&sandbox, &own, &alerting(49), client);
        assert!(text.contains("the server denies access (access_denied)"), "{text}");
    }
}

/// Nobody has spoken to the registry, and its client certificate is not for proxies.
#[test]
fn alerts_of_a_proxy_are_told_as_its_own() {
    let (sandbox, own) = (Sandbox::new(), Authority::new("authority of a proxy"));
    let clients = Authority::new("authority of clients");
    let ca = sandbox.file("ca.pem", own.pem());
    let through = |host: &str| {
        let mut command = sandbox.command();
        command.args([
            "inspect",
            "docker://registry.test/ns/app:v1",
            "--cert-dir",
            ".",
            "--registry-ca",
        ]);
        command.arg(&ca).env("HTTPS_PROXY", format!("https://{host}"));
        let text = sandbox.finish(&mut command, b"").expect(3).words();
        assert!(!text.contains("the server") && !text.contains("put one"), "{text}");
        text
    };
    for version in [V12, V13] {
        let host = server(&own, version, "HIGH", Some(&clients));
        let expected = "requires a client certificate; this program has none for proxies";
        let text = through(&host);
        assert!(
            text.contains(expected) && text.contains(&format!("the proxy {host} (HTTPS_PROXY)")),
            "{text}"
        );
    }
    let host = alerting(48);
    let expected = format!("the proxy {host} (HTTPS_PROXY) refuses the TLS connection (unknown_ca)");
    let text = through(&host);
    assert!(text.contains(&expected), "{text}");
}
