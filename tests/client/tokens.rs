// SPDX-License-Identifier: Apache-2.0
//! Tokens: as they stand in the kubeconfig, in files, and never where they do not belong.

use std::fs;

use serde_json::json;

use crate::client::{misconfigured, only_request, unchecked, works};
use crate::support::api::{Fault, Server, User};
use crate::support::cluster::{Scene, TOKEN};
use crate::support::images::{image, D1};

const RENEWED: &str = "renewed-token-of-alice";

#[test]
fn a_token_goes_with_each_request() {
    let scene = Scene::signed();
    works(&scene, &["--confirm"]);
    let expected = format!("Bearer {TOKEN}");
    for request in scene.server.requests() {
        assert_eq!(request.header("authorization"), Some(expected.as_str()), "{request:?}");
    }
}

#[test]
fn white_space_around_a_token_in_a_file_is_no_part_of_it() {
    let scene = Scene::signed();
    scene.sandbox.file("token", format!("\n {TOKEN} \r\n"));
    scene.kubeconfig(json!({"tokenFile": scene.sandbox.path("token")}));
    works(&scene, &[]);
}

#[test]
fn the_file_wins_over_the_token_beside_it() {
    let scene = Scene::signed();
    scene.sandbox.file("token", TOKEN);
    scene.kubeconfig(json!({"tokenFile": scene.sandbox.path("token"), "token": "stale"}));
    works(&scene, &[]);
}

#[test]
fn a_token_that_is_refused_is_read_again_from_its_file() {
    let scene = Scene::signed();
    let file = scene.sandbox.file("token", TOKEN);
    scene.kubeconfig(json!({"tokenFile": file}));
    // Between the access review and the rest somebody renews the token.
    scene.server.user(RENEWED, User::new("alice"));
    scene.server.before("POST", "selfsubjectaccessreviews", move |_| {
        fs::write(&file, RENEWED).unwrap();
    });
    scene.server.fault(Fault::unauthorized().on("GET", "/images/").once());
    works(&scene, &["--confirm"]);
    let requests = scene.server.requests();
    let used: Vec<bool> = requests
        .iter()
        .map(|r| r.header("authorization").unwrap().ends_with(RENEWED))
        .collect();
    assert_eq!(used, [false, false, true, true, true], "{requests:#?}");
}

#[test]
fn a_token_that_is_refused_and_not_renewed_is_an_end() {
    let scene = Scene::signed();
    let file = scene.sandbox.file("token", TOKEN);
    scene.kubeconfig(json!({"tokenFile": file}));
    scene.server.revoke(TOKEN);
    let message = unchecked(&scene, &[], "Forbidden");
    assert!(
        message.contains("You must be logged in to the server (Unauthorized)"),
        "{message}"
    );
    assert_eq!(scene.server.requests().len(), 1);
}

#[test]
fn token_files_of_no_use() {
    for (content, words) in [(None, "No such file"), (Some(" \n"), "empty")] {
        let scene = Scene::signed();
        let file = scene.sandbox.path("token");
        if let Some(content) = content {
            fs::write(&file, content).unwrap();
        }
        scene.kubeconfig(json!({"tokenFile": file}));
        misconfigured(&scene, &[], &["token file", words]);
    }
}

#[test]
fn a_password_is_sent_as_kubectl_does() {
    let scene = Scene::signed();
    scene.kubeconfig(json!({"username": "u", "password": "p:w"}));
    unchecked(&scene, &[], "Forbidden");
    assert_eq!(only_request(&scene).header("authorization"), Some("Basic dTpwOnc="));
}

#[test]
fn a_server_without_tls_gets_no_credential_and_that_is_said() {
    let scene = Scene::signed();
    let plain = Server::plain();
    plain.image(image(D1, &[&scene.sign(D1, crate::support::cluster::IDENTITY)]));
    plain.grant("system:anonymous", &["get"], "images");
    for user in [
        json!({"token": TOKEN}),
        json!({"username": "u", "password": "secret-password"}),
    ] {
        plain.forget_requests();
        scene.kubeconfig_with(json!({"server": plain.url()}), user);
        let outcome = scene.run_verify(D1, &["-o", "json"]);
        assert!(
            outcome
                .stderr
                .contains("is not an https server: no credentials are sent to it"),
            "{outcome:?}"
        );
        let requests = plain.requests();
        assert!(!requests.is_empty());
        for request in requests {
            assert_eq!(request.header("authorization"), None);
            assert!(!format!("{request:?}").contains(TOKEN));
        }
    }
}

#[test]
fn a_plugin_is_not_run_for_a_server_without_tls() {
    let scene = Scene::signed();
    let plain = Server::plain();
    let exec = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
                               "command": "/bin/touch", "args": [scene.sandbox.path("ran")]}});
    scene.kubeconfig_with(json!({"server": plain.url()}), exec);
    scene.run_verify(D1, &[]).expect(3);
    assert!(!scene.sandbox.path("ran").exists());
}

#[test]
fn no_log_and_no_error_shows_a_secret() {
    let scene = Scene::signed();
    scene.kubeconfig(json!({"token": TOKEN}));
    // Scene::run looks for the token in all that is printed.
    for level in ["-v", "-v=6", "--v=6", "-v=9", "-v=10"] {
        let outcome = scene.run_verify(D1, &[level, "--confirm"]).expect(0);
        assert!(
            outcome.stderr.contains(&format!("GET {}", scene.server.url())),
            "{outcome:?}"
        );
    }
    let mut command = scene.sandbox.command();
    command.args(scene.verify(D1)).env("RUST_LOG", "trace");
    scene.finish(&mut command).expect(0);
    scene.server.fault(Fault::status(500));
    scene.run_verify(D1, &["-v=9"]).expect(3);
    scene.kubeconfig(json!({"username": "u", "password": TOKEN}));
    let outcome = scene.run_verify(D1, &["-v=9"]);
    let encoded = crate::support::images::base64(format!("u:{TOKEN}").as_bytes());
    assert!(!outcome.stderr.contains(&encoded), "{outcome:?}");
}
