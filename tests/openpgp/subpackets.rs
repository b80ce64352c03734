// SPDX-License-Identifier: Apache-2.0
//! Subpackets of signatures: what is critical, malformed, or names the maker, in the signed area and in the other.

use super::trial::{signed_payload, Trial};
use crate::support::forge::{now, Draft, Key};
use crate::support::packets::{literal, one_pass};
use crate::support::program::word;

const BAD: &str = "Rejected/BadSignature";

fn trial() -> (Trial, Key) {
    let key = Key::new();
    let trial = Trial::with_keys(&key.certificate("Release <release@example.com>"));
    (trial, key)
}

/// A body for each type of subpacket that every reader of OpenPGP takes.
fn body_of(kind: u8, key: &Key) -> Vec<u8> {
    match kind {
        2 => u32::try_from(now()).unwrap().to_be_bytes().to_vec(),
        3 | 9 => vec![0, 100, 0, 0],
        4 | 7 | 25 => vec![1],
        5 => vec![1, 120],
        6 => b"<[^>]+[@.]example\\.com>$\0".to_vec(),
        12 => [&[0x80, 1], &[7; 20][..]].concat(),
        16 => key.key_id().to_vec(),
        31 => [&[1, 8], &[7; 32][..]].concat(),
        32 => key.sign_body(&Draft::new(now()).class(0x19), b""),
        33 => fingerprint_of(key),
        35 => [&[4], &[7; 20][..]].concat(),
        39 => vec![9, 2],
        _ => b"x".to_vec(),
    }
}

pub fn fingerprint_of(key: &Key) -> Vec<u8> {
    let digits = key.fingerprint();
    let bytes = (0..20).map(|n| u8::from_str_radix(&digits[2 * n..2 * n + 2], 16).unwrap());
    [vec![4], bytes.collect()].concat()
}

/// All types, critical, in either area: those that GnuPG 2.2 and 2.4 know pass, the others are named.
#[test]
fn critical_subpackets_are_decided_alike_in_either_area() {
    const KNOWN: [u8; 20] = [2, 3, 4, 5, 6, 7, 9, 11, 12, 16, 21, 22, 24, 25, 26, 27, 29, 30, 32, 33];
    let (trial, key) = trial();
    // A notation has names of its own, a key block is refused in any case: see the tests beside this one.
    let kinds: Vec<u8> = (0..128).filter(|kind| ![20, 38].contains(kind)).collect();
    for hashed in [true, false] {
        for critical in [0x80, 0] {
            let blobs: Vec<Vec<u8>> = kinds
                .iter()
                .map(|kind| {
                    let (kind, body) = (critical | kind, body_of(*kind, &key));
                    let draft = Draft::new(now());
                    let draft = if hashed {
                        draft.hashed(kind, &body)
                    } else {
                        draft.unhashed(kind, &body)
                    };
                    key.message(&draft, &signed_payload())
                })
                .collect();
            let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
            let outcome = trial.run(&blobs, &[]).expect(0);
            for (kind, signature) in kinds.iter().zip(outcome.item()["signatures"].as_array().unwrap()) {
                let message = signature["message"].as_str().unwrap();
                if critical == 0 || KNOWN.contains(kind) {
                    assert_eq!(word(signature), "Verified/Verified", "{kind}: {message}");
                } else {
                    assert_eq!(word(signature), BAD, "{kind}: {message}");
                    assert!(
                        message.contains(&format!("critical subpacket of type {kind},")),
                        "{message}"
                    );
                }
            }
        }
    }
}

