// SPDX-License-Identifier: Apache-2.0
//! Whatever images, keys and servers say, a report stays a report: nothing is run, nothing moves a terminal, nothing
//! breaks the format.

use std::fs::File;
use std::io::Write as _;
use std::process::Command;

use clap::ValueEnum as _;
use image_signature::audit::format::ReportFormat;
use image_signature::text::is_unsafe;
use serde_json::{json, Value};

use crate::audit_reports::made::{entry, head, lines, read_back, rendered, tail};
use crate::support::program::Sandbox;

/// What others may try, one for each format at least.
const STRINGS: [&str; 23] = [
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "  =1+1",
    "\u{ff1d}1+1",
    "a;=1+1",
    "a,\t@SUM(A1)|+1",
    "\"\r\n=1+1,\"",
    "<script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "' onfocus='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "]]><evil/><![CDATA[",
    "&lt;&#60;&evil;",
    "\u{1b}[31m\u{9b}31m\u{7}\u{8}",
    "\u{202e}gnp.exe\u{2066}\u{200f}",
    "\0\u{1}\u{b}\u{fffe}\u{ffff}",
    "a\\\"b\\n\n# EOF\nevil 1",
    "\\",
    "</style></title><img src=x onerror=alert(1)>",
];

/// An entry that has a string wherever one may stand.
fn hostile(text: &str) -> Value {
    json!({"image": text, "source": text, "uses": [{"kind": "tag", "namespace": text, "name": text}],
        "expected": [text], "identitySource": "user", "verdict": "Rejected", "reason": "UnknownKey", "message": text,
        "matched": [text],
        "signatures": [{"name": text, "kind": "gpg", "verdict": "Rejected", "reason": "UnknownKey", "message": text,
            "claimedKey": text},
            {"name": text, "kind": "gpg", "verdict": "Verified", "reason": "Verified", "message": text,
            "signer": {"fingerprint": text, "primary": text, "userId": text, "keyAlgorithm": text, "hashAlgorithm": text}}],
        "findings": [{"kind": "gap", "message": text, "command": text}], "recorded": "no"})
}

fn all() -> (Value, Vec<Value>, Value) {
    let mut entries: Vec<Value> = STRINGS.iter().map(|text| hostile(text)).collect();
    // The same on images that are Verified, whose keys are counted.
    for text in STRINGS {
        let mut entry = hostile(text);
        entry["image"] = format!("{text} again").into();
        entry["verdict"] = "Verified".into();
        entry["reason"] = "Verified".into();
        entries.push(entry);
    }
    let mut tail = tail(&entries);
    tail["incomplete"] = json!(STRINGS);
    let mut head = head();
    head["source"] = STRINGS.concat().into();
    head["program"] = STRINGS[10].into();
    (head, entries, tail)
}

#[test]
fn nothing_in_a_report_moves_a_terminal() {
    let (head, entries, tail) = all();
    for format in ReportFormat::value_variants() {
        let text = rendered(*format, &head, &entries, &tail);
        let wrong = text
            .chars()
            .find(|c| is_unsafe(*c) && !matches!(c, '\n') && !(*format == ReportFormat::Csv && *c == '\r'));
        assert_eq!(wrong, None, "{format:?}");
    }
}

/// Nor do the reasons of a report on standard error, which anybody can have written into it.
#[test]
fn nothing_in_the_end_of_a_report_moves_the_terminal_of_a_merge() {
    let sandbox = Sandbox::new();
    let entries = [entry(1, "Unchecked", "NoExpectedIdentity")];
    let mut end = tail(&entries);
    let long = "x".repeat(100_000);
    end["incomplete"] = json!([&STRINGS[..], &[&long]].concat());
    sandbox.file("all.jsonl", lines(&head(), &entries, Some(&end)));
    let outcome = sandbox.run(["audit", "merge", "all.jsonl"]).expect(3);
    let wrong = outcome.stderr.chars().find(|c| is_unsafe(*c) && *c != '\n');
    assert_eq!(wrong, None, "{outcome:?}");
    let is_told = |line: &str| line.starts_with("error: ");
    assert!(outcome.stderr.lines().all(is_told), "{outcome:?}");
    assert!(outcome.stderr.len() < 50_000, "{}", outcome.stderr.len());
}

/// A pipe is copied to be read again, no further than it is a report.
#[test]
fn an_endless_pipe_does_not_fill_the_disk() {
    let sandbox = Sandbox::new();
    let entries = [entry(1, "Unchecked", "NoExpectedIdentity")];
    sandbox.file("new.jsonl", lines(&head(), &entries, Some(&tail(&entries))));
    let pipe = sandbox.path("old.jsonl");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writing = std::thread::spawn(move || {
        let mut file = File::options().write(true).open(pipe).unwrap();
        // More than the longest line.
        (0..96).take_while(|_| file.write_all(&[0; 1 << 20]).is_ok()).count()
    });
    let outcome = sandbox.run(["audit", "diff", "old.jsonl", "new.jsonl"]).expect(3);
    assert!(outcome.stderr.contains("line 1 is longer than"), "{outcome:?}");
    let written = writing.join().unwrap();
    assert!(written < 40, "{written} MiB");
}

