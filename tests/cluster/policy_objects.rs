// SPDX-License-Identifier: Apache-2.0
//! What the policies of a cluster are for beside verdicts: explanations, and where images may come from.

use serde_json::json;

use super::cluster_policy::Place;
use crate::attach::{configuration, mirror_sets};
use crate::support::cluster::IDENTITY;
use crate::support::images::D1;

#[test]
fn policy_commands_read_the_cluster() {
    let place = Place::new();
    place.cluster("own", &["registry.local:5000", "quay.io"], &place.cosign);
    place.namespaced("team", "dropped", &["quay.io/ns"], &place.cosign);
    let outcome = place.policy(&["why", IDENTITY, "--cluster-policy"]).expect(0);
    for part in [
        "Policy: cluster\n",
        "  registry.local:5000: applies: cluster, ClusterImagePolicy/own spec.scopes[0]\n",
        &format!("sha256:{}", place.cosign.id()),
        "    sigstore signatures: in the registry (nodes of a cluster with these",
    ] {
        assert!(outcome.stdout.contains(part), "{part}: {}", outcome.stdout);
    }
    // verify speaks of this machine, and this of the cluster's nodes: each says whose configuration it means.
    let whose = "nodes of a cluster with these objects look for them there, and at mirrors; they do not use the registries.d of this machine";
    assert!(outcome.words().contains(whose), "{outcome:?}");
    assert!(outcome.stderr.contains("-n adds those of a namespace"), "{outcome:?}");
    let outcome = place.policy(&["lint", "--cluster-policy", "-n", "team"]).expect(1);
    let finding = "cluster: warning: ScopeLeftOut: ImagePolicy/dropped of namespace team spec.scopes[0]: ";
    assert!(outcome.stdout.starts_with(finding), "{outcome:?}");
    place.policy(&["lint", "--cluster-policy"]).expect(0);
    let table = format!("{IDENTITY}: {{scope: \"registry.local:5000\", verdict: Verified, keys: [\"sha256:{}\"]}}\nr.example/a:1: {{scope: default, verdict: Rejected}}\n", place.cosign.id());
    place.scene.sandbox.file("table.yaml", table);
    place.policy(&["test", "table.yaml", "--cluster-policy"]).expect(0);
    // Together with a file: what is made by hand is lost on nodes.
    let rule = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": place.scene.key_file.to_str().unwrap()});
    let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": {"r.example": [rule]}}});
    place.scene.sandbox.file("policy.json", policy.to_string());
    let outcome = place.policy(&["lint", "policy.json", "--cluster-policy"]).expect(1);
    assert!(outcome.stdout.contains("PolicyBesideObjects"), "{outcome:?}");
}

