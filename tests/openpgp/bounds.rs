// SPDX-License-Identifier: Apache-2.0
//! Signatures that are too large, too many, too deep, or made to keep GnuPG busy for ever.

use std::io::Write;
use std::process::Command;

use super::trial::{signed_payload, Trial};
use crate::support::forge::{now, Draft, Key};
use crate::support::packets::{body, literal, message, one_pass, one_pass_for, packet, zip, COMPRESSED};
use crate::support::program::{has, word};
use crate::support::skipped;

const MIB: usize = 1 << 20;
const PAYLOAD: usize = 64 << 10;

/// Within 256 MiB of addresses and 20 s of CPU for all that is started.
fn confined(trial: &Trial, blob: &[u8], verdict: &str) {
    if !has("prlimit") {
        skipped("bounds", "prlimit (util-linux) is not installed");
        return;
    }
    let mut starter = trial.sandbox.command_of("/usr/bin/prlimit".as_ref());
    starter.args(["--as=268435456", "--cpu=20", "--"]);
    starter.arg(crate::support::program::binary());
    let mut command: Command = trial.command_of(starter, &[blob]);
    let outcome = trial.sandbox.finish(&mut command, b"");
    assert_eq!(word(&outcome.item()["signatures"][0]), verdict, "{outcome:#?}");
    outcome.expect(1);
}

fn deflated(repeated: &[u8], times: usize) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(vec![1], flate2::Compression::best());
    for _ in 0..times {
        encoder.write_all(repeated).unwrap();
    }
    packet(COMPRESSED, &encoder.finish().unwrap())
}

#[test]
fn a_blob_of_more_than_a_mebibyte_is_over_the_limit() {
    let (trial, _, _) = Trial::with_signer();
    trial.expect(&vec![b'.'; MIB], "Rejected/NotASignature", "not OpenPGP data");
    trial.expect(&vec![b'x'; MIB + 1], "Rejected/LimitExceeded", "1048576");
}

#[test]
fn a_payload_of_64_kib_passes_and_one_byte_more_is_over_the_limit() {
    let (trial, signer, key) = Trial::with_signer();
    let mut payload = signed_payload();
    payload.resize(PAYLOAD, b' ');
    for algorithm in ["none", "zip", "zlib", "bzip2"] {
        trial.expect_verified(&signer.sign_with(&key, &["--compress-algo", algorithm], &payload));
    }
    payload.push(b' ');
    for algorithm in ["none", "zip", "zlib", "bzip2"] {
        let blob = signer.sign_with(&key, &["--compress-algo", algorithm], &payload);
        trial.expect(&blob, "Rejected/LimitExceeded", "65536");
    }
}

#[test]
fn a_signature_packet_of_more_than_16_kib_is_over_the_limit() {
    let (trial, signer, key) = Trial::with_signer();
    let payload = signed_payload();
    let mut signature = body(&signer.detach_sign(&key, &payload));
    signature.resize((16 << 10) + 1, 0);
    let signature = packet(2, &signature);
    trial.expect(
        &message(&signature, &key, &payload),
        "Rejected/LimitExceeded",
        "signature packet",
    );
}

/// gpg finds no signature at all in a packet whose areas or numbers are larger than it reads.
#[test]
fn areas_and_numbers_are_as_large_as_gpg_reads_them_and_no_larger() {
    const AREA: usize = 10_000;
    const OVER: &str = "Rejected/LimitExceeded";
    let key = Key::new();
    let trial = Trial::with_keys(&key.certificate("Release <release@example.com>"));
    let payload = signed_payload();
    // The creation time and the issuer's key ID take 10 and 14 bytes, what stands before the filling 6.
    let hashed = |size: usize| Draft::new(now()).hashed(100, &vec![b'x'; size - 10 - 6]);
    let unhashed = |size: usize| Draft::new(now()).unhashed(100, &vec![b'x'; size - 14 - 6]);
    for (draft, larger, name) in [
        (hashed(AREA), hashed(AREA + 1), "its hashed subpackets have 10001 bytes"),
        (
            unhashed(AREA),
            unhashed(AREA + 1),
            "its unhashed subpackets have 10001 bytes",
        ),
    ] {
        trial.expect_verified(&key.message(&draft, &payload));
        trial.expect(&key.message(&larger, &payload), OVER, name);
    }
    let mut many = Draft::new(now());
    many.unhashed = b"\x01\x64".repeat((AREA - 14) / 2);
    trial.expect_verified(&key.message(&many, &payload));
    let number = |bits: u16, version: u8| {
        let without = key.up_to_number(&Draft::new(now()).version(version), &payload);
        let bytes = vec![0xff; usize::from(bits).div_ceil(8)];
        let signature = packet(2, &[&without[..], &bits.to_be_bytes(), &bytes].concat());
        [one_pass(0, 8, 1, key.key_id()), literal(b'b', &payload), signature].concat()
    };
    for version in [3, 4] {
        trial.expect(&number(0, version), "Rejected/BadSignature", "is empty");
        for bits in [1, 2047, 2048, 2049, 16_384] {
            trial.expect(&number(bits, version), "Rejected/BadSignature", "does not fit");
        }
        for bits in [16_385, 32_768, u16::MAX] {
            trial.expect(&number(bits, version), OVER, "more than 16384");
        }
    }
}

