// SPDX-License-Identifier: Apache-2.0
//! `--cluster-policy`: the ClusterImagePolicies and ImagePolicies of a cluster decide, all of them or none.

use image_signature::digest::Digest;
use serde_json::{json, Value};

use crate::attach::allow_configuration;
use crate::support::api::Fault;
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::cosign::Cosign;
use crate::support::images::{base64, D1};
use crate::support::program::Outcome;

const POLICIES: &str = "/apis/config.openshift.io/v1/clusterimagepolicies";

const MANIFEST: &str =
    r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","n":1}"#;

/// A cluster whose user may list policies, and a directory `d` with an image that a sigstore key has signed.
pub(super) struct Place {
    pub(super) scene: Scene,
    pub(super) cosign: Cosign,
}

impl Place {
    pub(super) fn new() -> Self {
        let (scene, cosign) = (Scene::new(), Cosign::new());
        for resource in ["clusterimagepolicies", "imagepolicies"] {
            scene.server.grant("alice", &["list"], resource);
        }
        allow_configuration(&scene.server, "alice");
        let digest = Digest::of_manifest(MANIFEST.as_bytes()).unwrap();
        scene.sandbox.file("d/manifest.json", MANIFEST);
        scene
            .sandbox
            .file("d/signature-1", cosign.file(digest.as_str(), IDENTITY));
        Self { scene, cosign }
    }

    pub(super) fn cluster(&self, name: &str, scopes: &[&str], key: &Cosign) {
        self.scene.server.policy(None, name, key.policy_spec(scopes));
    }

    pub(super) fn namespaced(&self, namespace: &str, name: &str, scopes: &[&str], key: &Cosign) {
        self.scene.server.policy(Some(namespace), name, key.policy_spec(scopes));
    }

    pub(super) fn verify(&self, more: &[&str]) -> Outcome {
        let own = [
            "verify",
            "dir:d",
            "--expected-identity",
            IDENTITY,
            "--cluster-policy",
            "-o",
            "json",
        ];
        self.scene.run(&[&own[..], more].concat())
    }

    pub(super) fn policy(&self, args: &[&str]) -> Outcome {
        self.scene.run(&[&["policy"][..], args].concat())
    }
}

#[test]
fn the_policies_of_the_cluster_decide() {
    let place = Place::new();
    place.cluster("own", &["registry.local:5000"], &place.cosign);
    let outcome = place.verify(&[]).expect_verdict(0, "Verified/Verified");
    let scope = "scope \"registry.local:5000\" of the policies of the cluster";
    assert_eq!(outcome.item()["policy"][0]["scope"], scope);
    assert!(outcome.stderr.contains("ImagePolicies are left out"), "{outcome:?}");
    assert_eq!(place.scene.server.lines(), [format!("GET {POLICIES}")]);
    // Another key.
    place.cluster("own", &["registry.local:5000"], &Cosign::new());
    let outcome = place.verify(&[]).expect(1);
    assert_eq!(outcome.item()["verdict"], "Rejected");
    // Bare parts are judged likewise.
    let parts = [
        "verify",
        "--manifest",
        "d/manifest.json",
        "--signature-file",
        "d/signature-1",
    ];
    let more = ["--expected-identity", IDENTITY, "--cluster-policy"];
    place.scene.run(&[&parts[..], &more].concat()).expect(1);
    place.cluster("own", &["registry.local:5000"], &place.cosign);
    place.scene.run(&[&parts[..], &more].concat()).expect(0);
}

#[test]
fn what_is_in_no_scope_is_refused_and_never_allowed() {
    let place = Place::new();
    place.cluster("other", &["quay.io"], &place.cosign);
    let outcome = place.verify(&[]).expect_verdict(1, "Rejected/PolicyRejected");
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("no scope of the policies of the cluster applies to"),
        "{message}"
    );
    // So it is where there is no policy at all: the list is whole, and it is empty.
    let place = Place::new();
    let outcome = place.verify(&[]).expect_verdict(1, "Rejected/PolicyRejected");
    assert!(outcome.stderr.contains("there are none"), "{outcome:?}");
}

#[test]
fn objects_of_one_scope_are_all_required_and_the_narrower_scope_wins() {
    let (place, other) = (Place::new(), Cosign::new());
    place.cluster("one", &["registry.local:5000"], &place.cosign);
    place.cluster("two", &["registry.local:5000"], &other);
    place.verify(&[]).expect_verdict(1, "Rejected/PolicyRejected");
    place.cluster("narrow", &["registry.local:5000/foo"], &place.cosign);
    place.verify(&[]).expect_verdict(0, "Verified/Verified");
}

