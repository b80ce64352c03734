// SPDX-License-Identifier: Apache-2.0
//! Images with very many tags, which whoever may write one stream can make.

use serde_json::{json, Value};

use super::bench::{digest, Bench, Report, SIGNED};
use crate::support::images::list;
use crate::support::program::binary;

/// A stream with many tags of one image, each imported from a tag of its own.
fn stream(count: usize) -> Value {
    let names = || (0..count).map(|n| format!("t{n}"));
    let spec =
        names().map(|name| json!({"name": name, "from": {"kind": "DockerImage", "name": format!("{SIGNED}:{name}")}}));
    let status = names().map(|name| json!({"tag": name, "items": [{"image": digest(1)}]}));
    json!({"apiVersion": "image.openshift.io/v1", "kind": "ImageStream", "metadata": {"namespace": "evil", "name": "x"},
        "spec": {"tags": spec.collect::<Value>()}, "status": {"tags": status.collect::<Value>()}})
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
        .put("all.json", list(&[bench.good(1), stream(4096)]).to_string());
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
