// SPDX-License-Identifier: Apache-2.0
//! `--resume`: what a report says of an image is taken over only where everything is proven to be the same that judging it
//! reads, and no time has come since that matters.

use std::fs;

use serde_json::{json, Value};

use super::bench::{digest, Bench, Report, SIGNED};
use super::fleet::{tag, SOURCE};
use crate::support::images::{image, list, D1, D2};
use crate::support::lists::list_object;

/// What tells entries that were taken over from those that were judged.
pub const BEFORE: &str = "as before";

/// A report without its end, of entries that are marked.
pub fn marked(mut report: Report) -> String {
    for entry in &mut report.entries {
        entry["message"] = json!(BEFORE);
    }
    let lines = [&report.head].into_iter().chain(&report.entries);
    lines.map(|line| format!("{line}\n")).collect()
}

/// Whether each entry of a report was judged anew.
pub fn is_new(report: &Report) -> Vec<bool> {
    report.entries.iter().map(|own| own["message"] != BEFORE).collect()
}

/// The object of image 1 in a file, as it stands there.
fn object(bench: &Bench) -> Value {
    serde_json::from_str(&fs::read_to_string(bench.desk.sandbox.path("all.json")).unwrap()).unwrap()
}

/// Audits a file, and resumes the report after a change.
fn resumed(bench: &Bench, args: &[&str], change: &dyn Fn(&str) -> String, status: i32) -> Report {
    let args = [&["-f", "all.json"][..], args].concat();
    bench.run(&[&args[..], &["--report", "jsonl=audit.jsonl"]].concat());
    bench
        .desk
        .put("audit.jsonl", change(&marked(bench.report("audit.jsonl"))));
    bench
        .run(&[&args[..], &["--resume", "audit.jsonl"]].concat())
        .expect(status);
    bench.report("audit.jsonl")
}

/// Whatever has become of a record in the meantime, it is what a run from the beginning would leave.
#[test]
fn a_record_that_others_have_changed_since_is_written_again() {
    let (bench, as_it_is) = (Bench::new(), |text: &str| text.to_owned());
    let other = bench.desk.signer.simple_key("Other <other@example.com>");
    let claim = crate::support::images::payload(&digest(1), &format!("{SIGNED}:v1"));
    let good = bench.good(1);
    let bad = bench.image(1, &[&bench.desk.signer.sign(&other, &claim)]);
    for (image, word, status, exit) in [
        (good, "Verified/Verified", "True", 0),
        (bad, "Rejected/UnknownKey", "False", 1),
    ] {
        let confirm = ["--confirm"];
        bench.desk.put("all.json", image.to_string());
        // Of the first run it is recorded, of the second unchanged, and nothing is judged again.
        for fate in ["yes", "unchanged"] {
            let report = resumed(&bench, &confirm, &as_it_is, exit);
            assert_eq!(
                (is_new(&report), &report.entry()["recorded"]),
                (vec![false], &json!(fate))
            );
        }
        let recorded = object(&bench);
        assert_eq!(recorded["signatures"][0]["conditions"][0]["status"], status);
        let timeless = |object: &Value| {
            let mut object = object.clone();
            for condition in object["signatures"][0]["conditions"].as_array_mut().unwrap() {
                condition["lastProbeTime"] = json!(null);
                condition["lastTransitionTime"] = json!(null);
            }
            object
        };
        let changes: [&dyn Fn(&mut Value); 5] = [
            &|own| drop(own.as_object_mut().unwrap().remove("conditions")),
            &|own| own["conditions"][0]["status"] = json!(if status == "True" { "False" } else { "True" }),
            &|own| own["conditions"][0]["reason"] = json!("Other"),
            &|own| own["conditions"][0]["message"] = json!("by others"),
            &|own| own["imageIdentity"] = json!("other.example/x:1"),
        ];
        for (n, change) in changes.into_iter().enumerate() {
            let mut changed = recorded.clone();
            change(&mut changed["signatures"][0]);
            let change = |text: &str| {
                bench.desk.put("all.json", changed.to_string());
                text.to_owned()
            };
            let report = resumed(&bench, &confirm, &change, exit);
            assert_eq!(report.words(), [word], "{n}");
            // An identity beside a record of distrust is no part of it.
            if (status, n) != ("False", 4) {
                assert_eq!(report.entry()["recorded"], "yes", "{word} {n}");
                assert_eq!(timeless(&object(&bench)), timeless(&recorded), "{word} {n}");
            }
        }
    }
}

/// The run that wrote the record again was killed before it could leave out the line that it went on from.
#[test]
fn a_report_of_a_run_that_was_killed_after_it_wrote_a_record_again_is_gone_on_from() {
    let bench = Bench::new();
    let args = ["-f", "all.json", "--confirm"];
    bench.desk.put("all.json", bench.good(1).to_string());
    bench
        .run(&[&args[..], &["--report", "jsonl=audit.jsonl"]].concat())
        .expect(0);
    let report = bench.report("audit.jsonl");
    let twice = format!("{}\n{}\n{}\n", report.head, report.entry(), report.entry());
    bench.desk.put("audit.jsonl", twice);
    bench.run(&[&args[..], &["--resume", "audit.jsonl"]].concat()).expect(0);
    assert_eq!(bench.report("audit.jsonl").entries, report.entries);
}

