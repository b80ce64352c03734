// SPDX-License-Identifier: Apache-2.0
//! Images of a cluster: what is expected of them by those who use them, and their records.

use serde_json::{json, Value};

use super::bench::{digest, Report};
use crate::support::api::User;
use crate::support::cluster::{Scene, TOKEN};
use crate::support::images::image;
use crate::support::program::Outcome;

pub const REPOSITORY: &str = "quay.io/shop/web";

/// A stream whose tags are imported from tags of [`REPOSITORY`].
pub fn stream(tags: &[(&str, &str, usize)]) -> Value {
    let spec: Vec<Value> = tags
        .iter()
        .map(|(tag, from, _)| json!({"name": tag, "from": {"kind": "DockerImage", "name": format!("{REPOSITORY}:{from}")}}))
        .collect();
    let status: Vec<Value> = tags
        .iter()
        .map(|(tag, _, n)| {
            let d = digest(*n);
            json!({"tag": tag, "items": [{"created": "2026-02-02T00:00:00Z", "generation": 1, "image": d,
                "dockerImageReference": format!("{REPOSITORY}@{d}")}]})
        })
        .collect();
    json!({"spec": {"tags": spec}, "status": {"dockerImageRepository": "registry.local:5000/shop/web", "tags": status}})
}

/// A cluster in which the auditor may see everything.
fn scene() -> Scene {
    let scene = Scene::new();
    for resource in ["imagestreams", "pods", "clusterversions"] {
        scene.server.grant("alice", &["get", "list"], resource);
    }
    scene
}

fn put(scene: &Scene, n: usize, signed: Option<&str>) {
    let blob = signed.map(|tag| scene.sign(&digest(n), &format!("{REPOSITORY}:{tag}")));
    let blobs: Vec<&[u8]> = blob.iter().map(Vec::as_slice).collect();
    let mut object = image(&digest(n), &blobs);
    object["metadata"]["uid"] = json!(format!("uid-{n}"));
    scene.server.image(object);
}

/// A cluster with image 1, signed as a tag, which namespace shop imports from tag v1.
pub fn scene_signed(tag: &str) -> Scene {
    let scene = scene();
    put(&scene, 1, Some(tag));
    scene.server.stream("shop", "web", stream(&[("latest", "v1", 1)]));
    scene
}

/// The user says that all is signed as it is called, so that it may be recorded.
pub fn map_names_to_themselves(scene: &Scene) {
    let own = format!("{REPOSITORY} {REPOSITORY}\nregistry.local:5000 registry.local:5000\n");
    scene.sandbox.file("map", own);
}

pub fn audit(scene: &Scene, more: &[&str]) -> Outcome {
    let key = scene.key_file.to_str().unwrap();
    scene.run(&[&["audit", "--public-key", key, "-o", "jsonl"][..], more].concat())
}

/// The entry of image `n`.
pub fn entry(report: &Report, n: usize) -> &Value {
    let d = digest(n);
    report
        .entries
        .iter()
        .find(|entry| entry["image"] == d.as_str())
        .unwrap_or_else(|| panic!("no {d}: {report:#?}"))
}

pub fn word(report: &Report, n: usize) -> String {
    crate::support::program::word(entry(report, n))
}

#[test]
fn tags_say_what_images_are_expected_to_be_signed_as() {
    let scene = scene();
    put(&scene, 1, Some("v1"));
    put(&scene, 2, Some("v1"));
    put(&scene, 3, None);
    put(&scene, 4, Some("v4"));
    scene.server.stream(
        "shop",
        "web",
        stream(&[("latest", "v1", 1), ("old", "v2", 2), ("bare", "v3", 3)]),
    );
    let outcome = audit(&scene, &[]);
    let report = Report::read(&outcome.stdout);
    assert_eq!(report.entries.len(), 4, "{outcome:#?}");
    assert_eq!(word(&report, 1), "Verified/Verified");
    assert_eq!(entry(&report, 1)["identitySource"], "stream");
    assert_eq!(
        entry(&report, 1)["uses"][0],
        json!({"kind": "tag", "namespace": "shop", "name": "web:latest"})
    );
    assert_eq!(word(&report, 2), "Rejected/IdentityMismatch");
    assert_eq!(word(&report, 3), "Unsigned/NoSignature");
    assert!(entry(&report, 3)["findings"].to_string().contains("unsignedInUse"));
    assert_eq!(word(&report, 4), "Unchecked/NoExpectedIdentity");
}

#[test]
fn what_one_namespace_calls_an_image_does_not_vouch_for_it_in_another() {
    let scene = scene_signed("debug");
    scene.server.stream("evil", "web", stream(&[("latest", "debug", 1)]));
    let report = Report::read(&audit(&scene, &[]).stdout);
    assert_eq!(word(&report, 1), "Rejected/IdentityMismatch");
    let message = entry(&report, 1)["message"].as_str().unwrap();
    assert!(message.contains("as shop/web:latest expects it"), "{message}");
    // In the one namespace alone it is what it is called there.
    let report = Report::read(&audit(&scene, &["-n", "evil"]).stdout);
    assert_eq!(word(&report, 1), "Verified/Verified");
}

