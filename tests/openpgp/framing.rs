// SPDX-License-Identifier: Apache-2.0
//! What is one signed message, in all the spellings that OpenPGP has for it.

use std::io::Write;

use super::trial::{signed_payload, Trial};
use crate::support::forge::{now, Draft, Key};
use crate::support::packets::{body, literal, message, one_pass_for, packet, zip, COMPRESSED, LITERAL};

/// An elliptic curve key, a payload, and the parts of a message over it.
fn parts() -> (Trial, [Vec<u8>; 3], Vec<u8>) {
    let (trial, signer, key) = Trial::with_signer();
    let payload = signed_payload();
    let signature = signer.detach_sign(&key, &payload);
    let whole = message(&signature, &key, &payload);
    let parts = [one_pass_for(&signature, &key), literal(b'b', &payload), signature];
    (trial, parts, whole)
}

/// A packet whose header has another form.
fn recoded(packet: &[u8], header: impl Fn(u8, usize) -> Vec<u8>) -> Vec<u8> {
    let mut input = packet;
    let parsed = image_signature::openpgp::framing::packet::next(&mut input)
        .unwrap()
        .unwrap();
    [header(parsed.tag, parsed.body.len()), parsed.body.into_owned()].concat()
}

fn big_endian(length: usize, octets: usize) -> Vec<u8> {
    length.to_be_bytes()[8 - octets..].to_vec()
}

/// A packet in parts, each of a power of two bytes, the last of any length.
fn in_parts(tag: u8, body: &[u8], power: u8) -> Vec<u8> {
    let mut out = vec![0xc0 | tag];
    let mut rest = body;
    while rest.len() > 1 << power {
        let (part, after) = rest.split_at(1 << power);
        out.push(224 + power);
        out.extend(part);
        rest = after;
    }
    out.push(255);
    out.extend(big_endian(rest.len(), 4));
    out.extend(rest);
    out
}

/// Old format, indeterminate length.
fn without_length(tag: u8, body: &[u8]) -> Vec<u8> {
    [&[0x80 | tag << 2 | 3], body].concat()
}

#[test]
fn old_and_new_headers_with_lengths_of_every_size_are_read_alike() {
    let (trial, parts, whole) = parts();
    trial.expect_verified(&whole);
    type Header = fn(u8, usize) -> Vec<u8>;
    let headers: [Header; 4] = [
        |tag, n| [&[0x80 | tag << 2 | 1][..], &big_endian(n, 2)].concat(),
        |tag, n| [&[0x80 | tag << 2 | 2][..], &big_endian(n, 4)].concat(),
        |tag, n| [&[0xc0 | tag, 255][..], &big_endian(n, 4)].concat(),
        // One or two octets in the new format, as the length demands.
        |tag, n| match n {
            0..=191 => vec![0xc0 | tag, u8::try_from(n).unwrap()],
            _ => {
                let n = u16::try_from(n - 192 + (192 << 8)).unwrap();
                [&[0xc0 | tag][..], &n.to_be_bytes()].concat()
            }
        },
    ];
    for header in headers {
        let blob: Vec<u8> = parts.iter().flat_map(|part| recoded(part, header)).collect();
        trial.expect_verified(&blob);
    }
    // One octet in the old format is enough for the two small packets.
    let short: Header = |tag, n| vec![0x80 | tag << 2, u8::try_from(n).unwrap()];
    trial.expect_verified(&[recoded(&parts[0], short), parts[1].clone(), recoded(&parts[2], short)].concat());
}

#[test]
fn data_packets_may_come_in_parts() {
    let (trial, [one_pass, literal, signature], whole) = parts();
    for power in [0, 3, 6] {
        let data = in_parts(LITERAL, &body(&literal), power);
        trial.expect_verified(&[&one_pass[..], &data, &signature].concat());
        trial.expect_verified(&in_parts(COMPRESSED, &body(&zip(&whole)), power));
    }
    // The end of a message that came in parts is missing.
    let mut cut = in_parts(LITERAL, &body(&literal), 3);
    cut.truncate(cut.len() - 10);
    trial.expect(&[one_pass.clone(), cut].concat(), "Rejected/NotASignature", "literal");
}

