// SPDX-License-Identifier: Apache-2.0
//! Places in a text, which the parser counts in characters.

/// Turns character indices into byte offsets. They come in nearly ascending order.
pub(crate) struct Offsets<'t> {
    pub(crate) text: &'t str,
    ascii: bool,
    at: (usize, usize),
}

impl<'t> Offsets<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            ascii: text.is_ascii(),
            at: (0, 0),
        }
    }

    pub(crate) fn byte(&mut self, index: usize) -> usize {
        if self.ascii {
            return index.min(self.text.len());
        }
        let (mut characters, mut bytes) = if index >= self.at.0 { self.at } else { (0, 0) };
        for c in self.text[bytes..].chars().take(index - characters) {
            characters += 1;
            bytes += c.len_utf8();
        }
        self.at = (characters, bytes);
        bytes
    }
}
