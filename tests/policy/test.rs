// SPDX-License-Identifier: Apache-2.0
//! `policy test`: a table of what a policy is meant to say.

use super::why::{desk, policy, run, SIGNED_BY};
use super::why_objects::openshift;
use crate::support::forge::{now, Draft, Key};

const KEY: &str = "F58D29798CE2022C3F0FA326E5144EDCDD89C95E";

const TABLE: &str = "\
registry.local:5000/foo/bar:v1:
  scope: registry.local:5000/foo
  verdict: Verified
  keys: [F58D 2979 8CE2 022C 3F0F  A326 E514 4EDC DD89 C95E]
quay.io/other/app:v1: {scope: default, verdict: Rejected, keys: []}
a.example/x:1: {verdict: Allowed}
";

/// A sandbox with a policy that is as [`TABLE`] has it.
fn scene() -> crate::support::program::Sandbox {
    let sandbox = desk();
    let scopes = format!(
        "      \"registry.local:5000/foo\": [{SIGNED_BY}],\n      \"a.example\": [{{\"type\": \"insecureAcceptAnything\"}}]"
    );
    sandbox.file("policy.json", policy(&scopes));
    sandbox.file("table.yaml", TABLE);
    sandbox
}

#[test]
fn what_is_as_expected_passes() {
    let sandbox = scene();
    let outcome = sandbox
        .run(["policy", "test", "table.yaml", "--policy", "policy.json"])
        .expect(0);
    let expected = "\
Policy: policy.json
pass registry.local:5000/foo/bar:v1: Verified, scope \"registry.local:5000/foo\"
pass quay.io/other/app:v1: Rejected, scope default
pass a.example/x:1: Allowed, scope \"a.example\"
3 passed, 0 failed
";
    assert_eq!(outcome.stdout, expected);
    // The same table as JSON, and with the policy of this machine.
    let json = format!(
        "{{\"registry.local:5000/foo/bar:v1\": {{\"keys\": [\"0x{}\"]}}}}",
        KEY.to_lowercase()
    );
    sandbox.file("table.json", json);
    sandbox
        .run(["policy", "test", "table.json", "--policy", "policy.json"])
        .expect(0);
    let text = std::fs::read_to_string(sandbox.path("policy.json")).unwrap();
    let key = sandbox.path("release-key.asc");
    sandbox.file(
        "home/.config/containers/policy.json",
        text.replace("release-key.asc", key.to_str().unwrap()),
    );
    // Which policy that is stands first.
    let outcome = sandbox.run(["policy", "test", "table.json"]).expect(0);
    let own = sandbox.path("home/.config/containers/policy.json");
    let own = own.to_str().unwrap();
    assert!(outcome.stdout.starts_with(&format!("Policy: {own}\n")), "{outcome:?}");
    let outcome = sandbox.run(["policy", "test", "table.json", "-o", "json"]).expect(0);
    assert_eq!(outcome.json()["policy"], serde_json::json!([own]));
}

#[test]
fn what_is_not_as_expected_fails() {
    let sandbox = scene();
    sandbox.file(
        "table.yaml",
        TABLE
            .replace("scope: registry.local:5000/foo", "scope: registry.local:5000")
            .replace("verdict: Rejected", "verdict: Allowed")
            .replace("C95E]", "C95F]"),
    );
    let outcome = sandbox
        .run(["policy", "test", "table.yaml", "--policy", "policy.json"])
        .expect(1);
    let expected = format!(
        "\
Policy: policy.json
FAIL registry.local:5000/foo/bar:v1: Verified, scope \"registry.local:5000/foo\"
     table.yaml:1: scope: expected registry.local:5000, found registry.local:5000/foo
     table.yaml:1: keys: expected {}F, found {KEY}
FAIL quay.io/other/app:v1: Rejected, scope default
     table.yaml:5: verdict: expected Allowed, found Rejected
pass a.example/x:1: Allowed, scope \"a.example\"
1 passed, 2 failed
",
        &KEY[..39]
    );
    assert_eq!(outcome.stdout, expected);
    let args = ["policy", "test", "table.yaml", "--policy", "policy.json", "-o"];
    let document = sandbox.run([&args[..], &["json"]].concat()).expect(1).json();
    assert_eq!(document["summary"], serde_json::json!({"passed": 1, "failed": 2}));
    assert_eq!(
        document["items"][1]["failures"][0],
        "verdict: expected Allowed, found Rejected"
    );
    let junit = sandbox.run([&args[..], &["junit"]].concat()).expect(1).stdout;
    assert!(junit.contains("tests=\"3\" failures=\"2\" errors=\"0\""), "{junit}");
    assert!(
        junit.contains("<testcase classname=\"table.yaml\" name=\"quay.io/other/app:v1\">\n      <failure message=\"verdict: expected Allowed, found Rejected\">table.yaml:5</failure>"),
        "{junit}"
    );
    assert!(junit.contains("name=\"a.example/x:1\"/>"), "{junit}");
}

