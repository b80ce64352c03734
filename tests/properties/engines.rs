// SPDX-License-Identifier: Apache-2.0
//! However GnuPG is asked, the outcome is the same, for messages altered at random too.

use std::collections::BTreeMap;
use std::path::Path;

use image_signature::openpgp::framing::message::Message;

use super::generator::{rounds, seed, Generator};
use super::signatures::Parts;
use crate::support::gpg::Signer;
use crate::support::images::{base64, image, payload, D1};
use crate::support::packets::zip;
use crate::support::program::{timeless, word, Sandbox};
use crate::support::vectors::data;

const REFERENCE: &str = "a/b:c";

/// Signatures that one image may have.
const AT_ONCE: usize = 128;

/// How many messages there were, and how they were judged.
#[derive(Default)]
struct Tally {
    tried: usize,
    framed: usize,
    by_workers: usize,
    words: BTreeMap<String, usize>,
}

impl Tally {
    fn compare(&mut self, key_file: &Path, blobs: &[Vec<u8>]) {
        let sandboxes = [Sandbox::new(), Sandbox::new()];
        for chunk in blobs.chunks(AT_ONCE) {
            let chunk: Vec<&[u8]> = chunk.iter().map(Vec::as_slice).collect();
            let object = image(D1, &chunk).to_string();
            let run = |sandbox: &Sandbox, engine: &str| {
                sandbox.file("image.json", &object);
                let mut command = sandbox.command();
                command.args(["verify", "-v", "-o", "json", "--expected-identity", REFERENCE, "-f"]);
                command
                    .arg("image.json")
                    .args(["--engine", engine])
                    .arg("--public-key")
                    .arg(key_file);
                sandbox.finish(&mut command, b"")
            };
            // At the same time: what costs time is what gpgme decides, for the one as for the other.
            let (gpgme, batch) = std::thread::scope(|scope| {
                let gpgme = scope.spawn(|| run(&sandboxes[0], "gpgme"));
                let batch = run(&sandboxes[1], "batch");
                (gpgme.join().unwrap(), batch)
            });
            let (one, other) = (timeless(&gpgme.item()), timeless(&batch.item()));
            for (at, blob) in chunk.iter().enumerate() {
                let (one, other) = (&one["signatures"][at], &other["signatures"][at]);
                assert_eq!(one, other, "seed {}: {}", seed(), base64(blob));
                self.tried += 1;
                self.framed += usize::from(Message::parse(blob).is_ok());
                *self.words.entry(word(one)).or_default() += 1;
            }
            assert_eq!(one, other);
            self.by_workers += batch.workers()[1];
        }
    }
}

/// Signatures altered part by part, and messages of the corpus damaged byte by byte.
#[test]
fn five_thousand_mutants_have_one_outcome_with_both_engines() {
    let signer = Signer::new();
    let payload = payload(D1, REFERENCE);
    let mut generator = Generator::new(seed());
    let mut tally = Tally::default();
    let mutants = rounds(5_000);
    for algorithm in ["rsa2048", "nistp256", "ed25519"] {
        let sandbox = Sandbox::new();
        let key = signer.key(algorithm, algorithm, "sign", "never");
        let key_file = signer.export(&[&key], &sandbox.path("key.gpg"));
        let good = Parts::of(&signer.detach_sign(&key, &payload), &key);
        let mut blobs = vec![good.message(&payload)];
        while blobs.len() < mutants / 5 {
            let blob = good.mutant(&mut generator, &payload);
            blobs.extend(blob.map(|blob| if generator.below(4) == 0 { zip(&blob) } else { blob }));
        }
        tally.compare(&key_file, &blobs);
    }
    let samples: Vec<Vec<u8>> = [
        "good-zlib",
        "good-uncompressed",
        "good-sha512",
        "notation-noncritical",
        "sig-expires-later",
        "literal-name-date",
        "v3sig",
    ]
    .iter()
    .filter_map(|name| std::fs::read(data("corpus/sigs").join(format!("{name}.sig"))).ok())
    .collect();
    assert!(samples.len() >= 6);
    let mut blobs = samples.clone();
    while tally.tried + blobs.len() < mutants {
        let sample = &samples[generator.below(samples.len())];
        let blob = generator.damage(sample);
        blobs.extend(Some(blob).filter(|blob| !blob.is_empty()));
    }
    tally.compare(&data("corpus/keys/rsa2048.asc"), &blobs);
    println!(
        "both engines, seed {}: {} messages, {} of them passed the framing, {} good by workers: {:?}",
        seed(),
        tally.tried,
        tally.framed,
        tally.by_workers,
        tally.words
    );
    assert!(tally.tried >= mutants && tally.framed > mutants / 10);
    assert!(tally.by_workers > mutants / 100, "{}", tally.by_workers);
}
