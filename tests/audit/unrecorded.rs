// SPDX-License-Identifier: Apache-2.0
//! What `--confirm` leaves unrecorded, because the user has not said what it is expected to be signed as.

use serde_json::json;

use super::bench::{digest, Bench, Report, SIGNED};
use super::recording::{items, trusted};
use crate::support::images::list;

#[test]
fn what_the_user_has_not_named_is_not_recorded() {
    let bench = Bench::new();
    let mut object = bench.good(1);
    object["dockerImageReference"] = json!(format!("{SIGNED}:v1"));
    bench.desk.put("all.json", list(&[object]).to_string());
    let outcome = bench.run(&["-f", "all.json", "--confirm", "-o", "jsonl"]).expect(0);
    // Why nothing can be is said.
    let why = "no image has an expected identity that you gave, so nothing is recorded";
    assert!(outcome.stderr.contains(why), "{outcome:#?}");
    let unmapped = format!("the map has no line for {SIGNED}:v1, a name of {}", digest(1));
    assert!(outcome.stderr.contains(&unmapped), "{outcome:#?}");
    let report = Report::read(&outcome.stdout);
    assert_eq!(report.entry()["recorded"], "no");
    assert_eq!(report.entry()["identitySource"], "reference");
    let outcome = bench.run(&["-f", "all.json"]).expect(0);
    assert!(!outcome.stderr.contains(why), "{outcome:#?}");
    assert_eq!(trusted(&items(&bench, "all.json")[0]), None);
}

/// An image that is not recorded is told of beside others that are.
#[test]
fn an_image_that_is_left_out_of_the_records_is_told_of() {
    let bench = Bench::new();
    let mut other = bench.good(2);
    other["dockerImageReference"] = json!(format!("{SIGNED}:v1"));
    bench
        .desk
        .put("all.json", list(&[bench.good(1), other.clone()]).to_string());
    let why = format!(
        "note: 1 of 2 images is not recorded, since you gave no expected identity for it, {}: ",
        digest(2)
    );
    let unmapped = format!("; the map has no line for {SIGNED}:v1, a name of {}\n", digest(2));
    let outcome = bench.run(&["-f", "all.json", "--confirm", "-o", "jsonl"]).expect(0);
    assert!(
        outcome.stderr.contains(&why) && outcome.stderr.contains(&unmapped),
        "{outcome:#?}"
    );
    let report = Report::read(&outcome.stdout);
    let recorded: Vec<&str> = report
        .entries
        .iter()
        .filter_map(|entry| entry["recorded"].as_str())
        .collect();
    assert_eq!(
        recorded.iter().filter(|word| **word == "yes").count(),
        1,
        "{outcome:#?}"
    );
    // One without signatures has nothing to be recorded, nor is anything said of it where nothing was to be.
    other["signatures"] = json!([]);
    bench.desk.put("all.json", list(&[bench.good(1), other]).to_string());
    for more in [&["--confirm"][..], &[]] {
        let outcome = bench.run(&[&["-f", "all.json"], more].concat()).expect(1);
        assert!(!outcome.stderr.contains("not recorded, since"), "{outcome:#?}");
    }
}

/// A slip in the map leaves images without an expected identity, as if there were none.
#[test]
fn a_map_that_is_for_none_of_the_images_is_told() {
    let bench = Bench::new();
    bench.desk.put("all.json", list(&[bench.good(1)]).to_string());
    let told = "note: no line of --expected-identity-map is for any of these images\n";
    let outcome = bench.run(&["-f", "all.json"]).expect(0);
    assert!(!outcome.stderr.contains(told), "{outcome:#?}");
    bench.desk.put("map", "other.example/a other.example/b\n");
    let outcome = bench.run(&["-f", "all.json"]);
    assert!(outcome.stderr.contains(told), "{outcome:#?}");
}

/// Every image is Unchecked then, which says nothing about images: not even where that is not a failure.
#[test]
fn an_audit_without_a_keyring_is_not_complete() {
    let bench = Bench::new();
    bench.desk.put("image.json", bench.image(1, &[b"garbage"]).to_string());
    let missing = bench.desk.sandbox.path("no-home");
    for format in ["text", "openmetrics"] {
        let mut command = bench.desk.sandbox.command();
        command.args([
            "audit",
            "-f",
            "image.json",
            "--expected-identity-map",
            "map",
            "--homedir",
        ]);
        command.arg(&missing).args(["--fail-on", "rejected", "-o", format]);
        let outcome = bench.desk.sandbox.finish(&mut command, b"").expect(3);
        let said = match format {
            "text" => "no signature can be checked: there is no GnuPG home:\n",
            _ => "image_signature_audit_complete 0\n",
        };
        assert!(outcome.stdout.contains(said), "{outcome:?}");
    }
}
