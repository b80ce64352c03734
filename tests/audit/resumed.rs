// SPDX-License-Identifier: Apache-2.0
//! What has changed since an unfinished report was written: it counts as it is now.

use std::fs;

use serde_json::{json, Value};

use super::fleet::{stored, tag, Fleet};
use super::resume::tear;
use crate::audit::bench::{digest, Bench, Report, SIGNED};
use crate::support::images::list;

/// What a report has of images that are not there any more is not a part of the inventory: totals are those of now, in every
/// format and in the report itself, which is complete again.
#[test]
fn images_that_are_gone_do_not_count_in_a_report_that_is_gone_on_from() {
    let bench = Bench::new();
    bench.mixed("all.json", 20);
    let args = ["-f", "all.json", "--report", "jsonl=audit.jsonl"];
    bench.run(&args).expect(1);
    let whole = bench.report("audit.jsonl");
    // The rejected ones of the first ten are gone, and one that was verified.
    let left: Vec<_> = (0..20).filter(|n| ![3, 7, 8, 9].contains(n)).collect();
    let text = fs::read_to_string(bench.desk.sandbox.path("all.json")).unwrap();
    let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let items = document["items"].as_array_mut().unwrap();
    items.retain(|item| left.iter().any(|n| item["metadata"]["name"] == digest(*n).as_str()));
    bench.desk.put("all.json", document.to_string());
    for lines in [4, 12, 21] {
        let every: Vec<String> = std::iter::once(&whole.head)
            .chain(&whole.entries)
            .take(lines)
            .map(|line| format!("{line}\n"))
            .collect();
        bench.desk.put("audit.jsonl", every.concat());
        let resume = ["-f", "all.json", "--resume", "audit.jsonl", "-o", "json"];
        let outcome = bench.run(&resume).expect(1);
        let again = bench.report("audit.jsonl");
        let images: Vec<_> = again.entries.iter().map(|entry| entry["image"].clone()).collect();
        assert_eq!(images, left.iter().map(|n| digest(*n)).collect::<Vec<_>>(), "{lines}");
        assert_eq!(again.head, whole.head);
        assert_eq!(again.tail.get("incomplete"), None, "{}", again.tail);
        let document = outcome.json();
        assert_eq!(document["end"]["images"], 16);
        assert_eq!(document["end"]["verdicts"], again.tail["verdicts"]);
        assert_eq!(document["items"].as_array().unwrap().len(), 16);
        assert_eq!(outcome.stderr.contains("no longer exist"), lines > 4, "{outcome:#?}");
        bench.desk.sandbox.run(["audit", "merge", "audit.jsonl"]).expect(1);
    }
    bench.desk.sandbox.assert_clean();
}

/// Where the inventory is not known to be whole, an image that it does not have may be there all the same: what was found of
/// it stays in the report, and is counted nowhere else.
#[test]
fn what_an_incomplete_inventory_does_not_have_stays_in_the_report() {
    let bench = Bench::new();
    bench.mixed("all/one.json", 10);
    let args = ["-f", "all", "--report", "jsonl=audit.jsonl"];
    bench.run(&args).expect(1);
    let whole = bench.report("audit.jsonl");
    tear(&bench, 11, 0);
    let one = fs::read_to_string(bench.desk.sandbox.path("all/one.json")).unwrap();
    bench.desk.put("all/one.json", "{");
    bench.desk.put("all/two.json", bench.good(10).to_string());
    let resume = ["-f", "all", "--resume", "audit.jsonl", "-o", "json"];
    let outcome = bench.run(&resume).expect(3);
    // The file that cannot be read, and the image that is new.
    assert_eq!(outcome.json()["end"]["images"], 2, "{outcome:#?}");
    let kept = bench.report("audit.jsonl");
    assert_eq!(kept.entries[..10], whole.entries[..]);
    assert_eq!(kept.entries[10]["image"], "file:all/one.json");
    assert_eq!(kept.entries[11]["image"], digest(10).as_str());
    // Once it can be read again, nothing of it was lost.
    bench.desk.put("all/one.json", one);
    let outcome = bench.run(&resume).expect(1);
    assert_eq!(outcome.json()["end"]["images"], 11);
    let again = bench.report("audit.jsonl").entries;
    assert_eq!((&again[..10], &again[10..]), (&whole.entries[..], &kept.entries[11..]));
}

