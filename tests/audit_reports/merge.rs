// SPDX-License-Identifier: Apache-2.0
//! `audit merge`: shards add up to the whole; what is missing, or there twice, is never passed over.

use image_signature::audit::head::Shard;
use serde_json::{json, Value};

use crate::audit_reports::made::{head, lines, mixed, read_file, tail, verified, RELEASE, STARTED};
use crate::support::program::{Outcome, Sandbox};
use crate::support::schema::assert_valid;

pub(super) const SHARDS: u32 = 4;

/// The images of a shard.
pub(super) fn part(entries: &[Value], index: u32) -> Vec<Value> {
    let shard = Shard { index, count: SHARDS };
    let own = entries
        .iter()
        .filter(|entry| shard.has(entry["image"].as_str().unwrap()));
    own.cloned().collect()
}

pub(super) fn head_of(index: u32) -> Value {
    let mut head = head();
    head["shard"] = json!({"index": index, "count": SHARDS});
    head["started"] = json!(STARTED + i64::from(index));
    head
}

/// The reports of all shards, each changed by a function that gets its number, head, images and end.
pub(super) fn shards(
    sandbox: &Sandbox,
    entries: &[Value],
    change: impl Fn(u32, &mut Value, &mut Vec<Value>, &mut Option<Value>),
) -> Vec<String> {
    (0..SHARDS)
        .map(|index| {
            let mut head = head_of(index);
            let mut own = part(entries, index);
            let mut end = Some(tail(&own));
            change(index, &mut head, &mut own, &mut end);
            let name = format!("shard-{index}.jsonl");
            sandbox.file(&name, lines(&head, &own, end.as_ref()));
            name
        })
        .collect()
}

pub(super) fn merge(sandbox: &Sandbox, files: &[String], more: &[&str]) -> Outcome {
    let args = ["audit", "merge"].into_iter().chain(files.iter().map(String::as_str));
    sandbox.run(args.chain(more.iter().copied()))
}

