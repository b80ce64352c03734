// SPDX-License-Identifier: Apache-2.0
//! Words that stand in a table many times.

use std::hash::{BuildHasher, RandomState};

/// Texts, each stored once.
#[derive(Debug, Default)]
pub(super) struct Words {
    text: String,
    ends: Vec<u32>,
    /// Numbers of words, each in the first free place from the one on that its hash says; 0 where there is none. Four bytes for
    /// a word: clusters have hundreds of thousands of tags. How many places there are is a power of two.
    places: Vec<u32>,
    hashes: RandomState,
}

impl Words {
    /// The number of a word, from 1; none where the table is full.
    pub(super) fn number(&mut self, word: &str) -> Option<u32> {
        if self.ends.len() >= self.places.len() / 4 * 3 {
            self.widen();
        }
        let place = self.place(word);
        match self.places.get(place)? {
            0 => {}
            number => return Some(*number),
        }
        self.text.push_str(word);
        self.ends.push(u32::try_from(self.text.len()).ok()?);
        let number = u32::try_from(self.ends.len()).ok()?;
        *self.places.get_mut(place)? = number;
        Some(number)
    }

    /// The place of a word, or the free one where it belongs. There are free ones.
    fn place(&self, word: &str) -> usize {
        let last = self.places.len() - 1;
        let mut place = self.hashes.hash_one(word) as usize & last;
        while self
            .places
            .get(place)
            .is_some_and(|number| *number != 0 && self.get(*number) != word)
        {
            place = (place + 1) & last;
        }
        place
    }

    /// Makes twice as many places.
    fn widen(&mut self) {
        let count = (2 * self.places.len()).max(64);
        self.places = Vec::new();
        self.places.resize(count, 0);
        for number in (1..).take(self.ends.len()) {
            let place = self.place(self.get(number));
            if let Some(own) = self.places.get_mut(place) {
                *own = number;
            }
        }
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
        self.places = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_keeps_its_number_and_each_is_stored_once() {
        let mut words = Words::default();
        let all: Vec<String> = (0..5000).map(|n| format!("v{n}")).chain([String::new()]).collect();
        let numbers: Vec<u32> = all.iter().map(|word| words.number(word).unwrap()).collect();
        assert_eq!(numbers, (1..=5001).collect::<Vec<u32>>());
        let length = words.text.len();
        for (word, number) in all.iter().zip(&numbers) {
            assert_eq!((words.number(word), words.get(*number)), (Some(*number), word.as_str()));
        }
        assert_eq!(words.text.len(), length);
        words.finish();
        assert_eq!(words.get(numbers[17]), "v17");
    }
}
