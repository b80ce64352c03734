// SPDX-License-Identifier: Apache-2.0
//! Lines and columns of a text.

/// Where something stands in a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Counted from 1; 0 where it stands in no file.
    pub line: usize,
    /// In bytes, counted from 1.
    pub column: usize,
}

/// Where the lines of a text begin.
#[derive(Debug)]
pub struct Lines(Vec<usize>);

impl Lines {
    /// Finds the lines of a text.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        Self(std::iter::once(0).chain(ends.map(|(n, _)| n + 1)).collect())
    }

    /// The place of a byte.
    #[must_use]
    pub fn at(&self, offset: u64) -> Place {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        // The first line begins at 0.
        let line = self.0.partition_point(|start| *start <= offset);
        Place {
            line,
            column: offset - self.0[line - 1] + 1,
        }
    }
}
