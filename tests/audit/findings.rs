// SPDX-License-Identifier: Apache-2.0
//! What is found besides verdicts, and which of it makes an audit fail.

use serde_json::{json, Value};

use super::bench::{digest, Bench, Report, PLACE, SIGNED};
use crate::support::cosign::Cosign;
use crate::support::images::list;
use crate::support::program::word;

/// The kinds of findings on each image.
fn kinds(entry: &Value) -> Vec<&str> {
    let findings = entry["findings"].as_array();
    findings.map_or(Vec::new(), |all| {
        all.iter().map(|one| one["kind"].as_str().unwrap()).collect()
    })
}

/// An object as it is after an audit that records.
fn recorded(bench: &Bench, object: Value) -> Value {
    bench.desk.put("one.json", object.to_string());
    bench.run(&["-f", "one.json", "--confirm"]);
    serde_json::from_str(&std::fs::read_to_string(bench.desk.sandbox.path("one.json")).unwrap()).unwrap()
}

#[test]
fn records_that_do_not_hold_are_stale() {
    let bench = Bench::new();
    let good = recorded(&bench, bench.good(1));
    let mut lost = recorded(&bench, bench.good(2));
    lost["signatures"][0]["content"] = json!("Z2FyYmFnZQ==");
    let mut renamed = recorded(&bench, bench.good(3));
    renamed["signatures"][0]["imageIdentity"] = json!(format!("{SIGNED}:v9"));
    renamed["signatures"][0]["signedClaims"]["critical.identity.docker-reference"] = json!(format!("{SIGNED}:v9"));
    let mut other_key = recorded(&bench, bench.good(4));
    other_key["signatures"][0]["issuedTo"]["publicKeyID"] = json!("0123456789ABCDEF0123456789ABCDEF01234567");
    let mut distrusted = good.clone();
    distrusted["metadata"]["name"] = json!(digest(5));
    let blob = bench.desk.sign(&digest(5), &format!("{SIGNED}:v1"));
    distrusted["signatures"] = json!([crate::support::images::signature(&digest(5), "s1", &blob)]);
    distrusted["signatures"][0]["conditions"] = json!([
        {"type": "Trusted", "status": "False", "reason": "UnknownKey", "lastProbeTime": "2026-01-01T00:00:00Z"},
        {"type": "ForImage", "status": "Unknown", "lastProbeTime": "2026-01-01T00:00:00Z"},
    ]);
    let objects = [good, lost, renamed, other_key, distrusted];
    bench.desk.put("all.json", list(&objects).to_string());
    let report = bench.lines(&["-f", "all.json"], 1);
    let all: Vec<Vec<&str>> = report.entries.iter().map(kinds).collect();
    assert_eq!(all, [&[][..], &["stale"], &["stale"], &["stale"], &["stale"]]);
    let message = |n: usize| report.entries[n]["findings"][0]["message"].as_str().unwrap();
    assert!(
        message(1).contains("recorded as trusted, and it is Rejected now: NotASignature"),
        "{}",
        message(1)
    );
    assert!(
        message(2).contains("it is signed for registry.local:5000/foo/bar:v1"),
        "{}",
        message(2)
    );
    assert!(message(3).contains(&bench.desk.key), "{}", message(3));
    assert!(
        message(4).contains("not trusted (UnknownKey), and it is Verified now"),
        "{}",
        message(4)
    );
    // Stale alone fails an audit only where that is asked for.
    bench.desk.put("all.json", list(&objects[2..]).to_string());
    bench.run(&["-f", "all.json"]).expect(0);
    bench.run(&["-f", "all.json", "--fail-on", "stale"]).expect(1);
    bench
        .run(&["-f", "all.json", "--fail-on", "rejected,expiring"])
        .expect(0);
}

#[test]
fn a_record_is_stale_where_the_signature_is_good_and_the_image_is_rejected() {
    let bench = Bench::new();
    let second = bench
        .desk
        .signer
        .key("Second <b@example.com>", "ed25519", "sign", "never");
    bench
        .desk
        .signer
        .export(&[&second], &bench.desk.sandbox.path("second.gpg"));
    let key_file = bench.desk.key_file.clone();
    bench.desk.put("good.json", recorded(&bench, bench.good(1)).to_string());
    bench.desk.signer.export(&[&bench.desk.key, &second], &key_file);
    // Too few keys.
    let require = ["-f", "good.json", "--require", "2"];
    let entry = bench.lines(&require, 1).entry().clone();
    assert_eq!(word(&entry), "Rejected/ThresholdNotReached");
    assert_eq!(kinds(&entry), ["stale"]);
    let message = entry["findings"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("does not hold now: ThresholdNotReached: good, but"),
        "{message}"
    );
    bench.run(&[&require[..], &["--fail-on", "stale"]].concat()).expect(1);
    // Another requirement that is not met.
    let signed = |file: &str| bench.signed_by(file);
    let first = key_file.to_str().unwrap();
    bench.desk.put(
        "policy.json",
        json!({"default": [signed(first), signed("second.gpg")]}).to_string(),
    );
    let by_policy = |more: &[&str]| bench.by_policy(&[&["-o", "jsonl", "-f", "good.json"], more].concat());
    bench.desk.signer.export(&[&bench.desk.key], &key_file);
    let entry = Report::read(&by_policy(&[]).expect(1).stdout).entry().clone();
    assert_eq!(word(&entry), "Rejected/PolicyRejected");
    assert_eq!(kinds(&entry), ["stale"]);
    by_policy(&["--fail-on", "stale"]).expect(1);
    // With a sigstore signature there may be enough, and nobody was asked for one: the record may hold.
    let cosign = Cosign::ed25519();
    bench.desk.put("cosign.pub", cosign.pem());
    let open = [&require[..], &["--sigstore-key", "cosign.pub"]].concat();
    let entry = bench.lines(&open, 1).entry().clone();
    assert_eq!(word(&entry), "Unchecked/SourceUnavailable");
    assert_eq!(kinds(&entry), [""; 0]);
}

