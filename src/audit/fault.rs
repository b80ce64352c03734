// SPDX-License-Identifier: Apache-2.0
//! What can be wrong with a report of JSON lines that is read.

use crate::text::io_message;
use std::io;

/// Longest line, in bytes. That of an entry which is [`super::entry::Entry::bounded`] is shorter.
pub(crate) const MAX_LINE: usize = 32 << 20;

/// What is wrong with a report.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The file could not be read on.
    #[error("reading: {}", io_message(.0))]
    Io(#[from] io::Error),
    /// There is no whole first line.
    #[error("it has no complete line, so it does not say what was audited")]
    Empty,
    /// It is the report of `-o json`.
    #[error("it is the report of -o json; --resume, merge and diff read --report jsonl=FILE")]
    Json,
    /// A line is too long.
    #[error("line {0} is longer than {MAX_LINE} bytes")]
    Length(u64),
    /// A whole line is not what it must be there.
    #[error("line {line}: {what}")]
    Line {
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it, safe to print.
        what: String,
    },
}

impl Fault {
    /// The same with the name of the file, which is safe to print.
    #[must_use]
    pub fn of(&self, name: &str) -> String {
        match self {
            Self::Json => format!("{name} is the report of -o json; merge and diff read --report jsonl=FILE"),
            Self::Io(error) => format!("reading {name}: {}", io_message(error)),
            other => format!("{name}: {other}"),
        }
    }
}
