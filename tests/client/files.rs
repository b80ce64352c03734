// SPDX-License-Identifier: Apache-2.0
//! Kubeconfig files: where they are looked for, how several become one, what is wrong with one.

use serde_json::{json, Value};

use crate::client::{misconfigured, only_request, works, yaml};
use crate::support::cluster::{config, Scene, TOKEN};
use crate::support::images::D1;
use crate::support::program::{Outcome, Sandbox};

/// A scene whose `~/.kube/config` leads nowhere.
fn scene() -> Scene {
    let scene = Scene::signed();
    scene.kubeconfig_with(json!({"server": "https://127.0.0.1:1"}), json!({}));
    scene
}

pub(super) fn good(scene: &Scene) -> Value {
    config(scene.cluster(), json!({"token": TOKEN}))
}

/// Verifies D1 with this list of files in `KUBECONFIG`.
fn with_variable(scene: &Scene, list: &str) -> Outcome {
    let mut command = scene.sandbox.command();
    command
        .args(scene.verify(D1))
        .args(["-o", "json"])
        .env("KUBECONFIG", list);
    scene.finish(&mut command)
}

#[test]
fn the_file_in_the_home_directory() {
    let scene = Scene::signed();
    works(&scene, &[]);
    assert_eq!(only_request(&scene).user, "alice");
}

#[test]
fn yaml_and_json_are_the_same() {
    let scene = Scene::signed();
    let text = yaml(&good(&scene));
    assert!(text.contains("\n- name:") || text.contains("\n  -\n"), "{text}");
    scene.sandbox.file("home/.kube/config", text);
    works(&scene, &[]);
}

#[test]
fn yaml_in_braces_is_yaml() {
    let scene = Scene::signed();
    let text = good(&scene)
        .to_string()
        .replace("\"clusters\":", "clusters: ")
        .replace("\"x\"", "'x'");
    scene.sandbox.file("home/.kube/config", format!("# mine\n{text}"));
    works(&scene, &[]);
    scene.sandbox.file("home/.kube/config", text);
    works(&scene, &[]);
}

#[test]
fn a_directory_is_no_file_and_is_not_passed_over() {
    let scene = scene();
    scene.sandbox.file("good", good(&scene).to_string());
    std::fs::create_dir(scene.sandbox.path("directory")).unwrap();
    let outcome = with_variable(&scene, "directory:good").expect(2);
    assert!(outcome.stderr.contains("reading kubeconfig directory: "), "{outcome:?}");
    assert_eq!(scene.server.connections(), 0);
}

#[test]
fn the_flag_names_one_file_and_no_other_counts() {
    let scene = scene();
    scene.sandbox.file("other", good(&scene).to_string());
    works(&scene, &["--kubeconfig", "other"]);
    misconfigured(
        &Scene::signed(),
        &["--kubeconfig", "absent"],
        &["absent", "no such file"],
    );
    // Without cluster, user and context in it: nothing comes from elsewhere.
    let scene = Scene::signed();
    scene.sandbox.file("empty", "");
    misconfigured(
        &scene,
        &["--kubeconfig", "empty"],
        &["no cluster configured", "--server"],
    );
}

#[test]
fn the_variable_names_several_and_the_home_does_not_count() {
    let scene = scene();
    scene.sandbox.file("a", good(&scene).to_string());
    with_variable(&scene, "a").expect_verdict(0, "Verified/Verified");
    // Empty parts, doubles and missing files are passed over.
    with_variable(&scene, ":absent:a:a:").expect_verdict(0, "Verified/Verified");
}

#[test]
fn where_all_of_them_are_missing_that_is_said() {
    let scene = Scene::signed();
    let outcome = with_variable(&scene, "absent1:absent2").expect(2);
    let words = "no cluster configured: KUBECONFIG names absent1, absent2, none of which exists; log in with oc login, or use --kubeconfig, --server or --filename";
    assert!(outcome.stderr.contains(words), "{outcome:?}");
    let outcome = with_variable(&scene, "absent1").expect(2);
    assert!(
        outcome
            .stderr
            .contains("KUBECONFIG names absent1, which does not exist"),
        "{outcome:?}"
    );
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
    let outcome = with_variable(&scene, ":").expect(2);
    assert!(outcome.stderr.contains("KUBECONFIG names no file"), "{outcome:?}");
    // Where it is named what is looked for.
    let mut command = scene.sandbox.command();
    command
        .args(scene.verify(D1))
        .args(["--context", "x"])
        .env("KUBECONFIG", "absent1");
    let outcome = scene.finish(&mut command).expect(2);
    for words in [
        "context \"x\" does not exist",
        "KUBECONFIG names absent1, which does not exist",
    ] {
        assert!(outcome.stderr.contains(words), "{outcome:?}");
    }
    assert_eq!(scene.server.connections(), 0);
    // Nothing is wrong where it is not needed.
    let ca = scene.sandbox.file("ca.pem", scene.server.ca_pem());
    let mut command = scene.sandbox.command();
    command
        .args(scene.verify(D1))
        .args([
            "--server",
            &scene.server.url(),
            "--token",
            TOKEN,
            "--certificate-authority",
        ])
        .arg(ca)
        .env("KUBECONFIG", "absent1");
    let outcome = scene.finish(&mut command).expect(0);
    assert!(outcome.stderr.contains("KUBECONFIG names absent1"), "{outcome:?}");
    std::fs::remove_file(scene.sandbox.path("home/.kube/config")).unwrap();
    let outcome = scene.run_verify(D1, &[]).expect(2);
    assert!(
        outcome.stderr.contains("no cluster configured: there is no "),
        "{outcome:?}"
    );
    assert!(
        outcome
            .stderr
            .contains("/home/.kube/config; log in with oc login, or use "),
        "{outcome:?}"
    );
}

