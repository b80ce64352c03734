// SPDX-License-Identifier: Apache-2.0
//! What is printed: text line by line, JSON member by member.

use serde_json::{json, Value};

use crate::support::calls::verify_image;
use crate::support::images::{image, list, D1, D2, D3};
use crate::verify::{Desk, IDENTITY, OTHER, OWNER};

fn run(desk: &Desk, object: &Value, more: &[&str]) -> crate::verify::Outcome {
    desk.put("image.json", object.to_string());
    desk.run(&[&["-f", "image.json", "--expected-identity", IDENTITY][..], more].concat())
}

#[test]
fn one_image_is_a_block_with_the_verdict_first() {
    let desk = Desk::new();
    let key = &desk.key;
    let text = run(&desk, &desk.signed(), &[]).expect(0).stdout;
    assert_eq!(
        text,
        format!("Verified: {IDENTITY}\n  image      {D1}\n  signed by  {OWNER}\n             {key}\n")
    );
    let object = image(D1, &[&desk.sign(D1, OTHER), b"x"]);
    for more in [&[][..], &["--confirm"]] {
        let text = run(&desk, &object, more).expect(1).stdout;
        let expected = format!(
            "Rejected: IdentityMismatch: expected {IDENTITY}, signed for\n    {OTHER}: the tag differs\n  \
             image      {D1}\n  signed by  {OWNER}\n             {key}\n  \
             signature s1: Rejected: IdentityMismatch\n  signature s2: Rejected: NotASignature: "
        );
        assert!(text.starts_with(&expected), "{text}");
    }
}

#[test]
fn good_signatures_for_other_references_are_one_line_below_a_verified_image() {
    let desk = Desk::new();
    let third = "registry.local:5000/foo/bar:v3";
    let object = image(
        D1,
        &[&desk.sign(D1, OTHER), &desk.sign(D1, IDENTITY), &desk.sign(D1, third)],
    );
    let text = run(&desk, &object, &[]).expect(0).stdout;
    let block = format!(
        "Verified: {IDENTITY}\n  image      {D1}\n  signed by  {OWNER}\n             {}\n",
        desk.key
    );
    let rest = text.strip_prefix(&block).unwrap_or_else(|| panic!("{text}"));
    let words: Vec<&str> = rest.split_whitespace().collect();
    assert_eq!(
        words.join(" "),
        format!("2 more signatures are good, but for other references: {OTHER}, {third}")
    );
    let wide = run(&desk, &object, &["-o", "wide"]).expect(0).stdout;
    assert!(wide.contains("signature s1: Rejected: IdentityMismatch"), "{wide}");
    assert!(
        wide.contains("validity explicit") && wide.contains("source     file:image.json"),
        "{wide}"
    );
}

#[test]
fn names_of_the_verified_ones() {
    let desk = Desk::new();
    let object = list(&[desk.signed(), image(D2, &[]), image(D3, &[b"x"])]);
    for more in [&["-o", "name"][..], &["-o", "name", "--confirm"]] {
        let outcome = run(&desk, &object, more).expect(1);
        assert_eq!(outcome.stdout, format!("image.image.openshift.io/{D1}\n"));
        // The others are not passed over in silence, each with its reason.
        let line = |digest: &str| {
            outcome
                .stderr
                .lines()
                .find(|line| line.starts_with(&format!("{digest}: ")))
        };
        assert_eq!(line(D1), None, "{outcome:?}");
        assert_eq!(line(D2), Some(&*format!("{D2}: Unsigned: NoSignature")), "{outcome:?}");
        assert_eq!(
            line(D3),
            Some(&*format!("{D3}: Rejected: NotASignature")),
            "{outcome:?}"
        );
    }
    let outcome = run(&desk, &object, &["-o", "name", "--signature", "absent"]).expect(3);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.contains("Unchecked: NotFound\n"), "{outcome:?}");
}

