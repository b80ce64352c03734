// SPDX-License-Identifier: Apache-2.0
//! The images of the table, each by a number: an image has several uses, and its digest is as long as one of them.

use std::sync::Arc;

/// Hashes of images, first those that are sorted.
#[derive(Debug, Default)]
pub(super) struct Images {
    all: Arc<Vec<[u8; 32]>>,
    sorted: usize,
}

impl Images {
    /// These, and no others.
    pub(super) fn of(mut all: Vec<[u8; 32]>) -> Self {
        all.sort_unstable();
        all.dedup();
        all.shrink_to_fit();
        Self {
            sorted: all.len(),
            all: Arc::new(all),
        }
    }

    /// All of them; each once and in order when they are sorted.
    pub(super) fn all(&self) -> &Arc<Vec<[u8; 32]>> {
        &self.all
    }

    /// Those that came after they were sorted last, each once and in order.
    pub(super) fn added(&self) -> Vec<[u8; 32]> {
        let mut added = self.all[self.sorted..].to_vec();
        added.sort_unstable();
        added.dedup();
        added
    }

    /// Whether an image is one of those that are sorted.
    pub(super) fn is_sorted_one(&self, image: &[u8; 32]) -> bool {
        self.all[..self.sorted].binary_search(image).is_ok()
    }

    /// The number of an image, which is added if it is none of those that are sorted, nor the last one.
    pub(super) fn number(&mut self, image: [u8; 32]) -> Option<u32> {
        let known = self.all[..self.sorted].binary_search(&image).ok();
        let place = known.unwrap_or_else(|| {
            if self.all.last() != Some(&image) {
                Arc::make_mut(&mut self.all).push(image);
            }
            self.all.len() - 1
        });
        u32::try_from(place).ok()
    }

    /// The number of an image, once they are sorted.
    pub(super) fn find(&self, image: &[u8; 32]) -> Option<u32> {
        let place = self.all.binary_search(image).ok()?;
        u32::try_from(place).ok()
    }

    /// The image of a number.
    pub(super) fn get(&self, number: u32) -> Option<[u8; 32]> {
        self.all.get(number as usize).copied()
    }

    /// Takes back those beyond so many, as long as they are not sorted.
    pub(super) fn truncate(&mut self, count: usize) {
        Arc::make_mut(&mut self.all).truncate(count.max(self.sorted));
    }

    /// Sorts them, and makes one of those that are the same. The new number of each comes back, by its old one; none where
    /// they were sorted.
    pub(super) fn sort(&mut self) -> Vec<u32> {
        if self.sorted == self.all.len() {
            return Vec::new();
        }
        let all = Arc::make_mut(&mut self.all);
        let mut order: Vec<u32> = (0..).take(all.len()).collect();
        order.sort_unstable_by_key(|number| all[*number as usize]);
        let mut numbers = vec![0; all.len()];
        let (mut number, mut last) = (0, None);
        for own in order.iter().map(|own| *own as usize) {
            if last.replace(own).is_some_and(|last: usize| all[last] != all[own]) {
                number += 1;
            }
            numbers[own] = number;
        }
        all.sort_unstable();
        all.dedup();
        all.shrink_to_fit();
        self.sorted = all.len();
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_with_their_images_when_these_are_sorted() {
        let mut images = Images::of(vec![[5; 32], [3; 32], [5; 32]]);
        let added = [[4; 32], [5; 32], [9; 32], [4; 32], [4; 32], [1; 32]];
        let old = added.map(|image| images.number(image).unwrap());
        assert_eq!(images.added(), [[1; 32], [4; 32], [9; 32]]);
        let numbers = images.sort();
        for (image, old) in added.into_iter().zip(old) {
            let new = numbers[old as usize];
            assert_eq!((images.get(new), images.find(&image)), (Some(image), Some(new)));
        }
        assert_eq!(**images.all(), [1, 3, 4, 5, 9].map(|byte| [byte; 32]));
        assert_eq!((images.sort(), images.added()), (vec![], vec![]));
    }

    #[test]
    fn what_is_taken_back_is_none_of_them() {
        let mut images = Images::of(vec![[3; 32]]);
        images.number([4; 32]);
        images.number([1; 32]);
        images.truncate(2);
        images.number([3; 32]);
        assert_eq!(images.added(), [[4; 32]]);
        images.truncate(0);
        images.sort();
        assert_eq!(**images.all(), [[3; 32]]);
    }
}
