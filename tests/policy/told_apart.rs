// SPDX-License-Identifier: Apache-2.0
//! What is left out is not what is empty, and what is short is not what is whole: tables, references and files.

use serde_json::json;

use super::why::{desk, policy, run, SIGNED_BY};
use crate::support::program::{Outcome, Sandbox};
use crate::support::skipped;
use crate::support::system::{mounts_are_permitted, why_not, System};

fn test(sandbox: &Sandbox, table: &str) -> Outcome {
    sandbox.file("table.yaml", table);
    sandbox.run(["policy", "test", "table.yaml", "--policy", "policy.json"])
}

#[test]
fn a_scope_without_a_value_is_not_the_scope_of_all_images() {
    let sandbox = desk();
    sandbox.file("policy.json", policy(&format!("      \"\": [{SIGNED_BY}]")));
    for table in [
        "a.b/c:1:\n  scope:\n",
        "a.b/c:1: {scope: null}\n",
        "{\"a.b/c:1\": {\"scope\": null}}",
    ] {
        test(&sandbox, table).expect_usage("[\"a.b/c:1\"].scope: expected a scope, found null");
    }
    test(&sandbox, "a.b/c:1: {scope: \"\"}\n").expect(0);
    let outcome = test(&sandbox, "a.b/c:1: {scope: none}\n").expect(1);
    assert!(
        outcome.stdout.contains("scope: expected none, found \"\"\n"),
        "{outcome:?}"
    );
    let outcome = test(&sandbox, "a.b/c:1: {keys: []}\n").expect(1);
    assert!(
        outcome.stdout.contains("keys: expected none, found F58D"),
        "{outcome:?}"
    );
}

/// A row that asks for no keys is not said to fail for them.
#[test]
fn a_row_says_which_of_its_members_depends_on_a_key_file() {
    let sandbox = desk();
    let absent = SIGNED_BY.replace("release-key", "absent");
    sandbox.file("policy.json", policy(&format!("      \"quay.io\": [{absent}]")));
    for (row, member) in [
        ("quay.io/a:1: {verdict: Verified}", "verdict"),
        ("r.example/a:1: {scope: default, verdict: Rejected}", "verdict"),
        ("quay.io/a:1: {verdict: Verified, keys: []}", "keys"),
        ("r.example/a:1: {keys: []}", "keys"),
    ] {
        let outcome = test(&sandbox, row).expect(3);
        let told = format!("     table.yaml:1: {member}: ");
        let lines: Vec<&str> = outcome.stdout.lines().filter(|line| line.starts_with(' ')).collect();
        assert!(lines.iter().any(|line| line.starts_with(&told)), "{row}: {outcome:?}");
        assert!(outcome.stderr.contains("absent.asc"), "{outcome:?}");
    }
    test(&sandbox, "r.example/a:1: {scope: default}").expect(0);
}

/// podman looks for such a name by its search list; verify says so as well.
#[test]
fn a_reference_without_a_registry_is_not_taken_without_a_word() {
    let sandbox = desk();
    sandbox.file("policy.json", policy(&format!("      \"\": [{SIGNED_BY}]")));
    let said = "names no registry, and docker.io is taken for it, whatever search list podman has: write docker://docker.io/library/busybox:1";
    for name in ["busybox:1", "docker://busybox:1", "library/busybox:1"] {
        let words = run(&sandbox, &["why", name, "policy.json"]).expect(0).words();
        assert!(words.contains(&format!("Note: {name} {said}")), "{words}");
        let item = run(&sandbox, &["why", name, "policy.json", "-o", "json"])
            .expect(0)
            .item();
        assert_eq!(item["notes"][0], json!(format!("{name} {said}")));
        let outcome = test(&sandbox, &format!("\"{name}\": {{verdict: Verified}}\n")).expect(0);
        assert_eq!(outcome.stderr, format!("warning: {name} {said}\n"));
    }
    for name in [
        "docker.io/library/busybox:1",
        "index.docker.io/library/busybox:1",
        "quay.io/a:1",
    ] {
        let outcome = run(&sandbox, &["why", name, "policy.json"]).expect(0);
        assert!(!outcome.words().contains("names no registry"), "{outcome:?}");
        let outcome = test(&sandbox, &format!("{name}: {{verdict: Verified}}\n")).expect(0);
        assert_eq!(outcome.stderr, "");
    }
    let rows: Vec<String> = (0..20).map(|n| format!("app{n}:1: {{verdict: Verified}}\n")).collect();
    let outcome = test(&sandbox, &rows.concat()).expect(0);
    assert_eq!(outcome.stderr.lines().count(), 9, "{outcome:?}");
    assert!(
        outcome
            .stderr
            .ends_with("warning: 12 more references name no registry\n"),
        "{outcome:?}"
    );
}

