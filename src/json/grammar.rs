// SPDX-License-Identifier: Apache-2.0
//! What is read as JSON, within which bounds, and how it can fail.

use crate::text::io_message;
use std::io;

/// What a reader accepts beyond the grammar.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Most containers that may be open at once.
    pub depth: usize,
    /// Most bytes of one string or number that is handed out. Skipped values are not bounded by it.
    pub length: usize,
    /// Refuse numbers that overflow a double, in skipped values too.
    pub finite_numbers: bool,
    /// Replace broken UTF-8 and lone surrogates by U+FFFD instead of refusing them.
    pub lossy_text: bool,
}

/// Nesting allowed outside payloads (product limits).
pub const MAX_DEPTH: usize = 64;

impl Rules {
    /// Rules for API objects and configuration: nesting up to [`MAX_DEPTH`], strict text, any number.
    #[must_use]
    pub fn object(length: usize) -> Self {
        Self {
            depth: MAX_DEPTH,
            length,
            finite_numbers: false,
            lossy_text: false,
        }
    }
}

/// Why a text was refused. Offsets count bytes from the start of the text.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// The text breaks the grammar.
    #[error("at byte {offset}: {what}")]
    Syntax {
        /// Byte offset in the text, from 0.
        offset: u64,
        /// What was wrong there.
        what: &'static str,
    },
    /// One object has two members of the same name.
    #[error("at byte {offset}: member \"{name}\" is repeated")]
    Repeated {
        /// Where the second one ends.
        offset: u64,
        /// The member's name, with escapes resolved.
        name: String,
    },
    /// Another type of value was needed.
    #[error("at byte {offset}: expected {expected}, found {found}")]
    Type {
        /// Where the value starts.
        offset: u64,
        /// What the caller needed.
        expected: Kind,
        /// The type of the value found there.
        found: Kind,
    },
    /// Containers are nested too deep.
    #[error("at byte {offset}: nested deeper than {limit} levels")]
    Depth {
        /// Where the limit was passed.
        offset: u64,
        /// The most levels that there may be.
        limit: usize,
    },
    /// A string or number is too long.
    #[error("at byte {offset}: a string or number is longer than {limit} bytes")]
    Length {
        /// Where the limit was passed.
        offset: u64,
        /// The limit in bytes.
        limit: usize,
    },
    /// Values would take too much memory for the length of their text.
    #[error("at byte {offset}: too many values for one object")]
    Weight {
        /// Where the limit was passed.
        offset: u64,
    },
    /// Reading the stream failed.
    #[error("reading: {}", io_message(.0))]
    Io(#[from] io::Error),
}

/// The type of a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Object,
    Array,
    String,
    Number,
    Bool,
    Null,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Kind::Object => "an object",
            Kind::Array => "an array",
            Kind::String => "a string",
            Kind::Number => "a number",
            Kind::Bool => "true or false",
            Kind::Null => "null",
        })
    }
}
