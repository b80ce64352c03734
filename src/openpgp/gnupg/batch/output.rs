// SPDX-License-Identifier: Apache-2.0
//! What a gpg worker writes, taken apart: the answer about a message is what stands between its two marks.

use std::io;

use crate::openpgp::gnupg::batch::transcript::{read_line, DONE, START};
use crate::openpgp::gnupg::status::{log_status, StatusLine};

/// Most bytes that gpg may say about one message. The largest signature that the framing lets pass makes fewer.
const MAX_ANSWER: usize = 256 << 10;

/// What a worker has written of late, and how much of that was read as lines.
#[derive(Debug, Default)]
pub struct Output {
    said: Vec<u8>,
    read: usize,
}

impl Output {
    /// Whether nothing is left of what was taken in.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.read == self.said.len()
    }

    /// The answer about the file `name`. `more` adds what is written next, one byte at least.
    ///
    /// # Errors
    /// When `more` fails, or when there is anything else than lines about this file, or too much.
    pub fn answer(
        &mut self,
        name: &str,
        more: &mut dyn FnMut(&mut Vec<u8>) -> io::Result<()>,
    ) -> io::Result<Vec<StatusLine>> {
        let mut left = MAX_ANSWER;
        let (keyword, about) = self.line(more, &mut left)?;
        if keyword != START || about != format!("1 {name}") {
            return Err(io::Error::other("it answers for another file"));
        }
        let mut lines = Vec::new();
        loop {
            let line = self.line(more, &mut left)?;
            match line.0.as_str() {
                DONE => break,
                // A file that it cannot open, or another one before it is done with this one.
                word if word.starts_with("FILE_") => {
                    return Err(io::Error::other(format!("it says {word} amid a message")));
                }
                _ => lines.push(line),
            }
        }
        log_status(&lines);
        Ok(lines)
    }

    /// The next status line; `left` is how much it may still say.
    fn line(
        &mut self,
        more: &mut dyn FnMut(&mut Vec<u8>) -> io::Result<()>,
        left: &mut usize,
    ) -> io::Result<StatusLine> {
        let too_much = || io::Error::other("it sent too much output");
        let mut searched = self.read;
        loop {
            if let Some(length) = self.said[searched..].iter().position(|byte| *byte == b'\n') {
                let end = searched + length;
                let line = &self.said[self.read..end];
                *left = left.checked_sub(line.len() + 1).ok_or_else(too_much)?;
                self.read = end + 1;
                return read_line(line).ok_or_else(|| io::Error::other("it wrote something that is not a status line"));
            }
            self.said.drain(..self.read);
            self.read = 0;
            searched = self.said.len();
            if searched > *left {
                return Err(too_much());
            }
            more(&mut self.said)?;
        }
    }
}
