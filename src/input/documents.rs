// SPDX-License-Identifier: Apache-2.0
//! The documents of a YAML stream, one after the other.
//!
//! A line that begins with `---` or `...` ends a document wherever it stands (YAML 1.2.2, 9.1.2: not even a block
//! scalar may contain one), so that a stream is split without being parsed.

use std::io::{BufRead, Read};

use super::encoding::Error;

/// Largest YAML document, in bytes. Larger lists come as JSON, or as one document an object.
pub(crate) const MAX_DOCUMENT_BYTES: usize = 64 << 20;

/// Why there is no next document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is not text.
    #[error("{0}")]
    Text(#[from] Error),
    /// It is longer than [`MAX_DOCUMENT_BYTES`].
    #[error("a YAML document has more than {MAX_DOCUMENT_BYTES} bytes; larger lists are read as JSON, or as one document an object")]
    TooLong,
}

/// Reads documents one after the other.
#[derive(Debug)]
pub struct Documents<R> {
    input: R,
    /// Where the next document begins.
    start: u64,
    /// A line that belongs to the next document.
    ahead: Vec<u8>,
}

impl<R: BufRead> Documents<R> {
    /// Reads from `input`, which begins at byte `start` of its file.
    pub fn new(input: R, start: u64) -> Self {
        Self {
            input,
            start,
            ahead: Vec::new(),
        }
    }

    /// All lines of the next document, its own markers included. It may hold nothing but comments.
    ///
    /// # Errors
    /// When it is not UTF-8, is too long, or cannot be read.
    pub fn next_document(&mut self) -> Result<Option<String>, DocumentError> {
        let mut bytes = std::mem::take(&mut self.ahead);
        let mut begun = is_marker(&bytes, b"---");
        let mut has_content = begun && !is_blank(&bytes[3..]);
        loop {
            let before = bytes.len();
            let room = (MAX_DOCUMENT_BYTES + 1).saturating_sub(before) as u64;
            let got = (&mut self.input)
                .take(room)
                .read_until(b'\n', &mut bytes)
                .map_err(Error::from)?;
            if got == 0 {
                break;
            }
            if bytes.len() > MAX_DOCUMENT_BYTES {
                return Err(DocumentError::TooLong);
            }
            let line = &bytes[before..];
            if is_marker(line, b"...") {
                break;
            }
            if is_marker(line, b"---") {
                if begun || has_content {
                    self.ahead = bytes.split_off(before);
                    break;
                }
                begun = true;
                has_content |= !is_blank(&line[3..]);
            } else {
                // Directives stand before the marker of their document.
                has_content |= !is_blank(line) && (begun || line.first() != Some(&b'%'));
            }
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let start = self.start;
        self.start += bytes.len() as u64;
        let text =
            String::from_utf8(bytes).map_err(|error| Error::Utf8(start + error.utf8_error().valid_up_to() as u64))?;
        Ok(Some(text))
    }
}

/// Whether a line is a marker, with or without something after it.
fn is_marker(line: &[u8], marker: &[u8]) -> bool {
    line.strip_prefix(marker)
        .is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace))
}

/// Whether a line has nothing but white space or a comment.
fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii_start().first().is_none_or(|b| *b == b'#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        let mut documents = Documents::new(text.as_bytes(), 0);
        let mut found: Vec<String> = Vec::new();
        while let Some(document) = documents.next_document().unwrap() {
            assert_eq!(documents.start as usize, found.concat().len() + document.len());
            found.push(document);
        }
        assert_eq!(found.concat(), text);
        found
    }

    #[test]
    fn markers_end_documents_and_nothing_is_lost() {
        assert_eq!(split("a: 1\n---\nb: 2\n"), ["a: 1\n", "---\nb: 2\n"]);
        assert_eq!(split("---\n---\na: 1"), ["---\n", "---\na: 1"]);
        assert_eq!(split("# c\n---\na: 1\n...\n# d\n"), ["# c\n---\na: 1\n...\n", "# d\n"]);
        assert_eq!(split("%YAML 1.2\n---\na: 1\n...\n%YAML 1.1\n---\nb\n").len(), 2);
        assert_eq!(
            split("--- {a: 1}\n--- # c\nb: 2\r\n---\r\n"),
            ["--- {a: 1}\n", "--- # c\nb: 2\r\n", "---\r\n"]
        );
        // No markers.
        assert_eq!(split("a: |\n  ---\n ---\n---a: 1\n").len(), 1);
        assert!(split("").is_empty());
    }
}
