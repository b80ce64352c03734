// SPDX-License-Identifier: Apache-2.0
//! Every flag of oc and kubectl that overrides the configuration.

use serde_json::json;

use crate::client::{misconfigured, only_request, unchecked, works};
use crate::support::api::{KeyKind, Server, User, SERVER_NAME};
use crate::support::cluster::{Scene, TOKEN};
use crate::support::images::{image, D1};

const OTHER_TOKEN: &str = "another-token-of-bob";

/// The kubeconfig has the context `x` for alice, and `y` for bob at another server.
pub(super) fn scene() -> (Scene, Server) {
    let scene = Scene::signed();
    let other = Server::start();
    other.user(OTHER_TOKEN, User::new("bob"));
    other.allow_auditor("bob");
    scene.server.user(OTHER_TOKEN, User::new("bob"));
    scene.server.allow_auditor("bob");
    other.image(image(D1, &[&scene.sign(D1, crate::support::cluster::IDENTITY)]));
    let other_cluster = json!({
        "server": other.url(),
        "certificate-authority-data": crate::support::images::base64(other.ca_pem().as_bytes()),
    });
    let config = json!({
        "clusters": [{"name": "c", "cluster": scene.cluster()}, {"name": "d", "cluster": other_cluster}],
        "users": [{"name": "u", "user": {"token": TOKEN}}, {"name": "v", "user": {"token": OTHER_TOKEN}}],
        "contexts": [
            {"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "myproject"}},
            {"name": "y", "context": {"cluster": "d", "user": "v"}},
        ],
        "current-context": "x",
    });
    scene.sandbox.file("home/.kube/config", config.to_string());
    (scene, other)
}

#[test]
fn context_cluster_and_user() {
    let (scene, other) = scene();
    works(&scene, &["--context", "y"]);
    assert_eq!(other.requests()[0].user, "bob");
    works(&scene, &["--cluster", "d", "--user", "v"]);
    assert_eq!(other.requests().len(), 2);
    works(&scene, &["--user", "v"]);
    assert_eq!(only_request(&scene).user, "bob");
}

#[test]
fn names_that_are_not_there() {
    for (flag, words) in [
        ("--context", "context \"absent\" does not exist"),
        ("--cluster", "cluster \"absent\" does not exist"),
        ("--user", "auth info \"absent\" does not exist"),
    ] {
        let (scene, other) = scene();
        misconfigured(&scene, &[flag, "absent"], &[words]);
        assert_eq!(other.connections(), 0);
    }
}

#[test]
fn server_with_its_short_form() {
    let (scene, other) = scene();
    scene.sandbox.file("ca.pem", other.ca_pem());
    for flag in ["--server", "-s"] {
        other.forget_requests();
        works(
            &scene,
            &[
                flag,
                &other.url(),
                "--certificate-authority",
                "ca.pem",
                "--token",
                OTHER_TOKEN,
            ],
        );
        assert_eq!(other.requests().len(), 1);
    }
    assert_eq!(scene.server.connections(), 0);
}

#[test]
fn a_server_without_scheme_is_https_where_a_certificate_is_to_be_checked() {
    let (scene, _) = scene();
    let address = scene.server.address().to_string();
    works(&scene, &["--server", &address]);
    assert!(only_request(&scene).tls);
}

#[test]
fn a_server_path_is_a_prefix() {
    let (scene, _) = scene();
    scene.server.under("/k8s/clusters/c-1");
    let url = format!("{}/", scene.server.url());
    assert!(url.ends_with("/k8s/clusters/c-1/"));
    works(&scene, &["--server", &url]);
}

#[test]
fn tls_server_name() {
    let (scene, _) = scene();
    works(&scene, &["--tls-server-name", SERVER_NAME]);
    assert_eq!(only_request(&scene).server_name.as_deref(), Some(SERVER_NAME));
    let message = unchecked(
        &scene,
        &["--tls-server-name", "other.example.test"],
        "SourceUnavailable",
    );
    assert!(message.contains("other.example.test"), "{message}");
}

#[test]
fn a_tls_server_name_that_no_certificate_can_have() {
    let scene = Scene::signed();
    // The first of these would be met by any name below it.
    for name in [
        ".test",
        "a\0b",
        "a\nb",
        "a b",
        " ",
        "*.test",
        "a..test",
        "\u{fc}.test",
        &"x".repeat(300),
    ] {
        let mut cluster = scene.cluster();
        cluster["tls-server-name"] = name.into();
        scene.kubeconfig_with(cluster, json!({"token": TOKEN}));
        misconfigured(
            &scene,
            &[],
            &["tls-server-name", "expected a host name or an IP address"],
        );
    }
    assert_eq!(scene.server.connections(), 0);
    let mut cluster = scene.cluster();
    cluster["tls-server-name"] = "127.0.0.1".into();
    scene.kubeconfig_with(cluster, json!({"token": TOKEN}));
    works(&scene, &[]);
}

#[test]
fn another_server_does_not_keep_the_name_of_the_old_one() {
    let scene = Scene::signed();
    let mut cluster = scene.cluster();
    cluster["tls-server-name"] = "wrong.example.test".into();
    scene.kubeconfig_with(cluster, json!({"token": TOKEN}));
    unchecked(&scene, &[], "SourceUnavailable");
    works(&scene, &["--server", &scene.server.url()]);
}

#[test]
fn insecure_skip_tls_verify_replaces_the_authority() {
    let scene = Scene::signed();
    let mut cluster = scene.cluster();
    cluster["certificate-authority-data"] =
        crate::support::images::base64(scene.server.unrelated_ca_pem().as_bytes()).into();
    scene.kubeconfig_with(cluster, json!({"token": TOKEN}));
    unchecked(&scene, &[], "SourceUnavailable");
    unchecked(&scene, &["--insecure-skip-tls-verify=false"], "SourceUnavailable");
    works(&scene, &["--insecure-skip-tls-verify"]);
    works(&scene, &["--insecure-skip-tls-verify=true"]);
}

#[test]
fn certificate_authority_replaces_the_one_in_the_file() {
    let scene = Scene::signed();
    scene.sandbox.file("other.pem", scene.server.unrelated_ca_pem());
    scene.sandbox.file("ca.pem", scene.server.ca_pem());
    let message = unchecked(&scene, &["--certificate-authority", "other.pem"], "SourceUnavailable");
    assert!(message.contains("certificate"), "{message}");
    works(&scene, &["--certificate-authority", "ca.pem"]);
    let scene = Scene::signed();
    scene.sandbox.file("bad.pem", "no certificate");
    misconfigured(
        &scene,
        &["--certificate-authority", "bad.pem"],
        &["certificate-authority", "PEM"],
    );
}

#[test]
fn client_certificate_and_key() {
    let (scene, _) = scene();
    scene.server.allow_auditor("carol");
    let certificate = scene.server.client_certificate("carol", &[], KeyKind::EcPkcs8);
    scene.sandbox.file("c.pem", certificate.certificate);
    scene.sandbox.file("k.pem", certificate.key);
    // The context's user has a token as well; a user of its own has none.
    scene.kubeconfig(json!({}));
    works(&scene, &["--client-certificate", "c.pem", "--client-key", "k.pem"]);
    assert_eq!(only_request(&scene).user, "carol");
}

#[test]
fn token() {
    let (scene, _) = scene();
    works(&scene, &["--token", OTHER_TOKEN]);
    assert_eq!(only_request(&scene).user, "bob");
    // It wins over a token file too, which kubectl would go on reading.
    scene.sandbox.file("token", TOKEN);
    scene.kubeconfig(json!({"tokenFile": scene.sandbox.path("token")}));
    scene.server.forget_requests();
    works(&scene, &["--token", OTHER_TOKEN]);
    assert_eq!(only_request(&scene).user, "bob");
}

#[test]
fn namespace_with_its_short_form() {
    let (scene, _) = scene();
    scene.server.grant("alice", &["get"], "imagestreamtags");
    for (flags, namespace) in [
        (&[][..], "myproject"),
        (&["-n", "team"], "team"),
        (&["--namespace", "team"], "team"),
        (&["-n", "team/app"], "team"),
    ] {
        scene.server.forget_requests();
        scene.run_verify("app:v1", flags).expect(3);
        let path = format!("/namespaces/{namespace}/imagestreamtags/app:v1");
        assert!(only_request(&scene).path.ends_with(&path), "{flags:?}");
    }
    let (scene, _) = self::scene();
    misconfigured(&scene, &["-n", "../x y"], &["namespace"]);
}

#[test]
fn request_timeout() {
    let (scene, _) = scene();
    for good in ["0", "30", "1m30s", "1.5h"] {
        works(&scene, &["--request-timeout", good]);
    }
    for bad in ["-1", "1x", "soon"] {
        let (scene, _) = self::scene();
        misconfigured(
            &scene,
            &[&format!("--request-timeout={bad}")],
            &["--request-timeout", "number of seconds"],
        );
    }
}

#[test]
fn disable_compression() {
    let (scene, _) = scene();
    scene.server.gzip_over(10);
    works(&scene, &[]);
    works(&scene, &["--disable-compression"]);
    let requests = scene.server.requests();
    assert_eq!(requests[0].header("accept-encoding"), Some("gzip"));
    assert_eq!(requests[1].header("accept-encoding"), None);
}

#[test]
fn cache_dir_is_taken_and_nothing_is_cached() {
    let (scene, _) = scene();
    works(&scene, &["--cache-dir", "cache"]);
    assert!(!scene.sandbox.path("cache").exists());
}

#[test]
fn flags_of_a_cluster_have_no_meaning_beside_files() {
    let (scene, _) = scene();
    let object = scene.sandbox.file("image.json", scene.server.stored(D1).to_string());
    let outcome = scene.run_verify(D1, &["-f", object.to_str().unwrap(), "-o", "json"]);
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert_eq!(scene.server.connections(), 0);
}
