// SPDX-License-Identifier: Apache-2.0
//! A GnuPG that gives no answer: nothing is known of keys then, and nothing is promised of them or found in order.

use std::process::Command;

use super::why::{desk, policy, REF, SIGNED_BY};
use crate::support::forge::{now, Key};
use crate::support::program::{Outcome, Sandbox};
use crate::support::skipped;
use crate::support::system::{mounts_are_permitted, why_not, System};

/// The scope of the image that is asked about.
const HOST: &str = "registry.local:5000";

/// The program with a gpg that says which it is, and fails then.
fn system(sandbox: &Sandbox) -> Command {
    let real = sandbox.copy_of("/usr/bin/gpg", "real-gpg");
    let real = real.display();
    let text = format!("#!/bin/sh\ncase \"$*\" in *--version*) exec {real} \"$@\";; esac\nexit 2\n");
    let fake = sandbox.program("fake-gpg", text);
    System::new().replace("/usr/bin/gpg", &fake).command(sandbox)
}

/// `policy ARGS` with it.
fn without_gpg(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    let mut command = system(sandbox);
    command.arg("policy").args(args);
    command.args(["--registries-conf", "registries.conf", "--registries.d", "registries.d"]);
    sandbox.finish(&mut command, b"")
}

/// A desk with a policy whose only key is revoked.
fn scene() -> Sandbox {
    let sandbox = desk();
    let key = Key::new();
    sandbox.file("old.gpg", key.revoked("Old", 2, now() - 10));
    let requirement = SIGNED_BY.replace("release-key.asc", "old.gpg");
    sandbox.file("policy.json", policy(&format!("      \"{HOST}\": [{requirement}]")));
    sandbox
}

#[test]
fn nothing_is_promised_of_keys_that_gpg_was_not_asked_about() {
    if !mounts_are_permitted() {
        return skipped("policy why without gpg", why_not());
    }
    let sandbox = scene();
    let asked = super::why::run(&sandbox, &["why", REF, "policy.json"]).expect(0);
    assert!(asked.stdout.contains("At best an image here is Rejected."), "{asked:?}");

    let outcome = without_gpg(&sandbox, &["why", REF, "policy.json"]).expect(3);
    let words = outcome.words();
    for expected in [
        "What an image here can get at best is unknown: GnuPG could not be asked.",
        "old.gpg its keys are unknown: GnuPG could not be asked: ",
    ] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
    assert!(!words.contains("At best an image here is"), "{words}");
    assert!(outcome.stderr.starts_with("error: "), "{outcome:?}");
    let outcome = without_gpg(&sandbox, &["why", REF, "policy.json", "-o", "json"]).expect(3);
    let item = outcome.item();
    assert_eq!(item["verdict"], serde_json::Value::Null, "{item}");
    let source = &item["requirements"][0]["keySources"][0];
    let message = source["message"].as_str().unwrap();
    assert!(message.contains("GnuPG could not be asked"), "{source}");

    // What does not depend on keys is said.
    for (scopes, verdict) in [
        (
            r#"      "": [{"type": "insecureAcceptAnything"}]"#.to_owned(),
            "Allowed",
        ),
        (
            format!("      \"\": [{SIGNED_BY}, {{\"type\": \"reject\"}}]"),
            "Rejected",
        ),
    ] {
        sandbox.file("policy.json", policy(&scopes));
        let outcome = without_gpg(&sandbox, &["why", REF, "policy.json", "-o", "json"]);
        assert_eq!(outcome.item()["verdict"], verdict, "{outcome:?}");
    }
}

#[test]
fn keys_that_gpg_was_not_asked_about_are_not_without_findings() {
    if !mounts_are_permitted() {
        return skipped("policy lint without gpg", why_not());
    }
    let sandbox = scene();
    let found = |outcome: &Outcome| outcome.json()["items"].as_array().unwrap().len();
    let asked = super::why::run(&sandbox, &["lint", "policy.json", "-o", "json"]).expect(1);
    assert_eq!(asked.json()["trouble"], serde_json::json!([]), "{asked:?}");

    // Beside what is found without gpg: the path of the file is relative.
    let outcome = without_gpg(&sandbox, &["lint", "policy.json", "-o", "json"]).expect(3);
    assert!(found(&outcome) < found(&asked), "{outcome:?}");
    let trouble = outcome.json()["trouble"].to_string();
    assert!(
        trouble.contains("keys are unknown: GnuPG could not be asked"),
        "{outcome:?}"
    );
    let outcome = without_gpg(&sandbox, &["lint", "policy.json"]).expect(3);
    assert!(
        outcome
            .stdout
            .contains("1 finding: warning\nNot complete: keys are unknown: "),
        "{outcome:?}"
    );

    let key = sandbox.path("old.gpg");
    let requirement = SIGNED_BY.replace("release-key.asc", key.to_str().unwrap());
    sandbox.file("policy.json", policy(&format!("      \"{HOST}\": [{requirement}]")));
    let outcome = without_gpg(&sandbox, &["lint", "policy.json"]).expect(3);
    assert!(outcome.stdout.starts_with("Not complete: "), "{outcome:?}");
    assert!(!outcome.stdout.contains("No findings"), "{outcome:?}");
    // A file that is not there is found all the same.
    let requirement = SIGNED_BY.replace("release-key.asc", "/absent.asc");
    let scopes = format!(
        "      \"a.example\": [{requirement}],\n      \"\": [{}]",
        SIGNED_BY.replace("release-key.asc", key.to_str().unwrap())
    );
    sandbox.file("policy.json", policy(&scopes));
    let outcome = without_gpg(&sandbox, &["lint", "policy.json"]).expect(3);
    assert!(outcome.stdout.contains("KeyUnreadable"), "{outcome:?}");
}

#[test]
fn a_table_does_not_pass_without_an_answer_about_keys() {
    if !mounts_are_permitted() {
        return skipped("policy test without gpg", why_not());
    }
    let sandbox = scene();
    for expected in ["Verified", "Rejected"] {
        sandbox.file("table.yaml", format!("{REF}: {{verdict: {expected}}}\n"));
        let mut command = system(&sandbox);
        command.args(["policy", "test", "table.yaml", "--policy", "policy.json", "-o", "json"]);
        let outcome = sandbox.finish(&mut command, b"").expect(3);
        let row = &outcome.json()["items"][0];
        assert_eq!(row["verdict"], serde_json::Value::Null, "{row}");
        assert_eq!(row["result"], "fail", "{row}");
    }
}
