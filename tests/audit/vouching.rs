// SPDX-License-Identifier: Apache-2.0
//! What one use, one name or one shard says never stands for what another one expects.

use std::fs;

use serde_json::{json, Value};

use super::bench::{digest, Bench, Report, PLACE, SIGNED};
use super::fleet::{stored, tag, Fleet, SOURCE};
use crate::support::images::{base64, list};

/// A pod of a namespace that runs image `n` under a name.
fn pod(namespace: &str, image: &str, n: usize) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": "web-1"},
        "spec": {"containers": [{"name": "app", "image": image}]},
        "status": {"phase": "Running", "containerStatuses": [
            {"name": "app", "image": image, "imageID": format!("{PLACE}@{}", digest(n))}]}})
}

/// An image that is signed as another namespace's.
fn foreign(bench: &Bench) -> Value {
    let mut object = bench.image(1, &[&bench.desk.sign(&digest(1), "quay.io/evil/x:1")]);
    object.as_object_mut().unwrap().remove("dockerImageReference");
    object
}

#[test]
fn a_name_under_which_one_namespace_runs_an_image_does_not_vouch_for_that_of_another() {
    let bench = Bench::new();
    bench.desk.put("map", "registry.local quay.io\n");
    let (shop, evil) = (
        pod("shop", "registry.local/shop/web:v1", 1),
        pod("evil", "registry.local/evil/x:1", 1),
    );
    let mut words = Vec::new();
    for objects in [
        vec![foreign(&bench), shop.clone()],
        vec![foreign(&bench), evil.clone()],
        vec![foreign(&bench), shop, evil],
    ] {
        bench.desk.put("all.json", list(&objects).to_string());
        let outcome = bench.run(&["-f", "all.json", "-o", "jsonl"]);
        words.extend(Report::read(&outcome.stdout).words());
    }
    assert_eq!(
        words,
        [
            "Rejected/IdentityMismatch",
            "Verified/Verified",
            "Rejected/IdentityMismatch"
        ]
    );
}

/// What a damaged view expects is not known, although the image itself stands there too.
#[test]
fn a_view_that_cannot_be_read_leaves_the_audit_incomplete() {
    let bench = Bench::new();
    let view = json!({"apiVersion": "image.openshift.io/v1", "kind": "ImageStreamTag",
        "metadata": {"name": "web:v1", "namespace": "shop"}, "tag": {"name": "v1", "from": {}},
        "image": bench.good(1)});
    let text = list(&[bench.good(1), view]).to_string();
    bench.desk.put("all.json", &text);
    bench.run(&["-f", "all.json"]).expect(0);
    let damaged = text.replace("\"from\":{}", "\"from\":{},\"from\":{}");
    assert_ne!(damaged, text);
    bench.desk.put("all.json", damaged);
    let outcome = bench.run(&["-f", "all.json"]).expect(3);
    assert!(outcome.stderr.contains("\"from\" is repeated"), "{outcome:?}");
}

#[test]
fn an_image_of_a_pod_that_cannot_be_read_leaves_the_audit_incomplete() {
    let bench = Bench::new();
    let wrong = format!("[::1]:5000/shop/web@{}", digest(2));
    bench
        .desk
        .put("all.json", list(&[bench.good(1), pod("shop", &wrong, 1)]).to_string());
    let outcome = bench.run(&["-f", "all.json"]).expect(3);
    assert!(outcome.stderr.contains("is not a valid reference"), "{outcome:?}");
    assert!(outcome.stderr.contains("[::1]:5000"), "{outcome:?}");
}

