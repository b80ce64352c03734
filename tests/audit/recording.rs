// SPDX-License-Identifier: Apache-2.0
//! `--confirm`: what is recorded on objects in files, and what is kept back.

use std::fs;

use serde_json::{json, Value};

use super::bench::{digest, Bench, Report, SIGNED};
use super::fleet::{pod, tag, Fleet, SOURCE};
use crate::support::api::Fault;
use crate::support::images::list;

/// The objects of a file.
pub fn items(bench: &Bench, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(bench.desk.sandbox.path(name)).unwrap();
    let list: Value = serde_json::from_str(&text).unwrap();
    list["items"].as_array().unwrap().clone()
}

/// What is recorded on the first signature of an object.
pub fn trusted(object: &Value) -> Option<&str> {
    object["signatures"][0]["conditions"][0]["status"].as_str()
}

/// From now on the key file has another key than the one that signed.
fn wrong_key(bench: &Bench) {
    let other = bench.desk.signer.simple_key("Other <other@example.com>");
    bench.desk.signer.export(&[&other], &bench.desk.key_file);
}

/// The entries in the order of their images: those with a record to be written come last.
fn sorted(report: &Report) -> Vec<Value> {
    let mut entries = report.entries.clone();
    entries.sort_by_key(|entry| entry["image"].to_string());
    entries
}

#[test]
fn verdicts_are_recorded_as_verify_does() {
    let bench = Bench::new();
    bench.mixed("all.json", 20);
    let args = ["-f", "all.json", "-o", "jsonl"];
    let dry = bench.lines(&args[..2], 1);
    assert!(dry.entries.iter().all(|entry| entry["recorded"] == "no"));
    let before = items(&bench, "all.json");
    assert!(before.iter().all(|object| trusted(object).is_none()));
    let outcome = bench.run(&["-f", "all.json", "--confirm", "-o", "jsonl"]).expect(1);
    let report = Report::read(&outcome.stdout);
    // Each change is named, as verify does.
    let told = |word: &str| outcome.stderr.lines().filter(|line| line.contains(word)).count();
    assert_eq!(
        (
            told("Trusted: none -> True"),
            told("Trusted: none -> False"),
            told(": recorded: ")
        ),
        (14, 4, 18),
        "{outcome:#?}"
    );
    let after = items(&bench, "all.json");
    for (n, (entry, object)) in sorted(&report).iter().zip(&after).enumerate() {
        assert_eq!(entry["image"], digest(n));
        let (recorded, status) = match n % 10 {
            9 => ("no", None),
            7 | 8 => ("yes", Some("False")),
            _ => ("yes", Some("True")),
        };
        assert_eq!(
            (entry["recorded"].as_str(), trusted(object)),
            (Some(recorded), status),
            "{n}"
        );
    }
    assert_eq!(after[0]["signatures"][0]["imageIdentity"], format!("{SIGNED}:v1"));
    // A write that would change nothing but the time of the check is left out.
    let text = fs::read(bench.desk.sandbox.path("all.json")).unwrap();
    let again = bench.lines(&["-f", "all.json", "--confirm"], 1);
    assert_eq!(again.entries[0]["recorded"], "unchanged");
    assert!(fs::read(bench.desk.sandbox.path("all.json")).unwrap() == text);
    // A record for the reference that the image is signed for, by the same key, holds whatever is expected now.
    bench
        .desk
        .put("map", "mirror.local:5000/ns/app registry.local:5000/other\n");
    let other = bench.lines(&["-f", "all.json", "--confirm"], 1);
    assert_eq!(other.entries[0]["reason"], "IdentityMismatch");
    assert_eq!(other.entries[0]["recorded"], "kept");
    assert_eq!(other.entries[0].get("findings"), None);
}

#[test]
fn an_image_that_one_use_is_not_verified_for_is_not_recorded_for_another() {
    let bench = Bench::new();
    let mut object = bench.good(1);
    object["dockerImageReference"] = json!("mirror.local:5000/ns/app:v1");
    let stream = |namespace: &str, from: &str| {
        json!({
            "apiVersion": "image.openshift.io/v1",
            "kind": "ImageStream",
            "metadata": {"name": "app", "namespace": namespace},
            "spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": from}}]},
            "status": {"tags": [{"tag": "v1", "items": [{"image": digest(1), "dockerImageReference": from}]}]},
        })
    };
    let good = stream("one", "mirror.local:5000/ns/app:v1");
    let other = stream("two", "elsewhere.local/app:v1");
    bench.desk.put(
        "map",
        format!("mirror.local:5000/ns/app {SIGNED}\nelsewhere.local elsewhere.local\n"),
    );
    bench
        .desk
        .put("all.json", list(&[object.clone(), good.clone()]).to_string());
    let report = bench.lines(&["-f", "all.json", "--confirm"], 0);
    assert_eq!(report.entry()["recorded"], "yes");
    bench.desk.put("all.json", list(&[object, good, other]).to_string());
    let report = bench.lines(&["-f", "all.json", "--confirm"], 1);
    assert_eq!(report.words(), ["Rejected/IdentityMismatch"]);
    assert_eq!(report.entry()["recorded"], "no");
    assert_eq!(trusted(&items(&bench, "all.json")[0]), None);
}

