// SPDX-License-Identifier: Apache-2.0
//! Words that stand in a table many times.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// Texts, each stored once as far as their hashes tell.
#[derive(Debug, Default)]
pub(super) struct Words {
    text: String,
    ends: Vec<u32>,
    known: HashMap<u64, u32>,
    hashes: RandomState,
}

impl Words {
    /// The number of a word, from 1; none where the table is full.
    pub(super) fn number(&mut self, word: &str) -> Option<u32> {
        let hash = self.hashes.hash_one(word);
        if let Some(number) = self
            .known
            .get(&hash)
            .copied()
            .filter(|number| self.get(*number) == word)
        {
            return Some(number);
        }
        self.text.push_str(word);
        self.ends.push(u32::try_from(self.text.len()).ok()?);
        let number = u32::try_from(self.ends.len()).ok()?;
        self.known.insert(hash, number);
        Some(number)
    }

    pub(super) fn get(&self, number: u32) -> &str {
        let at = |number: usize| match number {
            0 => 0,
            number => self.ends.get(number - 1).map_or(0, |end| *end as usize),
        };
        let number = number as usize;
        self.text
            .get(at(number.saturating_sub(1))..at(number))
            .unwrap_or_default()
    }

    /// Gives back what only adding words needs; none is added after that.
    pub(super) fn finish(&mut self) {
        self.text.shrink_to_fit();
        self.known = HashMap::new();
    }
}
