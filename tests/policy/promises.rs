// SPDX-License-Identifier: Apache-2.0
//! What `policy why`, `test` and `lint` say is what `verify` does: nothing is promised that it refuses.

use serde_json::{json, Value};

use crate::support::cosign::Cosign;
use crate::support::desk::by_policy;
use crate::support::desk::{Desk, IDENTITY};
use crate::support::forge::{now, Draft, Key};
use crate::support::program::Outcome;

fn signed_by(files: &[&str]) -> Value {
    json!({"type": "signedBy", "keyType": "GPGKeys", "keyPaths": files})
}

fn fulcio() -> Value {
    json!({"type": "sigstoreSigned", "fulcio": {"caData": "YWJj", "oidcIssuer": "https://i.example",
        "subjectEmail": "a@example.com"}, "rekorPublicKeyData": "YWJj"})
}

/// Writes a policy with these scopes beside a signed image.
fn desk(scopes: &Value) -> Desk {
    let desk = Desk::new();
    desk.put("image.json", desk.signed().to_string());
    put(&desk, scopes);
    desk
}

fn put(desk: &Desk, scopes: &Value) {
    let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": scopes}});
    desk.put("policy.json", policy.to_string());
}

fn verify(desk: &Desk) -> Outcome {
    let args = ["verify", "-f", "image.json", "--policy", "policy.json", "-o", "json"];
    desk.sandbox
        .run([&args[..], &["--expected-identity", IDENTITY]].concat())
}

/// The verdict that `policy why` names, which `policy test` must have too.
fn promised(desk: &Desk) -> String {
    let outcome = desk
        .sandbox
        .run(["policy", "why", IDENTITY, "policy.json", "-o", "json"])
        .expect(0);
    let verdict = outcome.item()["verdict"].as_str().unwrap().to_owned();
    desk.put("table.yaml", format!("{IDENTITY}: {{verdict: Verified}}\n"));
    let test = desk
        .sandbox
        .run(["policy", "test", "table.yaml", "--policy", "policy.json", "-o", "json"]);
    assert_eq!(test.json()["items"][0]["verdict"], verdict.as_str(), "{test:?}");
    assert_eq!(test.status == 0, verdict == "Verified", "{test:?}");
    verdict
}

#[test]
fn a_revocation_in_the_file_of_another_scope_counts() {
    let desk = Desk::new();
    let key = Key::new();
    desk.put("good.asc", key.certificate("Good"));
    desk.put("revoked.asc", key.revoked("Good", 2, now() - 10));
    put(&desk, &json!({"registry.local:5000": [signed_by(&["good.asc"])]}));
    assert_eq!(promised(&desk), "Verified");
    put(
        &desk,
        &json!({"registry.local:5000": [signed_by(&["good.asc"])], "a.example": [signed_by(&["revoked.asc"])]}),
    );
    assert_eq!(promised(&desk), "Rejected");
    desk.put("table.yaml", format!("{IDENTITY}: {{keys: []}}\n"));
    desk.sandbox
        .run(["policy", "test", "table.yaml", "--policy", "policy.json"])
        .expect(0);
    let lint = desk
        .sandbox
        .run(["policy", "lint", "policy.json", "-o", "json"])
        .expect(1)
        .json();
    let of_good = |item: &&Value| item["code"] == "KeyNotAccepted" && item["message"].to_string().contains("good.asc");
    assert!(
        lint["items"].as_array().unwrap().iter().any(|item| of_good(&item)),
        "{lint}"
    );
    // What cannot be read may have a revocation in it.
    put(
        &desk,
        &json!({"registry.local:5000": [signed_by(&["good.asc"])], "a.example": [signed_by(&["absent.asc"])]}),
    );
    assert_eq!(promised(&desk), "Rejected");
    let said = "scope \"a.example\" of policy policy.json, requirement 1 (";
    let why = "reading key file absent.asc: No such file or directory";
    let outcome = desk.sandbox.run(["policy", "why", IDENTITY, "policy.json"]).expect(0);
    assert!(
        outcome.words().contains(said) && outcome.words().contains(why),
        "{outcome:?}"
    );
    let outcome = desk
        .sandbox
        .run(["policy", "test", "table.yaml", "--policy", "policy.json"])
        .expect(3);
    assert!(
        outcome.stderr.contains(said) && outcome.stderr.contains(why),
        "{outcome:?}"
    );
    // A row that asks for neither verdict nor keys is answered.
    desk.put(
        "table.yaml",
        format!("{IDENTITY}: {{scope: \"registry.local:5000\"}}\n"),
    );
    let outcome = desk
        .sandbox
        .run(["policy", "test", "table.yaml", "--policy", "policy.json"])
        .expect(0);
    assert!(outcome.stderr.contains(why), "{outcome:?}");
}

