// SPDX-License-Identifier: Apache-2.0
//! `audit merge`: shards add up to the whole; what is missing, or there twice, is never passed over.

use image_signature::audit::head::Shard;
use serde_json::{json, Value};

use crate::audit_reports::made::{digest, entry, head, lines, mixed, read_file, tail, verified, RELEASE, STARTED};
use crate::support::program::{Outcome, Sandbox};
use crate::support::schema::assert_valid;

const SHARDS: u32 = 4;

/// The images of a shard.
fn part(entries: &[Value], index: u32) -> Vec<Value> {
    let shard = Shard { index, count: SHARDS };
    let own = entries
        .iter()
        .filter(|entry| shard.has(entry["image"].as_str().unwrap()));
    own.cloned().collect()
}

fn head_of(index: u32) -> Value {
    let mut head = head();
    head["shard"] = json!({"index": index, "count": SHARDS});
    head["started"] = json!(STARTED + i64::from(index));
    head
}

/// The reports of all shards, each changed by a function that gets its number, head, images and end.
fn shards(
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

fn merge(sandbox: &Sandbox, files: &[String], more: &[&str]) -> Outcome {
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
    files.remove(2);
    let outcome = merge(&sandbox, &files, &["-o", "json"]).expect(3);
    assert!(outcome.stderr.contains("missing of 4 shards: 2"), "{outcome:?}");
    let document = outcome.json();
    assert_valid(&document);
    assert_eq!(document["complete"], false);
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
        ("shard", json!({"index": 0, "count": 4}), "shard 0 is there twice"),
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
        (&|_, end| *end = None, "has no end"),
        (&|own, _| drop(own.pop()), "the end counts"),
        (
            &|_, end| end.as_mut().unwrap()["verdicts"] = json!({"Rejected": 10}),
            "the end counts",
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
            "1 image is there more than once",
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

/// Entries that no audit writes: a sum that has one is not complete, and a report that has one is not compared.
#[test]
fn an_entry_that_contradicts_itself_is_refused() {
    let expected = json!(["registry.example.com/team/app-0:v1"]);
    let other = json!(["registry.example.com/team/other:v1"]);
    let stale = json!([{"kind": "stale", "message": "m", "command": "rm"}]);
    let many: Vec<Value> = (0..101).map(|_| json!({"kind": "pod", "name": "web-1/app"})).collect();
    type Change<'c> = &'c dyn Fn(&mut Value);
    let changes: [(Change<'_>, &str); 20] = [
        (
            &|own| own["verdict"] = json!("Rejected"),
            "Rejected cannot have the reason Verified",
        ),
        (
            &|own| {
                own["verdict"] = json!("Unchecked");
                own["reason"] = json!("UnknownKey");
            },
            "Unchecked cannot have the reason UnknownKey",
        ),
        (
            &|own| own["signatures"][0]["verdict"] = json!("Unsupported"),
            "Unsupported cannot have the reason Verified",
        ),
        (&|own| own["signatures"] = json!([]), "do not make it Verified"),
        (
            &|own| {
                own["signatures"][0]["verdict"] = json!("Rejected");
                own["signatures"][0]["reason"] = json!("BadSignature");
            },
            "do not make it Verified",
        ),
        (
            &|own| drop(own["signatures"][0].as_object_mut().unwrap().remove("signer")),
            "Verified without a signer",
        ),
        (
            &|own| own["signatures"][0]["signer"]["primary"] = json!(""),
            "no fingerprint",
        ),
        (&|own| own["signatures"][0]["kind"] = json!("x509"), "of no kind"),
        (
            &|own| own["signatures"][0]["claimedKey"] = json!("0123456789ABCDEF"),
            "claims a key",
        ),
        (
            &|own| own["matched"] = other.clone(),
            "an identity that is not expected",
        ),
        (&|own| own["matched"] = json!([]), "where an expected identity matches"),
        (
            &|own| {
                own["verdict"] = json!("Unchecked");
                own["reason"] = json!("EngineFailed");
            },
            "where an expected identity matches",
        ),
        (
            &|own| {
                let identity = format!("registry.example.com/team/app@{}", digest(99));
                own["expected"] = json!([identity]);
                own["matched"] = json!([identity]);
            },
            "the digest of another image",
        ),
        (
            &|own| own["identitySource"] = json!("none"),
            "where something names them",
        ),
        (&|own| own["image"] = json!("app:v1"), "do not make it Verified"),
        (
            &|own| own["findings"] = json!([{"kind": "unsignedInUse", "message": "m"}]),
            "in use and Unsigned",
        ),
        (&|own| own["recorded"] = json!("heldBack"), "kept back"),
        (&|own| own["findings"] = stale.clone(), "no gap"),
        (&|own| own["moreUses"] = json!(3), "leaves out more"),
        (&|own| own["uses"] = json!(many), "it has more"),
    ];
    let sandbox = Sandbox::new();
    let mut head = head();
    head.as_object_mut().unwrap().remove("policy");
    let good = verified(0, &[(RELEASE, None)]);
    assert_eq!(good["expected"], expected);
    let refused = |own: &Value, named: &str| {
        let all = [own.clone(), verified(1, &[(RELEASE, None)])];
        sandbox.file("all.jsonl", lines(&head, &all, Some(&tail(&all))));
        let outcome = sandbox.run(["audit", "merge", "all.jsonl", "-o", "json"]).expect(3);
        assert!(outcome.stderr.contains(named), "{named}: {outcome:?}");
        assert_eq!(outcome.json()["complete"], false, "{named}");
        let outcome = sandbox.run(["audit", "diff", "all.jsonl", "all.jsonl"]).expect(3);
        assert!(outcome.stderr.contains(named), "{named}: {outcome:?}");
    };
    for (change, named) in changes {
        let mut own = good.clone();
        change(&mut own);
        refused(&own, named);
    }
    for (verdict, reason) in [
        ("Rejected", "BadSignature"),
        ("Rejected", "ThresholdNotReached"),
        ("Rejected", "IdentityMismatch"),
        ("Allowed", "Allowed"),
    ] {
        refused(&entry(0, verdict, reason), "do not make it");
    }
    let mut unsigned = entry(0, "Unsigned", "NoSignature");
    unsigned["signatures"] = crate::audit_reports::made::unknown(0)["signatures"].clone();
    refused(&unsigned, "do not make it Unsigned");
    // As it is, it is fine.
    sandbox.file(
        "all.jsonl",
        lines(
            &head,
            std::slice::from_ref(&good),
            Some(&tail(std::slice::from_ref(&good))),
        ),
    );
    sandbox.run(["audit", "merge", "all.jsonl"]).expect(0);
}

/// The end speaks for the entries: it cannot say that all is well where a record is lost.
#[test]
fn an_end_that_contradicts_its_entries_is_refused() {
    let sandbox = Sandbox::new();
    let mut failed = verified(0, &[(RELEASE, None)]);
    failed["recorded"] = json!("failed");
    let mut kept = failed.clone();
    kept["recorded"] = json!("heldBack");
    kept["findings"] = json!([{"kind": "heldBack", "message": "Trusted: True -> False"}]);
    for own in [failed, kept] {
        let all = [own];
        sandbox.file("all.jsonl", lines(&head(), &all, Some(&tail(&all))));
        let outcome = sandbox.run(["audit", "merge", "all.jsonl"]).expect(3);
        assert!(outcome.stderr.contains("records that were not written"), "{outcome:?}");
    }
    let all = [verified(0, &[(RELEASE, None)])];
    let mut end = tail(&all);
    end["interrupted"] = json!(true);
    sandbox.file("all.jsonl", lines(&head(), &all, Some(&end)));
    let outcome = sandbox.run(["audit", "merge", "all.jsonl"]).expect(3);
    assert!(outcome.stderr.contains("that nothing is missing"), "{outcome:?}");
}

#[test]
fn torn_and_strange_files_are_told_apart() {
    let sandbox = Sandbox::new();
    let entries = mixed(40);
    let whole = lines(&head(), &entries, Some(&tail(&entries)));
    let torn = &whole[..whole.len() - 20];
    sandbox.file("torn.jsonl", torn);
    let outcome = sandbox.run(["audit", "merge", "torn.jsonl"]).expect(3);
    assert!(outcome.stderr.contains("torn.jsonl has no end"), "{outcome:?}");
    for (name, content, named) in [
        ("empty", String::new(), "no whole line"),
        (
            "list",
            "[]\n".to_owned(),
            "expected the first line of an audit's report",
        ),
        (
            "future",
            whole.replacen("audit/v1", "audit/v2", 1),
            "expected the first line",
        ),
        (
            "twice",
            whole.replacen("{\"", "{\"kind\":\"AuditReport\",\"", 1),
            "is repeated",
        ),
        ("text", "VERDICT\n".to_owned(), "line 1"),
    ] {
        sandbox.file(name, content);
        let outcome = sandbox.run(["audit", "merge", name]).expect(3);
        assert!(outcome.stderr.contains(named), "{outcome:?}");
        assert_eq!(outcome.stdout, "");
    }
    let outcome = sandbox.run(["audit", "merge", "nowhere"]).expect(3);
    assert!(outcome.stderr.contains("nowhere: No such file"), "{outcome:?}");
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

/// One that cannot be written makes no file appear, and is no success.
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
