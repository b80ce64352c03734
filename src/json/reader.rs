// SPDX-License-Identifier: Apache-2.0
//! The pull parser.

use std::io::{self, BufRead};

use super::utf8::Utf8;
use super::{Error, Kind, Rules};

/// An open container, and whether a member or element of it was already read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Object { started: bool },
    Array { started: bool },
}

/// A pull parser. The caller asks for what it expects next; anything else is an error.
///
/// Inside an object: [`Reader::key`] until it returns `None`, with one value read or skipped after each key. Inside
/// an array: [`Reader::element`] until it returns `false`, with one value after each `true`.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    offset: u64,
    open: Vec<Frame>,
    rules: Rules,
}

impl<R: BufRead> Reader<R> {
    /// Starts reading at the beginning of `input`.
    pub fn new(input: R, rules: Rules) -> Self {
        Self {
            input,
            offset: 0,
            open: Vec::new(),
            rules,
        }
    }

    /// Bytes consumed so far. After [`Reader::kind`] this is where the next value starts.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The type of the next value, which is not consumed.
    ///
    /// # Errors
    /// When no value can start here.
    pub fn kind(&mut self) -> Result<Kind, Error> {
        self.skip_space()?;
        match self.peek()? {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            Some(_) => Err(self.syntax("expected a value")),
            None => Err(self.syntax("expected a value, found the end of the text")),
        }
    }

    /// Enters an object.
    ///
    /// # Errors
    /// When the next value is none.
    pub fn object(&mut self) -> Result<(), Error> {
        self.expect(Kind::Object)?;
        self.bump()?;
        self.push(Frame::Object { started: false })
    }

    /// The next member's name, its colon consumed too; `None` at the end of the object, which is then left.
    ///
    /// # Errors
    /// When neither a member nor the end of the object follows.
    pub fn key(&mut self) -> Result<Option<String>, Error> {
        if !self.next_member()? {
            return Ok(None);
        }
        let mut name = Vec::new();
        self.scan_string(Some(&mut name))?;
        self.colon()?;
        Ok(Some(into_text(name)))
    }

    /// Whether another member follows, before whose name the reader then stands; nothing of it is consumed, and the end
    /// of the object is not either.
    ///
    /// # Errors
    /// When neither a member nor the end of the object follows.
    pub fn at_member(&mut self) -> Result<bool, Error> {
        self.skip_space()?;
        if self.peek()? == Some(b'}') {
            return Ok(false);
        }
        self.next_member()?;
        // The comma is gone; the next call must not look for it again.
        if let Some(Frame::Object { started }) = self.open.last_mut() {
            *started = false;
        }
        Ok(true)
    }

    /// Enters an array.
    ///
    /// # Errors
    /// When the next value is none.
    pub fn array(&mut self) -> Result<(), Error> {
        self.expect(Kind::Array)?;
        self.bump()?;
        self.push(Frame::Array { started: false })
    }

    /// Whether another element follows; at the end of the array, which is then left, `false`.
    ///
    /// # Errors
    /// When neither an element nor the end of the array follows.
    pub fn element(&mut self) -> Result<bool, Error> {
        self.skip_space()?;
        let started = matches!(self.open.last(), Some(Frame::Array { started: true }));
        match (self.peek()?, started) {
            (Some(b']'), _) => {
                self.bump()?;
                self.open.pop();
                return Ok(false);
            }
            (Some(b','), true) => {
                self.bump()?;
                self.skip_space()?;
            }
            (_, true) => return Err(self.syntax("expected , or ] in an array")),
            (_, false) => {}
        }
        if let Some(Frame::Array { started }) = self.open.last_mut() {
            *started = true;
        }
        Ok(true)
    }

    /// Reads a string.
    ///
    /// # Errors
    /// When the next value is none, or longer than the rules allow.
    pub fn string(&mut self) -> Result<String, Error> {
        self.expect(Kind::String)?;
        let mut text = Vec::new();
        self.scan_string(Some(&mut text))?;
        Ok(into_text(text))
    }

    /// Reads a number as it is spelled.
    ///
    /// # Errors
    /// When the next value is none, or longer than the rules allow.
    pub fn number(&mut self) -> Result<String, Error> {
        self.expect(Kind::Number)?;
        let mut text = Vec::new();
        self.scan_number(Some(&mut text))?;
        Ok(into_text(text))
    }

    /// Reads `true` or `false`.
    ///
    /// # Errors
    /// When the next value is neither.
    pub fn bool(&mut self) -> Result<bool, Error> {
        self.expect(Kind::Bool)?;
        let yes = self.peek()? == Some(b't');
        self.scan_word(if yes { b"true" } else { b"false" })?;
        Ok(yes)
    }

    /// Reads `null`.
    ///
    /// # Errors
    /// When something else stands there.
    pub fn null(&mut self) -> Result<(), Error> {
        self.expect(Kind::Null)?;
        self.scan_word(b"null")
    }

    /// Checks and passes over one value of any type, keeping nothing of it.
    ///
    /// # Errors
    /// When the value breaks the grammar or the rules.
    pub fn skip(&mut self) -> Result<(), Error> {
        let outside = self.open.len();
        loop {
            match self.kind()? {
                Kind::Object => self.object()?,
                Kind::Array => self.array()?,
                Kind::String => self.scan_string(None)?,
                Kind::Number => self.scan_number(None)?,
                Kind::Bool => {
                    self.bool()?;
                }
                Kind::Null => self.null()?,
            }
            // Leave every container that ends here; stop at the one that the value stands in.
            loop {
                if self.open.len() == outside {
                    return Ok(());
                }
                let more = match self.open.last() {
                    Some(Frame::Object { .. }) => {
                        let more = self.next_member()?;
                        if more {
                            self.scan_string(None)?;
                            self.colon()?;
                        }
                        more
                    }
                    _ => self.element()?,
                };
                if more {
                    break;
                }
            }
        }
    }