#[test]
fn too_many_downgrades_are_all_kept_back_and_listed() {
    let bench = Bench::new();
    bench.mixed("all.json", 10);
    bench.lines(&["-f", "all.json", "--confirm"], 1);
    // One image more, which has no record yet.
    let mut objects = items(&bench, "all.json");
    objects.push(bench.image(50, &[b"garbage"]));
    bench.desk.put("all.json", list(&objects).to_string());
    wrong_key(&bench);
    let args = ["-f", "all.json", "--confirm", "--max-downgrades", "6", "-o", "jsonl"];
    let outcome = bench.run(&args).expect(3);
    assert!(
        outcome.stderr.contains("7 records would change from True to False"),
        "{outcome:#?}"
    );
    let kept: Vec<&str> = outcome
        .stderr
        .lines()
        .filter(|line| line.contains(": kept back: "))
        .collect();
    assert_eq!(kept.len(), 7, "{outcome:#?}");
    // Each once, and the number of them once.
    for n in 0..7 {
        let told = outcome.stderr.lines().filter(|line| line.contains(&digest(n))).count();
        assert_eq!(told, 1, "{n}: {outcome:#?}");
    }
    assert_eq!(outcome.stderr.matches("--max-downgrades").count(), 1, "{outcome:#?}");
    assert!(kept[0].contains("Trusted: True -> False (UnknownKey)"), "{}", kept[0]);
    let report = Report::read(&outcome.stdout);
    let back: Vec<&Value> = report
        .entries
        .iter()
        .filter(|entry| entry["recorded"] == "heldBack")
        .collect();
    assert_eq!(back.len(), 7);
    assert!(back[0]["findings"].to_string().contains("heldBack"), "{}", back[0]);
    let after = items(&bench, "all.json");
    assert_eq!(after.iter().filter(|object| trusted(object) == Some("True")).count(), 7);
    // What takes no trust back is written all the same.
    assert_eq!(trusted(&after[10]), Some("False"));
    // As many as are allowed are written.
    let report = bench.lines(&["-f", "all.json", "--confirm", "--max-downgrades", "7"], 1);
    assert_eq!(
        report.entries.iter().filter(|entry| entry["recorded"] == "yes").count(),
        7
    );
    let after = items(&bench, "all.json");
    assert_eq!(after.iter().filter(|object| trusted(object) == Some("True")).count(), 0);
}

/// What is too much is so for a run: each shard has its own, and so has what is left of a run that is gone on from.
#[test]
fn downgrades_are_counted_for_each_shard_and_for_the_rest_of_a_resumed_run() {
    let recorded = |report: &Report, fate: &str| report.entries.iter().filter(|own| own["recorded"] == fate).count();
    let bench = Bench::new();
    bench.mixed("all.json", 10);
    bench.lines(&["-f", "all.json", "--confirm"], 1);
    let text = fs::read_to_string(bench.desk.sandbox.path("all.json")).unwrap();
    wrong_key(&bench);
    let all = ["-f", "all.json", "--confirm", "--max-downgrades", "6"];
    let mut written = Vec::new();
    for shard in ["0/2", "1/2"] {
        let report = bench.lines(&[&all[..], &["--shard", shard]].concat(), 1);
        assert_eq!(recorded(&report, "heldBack"), 0);
        written.push(recorded(&report, "yes"));
    }
    // Seven lose their trust, and one was not trusted for another reason before.
    assert_eq!(written.iter().sum::<usize>(), 8);
    assert!(!written.contains(&0), "{written:?}");
    // The report of a run that was killed has one of them already, so that there are six left.
    bench.desk.put("all.json", &text);
    let whole = [&all[..4], &["7", "--report", "jsonl=audit.jsonl"]].concat();
    bench.run(&whole).expect(1);
    let report = bench.report("audit.jsonl");
    let mut kept = false;
    let lines = report
        .entries
        .iter()
        .filter(|own| own["recorded"] != "yes" || !std::mem::replace(&mut kept, true));
    let lines: Vec<String> = std::iter::once(&report.head)
        .chain(lines)
        .map(|line| format!("{line}\n"))
        .collect();
    bench.desk.put("audit.jsonl", lines.concat());
    // Its record was written, and the others were not.
    let done = report.entries.iter().find(|own| own["recorded"] == "yes").unwrap();
    let is_done = |own: &Value| own["metadata"]["name"] == done["image"];
    let written = items(&bench, "all.json").into_iter().find(is_done).unwrap();
    bench.desk.put("all.json", &text);
    let before = items(&bench, "all.json").into_iter();
    let objects: Vec<Value> = before
        .map(|own| if is_done(&own) { written.clone() } else { own })
        .collect();
    bench.desk.put("all.json", list(&objects).to_string());
    bench.run(&[&all[..], &["--resume", "audit.jsonl"]].concat()).expect(1);
    let report = bench.report("audit.jsonl");
    assert_eq!((report.entries.len(), recorded(&report, "yes")), (10, 8));
}

