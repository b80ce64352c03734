// SPDX-License-Identifier: Apache-2.0
//! What others wrote is escaped where it is printed, and once: so it can be found in the file.

use serde_json::json;

use super::why::desk;
use crate::support::program::Outcome;

/// Both streams, in one line.
fn told(outcome: &Outcome) -> String {
    let words = outcome.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{} {words}", outcome.words())
}

#[track_caller]
fn escaped_once(outcome: &Outcome, parts: &[&str]) {
    let told = told(outcome);
    for part in parts {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("\\u{5c}"), "escaped twice: {told}");
    assert!(!told.contains('\u{1b}'), "{told}");
}

#[test]
fn strings_of_others_are_escaped_once_in_every_command() {
    let sandbox = desk();
    let absent = sandbox.path("k\u{1b}ey/absent").to_str().unwrap().to_owned();
    let signed = |path: &str| json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": path});
    let policy = json!({
        "default": [{"type": "reject"}],
        "transports": {
            "docker": {"r.example/\u{1b}": [{"type": "reject"}], "r.example": [signed(&absent), signed("rel\u{1b}")]},
            "tr\u{1b}": {"": [{"type": "reject"}]},
        },
    });
    sandbox.file("p\u{1b}.json", policy.to_string());
    escaped_once(
        &sandbox.run(["policy", "lint", "p\u{1b}.json"]).expect(1),
        &[
            "p\\u{1b}.json:1:",
            "transports.docker[\"r.example/\\u{1b}\"]: ",
            "k\\u{1b}ey/absent: No such file",
            "\"rel\\u{1b}\" is relative",
            "transports[\"tr\\u{1b}\"]",
            "there is no transport \"tr\\u{1b}\"",
        ],
    );
    let why = ["policy", "why", "r.example/app:v1", "p\u{1b}.json"];
    escaped_once(
        &sandbox.run(why).expect(0),
        &["p\\u{1b}.json, line 1", "reading key file rel\\u{1b}: No such file"],
    );
    let row = format!(
        "r.example/app:v1: {{scope: \"x\\e\", keys: [\"{}\"]}}\n",
        "a".repeat(40)
    );
    sandbox.file("t\u{1b}.yaml", row);
    let test = ["policy", "test", "t\u{1b}.yaml", "--policy", "p\u{1b}.json"];
    let outcome = sandbox.run(test);
    escaped_once(&outcome, &["t\\u{1b}.yaml", "k\\u{1b}ey/absent"]);
    // What breaks the format.
    let broken = json!({"default": [{"type": "reject", "x\u{1b}": 1}]}).to_string();
    sandbox.file("broken.json", broken);
    for (args, status) in [
        (&["lint", "broken.json"][..], 1),
        (&["why", "r.example/a:1", "broken.json"], 2),
    ] {
        let outcome = sandbox.run([&["policy"], args].concat()).expect(status);
        escaped_once(&outcome, &["default[0][\"x\\u{1b}\"]: unknown member"]);
    }
}

/// A sentence with several names in it is longer than any of them.
#[test]
fn long_sentences_of_explanations_are_not_cut() {
    let sandbox = desk();
    let repository = format!("r.example/{}", "long-name/".repeat(20));
    let repository = repository.trim_end_matches('/');
    let rule = json!({
        "type": "signedBy", "keyType": "GPGKeys", "keyPath": "release-key.asc",
        "signedIdentity": {"type": "matchRepository"},
    });
    let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": {"r.example": [rule]}}});
    sandbox.file("policy.json", policy.to_string());
    sandbox.file(
        "registries.conf",
        "[[registry]]\nlocation = \"r.example\"\n[[registry.mirror]]\nlocation = \"m.example\"\n",
    );
    let reference = format!("{repository}:v1");
    let outcome = super::why::run(&sandbox, &["why", &reference, "policy.json", "--mirrors"]).expect(0);
    let told = told(&outcome);
    assert!(told.contains("accepts any tag or none"), "{told}");
    assert!(!told.contains('\u{2026}'), "{told}");
}

/// Documents have the names of files as they are, as those of other commands: their writer escapes what moves a terminal.
#[test]
fn names_of_files_are_exact_in_documents() {
    let sandbox = desk();
    let long = format!("{}/{}", "l".repeat(200), "m".repeat(200));
    for name in ["p\u{1b}\u{202e}.json", &long] {
        let parent = sandbox.path(name).parent().unwrap().to_owned();
        std::fs::create_dir_all(parent).unwrap();
        sandbox.file(
            name,
            json!({"default": [{"type": "insecureAcceptAnything"}]}).to_string(),
        );
        let table = format!("{name}.yaml");
        sandbox.file(&table, "r.example/app:v1: {verdict: Allowed}\n");
        let document = |args: &[&str]| {
            let outcome = sandbox.run([&["policy"], args, &["-o", "json"]].concat()).expect(0);
            assert!(!outcome.stdout.contains(['\u{1b}', '\u{202e}']), "{outcome:?}");
            outcome.json()
        };
        let lint = document(&["lint", name]);
        assert_eq!(
            (&lint["files"], &lint["items"][0]["place"]["file"]),
            (&json!([name]), &json!(name))
        );
        let why = document(&["why", "r.example/app:v1", name]);
        assert_eq!(why["items"][0]["files"], json!([name]));
        let test = document(&["test", &table, "--policy", name]);
        assert_eq!((&test["file"], &test["policy"]), (&json!(table), &json!([name])));
    }
}