    /// Demands that only white space follows.
    ///
    /// # Errors
    /// When anything else does.
    pub fn end(&mut self) -> Result<(), Error> {
        self.skip_space()?;
        match self.peek()? {
            None => Ok(()),
            Some(_) => Err(self.syntax("data after the value")),
        }
    }

    /// Goes to the next of several documents that stand one after the other, and gives the byte that it begins with;
    /// nothing at the end of the text.
    ///
    /// # Errors
    /// When reading fails.
    pub fn next_document(&mut self) -> Result<Option<u8>, Error> {
        self.skip_space()?;
        self.peek()
    }

    /// An error at the current place.
    pub fn syntax(&self, what: &'static str) -> Error {
        Error::Syntax {
            offset: self.offset,
            what,
        }
    }

    fn expect(&mut self, expected: Kind) -> Result<(), Error> {
        let found = self.kind()?;
        if found == expected {
            return Ok(());
        }
        Err(Error::Type {
            offset: self.offset,
            expected,
            found,
        })
    }

    fn push(&mut self, frame: Frame) -> Result<(), Error> {
        if self.open.len() >= self.rules.depth {
            return Err(Error::Depth {
                offset: self.offset,
                limit: self.rules.depth,
            });
        }
        self.open.push(frame);
        Ok(())
    }

    /// Moves to the next member's name; `false` when the object ended instead.
    fn next_member(&mut self) -> Result<bool, Error> {
        self.skip_space()?;
        let started = matches!(self.open.last(), Some(Frame::Object { started: true }));
        match (self.peek()?, started) {
            (Some(b'}'), _) => {
                self.bump()?;
                self.open.pop();
                return Ok(false);
            }
            (Some(b','), true) => {
                self.bump()?;
                self.skip_space()?;
            }
            (_, true) => return Err(self.syntax("expected , or } in an object")),
            (_, false) => {}
        }
        if self.peek()? != Some(b'"') {
            return Err(self.syntax("expected a member name in double quotes"));
        }
        if let Some(Frame::Object { started }) = self.open.last_mut() {
            *started = true;
        }
        Ok(true)
    }

    fn colon(&mut self) -> Result<(), Error> {
        self.skip_space()?;
        if self.peek()? != Some(b':') {
            return Err(self.syntax("expected : after a member name"));
        }
        self.bump()?;
        Ok(())
    }

    fn scan_word(&mut self, word: &[u8]) -> Result<(), Error> {
        for expected in word {
            if self.peek()? != Some(*expected) {
                return Err(self.syntax("expected a value"));
            }
            self.bump()?;
        }
        Ok(())
    }

    fn scan_number(&mut self, out: Option<&mut Vec<u8>>) -> Result<(), Error> {
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

    fn digits(&mut self, text: &mut Vec<u8>, keep: bool) -> Result<(), Error> {
        if !matches!(self.peek()?, Some(b'0'..=b'9')) {
            return Err(self.syntax("expected a digit"));
        }
        while matches!(self.peek()?, Some(b'0'..=b'9')) {
            self.take(text, keep)?;
        }
        Ok(())
    }

    /// Consumes one byte and keeps it, within the length limit.
    fn take(&mut self, text: &mut Vec<u8>, keep: bool) -> Result<(), Error> {
        if let Some(byte) = self.bump()? {
            if keep {
                self.keep(text, &[byte])?;
            }
        }
        Ok(())
    }

    fn keep(&self, text: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Error> {
        if text.len() + bytes.len() > self.rules.length {
            return Err(Error::Length {
                offset: self.offset,
                limit: self.rules.length,
            });
        }
        text.extend_from_slice(bytes);
        Ok(())
    }

    /// Consumes a string, opening quote included; its unescaped bytes, valid UTF-8, go to `out`.
    fn scan_string(&mut self, mut out: Option<&mut Vec<u8>>) -> Result<(), Error> {
        self.bump()?;
        let mut utf8 = Utf8::default();
        loop {
            let Some(byte) = self.bump()? else {
                return Err(self.syntax("a string does not end"));
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

    /// Puts U+FFFD in the place of broken UTF-8 where the rules allow it; tells whether they do.
    fn replace(&self, utf8: &mut Utf8, out: &mut Option<&mut Vec<u8>>) -> Result<bool, Error> {
        *utf8 = Utf8::default();
        if self.rules.lossy_text {
            if let Some(out) = out.as_deref_mut() {
                self.keep(out, "\u{fffd}".as_bytes())?;
            }
        }
        Ok(self.rules.lossy_text)
    }

    /// Consumes what follows a backslash.
    fn escape(&mut self) -> Result<char, Error> {
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

    fn unicode_escape(&mut self) -> Result<char, Error> {
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
                return char::from_u32(code).ok_or_else(|| self.syntax("an escape is no character"));
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

    fn hex4(&mut self) -> Result<u32, Error> {
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

    fn skip_space(&mut self) -> Result<(), Error> {
        while matches!(self.peek()?, Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.bump()?;
        }
        Ok(())
    }

    fn peek(&mut self) -> Result<Option<u8>, Error> {
        loop {
            match self.input.fill_buf() {
                Ok(buffer) => return Ok(buffer.first().copied()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    fn bump(&mut self) -> Result<Option<u8>, Error> {
        let byte = self.peek()?;
        if byte.is_some() {
            self.input.consume(1);
            self.offset += 1;
        }
        Ok(byte)
    }
}

/// Every byte was checked by [`Utf8`] or came out of a `char`.
fn into_text(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(broken) => String::from_utf8_lossy(broken.as_bytes()).into_owned(),
    }
}