#[test]
fn one_key_file_that_cannot_be_used_keeps_all_from_being_verified() {
    let desk = desk(&json!({"registry.local:5000": [signed_by(&["key.gpg"])]}));
    assert_eq!(promised(&desk), "Verified");
    verify(&desk).expect(0);
    for file in ["absent.asc", "empty.asc"] {
        desk.put("empty.asc", "");
        put(&desk, &json!({"registry.local:5000": [signed_by(&["key.gpg", file])]}));
        verify(&desk).expect(2);
        assert_eq!(promised(&desk), "Rejected", "{file}");
    }
}

#[test]
fn what_is_not_checked_does_not_hide_what_is_not_met() {
    let desk = desk(&json!({}));
    let past = Key::with(2048, now() - 1_000_000);
    let expired = Draft::certification(&past).flags(3).expires_after(9, 1000);
    desk.put("expired.asc", past.certificate_with("Past", &expired));
    for (requirements, verdict) in [
        (json!([signed_by(&["expired.asc"]), fulcio()]), "Rejected"),
        (json!([fulcio(), signed_by(&["expired.asc"])]), "Rejected"),
        (json!([signed_by(&["key.gpg"]), fulcio()]), "Unsupported"),
        // Of what is not checked the keys are not read.
        (
            json!([{"type": "sigstoreSigned", "keyPath": "absent.pub", "rekorPublicKeyData": "YWJj"}]),
            "Unsupported",
        ),
    ] {
        put(&desk, &json!({"registry.local:5000": requirements}));
        assert_eq!(verify(&desk).item()["verdict"], verdict, "{requirements}");
        assert_eq!(promised(&desk), verdict, "{requirements}");
    }
}

/// `oc get clusterimagepolicies -o json` of a cluster that has none.
#[test]
fn a_file_without_any_object_is_not_the_policy_of_this_machine() {
    let desk = Desk::new();
    let empty =
        json!({"apiVersion": "config.openshift.io/v1", "kind": "ClusterImagePolicyList", "metadata": {}, "items": []});
    desk.put("empty.json", empty.to_string());
    desk.put(
        "home/.config/containers/policy.json",
        r#"{"default": [{"type": "insecureAcceptAnything"}]}"#,
    );
    desk.put("table.yaml", format!("{IDENTITY}: {{verdict: Allowed}}\n"));
    for args in [
        &["policy", "why", IDENTITY, "empty.json"][..],
        &["policy", "lint", "empty.json"],
        &["policy", "test", "table.yaml", "--policy", "empty.json"],
    ] {
        desk.sandbox
            .run(args.iter().copied())
            .expect_usage("empty.json: there is no ClusterImagePolicy, ImagePolicy or mirror set");
    }
}

#[test]
fn one_object_with_different_content_in_two_files_is_refused() {
    let desk = Desk::new();
    let object = |scopes: &[&str], key: &Cosign| {
        json!({
            "apiVersion": "config.openshift.io/v1", "kind": "ClusterImagePolicy", "metadata": {"name": "own"},
            "spec": key.policy_spec(scopes),
        })
    };
    let (one, other) = (Cosign::new(), Cosign::new());
    desk.put("a.json", object(&["quay.io"], &one).to_string());
    desk.put("same.json", object(&["quay.io"], &one).to_string());
    for changed in [object(&["quay.io"], &other), object(&["quay.io/ns"], &one)] {
        desk.put("b.json", changed.to_string());
        for args in [
            &["policy", "why", IDENTITY, "a.json", "b.json"][..],
            &["policy", "lint", "a.json", "b.json"],
        ] {
            let said = "\"ClusterImagePolicy/own\" occurs in a.json and in b.json with different content; keep one";
            desk.sandbox.run(args.iter().copied()).expect_usage(said);
        }
    }
    // The same object twice is one, and one requirement.
    let outcome = desk
        .sandbox
        .run(["policy", "why", "quay.io/a:1", "a.json", "same.json", "-o", "json"])
        .expect(0);
    assert_eq!(
        outcome.item()["requirements"].as_array().unwrap().len(),
        1,
        "{outcome:?}"
    );
    desk.sandbox.run(["policy", "lint", "a.json", "same.json"]).expect(0);
}

/// What `verify` does not take for an expected identity is not explained as one.
#[test]
fn what_is_no_reference_for_verify_is_none_here() {
    let desk = desk(&json!({"docker.io": [signed_by(&["key.gpg"])]}));
    let digest = format!("sha256:{}", "a".repeat(64));
    for (text, said) in [
        (digest.as_str(), "it is a digest, not a reference"),
        ("istag/foo:v1", "it is TYPE/NAME, the name of an object in a cluster"),
        ("https://quay.io/a:1", "it is a URL, not a reference"),
    ] {
        desk.sandbox
            .run(["policy", "why", text, "policy.json"])
            .expect_usage(said);
        desk.put("table.yaml", format!("\"{text}\": {{verdict: Verified}}\n"));
        let args = ["policy", "test", "table.yaml", "--policy", "policy.json"];
        desk.sandbox.run(args).expect_usage(said);
        let args = by_policy(text);
        desk.sandbox.run(args).expect_usage(said);
    }
}

