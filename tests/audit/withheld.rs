// SPDX-License-Identifier: Apache-2.0
//! Records that are neither made nor taken back: something else may be expected of the image than what is known.

use std::fs;

use serde_json::{json, Value};

use super::bench::{digest, Bench, SIGNED};
use super::fleet::{stored, tag, Fleet, SOURCE};
use crate::support::api::Fault;
use crate::support::images::list;

const LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// A stream whose tag v1 is imported from there, and stands for an image.
fn stream(from: &str, own: &str) -> Value {
    json!({"apiVersion": "image.openshift.io/v1", "kind": "ImageStream", "metadata": {"namespace": "evil", "name": "x"},
        "spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": from}}]},
        "status": {"tags": [{"tag": "v1", "items": [{"image": own}]}]}})
}

/// Members of an Image that say that it is a list, and do not say of what.
fn lists_of_unknown() -> Vec<(&'static str, Value)> {
    let entry = json!({"digest": digest(2), "size": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"});
    let bytes = json!({"schemaVersion": 2, "mediaType": LIST, "manifests": [entry]}).to_string();
    let of = |instances: Value| json!({"dockerImageManifestMediaType": LIST, "dockerImageManifests": instances});
    vec![
        ("it does not say which it has", of(Value::Null)),
        ("it does not say which it has", of(json!([]))),
        (
            "it does not say which it has",
            json!({"dockerImageManifestMediaType": "Application/vnd.oci.image.index.v1+json; charset=utf-8"}),
        ),
        (
            "dockerImageManifests[0].digest: expected a digest",
            of(json!([{"digest": "junk"}])),
        ),
        (
            "dockerImageManifests[1].digest: expected a digest",
            of(json!([{"digest": digest(3)}, "x"])),
        ),
        (
            "dockerImageManifests[0].digest: expected a digest",
            json!({"dockerImageManifests": [{"digest": 5}]}),
        ),
        (
            "dockerImageManifest does not hash to its name",
            json!({"dockerImageManifest": bytes}),
        ),
    ]
}

fn with(mut object: Value, members: &Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

#[test]
fn a_list_in_a_cluster_that_does_not_say_what_it_has_may_have_any_image() {
    let fleet = Fleet::empty();
    fleet.scene.sandbox.file("map", format!("{SOURCE} {SOURCE}\n"));
    let own = digest(2);
    fleet.server().image(stored(&own, &[&fleet.sign(&own, &tag(2))]));
    fleet.server().stream("shop", "a", stream(&tag(2), &own));
    fleet
        .server()
        .stream("shop", "b", stream(&format!("{SOURCE}/evil:v1"), &digest(1)));
    for (why, members) in lists_of_unknown() {
        let whole = with(stored(&digest(1), &[]), &members);
        fleet.server().objects(|objects| objects.put_image(whole));
        for range in [&[][..], &["-A"]] {
            let common = ["--expected-identity-map", "map", "--confirm"];
            let outcome = fleet.run(&[&common[..], range].concat()).expect(3);
            assert!(
                outcome.stderr.contains(&format!("{why}; its instances are unknown")),
                "{members} {range:?}: {outcome:#?}"
            );
            let record = &fleet.server().stored(&own)["signatures"][0]["conditions"];
            assert_eq!(*record, Value::Null, "{members} {range:?}");
        }
    }
}

#[test]
fn nothing_is_recorded_beside_what_is_no_answer() {
    let bench = Bench::new();
    bench.desk.put("map", format!("{SIGNED} {SIGNED}\n"));
    let used = list(&[bench.good(2), stream(&format!("{SIGNED}:v1"), &digest(2))]).to_string();
    let of_images = lists_of_unknown().into_iter().map(|(why, members)| {
        let whole = with(bench.image(1, &[]), &members);
        let tag = stream(&format!("{SIGNED}:v2"), &digest(1));
        (why, list(&[whole, tag]).to_string())
    });
    let listed = |kind: &str, members: Value| {
        let object = json!({"apiVersion": "v1", "kind": kind, "metadata": {}});
        with(object, &members).to_string()
    };
    let items = json!([]);
    let view = json!({"name": "v1", "from": {"kind": "DockerImage", "name": "quay.io/evil/x:1"}});
    let others = [
        ("has no items", listed("PodList", json!({}))),
        ("has no items", listed("List", json!({}))),
        (
            "has no items",
            list(&[json!({"apiVersion": "v1", "kind": "PodList", "items": {"a": 1}})]).to_string(),
        ),
        (
            "continues (metadata.continue)",
            listed("PodList", json!({"items": items, "metadata": {"continue": 5}})),
        ),
        (
            "continues (metadata.remainingItemCount)",
            listed("PodList", json!({"items": items, "metadata": {"remainingItemCount": "5"}})),
        ),
        (
            "continues (metadata.remainingItemCount)",
            listed("PodList", json!({"items": items, "metadata": {"remainingItemCount": 5}})),
        ),
        (
            "has metadata that is not an object",
            listed("PodList", json!({"items": items, "metadata": "x"})),
        ),
        (
            "an object of kind Table",
            json!({"apiVersion": "meta.k8s.io/v1", "kind": "Table", "rows": []}).to_string(),
        ),
        (
            "an object of kind PartialObjectMetadata",
            json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": {"name": "p"}}).to_string(),
        ),
        (
            "an object without a kind",
            json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "items": [{"metadata": {"name": "p"}}]})
                .to_string(),
        ),
        (
            "tag evil/x:v1 differs from the one in its ImageStream",
            json!({"apiVersion": "image.openshift.io/v1", "kind": "ImageTag", "spec": view, "image": bench.image(2, &[]),
                "metadata": {"namespace": "evil", "name": "x:v1"}})
            .to_string(),
        ),
    ];
    for (why, beside) in of_images.chain(others) {
        bench.desk.put("in/used.json", &used);
        bench.desk.put("in/beside.json", &beside);
        let outcome = bench.run(&["-f", "in", "--confirm"]).expect(3);
        assert!(outcome.stderr.contains(why), "{beside}: {outcome:#?}");
        let after = fs::read_to_string(bench.desk.sandbox.path("in/used.json")).unwrap();
        assert_eq!(after, used, "{beside}");
    }
    // An empty list is one, as Go writes it, and what names no image says nothing of any.
    for beside in [
        listed(
            "PodList",
            json!({"items": null, "metadata": {"continue": "", "remainingItemCount": null}}),
        ),
        json!({"apiVersion": "example.com/v1", "kind": "AllowList", "metadata": {"name": "a"}}).to_string(),
    ] {
        bench.desk.put("in/beside.json", &beside);
        bench.run(&["-f", "in", "--confirm"]).expect(0);
    }
}

/// A record is one for all who use the image: what one namespace expects of it does not decide.
#[test]
fn what_one_namespace_expects_takes_no_record_back() {
    let fleet = Fleet::empty();
    fleet.other_key("other.gpg");
    let signed_by = |file: &str| json!([{"type": "signedBy", "keyType": "GPGKeys", "keyPath": file, "signedIdentity": {"type": "matchRepository"}}]);
    let other = fleet.scene.sandbox.path("other.gpg").display().to_string();
    let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": {
        format!("{SOURCE}/app"): signed_by(&fleet.key_file), format!("{SOURCE}/evil"): signed_by(&other)}}});
    fleet.scene.sandbox.file("policy.json", policy.to_string());
    fleet.scene.sandbox.file("map", format!("{SOURCE} {SOURCE}\n"));
    let audit = |args: &[&str]| {
        let mut command = fleet.scene.sandbox.command();
        let common = [
            "audit",
            "--policy",
            "policy.json",
            "--expected-identity-map",
            "map",
            "--confirm",
        ];
        fleet.scene.finish(command.args(common).args(args))
    };
    let own = digest(1);
    fleet.server().image(stored(&own, &[&fleet.sign(&own, &tag(1))]));
    let labelled = |from: &str, team: &str| {
        let mut stream = stream(from, &own);
        stream["metadata"]["labels"] = json!({"team": team});
        stream
    };
    fleet.server().stream("shop", "a", labelled(&tag(1), "shop"));
    let record = || fleet.server().stored(&own)["signatures"][0]["conditions"][0]["status"].clone();
    for part in [&["-n", "shop"][..], &["-A", "-l", "team=shop"], &[]] {
        fleet.server().image(stored(&own, &[&fleet.sign(&own, &tag(1))]));
        audit(part).expect(0);
        assert_eq!(record(), "True", "{part:?}");
    }
    fleet
        .server()
        .stream("evil", "x", labelled(&format!("{SOURCE}/evil:v1"), "evil"));
    let parts = [&["-n", "evil"][..], &["-A", "-l", "team=evil"]];
    // It holds in the scope of what it is for.
    for range in [parts[0], parts[1], &["-A"], &[]] {
        let outcome = audit(range).expect(1);
        assert!(outcome.stdout.contains("Rejected"), "{outcome:#?}");
        assert_eq!(record(), "True", "{range:?}: {outcome:#?}");
    }
    let other =
        |scope: &str| json!({"default": [{"type": "reject"}], "transports": {"docker": {scope: signed_by(&other)}}});
    fleet.scene.sandbox.file("policy.json", other(SOURCE).to_string());
    for range in parts {
        let outcome = audit(range).expect(3);
        assert_eq!(record(), "True", "{range:?}: {outcome:#?}");
        let told = "its record is kept, because other uses may expect something else; leave out -n and -l";
        assert!(outcome.stderr.contains(told), "{outcome:#?}");
    }
    // What the user names is recorded as the user says.
    audit(&["-n", "evil", &format!("{own}={SOURCE}/evil:v1")]).expect(1);
    assert_eq!(record(), "False");
}

