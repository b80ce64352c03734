// SPDX-License-Identifier: Apache-2.0
//! The recorded cases that need neither gpg nor the program: formats, references, digests and identity rules.

use crate::support::vectors::{bytes, fixture, payload_case, same, text, Table, PAYLOADS_OTHERWISE};
use image_signature::digest::Digest;
use image_signature::identity::{Remap, Rule};
use image_signature::manifest;
use image_signature::payload::PayloadFormat;
use image_signature::reference::{Reference, ReferenceError};
use serde_json::Value;

#[test]
fn payload() {
    Table::load("payload.json", &PAYLOADS_OTHERWISE).run(|case| Some(payload_case(case, PayloadFormat::SimpleSigning)));
}

#[test]
fn digest_syntax() {
    Table::load("digest-syntax.json", &[]).run(|case| {
        let parsed = Digest::parse(text(case, "input"));
        let error = parsed.err().map(|e| match e {
            image_signature::digest::DigestError::Format => "invalid checksum digest format",
            image_signature::digest::DigestError::Algorithm => "unsupported digest algorithm",
            image_signature::digest::DigestError::Length => "invalid checksum digest length",
        });
        Some(same("error", case["error"].as_str(), error))
    });
}

#[test]
fn manifest_digest() {
    const UNCOVERED: &str = "content outside the digest of a signed schema 1 manifest is refused";
    Table::load(
        "digest.json",
        &[
            ("jws/signatures-empty-array", UNCOVERED),
            ("jws/mediatype-prettyjws", UNCOVERED),
            ("jws/schemaVersion-case", UNCOVERED),
            ("jws/formatLength-zero", UNCOVERED),
            ("jws/data-after-signatures", UNCOVERED),
            (
                "mime/config-and-manifests",
                "a media type that no manifest has is not passed on; the digest is the same",
            ),
        ],
    )
    .run(|case| {
        let input = match case["file"].as_str() {
            Some(file) => std::fs::read(fixture(file)?).unwrap(),
            None => bytes(case, "input_base64"),
        };
        let digest = Digest::of_manifest(&input);
        let expected = case["ok"].as_bool().unwrap().then(|| text(case, "digest"));
        let found = digest.as_ref().ok().map(Digest::as_str);
        Some(
            same("digest", expected, found)
                .and(match case["mime"].as_str() {
                    Some(mime) => same("media type", mime, manifest::media_type(&input)),
                    None => Ok(()),
                })
                .and(match (case["expected"].as_str(), &digest) {
                    (Some(claim), Ok(digest)) => {
                        let names = Digest::parse(claim).is_ok_and(|claim| claim.names(digest));
                        same("matches", case["matches"].as_bool(), Some(names))
                    }
                    _ => Ok(()),
                }),
        )
    });
}

#[test]
fn references() {
    Table::load("references.json", &[]).run(|case| {
        let parsed = Reference::parse(text(case, "input"));
        Some(match parsed {
            Ok(r) => same("canonical", case["canonical"].as_str(), Some(r.to_string().as_str()))
                .and(same("domain", case["domain"].as_str(), Some(r.domain())))
                .and(same("path", case["path"].as_str(), Some(r.path())))
                .and(same("tag", case["tag"].as_str(), r.tag()))
                .and(same("digest", case["digest"].as_str(), r.digest().map(Digest::as_str)))
                .and(same("name only", case["name_only"].as_bool(), Some(r.is_name_only()))),
            Err(error) => {
                let class = match error {
                    ReferenceError::Identifier => "identifier",
                    ReferenceError::Uppercase => "uppercase",
                    ReferenceError::Format | ReferenceError::DigestForm => "format",
                    ReferenceError::TooLong => "too-long",
                    ReferenceError::Digest(image_signature::digest::DigestError::Format) => "digest-format",
                    ReferenceError::Digest(image_signature::digest::DigestError::Length) => "digest-length",
                    ReferenceError::Digest(image_signature::digest::DigestError::Algorithm) => "digest-unsupported",
                };
                same("error", case["error_class"].as_str(), Some(class))
            }
        })
    });
}