#[test]
fn what_is_json_is_not_said_to_be_something_else() {
    let sandbox = desk();
    for (text, found) in [
        ("[]", "an array"),
        ("null", "null"),
        ("5", "a number"),
        (" \"x\"", "a string"),
        ("true", "a boolean"),
    ] {
        sandbox.file("policy.json", text);
        let outcome = run(&sandbox, &["why", "quay.io/a:1", "policy.json"]);
        let outcome = outcome.expect_usage(&format!("expected an object, found {found}"));
        assert!(!outcome.stderr.contains("YAML"), "{outcome:?}");
    }
    for text in ["default: []\n", "version: 1\n"] {
        sandbox.file("policy.json", text);
        let outcome = run(&sandbox, &["why", "quay.io/a:1", "policy.json"]);
        outcome.expect_usage(
            "the file does not begin as JSON does (only API objects, with apiVersion and kind, may be YAML)",
        );
    }
}

#[test]
fn a_machine_without_a_policy_says_where_it_was_looked_for() {
    if !mounts_are_permitted() {
        return skipped("a machine without a policy", why_not());
    }
    let sandbox = desk();
    std::fs::create_dir(sandbox.path("nothing")).unwrap();
    sandbox.file("table.yaml", "quay.io/a:1: {verdict: Verified}\n");
    sandbox.file(
        "image.json",
        crate::support::images::image(crate::support::images::D1, &[]).to_string(),
    );
    let said = "there is no policy on this machine; looked for ";
    for (args, said) in [
        (&["policy", "why", "quay.io/a:1"][..], said),
        (&["policy", "lint"], said),
        (&["policy", "test", "table.yaml"], said),
        (
            &[
                "verify",
                "-f",
                "image.json",
                "--system-policy",
                "--expected-identity",
                "quay.io/a:1",
            ],
            "--system-policy: this machine has no policy: none of ",
        ),
    ] {
        let places = ["/etc/containers", "/usr/share/containers"];
        let there = places.into_iter().filter(|place| std::path::Path::new(place).is_dir());
        let system = there.fold(System::new(), |system, place| {
            system.replace(place, &sandbox.path("nothing"))
        });
        let mut command = system.command(&sandbox);
        command.args(args);
        let outcome = sandbox.finish(&mut command, b"").expect(2);
        assert!(outcome.stderr.contains(said), "{outcome:?}");
        for place in places {
            assert!(outcome.stderr.contains(&format!("{place}/policy.json")), "{outcome:?}");
        }
    }
}

/// The commonest slip in JSON, which other formats take.
#[test]
fn a_comma_before_the_end_is_called_one() {
    let sandbox = desk();
    for (text, said) in [
        (
            "{\"default\": [{\"type\": \"reject\"}],}",
            "no comma is allowed before the closing brace",
        ),
        (
            "{\"default\": [{\"type\": \"reject\"},]}",
            "no comma is allowed before the closing bracket",
        ),
    ] {
        sandbox.file("policy.json", text);
        run(&sandbox, &["why", "quay.io/a:1", "policy.json"]).expect_usage(said);
    }
    for text in ["{\"default\": ]", "{,}", "{\"default\": [{\"type\": \"reject\"}], 5}"] {
        sandbox.file("policy.json", text);
        let outcome = run(&sandbox, &["why", "quay.io/a:1", "policy.json"]).expect(2);
        assert!(!outcome.stderr.contains("comma"), "{outcome:?}");
    }
}

#[test]
fn the_word_for_the_default_is_asked_for_in_lower_case() {
    let sandbox = desk();
    sandbox.file("policy.json", policy(&format!("      \"quay.io\": [{SIGNED_BY}]")));
    let outcome = test(&sandbox, "a.example/b:1: {scope: Default}\n").expect(1);
    let said = "scope: expected Default, found default; did you mean default?\n";
    assert!(outcome.stdout.contains(said), "{outcome:?}");
    let outcome = test(&sandbox, "a.example/b:1: {scope: quay.io}\n").expect(1);
    assert!(!outcome.stdout.contains("did you mean"), "{outcome:?}");
}
