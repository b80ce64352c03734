// SPDX-License-Identifier: Apache-2.0
//! `--as`, `--as-group`, `--as-uid` and `--as-user-extra`: requests in the name of somebody else.

use serde_json::json;

use super::flags::scene;
use crate::client::{misconfigured, only_request, works};
use crate::support::cluster::{Scene, TOKEN};
use crate::support::images::D1;

#[test]
fn impersonation() {
    let (scene, _) = scene();
    scene.server.grant("alice", &["impersonate"], "users");
    scene.server.grant("alice", &["impersonate"], "groups");
    scene.server.grant("alice", &["impersonate"], "uids");
    scene.server.grant("alice", &["impersonate"], "userextras/scopes");
    scene.server.grant("alice", &["impersonate"], "userextras/a%b/c");
    scene.server.allow_auditor("dave");
    works(
        &scene,
        &[
            "--as",
            "dave",
            "--as-uid",
            "7",
            "--as-group",
            "g1",
            "--as-group",
            "g2",
            "--as-user-extra",
            "scopes=view",
        ],
    );
    let request = only_request(&scene);
    assert_eq!(
        (request.user.as_str(), request.authenticated.as_str()),
        ("dave", "alice")
    );
    let all = |name: &str| -> Vec<String> {
        let same = request.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.clone()).collect()
    };
    assert_eq!(all("Impersonate-User"), ["dave"]);
    assert_eq!(all("Impersonate-Uid"), ["7"]);
    assert_eq!(all("Impersonate-Group"), ["g1", "g2"]);
    assert_eq!(all("Impersonate-Extra-scopes"), ["view"]);
}

#[test]
fn keys_of_extra_information_are_escaped_in_header_names() {
    let (scene, _) = scene();
    // Whether or not the server allows it: what is looked at is what is sent.
    scene.run_verify(D1, &["--as", "dave", "--as-user-extra", "acme.com/Pro ject=x"]);
    let request = only_request(&scene);
    assert_eq!(request.header("Impersonate-Extra-acme.com%2Fpro%20ject"), Some("x"));
    let (scene, _) = self::scene();
    misconfigured(&scene, &["--as", "dave", "--as-user-extra", "nothing"], &["KEY=VALUE"]);
}

#[test]
fn impersonation_without_a_user() {
    for flag in [["--as-uid", "7"], ["--as-group", "g"], ["--as-user-extra", "a=b"]] {
        let (scene, _) = scene();
        misconfigured(&scene, &flag, &["--as"]);
    }
}

#[test]
fn white_space_around_what_is_impersonated_would_be_lost_on_the_way() {
    let (scene, _) = scene();
    for flags in [
        &["--as", " "][..],
        &["--as", "dave "],
        &["--as", "\tdave"],
        &["--as", "dave", "--as-group", " "],
        &["--as", "dave", "--as-uid", "7 "],
        &["--as", "dave", "--as-user-extra", "scopes= view"],
    ] {
        misconfigured(&scene, flags, &["begins or ends with white space"]);
    }
    assert_eq!(scene.server.connections(), 0);
}

#[test]
fn what_no_header_can_have_is_a_usage_error() {
    for bad in ["carol\n", "carol\r\nX-Remote-User: root", "car\u{1}ol", "a\u{7f}b"] {
        for args in [
            &["--as", bad][..],
            &["--as", "carol", "--as-uid", bad],
            &["--as", "carol", "--as-group", bad],
            &["--as", "carol", "--as-user-extra", &format!("scopes={bad}")],
        ] {
            let option = args[args.len() - 2];
            misconfigured(
                &Scene::signed(),
                args,
                &[option, "has a line end or another control character"],
            );
        }
        misconfigured(&Scene::signed(), &["--token", bad], &["the token has a line end"]);
        let scene = Scene::signed();
        scene.kubeconfig(json!({"token": TOKEN, "as": bad}));
        misconfigured(&scene, &[], &["--as", "line end"]);
    }
    let scene = Scene::signed();
    scene.sandbox.file("token", format!("{TOKEN}\nsecond line"));
    scene.kubeconfig(json!({"tokenFile": scene.sandbox.path("token")}));
    misconfigured(&scene, &[], &["token file", "more than one line"]);
    // Names in other letters are names.
    let scene = Scene::signed();
    scene.server.grant("alice", &["impersonate"], "users");
    scene.server.allow_auditor("jürgen");
    works(&scene, &["--as", "jürgen"]);
}
