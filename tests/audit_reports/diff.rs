// SPDX-License-Identifier: Apache-2.0
//! `audit diff`: what has changed between two audits.

use serde_json::{json, Value};

use crate::audit_reports::made::{digest, entry, head, lines, mixed, tail, unknown, verified, OLD, RELEASE};
use crate::support::program::{Outcome, Sandbox};
use crate::support::schema::assert_valid;

fn diff(old: &[Value], new: &[Value], more: &[&str]) -> Outcome {
    let sandbox = Sandbox::new();
    sandbox.file("old", lines(&head(), old, Some(&tail(old))));
    sandbox.file("new", lines(&head(), new, Some(&tail(new))));
    sandbox.run(["audit", "diff", "old", "new"].iter().chain(more))
}

#[test]
fn equal_audits_are_the_same_in_any_order() {
    let old = mixed(200);
    let mut new = old.clone();
    new.reverse();
    let outcome = diff(&old, &new, &[]).expect(0);
    assert!(outcome.stdout.ends_with("\nno differences\n"), "{outcome:?}");
    let document = diff(&old, &new, &["-o", "json"]).expect(0).json();
    assert_valid(&document);
    assert_eq!(document["items"], json!([]));
}

/// An entry that is expected to have other identities, by their tags.
fn expected(mut entry: Value, tags: &[&str]) -> Value {
    let identities = tags
        .iter()
        .map(|tag| json!(format!("registry.example.com/team/app:{tag}")));
    entry["expected"] = identities.collect();
    entry
}

/// A Verified one that is signed with one of the tags that are expected.
fn signed_as(n: usize, tags: &[&str], tag: &str) -> Value {
    let mut entry = expected(verified(n, &[(RELEASE, None)]), tags);
    entry["matched"] = expected(json!({}), &[tag])["expected"].clone();
    entry
}

/// One image for each change, among others that have none.
fn changed() -> (Vec<Value>, Vec<Value>) {
    let good = |n| verified(n, &[(RELEASE, None)]);
    let old = vec![
        good(0),
        good(1),
        good(2),
        good(3),
        unknown(4),
        entry(5, "Unsigned", "NoSignature"),
        unknown(6),
        good(7),
        good(8),
        verified(9, &[(RELEASE, None), (OLD, None)]),
        signed_as(11, &["a", "b"], "a"),
        unknown(12),
    ];
    let new = vec![
        entry(0, "Unsigned", "NoSignature"),
        unknown(1),
        entry(2, "Unchecked", "EngineFailed"),
        verified(3, &[(OLD, None)]),
        good(4),
        entry(5, "Unchecked", "EngineFailed"),
        entry(6, "Rejected", "BadSignature"),
        good(8),
        // The same keys in another order.
        verified(9, &[(OLD, None), (RELEASE, None)]),
        entry(10, "Unsigned", "NoSignature"),
        // The same are expected, in another order.
        signed_as(11, &["b", "a"], "b"),
        expected(unknown(12), &["c", "d"]),
    ];
    (old, new)
}