/// The map is for the names that tags and whoever names an image by digest give. Where an image was had from is a name only
/// where nothing else names it: the digest there may be what a tag resolved to, and says nothing of which tag was meant.
#[test]
fn where_an_image_was_had_from_does_not_vouch_for_the_tags_that_name_it() {
    const MIRROR: &str = "mirror.local:5000/shop/web";
    let scene = scene();
    for n in [1, 2] {
        let blob = scene.sign(&digest(n), &format!("{REPOSITORY}:v1"));
        let mut object = image(&digest(n), &[&blob]);
        object["dockerImageReference"] = json!(format!("{MIRROR}@{}", digest(n)));
        object["metadata"]["uid"] = json!(format!("uid-{n}"));
        scene.server.image(object);
    }
    // The tag is imported from no tag, so that only the stream's own name of it says what it is to be.
    let mut own = stream(&[("latest", "v1", 1)]);
    own["spec"]["tags"] = json!([{"name": "latest", "from": {"kind": "ImageStreamImage", "name": "web@1"}}]);
    scene.server.stream("shop", "web", own);
    scene.sandbox.file("map", format!("{MIRROR} {REPOSITORY}\n"));
    let args = ["--expected-identity-map", "map"];
    let report = Report::read(&audit(&scene, &args).expect(1).stdout);
    assert_eq!(word(&report, 1), "Rejected/IdentityMismatch");
    let name = "registry.local:5000/shop/web:latest";
    assert_eq!(entry(&report, 1)["expected"], json!([name]));
    assert_eq!(word(&report, 2), "Verified/Verified");
    assert_eq!(entry(&report, 2)["identitySource"], "map");
    // A line for the stream's own name is what the tag goes by.
    scene.sandbox.file(
        "map",
        format!("{MIRROR} {REPOSITORY}\nregistry.local:5000/shop/web {REPOSITORY}\n"),
    );
    let report = Report::read(&audit(&scene, &args).expect(1).stdout);
    assert_eq!(entry(&report, 1)["expected"], json!([format!("{REPOSITORY}:latest")]));
    assert_eq!(word(&report, 1), "Rejected/IdentityMismatch");
    // And it is the tag that must be signed for.
    let mut own = stream(&[("v1", "v1", 1)]);
    own["spec"]["tags"] = json!([{"name": "v1", "from": {"kind": "ImageStreamImage", "name": "web@1"}}]);
    scene.server.stream("shop", "web", own);
    let report = Report::read(&audit(&scene, &args).expect(0).stdout);
    assert_eq!(word(&report, 1), "Verified/Verified");
}

