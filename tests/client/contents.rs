// SPDX-License-Identifier: Apache-2.0
//! What stands in kubeconfig files: malformed, contradictory and unknown members.

use serde_json::json;

use super::files::good;
use crate::client::{misconfigured, works};
use crate::support::cluster::Scene;

#[test]
fn members_that_nobody_knows_are_ignored() {
    let scene = Scene::signed();
    let mut config = good(&scene);
    config["preferences"] = json!({"colors": true});
    config["clusters"][0]["cluster"]["future"] = json!([1]);
    config["extensions"] = json!([{"name": "a", "extension": {"b": 1}}]);
    scene.sandbox.file("home/.kube/config", config.to_string());
    works(&scene, &[]);
}

#[test]
fn what_is_malformed_is_named_with_line_and_member() {
    for (text, words) in [
        ("clusters: [", &["home/.kube/config"][..]),
        ("{\"clusters\": 1}", &["clusters: expected a list"]),
        (
            "{\"users\": [\n{\"name\": \"u\",\n\"user\": {\"token\": 7}}]}",
            &["home/.kube/config: line 3: users[0].user.token: expected a string"],
        ),
        (
            "{\"clusters\": [],\n\"clusters\": []}",
            &["home/.kube/config", "clusters"],
        ),
        ("{\"clusters\": []", &["home/.kube/config"]),
        ("users: []\nusers: []\n", &["line 2", "users"]),
        (
            "clusters:\n- name: c\n  cluster:\n    server: [1]\n",
            &["line 4", "clusters[0].cluster.server", "expected a string"],
        ),
        (
            "clusters:\n- name: c\n- name: c\n",
            &["clusters[1]", "\"c\" occurs twice"],
        ),
        (
            "users:\n- name: u\n  user:\n    client-key-data: '%%'\n",
            &["client-key-data", "expected base64"],
        ),
        ("a: 1\n---\nb: 2\n", &["several documents"]),
        (
            "users:\n- name: u\n  user:\n    exec: x\n",
            &["users[0].user.exec", "expected a mapping"],
        ),
    ] {
        let scene = Scene::signed();
        scene.sandbox.file("home/.kube/config", text);
        misconfigured(&scene, &[], words);
    }
    let scene = Scene::signed();
    scene.sandbox.file("home/.kube/config", b"\xc3\x28");
    misconfigured(&scene, &[], &["home/.kube/config", "UTF-8"]);
    let scene = Scene::signed();
    scene.sandbox.file("home/.kube/config", vec![b' '; (4 << 20) + 1]);
    misconfigured(&scene, &[], &["more than 4194304 bytes"]);
}

#[test]
fn what_is_wrong_with_the_configuration_is_said_all_at_once() {
    let scene = Scene::signed();
    let cluster = json!({"server": scene.server.url(), "certificate-authority": "absent.pem"});
    scene.kubeconfig_with(cluster, json!({"client-certificate": "absent.crt"}));
    misconfigured(
        &scene,
        &[],
        &[
            "* unable to read certificate-authority",
            "absent.pem",
            "* unable to read client-certificate",
            "absent.crt",
        ],
    );
}

#[test]
fn contradictions_are_refused() {
    for (cluster, user, words) in [
        (
            json!({"insecure-skip-tls-verify": true}),
            json!({}),
            "insecure-skip-tls-verify cannot be used with certificate-authority",
        ),
        (
            json!({"certificate-authority": "x.pem"}),
            json!({}),
            "certificate-authority cannot be used with certificate-authority-data",
        ),
        (
            json!({}),
            json!({"client-certificate": "x.pem", "client-certificate-data": "eA=="}),
            "client-certificate cannot be used with client-certificate-data",
        ),
        (
            json!({}),
            json!({"token": "t", "username": "u"}),
            "a token cannot be used with a user name and password",
        ),
        (
            json!({}),
            json!({"client-certificate-data": "eA=="}),
            "client-certificate needs client-key",
        ),
        (
            json!({}),
            json!({"client-key-data": "eA=="}),
            "client-key needs client-certificate",
        ),
        (json!({}), json!({"as-uid": "7"}), "need --as"),
        (
            json!({}),
            json!({"auth-provider": {"name": "gcp"}}),
            "auth-provider \"gcp\"",
        ),
        (json!({"proxy-url": "ftp://x"}), json!({}), "proxy-url"),
        (
            json!({"certificate-authority-data": "bm9uZQ=="}),
            json!({}),
            "certificate-authority: it has no PEM certificate",
        ),
        (
            json!({"certificate-authority-data": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBQUEKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="}),
            json!({}),
            "certificate-authority: it has a damaged certificate",
        ),
    ] {
        let scene = Scene::signed();
        let mut whole = scene.cluster();
        whole
            .as_object_mut()
            .unwrap()
            .extend(cluster.as_object().unwrap().clone());
        scene.sandbox.file("home/.kube/x.pem", scene.server.ca_pem());
        scene.kubeconfig_with(whole, user);
        misconfigured(&scene, &[], &[words]);
    }
}