#[test]
fn objects_and_sigstore_keys() {
    let sandbox = desk();
    sandbox.file("cip.json", openshift().to_string());
    // As podman writes it.
    sandbox.file("docker.yaml", "\"docker://quay.io/x:1\": {verdict: Rejected}\n");
    sandbox
        .run(["policy", "test", "docker.yaml", "--policy", "cip.json"])
        .expect(0);
    let digest = "a".repeat(64);
    let table = format!(
        "quay.io/openshift-release-dev/ocp-release@sha256:{digest}:\n  scope: quay.io/openshift-release-dev/ocp-release\n  keys: [\"sha256:1f457ca52f133893a8bb7d88f749197f3b1cb8549eb81e267d1bf661b8565850\"]\nquay.io/x:1: {{verdict: Rejected}}\n"
    );
    sandbox.file("table.yaml", table);
    sandbox
        .run(["policy", "test", "table.yaml", "--policy", "cip.json"])
        .expect(0);
}

#[test]
fn mistakes_in_a_table_are_told_with_their_place() {
    let sandbox = scene();
    let told = |table: &str, message: &str| {
        sandbox.file("table.yaml", table);
        sandbox
            .run(["policy", "test", "table.yaml", "--policy", "policy.json"])
            .expect_usage(message);
    };
    told("a.example/x:1: {verdict: Verifed}\n", "table.yaml: line 1, column 26: [\"a.example/x:1\"].verdict: expected one of Verified, Allowed, Rejected, Unsupported, found \"Verifed\"; did you mean \"Verified\"?");
    told("a.example/x:1: {scop: x}\n", "unknown member; did you mean \"scope\"?");
    told(
        "a.example/x:1: {}\n",
        "expected scope, verdict or keys, found none of them",
    );
    told(
        "a.example/x: {scope: x}\n",
        "\"a.example/x\" has neither tag nor digest; write a.example/x:latest",
    );
    told("A/b:1: {scope: x}\n", "is not a reference");
    for other in [
        "dir:/images/app",
        "docker-daemon:a.example/x:1",
        "containers-storage:a.example/x:1",
    ] {
        let expected =
            "images are verified in the scopes of transport docker, by the reference that is expected of them";
        told(&format!("\"{other}\": {{scope: x}}\n"), expected);
    }
    told(
        "a.example/x:1: {keys: [DD89C95E]}\n",
        "expected a whole fingerprint, or sha256: and 64 hexadecimal digits",
    );
    told(
        "a.example/x:1: {scope: x}\na.example/x:1: {scope: y}\n",
        "table.yaml: line 2",
    );
    told("# nothing\n", "the table has no rows");
    let long = "#".repeat(4 * 1024 * 1024 + 1);
    told(&long, "table.yaml has more than 4194304 bytes");
    told("- a\n", "expected an object");
    sandbox
        .run(["policy", "test", "absent.yaml", "--policy", "policy.json"])
        .expect_usage("reading absent.yaml: No such file or directory");
}