#[test]
fn entries_of_the_first_file_win_whole_and_names_are_gathered() {
    let scene = scene();
    let cluster = scene.cluster();
    // The first cluster c has no CA: it wins as a whole, so that the connection fails.
    let first = json!({"clusters": [{"name": "c", "cluster": {"server": cluster["server"]}}]});
    scene.sandbox.file("first", first.to_string());
    scene.sandbox.file("second", good(&scene).to_string());
    let outcome = with_variable(&scene, "first:second").expect_verdict(3, "Unchecked/SourceUnavailable");
    assert!(
        outcome.item()["message"].as_str().unwrap().contains("certificate"),
        "{outcome:?}"
    );
    with_variable(&scene, "second:first").expect_verdict(0, "Verified/Verified");
    // Cluster, user and context each out of a file of their own; the first current context counts.
    let whole = good(&scene);
    for part in ["clusters", "users", "contexts"] {
        scene.sandbox.file(part, json!({part: whole[part]}).to_string());
    }
    scene.sandbox.file("none", json!({"current-context": ""}).to_string());
    scene
        .sandbox
        .file("current", json!({"current-context": "x"}).to_string());
    scene
        .sandbox
        .file("other", json!({"current-context": "absent"}).to_string());
    with_variable(&scene, "clusters:users:contexts:none:current:other").expect_verdict(0, "Verified/Verified");
    let outcome = with_variable(&scene, "clusters:users:contexts:other:current").expect(2);
    assert!(
        outcome.stderr.contains("context \"absent\" does not exist"),
        "{outcome:?}"
    );
}

#[test]
fn relative_paths_are_meant_from_the_directory_of_their_file() {
    let scene = scene();
    scene.sandbox.file("etc/pki/ca.pem", scene.server.ca_pem());
    scene.sandbox.file("etc/token", format!("  {TOKEN}\n"));
    let cluster = json!({"server": scene.server.url(), "certificate-authority": "pki/ca.pem"});
    scene.sandbox.file(
        "etc/kubeconfig",
        config(cluster, json!({"tokenFile": "token"})).to_string(),
    );
    works(&scene, &["--kubeconfig", "etc/kubeconfig"]);
    with_variable(&scene, "etc/kubeconfig").expect_verdict(0, "Verified/Verified");
}

#[test]
fn no_configuration_at_all_says_what_to_do() {
    let scene = Scene::signed();
    std::fs::remove_file(scene.sandbox.path("home/.kube/config")).unwrap();
    misconfigured(&scene, &[], &["no cluster configured", "--kubeconfig", "--filename"]);
}

/// What each command takes in place of a cluster.
#[test]
fn without_a_cluster_each_command_says_what_it_takes_instead() {
    let sandbox = Sandbox::new();
    for (args, instead) in [
        (
            &["audit"][..],
            "--filename; images that are elsewhere are named: docker://REFERENCE, dir:PATH=REF, or a list of them with --images-from",
        ),
        (
            &["audit", "nginx:latest=docker.io/library/nginx:latest"],
            "write docker://nginx:latest for an image in a registry",
        ),
        (&["describe", "nginx:latest"], "--filename"),
    ] {
        let outcome = sandbox.run(args).expect_usage(instead);
        assert!(
            outcome.stderr.starts_with("error: no cluster configured: there is no "),
            "{args:?}: {outcome:?}"
        );
        assert!(
            outcome.stderr.contains("; log in with oc login, or use --kubeconfig, --server or --filename"),
            "{args:?}: {outcome:?}"
        );
    }
}

/// Whoever has no cluster means an image in a registry, a directory or a file: how each is written is said.
#[test]
fn without_a_cluster_a_name_may_be_meant_as_something_else() {
    let sandbox = Sandbox::new();
    for (image, meant) in [
        ("nginx:latest", "nginx:latest alone is taken for an image stream of a cluster; write docker://nginx:latest for an image in a registry, dir:PATH for a directory that skopeo wrote, --filename FILE for a file with the Image object"),
        ("library/nginx:latest", "write docker://library/nginx:latest for an image in a registry"),
        ("nginx", "write docker://nginx:latest for an image in a registry"),
    ] {
        sandbox.run(["verify", image]).expect_usage(meant);
        if image.contains(':') {
            let outcome = sandbox.run(["verify", image, "--expected-identity", "docker.io/library/nginx:latest"]);
            let outcome = outcome.expect(2);
            assert!(outcome.stderr.contains("no cluster configured"), "{outcome:?}");
            assert!(outcome.stderr.contains(meant), "{outcome:?}");
        }
    }
    // What can be nothing else is not asked about.
    for image in [D1, "istag/foo:v1"] {
        let outcome = sandbox.run(["verify", image, "--expected-identity", "docker.io/library/nginx:latest"]);
        let outcome = outcome.expect(2);
        assert!(outcome.stderr.contains("no cluster configured"), "{outcome:?}");
        assert!(!outcome.stderr.contains("docker://"), "{outcome:?}");
    }
    // Whoever writes dir: means a directory, whatever it is called.
    for images in [&["dir:image"][..], &["dir:image", "quay.io/a/b:v1"]] {
        let outcome = sandbox.run([&["verify"][..], images].concat());
        let outcome = outcome.expect_usage("no expected identity for dir:image: give --expected-identity REF");
        assert!(!outcome.stderr.contains("docker://"), "{outcome:?}");
    }
    // Commands that read no files do not offer them.
    let outcome = sandbox
        .run(["policy", "why", "a.example/b:v1", "--cluster-policy"])
        .expect(2);
    assert!(outcome.stderr.contains("no cluster configured"), "{outcome:?}");
    assert!(!outcome.stderr.contains("--filename"), "{outcome:?}");
}