#[test]
fn image_policies_count_for_the_namespace_that_is_named() {
    let place = Place::new();
    place.namespaced("team", "own", &["registry.local:5000"], &place.cosign);
    place.namespaced("other", "foreign", &["registry.local:5000"], &Cosign::new());
    place.verify(&[]).expect_verdict(1, "Rejected/PolicyRejected");
    place
        .verify(&["-n", "other"])
        .expect_verdict(1, "Rejected/BadSignature");
    place.scene.server.forget_requests();
    place.verify(&["-n", "team"]).expect_verdict(0, "Verified/Verified");
    let namespaced = "GET /apis/config.openshift.io/v1/namespaces/team/imagepolicies".to_owned();
    assert_eq!(place.scene.server.lines(), [format!("GET {POLICIES}"), namespaced]);
    // A scope of the cluster that is inside changes nothing elsewhere; one around it takes its place, as on nodes.
    place.cluster("inside", &["registry.local:5000/other"], &Cosign::new());
    place.verify(&["-n", "team"]).expect(0);
    place.cluster("around", &["*.local"], &Cosign::new());
    let outcome = place.verify(&["-n", "team"]).expect_verdict(1, "Rejected/BadSignature");
    assert!(outcome.stderr.contains("is left out, as on nodes"), "{outcome:?}");
    place
        .verify(&["-n", "No/Namespace"])
        .expect_usage("not a valid namespace name");
}

/// A tag is not below its repository for nodes, nor on a host of a domain: what an ImagePolicy requires of it is required.
#[test]
fn an_image_policy_for_a_tag_is_kept_beside_one_of_the_cluster() {
    let tagged = IDENTITY;
    let repository = tagged.rsplit_once(':').unwrap().0;
    for (outer, is_kept) in [
        (repository, true),
        ("registry.local:5000/foo", false),
        ("*.local", false),
    ] {
        let place = Place::new();
        place.cluster("own", &[outer], &place.cosign);
        place.namespaced("team", "narrow", &[tagged], &Cosign::new());
        place.verify(&[]).expect_verdict(0, "Verified/Verified");
        let outcome = place.verify(&["-n", "team"]);
        let outcome = match is_kept {
            true => outcome.expect_verdict(1, "Rejected/BadSignature"),
            false => outcome.expect_verdict(0, "Verified/Verified"),
        };
        assert_eq!(
            outcome.stderr.contains("is left out, as on nodes"),
            !is_kept,
            "{outer}: {outcome:#?}"
        );
    }
}

