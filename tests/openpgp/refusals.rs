// SPDX-License-Identifier: Apache-2.0
//! What is not one signed message, each told apart from garbage.

use super::trial::{signed_payload, Trial, REFERENCE};
use crate::support::gpg::Signer;
use crate::support::packets::{body, key_id, literal, message, one_pass, one_pass_for, packet, zip, ONE_PASS};

const NOT: &str = "Rejected/NotASignature";
const UNSUPPORTED: &str = "Unsupported/UnsupportedSignature";
const MANY: &str = "Rejected/MultipleSignatures";

struct Parts {
    trial: Trial,
    signer: Signer,
    key: String,
    one_pass: Vec<u8>,
    literal: Vec<u8>,
    signature: Vec<u8>,
    whole: Vec<u8>,
}

impl Parts {
    fn new() -> Self {
        let (trial, signer, key) = Trial::with_signer();
        let payload = signed_payload();
        let signature = signer.detach_sign(&key, &payload);
        Self {
            one_pass: one_pass_for(&signature, &key),
            literal: literal(b'b', &payload),
            whole: message(&signature, &key, &payload),
            trial,
            signer,
            key,
            signature,
        }
    }

    #[track_caller]
    fn expect(&self, parts: &[&[u8]], verdict: &str, message: &str) {
        self.trial.expect(&parts.concat(), verdict, message);
    }
}

#[test]
fn an_empty_file_is_no_signature_and_an_empty_entry_is_a_damaged_image() {
    let (trial, _, _) = Trial::with_signer();
    trial.expect(b"", "Rejected/MalformedImage", "");
    let blob = trial.sandbox.file("empty.sig", b"");
    let manifest = trial.sandbox.file("manifest.json", b"{}");
    let outcome = trial.sandbox.run([
        "verify",
        "-o",
        "json",
        "--manifest",
        manifest.to_str().unwrap(),
        "--signature-file",
        blob.to_str().unwrap(),
        "--expected-identity",
        REFERENCE,
        "--public-key",
        trial.key_files[0].to_str().unwrap(),
    ]);
    outcome.expect_verdict(1, NOT);
}

