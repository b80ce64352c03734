// SPDX-License-Identifier: Apache-2.0
//! `audit diff`: which image of one report is which of the other.

use serde_json::Value;

use crate::audit_reports::made::{digest, entry, head, lines, tail, verified, OLD, RELEASE};
use crate::support::program::{binary, Outcome, Sandbox};

/// A report of an audit of this folder, with these entries of a file in it.
fn of_folder(folder: &str, entries: &[Value]) -> String {
    let mut head = head();
    head["source"] = format!("files {folder}").into();
    let entries: Vec<Value> = entries
        .iter()
        .cloned()
        .map(|own| in_file(own, &format!("{folder}/all.json")))
        .collect();
    lines(&head, &entries, Some(&tail(&entries)))
}

fn in_file(mut entry: Value, file: &str) -> Value {
    entry["source"] = format!("file:{file}").into();
    entry
}

/// That all are gone and new may be no change, but two places.
#[test]
fn reports_that_have_no_image_in_common_are_told_to_be_of_two_places() {
    let sandbox = Sandbox::new();
    sandbox.file("old", of_folder("/one", &[verified(1, &[(RELEASE, None)])]));
    sandbox.file("new", of_folder("/two", &[verified(2, &[(RELEASE, None)])]));
    let outcome = sandbox.run(["audit", "diff", "old", "new"]).expect(1);
    let told = "the reports have no image in common, so all are gone or new";
    assert!(outcome.stderr.contains(told), "{outcome:#?}");
    assert!(
        outcome.stderr.contains("files /one") && outcome.stderr.contains("files /two"),
        "{outcome:#?}"
    );
    let outcome = sandbox.run(["audit", "diff", "old", "old"]).expect(0);
    assert!(!outcome.stderr.contains(told), "{outcome:#?}");
}

/// Who exports a cluster each day names the files by date.
#[test]
fn an_image_is_the_same_in_files_of_other_names() {
    let sandbox = Sandbox::new();
    let good = |n| verified(n, &[(RELEASE, None)]);
    sandbox.file("old", of_folder("/monday", &[good(1), good(2), good(3), good(4)]));
    sandbox.file("same", of_folder("/tuesday", &[good(4), good(3), good(2), good(1)]));
    let outcome = sandbox.run(["audit", "diff", "old", "same"]).expect(0);
    assert!(!outcome.stderr.contains("no image in common"), "{outcome:#?}");
    let changed = [
        good(2),
        entry(3, "Unsigned", "NoSignature"),
        verified(4, &[(OLD, None)]),
        good(5),
    ];
    sandbox.file("new", of_folder("/tuesday", &changed));
    let wanted = [("newlyUnsigned", 3), ("keyChanged", 4), ("new", 5), ("gone", 1)];
    let wanted: Vec<(String, String)> = wanted
        .iter()
        .map(|(word, n)| ((*word).to_owned(), digest(*n)))
        .collect();
    let found = |outcome: &Outcome| -> Vec<(String, String)> {
        let document = outcome.json();
        let items = document["items"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        items
            .map(|item| (text(&item["change"]), text(&item["image"])))
            .collect()
    };
    let outcome = sandbox.run(["audit", "diff", "old", "new", "-o", "json"]).expect(1);
    assert_eq!(found(&outcome), wanted);
    // What comes out of a pipe can be read once.
    let script = "cat new | \"$0\" audit diff old /dev/stdin -o json";
    let mut piped = sandbox.command_of(std::path::Path::new("/bin/sh"));
    piped.args(["-c", script]).arg(binary());
    assert_eq!(found(&sandbox.finish(&mut piped, b"").expect(1)), wanted);
}

/// Which of several it was is not known, and what is not in a file has a name that means something.
#[test]
fn an_image_that_is_in_several_places_is_known_by_its_place() {
    let sandbox = Sandbox::new();
    let good = || verified(1, &[(RELEASE, None)]);
    let put = |name: &str, entries: &[Value]| sandbox.file(name, lines(&head(), entries, Some(&tail(entries))));
    put("one", &[in_file(good(), "/a.json")]);
    put("two", &[in_file(good(), "/b.json"), in_file(good(), "/c.json")]);
    put("beside", &[in_file(good(), "/a.json"), in_file(good(), "/d.json")]);
    put("cluster", &[good()]);
    for (old, new, counts) in [
        ("one", "two", "2 new, 1 gone"),
        ("two", "one", "1 new, 2 gone"),
        ("one", "cluster", "1 new, 1 gone"),
        // One of the two is where it was.
        ("one", "beside", "1 new"),
        ("beside", "two", "2 new, 2 gone"),
    ] {
        let outcome = sandbox.run(["audit", "diff", old, new]).expect(1);
        assert!(
            outcome.stdout.ends_with(&format!("\n{counts}\n")),
            "{old} {new}: {outcome:#?}"
        );
    }
}
