// SPDX-License-Identifier: Apache-2.0
//! Credential plugins (docs/openshift-api.md 5.5).

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{json, Value};

use crate::client::{misconfigured, unchecked, works};
use crate::support::api::KeyKind;
use crate::support::cluster::{Scene, TOKEN};
use crate::support::images::D1;

const V1: &str = "client.authentication.k8s.io/v1";
const V1BETA1: &str = "client.authentication.k8s.io/v1beta1";

/// Puts a plugin beside the kubeconfig that runs this script.
fn plugin(scene: &Scene, script: &str) {
    let _path = scene
        .sandbox
        .program("home/.kube/plugin", format!("#!/bin/sh\n{script}\n"));
}

/// A kubeconfig with this plugin; `more` changes members of `exec`.
fn configure(scene: &Scene, more: &Value) {
    let mut exec = json!({"apiVersion": V1, "command": "./plugin", "interactiveMode": "Never"});
    for (name, value) in more.as_object().unwrap() {
        exec[name] = value.clone();
    }
    scene.kubeconfig(json!({"exec": exec}));
}

/// A script that prints a credential of a version.
fn prints(version: &str, status: &Value) -> String {
    let answer = json!({"apiVersion": version, "kind": "ExecCredential", "status": status});
    format!("cat <<'END'\n{answer}\nEND")
}

fn scene(script: &str) -> Scene {
    let scene = Scene::signed();
    plugin(&scene, script);
    configure(&scene, &json!({}));
    scene
}

#[test]
fn both_versions_give_a_token() {
    for version in [V1, V1BETA1] {
        let scene = scene(&prints(version, &json!({"token": TOKEN})));
        configure(&scene, &json!({"apiVersion": version}));
        works(&scene, &[]);
        assert_eq!(scene.server.requests()[0].user, "alice");
    }
}

#[test]
fn it_is_run_once_for_many_requests() {
    let scene = scene(&format!("echo x >>ran\n{}", prints(V1, &json!({"token": TOKEN}))));
    works(&scene, &["--confirm"]);
    assert!(scene.server.requests().len() > 3);
    assert_eq!(fs::read_to_string(scene.sandbox.path("ran")).unwrap(), "x\n");
}