fn rule(signed_identity: &Value) -> Option<Rule> {
    let member = |name: &str| signed_identity[name].as_str().unwrap();
    Some(match member("type") {
        "matchExact" => Rule::MatchExact,
        "matchRepoDigestOrExact" => Rule::MatchRepoDigestOrExact,
        "matchRepository" => Rule::MatchRepository,
        "exactReference" => {
            let reference = Reference::parse(member("dockerReference")).ok()?;
            if reference.is_name_only() {
                return None;
            }
            Rule::ExactReference(reference)
        }
        "exactRepository" => Rule::ExactRepository(Reference::parse(member("dockerRepository")).ok()?),
        "remapIdentity" => Rule::Remap(Remap::new(member("prefix"), member("signedPrefix")).ok()?),
        other => panic!("unknown rule {other}"),
    })
}

#[test]
fn identity_match() {
    Table::load("identity-match.json", &[]).run(|case| {
        let Some(rule) = rule(&case["signed_identity"]) else {
            return Some(same("rule", true, case["policy_error"].is_string()));
        };
        let intended = case["image"].as_str().map(Reference::parse);
        let matches = match (intended, Reference::parse(text(case, "signature"))) {
            (None, Ok(signed)) => rule.matches(None, &signed),
            (Some(Ok(intended)), Ok(signed)) => rule.matches(Some(&intended), &signed),
            _ => false,
        };
        Some(same("match", case["match"].as_bool(), Some(matches)))
    });
}

#[test]
fn remap() {
    Table::load("remap.json", &[]).run(|case| {
        let prefix = text(case, "prefix");
        if text(case, "category") == "prefix-validation" {
            let valid = Remap::new(prefix, "example.com").is_ok();
            return Some(same("valid", case["valid"].as_bool(), Some(valid)));
        }
        let remap = Remap::new(prefix, text(case, "signedPrefix")).unwrap();
        let intended = Reference::parse(text(case, "image")).unwrap();
        let result = remap.apply(&intended).map(|r| r.to_string());
        Some(same("result", case["result"].as_str(), result.as_deref()))
    });
}

/// Which test runs a table, or why none does yet. A table that is added must be named here.
const TABLES: [(&str, &str); 21] = [
    ("auth-challenge.json", "tests/registry/vectors.rs"),
    ("auth-creds.json", "tests/registry/vectors.rs"),
    ("digest-syntax.json", "tests/vectors.rs"),
    ("digest.json", "tests/vectors.rs"),
    ("identity-match.json", "tests/vectors.rs"),
    ("lookaside.json", "tests/registry/vectors.rs"),
    ("mechanism.json", "tests/corpus/recorded.rs"),
    ("mirrors.json", "tests/registry/vectors.rs"),
    ("payload.json", "tests/vectors.rs"),
    ("policy-eval.json", "tests/corpus/policies.rs"),
    ("policy-parse.json", "tests/policy.rs"),
    ("policy-scope.json", "tests/policy.rs"),
    ("references.json", "tests/vectors.rs"),
    ("registry-api.json", "tests/registry/vectors.rs"),
    ("remap.json", "tests/vectors.rs"),
    ("signature-blob.json", "tests/corpus/recorded.rs"),
    ("sigstore-attachment.json", "tests/registry/attached.rs"),
    ("sigstore-payload.json", "tests/sigstore.rs"),
    ("sigstore-verify.json", "tests/corpus/policies.rs"),
    ("skopeo-cli.json", "tests/registry/skopeo_calls.rs"),
    ("verify-docker.json", "tests/corpus/recorded.rs"),
];

#[test]
fn every_table_runs_or_says_why_not() {
    let mut found: Vec<String> = std::fs::read_dir(crate::support::vectors::data("vectors"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    let named: Vec<&str> = TABLES.iter().map(|(file, _)| *file).collect();
    assert_eq!(found, named);
    for (file, place) in TABLES {
        if let Some(why) = place.strip_prefix("later: ") {
            println!("{file}: not run: {why}");
            continue;
        }
        let test = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(place);
        let test = std::fs::read_to_string(test).unwrap();
        assert!(test.contains(&format!("\"{file}\"")), "{place} does not run {file}");
    }
}
