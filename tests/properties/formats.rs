// SPDX-License-Identifier: Apache-2.0
//! Parsers: whatever comes in, what comes out is bounded, and what is accepted means what it says.

use std::path::PathBuf;

use base64::Engine as _;
use image_signature::digest::Digest;
use image_signature::openpgp::message::Message;
use image_signature::openpgp::ring::{Format, Ring};
use image_signature::openpgp::{armor, compression, keyfile, packet};
use image_signature::payload::{Payload, MAX_PAYLOAD_BYTES};
use image_signature::reference::Reference;
use image_signature::source::stored::strip_format;
use image_signature::{json, manifest, text, yaml};
use serde_json::Value;

use super::generator::for_all;
use crate::support::packets;
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

/// Files of a directory, except those that are made to be large.
pub fn files(directory: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(data(directory))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .filter(|content| content.len() < 20_000)
        .collect()
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

const PACKETS: [&[u8]; 18] = [
    b"\xcb\x05b\0\0\0\0",
    b"\x90\x0d\x03\x00\x08\x01",
    b"\xc2",
    b"\x89",
    b"\xff",
    b"\xe0",
    b"\xfe",
    b"\xa3",
    b"\xa3\x01",
    b"\xa3\x02",
    b"\xa3\x03BZh9",
    b"\xc8\xff",
    b"\xff\xff\xff\xff",
    b"\x04\x00\x01\x08\x00\x00\x00\x00",
    b"\x03\x05",
    b"\x99\x01\x0d\x04",
    b"\xb4\x04test",
    b"\x00",
];

const LINES: [&[u8]; 12] = [
    b"-----BEGIN PGP MESSAGE-----\n",
    b"-----END PGP MESSAGE-----\n",
    b"-----BEGIN PGP SIGNED MESSAGE-----\n",
    b"\n",
    b"-----BEGIN PGP SIGNATURE-----\n",
    b"-----END PGP SIGNATURE-----\n",
    b"=AAAA\n",
    b"owGbwMvM\n",
    b"Version: 1\n",
    b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
    b"-----END PGP PUBLIC KEY BLOCK-----\n",
    b"\r",
];

#[test]
fn framing_never_panics_and_its_payload_is_bounded() {
    for_all("framing", 20_000, &files("corpus/sigs"), &PACKETS, |input| {
        if let Ok(message) = Message::parse(input) {
            assert!(message.payload.len() <= MAX_PAYLOAD_BYTES);
            assert!(message.signature.body.len() < input.len() + MAX_PAYLOAD_BYTES);
            // What gpg is given is what was read, and nothing else.
            let mut rest = &message.detached_signature()[..];
            let read = packet::next(&mut rest).unwrap().unwrap();
            assert_eq!((read.tag, &*read.body, rest.len()), (2, &message.signature.body[..], 0));
        }
        let _ = strip_format(input);
    });
}

#[test]
fn no_beginning_of_a_message_is_a_message() {
    let mut tried = 0;
    for blob in files("corpus/sigs") {
        if Message::parse(&blob).is_ok() {
            for end in 0..blob.len() {
                assert!(Message::parse(&blob[..end]).is_err(), "{end} of {}", blob.len());
                tried += 1;
            }
            for more in [&b"\0"[..], b"\n", &blob] {
                assert!(Message::parse(&[&blob[..], more].concat()).is_err());
            }
        }
    }
    assert!(tried > 1000);
}

#[test]
fn packets_are_taken_off_the_front_and_nothing_is_invented() {
    for_all("packets", 30_000, &files("corpus/sigs"), &PACKETS, |input| {
        let mut rest = input;
        let mut bodies = 0;
        while let Ok(Some(packet)) = packet::next(&mut rest) {
            bodies += packet.body.len() + 1;
            assert!(bodies <= input.len());
            assert!(input.ends_with(rest));
            let encoded = packet::encode(packet.tag, &packet.body);
            assert_eq!(packet::next(&mut &encoded[..]).unwrap().unwrap(), packet);
        }
    });
}

#[test]
fn decompression_is_bounded_whatever_comes() {
    let samples: Vec<Vec<u8>> = files("corpus/sigs")
        .iter()
        .map(|blob| packets::body(&packets::zip(blob)))
        .collect();
    for_all("decompression", 10_000, &samples, &PACKETS, |input| {
        if let Ok(out) = compression::decompress(input) {
            assert!(out.len() <= compression::MAX_DECOMPRESSED);
        }
        for algorithm in 0..4 {
            let _ = compression::decompress(&[&[algorithm], input].concat());
        }
    });
}

#[test]
fn armour_and_key_files_never_panic() {
    let mut samples = files("corpus/keys");
    samples.extend(files("corpus/sigs"));
    for_all("armour", 10_000, &samples, &LINES, |input| {
        let _ = armor::recognise(input);
        for block in armor::blocks(input).into_iter().flatten() {
            assert!(block.content.len() <= input.len());
        }
    });
    for_all("key files", 10_000, &samples, &PACKETS, |input| {
        let contents = keyfile::look(input);
        assert!(contents.keys.len() <= input.len());
        // Five bytes more for the header of a secret key's public part; and no secret key is left.
        assert!(contents.packets.len() <= 2 * input.len());
        let mut rest = &contents.packets[..];
        while let Some(packet) = packet::next(&mut rest).unwrap() {
            assert!(![packet::tag::SECRET_KEY, packet::tag::SECRET_SUBKEY].contains(&packet.tag));
        }
    });
    for_all("keyrings", 10_000, &samples, &PACKETS, |input| {
        for format in [Format::Keybox, Format::Packets] {
            if let Ok(ring) = Ring::parse(PathBuf::new(), format, input.to_vec()) {
                for key in 0..ring.len() {
                    assert!(ring.packets(key).len() <= input.len());
                    let _ = ring.claims(key);
                }
            }
        }
    });
}

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
        if let Ok(payload) = Payload::parse(input) {
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
