// SPDX-License-Identifier: Apache-2.0
//! The words of JSON: strings, numbers, literals, and the bytes that they are made of.

use std::io::{self, BufRead};

use super::grammar::{JsonError, Rules};
use super::utf8::Utf8;

/// A text, and how far it was read.
#[derive(Debug)]
pub(super) struct Tokens<R> {
    input: R,
    /// Bytes consumed so far.
    pub offset: u64,
    /// What is accepted beyond the grammar.
    pub rules: Rules,
}

impl<R: BufRead> Tokens<R> {
    pub fn new(input: R, rules: Rules) -> Self {
        Self {
            input,
            offset: 0,
            rules,
        }
    }

    /// An error at the current place.
    pub fn syntax(&self, what: &'static str) -> JsonError {
        JsonError::Syntax {
            offset: self.offset,
            what,
        }
    }

    /// Consumes exactly this word.
    pub fn scan_word(&mut self, word: &[u8]) -> Result<(), JsonError> {
        for expected in word {
            if self.peek()? != Some(*expected) {
                return Err(self.syntax("expected a value"));
            }
            self.bump()?;
        }
        Ok(())
    }

    /// Consumes a number as it is spelled.
    pub fn scan_number(&mut self, out: Option<&mut Vec<u8>>) -> Result<(), JsonError> {
        // Skipped numbers are collected as well where their size matters.
        let mut own = Vec::new();
        let keep = out.is_some() || self.rules.finite_numbers;
        let text = match out {
            Some(out) => out,
            None => &mut own,
        };
        if self.peek()? == Some(b'-') {
            self.take(text, keep)?;
        }
        match self.peek()? {
            Some(b'0') => self.take(text, keep)?,
            Some(b'1'..=b'9') => self.digits(text, keep)?,
            _ => return Err(self.syntax("expected a digit")),
        }
        if self.peek()? == Some(b'.') {
            self.take(text, keep)?;
            self.digits(text, keep)?;
        }
        if matches!(self.peek()?, Some(b'e' | b'E')) {
            self.take(text, keep)?;
            if matches!(self.peek()?, Some(b'+' | b'-')) {
                self.take(text, keep)?;
            }
            self.digits(text, keep)?;
        }
        if self.rules.finite_numbers {
            let value = std::str::from_utf8(text).ok().and_then(|t| t.parse::<f64>().ok());
            if !value.is_some_and(f64::is_finite) {
                return Err(self.syntax("a number is out of range"));
            }
        }
        Ok(())
    }

    fn digits(&mut self, text: &mut Vec<u8>, keep: bool) -> Result<(), JsonError> {
        if !matches!(self.peek()?, Some(b'0'..=b'9')) {
            return Err(self.syntax("expected a digit"));
        }
        while matches!(self.peek()?, Some(b'0'..=b'9')) {
            self.take(text, keep)?;
        }
        Ok(())
    }

    /// Consumes one byte and keeps it, within the length limit.
    fn take(&mut self, text: &mut Vec<u8>, keep: bool) -> Result<(), JsonError> {
        if let Some(byte) = self.bump()? {
            if keep {
                self.keep(text, &[byte])?;
            }
        }
        Ok(())
    }

    fn keep(&self, text: &mut Vec<u8>, bytes: &[u8]) -> Result<(), JsonError> {
        if text.len() + bytes.len() > self.rules.length {
            return Err(JsonError::Length {
                offset: self.offset,
                limit: self.rules.length,
            });
        }
        text.extend_from_slice(bytes);
        Ok(())
    }

    /// Consumes a string, opening quote included; its unescaped bytes, valid UTF-8, go to `out`.
    pub fn scan_string(&mut self, mut out: Option<&mut Vec<u8>>) -> Result<(), JsonError> {
        self.bump()?;
        let mut utf8 = Utf8::default();
        loop {
            if !utf8.pending() {
                self.scan_plain(out.as_deref_mut())?;
            }
            let Some(byte) = self.bump()? else {
                return Err(self.syntax("unterminated string"));
            };
            if utf8.pending() && byte < 0x80 && !self.replace(&mut utf8, &mut out)? {
                return Err(self.syntax("a string is not valid UTF-8"));
            }
            match byte {
                b'"' => return Ok(()),
                b'\\' => {
                    let c = self.escape()?;
                    if let Some(out) = out.as_deref_mut() {
                        self.keep(out, c.encode_utf8(&mut [0; 4]).as_bytes())?;
                    }
                }
                0..=0x1f => return Err(self.syntax("a raw control character in a string")),
                0x20..=0x7f => {
                    if let Some(out) = out.as_deref_mut() {
                        self.keep(out, &[byte])?;
                    }
                }
                _ if !utf8.push(byte) => {
                    if !self.replace(&mut utf8, &mut out)? {
                        return Err(self.syntax("a string is not valid UTF-8"));
                    }
                }
                _ => {
                    if let (Some(out), false) = (out.as_deref_mut(), utf8.pending()) {
                        self.keep(out, utf8.sequence())?;
                    }
                }
            }
        }
    }

