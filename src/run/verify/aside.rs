// SPDX-License-Identifier: Apache-2.0
//! What is told on standard error beside each image: after it, or after the table that must not be torn apart.

use std::io::{self, BufRead, BufReader, Seek, Write};

use tempfile::SpooledTempFile;

use crate::report::console::Messages;
use crate::text::io_message;

/// What fits into memory before a file is made, in bytes.
const MAX_MEMORY: usize = 256 << 10;

/// Lines that wait, if they are to.
pub(super) struct Aside(Option<SpooledTempFile>);

impl Aside {
    pub(super) fn new(waits: bool) -> Self {
        Self(waits.then(|| SpooledTempFile::new(MAX_MEMORY)))
    }

    /// Takes whole lines. What cannot be kept is told at once.
    pub(super) fn put(&mut self, stderr: &mut Messages<'_>, lines: &[u8]) {
        let kept = self
            .0
            .as_mut()
            .is_some_and(|lines_kept| lines_kept.write_all(lines).is_ok());
        if !kept {
            stderr.pass_on(lines);
        }
    }

    /// Tells what has waited.
    pub(super) fn end(&mut self, stderr: &mut Messages<'_>) {
        let Some(mut lines) = self.0.take() else {
            return;
        };
        let told = lines.rewind().and_then(|()| {
            for line in BufReader::new(lines).lines() {
                stderr.tell(line?);
            }
            Ok::<_, io::Error>(())
        });
        if let Err(error) = told {
            stderr.error(format_args!("storing the messages temporarily: {}", io_message(&error)));
        }
    }
}
