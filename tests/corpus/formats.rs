// SPDX-License-Identifier: Apache-2.0
//! Recorded payloads, identities and images, signed by a real key and judged by the program.

use std::path::PathBuf;

use crate::support::gpg::Signer;
use crate::support::images::{image, payload, D1};
use crate::support::program::{word, Sandbox};
use crate::support::vectors::{bytes, fixture, same, text, Table, PAYLOADS_OTHERWISE, STORED_OTHERWISE};

/// Payloads signed by a real key: the payload step passes for exactly those that the reference accepts.
#[test]
fn payload_through_the_program() {
    let signer = Signer::new();
    let key = signer.simple_key("payload");
    let sandbox = Sandbox::new();
    let public = signer.export(&[&key], &sandbox.path("key.gpg"));
    Table::load("payload.json", &PAYLOADS_OTHERWISE).run(|case| {
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
                    .and(same(
                        "timestamp",
                        &case["expect"]["timestamp"],
                        &signature["claim"]["timestamp"],
                    ))
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
    let own = "a digest in the signed reference must be the image's own";
    let names = [
        "matchRepoDigestOrExact/101",
        "matchRepoDigestOrExact/158",
        "matchRepository/194",
        "matchRepository/197",
        "matchRepository/224",
        "remapIdentity/412",
    ];
    Table::load("identity-match.json", &names.map(|name| (name, own))).run(|case| {
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
    Table::load("policy-eval.json", &STORED_OTHERWISE).run(|case| {
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