#[test]
fn a_recorded_key_is_named_by_its_fingerprint_or_its_whole_key_id() {
    let bench = Bench::new();
    let object = recorded(&bench, bench.good(1));
    let key = bench.desk.key.clone();
    let of_key = |id: &str| {
        let mut object = object.clone();
        object["signatures"][0]["issuedTo"]["publicKeyID"] = json!(id);
        object
    };
    for (id, expected) in [
        (&key[..], &[][..]),
        (&key[24..], &[]),
        (&key[24..].to_ascii_lowercase(), &[]),
        (&key[39..], &["stale"]),
        (&key[32..], &["stale"]),
        (&key[23..], &["stale"]),
        ("", &["stale"]),
    ] {
        bench.desk.put("one.json", of_key(id).to_string());
        assert_eq!(kinds(bench.lines(&["-f", "one.json"], 0).entry()), expected, "{id}");
    }
}

#[test]
fn damaged_and_contradictory_entries_are_named() {
    let bench = Bench::new();
    let mut damaged = bench.good(1);
    damaged["signatures"]
        .as_array_mut()
        .unwrap()
        .push(json!({"metadata": {"name": "x"}, "type": "atomic"}));
    let mut contradictory = bench.good(2);
    contradictory["signatures"][0]["issuedBy"] = json!({"commonName": "somebody"});
    let mut odd = bench.good(3);
    odd["metadata"]["name"] = json!("not-a-digest");
    bench
        .desk
        .put("all.json", list(&[damaged, contradictory, odd]).to_string());
    let report = bench.lines(&["-f", "all.json"], 1);
    let all: Vec<Vec<&str>> = report.entries.iter().map(kinds).collect();
    assert_eq!(all, [&["damaged"][..], &["contradictory"], &["damaged"]]);
    assert_eq!(report.words()[2], "Rejected/MalformedImage");
}

#[test]
fn keys_that_expire_soon_are_told_with_the_images_that_only_they_verify() {
    let bench = Bench::new();
    let soon = bench.desk.signer.key("Soon <s@example.com>", "ed25519", "sign", "10d");
    let keys = [&bench.desk.key[..], &soon];
    bench.desk.signer.export(&keys, &bench.desk.key_file);
    let sign = |n: usize, key: &str| {
        let payload = crate::support::images::payload(&digest(n), &format!("{SIGNED}:v1"));
        bench.desk.signer.sign(key, &payload)
    };
    let objects = [
        bench.image(1, &[&sign(1, &soon)]),
        bench.image(2, &[&sign(2, &soon), &sign(2, &bench.desk.key)]),
        bench.good(3),
    ];
    bench.desk.put("all.json", list(&objects).to_string());
    let report = bench.lines(&["-f", "all.json"], 0);
    let all: Vec<Vec<&str>> = report.entries.iter().map(kinds).collect();
    assert_eq!(all, [&["expiring"][..], &[], &[]]);
    assert!(report.entries[0]["signatures"][0]["signer"]["expires"]
        .as_i64()
        .is_some());
    assert_eq!(report.entries[2]["signatures"][0]["signer"].get("expires"), None);
    bench.run(&["-f", "all.json", "--fail-on", "expiring"]).expect(1);
    bench
        .run(&["-f", "all.json", "--fail-on", "expiring", "--warn-expiry", "9d"])
        .expect(0);
    // Where two keys are required, one that is left is not enough.
    let report = bench.lines(&["-f", "all.json", "--require", "2"], 1);
    assert_eq!(kinds(&report.entries[1]), ["expiring"]);
}