#[test]
fn it_is_told_what_the_contract_says() {
    let scene = scene(&format!(
        "printf %s \"$KUBERNETES_EXEC_INFO\" >info; printf %s \"$A:$1:$2:$HOME\" >rest; cat >stdin\n{}",
        prints(V1, &json!({"token": TOKEN}))
    ));
    let mut cluster = scene.cluster();
    cluster["extensions"] = json!([
        {"name": "other", "extension": {"x": 1}},
        {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a", "n": [1, true]}},
    ]);
    let exec = json!({
        "apiVersion": V1, "command": "./plugin", "interactiveMode": "IfAvailable", "provideClusterInfo": true,
        "args": ["one", "two words"], "env": [{"name": "A", "value": "value"}],
    });
    scene.kubeconfig_with(cluster, json!({"exec": exec}));
    works(&scene, &[]);
    let read = |name: &str| fs::read_to_string(scene.sandbox.path(name)).unwrap();
    let info: Value = serde_json::from_str(&read("info")).unwrap();
    assert_eq!(
        info,
        json!({
            "kind": "ExecCredential", "apiVersion": V1,
            "spec": {
                "interactive": false,
                "cluster": {
                    "server": scene.server.url(),
                    "certificate-authority-data": scene.cluster()["certificate-authority-data"],
                    "config": {"audience": "a", "n": [1, true]},
                },
            },
        })
    );
    assert_eq!(read("info").lines().count(), 1);
    let home = scene.sandbox.path("home");
    assert_eq!(read("rest"), format!("value:one:two words:{}", home.display()));
    assert_eq!(read("stdin"), "", "standard input is none of its business");
}

#[test]
fn without_being_asked_it_is_not_told_about_the_cluster() {
    let scene = scene(&format!(
        "printf %s \"$KUBERNETES_EXEC_INFO\" >info\n{}",
        prints(V1, &json!({"token": TOKEN}))
    ));
    works(&scene, &[]);
    let info: Value = serde_json::from_str(&fs::read_to_string(scene.sandbox.path("info")).unwrap()).unwrap();
    assert_eq!(info["spec"], json!({"interactive": false}));
}

#[test]
fn it_is_found_where_the_callers_path_says_and_gets_that_path() {
    let scene = scene("");
    let directory = scene.sandbox.path("plugins");
    fs::create_dir(&directory).unwrap();
    let path = directory.join("my-login");
    let script = format!(
        "#!/bin/sh\nprintf %s \"$PATH\" >path\n{}\n",
        prints(V1, &json!({"token": TOKEN}))
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    configure(&scene, &json!({"command": "my-login"}));
    let callers = format!("{}:/usr/bin:/bin", directory.display());
    let mut command = scene.sandbox.command();
    command.args(scene.verify(D1)).env("PATH", &callers);
    scene.finish(&mut command).expect(0);
    assert_eq!(fs::read_to_string(scene.sandbox.path("path")).unwrap(), callers);
    // Not where our own search path begins, and not in the current directory.
    let mut command = scene.sandbox.command();
    command
        .args(scene.verify(D1))
        .current_dir(&directory)
        .env("PATH", ":.:/nowhere");
    let outcome = scene.finish(&mut command).expect(3);
    assert!(outcome.words().contains("executable my-login not found"), "{outcome:?}");
}

#[test]
fn one_that_is_not_there_comes_with_its_hint_cleaned() {
    let scene = scene("");
    configure(
        &scene,
        &json!({"command": "absent-login", "installHint": "get it:\n\u{1b}[31mbrew install login\u{7}"}),
    );
    let message = unchecked(&scene, &[], "SourceUnavailable");
    assert!(message.contains("executable absent-login not found"), "{message}");
    assert!(message.contains("brew install login"), "{message}");
    assert!(!message.chars().any(image_signature::text::is_unsafe), "{message:?}");
    configure(&scene, &json!({"command": "./absent"}));
    let message = unchecked(&scene, &[], "SourceUnavailable");
    assert!(message.contains("not found"), "{message}");
    assert_eq!(scene.server.connections(), 0);
}

#[test]
fn a_certificate_is_a_credential_too() {
    let scene = Scene::signed();
    scene.server.allow_auditor("carol");
    let certificate = scene.server.client_certificate("carol", &[], KeyKind::EcSec1);
    let status = json!({"clientCertificateData": certificate.certificate, "clientKeyData": certificate.key});
    plugin(&scene, &prints(V1, &status));
    configure(&scene, &json!({}));
    works(&scene, &["--confirm"]);
    assert!(scene.server.requests().iter().all(|request| request.user == "carol"));
}

#[test]
fn answers_of_no_use() {
    let good = |status: Value| prints(V1, &status);
    for (script, words) in [
        (
            prints(V1BETA1, &json!({"token": "t"})),
            "apiVersion: expected client.authentication.k8s.io/v1",
        ),
        (
            format!("echo '{{\"apiVersion\":\"{V1}\",\"kind\":\"ExecCredential\"}}'"),
            "it has no status",
        ),
        (
            format!("echo '{{\"apiVersion\":\"{V1}\",\"kind\":\"Pod\",\"status\":{{}}}}'"),
            "kind",
        ),
        (good(json!({})), "neither a token nor a client certificate"),
        (good(json!({"clientCertificateData": "x"})), "are both required"),
        (good(json!({"clientKeyData": "x"})), "are both required"),
        (
            good(json!({"clientCertificateData": "x", "clientKeyData": "y"})),
            "its client certificate",
        ),
        (good(json!({"token": 7})), "status.token: expected a string"),
        (
            good(json!({"token": "t", "expirationTimestamp": "soon"})),
            "expirationTimestamp",
        ),
        ("echo not json".into(), "expected one JSON document"),
        ("true".into(), "expected one JSON document"),
        ("exit 7".into(), "exit status: 7"),
        ("kill -9 $$".into(), "signal: 9"),
        ("head -c 2000000 /dev/zero".into(), "more than 1048576 bytes"),
        ("cat /dev/zero".into(), "more than 1048576 bytes"),
    ] {
        let scene = scene(&script);
        let message = unchecked(&scene, &[], "SourceUnavailable");
        assert!(message.contains(words), "{script}: {message}");
        assert_eq!(scene.server.connections(), 0, "{script}");
    }
}

#[test]
fn what_it_prints_is_never_shown() {
    for script in [
        format!("echo {TOKEN}"),
        format!("echo '{{\"status\":{{\"token\":\"{TOKEN}\"}}}}'"),
    ] {
        // Scene::run looks for the token in all that is printed.
        scene(&script).run_verify(D1, &["-v=9"]).expect(3);
    }
}

#[test]
fn configurations_of_no_use() {
    for (more, words) in [
        (json!({"command": ""}), "command is required"),
        (
            json!({"apiVersion": "client.authentication.k8s.io/v1alpha1"}),
            "apiVersion",
        ),
        (json!({"apiVersion": ""}), "apiVersion"),
        (json!({"interactiveMode": ""}), "interactiveMode is required"),
        (json!({"interactiveMode": "Sometimes"}), "interactiveMode \"Sometimes\""),
    ] {
        let scene = scene("touch ran");
        configure(&scene, &more);
        misconfigured(&scene, &[], &[words]);
        assert!(!scene.sandbox.path("ran").exists());
    }
}

#[test]
fn the_older_version_may_leave_the_mode_out() {
    let scene = scene(&prints(V1BETA1, &json!({"token": TOKEN})));
    configure(&scene, &json!({"apiVersion": V1BETA1, "interactiveMode": ""}));
    works(&scene, &[]);
}

#[test]
fn one_that_must_ask_needs_a_terminal() {
    let scene = scene("touch ran");
    configure(&scene, &json!({"interactiveMode": "Always"}));
    let message = unchecked(&scene, &[], "SourceUnavailable");
    assert!(message.contains("standard input is not a terminal"), "{message}");
    assert!(!scene.sandbox.path("ran").exists());
}

#[test]
fn a_refused_credential_is_fetched_once_more() {
    // The first run gives a token that nobody knows.
    let scene = scene(&format!(
        "if [ -e ran ]; then {}\nelse {}\nfi; echo x >>ran",
        prints(V1, &json!({"token": TOKEN})),
        prints(V1, &json!({"token": "stale"})),
    ));
    works(&scene, &["--confirm"]);
    assert_eq!(fs::read_to_string(scene.sandbox.path("ran")).unwrap(), "x\nx\n");
    // And not again and again.
    let scene = self::scene(&format!("echo x >>ran\n{}", prints(V1, &json!({"token": "stale"}))));
    unchecked(&scene, &[], "Forbidden");
    assert_eq!(fs::read_to_string(scene.sandbox.path("ran")).unwrap(), "x\nx\n");
}

#[test]
fn a_credential_that_has_expired_is_fetched_again() {
    let past = scene(&format!(
        "echo x >>ran\n{}",
        prints(
            V1,
            &json!({"token": TOKEN, "expirationTimestamp": "2020-01-01T00:00:00Z"})
        )
    ));
    works(&past, &["--confirm"]);
    let requests = past.server.requests().len();
    let runs = fs::read_to_string(past.sandbox.path("ran")).unwrap().lines().count();
    assert_eq!(runs, requests, "it is run for each request");
    let future = scene(&format!(
        "echo x >>ran\n{}",
        prints(
            V1,
            &json!({"token": TOKEN, "expirationTimestamp": "2999-01-01T00:00:00Z"})
        )
    ));
    works(&future, &["--confirm"]);
    assert_eq!(fs::read_to_string(future.sandbox.path("ran")).unwrap(), "x\n");
}

#[test]
fn a_credential_without_end_may_name_the_last_second_of_the_calendar() {
    for end in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999-12:00"] {
        let scene = scene(&format!(
            "echo x >>ran\n{}",
            prints(V1, &json!({"token": TOKEN, "expirationTimestamp": end}))
        ));
        works(&scene, &["--confirm"]);
        assert_eq!(fs::read_to_string(scene.sandbox.path("ran")).unwrap(), "x\n");
    }
}

#[test]
fn it_is_not_run_where_another_credential_is_configured() {
    let scene = scene("touch ran; exit 1");
    works(&scene, &["--token", TOKEN]);
    let exec = json!({"apiVersion": V1, "command": "./plugin", "interactiveMode": "Never"});
    scene.server.allow_auditor("carol");
    let certificate = scene.server.client_certificate("carol", &[], KeyKind::RsaPkcs8);
    scene.sandbox.file("home/.kube/c.pem", certificate.certificate);
    scene.sandbox.file("home/.kube/k.pem", certificate.key);
    for mut user in [
        json!({"token": TOKEN}),
        json!({"client-certificate": "c.pem", "client-key": "k.pem"}),
    ] {
        user["exec"] = exec.clone();
        scene.kubeconfig(user);
        works(&scene, &[]);
    }
    assert!(!scene.sandbox.path("ran").exists());
}

#[test]
fn exec_beside_an_auth_provider_is_refused() {
    let scene = scene("touch ran");
    let exec = json!({"apiVersion": V1, "command": "./plugin", "interactiveMode": "Never"});
    scene.kubeconfig(json!({"exec": exec, "auth-provider": {"name": "oidc"}}));
    misconfigured(&scene, &[], &["exec cannot be used with auth-provider"]);
}

#[test]
fn its_own_words_go_to_standard_error() {
    let scene = scene(&format!(
        "echo please wait >&2\n{}",
        prints(V1, &json!({"token": TOKEN}))
    ));
    let outcome = works(&scene, &[]);
    assert!(outcome.stderr.contains("please wait"), "{outcome:?}");
}