#[test]
fn other_packets_may_not_come_in_parts_or_without_a_length() {
    let (trial, [one_pass, literal, signature], _) = parts();
    let blob = [&one_pass[..], &literal, &in_parts(2, &body(&signature), 3)].concat();
    trial.expect(&blob, "Rejected/NotASignature", "length");
    let blob = [&one_pass[..], &literal, &without_length(2, &body(&signature))].concat();
    trial.expect(&blob, "Rejected/NotASignature", "length");
}

#[test]
fn a_compressed_packet_may_have_no_length_but_a_literal_packet_then_swallows_the_signature() {
    let (trial, [one_pass, literal, signature], whole) = parts();
    trial.expect_verified(&without_length(COMPRESSED, &body(&zip(&whole))));
    let blob = [&one_pass[..], &without_length(LITERAL, &body(&literal)), &signature].concat();
    trial.expect(&blob, "Rejected/NotASignature", "its signature packet is missing");
}

#[test]
fn every_compression_that_gpg_has_is_unpacked() {
    let (trial, signer, key) = Trial::with_signer();
    for algorithm in ["none", "zip", "zlib", "bzip2"] {
        trial.expect_verified(&signer.sign_with(&key, &["--compress-algo", algorithm], &signed_payload()));
    }
    let (trial, _, whole) = parts();
    // "Uncompressed" is an algorithm as well (RFC 9580 section 9.4).
    trial.expect_verified(&packet(COMPRESSED, &[&[0], &whole[..]].concat()));
    trial.expect(
        &packet(COMPRESSED, &[&[77], &whole[..]].concat()),
        "Unsupported/UnsupportedSignature",
        "algorithm 77",
    );
}

#[test]
fn exactly_one_layer_of_compression() {
    let (trial, [one_pass, literal, signature], whole) = parts();
    trial.expect(&zip(&zip(&whole)), "Rejected/NotASignature", "compressed data packet");
    let blob = [one_pass, zip(&literal), signature].concat();
    trial.expect(&blob, "Rejected/NotASignature", "compressed data packet");
    let stored = packet(COMPRESSED, &[&[0], &zip(&whole)[..]].concat());
    trial.expect(&stored, "Rejected/NotASignature", "compressed data packet");
}

#[test]
fn nothing_may_follow_the_end_of_a_compressed_stream() {
    let (trial, _, whole) = parts();
    for (number, algorithm) in [(1, "zip"), (2, "zlib"), (3, "bzip2")] {
        let stream = compress(number, &whole);
        trial.expect_verified(&packet(COMPRESSED, &stream));
        for trailer in [&b"\0"[..], b"trailer", &stream[1..]] {
            let blob = packet(COMPRESSED, &[&stream[..], trailer].concat());
            trial.expect(&blob, "Rejected/NotASignature", "followed by other data");
            let blob = without_length(COMPRESSED, &[&stream[..], trailer].concat());
            trial.expect(&blob, "Rejected/NotASignature", "followed by other data");
        }
        let cut = packet(COMPRESSED, &stream[..stream.len() - 1]);
        let verdict = trial.judge(&cut);
        assert_eq!(verdict, "Rejected/NotASignature", "{algorithm} cut short");
    }
}

