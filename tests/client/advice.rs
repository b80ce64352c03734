// SPDX-License-Identifier: Apache-2.0
//! What to do about a login that is refused or a right that is missing: a role only where a role is what is missing.

use serde_json::json;

use crate::client::{unchecked, works};
use crate::support::api::{Fault, KeyKind, Server};
use crate::support::cluster::{Scene, IDENTITY, TOKEN};
use crate::support::images::{base64, image, D1};

const ROLE: &str = "system:image-auditor";

/// Reading and recording are forbidden; the message of both says what is the matter, and has none of `others`.
#[track_caller]
fn told(scene: &Scene, more: &[&str], words: &[&str], others: &[&str]) {
    for confirm in [&[][..], &["--confirm"]] {
        let message = unchecked(scene, &[more, confirm].concat(), "Forbidden");
        for word in words {
            assert!(message.contains(word), "{word:?} is not in {message:?}");
        }
        for other in others {
            assert!(!message.contains(other), "{other:?} is in {message:?}");
        }
    }
}

#[test]
fn a_missing_role_is_named() {
    let scene = Scene::signed();
    scene.server.revoke_all();
    told(&scene, &[], &[ROLE], &["oc login", "impersonate"]);
}

#[test]
fn impersonation_that_is_refused_is_no_matter_of_that_role() {
    let scene = Scene::signed();
    let words = ["impersonation is refused", "the right to impersonate \"carol\"", "--as"];
    told(&scene, &["--as", "carol"], &words, &[ROLE, "oc login"]);
    scene.server.grant("alice", &["impersonate"], "users");
    told(&scene, &["--as", "carol", "--as-group", "team"], &words, &[ROLE]);
    scene.kubeconfig(json!({"token": TOKEN, "as": "carol"}));
    // Allowed to, she lacks the role herself.
    told(&scene, &[], &["\"carol\"", ROLE], &["impersonation is refused"]);
}

#[test]
fn nobody_is_told_to_log_in() {
    let scene = Scene::signed();
    scene.kubeconfig(json!({}));
    told(&scene, &[], &["without a login", "oc login"], &[ROLE]);
    scene.kubeconfig(json!({"username": "u", "password": "of-nobody"}));
    told(&scene, &[], &["take no passwords", "oc login"], &[ROLE]);
    let plain = Server::plain();
    plain.image(image(D1, &[&scene.sign(D1, IDENTITY)]));
    scene.kubeconfig_with(json!({"server": plain.url()}), json!({"token": TOKEN}));
    told(&scene, &[], &["not https"], &[ROLE]);
}

#[test]
fn a_path_that_is_wrong_is_looked_for_in_the_url() {
    let scene = Scene::signed();
    let url = format!("{}/k8s/clusters/c-1", scene.server.url());
    told(
        &scene,
        &["--server", &url],
        &["look at the path in the server's URL", &url],
        &[ROLE],
    );
}

#[test]
fn what_something_in_front_of_the_server_forbids_is_no_matter_of_a_role() {
    let scene = Scene::signed();
    for fault in [
        Fault::status(403).text("text/html", "<html>blocked"),
        Fault::status(403).text(
            "application/json",
            &json!({"kind": "Status", "reason": "Forbidden", "message": "admission webhook \"w\" denied the request: resource \"images\"",
                    "details": {"name": D1, "kind": "images"}})
            .to_string(),
        ),
    ] {
        scene.server.heal();
        scene.server.fault(fault.on("GET", "/images/"));
        let message = unchecked(&scene, &[], "Forbidden");
        assert!(!message.contains(ROLE), "{message}");
    }
}

#[test]
fn an_expired_login_is_to_be_renewed() {
    let scene = Scene::signed();
    scene.server.revoke(TOKEN);
    let unauthorized = "You must be logged in to the server (Unauthorized)";
    told(&scene, &[], &[unauthorized, "log in again: oc login"], &[ROLE]);
    let file = scene.sandbox.file("token", TOKEN);
    scene.kubeconfig(json!({"tokenFile": file}));
    told(
        &scene,
        &[],
        &[file.to_str().unwrap(), "log in again: oc login"],
        &[ROLE],
    );
    let answer = json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                        "status": {"token": TOKEN}});
    let answer = scene.sandbox.file("answer", answer.to_string());
    scene.kubeconfig(
        json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
                                     "command": "/bin/cat", "args": [answer]}}),
    );
    told(&scene, &[], &["/bin/cat", "log in again"], &[ROLE, "oc login"]);
    for (certificate, words) in [
        (scene.server.expired_client_certificate("carol", &[]), "expired at"),
        (
            scene.server.unrelated_client_certificate("carol", &[]),
            "is not accepted",
        ),
    ] {
        scene.kubeconfig(json!({
            "client-certificate-data": base64(certificate.certificate.as_bytes()),
            "client-key-data": base64(certificate.key.as_bytes()),
        }));
        told(&scene, &[], &["the client certificate", words, "oc login"], &[ROLE]);
    }
    // Nothing of this where the login is good.
    scene.server.allow_auditor("dora");
    let good = scene.server.client_certificate("dora", &[], KeyKind::EcPkcs8);
    scene.kubeconfig(json!({
        "client-certificate-data": base64(good.certificate.as_bytes()),
        "client-key-data": base64(good.key.as_bytes()),
    }));
    works(&scene, &["--confirm"]);
}
