// SPDX-License-Identifier: Apache-2.0
//! Reports that wait until it is known what became of the records, in a temporary file.

use std::io::{self, Read, Seek, Write};

use tempfile::SpooledTempFile;

use super::printer::Item;
use crate::source::objects::Position;

/// What fits into memory before a file is made, in bytes.
const MAX_MEMORY: usize = 256 << 10;

/// A report that waits.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct HeldReport {
    /// Where the object is that its record belongs to; nothing where there is no record to wait for.
    pub(super) position: Option<Position>,
    /// If the record was written, or there is none.
    pub(super) written: HeldText,
    /// If the record was not written.
    pub(super) failed: HeldText,
}

/// What is printed of an image.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct HeldText {
    /// On standard error, in whole lines.
    pub(super) beside: Vec<u8>,
    /// The image, as the format has it.
    pub(super) item: Item,
}

impl HeldText {
    fn parts(&self) -> [&[u8]; 3] {
        [&self.beside, &self.item.text, &self.item.below]
    }
}

/// Reports that wait in a file, in the order in which they are to be printed.
pub(super) struct HeldReports(SpooledTempFile);

impl HeldReports {
    pub(super) fn new() -> Self {
        Self(SpooledTempFile::new(MAX_MEMORY))
    }

    /// Takes one more.
    ///
    /// # Errors
    /// When there is no room for it.
    pub(super) fn put(&mut self, report: &HeldReport) -> io::Result<()> {
        let (file, entry) = report.position.unwrap_or((usize::MAX, usize::MAX));
        let parts = [report.written.parts(), report.failed.parts()].concat();
        for number in [file, entry].into_iter().chain(parts.iter().map(|part| part.len())) {
            self.0.write_all(&(number as u64).to_le_bytes())?;
        }
        parts.iter().try_for_each(|part| self.0.write_all(part))
    }

    /// Hands out all of them.
    ///
    /// # Errors
    /// When they cannot be read again.
    pub(super) fn each(mut self, take: &mut dyn FnMut(HeldReport)) -> io::Result<()> {
        let end = self.0.stream_position()?;
        self.0.rewind()?;
        let mut input = io::BufReader::new(self.0.take(end));
        loop {
            let mut numbers = [0_usize; 8];
            for (n, number) in numbers.iter_mut().enumerate() {
                let mut bytes = [0; 8];
                match input.read_exact(&mut bytes) {
                    Err(error) if n == 0 && error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                    other => other?,
                }
                *number = usize::try_from(u64::from_le_bytes(bytes)).map_err(io::Error::other)?;
            }
            let mut bytes = |length: usize| -> io::Result<Vec<u8>> {
                let mut bytes = vec![0; length];
                input.read_exact(&mut bytes)?;
                Ok(bytes)
            };
            let [file, entry, w1, w2, w3, f1, f2, f3] = numbers;
            let (written, failed) = ([w1, w2, w3], [f1, f2, f3]);
            let mut text = |[beside, text, below]: [usize; 3]| -> io::Result<HeldText> {
                Ok(HeldText {
                    beside: bytes(beside)?,
                    item: Item {
                        text: bytes(text)?,
                        below: bytes(below)?,
                    },
                })
            };
            take(HeldReport {
                position: (file != usize::MAX).then_some((file, entry)),
                written: text(written)?,
                failed: text(failed)?,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_come_back_in_order() {
        let mut held = HeldReports::new();
        let reports: Vec<HeldReport> = (0..1000_usize)
            .map(|n| HeldReport {
                position: (n % 3 > 0).then_some((n, n * 7)),
                written: HeldText {
                    beside: vec![b'k'; n % 5],
                    item: Item {
                        text: n.to_string().into_bytes(),
                        below: vec![b'b'; n % 7],
                    },
                },
                failed: HeldText {
                    beside: vec![b'f'; n],
                    item: Item::default(),
                },
            })
            .collect();
        for report in &reports {
            held.put(report).unwrap();
        }
        let mut again = Vec::new();
        held.each(&mut |report| again.push(report)).unwrap();
        assert_eq!(again, reports);
    }
}
