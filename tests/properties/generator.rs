// SPDX-License-Identifier: Apache-2.0
//! Inputs: noise, damaged good ones, and sequences of the words that a format is made of.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::PathBuf;

use crate::support::vectors::data;

/// Splitmix64: small, fast, and the same everywhere.
#[derive(Debug, Clone)]
pub struct Generator(u64);

impl Generator {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap()
    }

    pub fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    pub fn bytes(&mut self, longest: usize) -> Vec<u8> {
        let length = self.below(longest + 1);
        (0..length).map(|_| self.byte()).collect()
    }

    pub fn exactly(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.byte()).collect()
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// A good input with a few faults.
    pub fn damage(&mut self, good: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(7) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.byte()),
                2 if at < bytes.len() => bytes[at] = self.byte(),
                3 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                4 if at < bytes.len() => {
                    bytes.remove(at);
                }
                // A part of it twice.
                5 => {
                    let part = bytes[at..(at + self.below(40)).min(bytes.len())].to_vec();
                    let to = self.below(bytes.len() + 1);
                    bytes.splice(to..to, part);
                }
                // A length that is a lie.
                _ => {
                    let end = (at + 4).min(bytes.len());
                    bytes[at..end].fill(if self.below(2) == 0 { 0xff } else { 0 });
                }
            }
        }
        bytes
    }

    /// A sequence of words.
    pub fn words(&mut self, words: &[&[u8]], most: usize) -> Vec<u8> {
        let count = self.below(most + 1);
        (0..count).flat_map(|_| self.pick(words)).copied().collect()
    }
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

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

pub fn seed() -> u64 {
    number("PROPERTY_SEED").unwrap_or(20_261_125)
}

/// How many rounds of a test are made, unless `PROPERTY_ROUNDS` says otherwise.
pub fn rounds(usual: usize) -> usize {
    number("PROPERTY_ROUNDS").map_or(usual, |n| usize::try_from(n).unwrap())
}

/// Tries a property on many inputs: a third is noise, a third damaged samples, a third words in a row.
#[track_caller]
pub fn for_all(what: &str, rounds: usize, samples: &[Vec<u8>], words: &[&[u8]], property: impl Fn(&[u8])) {
    let rounds = self::rounds(rounds);
    let mut generator = Generator::new(seed());
    println!("{what}: seed {}, {rounds} inputs, {} samples", seed(), samples.len());
    for sample in samples {
        check(what, sample, &property);
    }
    for round in 0..rounds {
        let input = match round % 3 {
            0 => generator.bytes(200),
            1 if !samples.is_empty() => {
                let n = generator.below(samples.len());
                generator.damage(&samples[n])
            }
            _ => generator.words(words, 40),
        };
        check(what, &input, &property);
    }
}

#[track_caller]
fn check(what: &str, input: &[u8], property: &impl Fn(&[u8])) {
    if catch_unwind(AssertUnwindSafe(|| property(input))).is_err() {
        panic!(
            "{what} fails for seed {}, input {:?}",
            seed(),
            String::from_utf8_lossy(&input.escape_ascii().to_string().into_bytes())
        );
    }
}
