// SPDX-License-Identifier: Apache-2.0
//! The signature step alone, as the reference implementation was seen to do it.

use crate::support::images::{image, D1};
use crate::support::program::Sandbox;
use crate::support::vectors::{bytes, fixture, same, text, Table};

/// Differences from the reference that are meant (docs/contract.md 7).
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
        let object = sandbox.file("image.json", image(D1, &[&blob]).to_string());
        let mut command = sandbox.command();
        command
            .args(["verify", "-o", "json", "--expected-identity", "a/b:c", "-f"])
            .arg(&object);
        for key in keys {
            command.arg("--public-key").arg(fixture(key.as_str().unwrap())?);
        }
        if keys.is_empty() {
            // No key at all is an empty keyring here.
            sandbox.file("empty/pubring.kbx", b"");
            command.args(["--homedir", "empty"]);
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
            ("key/23", "fingerprints are read as people write them, with white space"),
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

/// Recognising stored blobs: what is not a simple signing blob must not pass the framing either.
#[test]
fn signature_blob() {
    use image_signature::openpgp::framing::message::Message;
    use image_signature::source::stored::content;
    use image_signature::subject::Content;
    Table::load("signature-blob.json", &[]).run(|case| {
        let blob = bytes(case, "input_base64");
        let found = match content(&blob) {
            Content::Gpg(found) => found,
            Content::Other(refusal) => Err(refusal),
            Content::Sigstore(found) => {
                return Some(same("sigstore", case["ok"].as_bool().unwrap(), found.is_ok()));
            }
        };
        Some(match (case["ok"].as_bool().unwrap(), found) {
            (true, Ok(inside)) => same("blob", bytes(case, "payload_base64"), inside),
            (true, Err(refusal)) => Err(refusal.to_string()),
            (false, Ok(inside)) => same("refused", true, Message::parse(&inside).is_err()),
            (false, Err(_)) => Ok(()),
        })
    });
}