/// 401, 403, 404: nothing is decided, and what to do is said.
#[test]
fn without_the_right_or_the_kind_nothing_is_decided() {
    let place = Place::new();
    place.cluster("own", &["registry.local:5000"], &place.cosign);
    place.scene.server.revoke_all();
    let outcome = place.verify(&[]).expect_verdict(3, "Unchecked/Forbidden");
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    for part in [
        "cluster-reader",
        "--verb=list --resource=clusterimagepolicies.config.openshift.io",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    place.scene.server.grant("alice", &["list"], "clusterimagepolicies");
    place.verify(&[]).expect(0);
    let outcome = place.verify(&["-n", "team"]).expect_verdict(3, "Unchecked/Forbidden");
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("-n team --verb=list --resource=imagepolicies.config.openshift.io"),
        "{message}"
    );
    for args in [&["why", IDENTITY][..], &["lint"], &["test", "table.yaml"]] {
        place
            .scene
            .sandbox
            .file("table.yaml", format!("{IDENTITY}: {{verdict: Verified}}\n"));
        let args = [args, &["--cluster-policy", "-n", "team", "-o", "json"]].concat();
        let outcome = place.policy(&args).expect(3);
        assert_eq!(outcome.json()["kind"], "Trouble");
        assert!(
            outcome.stderr.contains("imagepolicies.config.openshift.io"),
            "{outcome:?}"
        );
    }
    place.scene.server.without_policies();
    let outcome = place.verify(&[]).expect_verdict(3, "Unchecked/SourceUnavailable");
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    let said = "the API server does not have the kind ClusterImagePolicy of config.openshift.io/v1";
    assert!(message.ends_with(said), "{message}");
    place.policy(&["lint", "--cluster-policy"]).expect(3);
    // Each image that is asked for is named, none is looked at.
    let args = [
        "verify",
        D1,
        "dir:d",
        "docker://registry.local:5000/foo/bar:v1",
        "--expected-identity",
        IDENTITY,
    ];
    let outcome = place
        .scene
        .run(&[&args[..], &["--cluster-policy", "-o", "json"]].concat())
        .expect(3);
    let items = outcome.json()["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 3);
    assert!(
        items.iter().all(|item| item["reason"] == "SourceUnavailable"),
        "{items:?}"
    );
}

/// Two pages of policies, of which the last decides: a page that is lost, or that is of another time, must not lose it.
#[test]
fn lists_are_read_page_by_page_to_their_end() {
    let place = Place::new();
    for n in 0..600 {
        place.cluster(&format!("a{n:03}"), &[&format!("r{n}.example")], &place.cosign);
    }
    place.cluster("last", &["registry.local:5000"], &Cosign::new());
    place.verify(&[]).expect_verdict(1, "Rejected/BadSignature");
    assert_eq!(place.scene.server.lines().len(), 2);
    // The token expires between the pages: the list is begun again.
    place.scene.server.forget_requests();
    let fault = Fault::status(410).on("GET", POLICIES).with_parameter("continue");
    place.scene.server.fault(fault.once());
    place.verify(&[]).expect_verdict(1, "Rejected/BadSignature");
    assert_eq!(place.scene.server.lines().len(), 4);
    // Always: nothing is decided, after a number of tries.
    let fault = Fault::status(410).on("GET", POLICIES).with_parameter("continue");
    place.scene.server.forget_requests();
    place.scene.server.fault(fault);
    let outcome = place.verify(&[]).expect_verdict(3, "Unchecked/SourceUnavailable");
    assert!(
        outcome.item()["message"]
            .as_str()
            .unwrap()
            .contains("ClusterImagePolicies"),
        "{outcome:?}"
    );
    assert!(place.scene.server.lines().len() <= 14);
    place.scene.server.heal();
    // Trouble with a later page.
    let fault = Fault::status(500).on("GET", POLICIES).with_parameter("continue");
    place.scene.server.fault(fault);
    place.verify(&[]).expect_verdict(3, "Unchecked/SourceUnavailable");
    place.scene.server.heal();
    place.scene.server.fault(Fault::endless_pages().on("GET", POLICIES));
    place.verify(&[]).expect_verdict(3, "Unchecked/SourceUnavailable");
}

/// An answer that is not the whole list of that kind is not a list.
#[test]
fn lists_that_are_something_else_are_no_answer() {
    let place = Place::new();
    let api = "config.openshift.io/v1";
    let item = |name: &str| json!({"metadata": {"name": name, "uid": name}, "spec": place.cosign.policy_spec(&["registry.local:5000"])});
    let list = |items: Value, metadata: Value| json!({"kind": "ClusterImagePolicyList", "apiVersion": api, "metadata": metadata, "items": items});
    let good = list(json!([item("p")]), json!({"resourceVersion": "1"}));
    let mut of_kind = item("p");
    of_kind["kind"] = "ImagePolicy".into();
    let mut other = item("p");
    other["metadata"]["uid"] = "other".into();
    let run = |answer: &Value| {
        place.scene.server.heal();
        let fault = Fault::body("application/json", answer.to_string());
        place.scene.server.fault(fault.on("GET", POLICIES));
        place.verify(&[])
    };
    // Items of lists may come without their kind.
    run(&good).expect_verdict(0, "Verified/Verified");
    for (answer, what) in [
        (
            json!({"kind": "List", "apiVersion": "v1", "items": []}),
            "expected a ClusterImagePolicyList",
        ),
        (
            json!({"kind": "ClusterImagePolicyList", "apiVersion": api, "metadata": {}}),
            "it has no items",
        ),
        (list(json!([item("p"), other]), json!({})), "is listed twice"),
        (list(json!([item("p")]), json!({"continue": "same"})), "form a loop"),
        (
            list(json!([item("p")]), json!({"remainingItemCount": 5})),
            "5 items follow, but has no continue token",
        ),
        (list(json!([{"metadata": {"uid": "1"}}]), json!({})), "has no name"),
        (list(json!([of_kind]), json!({})), "an item of it is a \"ImagePolicy\""),
    ] {
        let outcome = run(&answer).expect_verdict(3, "Unchecked/SourceUnavailable");
        let message = outcome.item()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(what), "{what}: {message}");
    }
}

/// One object that cannot be used may be the one that decides.
#[test]
fn an_object_that_cannot_be_used_spoils_the_policy() {
    let place = Place::new();
    place.cluster("good", &["registry.local:5000"], &place.cosign);
    let mut damaged = place.cosign.policy_spec(&["quay.io"]);
    damaged["policy"]["signedIdentitty"] = json!({});
    place.scene.server.policy(None, "damaged", damaged);
    let outcome = place.verify(&[]).expect_verdict(3, "Unchecked/SourceUnavailable");
    let expected = "the policies of the cluster cannot be used: ClusterImagePolicy/damaged spec.policy.signedIdentitty: unknown member; did you mean \"signedIdentity\"?";
    assert_eq!(outcome.item()["message"], expected);
    let outcome = place.policy(&["why", IDENTITY, "--cluster-policy"]).expect(3);
    assert_eq!(outcome.stderr.lines().last().unwrap(), format!("error: {expected}"));
    // For lint it is what is looked for.
    let outcome = place.policy(&["lint", "--cluster-policy"]).expect(1);
    let finding =
        "cluster: error: InvalidPolicy: ClusterImagePolicy/damaged spec.policy.signedIdentitty: unknown member";
    assert!(outcome.stdout.starts_with(finding), "{outcome:?}");
    // Key data that the API takes, and no reader.
    let mut keyless = place.cosign.policy_spec(&["registry.local:5000"]);
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        "A".repeat(60)
    );
    keyless["policy"]["rootOfTrust"]["publicKey"]["keyData"] = base64(pem.as_bytes()).into();
    place.scene.server.policy(None, "damaged", keyless);
    let outcome = place.verify(&[]).expect_verdict(3, "Unchecked/EngineFailed");
    assert!(
        outcome.item()["message"].as_str().unwrap().contains("keyData"),
        "{outcome:?}"
    );
}
