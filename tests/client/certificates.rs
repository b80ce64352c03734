// SPDX-License-Identifier: Apache-2.0
//! Certificates: the client's in each form, and servers whose own is not accepted.

use serde_json::{json, Value};

use crate::client::{misconfigured, only_request, unchecked, works};
use crate::support::api::{ClientCertificate, KeyKind, Name, Server, User};
use crate::support::cluster::{Scene, TOKEN};
use crate::support::images::{base64, D1};

const KINDS: [KeyKind; 4] = [KeyKind::RsaPkcs1, KeyKind::RsaPkcs8, KeyKind::EcSec1, KeyKind::EcPkcs8];

fn data(certificate: &ClientCertificate) -> Value {
    json!({
        "client-certificate-data": base64(certificate.certificate.as_bytes()),
        "client-key-data": base64(certificate.key.as_bytes()),
    })
}

#[test]
fn every_form_of_key_from_data_and_from_files() {
    let scene = Scene::signed();
    scene.server.allow_auditor("carol");
    for kind in KINDS {
        let certificate = scene.server.client_certificate("carol", &["auditors"], kind);
        scene.kubeconfig(data(&certificate));
        scene.server.forget_requests();
        works(&scene, &[]);
        assert_eq!(only_request(&scene).user, "carol", "{kind:?}");
        scene.sandbox.file("home/.kube/c.pem", &certificate.certificate);
        scene.sandbox.file("home/.kube/k.pem", &certificate.key);
        scene.kubeconfig(json!({"client-certificate": "c.pem", "client-key": "k.pem"}));
        scene.server.forget_requests();
        works(&scene, &[]);
        let request = only_request(&scene);
        assert_eq!(request.user, "carol", "{kind:?}");
        assert_eq!(request.header("authorization"), None);
    }
}

#[test]
fn a_record_names_the_user_of_the_certificate() {
    let scene = Scene::signed();
    scene.server.allow_auditor("carol");
    scene.kubeconfig(data(&scene.server.client_certificate("carol", &[], KeyKind::RsaPkcs1)));
    works(&scene, &["--confirm"]);
    let stored = scene.server.stored(crate::support::images::D1).to_string();
    assert!(stored.contains("verified by carol:"), "{stored}");
}

#[test]
fn certificates_of_no_use() {
    let scene = Scene::signed();
    let one = scene.server.client_certificate("carol", &[], KeyKind::EcPkcs8);
    let other = scene.server.client_certificate("carol", &[], KeyKind::EcPkcs8);
    for (certificate, key, words) in [
        (
            one.certificate.as_str(),
            other.key.as_str(),
            "does not belong to the certificate",
        ),
        ("garbage", one.key.as_str(), "PEM certificate"),
        (one.certificate.as_str(), "garbage", "PEM private key"),
    ] {
        let scene = Scene::signed();
        scene.kubeconfig(data(&ClientCertificate {
            certificate: certificate.into(),
            key: key.into(),
        }));
        misconfigured(&scene, &[], &[words]);
    }
}

#[test]
fn an_encrypted_key_is_told_and_nobody_is_asked_for_a_passphrase() {
    let scene = Scene::signed();
    let certificate = scene.server.client_certificate("carol", &[], KeyKind::RsaPkcs8);
    let key = openssl::pkey::PKey::private_key_from_pem(certificate.key.as_bytes()).unwrap();
    let encrypted = key
        .private_key_to_pem_pkcs8_passphrase(openssl::symm::Cipher::aes_256_cbc(), b"secret")
        .unwrap();
    scene.kubeconfig(data(&ClientCertificate {
        certificate: certificate.certificate,
        key: String::from_utf8(encrypted).unwrap(),
    }));
    misconfigured(&scene, &[], &["client-key", "without a passphrase"]);
}

#[test]
fn certificates_that_the_server_does_not_accept() {
    let scene = Scene::signed();
    for certificate in [
        scene.server.expired_client_certificate("carol", &[]),
        scene.server.unrelated_client_certificate("carol", &[]),
    ] {
        scene.kubeconfig(data(&certificate));
        let outcome = scene.run_verify(crate::support::images::D1, &["-o", "json"]).expect(3);
        assert_eq!(outcome.item()["verdict"], "Unchecked", "{outcome:?}");
    }
}

#[test]
fn a_server_whose_authority_nobody_named() {
    let scene = Scene::signed();
    scene.kubeconfig_with(json!({"server": scene.server.url()}), json!({"token": "t"}));
    let message = unchecked(&scene, &[], "SourceUnavailable");
    for word in [
        "Unable to connect to the server",
        "certificate of 127.0.0.1 is not accepted",
        "name the authority that issued it as certificate-authority",
    ] {
        assert!(message.contains(word), "{message}");
    }
    assert!(
        scene.server.requests().is_empty(),
        "nothing is sent to a server that is not recognised"
    );
}

#[test]
fn a_server_with_an_expired_certificate() {
    let scene = Scene::signed();
    let expired = Server::with_expired_certificate();
    let cluster = json!({"server": expired.url(), "certificate-authority-data": base64(expired.ca_pem().as_bytes())});
    scene.kubeconfig_with(cluster, json!({"token": "t"}));
    let message = unchecked(&scene, &[], "SourceUnavailable");
    assert!(message.contains("expired") && message.contains("clock"), "{message}");
    assert!(expired.requests().is_empty());
}

