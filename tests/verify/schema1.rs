// SPDX-License-Identifier: Apache-2.0
//! Signed schema 1 manifests: the digest covers what the protected header says, and nothing may hide from it.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine as _;

use crate::verify::{Desk, IDENTITY};

const HEAD: &str = "{\n   \"schemaVersion\": 1,\n   \"name\": \"foo\",\n   \"tag\": \"v1\"";
const TAIL: &str = "\n}";

/// One signature entry, as registries write it.
fn entry(length: usize, tail: &str) -> String {
    let tail = URL_SAFE_NO_PAD.encode(tail);
    let protected = format!(r#"{{"formatLength":{length},"formatTail":"{tail}","time":"2019-01-01T00:00:00Z"}}"#);
    let protected = URL_SAFE_NO_PAD.encode(protected);
    format!(r#"{{"header":{{"jwk":{{"kty":"EC"}},"alg":"ES256"}},"signature":"x","protected":"{protected}"}}"#)
}

/// A document out of what stands before the signatures, their entries, and what stands behind them.
fn document(before: &str, entries: &[String], behind: &str) -> String {
    format!("{before},\n   \"signatures\": [{}]{behind}", entries.join(","))
}

/// Judges a manifest whose signed digest is that of the payload that the header tells of.
fn judge(manifest: &str, verdict: &str, message: &str) {
    judge_signed(&[HEAD, TAIL].concat(), manifest, verdict, message);
}

#[track_caller]
fn judge_signed(payload: &str, manifest: &str, verdict: &str, message: &str) {
    let desk = Desk::new();
    let digest = image_signature::digest::Digest::of_bytes(payload.as_bytes());
    desk.put("m.json", manifest);
    desk.put("s.sig", desk.sign(digest.as_str(), IDENTITY));
    let outcome = desk.run(&[
        "--manifest",
        "m.json",
        "--signature-file",
        "s.sig",
        "--expected-identity",
        IDENTITY,
        "-o",
        "json",
    ]);
    assert_eq!(outcome.verdict(), verdict, "{manifest}: {outcome:#?}");
    let told = outcome.item()["message"].as_str().unwrap().to_owned();
    assert!(told.contains(message), "no {message:?} in {told:?}");
}

const WRONG: &str = "Rejected/ManifestMismatch";

#[test]
fn the_payload_that_the_header_tells_of_is_what_is_signed() {
    let whole = entry(HEAD.len(), TAIL);
    judge(
        &document(HEAD, std::slice::from_ref(&whole), TAIL),
        "Verified/Verified",
        "",
    );
    judge(
        &document(HEAD, &[whole.clone(), whole.clone()], TAIL),
        "Verified/Verified",
        "",
    );
    // Another document altogether.
    let other = HEAD.replace("foo", "bar");
    judge(
        &document(&other, &[entry(other.len(), TAIL)], TAIL),
        "Rejected/DigestMismatch",
        "",
    );
}

/// What stands past formatLength is in no digest, though every reader of the manifest sees it.
#[test]
fn bytes_past_format_length_are_refused() {
    for hidden in [
        ",\n   \"fsLayers\": [{\"blobSum\":\"sha256:evil\"}]",
        ",\"x\":1",
        ",\"x\":{}",
        ",\"x\":[[]]",
    ] {
        let manifest = document(&[HEAD, hidden].concat(), &[entry(HEAD.len(), TAIL)], TAIL);
        judge(&manifest, WRONG, "formatLength does not end where the signatures begin");
    }
    // Signatures that stand first leave no document for the payload to begin with.
    let rest = ",\n   \"schemaVersion\": 1\n}";
    let manifest = format!("{{\"signatures\": [{}]{rest}", entry(1, rest));
    judge_signed(&["{", rest].concat(), &manifest, WRONG, "formatLength does not end");
    // A length that covers a part of the signatures.
    let manifest = document(HEAD, &[entry(HEAD.len() + 12, TAIL)], TAIL);
    let covered = [&manifest[..HEAD.len() + 12], TAIL].concat();
    judge_signed(&covered, &manifest, WRONG, "formatLength does not end");
    let manifest = document(HEAD, &[entry(1 << 20, TAIL)], TAIL);
    judge(&manifest, WRONG, "beyond the end of the document");
    // White space between the two hides nothing.
    let manifest = document(&[HEAD, "\n  "].concat(), &[entry(HEAD.len(), TAIL)], TAIL);
    judge(&manifest, "Verified/Verified", "");
}

/// What stands behind the signatures must be what the digest covers in its place.
#[test]
fn a_tail_that_is_not_what_follows_the_signatures_is_refused() {
    const MESSAGE: &str = "what follows the signatures is not formatTail";
    let end = entry(HEAD.len(), TAIL);
    // The document says more than its payload.
    let more = ",\n   \"fsLayers\": []\n}";
    judge(&document(HEAD, std::slice::from_ref(&end), more), WRONG, MESSAGE);
    // The payload says more than the document, or something else.
    for tail in [more, ",\n   \"architecture\": \"arm64\"\n}", "]}", ""] {
        let manifest = document(HEAD, &[entry(HEAD.len(), tail)], TAIL);
        judge_signed(&[HEAD, tail].concat(), &manifest, WRONG, MESSAGE);
    }
    // Where it says the same, it is covered.
    let manifest = document(HEAD, &[entry(HEAD.len(), more)], more);
    judge_signed(&[HEAD, more].concat(), &manifest, "Verified/Verified", "");
}

/// Readers that take the first and readers that take the last would see different payloads.
#[test]
fn signatures_that_disagree_about_the_payload_are_refused() {
    let right = entry(HEAD.len(), TAIL);
    for (other, message) in [
        (entry(HEAD.len() - 1, TAIL), "disagree about formatLength"),
        (entry(HEAD.len(), "\n }"), "disagree about formatTail"),
    ] {
        judge(&document(HEAD, &[right.clone(), other.clone()], TAIL), WRONG, message);
        judge(&document(HEAD, &[other, right.clone()], TAIL), WRONG, message);
    }
    let twice = format!("{},\"signatures\":[]", document(HEAD, &[right], ""));
    judge(&[&twice, TAIL].concat(), WRONG, "repeated");
}
