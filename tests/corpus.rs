// SPDX-License-Identifier: Apache-2.0
//! Recorded cases that need gpg, through the shipped binary: the OpenPGP hazards, the reference implementation's
//! mechanism, images in directories, signatures from the field.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod support;

use std::path::PathBuf;

use serde_json::Value;
use support::gpg::Signer;
use support::images::{image, payload, D1};
use support::program::{word, Sandbox};
use support::vectors::{bytes, data, fixture, same, shared, text, Table};

/// What the corpus' payloads claim.
const CORPUS_DIGEST: &str = "sha256:abababababababababababababababababababababababababababababababab";
const CORPUS_REFERENCE: &str = "quay.io/example/app:1.0";

/// Good signatures whose payload, which the corpus does not judge, is refused in a later step.
const CORPUS_PAYLOADS: [(&str, &str); 5] = [
    ("gpg-encrypt-then-sign.sig", "Rejected/MalformedPayload"),
    ("good-partial.sig", "Rejected/MalformedPayload"),
    ("text-literal-t.sig", "Rejected/MalformedPayload"),
    ("text-literal-u.sig", "Rejected/MalformedPayload"),
    ("payload-evil-ref.sig", "Rejected/IdentityMismatch"),
];

/// Where the corpus leaves the choice to the project (product contract, section 7).
const CORPUS_POLICY: [(&str, &str); 7] = [
    ("key-sha1-selfsig.sig", "Verified/Verified"),
    ("key-uid-revoked.sig", "Verified/Verified"),
    ("digest-prefix-wrong.sig", "Verified/Verified"),
    ("shared-subkey.sig", "Rejected/KeyNotAccepted"),
    ("trailing-marker.sig", "Rejected/NotASignature"),
    ("leading-marker.sig", "Rejected/NotASignature"),
    ("armored.sig", "Unsupported/UnsupportedSignature"),
];

/// Keys from which GnuPG takes nothing: the call itself is wrong then.
const CORPUS_USELESS_KEYS: [&str; 4] = [
    "key-nouid.sig",
    "key-no-selfsig.sig",
    "key-md5-selfsig.sig",
    "key-future.sig",
];

/// Verdicts that change with the date; tests with a clock of their own stand elsewhere.
const CORPUS_DATED: [&str; 2] = ["sig-future.sig", "key-future.sig"];

