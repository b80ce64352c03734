// SPDX-License-Identifier: Apache-2.0
//! Proxies (docs/openshift-api.md 5.6). The server is named in a way that only the proxy can resolve.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use crate::client::{misconfigured, unchecked, works};
use crate::support::api::certificates::Authority;
use crate::support::api::{HttpProxy, Name, SocksProxy, TlsProxy, SERVER_NAME};
use crate::support::cluster::{Scene, TOKEN};
use crate::support::images::D1;
use crate::support::program::Outcome;

/// The server under a name that no resolver knows.
fn hidden(scene: &Scene) -> Value {
    let mut cluster = scene.cluster();
    cluster["server"] = format!("https://{SERVER_NAME}:6443").into();
    cluster
}

fn target() -> String {
    format!("{SERVER_NAME}:6443")
}

fn with_variables(scene: &Scene, variables: &[(&str, &str)]) -> Outcome {
    let mut command = scene.sandbox.command();
    command
        .args(scene.verify(D1))
        .args(["-o", "json"])
        .envs(variables.iter().copied());
    scene.finish(&mut command)
}

#[test]
fn an_http_proxy_of_the_kubeconfig() {
    let (scene, proxy) = (Scene::signed(), HttpProxy::start());
    proxy.route(&target(), scene.server.address());
    let mut cluster = hidden(&scene);
    cluster["proxy-url"] = proxy.url().into();
    scene.kubeconfig_with(cluster, json!({"token": TOKEN}));
    works(&scene, &["--confirm"]);
    assert!(proxy.targets().iter().all(|asked| *asked == target()));
    assert!(!proxy.targets().is_empty());
    // What goes through the tunnel is encrypted from end to end.
    assert!(scene.server.requests().iter().all(|request| request.tls));
}

#[test]
fn an_http_proxy_with_a_password_that_is_never_shown() {
    let (scene, proxy) = (Scene::signed(), HttpProxy::with_credentials("user", "proxy-password"));
    proxy.route(&target(), scene.server.address());
    let mut cluster = hidden(&scene);
    cluster["proxy-url"] = proxy.url().replace("http://", "http://user:proxy-password@").into();
    scene.kubeconfig_with(cluster.clone(), json!({"token": TOKEN}));
    let encoded = crate::support::images::base64(b"user:proxy-password");
    for level in [&["-v=9"][..], &[]] {
        let mut command = scene.sandbox.command();
        command.args(scene.verify(D1)).args(level).env("RUST_LOG", "trace");
        let outcome = scene.finish(&mut command).expect(0);
        assert!(
            outcome.stderr.contains("GET https://"),
            "nothing is logged: {outcome:?}"
        );
        for secret in ["proxy-password", &encoded] {
            assert!(!outcome.stderr.contains(secret), "{outcome:?}");
        }
    }
    cluster["proxy-url"] = proxy.url().replace("http://", "http://user:wrong-password@").into();
    scene.kubeconfig_with(cluster, json!({"token": TOKEN}));
    let message = unchecked(&scene, &[], "SourceUnavailable");
    assert!(
        message.contains("proxy") && !message.contains("wrong-password"),
        "{message}"
    );
}

#[test]
fn a_socks_proxy_resolves_the_name_itself() {
    let (scene, proxy) = (Scene::signed(), SocksProxy::start());
    proxy.route(&target(), scene.server.address());
    let mut cluster = hidden(&scene);
    cluster["proxy-url"] = proxy.url().into();
    scene.kubeconfig_with(cluster, json!({"token": TOKEN}));
    works(&scene, &[]);
    assert_eq!(proxy.targets(), [target()]);
}

#[test]
fn a_socks_proxy_with_a_password_that_is_never_shown() {
    let (scene, proxy) = (Scene::signed(), SocksProxy::with_credentials("user", "proxy-password"));
    proxy.route(&target(), scene.server.address());
    let mut cluster = hidden(&scene);
    for (password, succeeds) in [("proxy-password", true), ("wrong-password", false)] {
        cluster["proxy-url"] = format!("socks5://user:{password}@{}", proxy.address()).into();
        scene.kubeconfig_with(cluster.clone(), json!({"token": TOKEN}));
        let mut command = scene.sandbox.command();
        command
            .args(scene.verify(D1))
            .args(["-v=9", "-o", "json"])
            .env("RUST_LOG", "trace");
        let outcome = scene.finish(&mut command).expect(if succeeds { 0 } else { 3 });
        assert!(!format!("{outcome:?}").contains(password), "{outcome:#?}");
    }
    assert_eq!(proxy.targets(), [target()]);
}

#[test]
fn a_proxy_that_never_speaks_ends_with_the_time_for_the_request() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    for scheme in ["http", "https", "socks5"] {
        let scene = Scene::signed();
        let mut cluster = hidden(&scene);
        cluster["proxy-url"] = format!("{scheme}://{address}").into();
        scene.kubeconfig_with(cluster, json!({"token": TOKEN}));
        let message = unchecked(&scene, &["--request-timeout", "1s"], "SourceUnavailable");
        assert!(message.contains("took longer than 1 s"), "{scheme}: {message}");
    }
}

