// SPDX-License-Identifier: Apache-2.0
//! UTF-16 to UTF-8 and back, as streams.

use std::io::{self, Read, Write};

use super::encoding::{Encoding, Error};

/// Code units that are decoded at a time.
const BUFFER: usize = 32 << 10;

fn unit(bytes: [u8; 2], encoding: Encoding) -> u16 {
    match encoding {
        Encoding::Utf16Big => u16::from_be_bytes(bytes),
        _ => u16::from_le_bytes(bytes),
    }
}

/// Copies UTF-16 as UTF-8. Places in errors count from the mark, which was read before.
///
/// # Errors
/// When a surrogate stands alone, the text ends in half a code unit, or reading or writing fails.
pub fn decode(mut input: impl Read, encoding: Encoding, out: &mut impl Write) -> Result<(), Error> {
    let mut buffer = vec![0; 2 * BUFFER];
    let mut text = String::with_capacity(3 * BUFFER);
    let mut high: Option<u16> = None;
    let mut offset = encoding.mark().len() as u64;
    loop {
        let mut filled = 0;
        while filled < buffer.len() {
            match input.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(got) => filled += got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        for pair in buffer[..filled].chunks(2) {
            let &[one, two] = pair else {
                return Err(Error::Utf16(offset));
            };
            let low = unit([one, two], encoding);
            let character = match high.take() {
                Some(high) => char::decode_utf16([high, low])
                    .next()
                    .and_then(Result::ok)
                    .ok_or(Error::Utf16(offset - 2))?,
                None if (0xd800..0xdc00).contains(&low) => {
                    high = Some(low);
                    offset += 2;
                    continue;
                }
                None => char::from_u32(u32::from(low)).ok_or(Error::Utf16(offset))?,
            };
            text.push(character);
            offset += 2;
        }
        out.write_all(text.as_bytes())?;
        text.clear();
        if filled < buffer.len() {
            return match high {
                None => Ok(()),
                Some(_) => Err(Error::Utf16(offset - 2)),
            };
        }
    }
}

/// Writes UTF-8 that it is given, in pieces of any size, in another encoding. The mark is the caller's to write.
#[derive(Debug)]
pub struct Encoder<W> {
    inner: W,
    encoding: Encoding,
    /// The beginning of a character whose end has not come yet.
    pending: Vec<u8>,
}

impl<W: Write> Encoder<W> {
    /// Encodes UTF-8 that is written to it, and hands it on to `inner`.
    pub fn new(inner: W, encoding: Encoding) -> Self {
        Self {
            inner,
            encoding,
            pending: Vec::new(),
        }
    }

    fn write_text(&mut self, text: &str) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(2 * text.len());
        for unit in text.encode_utf16() {
            bytes.extend(match self.encoding {
                Encoding::Utf16Big => unit.to_be_bytes(),
                _ => unit.to_le_bytes(),
            });
        }
        self.inner.write_all(&bytes)
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.encoding.is_utf8() {
            return self.inner.write(bytes);
        }
        let mut whole = std::mem::take(&mut self.pending);
        whole.extend_from_slice(bytes);
        let good = match std::str::from_utf8(&whole) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        };
        self.pending = whole.split_off(good);
        let text = String::from_utf8(whole).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        self.write_text(&text)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