#[test]
fn shards_add_up_to_the_whole() {
    let sandbox = Sandbox::new();
    let entries = mixed(400);
    let mut files = shards(&sandbox, &entries, |_, _, _, _| {});
    // In any order.
    files.reverse();
    let whole = sandbox.file("whole.jsonl", lines(&head(), &entries, Some(&tail(&entries))));
    let report = |outcome: Outcome| {
        let outcome = outcome.expect(1);
        assert_eq!(outcome.stderr, "");
        let document = outcome.json();
        assert_valid(&document);
        document
    };
    let sum = report(merge(&sandbox, &files, &["-o", "json"]));
    let one = report(merge(&sandbox, &[whole.display().to_string()], &["-o", "json"]));
    for member in ["summary", "totals", "parameters", "complete", "evidenceForControls"] {
        assert_eq!(sum[member], one[member], "{member}");
    }
    assert_eq!(sum["complete"], true);
    let images = |document: &Value| {
        let mut images: Vec<String> = document["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        images.sort();
        images
    };
    assert_eq!(images(&sum), images(&one));
    // The sum can be added up again, and is the same.
    let again = merge(&sandbox, &files, &["-o", "jsonl"]).expect(1);
    let file = sandbox.file("sum.jsonl", again.stdout);
    let again = report(merge(&sandbox, &[file.display().to_string()], &["-o", "json"]));
    assert_eq!(again["totals"], sum["totals"]);
}

#[test]
fn what_is_well_in_all_shards_is_well() {
    let sandbox = Sandbox::new();
    let entries: Vec<Value> = (0..40).map(|n| verified(n, &[(RELEASE, None)])).collect();
    let files = shards(&sandbox, &entries, |_, _, _, _| {});
    let outcome = merge(&sandbox, &files, &[]).expect(0);
    assert!(outcome.stdout.ends_with("\n40 images: 40 Verified\n"), "{outcome:?}");
}

/// What makes the sum fail is chosen when it is made.
#[test]
fn the_exit_status_goes_by_fail_on() {
    let sandbox = Sandbox::new();
    let mut entries: Vec<Value> = (0..40).map(|n| verified(n, &[(RELEASE, None)])).collect();
    entries[3]["findings"] = json!([{"kind": "gap", "message": "the mirror lacks it"}]);
    let files = shards(&sandbox, &entries, |_, _, _, _| {});
    merge(&sandbox, &files, &[]).expect(0);
    merge(&sandbox, &files, &["--fail-on", "gap"]).expect(1);
    merge(&sandbox, &files, &["--fail-on", "stale,rejected"]).expect(0);
    entries[7] = crate::audit_reports::made::unknown(7);
    let files = shards(&sandbox, &entries, |_, _, _, _| {});
    merge(&sandbox, &files, &["--fail-on", "gap,unsigned"]).expect(1);
    merge(&sandbox, &files, &["--fail-on", "unsigned"]).expect(0);
}

#[test]
fn a_shard_that_is_missing_is_named() {
    let sandbox = Sandbox::new();
    let mut files = shards(&sandbox, &mixed(400), |_, _, _, _| {});
    let missing = merge(&sandbox, &files[..2], &[]).expect(3).stderr;
    assert!(
        missing.contains("shards 2/4, 3/4 are missing (counted from 0)"),
        "{missing}"
    );
    files.remove(2);
    let outcome = merge(&sandbox, &files, &["-o", "json"]).expect(3);
    assert!(
        outcome.stderr.contains("shard 2/4 is missing (counted from 0)"),
        "{outcome:?}"
    );
    let document = outcome.json();
    assert_valid(&document);
    assert_eq!(document["complete"], false);
}

/// The document of `-o json` is a report of the same audit, and another format.
#[test]
fn the_report_of_json_is_named_as_such_once() {
    let sandbox = Sandbox::new();
    let entries = mixed(40);
    let lines_of = sandbox.file("a.jsonl", lines(&head(), &entries, Some(&tail(&entries))));
    let lines_of = lines_of.display().to_string();
    let document = merge(&sandbox, std::slice::from_ref(&lines_of), &["-o", "json"])
        .expect(1)
        .stdout;
    sandbox.file("a.json", document);
    let told = "a.json is the report of -o json; merge and diff read --report jsonl=FILE\n";
    for args in [
        ["audit", "merge", "a.json", &lines_of],
        ["audit", "diff", "a.json", &lines_of],
        ["audit", "diff", &lines_of, "a.json"],
    ] {
        let outcome = sandbox.run(args).expect(3);
        assert_eq!(outcome.stdout, "", "{args:?}");
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
        assert!(outcome.stderr.ends_with(told), "{outcome:?}");
    }
}

/// Nothing is added up that is not of one audit.
#[test]
fn shards_of_another_audit_are_refused() {
    let sandbox = Sandbox::new();
    let entries = mixed(100);
    for (member, value, named) in [
        ("keys", json!("cc"), "the keys"),
        ("options", json!("cc"), "the options"),
        ("policy", json!("cc"), "the policy"),
        ("source", json!("cluster https://other"), "the source"),
        ("program", json!("9.9"), "the program's version"),
        ("shard", json!({"index": 1, "count": 5}), "the number of shards"),
        ("shard", json!({"index": 0, "count": 4}), "shard 0 occurs twice"),
    ] {
        let files = shards(&sandbox, &entries, |index, head, _, _| {
            if index == 1 {
                head[member] = value.clone();
            }
        });
        let outcome = merge(&sandbox, &files, &["--report", "html=out.html"]).expect(3);
        assert!(outcome.stderr.contains(named), "{outcome:?}");
        assert_eq!(outcome.stdout, "");
        assert!(!sandbox.path("out.html").exists());
    }
}

/// Each of these could be a report that somebody took for the whole.
#[test]
fn what_may_not_be_all_is_never_a_success() {
    let entries: Vec<Value> = (0..40).map(|n| verified(n, &[(RELEASE, None)])).collect();
    let stranger = (100..).map(|n| verified(n, &[(RELEASE, None)]));
    let stranger = stranger
        .clone()
        .find(|entry| part(std::slice::from_ref(entry), 3).len() == 1)
        .unwrap();
    type Change<'c> = &'c dyn Fn(&mut Vec<Value>, &mut Option<Value>);
    let changes: [(Change<'_>, &str); 8] = [
        (&|_, end| *end = None, "is unfinished"),
        (&|own, _| drop(own.pop()), "the last line counts"),
        (
            &|_, end| end.as_mut().unwrap()["verdicts"] = json!({"Rejected": 10}),
            "the last line counts",
        ),
        (
            &|_, end| end.as_mut().unwrap()["incomplete"] = json!(["a page is missing"]),
            "shard 1/4: a page is missing",
        ),
        (
            &|_, end| {
                end.as_mut().unwrap()["interrupted"] = json!(true);
                end.as_mut().unwrap()["incomplete"] = json!(["it was interrupted"]);
            },
            "was interrupted",
        ),
        (
            &|own, end| {
                own.push(own[0].clone());
                *end = Some(tail(own));
            },
            "1 image occurs more than once",
        ),
        (
            &|own, end| {
                own.push(stranger.clone());
                *end = Some(tail(own));
            },
            "1 images of other shards",
        ),
        (&|own, _| own[0]["verdict"] = json!("Fine"), "unknown variant"),
    ];
    for (change, named) in changes {
        let sandbox = Sandbox::new();
        let files = shards(&sandbox, &entries, |index, _, own, end| {
            if index == 1 {
                change(own, end);
            }
        });
        let outcome = merge(&sandbox, &files, &["-o", "json"]).expect(3);
        assert!(outcome.stderr.contains(named), "{named}: {outcome:?}");
        assert_eq!(outcome.json()["complete"], false, "{named}");
    }
}

/// Every format at once, each as if it had been asked for alone.
#[test]
fn reports_go_to_files_as_well() {
    let sandbox = Sandbox::new();
    let files = shards(&sandbox, &mixed(100), |_, _, _, _| {});
    let wanted: Vec<String> = crate::support::formats("audit")
        .into_iter()
        .filter(|name| name != "text")
        .collect();
    assert_eq!(wanted.len(), 8);
    let reports: Vec<String> = wanted
        .iter()
        .map(|name| format!("--report={name}=out.{name}"))
        .collect();
    let outcome = merge(
        &sandbox,
        &files,
        &reports.iter().map(String::as_str).collect::<Vec<_>>(),
    )
    .expect(1);
    assert!(outcome.stdout.starts_with("Audit of "), "{outcome:?}");
    for name in wanted {
        let alone = merge(&sandbox, &files, &["-o", &name]).expect(1);
        let file = sandbox.path(&format!("out.{name}"));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), alone.stdout, "{name}");
        if !["wide", "json", "jsonl"].contains(&name.as_str()) {
            read_file(&name, &file);
        }
    }
    sandbox.assert_clean();
}

