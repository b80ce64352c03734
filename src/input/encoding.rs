// SPDX-License-Identifier: Apache-2.0
//! How a text is encoded, and why one cannot be read.

use crate::text::io_message;
use std::io;

/// How a text is written as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 without a byte order mark.
    Utf8,
    /// With the mark EF BB BF.
    Utf8Marked,
    /// UTF-16 with the mark FF FE, as PowerShell's `>` writes it.
    Utf16Little,
    /// UTF-16 with the mark FE FF.
    Utf16Big,
}

/// Why bytes are not a text.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not UTF-8, and there is no mark that says otherwise.
    #[error("at byte {0}: not valid UTF-8")]
    Utf8(u64),
    /// A surrogate without its other half, or half a code unit at the end.
    #[error("at byte {0}: not valid UTF-16")]
    Utf16(u64),
    /// Every other byte is zero.
    #[error("it looks like UTF-16 without a byte order mark; save it as UTF-8")]
    Unmarked,
    /// Reading or writing failed.
    #[error("{}", io_message(.0))]
    Io(#[from] io::Error),
}

impl Encoding {
    /// Longest mark, in bytes.
    pub const MAX_MARK: usize = 3;

    /// By the first bytes of a file.
    #[must_use]
    pub fn of(start: &[u8]) -> Self {
        [Self::Utf8Marked, Self::Utf16Little, Self::Utf16Big]
            .into_iter()
            .find(|encoding| start.starts_with(encoding.mark()))
            .unwrap_or(Self::Utf8)
    }

    /// The byte order mark that texts of this encoding begin with.
    #[must_use]
    pub fn mark(self) -> &'static [u8] {
        match self {
            Self::Utf8 => &[],
            Self::Utf8Marked => &[0xef, 0xbb, 0xbf],
            Self::Utf16Little => &[0xff, 0xfe],
            Self::Utf16Big => &[0xfe, 0xff],
        }
    }

    /// Whether the text's bytes, without the mark, are UTF-8.
    #[must_use]
    pub fn is_utf8(self) -> bool {
        matches!(self, Self::Utf8 | Self::Utf8Marked)
    }
}