#[test]
fn garbage_is_named_for_what_it_looks_like() {
    let parts = Parts::new();
    parts.expect(&[b"garbage\n"], NOT, "not OpenPGP data");
    parts.expect(&[&[0; 1000]], NOT, "0x00");
    parts.expect(&[&signed_payload()], NOT, "JSON");
    parts.expect(&[b"\xff\xfe\xfd\xfc\xfb\xfa"], NOT, "");
    parts.expect(&[b"\x80\x00"], NOT, "reserved");
    parts.expect(
        &[b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"],
        NOT,
        "",
    );
}

#[test]
fn a_message_cut_short_is_refused_wherever_it_is_cut() {
    let parts = Parts::new();
    let blobs: Vec<&[u8]> = (1..parts.whole.len()).step_by(7).map(|n| &parts.whole[..n]).collect();
    let outcome = parts.trial.run(&blobs, &[]).expect_verdict(1, NOT);
    for signature in outcome.item()["signatures"].as_array().unwrap() {
        assert_eq!(signature["reason"], "NotASignature", "{signature:#}");
    }
}

#[test]
fn parts_of_a_message_are_no_message() {
    let p = Parts::new();
    p.expect(&[&p.signature], NOT, "detached");
    p.expect(&[&p.literal], NOT, "data without a signature");
    p.expect(&[&p.one_pass], NOT, "one-pass");
    p.expect(&[&p.one_pass, &p.literal], NOT, "its signature packet is missing");
    p.expect(&[&p.one_pass, &p.signature], NOT, "");
    p.expect(&[&p.literal, &p.signature], NOT, "");
    p.expect(&[&p.signature, &p.literal], NOT, "PGP 2");
    p.expect(&[&p.literal, &p.one_pass, &p.signature], NOT, "");
}

#[test]
fn nothing_may_stand_before_between_or_after_the_three_packets() {
    let p = Parts::new();
    let [op, data, sig] = [&p.one_pass[..], &p.literal, &p.signature];
    let marker = packet(10, b"PGP");
    let user_id = packet(13, b"\"critical\":{}");
    let trust = packet(12, &[0; 2]);
    let private = packet(60, b"x");
    let control = packet(63, &[0; 20]);
    let key = p.signer.gpg(&["--export", &p.key], b"");
    for (stranger, named) in [
        (&marker, "marker"),
        (&user_id, "user ID"),
        (&trust, "type 12"),
        (&private, "type 60"),
        (&control, "type 63"),
        (&key, "public key"),
    ] {
        p.expect(&[stranger, op, data, sig], NOT, named);
        p.expect(&[op, stranger, data, sig], NOT, named);
        p.expect(&[op, data, stranger, sig], NOT, named);
        p.expect(&[op, data, sig, stranger], NOT, named);
        p.trial.expect(&zip(&[op, data, sig, stranger].concat()), NOT, named);
        // A compressed message and something after it.
        p.expect(&[&zip(&p.whole), stranger], NOT, "");
        p.expect(&[stranger, &zip(&p.whole)], NOT, "");
    }
    for garbage in [&b"\n"[..], b"\0", b"garbage"] {
        p.expect(&[&p.whole, garbage], NOT, "not OpenPGP data follow");
        p.expect(&[&zip(&p.whole), garbage], NOT, "not OpenPGP data follow");
        p.expect(&[garbage, &p.whole], NOT, "");
    }
    // Padding is OpenPGP, but of RFC 9580.
    p.expect(&[op, data, sig, &packet(21, b"xxxx")], UNSUPPORTED, "padding");
}

#[test]
fn several_messages_are_not_one() {
    let p = Parts::new();
    p.expect(&[&p.whole, &p.whole], NOT, "several");
    p.expect(&[&zip(&p.whole), &zip(&p.whole)], NOT, "follows");
    p.expect(&[&p.whole, &zip(&p.whole)], NOT, "compressed");
    p.trial.expect(&zip(&[&p.whole[..], &p.whole].concat()), NOT, "several");
    // The signed data followed or led by other data.
    let other = literal(b'b', b"other");
    p.expect(&[&other, &p.whole], NOT, "");
    p.expect(&[&p.whole, &other], NOT, "");
    p.expect(&[&p.one_pass, &p.literal, &other, &p.signature], NOT, "several literal");
}

#[test]
fn two_signatures_in_one_message_are_two_too_many_whoever_made_them() {
    let p = Parts::new();
    let payload = signed_payload();
    let second = p.signer.simple_key("second");
    let both = p.signer.gpg(&["-u", &p.key, "-u", &second, "--sign"], &payload);
    p.expect(&[&both], MANY, "2 signatures");
    let stranger = Signer::new();
    let unknown = stranger.simple_key("unknown");
    let other = stranger.detach_sign(&unknown, &payload);
    let announced = one_pass_for(&other, &unknown);
    p.expect(
        &[&announced, &p.one_pass, &p.literal, &p.signature, &other],
        MANY,
        "2 signatures",
    );
    p.expect(
        &[&p.one_pass, &p.literal, &p.signature, &p.signature],
        MANY,
        "2 signatures",
    );
    p.expect(
        &[&p.one_pass, &p.one_pass, &p.literal, &p.signature],
        MANY,
        "2 signatures",
    );
}

#[test]
fn encrypted_messages_are_not_decrypted() {
    let p = Parts::new();
    let recipient = p.signer.key("recipient", "rsa2048", "sign,encrypt", "never");
    let options = [
        "-u",
        &p.key,
        "-r",
        &recipient,
        "--trust-model",
        "always",
        "--sign",
        "--encrypt",
    ];
    p.expect(&[&p.signer.gpg(&options, &signed_payload())], NOT, "encrypted");
    let symmetric = p.signer.gpg(
        &["-u", &p.key, "--passphrase", "x", "--sign", "--symmetric"],
        &signed_payload(),
    );
    p.expect(&[&symmetric], NOT, "encrypted");
}

#[test]
fn armoured_and_clear_signed_messages_are_unsupported_but_damaged_ones_are_nothing() {
    let p = Parts::new();
    let payload = signed_payload();
    let armoured = p.signer.sign_with(&p.key, &["--armor"], &payload);
    p.expect(&[&armoured], UNSUPPORTED, "armour");
    p.expect(&[b"\n", &armoured], UNSUPPORTED, "armour");
    p.expect(&[b"text\n", &armoured], NOT, "text with ASCII armour");
    p.expect(&[&armoured, b"text\n"], NOT, "other text after");
    let text = String::from_utf8(armoured).unwrap();
    let cut = text.split_once("-----END").unwrap().0;
    p.expect(&[cut.as_bytes()], NOT, "without its end");
    let line = text.lines().find(|line| line.len() == 64).unwrap();
    let other = if &line[20..21] == "A" { "B" } else { "A" };
    let damaged = text.replacen(line, &format!("{}{other}{}", &line[..20], &line[21..]), 1);
    assert_ne!(damaged, text);
    p.expect(&[damaged.as_bytes()], NOT, "armour");
    let clear = p.signer.gpg(&["-u", &p.key, "--clear-sign"], &payload);
    p.expect(&[&clear], UNSUPPORTED, "cleartext");
    let cut = &clear[..clear.len() / 2];
    p.expect(&[cut], NOT, "cleartext");
    // Other things in armour.
    let detached = p.signer.gpg(&["-u", &p.key, "--armor", "--detach-sign"], &payload);
    p.expect(&[&detached], NOT, "armoured signature");
    let key = p.signer.gpg(&["--armor", "--export", &p.key], b"");
    p.expect(&[&key], NOT, "public key block");
    // What stands inside the armour is judged too: it is not every armour that is unsupported.
    let twice = p
        .signer
        .gpg(&["--enarmor"], &[p.whole.clone(), p.whole.clone()].concat());
    let twice = String::from_utf8(twice).unwrap().replace("ARMORED FILE", "MESSAGE");
    p.expect(&[twice.as_bytes()], NOT, "inside ASCII armour");
}

#[test]
fn other_packet_versions_are_unsupported() {
    let p = Parts::new();
    for version in [2, 5, 6, 7, 255] {
        let mut signature = body(&p.signature);
        signature[0] = version;
        let message = format!("version {version}");
        p.expect(
            &[&p.one_pass, &p.literal, &packet(2, &signature)],
            UNSUPPORTED,
            &message,
        );
        let mut announced = body(&p.one_pass);
        announced[0] = version;
        let announced = packet(ONE_PASS, &announced);
        p.expect(&[&announced, &p.literal, &p.signature], UNSUPPORTED, &message);
    }
    // A one-pass packet of version 6 has another length (RFC 9580 section 5.4).
    let v6 = packet(ONE_PASS, &[&[6, 0, 8, 27, 32], &[7; 64][..], &[1]].concat());
    p.expect(&[&v6, &p.literal, &p.signature], UNSUPPORTED, "version 6");
}

#[test]
fn unknown_algorithms_are_unsupported() {
    let p = Parts::new();
    let changed = |at: usize, announced_at: usize, value: u8| {
        let (mut signature, mut announced) = (body(&p.signature), body(&p.one_pass));
        signature[at] = value;
        announced[announced_at] = value;
        [packet(ONE_PASS, &announced), p.literal.clone(), packet(2, &signature)].concat()
    };
    for (algorithm, name) in [(27, "Ed25519"), (28, "Ed448"), (30, "30"), (100, "100"), (21, "21")] {
        p.trial.expect(&changed(2, 3, algorithm), UNSUPPORTED, name);
    }
    for (hash, name) in [(12, "SHA3-256"), (14, "SHA3-512"), (4, "4"), (100, "100")] {
        p.trial.expect(&changed(3, 2, hash), UNSUPPORTED, name);
    }
}

#[test]
fn the_one_pass_packet_must_announce_the_signature_that_comes() {
    let p = Parts::new();
    let signature = body(&p.signature);
    let (public_key, hash) = (signature[2], signature[3]);
    let id = key_id(&p.key);
    let mut other = id;
    other[0] ^= 1;
    for announced in [
        one_pass(0, hash, public_key, other),
        one_pass(1, hash, public_key, id),
        one_pass(0, 9, public_key, id),
        one_pass(0, hash, 1, id),
    ] {
        p.expect(&[&announced, &p.literal, &p.signature], NOT, "announces");
    }
    let long = packet(ONE_PASS, &[&body(&p.one_pass)[..], &[0]].concat());
    p.expect(&[&long, &p.literal, &p.signature], NOT, "wrong length");
}

#[test]
fn signature_packets_that_are_damaged_are_refused_before_gpg_sees_them() {
    let p = Parts::new();
    let signature = body(&p.signature);
    p.expect(
        &[&p.one_pass, &p.literal, &packet(2, &[&signature[..], b"x"].concat())],
        NOT,
        "data after the signature",
    );
    for length in [1, 5, 10, signature.len() - 1] {
        p.expect(&[&p.one_pass, &p.literal, &packet(2, &signature[..length])], NOT, "");
    }
    p.expect(&[&p.one_pass, &p.literal, &packet(2, b"")], NOT, "empty");
}