/// What can be Verified depends on keys too: a table says too little where the only key has expired.
#[test]
fn without_a_key_that_is_accepted_nothing_is_verified() {
    let sandbox = desk();
    let old = Key::with(2048, now() - 1_000_000);
    let draft = Draft::certification(&old).flags(3).expires_after(9, 1000);
    sandbox.file("expired.asc", old.certificate_with("Old", &draft));
    let requirement = |keys: &str| {
        let scope = format!("      \"quay.io\": [{{\"type\": \"signedBy\", \"keyType\": \"GPGKeys\", {keys}}}]");
        sandbox.file("policy.json", policy(&scope));
    };
    let table = |verdict: &str| {
        sandbox.file("table.yaml", format!("quay.io/a:1: {{verdict: {verdict}}}\n"));
        sandbox.run(["policy", "test", "table.yaml", "--policy", "policy.json"])
    };
    let why = || {
        let outcome = sandbox.run(["policy", "why", "quay.io/a:1", "policy.json", "-o", "json"]);
        outcome.expect(0).item()["verdict"].as_str().unwrap().to_owned()
    };
    requirement("\"keyPath\": \"expired.asc\"");
    let outcome = table("Verified").expect(1);
    assert!(
        outcome.stdout.contains("verdict: expected Verified, found Rejected"),
        "{outcome:?}"
    );
    table("Rejected").expect(0);
    assert_eq!(why(), "Rejected");
    requirement("\"keyPaths\": [\"expired.asc\", \"release-key.asc\"]");
    table("Verified").expect(0);
    assert_eq!(why(), "Verified");
}

/// A file that cannot be used says nothing of its keys, and nothing is promised for it.
#[test]
fn a_key_file_that_cannot_be_used_promises_nothing() {
    let sandbox = desk();
    sandbox.file("empty.asc", "");
    for (file, what) in [
        ("nowhere.asc", "reading key file nowhere.asc: No such file or directory"),
        ("empty.asc", "key file empty.asc: "),
    ] {
        let scope = format!(
            "      \"quay.io\": [{{\"type\": \"signedBy\", \"keyType\": \"GPGKeys\", \"keyPath\": \"{file}\"}}]"
        );
        sandbox.file("policy.json", policy(&scope));
        let table = |row: &str| {
            sandbox.file("table.yaml", format!("quay.io/a:1: {{{row}}}\n"));
            sandbox.run(["policy", "test", "table.yaml", "--policy", "policy.json"])
        };
        for row in ["verdict: Verified", "keys: []"] {
            let outcome = table(row).expect(3);
            assert!(
                outcome.stdout.contains("FAIL quay.io/a:1: Rejected, scope"),
                "{outcome:?}"
            );
            assert!(outcome.stderr.contains(what), "{outcome:?}");
            assert_eq!(outcome.stderr.matches(file).count(), 1, "{outcome:?}");
        }
        // A row that asks for neither is answered, as policy why does.
        let outcome = table("scope: quay.io").expect(0);
        assert!(
            outcome.stdout.contains("pass quay.io/a:1: Rejected, scope"),
            "{outcome:?}"
        );
    }
}

/// An identity rule that no signature of the image can fit, whatever its keys.
#[test]
fn what_no_signature_fits_is_not_promised() {
    let sandbox = desk();
    let of = |digit: &str| format!("r.example/app@sha256:{}", digit.repeat(64));
    let signed_by = SIGNED_BY.trim_end_matches('}');
    let exact = format!("{{\"type\": \"exactReference\", \"dockerReference\": \"{}\"}}", of("2"));
    let remap = "{\"type\": \"remapIdentity\", \"prefix\": \"r.example/ns/app\", \"signedPrefix\": \"up.example\"}";
    let scopes = format!(
        "      \"r.example/app\": [{signed_by}, \"signedIdentity\": {exact}}}],\n      \"r.example/ns\": [{signed_by}, \"signedIdentity\": {remap}}}]"
    );
    sandbox.file("policy.json", policy(&scopes));
    for (reference, verdict) in [
        // Its digest may be that of a list in which the other one is.
        (of("1"), "Verified"),
        (of("2"), "Verified"),
        ("r.example/app:v1".to_owned(), "Verified"),
        ("r.example/ns/app:v1".to_owned(), "Rejected"),
        ("r.example/ns/app/x:v1".to_owned(), "Verified"),
    ] {
        for expected in ["Rejected", "Verified"] {
            sandbox.file("table.yaml", format!("{reference}: {{verdict: {expected}}}\n"));
            let status = i32::from(expected != verdict);
            sandbox
                .run(["policy", "test", "table.yaml", "--policy", "policy.json"])
                .expect(status);
        }
        let told = run(&sandbox, &["why", &reference, "policy.json", "-o", "json"]).expect(0);
        let item = &told.json()["items"][0];
        assert_eq!(item["verdict"], verdict, "{reference}");
        let examples = item["requirements"][0]["identity"]["examples"].as_array().unwrap();
        let is_accepted = examples.iter().any(|example| example["accepted"] == true);
        assert_eq!(is_accepted, verdict == "Verified", "{reference}: {examples:?}");
    }
}