#[test]
fn openpgp_hazards() {
    let readme: Value = serde_json::from_slice(&std::fs::read(data("corpus/README.json")).unwrap()).unwrap();
    let sandbox = Sandbox::new();
    let mut failures = Vec::new();
    let mut ran = 0;
    for (name, case) in readme.as_object().unwrap() {
        if CORPUS_DATED.contains(&name.as_str()) {
            println!("corpus: {name} left out: its verdict depends on the date");
            continue;
        }
        ran += 1;
        let blob = std::fs::read(data("corpus/sigs").join(name)).unwrap();
        let object = sandbox.file("image.json", image(CORPUS_DIGEST, &[&blob]).to_string());
        let mut command = sandbox.command();
        command
            .args(["verify", "-o", "json", "--expected-identity", CORPUS_REFERENCE, "-f"])
            .arg(&object);
        for key in case["keys"].as_array().unwrap() {
            command.arg("--public-key").arg(corpus_key(key.as_str().unwrap()));
        }
        let outcome = sandbox.finish(&mut command, b"");
        let found = if outcome.status == 2 {
            "usage".to_owned()
        } else {
            word(&outcome.item()["signatures"][0])
        };
        let special = CORPUS_PAYLOADS.iter().chain(&CORPUS_POLICY).find(|(n, _)| n == name);
        let right = match (special, text(case, "strict")) {
            _ if CORPUS_USELESS_KEYS.contains(&name.as_str()) => found == "usage",
            (Some((_, expected)), _) => found == *expected,
            (None, "accept") => found == "Verified/Verified" && outcome.status == 0,
            (None, "reject") => found.starts_with("Rejected/") && outcome.status == 1,
            (None, other) => panic!("{name}: no expectation for {other}"),
        };
        if !right {
            failures.push(format!("{name} ({case}): {found}, status {}", outcome.status));
        }
    }
    println!("corpus: {ran} messages");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn corpus_key(stem: &str) -> PathBuf {
    ["asc", "gpg"]
        .iter()
        .map(|extension| data(&format!("corpus/keys/{stem}.{extension}")))
        .find(|path| path.exists())
        .unwrap()
}

/// Differences from the reference that are meant (product contract, section 7).
const MECHANISM_EXEMPT: &[(&str, &str)] = &[
    (
        "tamper/080 concat-good-other.signature",
        "two messages in a row are refused",
    ),
    (
        "tamper/082 good-trailing-garbage.signature",
        "bytes after the message are refused",
    ),
];

/// The signature step alone is what these cases judge.
#[test]
fn mechanism() {
    let sandbox = Sandbox::new();
    Table::load("mechanism.json", MECHANISM_EXEMPT).run(|case| {
        let blob = std::fs::read(fixture(text(case, "signature"))?).unwrap();
        let keys = case["keys"].as_array().unwrap();
        if keys.is_empty() {
            // Without key files the user's keyring would be asked.
            return None;
        }
        let object = sandbox.file("image.json", image(D1, &[&blob]).to_string());
        let mut command = sandbox.command();
        command
            .args(["verify", "-o", "json", "--expected-identity", "a/b:c", "-f"])
            .arg(&object);
        for key in keys {
            command.arg("--public-key").arg(fixture(key.as_str().unwrap())?);
        }
        let outcome = sandbox.finish(&mut command, b"");
        let accept = case["accept"].as_bool().unwrap();
        if outcome.status == 2 {
            return Some(same("accepted", accept, false));
        }
        let signature = &outcome.item()["signatures"][0];
        let passed = signature["checks"][0]["result"] == "pass";
        let checked = same("accepted", accept, passed);
        if !accept || !passed {
            return Some(checked);
        }
        Some(
            checked
                .and(same(
                    "signer",
                    &case["verify_fingerprint"],
                    &signature["signer"]["fingerprint"],
                ))
                .and(same(
                    "identity",
                    &case["identity"],
                    &signature["signer"]["primaryFingerprint"],
                )),
        )
    });
}

/// What `skopeo standalone-verify` does. References by name alone are usage errors here, so those cases judge the
/// first three steps through the program and compare the references in the library.
#[test]
fn verify_docker() {
    let sandbox = Sandbox::new();
    Table::load(
        "verify-docker.json",
        &[
            ("gpg/46", "a cleartext signed message is refused"),
            ("gpg/50", "bytes after the message are refused"),
        ],
    )
    .run(|case| {
        let accept = case["accept"].as_bool().unwrap();
        let reference = text(case, "reference");
        let expected = image_signature::reference::Reference::parse(reference);
        let Ok(expected) = expected else {
            return Some(same("accepted", accept, false));
        };
        let mut command = sandbox.command();
        command.args(["verify", "-o", "json", "--identity-match", "matchExact"]);
        let name_only = expected.is_name_only();
        command.args([
            "--expected-identity",
            if name_only { "by.name/only:x" } else { reference },
        ]);
        command.arg("--manifest").arg(fixture(text(case, "manifest"))?);
        command.arg("--signature-file").arg(fixture(text(case, "signature"))?);
        for key in case["keys"].as_array().unwrap() {
            command.arg("--public-key").arg(fixture(key.as_str().unwrap())?);
        }
        let fingerprints: Vec<&str> = case["fingerprints"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f.as_str().unwrap())
            .collect();
        if fingerprints.is_empty() {
            // An empty list accepts nothing there; here it is not limited.
            return Some(same("accepted", accept, false));
        }
        if fingerprints != ["any"] {
            for fingerprint in fingerprints {
                command.args(["--signed-by", fingerprint]);
            }
        }
        let outcome = sandbox.finish(&mut command, b"");
        let accepted = match outcome.status {
            2 => false,
            _ if name_only => {
                let signature = &outcome.item()["signatures"][0];
                let claimed = signature["claim"]["dockerReference"].as_str().unwrap_or_default();
                let same_reference =
                    image_signature::reference::Reference::parse(claimed).is_ok_and(|claimed| claimed == expected);
                signature["checks"][2]["result"] == "pass" && same_reference
            }
            status => status == 0,
        };
        Some(same("accepted", accept, accepted))
    });
}

/// Recognising stored blobs: what is no simple signing blob must not pass the framing either.
#[test]
fn signature_blob() {
    use image_signature::openpgp::message::Message;
    use image_signature::source::stored::strip_format;
    Table::load("signature-blob.json", &[]).run(|case| {
        let blob = bytes(case, "input_base64");
        Some(match (case["ok"].as_bool().unwrap(), strip_format(&blob)) {
            (true, Ok(inside)) => same("blob", bytes(case, "payload_base64").as_slice(), inside),
            (true, Err(refusal)) => Err(refusal.to_string()),
            (false, Ok(inside)) => same("refused", true, Message::parse(inside).is_err()),
            (false, Err(_)) => Ok(()),
        })
    });
}

/// Payloads signed by a real key: the payload step passes for exactly those that the reference accepts.
#[test]
fn payload_through_the_program() {
    let signer = Signer::new();
    let key = signer.simple_key("payload");
    let sandbox = Sandbox::new();
    let public = signer.export(&[&key], &sandbox.path("key.gpg"));
    Table::load("payload.json", &[]).run(|case| {
        let input = bytes(case, "input_base64");
        let blob = signer.sign_with(&key, &["--compress-algo", "none"], &input);
        let object = sandbox.file("image.json", image(D1, &[&blob]).to_string());
        let mut command = sandbox.command();
        command
            .args(["verify", "-o", "json", "--expected-identity", "a/b:c", "-f"])
            .arg(&object);
        let outcome = sandbox.finish(command.arg("--public-key").arg(&public), b"");
        let signature = &outcome.item()["signatures"][0];
        let accepted = signature["checks"][1]["result"] == "pass";
        Some(
            same("signature step", true, signature["checks"][0]["result"] == "pass")
                .and(same("accepted", case["accept"].as_bool().unwrap(), accepted))
                .and(if accepted {
                    same(
                        "digest",
                        &case["expect"]["docker_manifest_digest"],
                        &signature["claim"]["dockerManifestDigest"],
                    )
                } else {
                    same("reason", "Rejected/MalformedPayload", &word(signature))
                }),
        )
    });
}

/// The identity rules that have a flag, through the program.
#[test]
fn identity_through_the_program() {
    let signer = Signer::new();
    let key = signer.simple_key("identity");
    let sandbox = Sandbox::new();
    let public = signer.export(&[&key], &sandbox.path("key.gpg"));
    let mut signed: std::collections::HashMap<(String, String), Vec<u8>> = std::collections::HashMap::new();
    let mut in_library = 0;
    Table::load("identity-match.json", &[]).run(|case| {
        let identity = &case["signed_identity"];
        let rule = match identity["type"].as_str().unwrap() {
            "remapIdentity" => format!("remap:{}={}", text(identity, "prefix"), text(identity, "signedPrefix")),
            rule @ ("matchExact" | "matchRepoDigestOrExact" | "matchRepository") => rule.to_owned(),
            _ => {
                in_library += 1;
                return Some(Ok(()));
            }
        };
        let Some(expected) = case["image"].as_str() else {
            in_library += 1;
            return Some(Ok(()));
        };
        // A digest that is expected must also be the image's.
        let digest = expected.split_once('@').map_or(D1, |(_, digest)| digest).to_owned();
        let reference = text(case, "signature").to_owned();
        let blob = signed
            .entry((digest.clone(), reference.clone()))
            .or_insert_with(|| signer.sign(&key, &payload(&digest, &reference)))
            .clone();
        let object = sandbox.file("image.json", image(&digest, &[&blob]).to_string());
        let mut command = sandbox.command();
        command.args([
            "verify",
            "-o",
            "json",
            "--identity-match",
            &rule,
            "--expected-identity",
            expected,
        ]);
        let outcome = sandbox.finish(command.arg("-f").arg(&object).arg("--public-key").arg(&public), b"");
        let matches = case["match"].as_bool().unwrap();
        let parsed = image_signature::reference::Reference::parse(expected);
        let usage = match parsed {
            Err(_) => true,
            Ok(parsed) => parsed.tag().is_some() == parsed.digest().is_some() || case["policy_error"].is_string(),
        };
        Some(match (usage, digest.starts_with("sha256:")) {
            (true, _) => same("status", 2, outcome.status),
            // An image is named by sha256 alone.
            (false, false) => same("status", 1, outcome.status),
            (false, true) => same("status", i32::from(!matches), outcome.status).and(same(
                "identity step",
                matches,
                outcome.item()["signatures"][0]["checks"][3]["result"] == "pass",
            )),
        })
    });
    println!("identity-match: {in_library} cases have no flag and ran in the library only");
}

/// The images in directories, verified with flags instead of the policy that says the same.
#[test]
fn images_in_directories() {
    let sandbox = Sandbox::new();
    let mut with_policy = 0;
    Table::load(
        "policy-eval.json",
        &[
            ("storage/57", "a gap in the numbers hides no signature"),
            ("storage/63", "ASCII armour is refused, whatever its prefix"),
            ("storage/65", "a blob that is no signature does not spoil a good one"),
            ("storage/66", "an empty blob does not spoil a good one"),
        ],
    )
    .run(|case| {
        // One signedBy requirement with key files and a rule that has a flag.
        let requirements = case["policy"]["default"].as_array()?;
        let [requirement] = requirements.as_slice() else {
            with_policy += 1;
            return Some(Ok(()));
        };
        let rule = match requirement["signedIdentity"]["type"].as_str() {
            None => "matchRepoDigestOrExact".to_owned(),
            Some("remapIdentity") => format!(
                "remap:{}={}",
                text(&requirement["signedIdentity"], "prefix"),
                text(&requirement["signedIdentity"], "signedPrefix")
            ),
            Some("exactReference" | "exactRepository") => {
                with_policy += 1;
                return Some(Ok(()));
            }
            Some(rule) => rule.to_owned(),
        };
        if requirement["type"] != "signedBy" || requirement["keyType"] != "GPGKeys" || !requirement["keyData"].is_null()
        {
            with_policy += 1;
            return Some(Ok(()));
        }
        let mut keys: Vec<&str> = requirement["keyPath"].as_str().into_iter().collect();
        keys.extend(
            requirement["keyPaths"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|k| k.as_str().unwrap()),
        );
        if keys.is_empty() {
            with_policy += 1;
            return Some(Ok(()));
        }
        let directory = fixture(text(case, "dir"))?;
        let mut command = sandbox.command();
        command.args(["verify", "-o", "json", "--identity-match", &rule]);
        command.args(["--expected-identity", text(case, "image")]);
        command.arg(format!("dir:{}", directory.display()));
        for key in keys {
            let path = key.strip_prefix("FIXTURES/").unwrap_or(key);
            let path = fixture(path).unwrap_or_else(|| PathBuf::from(path));
            command.arg("--public-key").arg(path);
        }
        let outcome = sandbox.finish(&mut command, b"");
        Some(same("allowed", case["allowed"].as_bool().unwrap(), outcome.status == 0))
    });
    println!("policy-eval: {with_policy} cases say what no flag says; they come with policy files");
}

#[test]
fn signatures_from_the_field() {
    let Some(real) = shared("real") else {
        support::skipped("signatures_from_the_field", "../shared/real is not here");
        return;
    };
    let sandbox = Sandbox::new();
    let cases = [
        (
            "e3f12513a4b22a2d7c0e7c9207f52128113758d9d68c7d06b11a0ac7672966f7",
            "redhat-release-keys.asc",
            "registry.access.redhat.com/rhel7:7.6",
            "Verified/Verified",
        ),
        (
            "e3f12513a4b22a2d7c0e7c9207f52128113758d9d68c7d06b11a0ac7672966f7",
            "combined-keys.asc",
            "registry.access.redhat.com/rhel7:7.6",
            "Verified/Verified",
        ),
        (
            "e3f12513a4b22a2d7c0e7c9207f52128113758d9d68c7d06b11a0ac7672966f7",
            "combined-keys.asc",
            "registry.access.redhat.com/rhel7:7.7",
            "Rejected/IdentityMismatch",
        ),
        (
            "edd9824f0404f1a139688017e7001370e2f3fbc088b94da84506653b473fe140",
            "combined-keys.asc",
            "registry.svc.ci.openshift.org/ocp/release:4.0.0-0.ci-2019-04-19-181452",
            "Rejected/KeyExpired",
        ),
    ];
    for (digest, keys, reference, expected) in cases {
        let blob = std::fs::read(real.join(format!("sha256-{digest}.sig"))).unwrap();
        let digest = format!("sha256:{digest}");
        let object = sandbox.file("image.json", image(&digest, &[&blob]).to_string());
        let mut command = sandbox.command();
        command.args(["verify", "-o", "json", "--expected-identity", reference]);
        let outcome = sandbox.finish(
            command.arg("-f").arg(object).arg("--public-key").arg(real.join(keys)),
            b"",
        );
        assert_eq!(outcome.verdict(), expected, "{digest} {keys}: {outcome:#?}");
    }
    println!("real: {} cases", cases.len());
}
