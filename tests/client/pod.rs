// SPDX-License-Identifier: Apache-2.0
//! Inside a pod (docs/openshift-api.md 5.7): its directory is laid over the real place in a private mount namespace.

use std::path::Path;

use crate::support::cluster::{Scene, TOKEN};
use crate::support::images::D1;
use crate::support::program::{binary, Outcome};
use crate::support::skipped;
use crate::support::system::{mounts_are_permitted, namespace, why_not};

const PLACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

fn permitted() -> bool {
    let works = mounts_are_permitted();
    if !works {
        skipped("configuration inside a pod", why_not());
    }
    works
}

/// A scene without kubeconfig, and the files of a service account.
fn scene() -> Scene {
    let scene = Scene::signed();
    std::fs::remove_file(scene.sandbox.path("home/.kube/config")).unwrap();
    scene.sandbox.file("account/token", format!("{TOKEN}\n"));
    scene.sandbox.file("account/ca.crt", scene.server.ca_pem());
    scene.sandbox.file("account/namespace", "pod-namespace\n");
    scene
}

fn run(scene: &Scene, variables: &[(&str, &str)], args: &[&str]) -> Outcome {
    // Below /run a file system of our own is laid, so that nothing stays.
    let script =
        format!("set -e; mount -t tmpfs none /run; mkdir -p {PLACE}; mount --bind \"$1\" {PLACE}; shift; exec \"$@\"");
    let mut command = scene.sandbox.command_of(Path::new("/usr/bin/unshare"));
    command
        .args(namespace())
        .args(["sh", "-c", &script, "sh"])
        .arg(scene.sandbox.path("account"))
        .arg(binary())
        .args(args)
        .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        .env("KUBERNETES_SERVICE_PORT", scene.server.address().port().to_string())
        .envs(variables.iter().copied());
    scene.finish(&mut command)
}

fn verify(scene: &Scene, variables: &[(&str, &str)], more: &[&str]) -> Outcome {
    let args = scene.verify(D1);
    let args: Vec<&str> = args
        .iter()
        .map(String::as_str)
        .chain(["-o", "json"])
        .chain(more.iter().copied())
        .collect();
    run(scene, variables, &args)
}

#[test]
fn the_service_account_is_used_where_there_is_no_kubeconfig() {
    if !permitted() {
        return;
    }
    let scene = scene();
    verify(&scene, &[], &["--confirm"]).expect_verdict(0, "Verified/Verified");
    assert!(scene.server.requests().iter().all(|request| request.user == "alice"));
}

#[test]
fn a_kubeconfig_wins() {
    if !permitted() {
        return;
    }
    let scene = scene();
    scene.kubeconfig_with(
        serde_json::json!({"server": "https://127.0.0.1:1"}),
        serde_json::json!({}),
    );
    verify(&scene, &[], &[]).expect_verdict(3, "Unchecked/SourceUnavailable");
    assert_eq!(scene.server.connections(), 0);
}

#[test]
fn the_namespace_is_that_of_the_pod() {
    if !permitted() {
        return;
    }
    let scene = scene();
    for (variables, more, namespace) in [
        (&[][..], &[][..], "pod-namespace"),
        (&[("POD_NAMESPACE", "named")], &[], "named"),
        (&[("POD_NAMESPACE", "named")], &["-n", "flag"], "flag"),
    ] {
        scene.server.forget_requests();
        let args = scene.verify("app:v1");
        let args: Vec<&str> = args.iter().map(String::as_str).chain(more.iter().copied()).collect();
        run(&scene, variables, &args).expect(3);
        let path = &scene.server.requests()[0].path;
        assert!(path.contains(&format!("/namespaces/{namespace}/")), "{path}");
    }
}

#[test]
fn flags_override_it() {
    if !permitted() {
        return;
    }
    let scene = scene();
    scene.sandbox.file("account/token", "stale");
    verify(&scene, &[], &[]).expect(3);
    verify(&scene, &[], &["--token", TOKEN]).expect_verdict(0, "Verified/Verified");
}

#[test]
fn without_the_variables_or_the_token_it_is_no_pod() {
    if !permitted() {
        return;
    }
    let scene = scene();
    let outcome = verify(&scene, &[("KUBERNETES_SERVICE_HOST", "")], &[]).expect(2);
    assert!(outcome.stderr.contains("no cluster configured"), "{outcome:?}");
    std::fs::remove_file(scene.sandbox.path("account/token")).unwrap();
    verify(&scene, &[], &[]).expect(2);
    assert_eq!(scene.server.connections(), 0);
}

#[test]
fn whoever_names_a_context_does_not_mean_the_pod() {
    if !permitted() {
        return;
    }
    let scene = scene();
    for (flag, words) in [
        ("--context", "context \"prod\" does not exist"),
        ("--cluster", "cluster \"prod\" does not exist"),
        ("--user", "auth info \"prod\" does not exist"),
    ] {
        let outcome = verify(&scene, &[], &[flag, "prod"]).expect(2);
        assert!(outcome.stderr.contains(words), "{outcome:?}");
    }
    assert_eq!(scene.server.connections(), 0);
}

#[test]
fn without_its_authority_a_pod_is_told_so_and_trusts_nobody_else() {
    if !permitted() {
        return;
    }
    let scene = scene();
    std::fs::remove_file(scene.sandbox.path("account/ca.crt")).unwrap();
    let outcome = verify(&scene, &[], &[]).expect_verdict(3, "Unchecked/SourceUnavailable");
    assert!(outcome.stderr.contains("there is no /var/run/secrets/"), "{outcome:?}");
    assert!(scene.server.requests().is_empty());
}