/// An image that is Verified for what one namespace expects is run in another one, where nothing says what it is to be: that
/// one has no Verified image.
#[test]
fn a_namespace_that_expects_nothing_of_an_image_does_not_count_it_as_verified() {
    let scene = scene_signed("v1");
    let runs = format!("{REPOSITORY}@{}", digest(1));
    for (namespace, asked) in [
        ("prod", format!("{REPOSITORY}:v1")),
        ("other", runs.clone()),
        ("shop", format!("{REPOSITORY}:v1")),
    ] {
        let pod = super::fleet::pod("Running", &asked, &runs);
        scene.server.pod(namespace, "web-1", pod);
    }
    let key = scene.key_file.to_str().unwrap();
    let document = scene
        .run(&["audit", "--public-key", key, "-o", "json"])
        .expect(0)
        .json();
    let entry = &document["items"][0];
    assert_eq!(entry["verdict"], "Verified");
    let open: Vec<(&Value, &Value)> = entry["uses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|used| (&used["namespace"], &used["expectsNothing"]))
        .collect();
    assert_eq!(
        open,
        [
            (&json!("shop"), &Value::Null),
            (&json!("other"), &Value::Null),
            (&json!("prod"), &json!(true)),
            (&json!("shop"), &json!(true))
        ]
    );
    let counts = |member: &str, name: &str, of: &str| {
        let all = document["totals"][member].as_array().unwrap().clone();
        let own = all.into_iter().find(|row| row[name] == of).unwrap();
        (own["images"]["verified"].clone(), own["images"]["unchecked"].clone())
    };
    let (one, none) = (json!(1), json!(0));
    assert_eq!(counts("namespaces", "namespace", "shop"), (one.clone(), none.clone()));
    assert_eq!(counts("namespaces", "namespace", "other"), (one.clone(), none.clone()));
    assert_eq!(counts("namespaces", "namespace", "prod"), (none.clone(), one.clone()));
    assert_eq!(counts("uses", "kind", "tag"), (one.clone(), none.clone()));
    assert_eq!(counts("uses", "kind", "pod"), (none, one));
}

#[test]
fn records_are_written_only_of_what_the_map_names() {
    let scene = scene();
    put(&scene, 1, Some("v1"));
    put(&scene, 2, Some("v1"));
    scene
        .server
        .stream("shop", "web", stream(&[("latest", "v1", 1), ("old", "v2", 2)]));
    let report = Report::read(&audit(&scene, &["--confirm"]).stdout);
    assert_eq!(entry(&report, 1)["recorded"], "no");
    let stored = |n: usize| scene.server.stored(&digest(n))["signatures"][0]["conditions"][0]["status"].clone();
    assert_eq!(stored(1), Value::Null);
    map_names_to_themselves(&scene);
    let args = ["--confirm", "--expected-identity-map", "map"];
    let report = Report::read(&audit(&scene, &args).expect(1).stdout);
    assert_eq!(entry(&report, 1)["identitySource"], "map");
    assert_eq!(
        [&entry(&report, 1)["recorded"], &entry(&report, 2)["recorded"]],
        ["yes", "yes"]
    );
    assert_eq!([stored(1), stored(2)], ["True", "False"]);
    // Nothing is written where nothing would change but the time.
    let version = scene.server.resource_version(&digest(1));
    let report = Report::read(&audit(&scene, &args).stdout);
    assert_eq!(entry(&report, 1)["recorded"], "unchanged");
    assert_eq!(scene.server.resource_version(&digest(1)), version);
    // What takes trust back is written last, and not at all where it is too much: the image is signed anew by a stranger.
    let stranger = scene.signer.simple_key("Stranger <s@example.com>");
    let payload = crate::support::images::payload(&digest(1), &format!("{REPOSITORY}:v1"));
    let blob = scene.signer.sign(&stranger, &payload);
    scene.server.objects(|objects| {
        objects.edit_image(&digest(1), |image| {
            image["signatures"][0]["content"] = crate::support::images::base64(&blob).into();
        });
    });
    let outcome = audit(
        &scene,
        &["--confirm", "--expected-identity-map", "map", "--max-downgrades", "0"],
    )
    .expect(3);
    assert_eq!(entry(&Report::read(&outcome.stdout), 1)["recorded"], "heldBack");
    assert!(
        outcome
            .stderr
            .contains("kept back: Trusted: True -> False (UnknownKey), ForImage: True -> Unknown"),
        "{outcome:#?}"
    );
    assert_eq!(stored(1), "True");
    let report = Report::read(&audit(&scene, &args).expect(1).stdout);
    assert_eq!(entry(&report, 1)["recorded"], "yes");
    assert_eq!(stored(1), "False");
}

#[test]
fn what_cannot_be_listed_leaves_the_audit_incomplete() {
    let scene = Scene::signed();
    let outcome = audit(&scene, &[]).expect(3);
    let report = Report::read(&outcome.stdout);
    let incomplete = report.tail["incomplete"].to_string();
    assert!(incomplete.contains("which tags point to an image"), "{incomplete}");
    scene.server.revoke(TOKEN);
    scene.server.user(TOKEN, User::new("nobody"));
    audit(&scene, &[]).expect(3);
}

#[test]
fn shards_of_a_cluster_add_up() {
    let scene = scene();
    let tags: Vec<String> = (0..30).map(|n| format!("t{n}")).collect();
    let tags: Vec<(&str, &str, usize)> = tags
        .iter()
        .enumerate()
        .map(|(n, tag)| (tag.as_str(), "v1", n))
        .collect();
    for n in 0..30 {
        put(&scene, n, (n % 3 > 0).then_some("v1"));
    }
    scene.server.stream("shop", "web", stream(&tags));
    let whole = Report::read(&audit(&scene, &[]).stdout);
    assert_eq!(whole.entries.len(), 30);
    let mut seen = 0;
    for index in 0..3 {
        let part = Report::read(&audit(&scene, &["--shard", &format!("{index}/3")]).stdout);
        assert!(part.entries.iter().all(|entry| whole.entries.contains(entry)));
        seen += part.entries.len();
    }
    assert_eq!(seen, 30);
}

#[test]
fn options_about_the_cluster_need_one() {
    let scene = scene();
    for (args, message) in [
        (
            &["-A", "-n", "x"][..],
            "--all-namespaces cannot be used with --namespace",
        ),
        (
            &["-A", "-f", "x.json"],
            "--all-namespaces cannot be used with --filename",
        ),
        (
            &["-l", "a=b", "dir:x"],
            "--selector cannot be used with --images-from and IMAGE",
        ),
        (&["-R"], "--recursive applies only to directories"),
        (&["--kubeconfig", "missing"], "missing"),
    ] {
        audit(&scene, args).expect_usage(message);
    }
}