#[test]
fn a_name_that_cannot_be_looked_up_may_expect_something_of_an_image_that_is_named_too() {
    let fleet = Fleet::empty();
    fleet.server().grant("alice", &["get"], "imagestreamtags");
    fleet.scene.sandbox.file("map", format!("{SOURCE} {SOURCE}\n"));
    let own = digest(1);
    fleet.server().image(stored(&own, &[&fleet.sign(&own, &tag(1))]));
    fleet
        .server()
        .stream("shop", "a", stream(&format!("{SOURCE}/evil:v1"), &own));
    let record = || fleet.server().stored(&own)["signatures"][0]["conditions"].clone();
    let by_digest = format!("shop/a@{own}");
    for (name, path) in [
        (by_digest.as_str(), "/imagestreams/a$"),
        ("shop/a:v1", "/imagestreamtags/a:v1$"),
    ] {
        fleet.server().fault(Fault::status(403).on("GET", path));
        let outcome = fleet
            .run(&[&own, name, "--expected-identity-map", "map", "--confirm"])
            .expect(3);
        assert!(
            outcome.stderr.contains("uses of images are not all known"),
            "{name}: {outcome:#?}"
        );
        assert_eq!(record(), Value::Null, "{name}");
        fleet.server().heal();
    }
    // What is known to be nowhere expects nothing, and what the user says of the image holds whatever else is not known.
    fleet
        .run(&[&own, "shop/a:gone", "--expected-identity-map", "map", "--confirm"])
        .expect(3);
    assert_eq!(record(), Value::Null);
    let given = format!("{own}={}", tag(1));
    fleet.run(&[&given, "shop/a:gone", "--confirm"]).expect(1);
    assert_eq!(record()[0]["status"], "True");
}