/// How far it is is told on a terminal, as with every run that may take long.
#[test]
fn a_long_sum_shows_progress_on_a_terminal() {
    let sandbox = Sandbox::new();
    let entries: Vec<Value> = (0..40).map(|n| verified(n, &[(RELEASE, None)])).collect();
    let files = shards(&sandbox, &entries, |_, _, _, _| {});
    let mut command = sandbox.command_of(std::path::Path::new("/bin/bash"));
    // The last shard comes slowly, so that it is not known how many images there are.
    let slow = format!("head -n 2 {0}; sleep 4; tail -n +3 {0}", files[3]);
    let script = format!("\"$0\" audit merge {} {} {} <({slow})", files[0], files[1], files[2]);
    command.args(["-c", &script]).arg(crate::support::program::binary());
    let (status, shown) = crate::support::terminal::Terminal::run(&command, 200).end();
    assert_eq!(status, 0, "{shown}");
    let before: usize = (0..3).map(|index| part(&entries, index).len()).sum();
    let line = format!("read {0} images: {0} Verified", before + 1);
    assert!(shown.contains(&line), "{line}: {shown:?}");
    // In a file nothing of it stands.
    let outcome = merge(&sandbox, &files, &[]).expect(0);
    assert_eq!(outcome.stderr, "");
}

/// One that cannot be written makes no file appear, and is not a success.
#[test]
fn a_report_that_cannot_be_written_is_trouble() {
    let sandbox = Sandbox::new();
    let entries: Vec<Value> = (0..40).map(|n| verified(n, &[(RELEASE, None)])).collect();
    let files = shards(&sandbox, &entries, |_, _, _, _| {});
    merge(&sandbox, &files, &["--report", "csv=nowhere/out.csv"]).expect_usage("nowhere/out.csv");
    let full = std::path::Path::new("/dev/full");
    if full.exists() {
        let outcome = merge(&sandbox, &files, &["--report", "csv=/dev/full"]).expect(3);
        assert!(outcome.stderr.contains("/dev/full"), "{outcome:?}");
        assert!(outcome.stdout.contains("Incomplete: writing /dev/full"), "{outcome:?}");
    }
}

/// Packagers change the table beside the program; one that is broken is not passed over.
#[test]
fn the_table_of_controls_beside_the_program_counts() {
    let sandbox = Sandbox::new();
    let files = shards(&sandbox, &mixed(40), |_, _, _, _| {});
    std::fs::create_dir_all(sandbox.path("usr/bin")).unwrap();
    let program = sandbox.path("usr/bin/image-signature");
    std::fs::copy(crate::support::program::binary(), &program).unwrap();
    let run = || {
        let mut command = sandbox.command_of(&program);
        command.args(["audit", "merge", "-o", "json"]).args(&files);
        sandbox.finish(&mut command, b"")
    };
    let table = |id: &str| {
        json!({"apiVersion": "image-signature/v1", "kind": "AuditControls", "controls": [
            {"framework": "House rules", "id": id, "asks": "Images are signed.", "evidence": ["images"]}]})
    };
    assert!(run().expect(1).stdout.contains("V-257537"));
    sandbox.file("usr/share/image-signature/controls.json", table("R-1").to_string());
    let document = run().expect(1).json();
    let controls = document["evidenceForControls"].as_array().unwrap();
    assert_eq!(controls.len(), 1);
    assert_eq!(
        (&controls[0]["framework"], &controls[0]["id"]),
        (&json!("House rules"), &json!("R-1"))
    );
    assert_eq!(controls[0]["evidence"], json!(["Verified: 28 of 40 of those audited"]));
    sandbox.file("usr/share/image-signature/controls.json", "{}");
    run().expect(2);
}
