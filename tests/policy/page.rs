// SPDX-License-Identifier: Apache-2.0
//! The examples of image-signature-policy(1), taken from the page as readers see it: each has the finding
//! under which it stands.

use std::collections::BTreeSet;

use base64::Engine as _;
use image_signature::policy::finding::Code;

use super::lint_machine::public_key;
use super::why::{desk, policy, SIGNED_BY};
use crate::support::forge::{now, Draft, Key};
use crate::support::manual::rendered;
use crate::support::skipped;

/// Code and example of each finding: the lines after the head of its item that are set in further than its text.
fn examples(page: &str) -> Vec<(String, String)> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut found: Vec<(String, String)> = Vec::new();
    let mut text = None;
    for line in page.lines() {
        let head = line.trim().split_once(" (").map(|(code, _)| code);
        if let Some(code) = Code::ALL.iter().find(|code| Some(code.word()) == head) {
            found.push((code.word().to_owned(), String::new()));
            text = None;
        } else if line.trim().is_empty() || found.is_empty() {
            // An item ends with an empty line.
            text = Some(usize::MAX);
        } else if indent(line) > *text.get_or_insert(indent(line)) {
            let (_, example) = found.last_mut().unwrap();
            example.push_str(&line[text.unwrap() + 6..]);
            example.push('\n');
        }
    }
    found
}

/// The files that the examples name.
fn keys() -> Vec<(&'static str, Vec<u8>)> {
    let key = Key::new();
    let draft = Draft::certification(&key).flags(3);
    let good = key.certificate("Good");
    let renewed = key.certificate_with("Good", &draft.clone().expires_after(9, 900_000_000));
    let past = Key::with(2048, now() - 1_000_000);
    let expired = Draft::certification(&past).flags(3).expires_after(9, 1000);
    // A version 6 key packet: version, time, algorithm 27, length of the material, material.
    let body = [&[6, 0x66, 0, 0, 0, 27, 0, 0, 0, 32][..], &[7; 32]].concat();
    let six = [&[0xc6, u8::try_from(body.len()).unwrap()][..], &body].concat();
    vec![
        ("a.asc", good.clone()),
        ("b.asc", Key::new().certificate("Other")),
        ("2024.asc", good.clone()),
        ("2026.asc", renewed),
        ("old.asc", key.certificate_with("Old", &draft.hash(2))),
        ("expired.asc", past.certificate_with("Past", &expired)),
        ("revoked.asc", Key::new().revoked("Gone", 2, now() - 10)),
        ("v4-and-v6.asc", [good, six].concat()),
        ("k.pub", public_key()),
        ("r.pub", public_key()),
        ("a.pub", public_key()),
        ("b.pub", public_key()),
        ("ca.pem", public_key()),
    ]
}

/// A policy that has the example: itself, or the part of one that it is.
fn around(example: &str) -> String {
    if example.starts_with("{\"default\"") {
        return example.to_owned();
    }
    match example.as_bytes()[0] {
        b'{' => policy(&format!("\"quay.io/ns\": [{example}]")),
        b'[' => policy(&format!("\"quay.io/ns\": {example}")),
        _ if example.starts_with("\"transports\"") => {
            format!("{{\"default\": [{{\"type\": \"reject\"}}], {example}}}")
        }
        _ => policy(example),
    }
}

/// A policy object with members of its spec, in YAML.
fn object(kind: &str, scopes: &str, key: &str) -> String {
    let namespace = if kind == "ImagePolicy" { ", namespace: team" } else { "" };
    let indented = key.trim_end().replace('\n', "\n      ");
    format!(
        "apiVersion: config.openshift.io/v1\nkind: {kind}\nmetadata: {{name: p{namespace}}}\nspec:\n  {}\n  policy:\n    rootOfTrust:\n      policyType: PublicKey\n      {indented}\n",
        scopes.trim_end().replace('\n', "\n  ")
    )
}

/// The codes of the findings of `policy lint` where the example stands as the page says.
fn findings(code: &str, example: &str, keys: &[(&str, Vec<u8>)]) -> BTreeSet<String> {
    let sandbox = desk();
    for (name, key) in keys {
        sandbox.file(name, key);
    }
    let base64 = |data: &[u8]| base64::engine::general_purpose::STANDARD.encode(data);
    let one = format!("publicKey: {{keyData: {}}}", base64(&public_key()));
    let cluster = object("ClusterImagePolicy", "scopes: [quay.io]", &one);
    let signed = policy(&format!("\"quay.io\": [{SIGNED_BY}]"));
    let program = |text: &str| {
        let _path = sandbox.program("programs/skopeo", text);
    };
    let mut args = vec!["policy.json"];
    match code {
        "InvalidConfiguration" => {
            sandbox.file("registries.d/a.yaml", example);
            sandbox.file("registries.d/b.yaml", example);
            sandbox.file("policy.json", signed);
        }
        "MirrorWithoutSignatures" | "OldMemberName" => {
            let mirror = "[[registry]]\nlocation = \"quay.io\"\n[[registry.mirror]]\nlocation = \"m.example/q\"\n";
            sandbox.file("registries.conf", mirror);
            sandbox.file("registries.d/a.yaml", example);
            sandbox.file("policy.json", signed);
        }
        "SeveralKeysInData" => {
            let two = base64(&[public_key(), public_key()].concat());
            let key = example.replace("LS0tLS1CRUdJTi...", &two);
            assert!(key.contains(&two), "{example}");
            sandbox.file("cip.yaml", object("ClusterImagePolicy", "scopes: [quay.io]", &key));
            args = vec!["cip.yaml"];
        }
        "ScopeLeftOut" => {
            sandbox.file("cip.yaml", cluster);
            sandbox.file("ip.yaml", object("ImagePolicy", example, &one));
            args = vec!["cip.yaml", "ip.yaml", "-n", "team"];
        }
        "PolicyBesideObjects" => {
            sandbox.file("cip.yaml", cluster);
            sandbox.file("policy.json", around(example));
            args = vec!["policy.json", "cip.yaml"];
        }
        "ReaderRefusesSigstore" | "ReaderTooOld" => {
            sandbox.file("home/.config/containers/policy.json", around(example));
            program(if code == "ReaderTooOld" {
                "of before"
            } else {
                "Debian-local change: sigstore disabled"
            });
            args = Vec::new();
        }
        _ => {
            sandbox.file("policy.json", around(example));
        }
    }
    let mut command = sandbox.command();
    command.env("PATH", sandbox.path("programs"));
    command.args(["policy", "lint", "-o", "json", "--registries-conf", "registries.conf"]);
    command.args(["--registries.d", "registries.d"]).args(args);
    let document = sandbox.finish(&mut command, b"").json();
    let items = document["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["code"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn examples_of_the_page_have_the_findings_under_which_they_stand() {
    let Some(page) = rendered("image-signature-policy.1") else {
        return skipped("examples of image-signature-policy(1)", "mandoc is not installed");
    };
    let examples = examples(&page);
    let codes: Vec<&str> = examples.iter().map(|(code, _)| code.as_str()).collect();
    let expected: Vec<&str> = Code::ALL.iter().map(|code| code.word()).collect();
    assert_eq!(codes, expected);
    let keys = keys();
    for (code, example) in examples {
        assert!(!example.is_empty(), "{code}");
        let found = findings(&code, &example, &keys);
        assert!(found.contains(&code), "{code}: {found:?}: {example}");
        // What the page shows is a policy, but for the one example of what is none.
        assert!(
            code == "InvalidPolicy" || !found.contains("InvalidPolicy"),
            "{code}: {example}"
        );
    }
}
