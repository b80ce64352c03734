// SPDX-License-Identifier: Apache-2.0
//! Certificates: the client's in each form, and servers whose own is not accepted.

use serde_json::{json, Value};

use crate::support::api::{ClientCertificate, KeyKind, Server};
use crate::support::cluster::Scene;
use crate::support::images::base64;
use crate::{misconfigured, only_request, unchecked, works};

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
            && message.contains("mismatch; use a name that it has"),
        "{message}"
    );
    assert!(scene.server.requests().is_empty());
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
