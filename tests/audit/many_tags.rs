// SPDX-License-Identifier: Apache-2.0
//! Images with very many tags, which whoever may write one stream can make.

use serde_json::{json, Value};

use super::bench::{digest, Bench, Report, PLACE, SIGNED};
use crate::support::images::list;
use crate::support::program::{binary, word};

/// A stream with many tags of one image, each imported from a tag of its own.
fn stream(count: usize) -> Value {
    let names = || (0..count).map(|n| format!("t{n}"));
    let spec =
        names().map(|name| json!({"name": name, "from": {"kind": "DockerImage", "name": format!("{SIGNED}:{name}")}}));
    let status = names().map(|name| json!({"tag": name, "items": [{"image": digest(1)}]}));
    json!({"apiVersion": "image.openshift.io/v1", "kind": "ImageStream", "metadata": {"namespace": "evil", "name": "x"},
        "spec": {"tags": spec.collect::<Value>()}, "status": {"tags": status.collect::<Value>()}})
}

fn instance(n: usize) -> Value {
    json!({"digest": digest(n), "mediaType": "m/v1", "manifestSize": 1, "architecture": "a", "os": "l"})
}

/// Each of the requirements once had the comparisons of all.
#[test]
fn thousands_of_tags_of_one_image_take_little_memory_by_a_policy() {
    let bench = Bench::new();
    let requirement = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": bench.desk.key_file});
    bench
        .desk
        .put("policy.json", json!({"default": [requirement]}).to_string());
    bench
        .desk
        .put("all.json", format!("{:#}", list(&[bench.good(1), stream(3000)])));
    let mut shell = bench.desk.sandbox.command_of("/bin/sh".as_ref());
    shell
        .args(["-c", "ulimit -v 1500000 && exec \"$@\"", "sh"])
        .arg(binary())
        .args(["audit", "--policy", "policy.json", "-f", "all.json", "-o", "jsonl"])
        .args(["--workers", "1"]);
    let outcome = bench.desk.sandbox.finish(&mut shell, b"").expect(1);
    let report = Report::read(&outcome.stdout);
    assert_eq!(report.words(), ["Rejected/IdentityMismatch"]);
    let message = report.entry()["signatures"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("expected registry.local:5000/foo/bar:t0, signed for"),
        "{message}"
    );
}

/// With one list and one stream, whoever may write them could keep the records of others from being made.
#[test]
fn a_list_with_thousands_of_instances_and_of_tags_concerns_its_own_instances_only() {
    let bench = Bench::new();
    let mut tags = stream(4096);
    for tag in tags["status"]["tags"].as_array_mut().unwrap() {
        tag["items"][0]["image"] = digest(9).into();
    }
    let mut own = bench.image(9, &[]);
    own["dockerImageManifestMediaType"] = "application/vnd.oci.image.index.v1+json".into();
    own["dockerImageManifests"] = (100..2100).chain([2]).map(instance).collect();
    let objects = list(&[bench.good(1), bench.good(2), own, tags]);
    bench.desk.put("all.json", format!("{objects:#}"));
    let args = [
        "-f",
        "all.json",
        "--confirm",
        "--identity-match",
        "matchRepository",
        "-o",
        "jsonl",
    ];
    let outcome = bench.run(&args).expect(3);
    let report = Report::read(&outcome.stdout);
    let said = |n: usize| {
        let mut entries = report.entries.iter();
        let entry = entries.find(|entry| entry["image"] == digest(n)).unwrap();
        format!("{} {}", word(entry), entry["recorded"])
    };
    assert_eq!(said(1), "Verified/Verified \"yes\"");
    assert_eq!(said(2), "Unchecked/SourceUnavailable \"no\"");
    assert!(!outcome.stderr.contains("than are kept"), "{}", outcome.stderr);
}

/// Neither what they hand down through each other, with few tags.
#[test]
fn a_chain_of_lists_in_lists_keeps_no_record_of_others_from_being_made() {
    const CHAIN: usize = 20;
    let bench = Bench::new();
    let list_of = |n: usize, instances: Vec<usize>| {
        let mut own = bench.image(n, &[]);
        own["dockerImageManifestMediaType"] = "application/vnd.oci.image.index.v1+json".into();
        own["dockerImageManifests"] = instances.into_iter().map(instance).collect();
        own
    };
    let mut tags = stream(262);
    for tag in tags["status"]["tags"].as_array_mut().unwrap() {
        tag["items"][0]["image"] = digest(10).into();
    }
    let mut objects = vec![list_of(10, vec![11]), tags];
    for n in 0..CHAIN {
        let own = (100..1099).map(|k| 2000 * (n + 1) + k);
        objects.push(list_of(11 + n, own.chain([12 + n]).collect()));
    }
    // An honest list has more instances than the first one of the chain.
    objects.extend([
        bench.good(1),
        list_of(9, (1..=1000).filter(|n| !(9..50).contains(n)).collect()),
    ]);
    objects.push(
        json!({"apiVersion": "image.openshift.io/v1", "kind": "ImageStream", "metadata": {"namespace": "shop", "name": "web"},
        "spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": format!("{PLACE}:v1")}}]},
        "status": {"tags": [{"tag": "v1", "items": [{"image": digest(9)}]}]}}),
    );
    bench.desk.put("all.json", list(&objects).to_string());
    let args = ["-f", "all.json", "--confirm", "-o", "jsonl"];
    let outcome = bench.run(&args);
    let report = Report::read(&outcome.stdout);
    let entry = report.entries.iter().find(|entry| entry["image"] == digest(1)).unwrap();
    assert_eq!(
        (word(entry).as_str(), entry["recorded"].as_str()),
        ("Verified/Verified", Some("yes")),
        "{entry:#}"
    );
}