/// The API takes a short name of docker.io, which no image has: the other objects count all the same.
#[test]
fn a_short_name_in_the_scopes_of_an_object_is_a_finding() {
    let desk = Desk::new();
    let object = json!({
        "apiVersion": "config.openshift.io/v1", "kind": "ClusterImagePolicy", "metadata": {"name": "own"},
        "spec": Cosign::new().policy_spec(&["docker.io/busybox:1", "quay.io"]),
    });
    desk.put("policy.json", object.to_string());
    let outcome = desk
        .sandbox
        .run(["policy", "why", "quay.io/a:1", "policy.json", "-o", "json"])
        .expect(0);
    assert_eq!(outcome.item()["scope"], "quay.io");
    let outcome = desk.sandbox.run(["policy", "lint", "policy.json"]).expect(1);
    let said = "ScopeNeverMatches: ClusterImagePolicy/own spec.scopes[0]: no image can have this scope";
    assert!(outcome.words().contains(said), "{outcome:?}");
    assert!(
        outcome
            .words()
            .contains("did you mean \"docker.io/library/busybox:1\"?"),
        "{outcome:?}"
    );
}

/// A table is compared with the policy alone; what is named must be there all the same.
#[test]
fn policy_test_takes_the_options_of_why_and_lint() {
    let desk = desk(&json!({}));
    desk.put("table.yaml", format!("{IDENTITY}: {{verdict: Rejected}}\n"));
    let args = ["policy", "test", "table.yaml", "--policy", "policy.json"];
    desk.sandbox.run(args).expect(0);
    for option in ["--registries.d", "--registries-conf"] {
        desk.sandbox.run([&args[..], &[option, "."]].concat()).expect(0);
        desk.sandbox
            .run([&args[..], &[option, "absent"]].concat())
            .expect_usage("reading absent: No such file or directory");
    }
}

/// verify judges nothing by such a policy, whatever scope the file is of, and nodes refuse the images of this scope.
#[test]
fn a_key_file_of_another_scope_that_cannot_be_used_is_told_beside_the_verdict() {
    let desk =
        desk(&json!({"registry.local:5000": [signed_by(&["key.gpg"])], "quay.io": [signed_by(&["absent.gpg"])]}));
    let words = |args: &[&str]| desk.sandbox.run(args).words();
    let why = |reference: &str| words(&["policy", "why", reference, "policy.json"]);
    let nothing = "At best an image here is Rejected: nothing is judged by this policy, because a key file of another scope cannot be used (see the note below).";
    assert!(why(IDENTITY).contains(nothing), "{}", why(IDENTITY));
    let own = why("quay.io/a:1");
    assert!(own.contains("At best an image here is Rejected. "), "{own}");
    let lint = words(&["policy", "lint", "policy.json"]);
    assert!(
        lint.contains("every image here is refused, and verify and audit judge nothing by this policy"),
        "{lint}"
    );
    put(&desk, &json!({"registry.local:5000": [signed_by(&["key.gpg"])]}));
    assert!(
        why(IDENTITY).contains("At best an image here is Verified. "),
        "{}",
        why(IDENTITY)
    );
}

/// What is allowed or refused without keys is not judged either.
#[test]
fn policy_test_and_why_promise_nothing_by_a_policy_that_nothing_is_judged_by() {
    for own in ["insecureAcceptAnything", "reject"] {
        let scopes = |file: &str| json!({"registry.local:5000": [{"type": own}], "quay.io": [signed_by(&[file])]});
        let desk = desk(&scopes("absent.gpg"));
        let verdict = if own == "reject" { "Rejected" } else { "Allowed" };
        desk.put("table.yaml", format!("{IDENTITY}: {{verdict: {verdict}}}\n"));
        let test = || {
            desk.sandbox
                .run(["policy", "test", "table.yaml", "--policy", "policy.json"])
        };
        let why = || desk.sandbox.run(["policy", "why", IDENTITY, "policy.json"]).words();
        let failed = test().expect(3);
        assert!(failed.words().contains("absent.gpg"), "{failed:?}");
        assert!(
            why().contains("At best an image here is Rejected: nothing is judged"),
            "{}",
            why()
        );
        put(&desk, &scopes("key.gpg"));
        test().expect(0);
        assert!(
            why().contains(&format!("At best an image here is {verdict}. ")),
            "{}",
            why()
        );
    }
}