/// The names of an object's members.
fn members(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn json_has_every_member_of_the_contract() {
    let desk = Desk::new();
    let document = run(&desk, &desk.signed(), &["-o", "json"]).expect(0).json();
    assert_eq!(members(&document), ["apiVersion", "kind", "summary", "items"]);
    assert_eq!(document["apiVersion"], "image-signature/v1");
    assert_eq!(document["kind"], "VerificationList");
    assert_eq!(
        document["summary"],
        json!({"verified": 1, "rejected": 0, "unsupported": 0, "unsigned": 0, "allowed": 0, "unchecked": 0})
    );
    let item = &document["items"][0];
    assert_eq!(
        members(item),
        [
            "image",
            "source",
            "expectedIdentities",
            "matchedIdentities",
            "identitySource",
            "verdict",
            "reason",
            "message",
            "signatures",
            "recorded",
        ]
    );
    assert_eq!(item["identitySource"], "user");
    assert_eq!(item["source"], "file:image.json");
    let signature = &item["signatures"][0];
    assert_eq!(
        members(signature),
        [
            "name",
            "kind",
            "verdict",
            "reason",
            "message",
            "matchedIdentities",
            "signer",
            "claim",
            "checks",
            "recorded"
        ]
    );
    assert_eq!(
        signature["claim"],
        json!({"dockerReference": IDENTITY, "dockerManifestDigest": D1, "creator": "test", "timestamp": 1_700_000_000})
    );
    let signer = &signature["signer"];
    assert_eq!(
        members(signer),
        [
            "fingerprint",
            "primaryFingerprint",
            "userID",
            "validity",
            "keyAlgorithm",
            "hashAlgorithm",
            "createdAt",
        ]
    );
    assert_eq!(signer["fingerprint"], desk.key.as_str());
    assert_eq!(signer["userID"], OWNER);
    assert_eq!(signer["keyAlgorithm"], "ed25519");
    let checks: Vec<String> = signature["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| format!("{} {}", c["check"].as_str().unwrap(), c["result"].as_str().unwrap()))
        .collect();
    assert_eq!(
        checks,
        ["signature pass", "payload pass", "digest pass", "identity pass"]
    );
}

#[test]
fn signer_and_claim_are_there_only_where_they_were_verified() {
    let desk = Desk::new();
    let has = |object: &Value| -> (bool, bool) {
        let item = run(&desk, object, &["-o", "json"]).item();
        let signature = &item["signatures"][0];
        (signature.get("signer").is_some(), signature.get("claim").is_some())
    };
    assert_eq!(has(&image(D1, &[b"x"])), (false, false));
    assert_eq!(has(&image(D1, &[&desk.signer.sign(&desk.key, b"{}")])), (true, false));
    assert_eq!(has(&image(D1, &[&desk.sign(D2, IDENTITY)])), (true, true));
    assert_eq!(has(&image(D1, &[&desk.sign(D1, OTHER)])), (true, true));
}

#[test]
fn json_is_one_document_on_failure_too() {
    let desk = Desk::new();
    for (name, content, status) in [
        ("rejected.json", image(D1, &[b"x"]).to_string(), 1),
        ("unsigned.json", image(D1, &[]).to_string(), 1),
        ("broken.json", "{".to_owned(), 3),
    ] {
        desk.put(name, content);
        let outcome = desk.file(name).expect(status);
        let document = outcome.json();
        assert_eq!(document["kind"], "VerificationList");
        assert_eq!(document["items"].as_array().unwrap().len(), 1);
        let counted: u64 = document["summary"]
            .as_object()
            .unwrap()
            .values()
            .map(|n| n.as_u64().unwrap())
            .sum();
        assert_eq!(counted, 1);
    }
}

/// A document without items cannot be read as "all of them are verified".
#[test]
fn a_usage_error_is_a_document_without_items() {
    let desk = Desk::new();
    desk.put("image.json", desk.signed().to_string());
    desk.put("empty.asc", "");
    let calls: [(&str, &[&str]); 6] = [
        ("verify", &["-f", "image.json", "--expected-identity", "foo/bar"]),
        (
            "verify",
            &[
                "-f",
                "image.json",
                "--expected-identity",
                IDENTITY,
                "--public-key",
                "empty.asc",
            ],
        ),
        ("keys", &["--public-key", "empty.asc"]),
        ("remove", &["-f", "image.json", "https://x"]),
        ("describe", &["-f", "image.json", "https://x"]),
        ("inspect", &["-", "-"]),
    ];
    for (command, args) in calls {
        let run = |format: &str| {
            let args = [&[command, "-o", format], args].concat();
            desk.sandbox.run(args).expect_usage("error: ")
        };
        let outcome = run("json");
        let document = outcome.json();
        assert_eq!(
            (&document["kind"], &document["command"]),
            (&json!("UsageError"), &json!(command))
        );
        let message = document["message"].as_str().unwrap();
        assert_eq!(outcome.stderr, format!("error: {message}\n"));
        assert!(document.get("items").is_none(), "{document}");
        assert!(run("yaml").stdout.contains("kind: UsageError\n"), "{command}");
        assert_eq!(run("text").stdout, "", "{command}");
    }
}

#[test]
fn yaml_is_the_same_document() {
    let desk = Desk::new();
    let object = list(&[desk.signed(), image(D2, &[b"x"])]);
    let as_json = run(&desk, &object, &["-o", "json"]).expect(1).json();
    let text = run(&desk, &object, &["-o", "yaml"]).expect(1).stdout;
    let stream = image_signature::yaml::parse(&text).unwrap();
    assert_eq!(stream.documents.len(), 1);
    assert_eq!(stream.documents[0].value(), as_json);
}

#[test]
fn a_wrong_format_names_the_right_ones() {
    let desk = Desk::new();
    let outcome = run(&desk, &desk.signed(), &["-o", "jsonpath={.x}"]);
    assert_eq!(outcome.status, 2);
    for format in crate::support::formats("verify") {
        assert!(outcome.stderr.contains(&format), "{outcome:?}");
    }
}

#[test]
fn results_go_to_standard_output_and_the_rest_elsewhere() {
    let desk = Desk::new();
    let outcome = run(&desk, &desk.signed(), &["-v"]).expect(0);
    assert_eq!(outcome.stdout.lines().count(), 4, "{outcome:?}");
    assert!(outcome.stderr.contains("--confirm"), "{outcome:?}");
}

#[test]
fn no_colours_whatever_the_terminal() {
    let desk = Desk::new();
    desk.put("image.json", desk.signed().to_string());
    for (name, value) in [("TERM", "xterm-256color"), ("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")] {
        let mut command = desk.sandbox.command();
        command
            .env(name, value)
            .args(verify_image(IDENTITY))
            .args(["-v=9", "--public-key"])
            .arg(&desk.key_file);
        let outcome = desk.sandbox.finish(&mut command, b"").expect(0);
        assert!(
            !outcome.stdout.contains('\u{1b}') && !outcome.stderr.contains('\u{1b}'),
            "{name}"
        );
    }
}

#[test]
fn logging_levels_and_their_spellings() {
    let desk = Desk::new();
    desk.put("image.json", desk.signed().to_string());
    let key = desk.key_file.to_str().unwrap().to_owned();
    let lines = |flags: &[&str], variable: Option<&str>| {
        let mut command = desk.sandbox.command();
        command.args(verify_image(IDENTITY)).args(["--public-key", &key]);
        command.args(flags);
        command.envs(variable.map(|value| ("RUST_LOG", value)));
        desk.sandbox.finish(&mut command, b"").expect(0).stderr.lines().count()
    };
    let quiet = lines(&[], None);
    for flags in [
        &["-v=6"][..],
        &["--v=6"],
        &["-v", "-v"],
        &["-vv"],
        &["--verbose", "--verbose"],
    ] {
        assert!(lines(flags, None) > quiet, "{flags:?}");
    }
    assert!(lines(&[], Some("debug")) > quiet);
    assert_eq!(lines(&[], Some("off")), quiet);
}
