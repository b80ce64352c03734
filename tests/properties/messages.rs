// SPDX-License-Identifier: Apache-2.0
//! Good messages with every single bit turned: no other payload is ever Verified.

use image_signature::openpgp::framing::message::Message;

use super::generator::{seed, Generator};
use crate::support::gpg::Signer;
use crate::support::images::{base64, image, payload, D1};
use crate::support::packets::{literal, one_pass_for};
use crate::support::program::Sandbox;
use crate::support::vectors::data;

const REFERENCE: &str = "a/b:c";

/// Signatures that one image may have.
const AT_ONCE: usize = 128;

/// Which of the blobs are Verified.
fn verified(
    sandbox: &Sandbox,
    key_file: &std::path::Path,
    digest: &str,
    reference: &str,
    blobs: &[Vec<u8>],
) -> Vec<usize> {
    let mut found = Vec::new();
    for (n, chunk) in blobs.chunks(AT_ONCE).enumerate() {
        let chunk: Vec<&[u8]> = chunk.iter().map(Vec::as_slice).collect();
        let object = sandbox.file("image.json", image(digest, &chunk).to_string());
        let mut command = sandbox.command();
        command.args(["verify", "-o", "json", "--expected-identity", reference, "-f"]);
        command.arg(object).arg("--public-key").arg(key_file);
        let outcome = sandbox.finish(&mut command, b"");
        let signatures = outcome.item()["signatures"].as_array().unwrap().clone();
        assert_eq!(signatures.len(), chunk.len());
        for (at, signature) in signatures.iter().enumerate() {
            let verdict = signature["verdict"].as_str().unwrap();
            // A fault of a message is never a fault of the engine.
            assert_ne!(verdict, "Unchecked", "{} {signature:#}", base64(chunk[at]));
            if verdict == "Verified" {
                found.push(n * AT_ONCE + at);
            }
        }
    }
    found
}

#[test]
fn a_message_with_any_bit_turned_is_verified_only_for_the_same_payload() {
    let signer = Signer::new();
    let key = signer.simple_key("bits");
    let sandbox = Sandbox::new();
    let key_file = signer.export(&[&key], &sandbox.path("key.gpg"));
    let payload = payload(D1, REFERENCE);
    let signature = signer.detach_sign(&key, &payload);
    let good = [one_pass_for(&signature, &key), literal(b'b', &payload), signature].concat();
    let mut blobs = vec![good.clone()];
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut blob = good.clone();
            blob[at] ^= 1 << bit;
            blobs.push(blob);
        }
    }
    let found = verified(&sandbox, &key_file, D1, REFERENCE, &blobs);
    println!(
        "{} of {} mutants are Verified all the same",
        found.len() - 1,
        blobs.len() - 1
    );
    assert_eq!(found[0], 0);
    for n in &found {
        let message = Message::parse(&blobs[*n]).unwrap();
        assert_eq!(message.payload, payload, "{}", base64(&blobs[*n]));
    }
    // Name and date of the literal, its format, the unsigned issuer and the two bytes of the digest: nothing else.
    let harmless = 8 * (1 + 1 + 4 + 10 + 2) + 8;
    assert!(found.len() < harmless, "{}", found.len());
}

#[test]
fn damaged_messages_of_the_corpus_are_verified_only_for_the_same_payload() {
    const DIGEST: &str = "sha256:abababababababababababababababababababababababababababababababab";
    let sandbox = Sandbox::new();
    let key_file = data("corpus/keys/rsa2048.asc");
    let mut generator = Generator::new(seed());
    println!("damaged messages: seed {}", seed());
    let (mut tried, mut same) = (0, 0);
    for name in [
        "good-zlib",
        "good-bzip2",
        "good-uncompressed",
        "good-sha512",
        "gpg-sign-rsa",
        "literal-name-date",
    ] {
        let good = std::fs::read(data("corpus/sigs").join(format!("{name}.sig"))).unwrap();
        let signed = Message::parse(&good).unwrap().payload;
        let mut blobs = vec![good.clone()];
        blobs.extend(
            (0..2 * AT_ONCE - 1)
                .map(|_| generator.damage(&good))
                .filter(|blob| !blob.is_empty()),
        );
        let found = verified(&sandbox, &key_file, DIGEST, "quay.io/example/app:1.0", &blobs);
        assert_eq!(found.first(), Some(&0), "{name}");
        for n in found {
            let message = Message::parse(&blobs[n]).unwrap();
            assert_eq!(message.payload, signed, "{name}: {}", base64(&blobs[n]));
            same += 1;
        }
        tried += blobs.len();
    }
    println!("{tried} messages, {same} Verified, all for the signed payload");
}
