// SPDX-License-Identifier: Apache-2.0
//! Parsers: whatever comes in, what comes out is bounded, and what is accepted means what it says.

use base64::Engine as _;
use image_signature::digest::Digest;
use image_signature::payload::{Payload, PayloadFormat};
use image_signature::reference::Reference;
use image_signature::{json, manifest, text, yaml};
use serde_json::Value;

use super::generator::for_all;
use crate::support::vectors::data;

/// Inputs of a table of cases.
fn recorded(file: &str, member: &str) -> Vec<Vec<u8>> {
    let table = std::fs::read(data("vectors").join(file)).unwrap();
    let table: Value = serde_json::from_slice(&table).unwrap();
    let found: Vec<Vec<u8>> = table["cases"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|case| case[member].as_str())
        .map(|text| match member.ends_with("_base64") {
            true => base64::engine::general_purpose::STANDARD.decode(text).unwrap(),
            false => text.as_bytes().to_vec(),
        })
        .filter(|input| input.len() < 20_000)
        .collect();
    assert!(!found.is_empty(), "{file}");
    found
}

const JSON: [&[u8]; 22] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\"critical\"",
    b"\"optional\"",
    b"\"\\ud800\"",
    b"\"\\u0000\"",
    b"1e999",
    b"-0",
    b"01",
    b"null",
    b"true",
    b" ",
    b"\"",
    b"\xff",
    b"\xed\xa0\x80",
    b"9223372036854775808",
    b"{\"a\":",
    b"[[[[",
];

#[test]
fn strict_json_accepts_only_what_others_read_alike() {
    for_all(
        "JSON",
        30_000,
        &recorded("payload.json", "input_base64"),
        &JSON,
        |input| {
            if let Ok(strict) = json::parse(input) {
                let lenient: Value = match serde_json::from_slice(input) {
                    // No number of the format is that large; where it does not matter it is not looked at.
                    Err(error) if error.to_string().contains("number out of range") => return,
                    lenient => lenient.unwrap(),
                };
                // Numbers of other spellings are compared as text elsewhere.
                if !input.iter().any(u8::is_ascii_digit) {
                    assert_eq!(strict, lenient);
                }
            }
        },
    );
}

#[test]
fn an_accepted_payload_says_what_any_json_reader_finds_in_it() {
    let samples = recorded("payload.json", "input_base64");
    for_all("payload", 30_000, &samples, &JSON, |input| {
        if let Ok(payload) = Payload::parse(input, PayloadFormat::SimpleSigning) {
            let value: Value = serde_json::from_slice(input).unwrap();
            let critical = &value["critical"];
            assert_eq!(critical["type"], "atomic container signature");
            assert_eq!(critical["image"]["docker-manifest-digest"], payload.digest.as_str());
            assert_eq!(critical["identity"]["docker-reference"], *payload.reference);
            assert_eq!(critical.as_object().unwrap().len(), 3);
            assert_eq!(value["optional"]["creator"].as_str(), payload.creator.as_deref());
        }
    });
}

#[test]
fn references_read_back_as_they_are_written() {
    const WORDS: [&[u8]; 20] = [
        b"a",
        b"/",
        b":",
        b"@",
        b"sha256:",
        b".",
        b"..",
        b"_",
        b"__",
        b"-",
        b"localhost",
        b":5000",
        b"A",
        b"%",
        b"\xc3\xa9",
        b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        b"docker.io",
        b"library/",
        b"[::1]",
        b" ",
    ];
    for_all(
        "references",
        30_000,
        &recorded("references.json", "input"),
        &WORDS,
        |input| {
            let Ok(text) = std::str::from_utf8(input) else {
                return;
            };
            if let Ok(reference) = Reference::parse(text) {
                let canonical = reference.to_string();
                assert_eq!(Reference::parse(&canonical).unwrap(), reference, "{canonical}");
                assert!(
                    canonical.len() <= text.len() + "docker.io/library/".len(),
                    "{canonical}"
                );
                assert!(!canonical.contains(char::is_whitespace) && canonical.is_ascii());
            }
        },
    );
    for_all(
        "digests",
        20_000,
        &recorded("digest-syntax.json", "input"),
        &WORDS,
        |input| {
            if let Ok(digest) = std::str::from_utf8(input)
                .map_err(|_| ())
                .and_then(|t| Digest::parse(t).map_err(|_| ()))
            {
                assert_eq!(digest.as_str().as_bytes(), input);
            }
        },
    );
}

#[test]
fn manifests_never_panic_and_plain_ones_hash_to_themselves() {
    let samples = recorded("digest.json", "input_base64");
    for_all("manifests", 20_000, &samples, &JSON, |input| {
        let _ = manifest::media_type(input);
        if let (Err(_), Ok(digest)) = (manifest::jws_payload(input), Digest::of_manifest(input)) {
            assert_eq!(digest, Digest::of_bytes(input));
        }
    });
}

#[test]
fn yaml_never_panics_and_reads_back_as_it_is_written() {
    const WORDS: [&[u8]; 24] = [
        b"a: ",
        b"- ",
        b"\n",
        b"  ",
        b"&x ",
        b"*x",
        b"<<: ",
        b"|\n",
        b">-\n",
        b"\"",
        b"'",
        b"{",
        b"}",
        b"[",
        b"]",
        b"#",
        b"---\n",
        b"...\n",
        b"? ",
        b"!!str ",
        b"~",
        b"0o7",
        b"\t",
        b"%YAML 1.1\n",
    ];
    let samples = [
        b"apiVersion: v1\nitems:\n- kind: Image\n  metadata:\n    name: a\n- &x {a: [1, 2]}\n- *x\n".to_vec(),
        b"a: |\n  b\n  c\nd: 'e'\nf: \"\\u0041\"\ng: >-\n  h\n".to_vec(),
    ];
    for_all("YAML", 10_000, &samples, &WORDS, |input| {
        let Ok(text) = std::str::from_utf8(input) else {
            return;
        };
        if let Ok(stream) = yaml::parse(text) {
            for document in &stream.documents {
                let value = document.value();
                let written = yaml::emit::document(&value);
                let again = yaml::parse(&written).unwrap();
                assert_eq!(again.documents[0].value(), value, "{written}");
            }
        }
    });
}

#[test]
fn strings_of_others_are_made_safe_and_short() {
    const WORDS: [&[u8]; 10] = [
        b"a",
        b"\x1b[31m",
        b"\n",
        b"\r",
        "\u{202e}".as_bytes(),
        "\u{9b}".as_bytes(),
        "\u{2028}".as_bytes(),
        b"\0",
        "\u{1f600}".as_bytes(),
        b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ];
    for_all("strings", 20_000, &[], &WORDS, |input| {
        let safe = text::safe(&String::from_utf8_lossy(input));
        assert!(!safe.chars().any(text::is_unsafe), "{safe:?}");
        assert!(safe.len() <= 8 * text::MAX_FOREIGN, "{}", safe.len());
    });
}
