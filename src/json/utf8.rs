// SPDX-License-Identifier: Apache-2.0
//! UTF-8, checked byte by byte.

/// Checks UTF-8 byte by byte (RFC 3629 section 4), so that skipped strings need no memory.
#[derive(Debug, Default)]
pub(super) struct Utf8 {
    bytes: [u8; 4],
    have: usize,
    need: usize,
}

impl Utf8 {
    /// Whether a sequence has begun and not ended.
    pub(super) fn pending(&self) -> bool {
        self.have < self.need
    }

    /// The sequence that the last byte completed.
    pub(super) fn sequence(&self) -> &[u8] {
        &self.bytes[..self.have]
    }

    /// Takes a byte of 0x80 or above; `false` when it cannot stand there.
    pub(super) fn push(&mut self, byte: u8) -> bool {
        if self.pending() {
            let allowed = match (self.have, self.bytes[0]) {
                (1, 0xe0) => 0xa0..=0xbf,
                (1, 0xed) => 0x80..=0x9f,
                (1, 0xf0) => 0x90..=0xbf,
                (1, 0xf4) => 0x80..=0x8f,
                _ => 0x80..=0xbf,
            };
            if !allowed.contains(&byte) {
                return false;
            }
        } else {
            self.have = 0;
            self.need = match byte {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => return false,
            };
        }
        self.bytes[self.have] = byte;
        self.have += 1;
        true
    }
}
