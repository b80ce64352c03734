// SPDX-License-Identifier: Apache-2.0
//! The same cases against the test server and, where `IMAGE_SIGNATURE_TEST_KUBECONFIG` names a kubeconfig, against a
//! real API server: what is asserted about the one must hold for the other.
//!
//! The login must be allowed to create and delete images. The images are the test's own, with digests that no image
//! has, and are deleted when a case ends, however it ends.

#[path = "real_api/cluster.rs"]
mod cluster;
use std::process::Stdio;

use crate::support::cluster::{Scene, IDENTITY, TOKEN};
use crate::support::gpg::Signer;
use crate::support::images::payload;
use cluster::{everywhere, real, unused_digest};
use serde_json::{json, Value};

fn statuses(signature: &Value) -> Vec<String> {
    let conditions = signature["conditions"].as_array().cloned().unwrap_or_default();
    let status = |c: &Value| format!("{}={}", c["type"].as_str().unwrap(), c["status"].as_str().unwrap());
    conditions.iter().map(status).collect()
}

#[test]
fn the_way_to_a_real_server_is_itself_tried() {
    let (scene, elsewhere) = (Scene::new(), Scene::new());
    let kubeconfig = || Some(elsewhere.sandbox.path("home/.kube/config").into_os_string());
    let refusal = real(&scene, kubeconfig()).err().unwrap();
    assert!(refusal.contains("may not create images"), "{refusal}");
    elsewhere.server.grant("alice", &["create", "delete"], "images");
    elsewhere.server.under("/prefix");
    elsewhere.kubeconfig(json!({"token": TOKEN}));
    let mut cluster = real(&scene, kubeconfig()).unwrap();
    let name = cluster.signed();
    cluster.verify(&name, &[]).expect_verdict(0, "Verified/Verified");
    assert_eq!(elsewhere.server.stored(&name)["metadata"]["name"], name);
    drop(cluster);
    assert_eq!(elsewhere.server.stored(&name), Value::Null);
    assert_eq!(scene.server.connections(), 0);
    assert!(real(&scene, None).is_err());
}

#[test]
fn a_verified_image_is_recorded_and_the_record_forgotten() {
    everywhere("record and removal", |cluster| {
        let name = cluster.signed();
        let before = cluster.stored(&name);
        let outcome = cluster
            .verify(&name, &["--confirm"])
            .expect_verdict(0, "Verified/Verified");
        assert_eq!(outcome.item()["recorded"], "yes");
        let found = cluster.stored(&name)["signatures"][0].clone();
        assert_eq!(statuses(&found), ["Trusted=True", "ForImage=True"]);
        assert_eq!(found["imageIdentity"], IDENTITY);
        assert_eq!(found["signedClaims"]["critical.image.docker-manifest-digest"], name);
        assert_eq!(found["issuedTo"]["publicKeyID"], cluster.scene.key);
        assert!(found["created"].is_string());
        // Again: the answer to a write that changes times only is understood as well.
        cluster.verify(&name, &["--confirm"]).expect(0);
        let outcome = cluster.run(&["describe", &name, "-o", "json"]).expect(0);
        assert_eq!(outcome.item()["signatures"][0]["contradictions"], json!([]));
        cluster.run(&["remove", &name, "--confirm"]).expect(0);
        let after = cluster.stored(&name);
        assert_eq!(after["signatures"], before["signatures"]);
        assert_eq!(after["metadata"]["labels"], before["metadata"]["labels"]);
    });
}

#[test]
fn a_rejection_takes_an_earlier_record_away() {
    everywhere("rejection", |cluster| {
        let stranger = Signer::new();
        let key = stranger.simple_key("Somebody Else <else@example.com>");
        let condition = |kind: &str| json!({"type": kind, "status": "True", "lastProbeTime": "2026-01-01T00:00:00Z"});
        let name = cluster.make(
            |name| vec![stranger.sign(&key, &payload(name, IDENTITY))],
            |image| {
                image["signatures"][0]["conditions"] = json!([condition("Trusted"), condition("ForImage")]);
                image["signatures"][0]["imageIdentity"] = IDENTITY.into();
                image["signatures"][0]["issuedBy"] = json!({"commonName": "somebody"});
            },
        );
        cluster
            .verify(&name, &["--confirm"])
            .expect_verdict(1, "Rejected/UnknownKey");
        let found = cluster.stored(&name)["signatures"][0].clone();
        assert_eq!(statuses(&found), ["Trusted=False", "ForImage=Unknown"]);
        assert_eq!(
            (&found["issuedBy"], &found["imageIdentity"]),
            (&Value::Null, &Value::Null)
        );
        // An empty message and an old probe time come back in another form than they were sent in.
        cluster
            .verify(&name, &["--confirm"])
            .expect_verdict(1, "Rejected/UnknownKey");
    });
}