/// A report knows an image by its digest, so that what one of two names expects would pass for both.
#[test]
fn an_object_that_is_named_twice_leaves_the_audit_incomplete() {
    let bench = Bench::new();
    let view = json!({"apiVersion": "image.openshift.io/v1", "kind": "ImageStreamTag",
        "metadata": {"name": "web:v1", "namespace": "shop"}, "image": bench.good(1)});
    bench.desk.put("all.json", list(&[bench.good(1), view]).to_string());
    let good = format!("{}={SIGNED}:v1", digest(1));
    let other = format!("shop/web:v1={SIGNED}:v2");
    bench.run(&["-f", "all.json", &good]).expect(0);
    let outcome = bench
        .run(&["-f", "all.json", &good, &other, "--report", "jsonl=audit.jsonl"])
        .expect(3);
    assert!(outcome.stderr.contains("is named more than once"), "{outcome:?}");
    // Neither does a continued report hide it.
    let path = bench.desk.sandbox.path("audit.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let torn: Vec<&str> = text.split_inclusive('\n').take(2).collect();
    fs::write(&path, torn.concat()).unwrap();
    bench
        .run(&["-f", "all.json", &good, &other, "--resume", "audit.jsonl"])
        .expect(3);
}

/// Whether a directory can be read, and what is in it, may differ between the runs of two shards: neither leaves
/// it to the other.
#[test]
fn a_place_belongs_to_its_shard_whatever_is_found_there() {
    let bench = Bench::new();
    let names: Vec<String> = (0..8).map(|n| format!("d{n}")).collect();
    for (n, name) in names.iter().enumerate() {
        bench
            .desk
            .put(&format!("{name}/manifest.json"), format!("{{\"n\": {n}}}"));
        bench
            .desk
            .put(&format!("{name}/version"), "Directory Transport Version: 1.1\n");
    }
    let lines: String = names.iter().map(|name| format!("dir:{name} {SIGNED}:v1\n")).collect();
    bench.desk.put("list", lines);
    let shard = |index: &str, file: &str| {
        let report = format!("jsonl={file}");
        bench
            .run(&["--images-from", "list", "--shard", index, "--report", &report])
            .expect(1);
        bench.report(file).entries.len()
    };
    let first = shard("0/2", "0.jsonl");
    for name in &names {
        fs::remove_file(bench.desk.sandbox.path(&format!("{name}/manifest.json"))).unwrap();
    }
    let second = shard("1/2", "1.jsonl");
    assert!(first > 0 && second > 0, "{first} {second}");
    assert_eq!(first + second, names.len());
    let sum = bench
        .desk
        .sandbox
        .run(["audit", "merge", "0.jsonl", "1.jsonl"])
        .expect(1);
    assert!(sum.stdout.contains("8 images"), "{sum:?}");
}

/// Whoever may write streams could hide with many of them what others expect.
#[test]
fn what_is_expected_last_of_very_many_counts_and_what_is_beyond_them_is_told() {
    let fleet = Fleet::empty();
    fleet
        .server()
        .image(stored(&digest(1), &[&fleet.sign(&digest(1), &tag(1))]));
    let stream = |name: &str, count: usize, from: String| {
        let names = || (0..count).map(|n| format!("v{n}"));
        let spec = names().map(|name| json!({"name": name, "from": {"kind": "DockerImage", "name": from}}));
        let status = names().map(|name| json!({"tag": name, "items": [{"image": digest(1)}]}));
        json!({"spec": {"tags": spec.collect::<Value>()},
            "status": {"dockerImageRepository": format!("registry.local:5000/{name}"), "tags": status.collect::<Value>()}})
    };
    fleet.server().stream("many", "app", stream("many/app", 1000, tag(1)));
    assert_eq!(fleet.lines(&[], 0).0.words(), ["Verified/Verified"]);
    fleet.server().stream("shop", "app", stream("shop/app", 1, tag(2)));
    let (report, _) = fleet.lines(&[], 1);
    assert_eq!(report.words(), ["Rejected/IdentityMismatch"]);
    let message = report.entry()["message"].as_str().unwrap();
    assert!(message.contains("as shop/app:v0 expects it"), "{message}");
    for n in 0..5 {
        let name = format!("app-{n}");
        fleet
            .server()
            .stream("many", &name, stream(&format!("many/{name}"), 1000, tag(1)));
    }
    let (report, outcome) = fleet.lines(&[], 3);
    assert_eq!(report.words(), ["Unchecked/SourceUnavailable"]);
    let told = "uses expect something that was not checked: there are too many";
    assert!(report.tail["incomplete"].to_string().contains(told), "{}", report.tail);
    assert!(outcome.stderr.contains(told), "{outcome:#?}");
}

/// Of an image of which more is expected than was looked at, only that is recorded which is so whatever is expected.
#[test]
fn of_an_image_of_which_more_is_expected_than_is_looked_at_only_what_is_certain_is_recorded() {
    let fleet = Fleet::empty();
    let own = digest(1);
    fleet.server().image(stored(&own, &[&fleet.sign(&own, &tag(1))]));
    let put = |streams: usize, tags: usize| {
        for n in 0..streams {
            let names = || (0..tags).map(|n| format!("v{n}"));
            let spec = names().map(|name| json!({"name": name, "from": {"kind": "DockerImage", "name": tag(1)}}));
            let status = names().map(|name| json!({"tag": name, "items": [{"image": own}]}));
            let repository = format!("registry.local:5000/many/app-{n}");
            let stream = json!({"spec": {"tags": spec.collect::<Value>()},
                "status": {"dockerImageRepository": repository, "tags": status.collect::<Value>()}});
            fleet.server().stream("many", &format!("app-{n}"), stream);
        }
    };
    let map = format!("{SOURCE} {SOURCE}\nregistry.local:5000 registry.local:5000\n");
    fleet.scene.sandbox.file("map", map);
    let args = ["--confirm", "--expected-identity-map", "map"];
    put(1, 1);
    let (report, _) = fleet.lines(&args, 0);
    assert_eq!(report.entry()["recorded"], "yes");
    let sign = |blob: Vec<u8>| {
        fleet.server().objects(|objects| {
            objects.edit_image(&own, |image| image["signatures"][0]["content"] = base64(&blob).into());
        });
    };
    let trusted = || fleet.server().stored(&own)["signatures"][0]["conditions"][0]["status"].clone();
    // Signed for what a use that is left out may expect.
    sign(fleet.sign(&own, &tag(2)));
    put(5, 1000);
    let (report, outcome) = fleet.lines(&args, 3);
    assert_eq!(report.words(), ["Rejected/IdentityMismatch"]);
    assert_eq!(report.entry()["recorded"], "no", "{outcome:#?}");
    assert_eq!(report.entry()["findings"][0]["kind"], "stale");
    assert!(outcome.stderr.contains("its record is not changed"), "{outcome:#?}");
    assert_eq!(trusted(), "True");
    // Signed for another image, for whoever uses it.
    sign(fleet.sign(&digest(2), &tag(1)));
    let (report, _) = fleet.lines(&args, 1);
    assert_eq!(report.words(), ["Rejected/DigestMismatch"]);
    assert_eq!(report.entry()["recorded"], "yes");
    assert_eq!(trusted(), "False");
}

/// Where a namespace has an image from says nothing where no line of the map is for that place.
#[test]
fn an_image_is_not_counted_as_verified_where_it_is_run_from_a_place_that_the_map_does_not_have() {
    let bench = Bench::new();
    let objects = [
        bench.good(1),
        pod("shop", &format!("{PLACE}:v1"), 1),
        pod("evil", "elsewhere.example/x:1", 1),
    ];
    bench.desk.put("all.json", list(&objects).to_string());
    let document = bench.run(&["-f", "all.json", "-o", "json"]).expect(0).json();
    let namespaces = document["totals"]["namespaces"].as_array().unwrap();
    let counts: Vec<String> = namespaces
        .iter()
        .map(|own| {
            let images = &own["images"];
            format!("{} {} {}", own["namespace"], images["verified"], images["unchecked"])
        })
        .collect();
    assert_eq!(counts, ["\"evil\" 0 1", "\"shop\" 1 0"]);
    let uses = document["items"][0]["uses"].as_array().unwrap();
    let open = uses.iter().filter(|own| own["expectsNothing"] == true);
    assert_eq!(open.map(|own| &own["namespace"]).collect::<Vec<_>>(), ["evil"]);
}

/// What the map says of the name by which one namespace runs an image holds whatever another namespace calls it.
#[test]
fn a_tag_or_a_pod_by_digest_of_one_namespace_does_not_silence_what_the_map_says_of_the_pod_of_another() {
    let bench = Bench::new();
    bench.desk.put("map", "registry.local quay.io\nquay.io quay.io\n");
    let shop = pod("shop", "registry.local/shop/web:v1", 1);
    let by_digest = pod("evil", &format!("registry.local/evil/x@{}", digest(1)), 1);
    let tag = json!({"apiVersion": "image.openshift.io/v1", "kind": "ImageStream",
        "metadata": {"namespace": "evil", "name": "x"},
        "spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": "quay.io/evil/x:1"}}]},
        "status": {"tags": [{"tag": "v1", "items": [{"image": digest(1)}]}]}});
    for evil in [by_digest, tag] {
        bench
            .desk
            .put("all.json", list(&[foreign(&bench), evil.clone()]).to_string());
        bench.run(&["-f", "all.json"]).expect(0);
        let all = list(&[foreign(&bench), shop.clone(), evil.clone()]);
        bench.desk.put("all.json", all.to_string());
        let outcome = bench.run(&["-f", "all.json", "--confirm", "-o", "jsonl"]).expect(1);
        let report = Report::read(&outcome.stdout);
        assert_eq!(report.words(), ["Rejected/IdentityMismatch"], "{evil}");
        assert_eq!(report.entry()["recorded"], "no", "{evil}");
        let uses = report.entry()["uses"].as_array().unwrap();
        assert!(uses.iter().all(|own| own["expectsNothing"] != true), "{uses:?}");
    }
}

