// SPDX-License-Identifier: Apache-2.0
//! The recorded cases of sigstore signatures: keys, encodings, payloads, stored blobs.

use std::collections::BTreeMap;

use crate::support::vectors::{
    bytes, data, payload_case, same, text, Table, SIGSTORE_OTHERWISE, SIGSTORE_PAYLOADS_OTHERWISE,
};
use image_signature::digest::Digest;
use image_signature::identity::Rule;
use image_signature::payload::{Payload, PayloadFormat};
use image_signature::reference::Reference;
use image_signature::sigstore::attachment;
use image_signature::sigstore::check::check;
use image_signature::sigstore::key::PublicKey;
use image_signature::subject::Attachment;
use serde_json::Value;

#[test]
fn payloads() {
    Table::load("sigstore-payload.json", &SIGSTORE_PAYLOADS_OTHERWISE)
        .run(|case| Some(payload_case(case, PayloadFormat::Sigstore)));
}

fn document() -> Value {
    let text = std::fs::read_to_string(data("vectors").join("sigstore-verify.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn stored(signature: &Value) -> Option<Attachment> {
    if signature["blob_base64"].is_string() {
        let blob = bytes(signature, "blob_base64");
        return attachment::parse(blob.strip_prefix(b"\0sigstore-json\n")?).ok();
    }
    let annotations = signature["annotations"].as_object();
    let annotations: BTreeMap<String, String> = annotations
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    Some(Attachment {
        media_type: text(signature, "mime_type").to_owned(),
        payload: bytes(signature, "payload_base64"),
        annotations,
    })
}

/// The steps of one signature, with the default rule.
fn passes(attachment: &Attachment, keys: &[PublicKey], image: &Digest, expected: &Reference) -> bool {
    if check(attachment, keys).unwrap().is_err() {
        return false;
    }
    let Ok(payload) = Payload::parse(&attachment.payload, PayloadFormat::Sigstore) else {
        return false;
    };
    payload.digest.names(image)
        && Reference::parse(&payload.reference)
            .is_ok_and(|signed| Rule::MatchRepoDigestOrExact.matches(Some(expected), &signed))
}

#[test]
fn keys_encodings_and_digests() {
    let document = document();
    Table::load("sigstore-verify.json", &SIGSTORE_OTHERWISE)
        .of_any(&[
            "key",
            "keyfile",
            "wrongkey",
            "algorithm",
            "base64",
            "encoding",
            "payload",
            "digest",
            "keys",
            "signatures",
        ])
        .leave_out("a policy decides, in tests/corpus/policies.rs", |case| {
            let members = ["signed_identity", "policy_members", "policy_requirements"];
            members.iter().any(|member| !case[*member].is_null())
        })
        .run(|case| {
            let expected = Reference::parse(text(case, "image")).unwrap();
            let manifest = &document["manifests"][text(case, "manifest")];
            let manifest = base64_of(manifest.as_str().unwrap());
            let image = Digest::of_manifest(&manifest).unwrap();
            let keys: Result<Vec<PublicKey>, ()> = case["keys"]
                .as_array()
                .unwrap()
                .iter()
                .map(|name| {
                    let file = document["keys"][name.as_str().unwrap()].as_str().ok_or(())?;
                    PublicKey::from_pem(&base64_of(file)).map_err(|_| ())
                })
                .collect();
            let allowed = keys.is_ok_and(|keys| {
                let signatures = case["signatures"].as_array().unwrap();
                signatures
                    .iter()
                    .filter_map(stored)
                    .any(|one| passes(&one, &keys, &image, &expected))
            });
            Some(same("allowed", case["allowed"].as_bool(), Some(allowed)))
        });
}

fn base64_of(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

#[test]
fn stored_blobs() {
    const STRICT: &str = "each member exactly once under its exact name, with its type";
    Table::load(
        "sigstore-verify.json",
        &[
            ("blob/null", STRICT),
            ("blob/trailing-newline", STRICT),
            ("blob/member-case", STRICT),
            ("blob/duplicate-annotations", STRICT),
            ("blob/payload-newline-base64", STRICT),
            ("blob/payload-array", STRICT),
            ("blob/payload-null", STRICT),
        ],
    )
    .of("blob")
    .run(|case| {
        let input = bytes(case, "input_base64");
        let parsed = input
            .strip_prefix(b"\0sigstore-json\n")
            .and_then(|rest| attachment::parse(rest).ok());
        Some(match (case["ok"].as_bool().unwrap(), parsed) {
            (true, Some(parsed)) => same("media type", text(case, "mime_type"), &parsed.media_type).and(same(
                "payload",
                bytes(case, "payload_base64"),
                parsed.payload,
            )),
            (false, None) => Ok(()),
            (ok, parsed) => Err(format!("ok {ok}, found {parsed:?}")),
        })
    });
}