#[test]
fn a_key_expires_for_each_requirement_and_each_use_that_it_meets_by_itself() {
    let bench = Bench::new();
    let soon = bench.desk.signer.key("Soon <s@example.com>", "ed25519", "sign", "5d");
    let (good, key_file) = (bench.desk.key.clone(), bench.desk.key_file.clone());
    let sign = |n: usize, key: &str, tag: &str| {
        let payload = crate::support::images::payload(&digest(n), &format!("{SIGNED}:{tag}"));
        bench.desk.signer.sign(key, &payload)
    };
    let rests_on = |entry: &Value| entry["restsOn"].as_array().cloned().unwrap_or_default();
    let sorted = |mut keys: Vec<&String>| {
        keys.sort();
        json!(keys).as_array().unwrap().clone()
    };
    let stream = |namespace: &str, tag: &str| {
        let from = format!("{PLACE}:{tag}");
        json!({
            "apiVersion": "image.openshift.io/v1",
            "kind": "ImageStream",
            "metadata": {"name": "app", "namespace": namespace},
            "spec": {"tags": [{"name": tag, "from": {"kind": "DockerImage", "name": from}}]},
            "status": {"tags": [{"tag": tag, "items": [{"image": digest(1), "dockerImageReference": from}]}]},
        })
    };
    // Two requirements, one of which only the key meets that ends.
    for (name, key) in [("soon.gpg", &soon), ("good.gpg", &good)] {
        bench.desk.signer.export(&[key], &bench.desk.sandbox.path(name));
    }
    let signed = |file: &str| bench.signed_by(file);
    let policy = json!({"default": [signed("soon.gpg"), signed("good.gpg")]});
    bench.desk.put("policy.json", policy.to_string());
    let image = bench.image(1, &[&sign(1, &soon, "v1"), &sign(1, &good, "v1")]);
    bench.desk.put("all.json", image.to_string());
    let by_policy = |more: &[&str]| bench.by_policy(&[&["-f", "all.json"], more].concat());
    let report = Report::read(&by_policy(&["-o", "jsonl"]).expect(0).stdout);
    assert_eq!(kinds(report.entry()), ["expiring"]);
    assert_eq!(rests_on(report.entry()), sorted(vec![&soon, &good]));
    by_policy(&["--fail-on", "expiring"]).expect(1);
    by_policy(&["--fail-on", "expiring", "--warn-expiry", "4d"]).expect(0);
    // Two uses, one of which expects what only that key has signed, whatever else both have signed.
    bench.desk.signer.export(&[&good, &soon], &key_file);
    let apart = [sign(1, &soon, "v1"), sign(1, &good, "v2")];
    let both = [sign(1, &soon, "v1"), sign(1, &soon, "v2"), sign(1, &good, "v2")];
    let put = |blobs: &[Vec<u8>]| {
        let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
        let objects = [bench.image(1, &blobs), stream("one", "v1"), stream("two", "v2")];
        bench.desk.put("all.json", list(&objects).to_string());
    };
    for (blobs, keys) in [(&apart[..], sorted(vec![&soon, &good])), (&both, sorted(vec![&soon]))] {
        put(blobs);
        let report = bench.lines(&["-f", "all.json"], 0);
        assert_eq!(kinds(report.entry()), ["expiring"]);
        assert_eq!(rests_on(report.entry()), keys);
        bench.run(&["-f", "all.json", "--fail-on", "expiring"]).expect(1);
        let text = bench.run(&["-f", "all.json"]).expect(0).stdout;
        assert!(text.contains("; 1 image would not be Verified without it"), "{text}");
    }
    // Where both have signed for both uses, the key that stays is enough.
    put(&[&both[..], &[sign(1, &good, "v1")]].concat());
    let report = bench.lines(&["-f", "all.json"], 0);
    assert_eq!(kinds(report.entry()), [""; 0]);
    assert_eq!(rests_on(report.entry()), [""; 0]);
}

#[test]
fn each_verdict_fails_an_audit_where_it_is_named() {
    let bench = Bench::new();
    bench
        .desk
        .put("rejected.json", bench.image(1, &[b"garbage"]).to_string());
    bench.desk.put("unsigned.json", bench.image(2, &[]).to_string());
    let mut unchecked = bench.good(3);
    unchecked["dockerImageReference"] = json!("");
    bench.desk.put("unchecked.json", unchecked.to_string());
    for (file, verdict, others) in [
        (
            "rejected.json",
            "rejected",
            "unsupported,unsigned,allowed,unchecked,stale,expiring,gap",
        ),
        ("unsigned.json", "unsigned", "rejected,unsupported,allowed,unchecked"),
        ("unchecked.json", "unchecked", "rejected,unsupported,unsigned,allowed"),
    ] {
        bench.run(&["-f", file]).expect(1);
        bench.run(&["-f", file, "--fail-on", verdict]).expect(1);
        bench.run(&["-f", file, "--fail-on", others]).expect(0);
    }
    let policy = json!({"default": [{"type": "insecureAcceptAnything"}]});
    bench.desk.put("policy.json", policy.to_string());
    let args = ["audit", "--policy", "policy.json", "-f", "rejected.json"];
    let run = |more: &[&str]| bench.desk.sandbox.run([&args[..], more].concat());
    run(&[]).expect(1);
    run(&["--fail-on", "allowed"]).expect(1);
    run(&["--fail-on", "rejected"]).expect(0);
    bench
        .run(&["-f", "rejected.json", "--fail-on", "verified"])
        .expect_usage("verified");
}