#[test]
fn more_than_8_packets_are_over_the_limit() {
    let (trial, signer, key) = Trial::with_signer();
    let user_id = packet(13, b"x");
    let blob = |count: usize| user_id.repeat(count);
    trial.expect(&blob(8), "Rejected/NotASignature", "user ID");
    trial.expect(&blob(9), "Rejected/LimitExceeded", "8 OpenPGP packets");
    // The compressed packet is one of the eight.
    trial.expect(&zip(&blob(7)), "Rejected/NotASignature", "user ID");
    trial.expect(&zip(&blob(8)), "Rejected/LimitExceeded", "8 OpenPGP packets");
    // A message with fifty signatures is called by its name.
    let payload = signed_payload();
    let signature = signer.detach_sign(&key, &payload);
    let fifty = [
        one_pass_for(&signature, &key).repeat(50),
        literal(b'b', &payload),
        signature.repeat(50),
    ];
    trial.expect(&fifty.concat(), "Rejected/MultipleSignatures", "at least");
}

#[test]
fn compression_bombs_end_early() {
    let (trial, _, _) = Trial::with_signer();
    // 256 MiB of nothing in 256 KiB.
    let bomb = deflated(&vec![0; MIB], 256);
    assert!(bomb.len() < MIB);
    confined(&trial, &bomb, "Rejected/LimitExceeded");
    // A bomb in a bomb: only the outer one is unpacked.
    let small = deflated(&vec![0; MIB], 32);
    confined(&trial, &zip(&small), "Rejected/NotASignature");
    let mut encoder = bzip2::write::BzEncoder::new(vec![3], bzip2::Compression::best());
    for _ in 0..64 {
        encoder.write_all(&vec![b' '; MIB]).unwrap();
    }
    let bomb = packet(COMPRESSED, &encoder.finish().unwrap());
    assert!(bomb.len() < MIB);
    confined(&trial, &bomb, "Rejected/LimitExceeded");
    let mut encoder = flate2::write::ZlibEncoder::new(vec![2], flate2::Compression::best());
    for _ in 0..64 {
        encoder.write_all(&vec![b' '; MIB]).unwrap();
    }
    let bomb = packet(COMPRESSED, &encoder.finish().unwrap());
    confined(&trial, &bomb, "Rejected/LimitExceeded");
}

/// Given to gpg, 290 KB of such packets run for more than two minutes.
#[test]
fn compressed_signature_packets_never_reach_gpg() {
    let (trial, signer, key) = Trial::with_signer();
    let signature = signer.detach_sign(&key, &signed_payload());
    let many = deflated(&signature.repeat(1000), (64 << 20) / (signature.len() * 1000));
    assert!(many.len() < MIB);
    confined(&trial, &many, "Rejected/LimitExceeded");
    let one_pass = one_pass_for(&signature, &key);
    let many = deflated(&one_pass.repeat(1000), (16 << 20) / (one_pass.len() * 1000));
    assert!(many.len() < MIB);
    confined(&trial, &many, "Rejected/LimitExceeded");
    // As many as may be unpacked, and as many as fit without compression.
    confined(&trial, &zip(&one_pass.repeat(3000)), "Rejected/MultipleSignatures");
    confined(&trial, &signature.repeat(4000), "Rejected/MultipleSignatures");
    // Keys in a signature kept gpg busy for 9 s.
    let keys = signer.gpg(&["--export"], b"");
    confined(&trial, &zip(&keys.repeat(200)), "Rejected/LimitExceeded");
}

#[test]
fn deep_nesting_is_refused_at_the_second_layer() {
    let (trial, signer, key) = Trial::with_signer();
    let mut blob = signer.sign_with(&key, &["--compress-algo", "none"], &signed_payload());
    for _ in 0..500 {
        blob = packet(COMPRESSED, &[&[0], &blob[..]].concat());
    }
    confined(&trial, &blob, "Rejected/NotASignature");
}

/// Lengths that claim more than is there allocate nothing.
#[test]
fn lengths_of_four_gibibytes_cost_nothing() {
    let (trial, _, _) = Trial::with_signer();
    for header in [&[0xcb, 255][..], &[0xae][..], &[0xc8, 255], &[0xc2, 255]] {
        let blob = [header, &[0xff, 0xff, 0xff, 0xff], b"short"].concat();
        confined(&trial, &blob, "Rejected/NotASignature");
    }
    confined(&trial, &[0xcb, 0xfe, 1], "Rejected/NotASignature");
}
