// SPDX-License-Identifier: Apache-2.0
//! Names that are longer than a report has them, and names that are empty.

use super::bench::{Bench, Report};
use super::fleet::Fleet;
use crate::support::images::list;

/// The server does not bound the names of Images. What a report calls them tells them apart, and says their shard.
#[test]
fn images_whose_names_differ_beyond_what_is_shown_are_each_there_once_in_every_shard_and_report() {
    let bench = Bench::new();
    let named = |name: String| {
        let mut object = bench.image(1, &[]);
        object["metadata"]["name"] = name.into();
        object
    };
    let long = "y".repeat(3000);
    let objects = [
        named(long.clone()),
        named(format!("{long}z")),
        bench.good(1),
        bench.good(2),
    ];
    bench.desk.put("all.json", list(&objects).to_string());
    let count = |args: &[&str]| Report::read(&bench.run(args).stdout).entries.len();
    let mut sum = 0;
    for shard in ["0/2", "1/2"] {
        let file = format!("{}.jsonl", &shard[..1]);
        let report = format!("jsonl={file}");
        let args = ["-f", "all.json", "--shard", shard, "-o", "jsonl"];
        sum += count(&[&args[..], &["--report", &report]].concat());
        // Everything in it belongs to the shard.
        let resumed = bench.run(&["-f", "all.json", "--shard", shard, "--resume", &file]);
        assert!(!resumed.stderr.contains("another shard"), "{resumed:?}");
        assert!(!resumed.stderr.contains("no longer exist"), "{resumed:?}");
    }
    assert_eq!(sum, objects.len());
    let merged = bench.desk.sandbox.run(["audit", "merge", "0.jsonl", "1.jsonl"]);
    assert!(merged.stdout.contains("4 images"), "{merged:?}");
    assert!(!merged.stderr.contains("more than once"), "{merged:?}");
    bench.run(&["-f", "all.json", "--report", "jsonl=whole.jsonl"]);
    let same = ["audit", "diff", "whole.jsonl", "whole.jsonl"];
    bench.desk.sandbox.run(same).expect(0);
}

/// A variable that is not set is not a namespace, and not all of them either.
#[test]
fn an_empty_namespace_is_a_usage_error() {
    let fleet = Fleet::empty();
    let outcome = fleet.run(&["-n", ""]).expect(2);
    assert!(outcome.stderr.contains("is not a valid namespace name"), "{outcome:?}");
    assert!(fleet.server().lines().is_empty(), "{outcome:?}");
}