/// Whoever runs what the cluster's registry calls a tag asks for what the tag says, also where it is imported from.
#[test]
fn a_tag_says_what_is_expected_of_the_pod_that_runs_it_by_its_own_name() {
    let bench = Bench::new();
    bench
        .desk
        .put("map", "registry.local registry.local\nquay.io quay.io\n");
    let stream = |namespace: &str| {
        json!({"apiVersion": "image.openshift.io/v1", "kind": "ImageStream",
        "metadata": {"namespace": namespace, "name": "web"},
        "spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": "quay.io/evil/x:1"}}]},
        "status": {"dockerImageRepository": format!("registry.local/{namespace}/web"),
            "tags": [{"tag": "v1", "items": [{"image": digest(1)}]}]}})
    };
    let shop = pod("team", "registry.local/shop/web:v1", 1);
    for (namespace, status) in [("shop", 0), ("evil", 1)] {
        let all = list(&[foreign(&bench), shop.clone(), stream(namespace)]);
        bench.desk.put("all.json", all.to_string());
        bench.run(&["-f", "all.json"]).expect(status);
    }
}

/// Very many names that the map does not know do not hide one that it does.
#[test]
fn names_beyond_those_that_are_looked_up_in_the_map_leave_an_image_unchecked() {
    let bench = Bench::new();
    bench.desk.put("map", "registry.local quay.io\n");
    let mut object = bench.image(1, &[&bench.desk.sign(&digest(1), "quay.io/evil/x:1")]);
    object["dockerImageReference"] = "registry.local/evil/x:1".into();
    let containers =
        |n: usize| (0..n).map(|n| json!({"name": format!("c{n}"), "image": format!("elsewhere.example/x:{n}")}));
    let many = |n: usize| {
        let image = format!("{PLACE}@{}", digest(1));
        let statuses = containers(n).map(|own| json!({"name": own["name"], "imageID": image}));
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "a", "name": "many"},
            "spec": {"containers": containers(n).collect::<Value>()},
            "status": {"phase": "Running", "containerStatuses": statuses.collect::<Value>()}})
    };
    for (count, word) in [(10, "Verified/Verified"), (5000, "Unchecked/SourceUnavailable")] {
        bench
            .desk
            .put("all.json", list(&[object.clone(), many(count)]).to_string());
        let outcome = bench.run(&["-f", "all.json", "-o", "jsonl"]);
        assert_eq!(Report::read(&outcome.stdout).words(), [word]);
    }
}
