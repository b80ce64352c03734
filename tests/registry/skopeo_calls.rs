// SPDX-License-Identifier: Apache-2.0
//! What skopeo copies and signs, recorded: the same images are found and the same signatures are good here.

use std::path::PathBuf;

use image_signature::digest::Digest;
use serde_json::{json, Value};

use crate::support::gpg::Signer;
use crate::support::program::Sandbox;
use crate::support::vectors::{fixture, same, text, Table};

/// What `verify` and `inspect` say of files, and the digest of a manifest, as skopeo's commands for debugging do.
#[test]
fn commands_of_skopeo() {
    let sandbox = Sandbox::new();
    // How many arguments a command takes is its own affair.
    let wrong = "calls with a wrong number of arguments";
    let is_wrong = |case: &Value| case["args"].as_array().unwrap().len() != 2;
    let file = |case: &Value| fixture(case["args"][1].as_str().unwrap().strip_prefix("FIXTURES/").unwrap());
    let several = "a file with two messages is refused: which one is meant cannot be told (docs/contract.md 1)";
    let exempt = [("untrusted-signature-dump-without-verification/62", several)];
    Table::load("skopeo-cli.json", &exempt)
        .of("untrusted-signature-dump-without-verification")
        .leave_out(wrong, is_wrong)
        .run(|case| {
            let path = file(case)?;
            let outcome = sandbox.run(["inspect", "-o", "json", path.to_str().unwrap()]);
            let claim = outcome.item()["claim"].clone();
            if case["exit"] != 0 {
                return Some(same("claim", Value::Null, claim));
            }
            let shown: Value = serde_json::from_str(text(case, "stdout")).unwrap();
            Some(
                same(
                    "reference",
                    &shown["UntrustedDockerReference"],
                    &claim["dockerReference"],
                )
                .and(same(
                    "digest",
                    &shown["UntrustedDockerManifestDigest"],
                    &claim["dockerManifestDigest"],
                )),
            )
        });
    let digests = Table::load("skopeo-cli.json", &[]).of("manifest-digest");
    digests.leave_out(wrong, is_wrong).run(|case| {
        let bytes = std::fs::read(file(case)?).unwrap();
        let found = Digest::of_manifest(&bytes).ok().map(|digest| digest.to_string());
        let expected = Some(text(case, "stdout").trim().to_owned()).filter(|_| case["exit"] == 0);
        Some(same("digest", expected, found))
    });
    let spaces = "a fingerprint may have the spaces with which gpg prints it (docs/contract.md 2)";
    let exempt = [("standalone-verify/19", spaces)];
    Table::load("skopeo-cli.json", &exempt)
        .of("standalone-verify")
        .run(|case| {
            let args: Vec<&str> = case["args"]
                .as_array()
                .unwrap()
                .iter()
                .skip(1)
                .map(|arg| arg.as_str().unwrap())
                .collect();
            let (key, [manifest, reference, fingerprints, signature]) = match args[..] {
                ["--public-key-file", key, a, b, c, d] => (Some(key), [a, b, c, d]),
                [a, b, c, d] => (None, [a, b, c, d]),
                // How its arguments are counted is its own affair.
                _ => return Some(same("exit", &json!(args == ["--help"]), &json!(case["exit"] == 0))),
            };
            let path = |argument: &str| match argument.strip_prefix("FIXTURES/") {
                Some(name) => fixture(name),
                None => Some(PathBuf::from(argument)),
            };
            let identity = if reference.contains(':') {
                reference.to_owned()
            } else {
                format!("{reference}:latest")
            };
            let mut command = sandbox.command();
            command.args(["verify", "-o", "json", "--expected-identity", &identity]);
            if identity != reference {
                // The command compares names as they are written; here a tag must be expected.
                command.args(["--identity-match", "matchRepository"]);
            }
            command.arg("--manifest").arg(path(manifest)?);
            command.arg("--signature-file").arg(path(signature)?);
            match key {
                Some(key) => command.arg("--public-key").arg(path(key)?),
                None if case["gnupghome"] == "empty" => command.arg("--homedir").arg(sandbox.path("no-home")),
                None => command.arg("--homedir").arg(fixture("upstream")?),
            };
            for fingerprint in fingerprints.split(", ").filter(|own| *own != "any") {
                command.args(["--signed-by", fingerprint]);
            }
            let outcome = sandbox.finish(&mut command, b"");
            Some(
                same("verified", case["exit"] == 0, outcome.status == 0).map_err(|what| format!("{what}: {outcome:?}")),
            )
        });
    Table::load("skopeo-cli.json", &[]).of("top").run(|case| {
        let args = case["args"].as_array().unwrap().iter();
        let outcome = sandbox.run(args.map(|arg| arg.as_str().unwrap()));
        Some(same("usage error", (1, 2), (case["exit"].as_i64()?, outcome.status)))
    });
}

/// Signing is not a command here: what `skopeo standalone-sign` signs is signed by gpg and judged.
#[test]
fn what_skopeo_would_sign() {
    let (sandbox, signer) = (Sandbox::new(), Signer::new());
    let key = signer.simple_key("Signer <s@example.com>");
    signer.export(&[&key], &sandbox.path("key.gpg"));
    let nothing = "it signs nothing";
    let table = Table::load("skopeo-cli.json", &[]).of("standalone-sign");
    let table = table.leave_out(nothing, |case| case["exit"] != 0);
    let mut verdicts = Vec::new();
    table.run(|case| {
        let manifest = case["args"].as_array().unwrap().iter().filter_map(Value::as_str);
        let manifest = manifest.filter_map(|arg| arg.strip_prefix("FIXTURES/")).next().unwrap();
        let mut payload = case["output_payload"].clone();
        // The record has a word in place of the time.
        payload["optional"]["timestamp"] = json!(1_700_000_000);
        let payload = payload.to_string();
        sandbox.file("signature", signer.sign(&key, payload.as_bytes()));
        let mut command = sandbox.command();
        command.args([
            "verify",
            "-o",
            "json",
            "--public-key",
            "key.gpg",
            "--signature-file",
            "signature",
        ]);
        command.args([
            "--identity-match",
            "matchRepository",
            "--expected-identity",
            "testing/manifest:latest",
        ]);
        command.arg("--manifest").arg(fixture(manifest)?);
        let outcome = sandbox.finish(&mut command, b"");
        verdicts.push(crate::support::program::word(&outcome.item()));
        // A signature of what is no reference, or of no manifest, is of no use.
        let is_of_use = !manifest.ends_with("empty.pub")
            && text(&case["output_payload"]["critical"]["identity"], "docker-reference") == "testing/manifest";
        Some(same("verified", is_of_use, outcome.status == 0).map_err(|what| format!("{what}: {outcome:?}")))
    });
    println!("skopeo-cli.json: {verdicts:?}");
}