/// A report without its end, of what is on these lines.
fn unfinished(lines: &[&Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Tags may move while an audit is interrupted: what was found by what was expected then says nothing of now.
#[test]
fn an_image_of_which_something_else_is_expected_now_is_judged_again() {
    let bench = Bench::new();
    // Signed once: another signature would be another image.
    let (one, two) = (bench.good(1), bench.good(2));
    let dump = |from: &str| {
        let stream = json!({
            "apiVersion": "image.openshift.io/v1", "kind": "ImageStream", "metadata": {"namespace": "shop", "name": "web"},
            "spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": format!("{SIGNED}:{from}")}}]},
            "status": {"tags": [{"tag": "v1", "items": [{"image": digest(1)}]}]},
        });
        bench
            .desk
            .put("all.json", list(&[one.clone(), two.clone(), stream]).to_string());
    };
    dump("v1");
    bench
        .run(&["-f", "all.json", "--report", "jsonl=audit.jsonl"])
        .expect(0);
    let before = bench.report("audit.jsonl");
    let [first, second] = &before.entries[..] else {
        panic!("{before:#?}")
    };
    dump("v2");
    let resume = ["-f", "all.json", "--resume", "audit.jsonl"];
    bench
        .desk
        .put("audit.jsonl", unfinished(&[&before.head, first, second]));
    bench.run(&resume).expect(1);
    let after = bench.report("audit.jsonl");
    assert_eq!(after.words(), ["Verified/Verified", "Rejected/IdentityMismatch"]);
    assert_eq!(after.entries[0], *second);
    // The same where the run that judged it again was killed before it could leave the first line out.
    let again = &after.entries[1];
    bench
        .desk
        .put("audit.jsonl", unfinished(&[&before.head, first, second, again]));
    bench.run(&resume).expect(1);
    assert_eq!(bench.report("audit.jsonl").entries, after.entries);
    // Without such a reason, an image that is there twice is a damaged report.
    bench
        .desk
        .put("audit.jsonl", unfinished(&[&before.head, first, second, second]));
    bench.run(&resume).expect_usage("twice");
}

#[test]
fn an_image_of_a_cluster_whose_tag_has_moved_is_judged_again() {
    for range in [&[][..], &["-n", "shop"]] {
        let fleet = Fleet::empty();
        fleet
            .server()
            .image(stored(&digest(1), &[&fleet.sign(&digest(1), &tag(1))]));
        let stream = |n: usize| {
            json!({"spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": tag(n)}}]},
                "status": {"tags": [{"tag": "v1", "items": [{"image": digest(1)}]}]}})
        };
        fleet.server().stream("shop", "app", stream(1));
        let file = fleet.scene.sandbox.path("audit.jsonl");
        fleet
            .run(&[range, &["--report", "jsonl=audit.jsonl"]].concat())
            .expect(0);
        let before = Report::read(&fs::read_to_string(&file).unwrap());
        let begun = unfinished(&[&before.head, before.entry()]);
        fs::write(&file, &begun).unwrap();
        let resume = [range, &["--resume", "audit.jsonl"]].concat();
        fleet.run(&resume).expect(0);
        assert_eq!(
            Report::read(&fs::read_to_string(&file).unwrap()).entries,
            before.entries
        );
        fs::write(&file, &begun).unwrap();
        fleet.server().stream("shop", "app", stream(2));
        fleet.run(&resume).expect(1);
        let after = Report::read(&fs::read_to_string(&file).unwrap());
        assert_eq!(after.words(), ["Rejected/IdentityMismatch"], "{range:?}");
    }
}
