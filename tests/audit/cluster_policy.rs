// SPDX-License-Identifier: Apache-2.0
//! `--cluster-policy`: the policies of the cluster decide, all of them or none.

use serde_json::json;

use super::bench::{digest, Report};
use super::fleet::{stored, tag, Fleet, SOURCE};
use crate::support::cosign::Cosign;
use crate::support::program::Outcome;

/// A cluster with image 1, of the tag that its stream says, signed by the fleet's key.
fn fleet() -> Fleet {
    let fleet = Fleet::empty();
    for resource in ["clusterimagepolicies", "imagepolicies"] {
        fleet.scene.server.grant("alice", &["list"], resource);
    }
    let blob = fleet.sign(&digest(1), &tag(1));
    fleet.server().image(stored(&digest(1), &[&blob]));
    let stream = json!({"spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": tag(1)}}]},
                        "status": {"tags": [{"tag": "v1", "items": [{"image": digest(1)}]}]}});
    fleet.server().stream("shop", "a", stream);
    fleet
}

fn audit(fleet: &Fleet, args: &[&str]) -> Outcome {
    fleet
        .scene
        .run(&[&["audit", "--cluster-policy", "-o", "jsonl"], args].concat())
}

#[test]
fn the_policies_of_the_cluster_decide() {
    let fleet = fleet();
    fleet
        .server()
        .policy(None, "own", Cosign::new().policy_spec(&["other.example"]));
    let outcome = audit(&fleet, &[]).expect(1);
    let report = Report::read(&outcome.stdout);
    // In no scope of such objects nothing is allowed.
    assert_eq!(report.words(), ["Rejected/PolicyRejected"]);
    assert!(outcome.stderr.contains("ImagePolicies are left out"), "{outcome:#?}");
    let first = report.head["policy"].clone();
    assert!(first.is_string(), "{}", report.head);
    // A key for sigstore signatures, of which the image has none.
    fleet.server().policy(None, "own", Cosign::new().policy_spec(&[SOURCE]));
    let report = Report::read(&audit(&fleet, &[]).expect(1).stdout);
    assert_eq!(report.words(), ["Unsupported/UnsupportedSignature"], "{report:#?}");
    assert_ne!(report.head["policy"], first, "another policy is another audit");
    // Nor of another kind: no Image object has any.
    fleet
        .server()
        .objects(|objects| objects.put_image(stored(&digest(1), &[])));
    let report = Report::read(&audit(&fleet, &[]).expect(1).stdout);
    assert_eq!(report.words(), ["Unsigned/NoSignature"]);
    let message = report.entry()["message"].as_str().unwrap();
    let said = "sigstore signatures are kept in registries, none of which was asked";
    assert!(message.contains(said), "{message}");
}

#[test]
fn policies_of_a_namespace_count_with_n() {
    let fleet = fleet();
    fleet
        .server()
        .policy(None, "own", Cosign::new().policy_spec(&["other.example"]));
    fleet
        .server()
        .policy(Some("shop"), "own", Cosign::new().policy_spec(&[SOURCE]));
    let outcome = audit(&fleet, &["-n", "shop"]).expect(1);
    let report = Report::read(&outcome.stdout);
    assert_eq!(report.words(), ["Unsupported/UnsupportedSignature"], "{outcome:#?}");
}

#[test]
fn where_the_policies_cannot_be_had_no_image_is_judged_by_anything_else() {
    let fleet = fleet();
    fleet.server().revoke_all();
    for resource in ["images", "imagestreams", "pods", "clusterversions", "configmaps"] {
        fleet.server().grant("alice", &["get", "list"], resource);
    }
    let outcome = audit(&fleet, &[]).expect(1);
    let report = Report::read(&outcome.stdout);
    assert_eq!(report.words(), ["Unchecked/Forbidden"], "{outcome:#?}");
    let message = report.entry()["message"].as_str().unwrap();
    assert!(message.contains("ClusterImagePolicies"), "{message}");
}

#[test]
fn what_decides_besides_is_a_usage_error() {
    let fleet = fleet();
    for (args, message) in [
        (
            &["--public-key", "x"][..],
            "--public-key cannot be used with --cluster-policy",
        ),
        (&["--policy", "x"], "--policy cannot be used with --cluster-policy"),
        (&["-f", "x.json"], "--cluster-policy cannot be used with --filename"),
    ] {
        audit(&fleet, args).expect_usage(message);
    }
    assert_eq!(fleet.server().connections(), 0);
}
