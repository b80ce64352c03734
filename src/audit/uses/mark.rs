// SPDX-License-Identifier: Apache-2.0
//! Taking back what was added to the table of uses: of a list that begins again, what was read before is void.

use super::Uses;

/// How far the table was filled.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    images: usize,
    records: usize,
    references: usize,
    doubted: usize,
    is_full: bool,
}

impl Uses {
    /// How far the table is filled. It holds until the table is sorted.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark {
            images: self.images.all().len(),
            records: self.records.len(),
            references: self.references.len(),
            doubted: self.doubted.len(),
            is_full: self.is_full,
        }
    }

    /// Takes back the uses that were added since, and what is expected by them; instances of lists stay.
    pub fn take_back(&mut self, to: Mark) {
        self.images.truncate(to.images);
        self.records.truncate(to.records);
        self.references.truncate(to.references);
        self.doubted.truncate(to.doubted);
        self.is_full = to.is_full;
    }
}