/// Some engines refuse the whole packet for them, some do not look: so they are refused for all, in either area.
#[test]
fn malformed_subpackets_are_refused_in_either_area() {
    let (trial, key) = trial();
    let notation = |name: u8, value: u8| [&[0x80, 0, 0, 0, 0, name, 0, value], &b"name"[..]].concat();
    let malformed: [(u8, &[u8]); 30] = [
        (2, b"123"),
        (2, b""),
        (3, b"12345"),
        (9, b"123"),
        (4, b"\x02"),
        (7, b""),
        (25, b"\x00\x00"),
        (25, b"\xff"),
        (5, b"\x01"),
        (6, b"no zero at the end"),
        (6, b""),
        (12, &[0x80; 21]),
        (12, &[0; 22]),
        (16, b"1234567"),
        (16, b"123456789"),
        (20, b"short"),
        (20, &notation(4, 1)),
        (20, &notation(3, 0)),
        (20, &notation(255, 255)),
        (29, b""),
        (31, b"\x01\x08"),
        (32, b"x"),
        (32, b"\x04\x19\x01\x08\x00\x00\xff\xff\x00\x00\x00\x00"),
        (33, b""),
        (33, &[4; 20]),
        (33, &[3; 21]),
        (33, &[6; 32]),
        (35, &[4; 22]),
        (35, b""),
        (39, b"\x09"),
    ];
    let mut blobs = Vec::new();
    for (kind, body) in malformed {
        let draft = || Draft::new(now());
        for draft in [draft().hashed(kind, body), draft().unhashed(kind, body)] {
            blobs.push((kind, key.message(&draft, &signed_payload())));
        }
    }
    let all: Vec<&[u8]> = blobs.iter().map(|(_, blob)| blob.as_slice()).collect();
    let outcome = trial.run(&all, &[]).expect(1);
    for ((kind, _), signature) in blobs.iter().zip(outcome.item()["signatures"].as_array().unwrap()) {
        let message = signature["message"].as_str().unwrap();
        assert_eq!(word(signature), "Rejected/NotASignature", "{kind}: {message}");
        assert!(message.contains(&format!("type {kind} is malformed")), "{message}");
    }
    // Lengths of subpackets that run beyond their area, and one without a type.
    for area in [
        &b"\x05\x64xx"[..],
        b"\x00",
        b"\xff\x00\x00",
        b"\xc0",
        b"\xff\xff\xff\xff\xff\x64",
    ] {
        let mut draft = Draft::new(now());
        draft.unhashed = area.to_vec();
        draft.issuer = false;
        let blob = key.message(&draft.hashed(16, &key.key_id()), &signed_payload());
        trial.expect(&blob, "Rejected/NotASignature", "subpackets are malformed");
    }
}

/// gpg looks for a fingerprint among what is signed alone, and falls back to the key ID where it has no such key: here
/// a key that only has the same ID did not make it.
#[test]
fn a_fingerprint_counts_wherever_it_stands_and_must_be_the_makers() {
    let (trial, key) = trial();
    let mut nameless = Draft::new(now());
    nameless.issuer = false;
    trial.expect_verified(&key.message(&nameless.clone().unhashed(33, &fingerprint_of(&key)), &signed_payload()));
    let mut other = fingerprint_of(&key);
    other[3] ^= 1;
    for draft in [
        nameless.clone().unhashed(33, &other),
        nameless.hashed(33, &other),
        Draft::new(now()).unhashed(33, &other),
        Draft::new(now()).hashed(33, &other),
    ] {
        trial.expect(
            &key.message(&draft, &signed_payload()),
            "Rejected/UnknownKey",
            "not in the key file",
        );
    }
}

/// Of two keys that are both there, the one that is named did not make it.
#[test]
fn the_wrong_issuer_is_a_bad_signature() {
    let (key, other) = (Key::new(), Key::new());
    let trial = Trial::with_keys(
        &[
            key.certificate("A <a@example.com>"),
            other.certificate("B <b@example.com>"),
        ]
        .concat(),
    );
    let mut draft = Draft::new(now());
    draft.issuer = false;
    let payload = signed_payload();
    let signature = key.sign(&draft.unhashed(16, &other.key_id()), &payload);
    let blob = [one_pass(0, 8, 1, other.key_id()), literal(b'b', &payload), signature].concat();
    trial.expect(&blob, BAD, "does not fit");
}
