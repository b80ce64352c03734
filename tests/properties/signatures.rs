// SPDX-License-Identifier: Apache-2.0
//! Signature packets altered part by part, in ways that noise rarely hits: whatever the framing lets pass, GnuPG has
//! an answer to, and a bad message is never taken for trouble of the engine.

use std::collections::BTreeMap;

use image_signature::openpgp::framing::message::Message;

use super::generator::{seed, Generator};
use crate::support::forge::subpacket;
use crate::support::gpg::Signer;
use crate::support::images::{base64, image, payload, D1};
use crate::support::packets::{body, key_id, literal, one_pass, packet, zip};
use crate::support::program::{word, Sandbox};

const REFERENCE: &str = "a/b:c";

/// Signatures that one image may have.
const AT_ONCE: usize = 128;

/// Altered signatures a key.
const MUTANTS: usize = 6 * AT_ONCE;

/// A signature packet of version 4 in its parts.
#[derive(Debug, Clone)]
pub struct Parts {
    version: u8,
    class: u8,
    public_key: u8,
    hash: u8,
    hashed: Vec<u8>,
    unhashed: Vec<u8>,
    prefix: Vec<u8>,
    numbers: Vec<Vec<u8>>,
    maker: [u8; 8],
    created: [u8; 4],
}

impl Parts {
    pub fn of(signature: &[u8], key: &str) -> Self {
        let bytes = body(signature);
        let take = |at: usize| usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
        let hashed = bytes[6..6 + take(4)].to_vec();
        let at = 6 + hashed.len();
        let unhashed = bytes[at + 2..at + 2 + take(at)].to_vec();
        let mut at = at + 2 + unhashed.len() + 2;
        let prefix = bytes[at - 2..at].to_vec();
        let mut numbers = Vec::new();
        while at < bytes.len() {
            let end = at + 2 + take(at).div_ceil(8);
            numbers.push(bytes[at..end].to_vec());
            at = end;
        }
        Self {
            version: bytes[0],
            class: bytes[1],
            public_key: bytes[2],
            hash: bytes[3],
            hashed,
            unhashed,
            prefix,
            numbers,
            maker: key_id(key),
            created: [0x60, 0, 0, 0],
        }
    }

    /// The message, whose one-pass packet fits the signature whatever that has become.
    pub fn message(&self, payload: &[u8]) -> Vec<u8> {
        let two = |area: &[u8]| u16::try_from(area.len()).unwrap().to_be_bytes();
        let head = match self.version {
            3 => {
                let covered = [&[3, 5, self.class], &self.created[..], &self.maker].concat();
                [&covered[..], &[self.public_key, self.hash]].concat()
            }
            version => {
                let head = [version, self.class, self.public_key, self.hash];
                let areas = [
                    &two(&self.hashed),
                    &self.hashed[..],
                    &two(&self.unhashed),
                    &self.unhashed,
                ];
                [&head[..], &areas.concat()].concat()
            }
        };
        let signature = [&head[..], &self.prefix, &self.numbers.concat()].concat();
        [
            one_pass(self.class, self.hash, self.public_key, self.maker),
            literal(b'b', payload),
            packet(2, &signature),
        ]
        .concat()
    }

    /// The message with up to three parts altered; none where parts have come to be longer than their length can tell.
    pub fn mutant(&self, generator: &mut Generator, payload: &[u8]) -> Option<Vec<u8>> {
        let mut altered = self.clone();
        for _ in 0..=generator.below(2) {
            altered.alter(generator);
        }
        let longest = altered.hashed.len().max(altered.unhashed.len());
        (longest <= usize::from(u16::MAX)).then(|| altered.message(payload))
    }

    fn alter(&mut self, generator: &mut Generator) {
        match generator.below(13) {
            0 | 1 => self.unhashed.extend(any_subpacket(generator)),
            2 => self.hashed.extend(any_subpacket(generator)),
            // Up to and over what gpg reads.
            3 => {
                let filling = 9_900 + generator.below(200);
                let area = if generator.below(2) == 0 {
                    &mut self.hashed
                } else {
                    &mut self.unhashed
                };
                let filling = filling.saturating_sub(area.len());
                area.extend(subpacket(100, &vec![b'x'; filling]));
            }
            4 if !self.numbers.is_empty() => {
                let at = generator.below(self.numbers.len());
                self.numbers[at] = any_number(generator);
            }
            4 | 5 => self.numbers = (0..generator.below(4)).map(|_| any_number(generator)).collect(),
            6 => {
                self.public_key = *[1, 3, 17, 19, 22].get(generator.below(5)).unwrap();
                let count = if self.public_key < 17 { 1 } else { 2 };
                self.numbers = (0..count).map(|_| any_number(generator)).collect();
            }
            7 => self.hash = *[8, 9, 10, 11, 2, 12].get(generator.below(6)).unwrap(),
            // Another issuer, which the one-pass packet names as well.
            8 => {
                self.maker[generator.below(8)] ^= generator.byte();
                self.unhashed = subpacket(16, &self.maker);
                if generator.below(2) == 0 {
                    let fingerprint = [&[4], &generator.exactly(12)[..], &self.maker].concat();
                    self.unhashed.extend(subpacket(33, &fingerprint));
                }
            }
            9 => {
                // Without the fingerprint that gpg writes among what it signs.
                self.hashed = subpacket(2, &generator.exactly(4));
                let fingerprint = [&[4], &generator.exactly(12)[..], &self.maker].concat();
                match generator.below(3) {
                    0 => self.hashed.extend(subpacket(33, &fingerprint)),
                    1 => self.unhashed = subpacket(33, &fingerprint),
                    _ => self.unhashed = subpacket(16, &self.maker),
                }
            }
            10 => {
                self.version = 3;
                self.created = generator.exactly(4).try_into().unwrap();
            }
            11 => {
                let seconds = *[[0xff; 4], [0; 4], [0, 0, 0, 1]].get(generator.below(3)).unwrap();
                let kind = if generator.below(2) == 0 { 2 } else { 3 };
                self.hashed.extend(subpacket(kind, &seconds));
            }
            _ => self.unhashed = Vec::new(),
        }
    }
}

