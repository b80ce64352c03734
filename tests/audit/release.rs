// SPDX-License-Identifier: Apache-2.0
//! The release payload that a cluster runs: which signatures of it count, and what it may be signed as.

use serde_json::{json, Value};

use super::bench::{digest, Report};
use super::fleet::{both_with, stored, Fleet};
use crate::support::forge::{Draft, Key};
use crate::support::images::{base64, payload};
use crate::support::program::Outcome;

pub const UPSTREAM: &str = "quay.io/openshift-release-dev/ocp-release";
const CONFIG_MAPS: &str = "/api/v1/namespaces/openshift-config-managed/configmaps";

/// A cluster that runs payload 1, version 4.21.3, of a repository.
pub fn fleet(repository: &str) -> Fleet {
    let fleet = Fleet::empty();
    let version = json!({
        "kind": "ClusterVersion", "apiVersion": "config.openshift.io/v1", "metadata": {"name": "version"},
        "status": {"history": [{"state": "Completed", "version": "4.21.3", "image": format!("{repository}@{}", digest(1))}]},
    });
    let path = "/apis/config.openshift.io/v1/clusterversions/version";
    fleet.server().document(path, version);
    fleet.server().grant("alice", &["list"], "configmaps");
    fleet
}

/// A key of a ConfigMap with signatures.
pub fn key(rest: &str) -> String {
    format!("{}{rest}", digest(1).replace(':', "-"))
}

/// What the cluster keeps of signatures.
pub fn keep(fleet: &Fleet, data: &[(&str, &[u8])]) {
    let data: serde_json::Map<String, Value> = data
        .iter()
        .map(|(key, blob)| ((*key).to_owned(), base64(blob).into()))
        .collect();
    let list = json!({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {}, "items": [
        {"metadata": {"name": "mirrored-release-signatures", "uid": "u1"}, "binaryData": data}]});
    fleet.server().document(CONFIG_MAPS, list);
}

fn audit(fleet: &Fleet, status: i32) -> (Report, Outcome) {
    fleet.lines(&[], status)
}

#[test]
fn a_payload_without_an_object_is_verified_by_what_the_cluster_keeps() {
    for repository in [UPSTREAM, "mirror.corp.example:8443/ocp/release-images"] {
        let fleet = fleet(repository);
        let (report, _) = audit(&fleet, 1);
        assert_eq!(report.words(), ["Unchecked/NotFound"]);
        let message = report.entry()["message"].as_str().unwrap();
        assert!(message.contains("configMap"), "{message}");
        let good = fleet.sign(&digest(1), &format!("{UPSTREAM}:4.21.3-x86_64"));
        keep(&fleet, &[(&key("-7"), &good)]);
        let (report, outcome) = audit(&fleet, 0);
        assert_eq!(report.words(), ["Verified/Verified"], "{outcome:#?}");
        assert_eq!(report.entry()["uses"], json!([{"kind": "release", "name": "4.21.3"}]));
        assert_eq!(report.entry()["identitySource"], "named");
        assert_eq!(
            report.entry()["signatures"][0]["name"],
            format!("mirrored-release-signatures/{}", key("-7"))
        );
    }
}

#[test]
fn what_is_kept_of_another_payload_or_version_is_none_of_this_one() {
    let fleet = fleet("mirror.corp.example:8443/ocp/release-images");
    let good = fleet.sign(&digest(1), &format!("{UPSTREAM}:4.21.3-x86_64"));
    keep(&fleet, &[(&key("0-1"), &good), (&key("-x"), &good)]);
    assert_eq!(audit(&fleet, 1).0.words(), ["Unchecked/NotFound"]);
    for (what, blob) in [
        (
            "DigestMismatch",
            fleet.sign(&digest(2), &format!("{UPSTREAM}:4.21.3-x86_64")),
        ),
        (
            "IdentityMismatch",
            fleet.sign(&digest(1), &format!("{UPSTREAM}:4.21.2-x86_64")),
        ),
        (
            "IdentityMismatch",
            fleet.sign(&digest(1), "quay.io/other/ocp-release:4.21.3-x86_64"),
        ),
        ("NotASignature", b"garbage".to_vec()),
    ] {
        keep(&fleet, &[(&key("-1"), &blob)]);
        assert_eq!(audit(&fleet, 1).0.words(), [format!("Rejected/{what}")]);
        // One good one is enough, whatever stands before it.
        keep(&fleet, &[(&key("-1"), &blob), (&key("-2"), &good)]);
        assert_eq!(audit(&fleet, 0).0.words(), ["Verified/Verified"]);
    }
}

