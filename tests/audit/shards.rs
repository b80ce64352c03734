// SPDX-License-Identifier: Apache-2.0
//! `--shard`: every image in one part, and which part a pod is to judge.

use std::collections::BTreeSet;

use crate::audit::bench::{Bench, Report};

#[test]
fn shards_add_up_to_the_whole() {
    let bench = Bench::new();
    bench.mixed("all.json", 40);
    let whole = bench.lines(&["-f", "all.json"], 1);
    let parts: Vec<Report> = (0..3)
        .map(|index| {
            let outcome = bench.run(&["-f", "all.json", "-o", "jsonl", "--shard", &format!("{index}/3")]);
            Report::read(&outcome.stdout)
        })
        .collect();
    let mut seen = BTreeSet::new();
    for part in &parts {
        assert!(!part.entries.is_empty() && part.entries.len() < 40, "{part:#?}");
        for entry in &part.entries {
            assert!(seen.insert(entry["image"].to_string()), "twice: {entry}");
            assert!(whole.entries.contains(entry), "{entry}");
        }
    }
    assert_eq!(seen.len(), 40);
}

#[test]
fn a_pod_of_an_indexed_job_judges_its_part() {
    let bench = Bench::new();
    bench.mixed("all.json", 20);
    let key = bench.desk.key_file.to_str().unwrap();
    let args = [
        "audit",
        "--public-key",
        key,
        "--expected-identity-map",
        "map",
        "-f",
        "all.json",
        "-o",
        "jsonl",
    ];
    let run = |index: Option<&str>, shard: &str| {
        let mut command = bench.desk.sandbox.command();
        command.args(args).arg(format!("--shard={shard}"));
        if let Some(index) = index {
            command.env("JOB_COMPLETION_INDEX", index);
        }
        bench.desk.sandbox.finish(&mut command, b"")
    };
    let by_index = Report::read(&run(Some("1"), "auto/2").stdout);
    let by_number = Report::read(&run(None, "1/2").stdout);
    assert_eq!(by_index.entries, by_number.entries);
    assert_eq!(by_index.head["shard"], serde_json::json!({"index": 1, "count": 2}));
    for (index, shard, message) in [
        (None, "auto/2", "JOB_COMPLETION_INDEX is not set"),
        (Some("2"), "auto/2", "there is no part 2 of 2"),
        (Some("x"), "auto/2", "not a number"),
        (None, "2/2", "parts are counted from 0"),
        (None, "0/0", "at least 1"),
        (None, "-1/2", "from 0"),
        (None, "+1/2", "from 0"),
        (None, "1", "expected I/N"),
        (None, "1/99999999999", "at least 1"),
    ] {
        run(index, shard).expect_usage(message);
    }
}

#[test]
fn a_part_without_images_is_complete() {
    let bench = Bench::new();
    bench.desk.put("all.json", bench.good(1).to_string());
    let counts: Vec<usize> = (0..2)
        .map(|index| {
            bench
                .lines(&["-f", "all.json", "--shard", &format!("{index}/2")], 0)
                .entries
                .len()
        })
        .collect();
    assert_eq!(counts.iter().sum::<usize>(), 1);
}

/// One shard of the files as they were, and one of the files as they are, are not the whole of either.
#[test]
fn shards_of_files_whose_content_differs_are_not_added_up() {
    let bench = Bench::new();
    let shard = |index: usize, more: &[&str]| {
        let args = ["-f", "in", "-o", "jsonl", "--shard", &format!("{index}/2")];
        let outcome = bench.run(&[&args[..], more].concat());
        bench.desk.put(&format!("part{index}.jsonl"), &outcome.stdout);
        Report::read(&outcome.stdout)
    };
    let merge = || bench.desk.sandbox.run(["audit", "merge", "part0.jsonl", "part1.jsonl"]);
    bench.mixed("in/all.json", 10);
    shard(0, &[]);
    shard(1, &[]);
    merge().expect(1);
    bench.mixed("in/all.json", 9);
    let part = shard(1, &[]);
    assert!(part.head["content"].is_string(), "{}", part.head);
    let outcome = merge().expect(3);
    assert!(
        outcome.stderr.contains("they differ in: the content of the files"),
        "{outcome:#?}"
    );
    // Whoever goes on from a shard's report is asked for the same content too.
    bench.mixed("in/all.json", 10);
    let args = ["-f", "in", "--shard", "1/2", "--resume", "part1.jsonl"];
    bench.run(&args).expect_usage("differs in the content of the files");
    // Of the whole nothing is to be added up, and records that one shard writes change what the next one reads.
    let whole = bench.lines(&["-f", "in"], 1);
    assert_eq!(whole.head.get("content"), None);
    shard(0, &["--confirm"]);
    shard(1, &["--confirm"]);
    merge().expect(1);
}