#[test]
fn each_change_has_its_name() {
    let (old, new) = changed();
    let outcome = diff(&old, &new, &["-o", "json"]).expect(1);
    let document = outcome.json();
    assert_valid(&document);
    let items: Vec<(&str, &str)> = document["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["change"].as_str().unwrap(), item["image"].as_str().unwrap()))
        .collect();
    let expected = [
        ("newlyUnsigned", 0),
        ("newlyRejected", 1),
        ("noLongerVerified", 2),
        ("keyChanged", 3),
        ("identityChanged", 11),
        ("identityChanged", 12),
        ("newlyVerified", 4),
        ("verdictChanged", 5),
        ("reasonChanged", 6),
        ("new", 10),
        ("gone", 7),
    ];
    let expected: Vec<(&str, String)> = expected.into_iter().map(|(change, n)| (change, digest(n))).collect();
    let expected: Vec<(&str, &str)> = expected
        .iter()
        .map(|(change, image)| (*change, image.as_str()))
        .collect();
    assert_eq!(items, expected);
    assert!(
        document["summary"]
            .as_object()
            .unwrap()
            .iter()
            .all(|(change, count)| *count == if change == "identityChanged" { 2 } else { 1 }),
        "{document}"
    );
    let key = &document["items"][3];
    assert_eq!(
        (&key["old"]["keys"], &key["new"]["keys"]),
        (&json!([RELEASE]), &json!([OLD]))
    );
    let identity = &document["items"][4];
    let [a, b] = ["a", "b"].map(|tag| format!("registry.example.com/team/app:{tag}"));
    assert_eq!(
        (&identity["old"]["matched"], &identity["new"]["matched"]),
        (&json!([a]), &json!([b]))
    );
    assert_eq!(identity["new"]["expected"], json!([a, b]));
    assert_eq!(document["items"][10]["new"], Value::Null);
    assert_eq!(document["items"][0]["usedBy"], "team-0/app-0:v1");
}

#[test]
fn text_groups_the_changes() {
    let (old, new) = changed();
    let outcome = diff(&old, &new, &[]).expect(1);
    let text = outcome.stdout;
    let begin = format!(
        "\nNewly unsigned (1):\n  {}   team-0/app-0:v1\n      Verified by ",
        digest(0)
    );
    assert!(
        text.contains(&begin) && text.contains(" -> Unsigned (NoSignature)\n"),
        "{text}"
    );
    assert!(text.contains("\nKey changed (1):\n"), "{text}");
    assert!(
        text.contains(&format!("      by {} -> by {}\n", &RELEASE[24..], &OLD[24..])),
        "{text}"
    );
    let base = "registry.example.com/team/app";
    let signed = format!("      signed as {base}:a -> signed as {base}:b\n");
    assert!(text.contains(&signed), "{text}");
    let wanted = format!("      expected registry.example.com/team/app-12:v1 -> expected {base}:c, {base}:d\n");
    assert!(text.contains(&wanted), "{text}");
    let end = "\n1 newly unsigned, 1 newly rejected, 1 no longer verified, 1 key changed, 2 identity changed, 1 newly verified, 1 verdict changed, 1 reason changed, 1 new, 1 gone\n";
    assert!(text.ends_with(end), "{text}");
}

/// What an image is signed as may change with the key that signed it, and what is expected with the verdict: all is told.
#[test]
fn one_image_may_have_changed_in_several_ways() {
    let old = [signed_as(0, &["a", "b"], "a"), signed_as(1, &["a"], "a")];
    let mut moved = signed_as(0, &["a", "b"], "b");
    for member in ["signatures", "restsOn"] {
        moved[member] = verified(0, &[(OLD, None)])[member].clone();
    }
    let new = [moved, expected(unknown(1), &["b"])];
    let document = diff(&old, &new, &["-o", "json"]).expect(1).json();
    assert_valid(&document);
    let items = document["items"].as_array().unwrap().iter();
    let items: Vec<(&str, &str)> = items
        .map(|item| (item["change"].as_str().unwrap(), item["image"].as_str().unwrap()))
        .collect();
    let [first, second] = [digest(0), digest(1)];
    assert_eq!(
        items,
        [
            ("newlyRejected", second.as_str()),
            ("keyChanged", &first),
            ("identityChanged", &first),
            ("identityChanged", &second)
        ]
    );
}

/// From a part nothing can be told of the whole: an image that is not there may only not have been reached.
#[test]
fn a_report_that_is_not_complete_is_trouble() {
    let entries = mixed(20);
    let whole = lines(&head(), &entries, Some(&tail(&entries)));
    let mut incomplete = tail(&entries);
    incomplete["incomplete"] = json!(["a page is missing"]);
    let mut interrupted = tail(&entries);
    interrupted["interrupted"] = json!(true);
    interrupted["incomplete"] = json!(["it was interrupted"]);
    let mut shard = head();
    shard["shard"] = json!({"index": 0, "count": 2});
    let twice: Vec<Value> = entries.iter().chain([&entries[0]]).cloned().collect();
    for (part, named) in [
        (lines(&head(), &entries, None), "is unfinished"),
        (whole[..whole.len() - 5].to_owned(), "is unfinished"),
        (lines(&head(), &entries, Some(&incomplete)), "not complete itself"),
        (lines(&head(), &entries, Some(&interrupted)), "was interrupted"),
        (
            lines(&head(), &entries[1..], Some(&tail(&entries))),
            "the last line counts",
        ),
        (lines(&shard, &entries, Some(&tail(&entries))), "different shards"),
        (lines(&head(), &twice, Some(&tail(&twice))), "1 images more than once"),
        (String::new(), "no complete line"),
        ("{}\n".to_owned(), "expected the first line"),
    ] {
        for (old, new) in [(&whole, &part), (&part, &whole)] {
            let sandbox = Sandbox::new();
            sandbox.file("old", old);
            sandbox.file("new", new);
            let outcome = sandbox.run(["audit", "diff", "old", "new"]).expect(3);
            assert!(outcome.stderr.contains(named), "{named}: {outcome:?}");
            assert!(!outcome.stdout.ends_with("no differences\n"), "{named}: {outcome:?}");
            let document = sandbox
                .run(["audit", "diff", "old", "new", "-o", "json"])
                .expect(3)
                .json();
            assert_valid(&document);
            assert!(
                document["incomplete"][0].as_str().unwrap().contains(named),
                "{document}"
            );
        }
    }
    let outcome = Sandbox::new().run(["audit", "diff", "a", "b"]).expect(3);
    assert!(
        outcome.stderr.contains("a: ") && outcome.stderr.contains("b: "),
        "{outcome:?}"
    );
}

#[test]
fn what_the_audits_were_asked_for_is_compared_too() {
    let entries = mixed(20);
    let sandbox = Sandbox::new();
    let mut other = head();
    other["keys"] = "cc".into();
    sandbox.file("old", lines(&head(), &entries, Some(&tail(&entries))));
    sandbox.file("new", lines(&other, &entries, Some(&tail(&entries))));
    let outcome = sandbox.run(["audit", "diff", "old", "new"]).expect(0);
    assert!(
        outcome.stdout.contains("The audits differ in: the keys\n"),
        "{outcome:?}"
    );
}

#[test]
fn the_old_report_may_come_through_a_pipe() {
    let (old, new) = changed();
    let sandbox = Sandbox::new();
    sandbox.file("old", lines(&head(), &old, Some(&tail(&old))));
    sandbox.file("new", lines(&head(), &new, Some(&tail(&new))));
    let mut command = sandbox.command_of(std::path::Path::new("/bin/bash"));
    let binary = crate::support::program::binary();
    command
        .args(["-c", "\"$0\" audit diff <(cat old) <(cat new)"])
        .arg(binary);
    let outcome = sandbox.finish(&mut command, b"").expect(1);
    assert!(outcome.stdout.contains("\nGone (1):\n"), "{outcome:?}");
}

/// Nothing was compared, so nothing is said of differences.
#[test]
fn a_report_that_is_not_there_is_no_equal_one() {
    let sandbox = Sandbox::new();
    let (old, _) = changed();
    sandbox.file("old", lines(&head(), &old, Some(&tail(&old))));
    let outcome = sandbox.run(["audit", "diff", "old", "nowhere"]).expect(3);
    assert!(!outcome.stdout.contains("no differences"), "{outcome:?}");
    assert!(outcome.stderr.contains("nowhere"), "{outcome:?}");
}

#[test]
fn nothing_in_reports_moves_a_terminal() {
    let mut old = entry(1, "Rejected", "BadSignature");
    old["image"] = "\u{1b}[31m\u{202e}".into();
    old["uses"] = json!([{"kind": "listed", "name": "\u{9b}x\r\n"}]);
    for output in crate::support::formats("audit diff") {
        let outcome = diff(std::slice::from_ref(&old), &[], &["-o", &output]).expect(1);
        assert!(
            !outcome
                .stdout
                .chars()
                .any(|c| c != '\n' && image_signature::text::is_unsafe(c)),
            "{outcome:?}"
        );
    }
}

/// Reports have other formats too.
#[test]
fn a_report_of_another_format_is_told_to_be_none_of_json_lines() {
    let sandbox = Sandbox::new();
    sandbox.file("lines", lines(&head(), &[], Some(&tail(&[]))));
    sandbox.file("report.json", "{\n  \"kind\": \"AuditReport\"\n}\n");
    sandbox.file("report.csv", "image,source\nx,y\n");
    for file in ["report.json", "report.csv"] {
        let outcome = sandbox.run(["audit", "diff", "lines", file]).expect(3);
        let message =
            format!("{file}: line 1: it does not begin a report of image-signature audit --report jsonl=FILE");
        assert!(outcome.stderr.contains(&message), "{outcome:?}");
    }
}

/// A digest says nothing to people.
#[test]
fn what_nothing_uses_has_a_name_in_text_too() {
    let place = "docker://registry.example.com/a:1";
    for (source, name) in [("cluster", "registry.example.com/team/app-0:v1"), (place, place)] {
        let mut old = verified(0, &[(RELEASE, None)]);
        old["uses"] = json!([]);
        old["source"] = source.into();
        let text = diff(&[old], &[], &[]).expect(1).stdout;
        assert!(text.contains(&format!("  {}   {name}\n", digest(0))), "{text}");
    }
}
