// SPDX-License-Identifier: Apache-2.0
//! What the policies of a cluster leave recorded of GPG signatures, and the command that explains them.

use serde_json::json;

use super::cluster_policy::Place;
use crate::cluster::statuses;
use crate::support::cluster::{IDENTITY, TOKEN};
use crate::support::cosign::Cosign;
use crate::support::images::{image, D1};

/// A place whose cluster has D1, with a GPG signature that is recorded as verified.
fn recorded() -> Place {
    let place = Place::new();
    let blob = place.scene.sign(D1, IDENTITY);
    place.scene.server.image(image(D1, &[&blob]));
    place.scene.run_verify(D1, &["--confirm"]).expect(0);
    place
}

fn is_recorded(place: &Place) -> bool {
    let entry = place.scene.server.stored(D1)["signatures"][0].clone();
    statuses(&entry) == ["Trusted=True", "ForImage=True"]
}

/// Objects that say nothing of an image are no reason to take back what is recorded of its signatures.
#[test]
fn where_no_scope_applies_no_record_is_taken_back() {
    let place = recorded();
    let args = ["verify", D1, "--expected-identity", IDENTITY, "--cluster-policy"];
    for scopes in [&[][..], &["quay.io"]] {
        if !scopes.is_empty() {
            place.cluster("other", scopes, &place.cosign);
        }
        let before = place.scene.server.stored(D1);
        for more in [&[][..], &["--dry-run=server"], &["--confirm"]] {
            let outcome = place.scene.run(&[&args[..], more].concat()).expect(1);
            assert!(
                outcome.stdout.starts_with("Rejected: PolicyRejected: "),
                "{scopes:?} {more:?}: {outcome:?}"
            );
            assert!(!outcome.words().contains("record"), "{scopes:?} {more:?}: {outcome:?}");
        }
        let outcome = place.scene.run(&[&args[..], &["--confirm", "-o", "json"]].concat());
        let outcome = outcome.expect_verdict(1, "Rejected/PolicyRejected");
        assert_eq!(outcome.item()["signatures"][0]["recorded"], "unchanged", "{outcome:?}");
        assert_eq!(place.scene.server.stored(D1), before);
        assert!(is_recorded(&place));
    }
    // Of one identity in a scope and one in none, the scope speaks of sigstore signatures only.
    let two = [&args[..], &["--expected-identity", "quay.io/foo/bar:v1", "--confirm"]].concat();
    place.scene.run(&two);
    assert!(is_recorded(&place));
    // The same objects in a file.
    let object = json!({
        "apiVersion": "config.openshift.io/v1", "kind": "ClusterImagePolicy", "metadata": {"name": "other"},
        "spec": place.cosign.policy_spec(&["quay.io"]),
    });
    place.scene.sandbox.file("objects.json", object.to_string());
    let args = ["verify", D1, "--expected-identity", IDENTITY, "--confirm", "--policy"];
    place.scene.run(&[&args[..], &["objects.json"]].concat()).expect(1);
    assert!(is_recorded(&place));
    // A policy that refuses says so of every signature.
    place
        .scene
        .sandbox
        .file("policy.json", json!({"default": [{"type": "reject"}]}).to_string());
    place.scene.run(&[&args[..], &["policy.json"]].concat()).expect(1);
    assert!(!is_recorded(&place));
}

/// The command that is proposed leads to the same cluster, as the same user, for the same namespace, without any secret.
#[test]
fn the_command_that_shows_the_keys_leads_to_the_same_policies() {
    let place = Place::new();
    place.namespaced("team", "own", &["registry.local:5000"], &Cosign::new());
    let config = place.scene.sandbox.path("home/.kube/config");
    let moved = place.scene.sandbox.path("other config");
    std::fs::rename(config, &moved).unwrap();
    let client = ["--kubeconfig", "other config", "--context", "x", "-n", "team"];
    let args = [
        "verify",
        "dir:d",
        "--expected-identity",
        IDENTITY,
        "--cluster-policy",
        "--explain",
    ];
    let outcome = place.scene.run(&[&args[..], &client].concat()).expect(1);
    let call = format!(
        "image-signature policy why {IDENTITY} --cluster-policy --kubeconfig 'other config' --context x -n team"
    );
    let next = outcome.words();
    let next = &next[next.find("Next: ").unwrap()..];
    assert!(next.ends_with(&format!(" {call} shows the accepted keys.")), "{next}");
    let why = ["why", IDENTITY, "--cluster-policy"];
    let told = place.policy(&[&why[..], &client].concat()).expect(0).stdout;
    assert!(told.contains("ImagePolicy/own of namespace team"), "{told}");
    // What is given for one call only is kept, a token is not.
    let more = [
        "--server",
        &place.scene.server.url(),
        "--as",
        "carol",
        "--as-group",
        "a b",
    ];
    for resource in ["users", "groups"] {
        place.scene.server.grant("alice", &["impersonate"], resource);
    }
    for resource in ["clusterimagepolicies", "imagepolicies"] {
        place.scene.server.grant("carol", &["list"], resource);
    }
    let outcome = place.scene.run(&[&args[..], &client, &more].concat()).expect(1);
    let kept = format!(
        "-n team --server {} --as carol --as-group 'a b' shows",
        place.scene.server.url()
    );
    assert!(outcome.words().contains(&kept), "{outcome:?}");
    let secret = ["--token", TOKEN, "--insecure-skip-tls-verify", "--explain"];
    let outcome = place.scene.run(&[&args[..5], &client, &secret].concat()).expect(1);
    let kept = "-n team --token TOKEN --insecure-skip-tls-verify shows";
    assert!(outcome.words().contains(kept), "{outcome:?}");
    assert!(!outcome.words().contains(TOKEN), "{outcome:?}");
    // The ImagePolicies of a file.
    let object = json!({
        "apiVersion": "config.openshift.io/v1", "kind": "ImagePolicy",
        "metadata": {"name": "own", "namespace": "team"}, "spec": Cosign::new().policy_spec(&["registry.local:5000"]),
    });
    place.scene.sandbox.file("objects.json", object.to_string());
    let args = [
        "verify",
        "dir:d",
        "--expected-identity",
        IDENTITY,
        "--explain",
        "-n",
        "team",
    ];
    let outcome = place
        .scene
        .run(&[&args[..], &["--policy", "objects.json"]].concat())
        .expect(1);
    let kept = format!("image-signature policy why {IDENTITY} objects.json -n team shows the accepted keys.");
    assert!(outcome.words().ends_with(&kept), "{outcome:?}");
}

/// No image was asked for yet: another right is missing than that to read images.
#[test]
fn who_may_not_list_policies_is_told_of_no_other_right() {
    let place = Place::new();
    place.scene.server.revoke_all();
    let args = [
        "verify",
        "dir:d",
        "--expected-identity",
        IDENTITY,
        "--cluster-policy",
        "--explain",
    ];
    let words = place.scene.run(&args).expect(3).words();
    assert!(words.contains("clusterimagepolicies"), "{words}");
    assert!(!words.contains("image-auditor"), "{words}");
    assert!(
        words.contains("Next: log in, or ask for the right that the message names."),
        "{words}"
    );
}
