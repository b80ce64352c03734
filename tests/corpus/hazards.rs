// SPDX-License-Identifier: Apache-2.0
//! The corpus of OpenPGP hazards: hostile, damaged and unusual messages, each with the reason it must end with.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::outcomes::OUTCOMES;
use crate::support::images::image;
use crate::support::program::{binary, has, word, Sandbox};
use crate::support::skipped;
use crate::support::vectors::{data, text};

/// What the corpus' payloads claim.
const DIGEST: &str = "sha256:abababababababababababababababababababababababababababababababab";
const REFERENCE: &str = "quay.io/example/app:1.0";

/// Good signatures whose payload, which the corpus does not judge, is refused in a later step.
const REFUSED_LATER: [&str; 5] = [
    "gpg-encrypt-then-sign",
    "good-partial",
    "text-literal-t",
    "text-literal-u",
    "payload-evil-ref",
];

/// The corpus was made on this day, and some of its dates lie ahead of it.
const ITS_DAY: &str = "2026-11-22 18:00:00";

/// Messages whose verdict changes with the date.
const DATED: [&str; 5] = [
    "sig-future",
    "key-future",
    "gpg-sign-2030",
    "v3sig-future",
    "sig-expires-later",
];

fn key(stem: &str) -> PathBuf {
    ["asc", "gpg"]
        .iter()
        .map(|extension| data(&format!("corpus/keys/{stem}.{extension}")))
        .find(|path| path.exists())
        .unwrap()
}

fn readme() -> Value {
    serde_json::from_slice(&std::fs::read(data("corpus/README.json")).unwrap()).unwrap()
}

/// The program as if it were that day; `None` where that cannot be done.
fn on(sandbox: &Sandbox, day: Option<&str>) -> Command {
    let Some(day) = day else {
        return sandbox.command();
    };
    let mut command = sandbox.command_of("/usr/bin/faketime".as_ref());
    command.env("TZ", "UTC").args(["-f", &format!("@{day}")]).arg(binary());
    command
}

/// `Verdict/Reason` of a message, or `usage`.
fn judge(sandbox: &Sandbox, message: &str, case: &Value, day: Option<&str>) -> String {
    let blob = std::fs::read(data("corpus/sigs").join(message)).unwrap();
    let object = sandbox.file("image.json", image(DIGEST, &[&blob]).to_string());
    let mut command = on(sandbox, day);
    command.args(["verify", "-o", "json", "--expected-identity", REFERENCE, "-f"]);
    command.arg(object);
    for stem in case["keys"].as_array().unwrap() {
        command.arg("--public-key").arg(key(stem.as_str().unwrap()));
    }
    let outcome = sandbox.finish(&mut command, b"");
    if outcome.status == 2 {
        assert!(outcome.stderr.contains("cannot use key file"), "{outcome:#?}");
        return "usage".to_owned();
    }
    let found = word(&outcome.item()["signatures"][0]);
    let status = i32::from(found != "Verified/Verified");
    assert_eq!(outcome.status, status, "{message}: {found}");
    found
}

#[test]
fn every_hazard_ends_with_its_own_reason() {
    let day = has("faketime").then_some(ITS_DAY);
    if day.is_none() {
        skipped("dated messages of the corpus", "faketime is not installed");
    }
    let sandbox = Sandbox::new();
    let mut failures = Vec::new();
    let mut ran = 0;
    for (message, case) in readme().as_object().unwrap() {
        let name = message.strip_suffix(".sig").unwrap();
        if day.is_none() && DATED.contains(&name) {
            continue;
        }
        ran += 1;
        let expected = OUTCOMES.iter().find(|(_, names)| names.contains(&name));
        let (expected, _) = expected.unwrap_or_else(|| panic!("{name} has no expectation"));
        let found = judge(&sandbox, message, case, day);
        // The corpus' own judgement, made without this program in mind.
        let agrees = match text(case, "strict") {
            "accept" => found == "Verified/Verified" || REFUSED_LATER.contains(&name),
            "reject" => !found.starts_with("Verified"),
            _ => true,
        };
        if found != *expected || !agrees {
            failures.push(format!("{name}: {found}, expected {expected} ({case})"));
        }
    }
    println!("corpus: {ran} messages");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_outcome_is_that_of_a_message_of_the_corpus() {
    let readme = readme();
    let mut named: Vec<&str> = OUTCOMES.iter().flat_map(|(_, names)| *names).copied().collect();
    for name in &named {
        assert!(!readme[format!("{name}.sig")].is_null(), "{name}");
        assert!(Path::new(&data(&format!("corpus/sigs/{name}.sig"))).exists());
    }
    let before = named.len();
    named.sort_unstable();
    named.dedup();
    assert_eq!(named.len(), before, "a message has two outcomes");
}

/// What is of the future on one day is not on another.
#[test]
fn dated_messages_change_their_verdict_with_the_date() {
    if !has("faketime") {
        skipped("dated_messages_change_their_verdict", "faketime is not installed");
        return;
    }
    let sandbox = Sandbox::new();
    let readme = readme();
    for (name, day, expected) in [
        ("sig-future", ITS_DAY, "Rejected/SignatureNotYetValid"),
        ("sig-future", "2026-11-24 00:00:00", "Verified/Verified"),
        ("key-future", ITS_DAY, "Rejected/SignatureNotYetValid"),
        // The key is there then, but younger than the signature that it made.
        ("key-future", "2027-01-01 00:00:00", "Rejected/BadSignature"),
        ("gpg-sign-2030", "2029-12-30 00:00:00", "Rejected/SignatureNotYetValid"),
        ("gpg-sign-2030", "2030-01-02 00:00:00", "Verified/Verified"),
        ("v3sig-future", ITS_DAY, "Rejected/SignatureNotYetValid"),
        ("sig-expires-later", "2030-01-01 00:00:00", "Verified/Verified"),
        ("sig-expires-later", "2041-01-01 00:00:00", "Rejected/SignatureExpired"),
        ("key-expired-now", ITS_DAY, "Rejected/KeyExpired"),
    ] {
        let message = format!("{name}.sig");
        let found = judge(&sandbox, &message, &readme[&message], Some(day));
        assert_eq!(found, expected, "{name} on {day}");
    }
}
