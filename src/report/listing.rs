// SPDX-License-Identifier: Apache-2.0
//! Reports one after the other: printed as they come, or, where the format is one document that begins with counts,
//! kept in a temporary file until the end. No report stays in memory.

use std::io::{self, Read, Seek, Write};

use tempfile::SpooledTempFile;

/// What fits into memory before a file is made, in bytes.
const MAX_MEMORY: usize = 256 << 10;

/// Reports on their way to a writer.
pub struct Listing<'w> {
    out: &'w mut dyn Write,
    items: Option<SpooledTempFile>,
    /// The first failure to keep something.
    trouble: Option<io::Error>,
}

impl std::fmt::Debug for Listing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listing")
            .field("trouble", &self.trouble)
            .finish_non_exhaustive()
    }
}

impl<'w> Listing<'w> {
    /// Begins a listing; a document is printed at its end.
    pub fn new(is_document: bool, out: &'w mut dyn Write) -> Self {
        let items = is_document.then(|| SpooledTempFile::new(MAX_MEMORY));
        let trouble = None;
        Self { out, items, trouble }
    }

    /// The destination of the report. Until the end, nothing of a document is printed.
    pub fn out(&mut self) -> &mut dyn Write {
        self.out
    }

    /// Takes a report that was rendered.
    pub fn put(&mut self, item: &[u8]) {
        let put = match &mut self.items {
            Some(items) => items.write_all(item),
            None => Quiet(self.out).write_all(item),
        };
        if let Err(error) = put {
            self.trouble.get_or_insert(error);
        }
    }

    /// Prints what is left: `document` puts what stands around them around the reports of a document.
    ///
    /// # Errors
    /// When reports could not be kept: what is printed then is not all.
    pub fn end(&mut self, document: impl FnOnce(&mut dyn Write, &mut dyn Read) -> io::Result<()>) -> io::Result<()> {
        if let Some(mut items) = self.items.take() {
            items.rewind()?;
            document(&mut Quiet(self.out), &mut items)?;
        }
        let _ = self.out.flush();
        self.trouble.take().map_or(Ok(()), Err)
    }
}

/// The output, whose failures are told at the end of the run: see [`super::output`].
pub(crate) struct Quiet<'o>(pub(crate) &'o mut dyn Write);

impl Write for Quiet<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}