#[test]
fn what_is_not_checked_loses_its_trust() {
    everywhere("unsupported signature", |cluster| {
        let scene = cluster.scene;
        let condition =
            |kind: &str, status: &str| json!({"type": kind, "status": status, "lastProbeTime": "2026-01-01T00:00:00Z"});
        for (trusted, expected) in [("True", "Trusted=False"), ("False", "Trusted=False")] {
            let name = cluster.make(
                |name| {
                    vec![scene
                        .signer
                        .sign_with(&scene.key, &["--armor"], &payload(name, IDENTITY))]
                },
                |image| {
                    let entry = &mut image["signatures"][0];
                    entry["conditions"] = json!([condition("Trusted", trusted), condition("ForImage", "True")]);
                    entry["issuedBy"] = json!({"commonName": "somebody"});
                },
            );
            let outcome = cluster.verify(&name, &["--confirm"]);
            let outcome = outcome.expect_verdict(1, "Unsupported/UnsupportedSignature");
            assert_eq!(outcome.item()["recorded"], "yes");
            let found = cluster.stored(&name)["signatures"][0].clone();
            assert_eq!(statuses(&found), [expected, "ForImage=Unknown"]);
            assert_eq!(found["issuedBy"], Value::Null);
        }
    });
}

#[test]
fn conditions_of_others_stay_in_an_order_that_the_server_takes() {
    everywhere("conditions of other types", |cluster| {
        let scene = cluster.scene;
        let condition = |kind: &str| json!({"type": kind, "status": "True", "lastProbeTime": "2026-01-01T00:00:00Z"});
        let name = cluster.make(
            |name| vec![scene.sign(name, IDENTITY)],
            |image| {
                let conditions = ["Trusted", "ForImage", "Scanned"].map(condition);
                image["signatures"][0]["conditions"] = json!(conditions);
            },
        );
        cluster.verify(&name, &["--confirm"]).expect(0);
        let found = cluster.stored(&name)["signatures"][0].clone();
        assert_eq!(statuses(&found), ["Trusted=True", "ForImage=True", "Scanned=True"]);
        cluster.run(&["remove", &name, "--confirm"]).expect(0);
        let found = cluster.stored(&name)["signatures"][0].clone();
        assert_eq!(
            statuses(&found),
            ["Trusted=Unknown", "ForImage=Unknown", "Scanned=True"]
        );
    });
}

#[test]
fn a_server_dry_run_stores_nothing() {
    everywhere("server dry run", |cluster| {
        let name = cluster.signed();
        let before = cluster.stored(&name);
        cluster
            .verify(&name, &["--dry-run=server"])
            .expect_verdict(0, "Verified/Verified");
        assert_eq!(cluster.stored(&name), before);
    });
}

#[test]
fn two_verifiers_at_once_both_record() {
    everywhere("two verifiers at once", |cluster| {
        let name = cluster.signed();
        let scene = cluster.scene;
        let begin = || {
            let mut command = scene.sandbox.command();
            command
                .args(scene.verify(&name))
                .args(["-o", "json", "--confirm", "--kubeconfig"]);
            let command = command.arg(&cluster.kubeconfig).stdout(Stdio::piped());
            command.spawn().unwrap()
        };
        for run in [begin(), begin()] {
            let output = run.wait_with_output().unwrap();
            let document: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(document["items"][0]["recorded"], "yes", "{document}");
            assert_eq!(output.status.code(), Some(0));
        }
        scene.sandbox.assert_clean();
        assert_eq!(
            statuses(&cluster.stored(&name)["signatures"][0]),
            ["Trusted=True", "ForImage=True"]
        );
    });
}

#[test]
fn images_of_a_list_and_images_that_are_not_there() {
    everywhere("manifest list", |cluster| {
        let child = cluster.signed();
        let entry = |digest: &str| {
            json!({"digest": digest, "mediaType": "application/vnd.oci.image.manifest.v1+json", "manifestSize": 1,
                   "architecture": "amd64", "os": "linux"})
        };
        let gone = unused_digest();
        let list = cluster.make(
            |_| Vec::new(),
            |image| image["dockerImageManifests"] = json!([entry(&child), entry(&gone)]),
        );
        let manifests = cluster.run(&["describe", &list, "-o", "json"]).expect(0).item()["manifests"].clone();
        assert_eq!(
            (&manifests[0]["signatures"], &manifests[0]["reason"]),
            (&json!(1), &json!(""))
        );
        assert_eq!(manifests[1]["reason"], "NotFound");
        cluster
            .verify(&list, &["--confirm"])
            .expect_verdict(1, "Unsigned/NoSignature");
        cluster.verify(&gone, &[]).expect_verdict(3, "Unchecked/NotFound");
    });
}
