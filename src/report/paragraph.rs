// SPDX-License-Identifier: Apache-2.0
//! Sentences of explanations, on lines that fit.

use std::io::{self, Write};

use super::appearance::WIDTH;
use super::wrap;
use crate::text::{cut, sentence};

/// Longest sentence of an explanation, in characters: it may have several names and paths in it.
pub(super) const MAX_SENTENCE: usize = 2000;

/// A sentence in which names and paths are safe already.
pub(super) fn told(text: &str) -> String {
    cut(sentence(text), MAX_SENTENCE)
}

/// Writes a text with an indentation, and the lines that follow the first one further to the right.
pub(super) fn paragraph(out: &mut dyn Write, column: usize, text: &str, indent: usize) -> io::Result<()> {
    write!(out, "{:column$}", "")?;
    wrap::write(out, text, column, indent, WIDTH)
}