/// Where nodes fetch an image follows from the mirror sets and the image configuration of the cluster, and not from the
/// registries.conf of this machine.
#[test]
fn mirrors_are_those_of_the_cluster() {
    let place = Place::new();
    place.cluster("own", &["registry.local:5000"], &place.cosign);
    place.scene.sandbox.file(
        "registries.conf",
        "[[registry]]\nlocation = \"registry.local:5000\"\n[[registry.mirror]]\nlocation = \"of.this.machine\"\n",
    );
    let digest = format!("registry.local:5000/foo/bar@{D1}");
    let why = |reference: &str| {
        let args = [
            "why",
            reference,
            "--cluster-policy",
            "--registries-conf",
            "registries.conf",
            "-o",
            "json",
        ];
        place.policy(&[&args[..], &["--mirrors"]].concat())
    };
    let places = |reference: &str| {
        let item = why(reference).expect(0).json()["items"][0].clone();
        let places = item["locations"].as_array().unwrap().iter();
        let places = places.map(|own| {
            let blocked = if own["blocked"] == true { " blocked" } else { "" };
            format!(
                "{} by {}{blocked}",
                own["reference"].as_str().unwrap(),
                own["namedBy"].as_str().unwrap_or("nobody")
            )
        });
        (places.collect::<Vec<_>>(), item)
    };
    // Without a mirror set there is no mirror.
    let (found, _) = places(IDENTITY);
    assert_eq!(found, [format!("{IDENTITY} by nobody")]);
    let set = |mirror: &str, policy: &str| {
        let mut set = json!({"source": "registry.local:5000", "mirrors": [mirror]});
        if !policy.is_empty() {
            set["mirrorSourcePolicy"] = policy.into();
        }
        json!([set])
    };
    let never = "NeverContactSource";
    mirror_sets(
        &place.scene.server,
        "ImageDigestMirrorSet",
        &[("digests", set("idms.example/m", never))],
    );
    mirror_sets(
        &place.scene.server,
        "ImageTagMirrorSet",
        &[("tags", set("itms.example", never))],
    );
    let old = set("icsp.example", "");
    mirror_sets(&place.scene.server, "ImageContentSourcePolicy", &[("old", old)]);
    configuration(
        &place.scene.server,
        &json!({"blockedRegistries": ["itms.example"]}),
        &json!({}),
    );
    let (found, item) = places(&digest);
    let expected = [
        format!("icsp.example/foo/bar@{D1} by ImageContentSourcePolicy/old"),
        format!("idms.example/m/foo/bar@{D1} by ImageDigestMirrorSet/digests"),
        format!("{digest} by nobody blocked"),
    ];
    assert_eq!(found, expected);
    let stanza = item["mirrors"]
        .as_array()
        .unwrap()
        .iter()
        .find(|own| own["mirror"] == "idms.example/m")
        .unwrap();
    assert!(
        stanza["stanza"]
            .as_str()
            .unwrap()
            .contains("signedPrefix: \"registry.local:5000\""),
        "{stanza}"
    );
    let (found, _) = places(IDENTITY);
    let expected = [
        "itms.example/foo/bar:v1 by ImageTagMirrorSet/tags blocked".to_owned(),
        format!("{IDENTITY} by nobody blocked"),
    ];
    assert_eq!(found, expected);
    // Sets that contradict each other, of which nodes make nothing.
    mirror_sets(
        &place.scene.server,
        "ImageTagMirrorSet",
        &[("tags", set("itms.example", ""))],
    );
    let outcome = why(&digest).expect(3);
    assert!(
        outcome
            .stderr
            .contains("the mirror sets of the cluster cannot be used: "),
        "{outcome:?}"
    );
    // Lists that cannot be read may name mirrors: nothing is explained then.
    place.scene.server.revoke_all();
    place.scene.server.grant("alice", &["list"], "clusterimagepolicies");
    let outcome = why(IDENTITY).expect(3);
    assert!(outcome.stderr.contains("listing ImageDigestMirrorSets"), "{outcome:?}");
    assert_eq!(outcome.json()["kind"], "Trouble");
    // Findings and tables need none of it.
    place.policy(&["lint", "--cluster-policy"]).expect(0);
}

#[test]
fn one_policy_decides_and_files_contact_no_server() {
    let place = Place::new();
    for other in [&["--system-policy"][..], &["--policy", "p.json"]] {
        place.verify(other).expect_usage("one policy decides");
    }
    for (option, value) in [
        ("--public-key", "k"),
        ("--signed-by", &"A".repeat(40)),
        ("--sigstore-key", "k"),
        ("--require", "2"),
    ] {
        place
            .verify(&[option, value])
            .expect_usage("cannot be used with --cluster-policy");
    }
    let args = [
        "verify",
        "-f",
        "image.json",
        "--expected-identity",
        IDENTITY,
        "--cluster-policy",
    ];
    place.scene.run(&args).expect_usage("no server is contacted");
    let args = ["verify", D1, "--remove", "--cluster-policy"];
    place
        .scene
        .run(&args)
        .expect_usage("--cluster-policy cannot be used when removing records");
    assert!(place.scene.server.lines().is_empty());
}