    /// Consumes those bytes of a string that stand for themselves, as far as they are at hand and may be kept: most of
    /// all text, which takes several times as long byte by byte.
    fn scan_plain(&mut self, out: Option<&mut Vec<u8>>) -> Result<(), JsonError> {
        let limit = self.rules.length;
        let buffer = self.buffer()?;
        let mut count = plain(buffer);
        if let Some(out) = out {
            count = count.min(limit.saturating_sub(out.len()));
            out.extend_from_slice(&buffer[..count]);
        }
        self.consume(count);
        Ok(())
    }

    /// Puts U+FFFD in the place of broken UTF-8 where the rules allow it; tells whether they do.
    fn replace(&self, utf8: &mut Utf8, out: &mut Option<&mut Vec<u8>>) -> Result<bool, JsonError> {
        *utf8 = Utf8::default();
        if self.rules.lossy_text {
            if let Some(out) = out.as_deref_mut() {
                self.keep(out, "\u{fffd}".as_bytes())?;
            }
        }
        Ok(self.rules.lossy_text)
    }

    /// Consumes what follows a backslash.
    fn escape(&mut self) -> Result<char, JsonError> {
        Ok(match self.bump()? {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.syntax("an unknown escape in a string")),
        })
    }

    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let mut unit = self.hex4()?;
        // A high surrogate must be followed by the escape of a low one (RFC 8259 section 7).
        while (0xd800..0xdc00).contains(&unit) && self.peek()? == Some(b'\\') {
            self.bump()?;
            if self.peek()? != Some(b'u') {
                return if self.rules.lossy_text {
                    // The escape that stands here is read for its syntax; text of this kind is never compared.
                    self.escape().map(|_| '\u{fffd}')
                } else {
                    Err(self.syntax("a lone surrogate in a string"))
                };
            }
            self.bump()?;
            let low = self.hex4()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                return char::from_u32(code).ok_or_else(|| self.syntax("an escape is not a character"));
            }
            if !self.rules.lossy_text {
                return Err(self.syntax("a lone surrogate in a string"));
            }
            unit = low;
        }
        match char::from_u32(unit) {
            Some(c) => Ok(c),
            None if self.rules.lossy_text => Ok('\u{fffd}'),
            None => Err(self.syntax("a lone surrogate in a string")),
        }
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.bump()?.and_then(|b| char::from(b).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.syntax("expected four hexadecimal digits after \\u"));
            };
            value = value * 16 + digit;
        }
        Ok(value)
    }

    /// Passes over white space.
    pub fn skip_space(&mut self) -> Result<(), JsonError> {
        loop {
            let buffer = self.buffer()?;
            let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
            let count = buffer.iter().take_while(is_space).count();
            let is_over = count < buffer.len() || buffer.is_empty();
            self.consume(count);
            if is_over {
                return Ok(());
            }
        }
    }

    /// The next byte, which is not consumed; nothing at the end of the text.
    pub fn peek(&mut self) -> Result<Option<u8>, JsonError> {
        loop {
            match self.input.fill_buf() {
                Ok(buffer) => return Ok(buffer.first().copied()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Consumes one byte; `None` at the end of the input.
    pub fn bump(&mut self) -> Result<Option<u8>, JsonError> {
        let byte = self.peek()?;
        if byte.is_some() {
            self.consume(1);
        }
        Ok(byte)
    }

    /// The bytes at hand, none of which is consumed; none at the end of the text.
    fn buffer(&mut self) -> Result<&[u8], JsonError> {
        match self.peek()? {
            // Nothing is read for what is there already.
            Some(_) => Ok(self.input.fill_buf()?),
            None => Ok(&[]),
        }
    }

    fn consume(&mut self, count: usize) {
        self.input.consume(count);
        self.offset += count as u64;
    }
}

/// How many bytes a text begins with that stand for themselves in a string: ASCII but quotes,
/// backslashes and control characters.
fn plain(text: &[u8]) -> usize {
    const BLOCK: usize = 16;
    let is_special = |byte: &u8| *byte < 0x20 || *byte >= 0x80 || *byte == b'"' || *byte == b'\\';
    // Without a way out of the block, so that a block is looked at as a whole.
    let has_special = |block: &[u8]| block.iter().fold(false, |has, byte| has | is_special(byte));
    let blocks = text.chunks_exact(BLOCK).take_while(|block| !has_special(block));
    let count = BLOCK * blocks.count();
    count + text[count..].iter().take_while(|byte| !is_special(byte)).count()
}

/// Every byte was checked by [`Utf8`] or came out of a `char`.
pub(super) fn into_text(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(broken) => String::from_utf8_lossy(broken.as_bytes()).into_owned(),
    }
}
