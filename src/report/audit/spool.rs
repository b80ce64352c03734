// SPDX-License-Identifier: Apache-2.0
//! What a format cannot write before it knows the totals: kept in a temporary file, not in memory.

use std::io::{self, Read, Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

/// What fits into memory before a file is made, in bytes.
const MAX_MEMORY: usize = 256 << 10;

/// Text that waits for what must be printed before it.
pub(super) struct Spool(SpooledTempFile);

impl Spool {
    pub(super) fn new() -> Self {
        Self(SpooledTempFile::new(MAX_MEMORY))
    }

    /// Writes what waited.
    ///
    /// # Errors
    /// When reading or writing fails.
    pub(super) fn pour(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.pour_without(out, 0)
    }

    /// Writes what waited but for so many bytes at its end.
    ///
    /// # Errors
    /// When reading or writing fails.
    pub(super) fn pour_without(&mut self, out: &mut dyn Write, end: u64) -> io::Result<()> {
        let length = self.0.seek(SeekFrom::End(0))?.saturating_sub(end);
        self.0.rewind()?;
        let written = io::copy(&mut (&mut self.0).take(length), out)?;
        if written < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