/// The other commands take the policy as an argument.
#[test]
fn a_policy_as_an_argument_is_told_to_be_an_option() {
    let sandbox = scene();
    sandbox
        .run(["policy", "test", "table.yaml", "policy.json"])
        .expect_usage(
            "policy.json: policy test takes the policy as an option: image-signature policy test TABLE --policy FILE",
        );
    let help = sandbox.run(["policy", "test", "--help"]).expect(0).stdout;
    assert!(help.contains("policy test [OPTIONS] <TABLE>"), "{help}");
}

/// Whoever swaps the two is told which is which.
#[test]
fn swapped_arguments_are_told_with_the_order_that_is_meant() {
    let sandbox = scene();
    sandbox
        .run(["policy", "test", "policy.json", "--policy", "table.yaml"])
        .expect_usage("policy.json is a policy, not a table of what it is meant to say; write the table first: image-signature policy test TABLE --policy policy.json");
    sandbox
        .run(["policy", "why", "policy.json", "quay.io/a/b:1"])
        .expect_usage("\"policy.json\" is a file, not an image; write the image first: image-signature policy why quay.io/a/b:1 policy.json");
    sandbox
        .run(["policy", "why", "policy.json"])
        .expect_usage("write the image first: image-signature policy why REF policy.json");
}

/// What a table expects of sigstore signatures holds only where somebody looks for them.
#[test]
fn rows_whose_sigstore_signatures_nobody_looks_for() {
    let sandbox = desk();
    std::fs::write(sandbox.path("a.pub"), super::lint_machine::public_key()).unwrap();
    let rule = "{\"type\": \"sigstoreSigned\", \"keyPath\": \"a.pub\"}";
    let scopes = format!("      \"quay.io\": [{rule}],\n      \"r.example\": [{SIGNED_BY}]");
    sandbox.file("policy.json", policy(&scopes));
    sandbox.file(
        "t.yaml",
        "quay.io/ns/a:v1: {verdict: Verified}\nr.example/a:v1: {verdict: Verified}\n",
    );
    let test = ["test", "t.yaml", "--policy", "policy.json"];
    let note = "note: quay.io/ns/a:v1: from a registry an image here is Verified only if a lookaside store has its sigstore signature: no place is asked for sigstore attachments; registries.d needs use-sigstore-attachments: true for quay.io/ns/a\n";
    assert_eq!(run(&sandbox, &test).expect(0).stderr, note);
    sandbox.file(
        "registries.d/a.yaml",
        "docker: {quay.io: {use-sigstore-attachments: true}}",
    );
    assert_eq!(run(&sandbox, &test).expect(0).stderr, "");
    sandbox.file("registries.d/a.yaml", "[");
    let stderr = run(&sandbox, &test).expect(0).stderr;
    assert!(
        stderr.starts_with("note: it is unknown whether sigstore signatures are looked for: "),
        "{stderr}"
    );
    // Without the configuration of a machine nothing is known of it.
    assert_eq!(sandbox.run([&["policy"], &test[..]].concat()).expect(0).stderr, "");
}

/// YAML takes more memory than JSON for as many rows.
#[test]
fn a_table_in_yaml_may_have_as_many_rows_as_one_in_json() {
    let sandbox = scene();
    let row = |n: usize| format!("a.example/n{n}/x:1: {{scope: a.example, verdict: Allowed}}\n");
    let table: String = (0..10_000).map(row).collect();
    sandbox.file("long.yaml", &table);
    let args = ["policy", "test", "long.yaml", "--policy", "policy.json"];
    let outcome = sandbox.run(args).expect(0);
    assert!(outcome.stdout.ends_with("10000 passed, 0 failed\n"));
    sandbox.file("long.yaml", table + &row(10_000));
    let outcome = sandbox.run(args).expect(2);
    assert!(outcome.stderr.contains("10000"), "{outcome:?}");
}