#[test]
fn twenty_downgrades_are_allowed_by_default() {
    let bench = Bench::new();
    let images: Vec<Value> = (0..21).map(|n| bench.good(n)).collect();
    bench.desk.put("all.json", list(&images).to_string());
    bench.run(&["-f", "all.json", "--confirm"]).expect(0);
    wrong_key(&bench);
    bench.run(&["-f", "all.json", "--confirm"]).expect(3);
    let mut objects = items(&bench, "all.json");
    objects.pop();
    bench.desk.put("all.json", list(&objects).to_string());
    bench.run(&["-f", "all.json", "--confirm"]).expect(1);
}

#[test]
fn a_record_that_cannot_be_written_is_trouble() {
    let bench = Bench::new();
    bench.desk.put("all.json", list(&[bench.good(1)]).to_string());
    fs::hard_link(bench.desk.sandbox.path("all.json"), bench.desk.sandbox.path("other")).unwrap();
    let outcome = bench.run(&["-f", "all.json", "--confirm", "-o", "jsonl"]).expect(3);
    assert!(outcome.stderr.contains("hard links"), "{outcome:#?}");
    let report = Report::read(&outcome.stdout);
    assert_eq!(report.entry()["recorded"], "failed");
    assert_eq!(report.entry()["verdict"], "Verified");
    bench
        .run(&["-f", "-", "--confirm"])
        .expect_usage("--confirm cannot be used with --filename -");
    bench
        .run(&["dir:x", "--confirm"])
        .expect_usage("--confirm applies only to Image objects");
}

#[test]
fn a_resumed_audit_records_what_the_first_run_has_not() {
    let bench = Bench::new();
    bench.mixed("all.json", 10);
    bench
        .run(&["-f", "all.json", "--confirm", "--report", "jsonl=audit.jsonl"])
        .expect(1);
    let whole = bench.report("audit.jsonl");
    // Of a run that was killed before it wrote, the report has only what was not to be recorded.
    let path = bench.desk.sandbox.path("audit.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let kept: String = text
        .split_inclusive('\n')
        .filter(|line| line.contains("AuditReport") || line.contains("\"recorded\":\"no\""))
        .collect();
    fs::write(&path, kept).unwrap();
    bench.mixed("all.json", 10);
    bench
        .run(&["-f", "all.json", "--confirm", "--resume", "audit.jsonl"])
        .expect(1);
    assert_eq!(bench.report("audit.jsonl").tail["verdicts"], whole.tail["verdicts"]);
    let after = items(&bench, "all.json");
    assert_eq!(after.iter().filter(|object| trusted(object) == Some("True")).count(), 7);
}

/// What a stream that may not be read expects may be what the image is signed as: it is not a ground to reject it, nor to take
/// its record back.
#[test]
fn nothing_is_recorded_by_uses_that_are_not_all_known() {
    let fleet = Fleet::empty();
    let own = fleet.signed_in_a_stream();
    let runs = format!("other.example/app@{own}");
    fleet
        .server()
        .pod("shop", "web", pod("Running", "other.example/app:v9", &runs));
    let map = format!("{SOURCE} {SOURCE}\nother.example other.example\n");
    fleet.scene.sandbox.file("map", map);
    let args = ["--confirm", "--expected-identity-map", "map"];
    let trusted = || fleet.server().stored(&own)["signatures"][0]["conditions"][0]["status"].clone();
    let streams = Fault::status(403).on("GET", "/imagestreams$");
    fleet.server().fault(streams.clone());
    let (report, outcome) = fleet.lines(&args, 3);
    assert_eq!(report.words(), ["Rejected/IdentityMismatch"]);
    assert_eq!((&report.entry()["recorded"], trusted()), (&json!("no"), Value::Null));
    assert!(
        outcome.stderr.contains("uses of images are not all known"),
        "{outcome:#?}"
    );
    fleet.server().heal();
    fleet.lines(&args, 0);
    assert_eq!(trusted(), "True");
    // As other programs record it, by which the record is not known to hold.
    fleet.server().objects(|objects| {
        objects.edit_image(&own, |image| {
            let id = image["signatures"][0]["issuedTo"]["publicKeyID"].as_str().unwrap()[24..].to_owned();
            image["signatures"][0]["issuedTo"]["publicKeyID"] = id.into();
        });
    });
    fleet.server().fault(streams);
    fleet.lines(&args, 3);
    assert_eq!(trusted(), "True");
    // What the user names is recorded, whatever else uses it.
    let named = format!("{own}={}", tag(2));
    fleet.lines(&["--confirm", &named], 1);
    assert_eq!(trusted(), "False");
}