fn any_subpacket(generator: &mut Generator) -> Vec<u8> {
    let critical = if generator.below(4) == 0 { 0x80 } else { 0 };
    let kind = critical | (generator.byte() & 0x3f);
    let body = match (kind & 0x7f, generator.below(3)) {
        (4 | 7 | 25, 0 | 1) => vec![1],
        (5, 0 | 1) => vec![1, 60],
        (3 | 9, 0 | 1) => generator.exactly(4),
        (20, 0 | 1) => b"\x80\0\0\0\0\x05\0\x01n@e.cv".to_vec(),
        (12, 0 | 1) => [&[0x80], &generator.exactly(21)[..]].concat(),
        _ => generator.bytes(40),
    };
    subpacket(kind, &body)
}

/// A number of any length, which may have leading zeros, more bits than it says, or more than any key.
fn any_number(generator: &mut Generator) -> Vec<u8> {
    let bits = match generator.below(6) {
        0 => generator.below(20),
        1 => 16_380 + generator.below(10),
        2 => generator.below(4_200),
        _ => *[255, 256, 257, 263, 264, 384, 512, 521, 1024, 2047, 2048, 2049]
            .get(generator.below(12))
            .unwrap(),
    };
    let fill = *[0, 0xff, 0x40, 1].get(generator.below(4)).unwrap();
    let mut bytes = vec![fill; bits.div_ceil(8)];
    if generator.below(2) == 0 {
        bytes = generator.exactly(bytes.len());
    }
    [&u16::try_from(bits).unwrap().to_be_bytes()[..], &bytes].concat()
}

#[test]
fn whatever_the_framing_accepts_gpg_has_an_answer_to() {
    let signer = Signer::new();
    let payload = payload(D1, REFERENCE);
    let mut generator = Generator::new(seed());
    println!("altered signatures: seed {}", seed());
    let mut words: BTreeMap<String, usize> = BTreeMap::new();
    let (mut tried, mut accepted) = (0, 0);
    for algorithm in ["rsa2048", "dsa2048", "nistp384", "ed25519"] {
        let sandbox = Sandbox::new();
        let key = signer.key(algorithm, algorithm, "sign", "never");
        let key_file = signer.export(&[&key], &sandbox.path("key.gpg"));
        let good = Parts::of(&signer.detach_sign(&key, &payload), &key);
        let mut blobs = vec![good.message(&payload)];
        while blobs.len() < MUTANTS {
            if let Some(blob) = good.mutant(&mut generator, &payload) {
                blobs.push(if generator.below(4) == 0 { zip(&blob) } else { blob });
            }
        }
        for chunk in blobs.chunks(AT_ONCE) {
            let chunk: Vec<&[u8]> = chunk.iter().map(Vec::as_slice).collect();
            let object = sandbox.file("image.json", image(D1, &chunk).to_string());
            let mut command = sandbox.command();
            command.args(["verify", "-o", "json", "--expected-identity", REFERENCE, "-f"]);
            command.arg(object).arg("--public-key").arg(&key_file);
            let outcome = sandbox.finish(&mut command, b"");
            let signatures = outcome.item()["signatures"].as_array().unwrap().clone();
            assert_eq!(signatures.len(), chunk.len());
            for (blob, signature) in chunk.iter().zip(&signatures) {
                let found = word(signature);
                assert!(
                    !found.starts_with("Unchecked"),
                    "{algorithm}: {} {signature:#}",
                    base64(blob)
                );
                match Message::parse(blob) {
                    Ok(message) => {
                        accepted += 1;
                        assert_eq!(message.payload, payload);
                        assert_ne!(signature["reason"], "NotASignature", "{signature:#}");
                    }
                    Err(refusal) => assert_eq!(signature["reason"], refusal.reason.word(), "{signature:#}"),
                }
                *words.entry(found).or_default() += 1;
                tried += 1;
            }
        }
    }
    println!("{tried} messages, {accepted} of them passed the framing: {words:?}");
    assert!(accepted > tried / 4, "{accepted} of {tried} reach gpg");
    for reason in [
        "Verified/Verified",
        "Rejected/BadSignature",
        "Rejected/UnknownKey",
        "Rejected/NotASignature",
        "Rejected/LimitExceeded",
        "Rejected/SignatureNotYetValid",
    ] {
        assert!(words.contains_key(reason), "none is {reason}: {words:?}");
    }
}
