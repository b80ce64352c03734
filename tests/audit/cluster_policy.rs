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
    let fleet = without_policies();
    let outcome = audit(&fleet, &[]).expect(3);
    let report = Report::read(&outcome.stdout);
    assert_eq!(report.words(), ["Unchecked/Forbidden"], "{outcome:#?}");
    let message = report.entry()["message"].as_str().unwrap();
    assert!(message.contains("ClusterImagePolicies"), "{message}");
}

/// A cluster like [`fleet`] whose user may not list the policies.
fn without_policies() -> Fleet {
    let fleet = fleet();
    fleet.server().revoke_all();
    for resource in ["images", "imagestreams", "pods", "clusterversions", "configmaps"] {
        fleet.server().grant("alice", &["get", "list"], resource);
    }
    fleet
}

/// An audit that has judged nothing knows nothing of any image, whatever it is to fail on.
#[test]
fn an_audit_whose_policies_cannot_be_had_is_not_complete() {
    let fleet = without_policies();
    for fail_on in [
        &[][..],
        &["--fail-on", "rejected"],
        &["--fail-on", "rejected", "--confirm"],
    ] {
        let outcome = audit(&fleet, fail_on).expect(3);
        let incomplete = Report::read(&outcome.stdout).tail["incomplete"].to_string();
        let said = "no image can be judged: listing the ClusterImagePolicies";
        assert!(incomplete.contains(said), "{fail_on:?}: {outcome:#?}");
    }
    let args = [
        "audit",
        "--cluster-policy",
        "-o",
        "openmetrics",
        "--fail-on",
        "rejected",
    ];
    let outcome = fleet.scene.run(&args).expect(3);
    let complete = outcome
        .stdout
        .lines()
        .find(|line| line.starts_with("image_signature_audit_complete "));
    assert_eq!(complete, Some("image_signature_audit_complete 0"), "{outcome:#?}");
}

/// What was judged by policies that are not known was judged by nothing else, the user's keyring least of all.
#[test]
fn a_report_without_the_policies_is_one_of_no_other_audit() {
    let fleet = without_policies();
    audit(&fleet, &["--report", "jsonl=report.jsonl"]).expect(3);
    let resume = ["audit", "-o", "jsonl", "--resume", "report.jsonl"];
    let outcome = fleet.scene.run(&resume);
    let outcome = outcome.expect_usage("it is the report of another audit");
    assert!(outcome.stderr.contains("the policy"), "{outcome:#?}");
    for (shard, by) in [("0/2", &[][..]), ("1/2", &["--cluster-policy"])] {
        let report = format!("jsonl=part{}", &shard[..1]);
        let args = ["audit", "--shard", shard, "--report", &report];
        fleet.scene.run(&[&args[..], by].concat());
    }
    let outcome = fleet.scene.run(&["audit", "merge", "part0", "part1"]).expect(3);
    assert!(outcome.stderr.contains("the policy"), "{outcome:#?}");
    // The policies that there are now may be others.
    fleet.server().grant("alice", &["list"], "clusterimagepolicies");
    let outcome = audit(&fleet, &["--resume", "report.jsonl"]);
    let outcome = outcome.expect_usage("it is the report of another audit");
    assert!(
        outcome.stderr.contains("the policy") && !outcome.stderr.contains("the keys"),
        "{outcome:#?}"
    );
    // Two that are known are added up as ever.
    for shard in ["0/2", "1/2"] {
        audit(
            &fleet,
            &["--shard", shard, "--report", &format!("jsonl=part{}", &shard[..1])],
        );
    }
    let outcome = fleet.scene.run(&["audit", "merge", "part0", "part1"]).expect(1);
    assert!(outcome.stdout.contains("the policies of the cluster"), "{outcome:#?}");
}

/// What is stored as a GPG signature is not called one where nobody looks into it, and what is damaged is told of itself.
#[test]
fn a_signature_that_the_policy_does_not_look_at_is_told_for_what_is_known_of_it() {
    let fleet = fleet();
    fleet.server().policy(None, "own", Cosign::new().policy_spec(&[SOURCE]));
    let object = stored(&digest(1), &[b"\x01garbage"]);
    fleet.server().objects(|objects| objects.put_image(object.clone()));
    let report = Report::read(&audit(&fleet, &[]).expect(1).stdout);
    let message = report.entry()["signatures"][0]["message"].as_str().unwrap();
    let said = "present, not checked: it is stored as a GPG signature, for which the policy names no keys here";
    assert_eq!(message, said);
    let mut damaged = object;
    damaged["signatures"][0]["content"] = "not base64!".into();
    fleet.server().objects(|objects| objects.put_image(damaged));
    let report = Report::read(&audit(&fleet, &[]).expect(1).stdout);
    let findings = report.entry()["findings"].as_array().unwrap().clone();
    let of_damage = findings.iter().filter(|own| own["kind"] == "damaged");
    let messages: Vec<&str> = of_damage.map(|own| own["message"].as_str().unwrap()).collect();
    assert_eq!(messages.len(), 1, "{findings:#?}");
    assert!(
        messages[0].ends_with("is not base64; the server may refuse every change of this image"),
        "{messages:?}"
    );
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