/// A pipe with a report is compared like a file.
#[test]
fn a_report_out_of_a_pipe_is_compared() {
    let sandbox = Sandbox::new();
    let entries = [entry(1, "Unsigned", "NoSignature"), entry(2, "Unsigned", "NoSignature")];
    let report = |entries: &[Value]| lines(&head(), entries, Some(&tail(entries)));
    sandbox.file("new.jsonl", report(&entries[..1]));
    let pipe = sandbox.path("old.jsonl");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let old = report(&entries);
    let writing = std::thread::spawn(move || std::fs::write(pipe, old).unwrap());
    let outcome = sandbox.run(["audit", "diff", "old.jsonl", "new.jsonl"]).expect(1);
    writing.join().unwrap();
    assert!(outcome.stdout.contains("app-2:v1"), "{outcome:?}");
}

#[test]
fn other_programs_read_the_strings_as_strings() {
    let (head, entries, tail) = all();
    for (format, name) in [
        (ReportFormat::Csv, "csv"),
        (ReportFormat::Junit, "junit"),
        (ReportFormat::Sarif, "sarif"),
        (ReportFormat::Html, "html"),
        (ReportFormat::Openmetrics, "openmetrics"),
    ] {
        let Some(read) = read_back(name, &rendered(format, &head, &entries, &tail)) else {
            continue;
        };
        let text = read.to_string();
        // What is not unsafe arrives as it is.
        for whole in ["<script>alert(1)</script>", "{{ 7 * 7 }}{% raw %}", "&lt;&#60;&evil;"] {
            assert!(text.contains(whole), "{name}: {whole}");
        }
        let rows = match name {
            "csv" => read.as_array().unwrap().len(),
            "junit" => read["cases"].as_array().unwrap().len() - 1,
            "html" => read["rows"].as_array().unwrap().len(),
            "sarif" => read["results"].as_array().unwrap().len() - STRINGS.len(),
            _ => entries.len(),
        };
        assert_eq!(rows, entries.len(), "{name}");
    }
}

#[test]
fn no_cell_is_a_formula() {
    let (head, entries, tail) = all();
    let Some(rows) = read_back("csv", &rendered(ReportFormat::Csv, &head, &entries, &tail)) else {
        return;
    };
    let mut guarded = 0;
    for cell in rows
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_object().unwrap().values())
    {
        let cell = cell.as_str().unwrap();
        // Whatever a spreadsheet takes for the end of a cell.
        for part in cell.split([';', ',', '|', '\t', '\r', '\n']) {
            let begin = part.trim_start().chars().next();
            assert!(
                !begin.is_some_and(|c| "=+-@\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(c)),
                "{cell}"
            );
        }
        guarded += usize::from(cell.starts_with('\''));
    }
    assert!(guarded > 20, "{guarded}");
}

/// A message has the strings of others in it escaped already: no format escapes the escapes.
#[test]
fn escapes_in_messages_are_escaped_once() {
    let told = "signed for \\u{1b}[31mevil\\u{a}";
    let mut entry = entry(1, "Rejected", "UnknownKey");
    entry["message"] = told.into();
    entry["findings"] = json!([{"kind": "gap", "message": told, "command": told}]);
    let mut tail = tail(std::slice::from_ref(&entry));
    tail["incomplete"] = json!([told]);
    for format in ReportFormat::value_variants() {
        let text = rendered(*format, &head(), std::slice::from_ref(&entry), &tail);
        assert!(!text.contains("u{5c}"), "{format:?}: {text}");
        let is_lossy = matches!(format, ReportFormat::Openmetrics);
        assert!(is_lossy || text.contains("u{1b}[31mevil"), "{format:?}: {text}");
    }
}

#[test]
fn long_strings_are_cut_and_the_report_is_whole() {
    let long = "\u{1b}x".repeat(100_000);
    let entries = vec![hostile(&long)];
    let tail = tail(&entries);
    for (format, name) in [
        (ReportFormat::Csv, "csv"),
        (ReportFormat::Junit, "junit"),
        (ReportFormat::Html, "html"),
        (ReportFormat::Openmetrics, "openmetrics"),
    ] {
        let text = rendered(format, &head(), &entries, &tail);
        assert!(text.len() < 500_000, "{name}: {}", text.len());
        read_back(name, &text);
    }
}