#[test]
fn signatures_that_may_not_be_listed_are_not_taken_for_none() {
    let fleet = fleet(UPSTREAM);
    fleet.server().revoke_all();
    for resource in ["images", "imagestreams", "pods", "clusterversions"] {
        fleet.server().grant("alice", &["get", "list"], resource);
    }
    let (report, _) = audit(&fleet, 1);
    assert_eq!(report.words(), ["Unchecked/Forbidden"]);
    // A signature on an object is enough by itself.
    let good = fleet.sign(&digest(1), &format!("{UPSTREAM}:4.21.3-x86_64"));
    fleet.server().image(stored(&digest(1), &[&good]));
    assert_eq!(audit(&fleet, 0).0.words(), ["Verified/Verified"]);
}

#[test]
fn signatures_of_a_payload_beside_its_object_are_not_recorded_on_it() {
    let fleet = fleet(UPSTREAM);
    fleet.server().image(stored(&digest(1), &[]));
    let good = fleet.sign(&digest(1), &format!("{UPSTREAM}:4.21.3-x86_64"));
    keep(&fleet, &[(&key("-1"), &good)]);
    fleet.scene.sandbox.file("map", format!("{UPSTREAM} {UPSTREAM}\n"));
    let (report, _) = fleet.lines(&["--confirm", "--expected-identity-map", "map"], 0);
    assert_eq!(report.words(), ["Verified/Verified"]);
    assert_eq!(report.entry()["recorded"], "no");
    assert_eq!(
        fleet.server().stored(&digest(1))["signatures"]
            .as_array()
            .map_or(0, Vec::len),
        0
    );
}

#[test]
fn a_payload_that_is_signed_as_another_version_than_the_cluster_says_is_found() {
    let fleet = fleet(UPSTREAM);
    for (tag, is_other) in [
        ("4.21.3-x86_64", false),
        ("4.21.30-x86_64", true),
        ("4.21.2-x86_64", true),
    ] {
        let blob = fleet.sign(&digest(1), &format!("{UPSTREAM}:{tag}"));
        keep(&fleet, &[(&key("-1"), &blob)]);
        // By its digest it is what the cluster names.
        let (report, _) = audit(&fleet, 0);
        assert_eq!(report.words(), ["Verified/Verified"]);
        let findings = report.entry()["findings"].to_string();
        assert_eq!(findings.contains("contradictory"), is_other, "{tag}: {findings}");
        assert!(
            !is_other || findings.contains(&format!("signed as {tag}")),
            "{findings}"
        );
    }
}

/// Two keys must have signed: that of the object, and one that only what the cluster keeps has. When a record of trust in a
/// third one is taken back, the image is judged again by all of them.
#[test]
fn what_the_cluster_keeps_counts_when_trust_is_taken_back() {
    let fleet = fleet(UPSTREAM);
    let identity = format!("{UPSTREAM}:4.21.3-x86_64");
    let [kept, gone] = ["kept.gpg", "gone.gpg"].map(|file| fleet.other_key(file));
    let by = |key: &Key| key.message(&Draft::new(key.created), &payload(&digest(1), &identity));
    fleet.scene.sandbox.file("map", format!("{UPSTREAM} {UPSTREAM}\n"));
    let own = fleet.sign(&digest(1), &identity);
    fleet.server().image(stored(&digest(1), &[&own, &by(&gone)]));
    let (report, _) = fleet.lines(&both_with("gone.gpg"), 0);
    assert_eq!(report.entry()["recorded"], "yes");
    keep(&fleet, &[(&key("-1"), &by(&kept))]);
    let (report, outcome) = fleet.lines(&both_with("kept.gpg"), 0);
    assert_eq!(report.words(), ["Verified/Verified"]);
    assert_eq!(report.entry()["recorded"], "yes", "{outcome:#?}");
    let stored = fleet.server().stored(&digest(1));
    let trusted = [0, 1].map(|n| stored["signatures"][n]["conditions"][0]["status"].clone());
    assert_eq!(trusted, ["True", "False"]);
}