/// A compressed packet's body.
fn compress(algorithm: u8, data: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::default();
    let stream = match algorithm {
        1 => {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
        2 => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
        _ => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
    };
    [&[algorithm], &stream[..]].concat()
}

#[test]
fn signatures_of_version_3_count_like_those_of_version_4() {
    let key = Key::new();
    let trial = Trial::with_keys(&key.certificate("Release <release@example.com>"));
    let payload = signed_payload();
    for version in [3, 4] {
        for hash in [8, 9, 10, 11] {
            let draft = Draft::new(now()).version(version).hash(hash);
            trial.expect_verified(&key.message(&draft, &payload));
        }
    }
    // Its date is covered by the signature: moving it breaks the signature.
    let signature = key.sign_body(&Draft::new(now()).version(3), &payload);
    let mut moved = signature.clone();
    moved[6] ^= 1;
    let blob = |signature: &[u8]| {
        [
            crate::support::packets::one_pass(0, 8, 1, key.key_id()),
            literal(b'b', &payload),
            packet(2, signature),
        ]
        .concat()
    };
    trial.expect_verified(&blob(&signature));
    trial.expect(&blob(&moved), "Rejected/BadSignature", "does not fit");
}

#[test]
fn text_literals_count_where_no_byte_of_them_changes() {
    let (trial, signer, key) = Trial::with_signer();
    let mut payload = signed_payload();
    payload.push(b'\n');
    for format in [b'b', b't', b'u'] {
        let signature = signer.detach_sign(&key, &payload);
        let blob = [one_pass_for(&signature, &key), literal(format, &payload), signature].concat();
        trial.expect_verified(&blob);
    }
    payload.extend(b"\r\n");
    let signature = signer.detach_sign(&key, &payload);
    let with = |format| {
        [
            one_pass_for(&signature, &key),
            literal(format, &payload),
            signature.clone(),
        ]
        .concat()
    };
    trial.expect_verified(&with(b'b'));
    for format in [b't', b'u'] {
        trial.expect(&with(format), "Rejected/NotASignature", "carriage returns");
    }
    for format in [b'l', b'1', b'm', 0] {
        trial.expect(&with(format), "Rejected/NotASignature", "neither binary nor text");
    }
}

/// Class 0x01 covers neither white space at line ends nor what follows the 19,995th character of a line.
#[test]
fn text_signatures_are_unsupported_whatever_they_cover() {
    const UNSUPPORTED: &str = "Unsupported/UnsupportedSignature";
    let (trial, signer, key) = Trial::with_signer();
    let plain = signed_payload();
    let long = [b"{}", &[b' '; 19_000][..], &plain].concat();
    for payload in [&plain[..], &[&plain[..], b" \r\n"].concat(), &long, b""] {
        let signature = signer.gpg(&["-u", &key, "--textmode", "--detach-sign"], payload);
        for format in [b'b', b't', b'u'] {
            let blob = [
                one_pass_for(&signature, &key),
                literal(format, payload),
                signature.clone(),
            ]
            .concat();
            trial.expect(&blob, UNSUPPORTED, "a binary signature (class 0x00) is required");
            trial.expect(&zip(&blob), UNSUPPORTED, "text signature");
        }
    }
    let whole = signer.sign_with(&key, &["--textmode"], &plain);
    trial.expect(&whole, UNSUPPORTED, "text signature (class 0x01)");
    // What gpg has not hashed can be anything.
    let signed = [b"{}", &[b' '; 19_000][..]].concat();
    let signature = signer.gpg(&["-u", &key, "--textmode", "--detach-sign"], &signed);
    let added = [&signed[..], &plain].concat();
    let blob = [one_pass_for(&signature, &key), literal(b'b', &added), signature].concat();
    trial.expect(&blob, UNSUPPORTED, "text signature");
    let key = Key::new();
    let trial = Trial::with_keys(&key.certificate("Release <release@example.com>"));
    for version in [3, 4] {
        let draft = Draft::new(now()).class(1).version(version);
        trial.expect(&key.message(&draft, &plain), UNSUPPORTED, "text signature");
    }
}

#[test]
fn name_and_date_of_the_literal_are_not_signed_and_not_used() {
    let (trial, [one_pass, _, signature], _) = parts();
    for name in ["../../etc/passwd", "_CONSOLE", "\u{202e}x", ""] {
        let head = [&[b'b', u8::try_from(name.len()).unwrap()], name.as_bytes(), &[0xff; 4]].concat();
        let data = packet(LITERAL, &[&head[..], &signed_payload()].concat());
        let outcome = trial.run(&[&[&one_pass[..], &data, &signature].concat()], &[]);
        assert!(!outcome.stdout.contains("passwd"), "{outcome:#?}");
        outcome.expect_verdict(0, "Verified/Verified");
    }
}