/// A byte now and then, each well within the time for one read.
#[test]
fn a_proxy_that_answers_byte_by_byte_ends_with_the_time_for_the_request() {
    let slow = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = slow.local_addr().unwrap();
    let proxy = std::thread::spawn(move || {
        let (mut client, _) = slow.accept().unwrap();
        client
            .write_all(b"HTTP/1.1 200 Connection established\r\nX-Slow: ")
            .unwrap();
        // Until the client has gone, and for a minute at most: then the test below fails.
        for _ in 0..200 {
            std::thread::sleep(Duration::from_millis(300));
            if client.write_all(b"x").is_err() {
                return;
            }
        }
    });
    let scene = Scene::signed();
    let mut cluster = hidden(&scene);
    cluster["proxy-url"] = format!("http://{address}").into();
    scene.kubeconfig_with(cluster, json!({"token": TOKEN}));
    let begun = Instant::now();
    let message = unchecked(&scene, &["--request-timeout", "1s"], "SourceUnavailable");
    assert!(message.contains("took longer than 1 s"), "{message}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    proxy.join().unwrap();
}

#[test]
fn proxies_of_the_environment_in_either_case() {
    for name in ["HTTPS_PROXY", "https_proxy"] {
        let (scene, proxy) = (Scene::signed(), HttpProxy::start());
        proxy.route(&target(), scene.server.address());
        scene.kubeconfig_with(hidden(&scene), json!({"token": TOKEN}));
        with_variables(&scene, &[(name, &proxy.url())]).expect_verdict(0, "Verified/Verified");
        // Without a scheme it is http.
        with_variables(&scene, &[(name, &proxy.address().to_string())]).expect_verdict(0, "Verified/Verified");
        assert_eq!(proxy.targets().len(), 2);
    }
}

#[test]
fn the_proxy_for_http_is_none_for_https() {
    let (scene, proxy) = (Scene::signed(), HttpProxy::start());
    proxy.route(&target(), scene.server.address());
    scene.kubeconfig_with(hidden(&scene), json!({"token": TOKEN}));
    with_variables(&scene, &[("HTTP_PROXY", &proxy.url())]).expect_verdict(3, "Unchecked/SourceUnavailable");
    assert!(proxy.targets().is_empty());
}

#[test]
fn the_kubeconfigs_proxy_wins() {
    let (scene, good, other) = (Scene::signed(), HttpProxy::start(), HttpProxy::start());
    good.route(&target(), scene.server.address());
    let mut cluster = hidden(&scene);
    cluster["proxy-url"] = good.url().into();
    scene.kubeconfig_with(cluster, json!({"token": TOKEN}));
    with_variables(&scene, &[("HTTPS_PROXY", &other.url()), ("NO_PROXY", "*")]).expect_verdict(0, "Verified/Verified");
    assert!(other.targets().is_empty());
}

#[test]
fn exceptions() {
    for (list, through) in [
        ("*", false),
        (SERVER_NAME, false),
        ("example.test", false),
        (".example.test", false),
        ("*.example.test", false),
        ("a, EXAMPLE.TEST ,b", false),
        ("api.example.test:6443", false),
        ("api.example.test:443", true),
        ("ample.test", true),
        ("other.test", true),
        ("10.0.0.0/8", true),
        ("", true),
    ] {
        for name in ["NO_PROXY", "no_proxy"] {
            let (scene, proxy) = (Scene::signed(), HttpProxy::start());
            proxy.route(&target(), scene.server.address());
            scene.kubeconfig_with(hidden(&scene), json!({"token": TOKEN}));
            let outcome = with_variables(&scene, &[("HTTPS_PROXY", &proxy.url()), (name, list)]);
            // Directly the name leads nowhere.
            assert_eq!(outcome.status, if through { 0 } else { 3 }, "{list}: {outcome:?}");
            assert_eq!(proxy.targets().is_empty(), !through, "{list}");
        }
    }
}

#[test]
fn networks_as_exceptions() {
    // An address of documentation (RFC 5737): nothing is there, and only the proxy is asked.
    for (list, through) in [
        ("192.0.2.0/24", false),
        ("192.0.3.0/24", true),
        ("192.0.2.1", false),
        ("192.0.2.1:1", true),
    ] {
        let (scene, proxy) = (Scene::signed(), HttpProxy::start());
        proxy.route("192.0.2.1:6443", scene.server.address());
        let mut cluster = scene.cluster();
        cluster["server"] = "https://192.0.2.1:6443".into();
        cluster["tls-server-name"] = SERVER_NAME.into();
        scene.kubeconfig_with(cluster, json!({"token": TOKEN}));
        if !through {
            // Whether the program would connect directly is seen without a connection: in what it says it does.
            let mut command = scene.sandbox.command();
            command
                .args(scene.verify(D1))
                .args(["--request-timeout=100ms", "-o", "json"])
                .env("HTTPS_PROXY", proxy.url())
                .env("NO_PROXY", list);
            scene.finish(&mut command).expect(3);
        } else {
            with_variables(&scene, &[("HTTPS_PROXY", &proxy.url()), ("NO_PROXY", list)])
                .expect_verdict(0, "Verified/Verified");
        }
        assert_eq!(proxy.targets().is_empty(), !through, "{list}");
    }
}

#[test]
fn the_machine_itself_is_never_reached_through_a_proxy_of_the_environment() {
    let (scene, proxy) = (Scene::signed(), HttpProxy::start());
    for host in ["127.0.0.1", "localhost"] {
        let mut cluster = scene.cluster();
        cluster["server"] = format!("https://{host}:{}", scene.server.address().port()).into();
        scene.kubeconfig_with(cluster, json!({"token": TOKEN}));
        with_variables(&scene, &[("HTTPS_PROXY", &proxy.url())]).expect_verdict(0, "Verified/Verified");
    }
    assert!(proxy.targets().is_empty());
}

#[test]
fn a_proxy_that_is_not_there() {
    let scene = Scene::signed();
    let mut cluster = hidden(&scene);
    for scheme in ["http", "https", "socks5"] {
        cluster["proxy-url"] = format!("{scheme}://user:top-secret@127.0.0.1:1").into();
        scene.kubeconfig_with(cluster.clone(), json!({"token": TOKEN}));
        let message = unchecked(&scene, &[], "SourceUnavailable");
        let words = format!("{}: the proxy 127.0.0.1:1 (proxy-url) refused the connection", target());
        assert!(message.contains(&words), "{message}");
        for word in ["top-secret", "did you specify", "server 127.0.0.1"] {
            assert!(!message.contains(word), "{word}: {message}");
        }
        cluster["proxy-url"] = format!("{scheme}://no-such-host.invalid:1").into();
        scene.kubeconfig_with(cluster.clone(), json!({"token": TOKEN}));
        let message = unchecked(&scene, &[], "SourceUnavailable");
        let words = "the proxy no-such-host.invalid:1 (proxy-url) has a host name that cannot be resolved";
        assert!(message.contains(words), "{message}");
    }
    scene.kubeconfig_with(hidden(&scene), json!({"token": TOKEN}));
    for name in ["HTTPS_PROXY", "https_proxy"] {
        let outcome = with_variables(&scene, &[(name, "127.0.0.1:1")]).expect(3);
        let words = format!("the proxy 127.0.0.1:1 ({name}) refused the connection");
        assert!(outcome.stdout.contains(&words), "{outcome:?}");
    }
}

#[test]
fn a_proxy_that_does_not_reach_the_server_is_named() {
    let scene = Scene::signed();
    let (http, socks) = (HttpProxy::start(), SocksProxy::start());
    // Neither knows where that is.
    for (url, address) in [
        (http.url(), http.address().to_string()),
        (socks.url(), socks.address().to_string()),
    ] {
        let mut cluster = hidden(&scene);
        cluster["proxy-url"] = url.into();
        scene.kubeconfig_with(cluster, json!({"token": TOKEN}));
        let message = unchecked(&scene, &[], "SourceUnavailable");
        let words = format!("the proxy {address} (proxy-url) cannot connect to it");
        assert!(message.contains(&words), "{message}");
    }
}

/// That nothing is checked of the server holds for the server.
#[test]
fn the_certificate_of_a_proxy_is_checked_where_that_of_the_server_is_not() {
    let (scene, authority) = (Scene::signed(), Authority::new("authority of a proxy"));
    let proxy = TlsProxy::start(&authority, &[Name::Dns("evil.example")], "");
    let mut cluster = json!({"server": hidden(&scene)["server"], "insecure-skip-tls-verify": true});
    cluster["proxy-url"] = format!("https://user:proxy-password@{}", proxy.address()).into();
    scene.kubeconfig_with(cluster, json!({"token": TOKEN}));
    let system = scene.sandbox.file("system.pem", authority.pem());
    let outcome = with_variables(&scene, &[("SSL_CERT_FILE", system.to_str().unwrap())]);
    let item = outcome.expect_verdict(3, "Unchecked/SourceUnavailable").item();
    let message = item["message"].as_str().unwrap();
    let words = format!(
        "the certificate of the proxy {} (proxy-url) is not accepted",
        proxy.address()
    );
    assert!(message.contains(&words), "{message}");
    assert_eq!(proxy.heads(), [""; 0]);
}

#[test]
fn proxies_of_no_use() {
    for url in [
        "ftp://proxy",
        "socks4://proxy",
        "http://",
        "nonsense",
        "http://user:top-secret@",
        "http://user:top-secret",
        "http://user:top-secret@proxy:99999",
    ] {
        let scene = Scene::signed();
        let mut cluster = scene.cluster();
        cluster["proxy-url"] = url.into();
        scene.kubeconfig_with(cluster, json!({"token": TOKEN}));
        misconfigured(&scene, &[], &["proxy-url"]);
        let outcome = scene.run_verify(D1, &[]);
        assert!(!outcome.stderr.contains("top-secret"), "{outcome:?}");
    }
}