#[test]
fn a_server_with_a_certificate_for_another_name() {
    let scene = Scene::signed();
    let mut cluster = scene.cluster();
    cluster["tls-server-name"] = "other.example.test".into();
    scene.kubeconfig_with(cluster, json!({"token": "t"}));
    let message = unchecked(&scene, &[], "SourceUnavailable");
    assert!(
        message.contains("certificate of other.example.test is not accepted")
            && message.contains("mismatch; it is for 127.0.0.1, localhost, api.example.test: use a name that it has"),
        "{message}"
    );
    assert!(scene.server.requests().is_empty());
}

/// What is said of a server with such a certificate under a name, by which it is recognised if nothing is said.
fn recognised(common_name: &str, names: &[Name<'_>], as_name: Option<&str>) -> Result<(), String> {
    let scene = Scene::signed();
    let server = Server::with_names(common_name, names);
    server.user(TOKEN, User::new("alice"));
    server.allow_auditor("alice");
    server.image(scene.server.stored(D1));
    let mut cluster = json!({"server": server.url(), "certificate-authority-data": base64(server.ca_pem().as_bytes())});
    if let Some(name) = as_name {
        cluster["tls-server-name"] = name.into();
    }
    scene.kubeconfig_with(cluster, json!({"token": TOKEN}));
    let outcome = scene.run_verify(D1, &["-o", "json"]);
    if outcome.verdict() == "Verified/Verified" {
        return Ok(());
    }
    assert!(
        server.requests().is_empty(),
        "something was sent to a server that is not recognised"
    );
    assert_eq!(outcome.status, 3);
    Err(outcome.item()["message"].as_str().unwrap().to_owned())
}

#[test]
fn an_address_must_stand_in_the_certificate_as_an_address() {
    let (ip, dns) = (Name::Ip, Name::Dns);
    recognised("x", &[ip("127.0.0.1")], None).unwrap();
    recognised("x", &[ip("192.0.2.1")], Some("192.0.2.1")).unwrap();
    recognised("x", &[ip("2001:db8::1")], Some("2001:db8:0::1")).unwrap();
    for (common_name, names, as_name, words) in [
        // The server is reached under 127.0.0.1.
        ("x", &[ip("127.0.0.2")][..], None, "it is for 127.0.0.2:"),
        ("x", &[dns("localhost")], None, "it is for localhost:"),
        (
            "x",
            &[dns("127.0.0.1")],
            None,
            "it is for 127.0.0.1 (as a DNS name, not as an address):",
        ),
        ("127.0.0.1", &[dns("other")], None, "it is for other:"),
        ("127.0.0.1", &[], None, "it has no name at all"),
        ("x", &[ip("127.0.0.1")], Some("192.0.2.1"), "it is for 127.0.0.1:"),
        ("x", &[ip("127.0.0.1")], Some("2001:db8::1"), "it is for 127.0.0.1:"),
        ("x", &[ip("2001:db8::1")], Some("2001:db8::2"), "it is for 2001:db8::1:"),
        ("x", &[dns("*.0.0.1")], None, "it is for *.0.0.1:"),
    ] {
        let message = recognised(common_name, names, as_name).expect_err("accepted");
        for word in ["is not accepted", words] {
            assert!(message.contains(word), "{names:?} as {as_name:?}: {message}");
        }
    }
}

#[test]
fn a_name_must_stand_in_the_certificate_as_a_name() {
    let (ip, dns) = (Name::Ip, Name::Dns);
    let name = Some("api.example.test");
    recognised("x", &[dns("api.example.test")], name).unwrap();
    recognised("x", &[dns("*.example.test")], name).unwrap();
    for (common_name, names) in [
        ("api.example.test", &[ip("127.0.0.1")][..]),
        ("api.example.test", &[]),
        ("x", &[dns("example.test")]),
        ("x", &[dns("*.test")]),
        ("x", &[dns("a*.example.test")]),
        ("x", &[dns("api.example.test.evil.test")]),
    ] {
        let message = recognised(common_name, names, name).expect_err("accepted");
        assert!(message.contains("is not accepted"), "{names:?}: {message}");
    }
    let many: Vec<String> = (0..30).map(|n| format!("n{n}.example.test")).collect();
    let many: Vec<Name<'_>> = many.iter().map(|name| dns(name)).collect();
    let message = recognised("x", &many, name).expect_err("accepted");
    assert!(message.contains("n7.example.test and 22 more"), "{message}");
}

#[test]
fn a_server_that_speaks_no_tls() {
    let scene = Scene::signed();
    let plain = Server::plain();
    let url = plain.url().replace("http://", "https://");
    scene.kubeconfig_with(json!({"server": url}), json!({"token": "t"}));
    let message = unchecked(&scene, &[], "SourceUnavailable");
    assert!(message.contains("TLS"), "{message}");
    assert!(!plain.malformed().is_empty() || plain.requests().is_empty());
}