#[test]
fn an_image_whose_list_is_gone_or_has_come_since_is_judged_again() {
    let bench = Bench::new();
    let (whole, named) = list_object(&[D2, D1], &[D2, D1]);
    let instance = image(D1, &[&bench.desk.sign(D1, &tag(1))]);
    let both = list(&[instance.clone(), whole]).to_string();
    let alone = list(&[instance]).to_string();
    let request = format!("{D1}={SOURCE}/app@{named}");
    for (before, after, word, exit) in [
        (&both, &alone, "Rejected/IdentityMismatch", 1),
        (&alone, &both, "Verified/Verified", 0),
    ] {
        bench.desk.put("all.json", before);
        let change = |text: &str| {
            bench.desk.put("all.json", after);
            text.to_owned()
        };
        let report = resumed(&bench, &[&request], &change, exit);
        assert_eq!((report.words(), is_new(&report)), (vec![word.to_owned()], vec![true]));
        // What has not changed is taken over.
        let report = resumed(&bench, &[&request], &|text| text.to_owned(), exit);
        assert_eq!(is_new(&report), [false]);
    }
}

#[test]
fn an_image_whose_object_is_gone_from_the_files_is_not_verified_any_more() {
    let bench = Bench::new();
    let stream = json!({
        "apiVersion": "image.openshift.io/v1", "kind": "ImageStream", "metadata": {"namespace": "shop", "name": "web"},
        "spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": format!("{SIGNED}:v1")}}]},
        "status": {"tags": [{"tag": "v1", "items": [{"image": digest(1)}]}]},
    });
    let (one, two) = (bench.good(1), bench.good(2));
    bench
        .desk
        .put("all.json", list(&[one, two.clone(), stream.clone()]).to_string());
    let change = |text: &str| {
        bench
            .desk
            .put("all.json", list(&[two.clone(), stream.clone()]).to_string());
        text.to_owned()
    };
    let report = resumed(&bench, &[], &change, 1);
    assert_eq!(report.words(), ["Verified/Verified", "Unchecked/NotFound"]);
}

/// In days from now: an entry from before says nothing of what is told now.
#[test]
fn an_image_whose_key_has_come_to_expire_soon_is_judged_again() {
    const DAY: i64 = 24 * 60 * 60;
    let bench = Bench::new();
    bench.desk.put("all.json", bench.good(1).to_string());
    for (days, is_judged_again) in [(400, false), (100, true), (-1, true)] {
        let change = |text: &str| {
            let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let expires = lines[0]["started"].as_i64().unwrap() + days * DAY;
            lines[1]["signatures"][0]["signer"]["expires"] = json!(expires);
            lines.iter().map(|line| format!("{line}\n")).collect()
        };
        let report = resumed(&bench, &["--warn-expiry", "365d"], &change, 0);
        assert_eq!(is_new(&report), [is_judged_again], "{days}");
    }
}

/// Whose certification makes a key valid, and when that ends, is in no report.
#[test]
fn what_was_verified_by_the_valid_keys_of_a_keyring_is_judged_again() {
    let bench = Bench::new();
    bench.desk.put("all.json", bench.good(1).to_string());
    let home = bench.desk.signer.home().display().to_string();
    for (model, is_judged_again) in [("gpg", true), ("always", false)] {
        let run = |more: [&str; 2]| {
            let keys = ["audit", "--homedir", &home, "--trust-model", model];
            let args = ["--expected-identity-map", "map", "-f", "all.json"];
            bench.desk.sandbox.run([&keys[..], &args, &more].concat()).expect(0)
        };
        run(["--report", "jsonl=audit.jsonl"]);
        bench.desk.put("audit.jsonl", marked(bench.report("audit.jsonl")));
        run(["--resume", "audit.jsonl"]);
        let report = bench.report("audit.jsonl");
        assert_eq!(
            (report.words(), is_new(&report)),
            (vec!["Verified/Verified".to_owned()], vec![is_judged_again])
        );
    }
}

#[test]
fn images_of_a_report_that_does_not_say_by_what_they_were_judged_are_judged_again() {
    let bench = Bench::new();
    bench.mixed("all.json", 10);
    let args = ["-f", "all.json", "--report", "jsonl=audit.jsonl"];
    bench.run(&args).expect(1);
    let mut report = bench.report("audit.jsonl");
    for entry in &mut report.entries {
        entry.as_object_mut().unwrap().remove("content").unwrap();
    }
    bench.desk.put("audit.jsonl", marked(report));
    let outcome = bench.run(&["-f", "all.json", "--resume", "audit.jsonl"]).expect(1);
    let told = "images of the report that were judged again: 10; ";
    assert_eq!(outcome.stderr.matches(told).count(), 1, "{outcome:#?}");
    assert_eq!(is_new(&bench.report("audit.jsonl")), [true; 10]);
}

/// Neither of two objects without a name is left out.
#[test]
fn objects_without_a_name_are_told_apart() {
    let bench = Bench::new();
    let nameless = |n: usize| {
        let mut object = bench.good(n);
        object["metadata"].as_object_mut().unwrap().remove("name");
        object
    };
    bench
        .desk
        .put("all.json", list(&[nameless(1), nameless(2)]).to_string());
    let report = resumed(&bench, &[], &|text| text.to_owned(), 1);
    assert_eq!(report.entries.len(), 2);
    assert_ne!(report.entries[0]["image"], report.entries[1]["image"]);
    let merged = bench.desk.sandbox.run(["audit", "merge", "audit.jsonl"]).expect(1);
    assert!(merged.stdout.contains("2 images"), "{merged:#?}");
}
