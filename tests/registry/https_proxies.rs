// SPDX-License-Identifier: Apache-2.0
//! Proxies that are reached by https: the login for one is not shown to another, whatever is believed of registries.

use crate::registry::town::Town;
use crate::support::api::certificates::Authority;
use crate::support::api::{Name, TlsProxy};
use crate::support::hub::Hub;

const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

/// What is said of an image in a registry that is behind a proxy.
fn told(town: &Town, proxy: &str, more: &[&str]) -> String {
    let own = ["verify", "-o", "json", "docker://registry.test/ns/app:v1"];
    let mut command = town.command(&[&own[..], more].concat());
    command.env("HTTPS_PROXY", format!("https://user:proxy-password@{proxy}"));
    command.env("SSL_CERT_FILE", town.sandbox.path("system.pem"));
    let outcome = town.sandbox.finish(&mut command, b"");
    let outcome = outcome.expect_verdict(3, "Unchecked/SourceUnavailable");
    assert!(!format!("{outcome:?}").contains("proxy-password"), "{outcome:?}");
    outcome.item()["message"].as_str().unwrap().to_owned()
}

#[test]
fn the_certificate_of_a_proxy_is_checked_whatever_is_believed_of_registries() {
    let town = Town::new();
    let authority = Authority::new("authority of a proxy");
    let ca = town.sandbox.file("ca.pem", authority.pem());
    let ca = ["--registry-ca", ca.to_str().unwrap()];
    let believed: [&[&str]; 2] = [&[], &["--insecure"]];
    for more in believed {
        // Anybody has a certificate for a name of his own.
        let other = TlsProxy::start(&authority, &[Name::Dns("evil.example")], BUSY);
        let address = other.address().to_string();
        town.sandbox.file("system.pem", authority.pem());
        let message = told(&town, &address, more);
        town.sandbox.file("system.pem", "");
        let words = format!("the certificate of the proxy {address} (HTTPS_PROXY) is not accepted: ");
        assert!(message.contains(&words), "{more:?}: {message}");
        assert!(
            message
                .ends_with("it is for evil.example: name the proxy by one of these, or have its certificate reissued"),
            "{message}"
        );
        let proxy = TlsProxy::start(&authority, &[Name::Ip("127.0.0.1")], BUSY);
        let address = proxy.address().to_string();
        let message = told(&town, &address, more);
        assert!(
            message.ends_with("; if it is the right proxy, add the CA certificate of the authority that issued it to those of this machine"),
            "{message}"
        );
        assert_eq!((other.heads(), proxy.heads()), (vec![], vec![]), "{more:?}");
        // The one that is meant sees it, with whatever is believed of registries.
        let message = told(&town, &address, &[&ca[..], more].concat());
        let words = format!("the proxy {address} (HTTPS_PROXY) cannot connect to it: it answers with status 503");
        assert!(message.contains(&words), "{more:?}: {message}");
        assert!(proxy.heads()[0].contains("Proxy-Authorization: Basic "), "{more:?}");
    }
}

#[test]
fn a_proxy_that_speaks_something_else_is_named() {
    let town = Town::new();
    let plain = Hub::plain();
    let message = told(&town, &plain.address().to_string(), &[]);
    let words = format!(
        "the proxy {} (HTTPS_PROXY) does not speak TLS: write http:// in place of https:// in its URL",
        plain.address()
    );
    assert!(message.ends_with(&words), "{message}");
    let authority = Authority::new("authority of a proxy");
    let ca = town.sandbox.file("ca.pem", authority.pem());
    let junk = TlsProxy::start(&authority, &[Name::Ip("127.0.0.1")], "SSH-2.0-x\r\n\r\n");
    let message = told(
        &town,
        &junk.address().to_string(),
        &["--registry-ca", ca.to_str().unwrap()],
    );
    let words = format!(
        "the proxy {} (HTTPS_PROXY) cannot connect to it: its answer is not an HTTP response: ",
        junk.address()
    );
    assert!(message.contains(&words), "{message}");
}
